"""The nearest known word to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHORTEST_BEGINNING = 3
_MOST_LISTED = 15


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is nearest to this one; None where none is near.

    >>> nearest("admin", ["administrative", "none"]), nearest("x", ["risk", "random"])
    ('administrative', None)
    """
    lowered = {candidate.lower(): candidate for candidate in reversed(list(known))}
    asked = word.lower().strip()
    near = difflib.get_close_matches(asked, list(lowered), n=1)
    if not near and len(asked) >= _SHORTEST_BEGINNING:
        near = [candidate for candidate in lowered if candidate.startswith(asked)][:1]
    return lowered[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask for the nearest known word, or list the known words; a whole clause with its full stop.

    >>> did_you_mean("admin", ["administrative", "none"]), did_you_mean("x", ["risk", "random"])
    ("did you mean 'administrative'?", 'expected one of risk, random.')
    """
    words = list(known)
    near = nearest(word, words)
    if near is not None:
        return f"did you mean {near!r}?"
    if not words:
        return "there is none to choose from."
    more = len(words) - _MOST_LISTED
    return f"expected one of {', '.join(words[:_MOST_LISTED])}{f' and {more} more' if more > 0 else ''}."
