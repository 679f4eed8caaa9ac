"""Measured shares with exact intervals, held against the bars that they must reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scipy.stats import beta

#: One-sided chance left on each side of a share's interval.
TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A measured share with its exact interval (Clopper and Pearson 1934)."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """Share, 0 .. 1."""
        return self.count / self.n

    @property
    def low(self) -> float:
        """Lower end."""
        return float(beta.ppf(TAIL, self.count, self.n - self.count + 1)) if self.count else 0.0

    @property
    def high(self) -> float:
        """Upper end."""
        return float(beta.ppf(1 - TAIL, self.count + 1, self.n - self.count)) if self.count < self.n else 1.0

    @classmethod
    def of(cls, answers: Iterable[bool]) -> Share | None:
        """Count; None where nothing was run."""
        held = list(answers)
        return cls(count=sum(held), n=len(held)) if held else None

    def text(self) -> str:
        """Say it in per cent."""
        return f"{100 * self.value:.1f} %"

    def interval(self) -> str:
        """Say its interval in per cent."""
        return f"{100 * self.low:.1f} - {100 * self.high:.1f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A property, the share that it must reach or stay under, and what was measured."""

    name: str
    share: Share | None
    at_most: float | None = None
    at_least: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Give the row of the table."""
        sign, limit = ("≤", self.at_most) if self.at_most is not None else ("≥", self.at_least)
        bar = f"{sign} {100 * (limit or 0):g} %"
        if self.share is None:
            return self.name, bar, "not run", "", "0", "not shown"
        return self.name, bar, self.share.text(), self.share.interval(), str(self.share.n), self.verdict(self.share)

    def reached(self, share: Share) -> bool:
        """Whether the measured share is on the right side."""
        return share.value <= self.at_most if self.at_most is not None else share.value >= (self.at_least or 0.0)

    def missed(self) -> bool:
        """Whether the bar is surely not reached."""
        return self.share is not None and not self.reached(self.share) and "sure" not in self.verdict(self.share)

    def verdict(self, share: Share) -> str:
        """Say whether the bar is reached, and whether the number of runs can tell."""
        limit = self.at_most if self.at_most is not None else (self.at_least or 0.0)
        rises = self.at_most is None
        certain = (share.low >= limit or share.high < limit) if rises else (share.high <= limit or share.low > limit)
        if limit in (0.0, 1.0):
            # what must always hold holds in all runs or it does not
            certain = True
        if self.reached(share):
            return "yes" if certain else "yes, with too few runs to be sure"
        return "**no**" if certain else "**no**, with too few runs to be sure"


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Lay out a table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])
