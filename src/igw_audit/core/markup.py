"""Text on its way into a page: escaped, controls spelled out, and each part that could turn others round by itself.

Templates let every value pass ``as_html``; only what stands in an attribute or a title needs ``as_attribute``.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from igw_audit.core.foreign import CLOSE, OPEN, TURNING, visible, without_marks

_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
#: From a character that turns text to the last one, over nothing but spaces and marks.
_STRETCH = re.compile(rf"([{TURNING}](?:[{TURNING}\W]*[{TURNING}])?)")


def as_html(value: object) -> object:
    """Return what a template shows: text as safe markup with ``<bdi>`` where it is needed, all else as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return _parts(value, "<bdi>", "</bdi>")


def as_svg(text: str) -> Markup:
    """Return a text for an SVG element, which knows no ``<bdi>``."""
    return _parts(text, '<tspan unicode-bidi="isolate">', "</tspan>")


def as_attribute(text: str) -> Markup:
    """Return a text for an attribute, a title or a description, where no element can stand."""
    return escape(visible(without_marks(text)))


def _parts(text: str, start: str, end: str) -> Markup:
    if text.isascii():
        return escape(visible(text))

    def apart(stretch: str) -> str:
        return f"{start}{escape(visible(stretch))}{end}"

    out: list[str] = []
    # every second part is what stood between marks; a mark without its other half goes
    for place, part in enumerate(map(without_marks, _MARKED.split(text))):
        if place % 2:
            out.append(apart(part))
            continue
        # and here, every second piece turns
        pieces = _STRETCH.split(part)
        out += [apart(piece) if turn % 2 else str(escape(visible(piece))) for turn, piece in enumerate(pieces)]
    return Markup("".join(out))  # noqa: S704 - each part went through escape  # nosec B704
