"""A thousand dots, so that a share can be seen: two rectangles filled with a pattern, not a thousand circles."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from markupsafe import Markup

from igw_audit.report.charts.svg import Canvas

_ACROSS = 40
_CELL = 5.0
_GAP = 26.0
_LABEL = 22.0
#: Letters of a label that fit above a grid, and how far apart its lines are.
_LETTERS = 30
_LINE = 15.0


def dots(grids: Sequence[tuple[str, int]], *, name: str, title: str, description: str) -> Markup:
    """Draw one grid of 1,000 dots for each (label, number of filled dots), side by side."""
    side = _ACROSS * _CELL
    rows = 1000 // _ACROSS
    labels = [wrap(label, _LETTERS) for label, _ in grids]
    above = _LABEL + _LINE * (max(len(lines) for lines in labels) - 1)
    canvas = Canvas(name, side * len(grids) + _GAP * (len(grids) - 1), above + rows * _CELL + 2)
    half, dot = _CELL / 2, _CELL * 0.33
    for kind in ("empty", "full"):
        # the pattern starts at the first grid's corner, and every grid is a whole number of cells away from it
        circle = f'<circle class="dot-{kind}" cx="{half}" cy="{half}" r="{dot:.2f}"/>'
        canvas.raw(
            f'<pattern id="{name}-{kind}" x="0" y="{above:g}" width="{_CELL}" height="{_CELL}" '
            f'patternUnits="userSpaceOnUse">{circle}</pattern>'
        )
    for position, (lines, (_, filled)) in enumerate(zip(labels, grids, strict=True)):
        left = position * (side + _GAP - _GAP % _CELL)
        for place, line in enumerate(lines):
            canvas.text(left, above - _LABEL + 14 - _LINE * (len(lines) - 1 - place), line, "t small strong")
        whole, rest = divmod(min(filled, 1000), _ACROSS)
        done = whole * _CELL
        fill = f'fill="url(#{name}-full)"'
        blank = f'fill="url(#{name}-empty)"'
        top = above
        if whole:
            canvas.raw(_box(left, top, (side, done), fill))
        if rest:
            canvas.raw(_box(left, top + done, (rest * _CELL, _CELL), fill))
            canvas.raw(_box(left + rest * _CELL, top + done, (side - rest * _CELL, _CELL), blank))
            done += _CELL
        if done < rows * _CELL:
            canvas.raw(_box(left, top + done, (side, rows * _CELL - done), blank))
    return canvas.picture(title=title, description=description, kind="chart dots")


def _box(x: float, y: float, size: tuple[float, float], fill: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{size[0]:g}" height="{size[1]:g}" {fill}/>'
