"""A canvas that collects SVG elements; every text on it is escaped, every chart has a title and a description."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from igw_audit.core.markup import as_attribute, as_svg


@dataclass(slots=True)
class Canvas:
    """An SVG picture of fixed units that scales with the page; colours come from the page's style sheet."""

    name: str
    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def rect(self, x: float, y: float, size: tuple[float, float], kind: str) -> None:
        """Draw a rectangle from its upper left corner."""
        self.parts.append(
            f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(size[0])}" height="{_n(size[1])}"/>'
        )

    def line(self, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
        """Draw a line."""
        self.parts.append(
            f'<line class="{kind}" x1="{_n(start[0])}" y1="{_n(start[1])}" x2="{_n(end[0])}" y2="{_n(end[1])}"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], kind: str, *, closed: bool = False) -> None:
        """Draw a line through points."""
        steps = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self.parts.append(f'<path class="{kind}" d="M{steps}{"Z" if closed else ""}"/>')

    def text(self, x: float, y: float, text: str, kind: str) -> None:
        """Write a text; its anchor comes with its kind."""
        self.parts.append(f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{as_svg(text)}</text>')

    def mark(self, x: float, y: float, side: str, size: float = 5.0) -> None:
        """Draw a mark whose shape says where it lies: inside, across, outside, or no limit. Never by colour alone."""
        if side == "none":
            self.rect(x - size * 0.8, y - size * 0.8, (size * 1.6, size * 1.6), "mark")
            return
        if side == "outside":
            wide = size * 1.25
            self.path([(x, y - wide), (x + wide, y), (x, y + wide), (x - wide, y)], "mark", closed=True)
            return
        kind = "mark-open" if side == "across" else "mark"
        self.parts.append(f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(size)}"/>')

    def raw(self, markup: str) -> None:
        """Add markup that is known to be safe."""
        self.parts.append(markup)

    def picture(self, *, title: str, description: str, kind: str = "chart") -> Markup:
        """Give the finished picture."""
        return Markup(  # noqa: S704 - every text in it was escaped  # nosec B704
            f'<svg class="{kind}" viewBox="0 0 {_n(self.width)} {_n(self.height)}" role="img" '
            f'aria-labelledby="{self.name}-t {self.name}-d" xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{self.name}-t">{as_attribute(title)}</title>'
            f'<desc id="{self.name}-d">{as_attribute(description)}</desc>'
            f"{''.join(self.parts)}</svg>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to places on an axis; logarithmic for ratios."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Give the place of a value, kept within the axis."""
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, apart: float) -> list[float]:
        """Give round values at least ``apart`` units from one another; 1 or 0 first where it is on the axis."""
        if self.log:
            wanted = [v for v in _LOG_TICKS if self.low <= v <= self.high]
        else:
            step = _nice_step((self.high - self.low) / max(2.0, abs(self.end - self.start) / (apart * 1.4)))
            first = math.ceil(self.low / step - 1e-9)
            last = math.floor(self.high / step + 1e-9)
            wanted = [round(k * step, 10) for k in range(first, last + 1)]
        kept: list[float] = []
        for value in sorted(wanted, key=lambda v: _LOG_ORDER.get(v, 0) if self.log else abs(v)):
            if all(abs(self.at(value) - self.at(other)) >= apart for other in kept):
                kept.append(value)
        return sorted(kept)


_LOG_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_LOG_ORDER = {v: k for k, v in enumerate((1.0, 2.0, 0.5, 5.0, 0.2, 10.0, 0.1, 3.0, 1.5, 0.8, 1.25, 20.0, 0.05))}


def _nice_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(nice * power for nice in (1, 2, 5, 10) if nice * power >= step * (1 - 1e-9))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
