"""Tests of equal rates: exact where cells are small, and never more false alarms than promised there."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact

from igw_audit.stats.exact import Alternative, equal_rates, fisher, homogeneity, score_test


@st.composite
def sides(draw: st.DrawFn) -> tuple[tuple[int, int], tuple[int, int]]:
    n, m = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    return (draw(st.integers(0, n)), n), (draw(st.integers(0, m)), m)


@settings(max_examples=60, deadline=None)
@given(sides(), st.sampled_from(["two-sided", "greater", "less"]))
def test_fisher_is_that_of_scipy(found: tuple[tuple[int, int], tuple[int, int]], alternative: Alternative) -> None:
    (x, n), (y, m) = found
    theirs = fisher_exact(np.array([[x, n - x], [y, m - y]]), alternative=alternative).pvalue
    assert fisher((x, n), (y, m), alternative=alternative) == pytest.approx(theirs, rel=1e-6, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(sides())
def test_p_values_are_chances_and_do_not_change_when_sides_do(found: tuple[tuple[int, int], tuple[int, int]]) -> None:
    group, reference = found
    for p, mirrored in (
        (equal_rates(group, reference), equal_rates(reference, group)),
        (fisher(group, reference, mid=True), fisher(reference, group, mid=True)),
    ):
        assert 0 < p <= 1
        assert p == pytest.approx(mirrored, rel=1e-9)


def test_score_test_is_the_chi_square_test_with_its_small_sample_factor() -> None:
    statistic = chi2_contingency([[56, 14], [48, 32]], correction=False).statistic
    ours = homogeneity([56, 48], [70, 80])
    assert ours is not None
    assert ours.chi_square == pytest.approx(statistic)
    assert score_test((56, 70), (48, 80)) > ours.p_value


def test_duo_selection_by_origin_has_its_published_chi_square() -> None:
    found = homogeneity([1050, 120, 2010], [178200, 15630, 54820])
    assert found is not None
    assert round(found.chi_square) == 3179
    assert found.degrees_of_freedom == 2


def test_homogeneity_has_no_answer_where_nothing_varies_or_one_group_is_left() -> None:
    assert homogeneity([0, 0], [10, 20]) is None
    assert homogeneity([10, 20], [10, 20]) is None
    assert homogeneity([3, 0], [10, 0]) is None
    assert homogeneity([], []) is None


def test_large_tables_are_counted_in_an_instant_and_without_overflow() -> None:
    assert fisher((3, 10_000_000), (0, 10_000_000)) == pytest.approx(0.25, rel=1e-5)
    assert 0 < equal_rates((40_000, 100_000), (10_000, 100_000)) < 1e-300


def test_counts_that_are_no_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="expected whole numbers"):
        fisher((3, 2), (1, 4))
    with pytest.raises(ValueError, match="expected whole numbers"):
        equal_rates((0, 0), (1, 4))


def test_fisher_never_alarms_too_often_where_the_score_test_does(coverage: ModuleType) -> None:
    found = coverage.false_alarms(3, 100, 0.05)
    assert found["Fisher"].highest <= 0.05
    assert found["Fisher mid-p"].highest <= 0.07
    assert found["score"].highest > 0.09


@settings(max_examples=30, deadline=None)
@given(sides())
def test_mid_p_lies_below_fisher(found: tuple[tuple[int, int], tuple[int, int]]) -> None:
    assert fisher(*found, mid=True) <= fisher(*found) * (1 + 1e-12)
    assert np.isfinite(fisher(*found, mid=True))
