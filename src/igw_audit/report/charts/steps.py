"""One small picture a group: how its ratio moves from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from igw_audit.report.charts.intervals import Axis
from igw_audit.report.charts.svg import Canvas, Scale

WIDTH = 280.0
_LEFT, _RIGHT = 36.0, 12.0
_TOP, _HEIGHT, _FOOT = 30.0, 120.0, 42.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A group's ratio at one step; without a value it is not shown. ``under`` is written below it."""

    label: str
    under: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    side: str = "none"
    joined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all groups' pictures share: the axis, and its scale from bottom to top."""

    axis: Axis
    scale: Scale


def steps(points: Sequence[Point], ground: Ground, *, name: str, title: str, description: str) -> Markup:
    """Draw a group's ratio at every step; a point that is not ``joined`` stands apart from the line."""
    axis, scale = ground.axis, ground.scale
    canvas = Canvas(name, WIDTH, _TOP + _HEIGHT + _FOOT)
    bottom = _TOP + _HEIGHT
    if axis.beyond_high is not None:
        canvas.rect(_LEFT, _TOP, (WIDTH - _LEFT - _RIGHT, scale.at(axis.beyond_high) - _TOP), "beyond")
    if axis.beyond_low is not None:
        low = scale.at(axis.beyond_low)
        canvas.rect(_LEFT, low, (WIDTH - _LEFT - _RIGHT, bottom - low), "beyond")
    for tick in scale.ticks(22):
        canvas.line((_LEFT - 4, scale.at(tick)), (_LEFT, scale.at(tick)), "tick")
        canvas.text(_LEFT - 7, scale.at(tick) + 4, axis.write(tick), "t end small")
    if axis.middle is not None:
        canvas.line((_LEFT, scale.at(axis.middle)), (WIDTH - _RIGHT, scale.at(axis.middle)), "middle")
    canvas.text(0, 14, title if len(title) <= 36 else f"{title[:35].rstrip()}…", "t strong")
    pace = (WIDTH - _LEFT - _RIGHT) / len(points)
    places = [_LEFT + pace * (k + 0.5) for k in range(len(points))]
    line: list[tuple[float, float]] = []
    for point, place in zip(points, places, strict=True):
        canvas.text(place, bottom + 17, point.label, "t mid small strong")
        canvas.text(place, bottom + 34, point.under, "t mid small soft")
        if point.value is None or not point.joined:
            _thread(canvas, line)
            line = []
        else:
            line.append((place, scale.at(point.value)))
    _thread(canvas, line)
    for point, place in zip(points, places, strict=True):
        if point.value is not None:
            low = bottom if point.low is None else scale.at(point.low)
            high = _TOP if point.high is None else scale.at(point.high)
            canvas.line((place, low), (place, high), "interval")
            canvas.mark(place, scale.at(point.value), point.side, 4.0)
    return canvas.picture(title=title, description=description, kind="chart panel")


def _thread(canvas: Canvas, line: Sequence[tuple[float, float]]) -> None:
    if len(line) > 1:
        canvas.path(line, "thread")


def span() -> tuple[float, float]:
    """Give the lower and upper end of the picture's vertical axis."""
    return _TOP + _HEIGHT, _TOP
