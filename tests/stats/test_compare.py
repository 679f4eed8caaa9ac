"""Group comparisons: planted gaps are found, nobody is dropped, order does not matter, the promise holds jointly."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.errors import NotMeasurableError
from igw_audit.stats.compare import RateComparison, Unmeasured, compare_counts, compare_rates, rate

Mask = npt.NDArray[np.bool_]


def _pairs(group: npt.NDArray[np.int64], count: int) -> list[tuple[Mask, Mask]]:
    return [(group == k, group != k) for k in range(count)]


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    n = draw(st.lists(st.integers(0, 400), min_size=2, max_size=7))
    return [draw(st.integers(0, size)) for size in n], n


def test_finds_a_planted_gap_and_leaves_the_others_alone() -> None:
    found = compare_counts([200, 200, 350], [1000, 1000, 1000])
    assert found[2].difference is not None
    assert (found[2].difference.low or 0) > 0.1
    assert found[2].p_adjusted is not None
    assert found[2].p_adjusted < 1e-9
    assert found[2].ratio is not None
    assert found[2].ratio.value == pytest.approx(0.35 / 0.2)


def test_three_people_without_a_case_in_question_are_not_measurable() -> None:
    # of these three nobody has a positive label, so that nobody can be missed
    positive = np.array([False] * 3 + [True] * 40)
    selected = np.ones(43, dtype=bool)
    member = np.arange(43) < 3
    (found,) = compare_rates(selected, positive, [(member, ~member)])
    assert (found.rate, found.difference, found.ratio, found.p_value) == (None, None, None, None)
    assert found.reason is Unmeasured.EMPTY_GROUP
    assert found.counts.n == 0
    assert found.reference_rate is not None


def test_empty_reference_and_a_reference_without_events_say_so() -> None:
    empty, nothing = (
        compare_counts([3, 0, 0], [5, 0, 9], reference=1)[0],
        compare_counts([3, 0], [5, 9], reference=1)[0],
    )
    assert empty.reason is Unmeasured.EMPTY_REFERENCE
    assert empty.rate is not None
    assert nothing.reason is Unmeasured.NO_REFERENCE_EVENTS
    assert nothing.ratio is None
    assert nothing.difference is not None
    assert nothing.difference.value == pytest.approx(0.6)


def test_ratio_of_a_group_without_events_is_zero_with_a_finite_end() -> None:
    (found, _) = compare_counts([0, 30], [20, 100])
    assert found.ratio is not None
    assert (found.ratio.value, found.ratio.low) == (0, 0)
    assert found.ratio.high is not None


def test_rate_of_nobody_is_not_measurable() -> None:
    with pytest.raises(NotMeasurableError, match="no cases"):
        rate(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))


@settings(max_examples=60, deadline=None)
@given(groups(), st.sampled_from([None, 0]))
def test_every_group_has_a_result_and_every_number_is_finite(
    made: tuple[list[int], list[int]], reference: int | None
) -> None:
    events, n = made
    found = compare_counts(events, n, reference=reference)
    assert len(found) == len(n) - (reference is not None)
    for part in found:
        whole = part.counts.n > 0 and part.counts.reference_n > 0
        # an Estimate refuses NaN and an interval without its value
        assert (part.difference is None) == (not whole)
        assert (part.ratio is None) == (part.reason is not None)
        assert (part.rate is None) == (part.counts.n == 0)
        assert (part.p_value is None) == (part.p_adjusted is None) == (not whole)
        if part.minimum_detectable is not None:
            assert 0 < part.minimum_detectable <= 1
        if part.difference is not None:
            assert part.difference.confidence == 0.95


@settings(max_examples=30, deadline=None)
@given(groups(), st.randoms(use_true_random=False))
def test_order_of_groups_and_of_cases_does_not_matter(made: tuple[list[int], list[int]], random: object) -> None:
    events, n = made
    order = np.random.default_rng(sum(events)).permutation(len(n))
    straight = compare_counts(events, n)
    shuffled = compare_counts([events[k] for k in order], [n[k] for k in order])
    for place, k in enumerate(order):
        _same(shuffled[place], straight[k])


@settings(max_examples=20, deadline=None)
@given(groups())
def test_counts_and_cases_give_the_same_answer(made: tuple[list[int], list[int]]) -> None:
    events, n = made
    group = np.repeat(np.arange(len(n)), n)
    event = np.concatenate([np.arange(size) < x for x, size in zip(events, n, strict=True)]).astype(bool)
    shuffle = np.random.default_rng(0).permutation(len(group))
    from_cases = compare_rates(event[shuffle], np.ones(len(group), dtype=bool), _pairs(group[shuffle], len(n)))
    for ours, theirs in zip(from_cases, compare_counts(events, n), strict=True):
        _same(ours, theirs)


def test_swapping_group_and_reference_mirrors_everything() -> None:
    generator = np.random.default_rng(0)
    event, member = generator.random(300) < 0.3, generator.random(300) < 0.2
    everyone = np.ones(300, dtype=bool)
    (one,), (other,) = (compare_rates(event, everyone, [pair]) for pair in [(member, ~member), (~member, member)])
    assert one.difference is not None
    assert other.difference is not None
    assert one.difference.low == pytest.approx(-(other.difference.high or 0))
    assert one.ratio is not None
    assert other.ratio is not None
    assert one.ratio.high == pytest.approx(1 / (other.ratio.low or 1))
    assert one.p_value == pytest.approx(other.p_value)


def test_more_groups_make_wider_intervals_and_say_so() -> None:
    alone, together = compare_counts([30, 60], [100, 300]), compare_counts([30, 20, 20, 20], [100, 100, 100, 100])
    assert alone[0].difference is not None
    assert together[0].difference is not None
    assert alone[0].difference.method == "Newcombe, simultaneous over 2 groups"
    assert together[0].difference.method == "Newcombe, simultaneous over 4 groups"
    widths = [
        (part.difference.high or 0) - (part.difference.low or 0) for part in (alone[0], together[0]) if part.difference
    ]
    assert widths[0] < widths[1]


def test_masks_that_do_not_fit_are_refused() -> None:
    yes = np.ones(3, dtype=bool)
    with pytest.raises(ValueError, match="both in the group and in its reference"):
        compare_rates(yes, yes, [(yes, yes)])
    with pytest.raises(ValueError, match="masks of 2"):
        compare_rates(yes, yes, [(yes[:2], yes[:2])])
    with pytest.raises(ValueError, match="expected one of bool"):
        compare_rates(np.ones(3), yes, [(yes, ~yes)])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="events between 0 and n"):
        compare_counts([4], [3])
    with pytest.raises(ValueError, match="no position"):
        compare_counts([1, 2], [3, 4], reference=2)


def test_no_pairs_and_one_group_alone_are_answered() -> None:
    assert compare_rates(np.ones(3, dtype=bool), np.ones(3, dtype=bool), []) == ()
    (alone,) = compare_counts([2], [3])
    assert alone.reason is Unmeasured.EMPTY_REFERENCE


def test_all_groups_hold_together(coverage: ModuleType) -> None:
    found = coverage.simultaneous((30, 60, 200, 1000), (0.1, 0.2, 0.3, 0.2), draws=300, seed=3)
    # 300 draws: .93 is one and a half standard errors below .95
    assert found["difference"] >= 0.93
    assert found["ratio"] >= 0.93


@pytest.mark.statistics
@pytest.mark.parametrize("sizes", [(30, 60, 200, 1000), (30,) * 8, (3, 10, 30, 100, 3000), (40, 80, 200, 5000) * 3])
@pytest.mark.parametrize("reference", [None, 3])
def test_all_groups_hold_together_on_a_grid(
    coverage: ModuleType, sizes: tuple[int, ...], reference: int | None
) -> None:
    for rates in ((0.2,) * len(sizes), (0.02,) * len(sizes), tuple(np.linspace(0.02, 0.4, len(sizes)))):
        found = coverage.simultaneous(sizes, rates, reference=reference, draws=800, seed=4)
        assert found["difference"] >= 0.93, rates
        assert found["ratio"] >= 0.93, rates


def _same(ours: RateComparison, theirs: RateComparison) -> None:
    assert ours.counts == theirs.counts
    assert ours.reason == theirs.reason
    for name in ("rate", "reference_rate", "difference", "ratio"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert (one is None) == (other is None)
        if one is not None:
            assert (one.value, one.low, one.high) == pytest.approx(
                (other.value, other.low, other.high), rel=3e-2, abs=3e-3
            )
    assert (ours.p_value, ours.p_adjusted) == pytest.approx((theirs.p_value, theirs.p_adjusted))
