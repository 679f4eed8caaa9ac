"""Score intervals: the set of hypotheses that the score test keeps, and their published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from igw_audit.stats.exact import score_test
from igw_audit.stats.proportions import Fourfold, normal_quantile
from igw_audit.stats.score import difference_statistic, ratio_statistic, score_difference, score_ratio

Z = normal_quantile(0.95)


@st.composite
def fourfolds(draw: st.DrawFn) -> Fourfold:
    n, m = draw(st.integers(1, 5_000)), draw(st.integers(1, 5_000))
    return Fourfold.of([draw(st.integers(0, n))], [n], ([draw(st.integers(0, m))], [m]))


def test_miettinen_nurminen_has_the_values_of_newcombes_table() -> None:
    # Newcombe (1998), table II, method 6: examples a, c and e
    found = score_difference(Fourfold.of([56, 6, 5], [70, 7, 56], ([48, 2, 0], [80, 7, 29])), z=Z)
    np.testing.assert_allclose(found.low, [0.0528, 0.0342, -0.0326], atol=6e-5)
    np.testing.assert_allclose(found.high, [0.3382, 0.8534, 0.1933], atol=1.1e-4)


def test_koopman_without_the_factor_has_his_published_values() -> None:
    # 36 of 40 against 16 of 80; a quantile smaller by the factor's root undoes N / (N - 1)
    found = score_ratio(Fourfold.of([36], [40], ([16], [80])), z=Z * np.sqrt(119 / 120))
    assert (found.low[0], found.high[0]) == pytest.approx((2.940, 7.152), abs=2e-3)


@settings(max_examples=40, deadline=None)
@given(fourfolds())
def test_ends_are_where_the_score_test_turns(table: Fourfold) -> None:
    found = score_difference(table, z=Z)
    for end in (found.low, found.high):
        if abs(end[0]) < 1 - 1e-9:
            assert abs(float(difference_statistic(table, end)[0])) == pytest.approx(Z, abs=1e-3)
    ratio = score_ratio(table, z=Z)
    for end in (ratio.low, ratio.high):
        if 0 < end[0] < np.inf:
            assert abs(float(ratio_statistic(table, end)[0])) == pytest.approx(Z, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(fourfolds())
def test_score_intervals_hold_their_value_and_are_mirrored(table: Fourfold) -> None:
    found, mirrored = score_difference(table, z=Z), score_difference(table.swapped(), z=Z)
    difference = table.rate - table.reference_rate
    assert found.low[0] <= difference[0] + 1e-12
    assert found.high[0] >= difference[0] - 1e-12
    assert found.low[0] == -mirrored.high[0]


@settings(max_examples=40, deadline=None)
@given(fourfolds())
def test_statistic_at_no_difference_is_the_score_test(table: Fourfold) -> None:
    x, n, y, m = (float(part[0]) for part in (table.events, table.n, table.reference_events, table.reference_n))
    statistic = abs(float(difference_statistic(table, 0.0)[0]))
    if score_test((x, n), (y, m)) > 1e-12 and n + m > 2:
        assert 2 * ndtr(-statistic) == pytest.approx(score_test((x, n), (y, m)), rel=1e-5, abs=1e-9)
