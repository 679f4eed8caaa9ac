"""Intervals of one rate and of two: closed forms hold their promises and their published values."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats.contingency import relative_risk
from statsmodels.stats.proportion import confint_proportions_2indep

from igw_audit.stats.proportions import Fourfold, adjusted_wilson, katz, mover_ratio, newcombe, normal_quantile, wilson

Z = normal_quantile(0.95)


@st.composite
def fourfolds(draw: st.DrawFn) -> Fourfold:
    n, m = draw(st.integers(1, 100_000)), draw(st.integers(1, 100_000))
    return Fourfold.of([draw(st.integers(0, n))], [n], ([draw(st.integers(0, m))], [m]))


def test_wilson_is_that_of_scipy() -> None:
    for events, n in [(0, 3), (1, 3), (7, 20), (20, 20), (150, 1000)]:
        theirs = binomtest(events, n).proportion_ci(method="wilson")
        ours = wilson(events, n, z=Z)
        assert (float(ours.low), float(ours.high)) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_adjusted_wilson_is_wilson_once_there_are_enough_events() -> None:
    plain, adjusted = wilson([40, 300], [100, 1000], z=Z), adjusted_wilson([40, 300], [100, 1000], z=Z)
    np.testing.assert_allclose(adjusted.low, plain.low, atol=1e-12)
    np.testing.assert_allclose(adjusted.high, plain.high, atol=1e-12)


def test_newcombe_is_that_of_statsmodels_once_there_are_enough_events() -> None:
    theirs = confint_proportions_2indep(56, 70, 480, 800, method="newcomb", compare="diff")
    ours = newcombe(Fourfold.of(56, 70, (480, 800)), z=Z)
    assert (float(ours.low), float(ours.high)) == pytest.approx(theirs, abs=1e-9)


def test_katz_is_that_of_scipy() -> None:
    theirs = relative_risk(20, 100, 10, 120).confidence_interval(0.95)
    ours = katz(Fourfold.of(20, 100, (10, 120)), z=Z)
    assert (float(ours.low), float(ours.high)) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(fourfolds())
def test_intervals_are_numbers_and_hold_their_value(table: Fourfold) -> None:
    difference, ratio = newcombe(table, z=Z), mover_ratio(table, z=Z)
    own = adjusted_wilson(table.events, table.n, z=Z)
    p, q = float(table.rate[0]), float(table.reference_rate[0])
    assert 0 <= own.low[0] <= p + 1e-12
    assert p - 1e-12 <= own.high[0] <= 1
    assert -1 <= difference.low[0] <= p - q + 1e-12
    assert p - q - 1e-12 <= difference.high[0] <= 1
    assert 0 <= ratio.low[0] < np.inf
    assert not np.isnan(ratio.high[0])
    if q > 0:
        assert ratio.low[0] <= p / q * (1 + 1e-9)
        assert ratio.high[0] >= p / q * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(fourfolds())
def test_intervals_are_mirrored_when_group_and_reference_change_places(table: Fourfold) -> None:
    difference, mirrored = newcombe(table, z=Z), newcombe(table.swapped(), z=Z)
    np.testing.assert_allclose([difference.low, difference.high], [-mirrored.high, -mirrored.low], atol=1e-12)
    ratio, inverse = mover_ratio(table, z=Z), mover_ratio(table.swapped(), z=Z)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(ratio.high, 1 / inverse.low, rtol=1e-9)
        np.testing.assert_allclose(inverse.high, 1 / ratio.low, rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(fourfolds())
def test_a_rate_of_the_others_is_the_mirror_of_the_rate(table: Fourfold) -> None:
    own = adjusted_wilson(table.events, table.n, z=Z)
    rest = adjusted_wilson(table.n - table.events, table.n, z=Z)
    np.testing.assert_allclose(own.low, 1 - rest.high, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(fourfolds(), st.floats(1.5, 4.0))
def test_difference_excludes_zero_exactly_where_ratio_excludes_one(table: Fourfold, z: float) -> None:
    difference, ratio = newcombe(table, z=z), mover_ratio(table, z=z)
    # at the border itself rounding decides
    if min(abs(float(difference.low[0])), abs(float(difference.high[0]))) > 1e-9:
        assert (difference.low[0] > 0) == (ratio.low[0] > 1)
        assert (difference.high[0] < 0) == (ratio.high[0] < 1)


@settings(max_examples=60, deadline=None)
@given(fourfolds())
def test_more_confidence_is_a_wider_interval(table: Fourfold) -> None:
    narrow, wide = newcombe(table, z=1.5), newcombe(table, z=3.0)
    assert wide.low[0] <= narrow.low[0] + 1e-12
    assert wide.high[0] >= narrow.high[0] - 1e-12


def test_ratio_without_events_in_the_reference_is_open_and_without_events_in_the_group_starts_at_zero() -> None:
    found = mover_ratio(Fourfold.of([3, 0, 0], [10, 10, 10], ([0, 4, 0], [20, 20, 20])), z=Z)
    assert found.high.tolist()[0] == np.inf
    assert found.low[0] > 0.5
    assert found.low[1] == 0
    assert np.isfinite(found.high[1])
    assert (found.low[2], found.high[2]) == (0, np.inf)


def test_counts_that_are_no_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Fourfold.of([0], [0], ([1], [2]))
    with pytest.raises(ValueError, match="between zero"):
        Fourfold.of([3], [2], ([1], [2]))
    with pytest.raises(ValueError, match="confidence"):
        normal_quantile(1.0)


@pytest.mark.parametrize("n", [3, 10, 50])
def test_one_rate_is_covered_in_small_groups_where_wilson_is_not(coverage: ModuleType, n: int) -> None:
    ours, plain = coverage.one_rate(n, adjusted_wilson, points=200), coverage.one_rate(n, wilson, points=200)
    assert ours.lowest >= 0.92
    assert ours.mean >= 0.95
    assert plain.lowest < 0.88


@pytest.mark.parametrize("n", [3, 30, 100])
def test_difference_and_ratio_are_covered_in_small_groups(coverage: ModuleType, n: int) -> None:
    for interval, ratio in ((newcombe, False), (mover_ratio, True)):
        found = coverage.two_rates(n, coverage.within(interval), ratio=ratio, references=(100,))
        assert found.mean >= 0.945
        assert found.lowest >= 0.93


@pytest.mark.statistics
def test_every_interval_is_covered_on_the_whole_grid(coverage: ModuleType) -> None:
    for n in coverage.SIZES:
        assert coverage.one_rate(n, adjusted_wilson).lowest >= 0.92
        for interval, ratio in ((newcombe, False), (mover_ratio, True)):
            found = coverage.two_rates(n, coverage.within(interval), ratio=ratio)
            assert found.mean >= 0.945
            assert found.lowest >= 0.935
