from __future__ import annotations

import pytest

from igw_audit.core.aggregate import AggregateTable, CountRow
from igw_audit.stats.rounding import Range


def table(*, rounded_to: int = 10, suppressed_below: int = 0, **counts: int | None) -> AggregateTable:
    rows = tuple(CountRow(step="all", of=None, group=name, count=count) for name, count in counts.items())
    return AggregateTable(rows=rows, rounded_to=rounded_to, suppressed_below=suppressed_below)


def bounds(count: int | None, *, cells: int = 1, rounded_to: int = 10, suppressed_below: int = 0) -> Range:
    row = CountRow(step="all", of=None, group="g", count=count, cells=cells)
    return AggregateTable(rows=(row,), rounded_to=rounded_to, suppressed_below=suppressed_below).bounds(row)


@pytest.mark.parametrize(
    ("found", "low", "high"),
    [
        (bounds(120), 115, 125),
        (bounds(120, cells=4), 100, 140),
        (bounds(10, cells=4), 0, 30),
        (bounds(0), 0, 5),
        (bounds(0, cells=3), 0, 15),
        (bounds(7, rounded_to=1), 7, 7),
        (bounds(0, rounded_to=1), 0, 0),
        (bounds(0, rounded_to=1, suppressed_below=10), 0, 9),
        (bounds(None, rounded_to=1, suppressed_below=10), 0, 9),
        (bounds(None, rounded_to=10, suppressed_below=10, cells=2), 0, 18),
        (bounds(None), 0, None),
        (bounds(40, rounded_to=1, suppressed_below=10, cells=2), 40, 49),
    ],
)
def test_a_published_count_can_have_been_so_much(found: Range, low: int, high: int | None) -> None:
    assert found == Range(low=low, high=high)


def test_a_zero_is_known_only_in_an_exact_table() -> None:
    for rounded_to, suppressed_below, known, withheld in (
        (1, 0, True, False),
        (10, 0, False, False),
        (1, 10, False, True),
    ):
        one = table(a=0, rounded_to=rounded_to, suppressed_below=suppressed_below)
        row = one.row("all", "a")
        assert (one.known(row), one.withheld(row)) == (known, withheld)


def test_groups_come_by_size_and_withheld_ones_last() -> None:
    assert table(small=20, withheld=None, large=500, other=20).groups == ("large", "small", "other", "withheld")


def test_a_table_with_a_gap_or_a_double_is_refused() -> None:
    row = CountRow(step="all", of=None, group="a", count=10)
    with pytest.raises(ValueError, match="exactly one row"):
        AggregateTable(rows=(row, row))
    other = CountRow(step="next", of="all", group="b", count=10)
    with pytest.raises(ValueError, match="exactly one row"):
        AggregateTable(rows=(row, other))
