"""Counts by step and group, as a statistics office delivers them, and the funnel that is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from igw_audit.core.text import Text
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.rounding import Range, count_range


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """How many people of one group reached one step.

    Attributes
    ----------
    of : str or None
        The step that this one is a share of; None for a first step.
    count : int or None
        None where the cell was withheld.
    cells : int
        How many rounded cells the count sums, for example 2 where two published columns were added up.
    """

    step: str
    of: str | None
    group: str
    count: int | None
    cells: int = 1


@dataclass(frozen=True, kw_only=True)
class AggregateTable:
    """Counts by step x group with their rounding and suppression rule; every group has one row in every step.

    Attributes
    ----------
    rounded_to : int
        Counts are rounded to this multiple; 1 where they are exact.
    suppressed_below : int
        Cells below this were withheld, left empty or written as zero; 0 where none were.
    """

    rows: tuple[CountRow, ...]
    rounded_to: int = 1
    suppressed_below: int = 0

    def __post_init__(self) -> None:
        if self.rounded_to < 1 or self.suppressed_below < 0:
            raise ValueError("counts are rounded to 1 or more, and suppressed below 0 or more")
        asked = [(step, group) for step in self.steps for group in self.groups]
        if len(self._by_place) != len(self.rows) or set(self._by_place) != set(asked):
            raise ValueError("an aggregate table needs exactly one row for every step and group")

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], CountRow]:
        return {(row.step, row.group): row for row in self.rows}

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Steps in the order in which they first appear."""
        return tuple(dict.fromkeys(row.step for row in self.rows))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Groups by their count in the first step, then by first appearance; withheld ones last."""
        first = self.rows[0].step if self.rows else ""
        size = {row.group: -1 if row.count is None else row.count for row in self.rows if row.step == first}
        return tuple(sorted(dict.fromkeys(row.group for row in self.rows), key=lambda name: -size.get(name, -1)))

    def row(self, step: str, group: str) -> CountRow:
        """Give the row of one group in one step."""
        return self._by_place[step, group]

    def withheld(self, row: CountRow) -> bool:
        """Tell whether the count may have been withheld: left empty, or a zero where small cells are withheld."""
        return row.count is None or (row.count == 0 and self.suppressed_below > 0)

    def known(self, row: CountRow) -> bool:
        """Tell whether a rate may be read from the count.

        It may not where the count was withheld, nor where it is a zero in a rounded table: that zero is "few or none".
        """
        return not self.withheld(row) and (row.count != 0 or self.rounded_to == 1)

    def bounds(self, row: CountRow) -> Range:
        """Give what the count can have been before rounding and suppression."""
        return count_range(
            row.count, rounded_to=self.rounded_to, cells=row.cells, suppressed_below=self.suppressed_below
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    """One group at one step.

    Attributes
    ----------
    rate : Estimate or None
        Share of the group's people at ``of`` that reached the step; None for a first step, or with a reason.
    share : float or None
        The group's part of everybody who reached the step.
    ratio : Estimate or None
        The rate over that of the reference group; None for the reference itself, for a first step, or with a reason.
    ratio_rounding : Range or None
        Where the ratio can lie through rounding and suppression alone; there even where ``ratio`` is not.
    reason : Text or None
        Why a number that one would expect is missing.
    """

    step: str
    of: str | None
    group: str
    count: int | None
    rate: Estimate | None
    share: float | None
    ratio: Estimate | None
    ratio_rounding: Range | None
    reason: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelTest:
    """Pearson's test that all groups reach a step equally often; empty with a reason where a count is withheld."""

    step: str
    chi_square: float | None
    degrees_of_freedom: int | None
    p_value: float | None
    reason: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelTable:
    """The funnel from counts: one row a step and group, one test a step."""

    reference: str
    rounded_to: int
    suppressed_below: int
    rows: tuple[FunnelRow, ...]
    tests: tuple[FunnelTest, ...]

    def row(self, step: str, group: str) -> FunnelRow:
        """Give the row of one group at one step; raises KeyError naming what there is."""
        for row in self.rows:
            if (row.step, row.group) == (step, group):
                return row
        held = ", ".join(f"{row.step}/{row.group}" for row in self.rows)
        raise KeyError(f"no row for step {step!r} and group {group!r}; this funnel holds {held}")

    def to_dict(self) -> dict[str, Any]:
        """Give rows and tests as ``igw-audit funnel --json`` prints them."""
        from igw_audit.core.serial import plain

        row_keys = ("step", "of", "group", "rate", "share", "ratio", "ratio_rounding")
        test_keys = ("step", "chi_square", "degrees_of_freedom", "p_value")
        return {
            "rows": [{key: plain(getattr(row, key)) for key in row_keys} for row in self.rows],
            "tests": [{key: getattr(test, key) for key in test_keys} for test in self.tests],
        }
