"""What rounding to tens alone leaves open of the published DUO figures.

Source: Statistics Netherlands (CBS), tables of the student-grant checks of 2014 and 2019, CC BY 4.0, as published in
NGO-Algorithm-Audit/DUO-CUB; people with a non-European origin against people with a Dutch one. Cells are counted as
published: the non-European part of a conditional rate sums both generations over the risk categories.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igw_audit.stats.rounding import Range, count_range, rate_range, ratio_range

Cell = tuple[int, int]


def _interval(group: tuple[Cell, Cell], reference: tuple[Cell, Cell], *, exact_whole: bool = False) -> Range:
    rates = [
        rate_range(count_range(part[0], cells=part[1]), count_range(whole[0], rounded_to=1 if exact_whole else 10))
        for part, whole in (group, reference)
    ]
    found = ratio_range(*rates)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("group", "reference", "published"),
    [
        pytest.param(((2010, 1), (54820, 1)), ((1050, 1), (178200, 1)), (6.18, 6.27), id="selected 2014"),
        pytest.param(((15400, 2), (54820, 1)), ((25280, 2), (178200, 1)), (1.978, 1.983), id="high risk 2014"),
        pytest.param(((5600, 2), (19580, 1)), ((8460, 2), (27890, 1)), (0.940, 0.946), id="high risk 2019"),
    ],
)
def test_shares_of_everyone_have_their_published_rounding_interval(
    group: tuple[Cell, Cell], reference: tuple[Cell, Cell], published: tuple[float, float]
) -> None:
    found = _interval(group, reference)
    digits = 3 if published[0] < 3 else 2
    assert (round(found.low, digits), round(found.high or 0, digits)) == published


CONDITIONAL = [
    pytest.param(((1780, 4), (15400, 1)), ((530, 2), (25280, 1)), (5.35, 5.68), id="selected, high risk, 2014"),
    pytest.param(((570, 4), (5600, 1)), ((240, 2), (8460, 1)), (3.32, 3.88), id="selected, high risk, 2019"),
    pytest.param(((160, 6), (26390, 1)), ((470, 3), (136540, 1)), (1.39, 2.16), id="selected, low risk, 2014"),
    pytest.param(((30, 6), (6030, 1)), ((20, 3), (16760, 1)), (0.0, 33.0), id="selected, low risk, 2019"),
    pytest.param(((90, 2), (13050, 1)), ((50, 1), (16380, 1)), (1.83, 2.79), id="selected, unknown risk, 2014"),
    pytest.param(((30, 2), (7970, 1)), ((10, 1), (2670, 1)), (0.45, 2.7), id="selected, unknown risk, 2019"),
]


@pytest.mark.parametrize(("group", "reference", "published"), CONDITIONAL)
def test_conditional_shares_have_their_published_interval_with_the_whole_taken_as_exact(
    group: tuple[Cell, Cell], reference: tuple[Cell, Cell], published: tuple[float, float]
) -> None:
    found = _interval(group, reference, exact_whole=True)
    assert found.low == pytest.approx(published[0], abs=0.005)
    # printed without decimals, or with one, where it is wide
    assert found.high == pytest.approx(published[1], abs=0.4 if published[1] > 30 else 0.025)


@pytest.mark.parametrize(("group", "reference", "published"), CONDITIONAL)
def test_a_whole_that_is_rounded_too_widens_them_by_little(
    group: tuple[Cell, Cell], reference: tuple[Cell, Cell], published: tuple[float, float]
) -> None:
    found, exact = _interval(group, reference), _interval(group, reference, exact_whole=True)
    assert exact.high is not None
    assert found.high is not None
    assert exact.low * 0.99 <= found.low <= exact.low
    assert exact.high <= found.high <= exact.high * 1.01


@given(st.integers(0, 10_000), st.integers(1, 8), st.sampled_from([1, 3, 5, 10, 100]))
def test_every_count_lies_within_the_range_of_its_rounded_self(true: int, cells: int, step: int) -> None:
    rounded = round(true / step) * step
    found = count_range(rounded, rounded_to=step, cells=cells)
    assert found.high is not None
    assert found.low <= true <= found.high
    assert found.low >= 0


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 4))
def test_a_rate_range_stays_between_zero_and_one(part: int, whole: int, cells: int) -> None:
    found = rate_range(count_range(part * 10, cells=cells), count_range(whole * 10))
    if found is not None:
        assert 0 <= found.low <= (found.high or 0) <= 1


def test_withheld_counts_are_ranges_and_an_unknown_limit_leaves_them_open() -> None:
    assert count_range(None, suppressed_below=10) == Range(low=0.0, high=9.0)
    assert count_range(0, suppressed_below=10, cells=2) == Range(low=0.0, high=18.0)
    assert count_range(None) == Range(low=0.0, high=None)
    assert rate_range(count_range(None), count_range(100, rounded_to=1)) == Range(low=0.0, high=1.0)


def test_a_reference_that_may_be_zero_leaves_the_ratio_open() -> None:
    tenth, maybe = Range(low=0.1, high=0.2), Range(low=0.0, high=0.1)
    assert ratio_range(tenth, maybe) == Range(low=1.0, high=None)
    assert ratio_range(tenth, Range(low=0.0, high=0.0)) is None
    assert rate_range(Range(low=0.0, high=0.0), Range(low=0.0, high=0.0)) is None


def test_counts_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        count_range(-1)
