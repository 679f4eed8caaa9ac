"""Many comparisons at once: adjusted p-values are those of statsmodels, the joint quantile is the exact one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from igw_audit.stats.multiplicity import benjamini_yekutieli, holm, max_t_critical


def _exact(count: int, shared: float) -> float:
    """The joint quantile of equally correlated statistics, by an integral over what they share."""
    own = np.sqrt(1 - shared)

    def miss(c: float) -> float:
        def held(u: float) -> float:
            common = np.sqrt(shared) * u
            return float(norm.pdf(u) * (norm.cdf((c - common) / own) - norm.cdf((-c - common) / own)) ** count)

        return float(quad(held, -9, 9, epsabs=1e-9)[0]) - 0.95

    return float(brentq(miss, 1.9, 5))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_statsmodels(p_values: list[float]) -> None:
    for ours, method in ((holm, "holm"), (benjamini_yekutieli, "fdr_by")):
        np.testing.assert_allclose(
            np.array(ours(p_values), dtype=float), multipletests(p_values, method=method)[1], atol=1e-12
        )


def test_what_was_not_measured_keeps_its_place_and_costs_nothing() -> None:
    assert holm([None, 0.02, None]) == (None, 0.02, None)
    assert benjamini_yekutieli([None]) == (None,)
    assert holm([]) == ()
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.2])


@pytest.mark.parametrize(("count", "shared"), [(3, 0.5), (6, 0.0), (6, 0.5), (20, 0.3), (60, 0.5)])
def test_joint_quantile_is_the_exact_one(count: int, shared: float) -> None:
    correlation = np.full((count, count), shared)
    np.fill_diagonal(correlation, 1.0)
    exact = _exact(count, shared)
    found = [max_t_critical(correlation, seed=seed) for seed in range(5)]
    assert np.mean(found) == pytest.approx(exact, abs=0.008)
    assert max(found) - min(found) < 0.03


def test_two_groups_that_mirror_each_other_count_as_one() -> None:
    assert max_t_critical(np.array([[1.0, -1.0], [-1.0, 1.0]])) == pytest.approx(norm.isf(0.025))


def test_joint_quantile_lies_between_one_comparison_and_sidak() -> None:
    generator = np.random.default_rng(3)
    for count in (2, 5, 12):
        factors = generator.normal(size=(count, 3))
        covariance = factors @ factors.T
        scale = np.sqrt(np.diag(covariance))
        found = max_t_critical(covariance / np.outer(scale, scale), confidence=0.9)
        assert norm.isf(0.05) <= found <= norm.isf((1 - 0.9 ** (1 / count)) / 2)


def test_same_seed_same_quantile() -> None:
    correlation = np.array([[1.0, 0.4, 0.1], [0.4, 1.0, 0.2], [0.1, 0.2, 1.0]])
    assert max_t_critical(correlation, seed=4) == max_t_critical(correlation, seed=4)
