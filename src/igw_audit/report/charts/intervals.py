"""Intervals, one line a group, with the policy's limits drawn and named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from igw_audit.report.charts.svg import Canvas, Scale

WIDTH = 420.0
_MARGIN = 12.0
_ROW = 42.0
#: What a second line of words adds to a row.
_NOTE = 20.0
_TOP = 26.0
_FOOT = 50.0
#: Lines in one picture: more of them are split, so that no picture is cut by the end of a printed page.
MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One group's line: its label, its numbers as text, and where they lie. Without a value only ``text`` is shown.

    ``note`` is a second line below the label, in all lines of a picture or in none.
    """

    label: str
    text: str
    note: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    side: str = "none"
    reference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The axis of a picture: what it says, where its middle and the limits are; without a word limits are numbers."""

    label: str
    write: Callable[[float], str]
    limit_word: str
    log: bool = False
    middle: float | None = None
    limits: tuple[float, ...] = ()
    beyond_low: float | None = None
    beyond_high: float | None = None


def intervals(lines: Sequence[Line], axis: Axis, *, name: str, title: str, description: str) -> tuple[Markup, ...]:
    """Draw the lines, at most twelve a picture, all on one scale."""
    scale = scale_of(lines, axis)
    parts = [lines[start : start + MOST] for start in range(0, len(lines), MOST)]
    # a last picture of one or two lines looks lost
    if len(parts) > 1 and len(parts[-1]) < 3:
        joined = [*parts[-2], *parts[-1]]
        half = (len(joined) + 1) // 2
        parts[-2:] = [joined[:half], joined[half:]]
    return tuple(
        _picture(part, axis, scale, f"{name}-{number}").picture(
            title=title if len(parts) == 1 else f"{title} ({number}/{len(parts)})",
            description=f"{description} {_spoken(part)}",
        )
        for number, part in enumerate(parts, 1)
    )


def scale_of(lines: Sequence[Line], axis: Axis, start: float = _MARGIN, end: float = WIDTH - _MARGIN) -> Scale:
    """Choose a scale that holds every value and limit; very long intervals are cut off with an arrow."""
    values = [line.value for line in lines if line.value is not None]
    held = [*values, *axis.limits, *([] if axis.middle is None else [axis.middle])]
    held += [line.reference for line in lines if line.reference is not None]
    ends = [end for line in lines for end in (line.low, line.high) if end is not None]
    if axis.log:
        held = [value for value in held if value > 0] or [1.0]
        ends = [end for end in ends if end > 0]
        low = max(min([*held, *ends]), min(held) / 3, 0.02) / 1.12
        high = min(max([*held, *ends]), max(held) * 3, 200.0) * 1.12
        return Scale(low=min(low, 0.75), high=max(high, 1.35), start=start, end=end, log=True)
    held = held or [0.0, 1.0]
    spread = max(held) - min(held) or abs(held[0]) or 1.0
    # groups that are alike still have intervals of some length: those of ordinary length fit
    lengths = sorted(line.high - line.low for line in lines if line.low is not None and line.high is not None)
    reach = max(2 * spread, lengths[len(lengths) // 2] if lengths else 0.0)
    low = max(min([*held, *ends]), min(held) - reach)
    high = min(max([*held, *ends]), max(held) + reach)
    pad = (high - low) * 0.05 or 1.0
    # a share's axis starts at zero
    floor = 0.0 if axis.middle is None and low >= 0 else low - pad
    return Scale(low=floor, high=high + pad, start=start, end=end)


def _picture(lines: Sequence[Line], axis: Axis, scale: Scale, name: str) -> Canvas:
    note = _NOTE if any(line.note for line in lines) else 0.0
    row = _ROW + note
    bottom = _TOP + row * len(lines)
    canvas = Canvas(name, WIDTH, bottom + _FOOT)
    for position in range(len(lines)):
        middle = _TOP + row * position + _below(note)
        _ground(canvas, axis, scale, (middle - 10, middle + 10))
    _name_limits(canvas, axis, scale)
    for tick in scale.ticks(44):
        canvas.line((scale.at(tick), bottom + 4), (scale.at(tick), bottom + 9), "tick")
        number = axis.write(tick)
        # a number at the very end moves inwards, so that it stays on the picture
        room = 3.6 * len(number)
        canvas.text(min(max(scale.at(tick), room), WIDTH - room), bottom + 23, number, "t mid small")
    canvas.line((scale.start, bottom + 4), (scale.end, bottom + 4), "axis")
    canvas.text((scale.start + scale.end) / 2, bottom + 42, axis.label, "t mid small soft")
    for position, line in enumerate(lines):
        _draw(canvas, line, scale, (_TOP + row * position, note))
    return canvas


def _ground(canvas: Canvas, axis: Axis, scale: Scale, span: tuple[float, float]) -> None:
    """Shade what lies beyond the limits behind one line, and draw the middle and the limits."""
    top, bottom = span
    if axis.beyond_low is not None:
        canvas.rect(scale.start, top, (scale.at(axis.beyond_low) - scale.start, bottom - top), "beyond")
    if axis.beyond_high is not None:
        canvas.rect(scale.at(axis.beyond_high), top, (scale.end - scale.at(axis.beyond_high), bottom - top), "beyond")
    if axis.middle is not None:
        canvas.line((scale.at(axis.middle), top), (scale.at(axis.middle), bottom), "middle")
    for limit in axis.limits:
        kind = "limit" if axis.limit_word else "limit thin"
        canvas.line((scale.at(limit), top), (scale.at(limit), bottom), kind)


def _name_limits(canvas: Canvas, axis: Axis, scale: Scale) -> None:
    if not axis.limit_word:
        _number_limits(canvas, axis, scale)
        return
    for limit in axis.limits:
        place = scale.at(limit)
        canvas.line((place, _TOP - 8), (place, _TOP - 2), "limit")
        word = f"{axis.limit_word} {axis.write(limit)}"
        room = 6.6 * len(word)
        if limit == axis.beyond_high and place + room <= scale.end + _MARGIN:
            canvas.text(place - 2, _TOP - 12, word, "t small")
        elif place - room >= 0:
            canvas.text(place + 2, _TOP - 12, word, "t end small")
        else:
            canvas.text(scale.start, _TOP - 12, word, "t small")


def _number_limits(canvas: Canvas, axis: Axis, scale: Scale) -> None:
    """Write the limits' numbers above them, the outermost first, where they do not run into one another."""
    taken: list[float] = []
    for limit in sorted(axis.limits, key=lambda value: (-abs(value), value)):
        place = scale.at(limit)
        if all(abs(place - other) >= 42 for other in taken):
            taken.append(place)
            canvas.line((place, _TOP - 8), (place, _TOP - 2), "limit thin")
            canvas.text(place, _TOP - 12, axis.write(limit), "t mid small")


def _draw(canvas: Canvas, line: Line, scale: Scale, place: tuple[float, float]) -> None:
    top, note = place
    if line.label:
        most = max(14, int((WIDTH - 2 * _MARGIN - 6.3 * len(line.text)) / 7.5))
        canvas.text(_MARGIN, top + 12, _short(line.label, most), "t strong halo")
    canvas.text(WIDTH - _MARGIN, top + 12, line.text, "t end halo" if line.value is not None else "t end soft halo")
    if line.note:
        canvas.text(_MARGIN, top + 9 + note, _short(line.note, int((WIDTH - 2 * _MARGIN) / 7)), "t soft halo")
    y = top + _below(note)
    canvas.line((scale.start, y), (scale.end, y), "rail")
    if line.reference is not None:
        canvas.line((scale.at(line.reference), y - 7), (scale.at(line.reference), y + 7), "reference")
    if line.value is None:
        return
    low, high = line.low, line.high
    start = scale.start if low is None else scale.at(low)
    end = scale.end if high is None else scale.at(high)
    canvas.line((start, y), (end, y), "interval")
    if low is None or low < scale.low:
        canvas.path([(start + 6, y - 5), (start - 3, y), (start + 6, y + 5)], "interval")
    if high is None or high > scale.high:
        canvas.path([(end - 6, y - 5), (end + 3, y), (end - 6, y + 5)], "interval")
    canvas.mark(scale.at(line.value), y, line.side)


def _below(note: float) -> float:
    """Give how far a line's rail lies below its top; the last of a note's room stays free below the rail."""
    return 28 + note * 0.85


def _short(label: str, most: int) -> str:
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def _spoken(lines: Sequence[Line]) -> str:
    names = [f"{line.label}, {line.note}" if line.note else line.label for line in lines]
    return "; ".join(f"{name}: {line.text}" for name, line in zip(names, lines, strict=True)) + "."
