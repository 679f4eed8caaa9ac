"""Means of groups: Welch's answer where values are symmetric, a wider one where they are skewed or clustered."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ttest_ind

from igw_audit.stats.compare import Unmeasured, compare_means
from igw_audit.stats.means import skewed_ends


def test_p_value_is_that_of_welch() -> None:
    generator = np.random.default_rng(0)
    values, member = generator.normal(size=200), np.arange(200) < 40
    (found,) = compare_means(values, [(member, ~member)])
    theirs = ttest_ind(values[member], values[~member], equal_var=False)
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert found.difference is not None
    interval = theirs.confidence_interval(0.95)
    # the skewness adjustment only ever moves an end outwards
    assert (found.difference.low or 0) <= interval.low + 1e-12
    assert (found.difference.high or 0) >= interval.high - 1e-12
    assert (found.difference.low, found.difference.high) == pytest.approx((interval.low, interval.high), abs=0.03)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, 30, elements=st.floats(-1e6, 1e6)), st.integers(1, 29), st.floats(0.1, 10), st.floats(-5, 5))
def test_units_and_sides_only_change_unit_and_sign(values: np.ndarray, size: int, unit: float, shift: float) -> None:
    member = np.arange(30) < size
    (one,), (scaled,) = (compare_means(v, [(member, ~member)]) for v in (values, values * unit + shift))
    (other,) = compare_means(values, [(~member, member)])
    assert (one.difference is None) == (size in (1, 29))
    if one.difference is None or scaled.difference is None or other.difference is None:
        assert one.reason is Unmeasured.TOO_FEW
        return
    room = 1e-6 * (1 + float(np.abs(values).max()))
    assert other.difference.low == pytest.approx(-(one.difference.high or 0), abs=room)
    if float(np.ptp(values)) > 1e-3:
        assert scaled.difference.value == pytest.approx(unit * one.difference.value, abs=room * (unit + 1))


def test_values_that_differ_by_rounding_alone_are_compared_without_overflow() -> None:
    member = np.arange(30) < 2
    (found,) = compare_means(np.full(30, 6.07269019e-95), [(member, ~member)])
    assert found.difference is not None
    assert abs(found.difference.value) < 1e-90


def test_a_few_equal_values_are_no_proof_of_no_spread() -> None:
    values = np.concatenate([np.full(3, 2.0), np.random.default_rng(1).normal(size=100)])
    member = np.arange(103) < 3
    (found,) = compare_means(values, [(member, ~member)])
    assert found.difference is not None
    assert (found.difference.high or 0) - (found.difference.low or 0) > 1


def test_one_person_and_one_sponsor_have_a_mean_but_no_interval() -> None:
    values, member = np.arange(10.0), np.arange(10) < 4
    (alone,) = compare_means(values, [(np.arange(10) == 0, np.arange(10) > 0)])
    (sponsor,) = compare_means(values, [(member, ~member)], cluster=np.where(member, 0, np.arange(10)))
    (nobody,) = compare_means(values, [(np.zeros(10, dtype=bool), member)])
    assert (alone.mean, alone.reason) == (0.0, Unmeasured.TOO_FEW)
    assert (sponsor.mean, sponsor.reason) == (1.5, Unmeasured.TOO_FEW)
    assert (nobody.mean, nobody.reason) == (None, Unmeasured.EMPTY_GROUP)


def test_values_that_never_differ_have_a_difference_of_zero() -> None:
    member = np.arange(10) < 4
    (found,) = compare_means(np.ones(10), [(member, ~member)])
    assert found.difference is not None
    assert (found.difference.value, found.difference.low, found.difference.high, found.p_value) == (0, 0, 0, 1)


def test_copies_within_clusters_do_not_make_a_mean_surer() -> None:
    values, member = np.random.default_rng(2).normal(size=80), np.arange(80) < 30
    (once,) = compare_means(values, [(member, ~member)])
    copied = np.repeat(member, 4)
    (copies,) = compare_means(np.repeat(values, 4), [(copied, ~copied)], cluster=np.repeat(np.arange(80), 4))
    assert once.difference is not None
    assert copies.difference is not None
    assert copies.difference.low == pytest.approx(once.difference.low or 0, abs=0.03)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        compare_means(np.array([1.0, np.nan]), [])


@settings(max_examples=60)
@given(st.floats(0.5, 60), st.floats(-20, 20))
def test_skewness_only_moves_ends_outwards(z: float, skew: float) -> None:
    below, above = skewed_ends(z, skew)
    assert below >= z
    assert above >= z
    assert skewed_ends(z, -skew) == pytest.approx((above, below))


def test_joint_coverage_of_means_holds_for_skewed_values(coverage: ModuleType) -> None:
    assert coverage.means((30, 60, 300), skewed=True, draws=300, seed=5) >= 0.92
    assert coverage.means((30, 60, 300), skewed=False, draws=300, seed=5) >= 0.93


@pytest.mark.statistics
@pytest.mark.parametrize("skewed", [False, True])
def test_joint_coverage_of_means_on_a_grid(coverage: ModuleType, skewed: bool) -> None:
    for sizes in ((30, 60, 200, 1000), (30,) * 6, (50, 5000)):
        # exponential values are as skewed as scores come; six groups of thirty hold .92
        assert coverage.means(sizes, skewed=skewed, draws=1500, seed=6) >= (0.91 if skewed else 0.93)
