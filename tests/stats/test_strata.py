import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from igw_audit.stats.strata import conditional_demographic_disparity, mantel_haenszel, prognostic_strata


def _world(seed: int, n: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 4, n)
    member = rng.random(n) < np.array([0.1, 0.3, 0.5, 0.7])[strata]
    event = rng.random(n) < np.array([0.1, 0.2, 0.4, 0.6])[strata] + shift * member
    return event, member, strata


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_statsmodels_on_the_cmh_test(seed: int) -> None:
    event, member, strata = _world(seed, 400, 0.05)
    tables = [
        np.array([[((member == m) & (event == e) & (strata == s)).sum() for e in (1, 0)] for m in (1, 0)])
        for s in range(4)
    ]
    found = mantel_haenszel(event, member, strata, confidence=0.95)
    assert found is not None
    assert found.p_value == pytest.approx(StratifiedTable(tables).test_null_odds(correction=False).pvalue)


def test_the_stratified_interval_holds_the_planted_difference_in_95_of_100() -> None:
    held = 0
    for seed in range(400):
        found = mantel_haenszel(*_world(seed, 300, 0.08), confidence=0.95)
        assert found is not None
        held += found.difference.low <= 0.08 <= found.difference.high  # type: ignore[operator]
    assert 0.92 <= held / 400 <= 0.98


def test_demographic_disparity_is_marginal_without_strata_and_vanishes_within_them() -> None:
    event, member, strata = _world(0, 40_000, 0.0)
    marginal = conditional_demographic_disparity(event, member, np.zeros_like(strata), confidence=0.95)
    within = conditional_demographic_disparity(event, member, strata, confidence=0.95)
    assert marginal is not None
    assert within is not None
    assert marginal.value == pytest.approx(member[event].mean() - member[~event].mean())
    assert marginal.low > 0.1  # type: ignore[operator]
    assert within.low < 0 < within.high  # type: ignore[operator]


def test_the_interval_of_demographic_disparity_holds_its_expectation() -> None:
    big = conditional_demographic_disparity(*_world(99, 2_000_000, 0.1), confidence=0.95)
    held = 0
    for seed in range(300):
        found = conditional_demographic_disparity(*_world(seed, 500, 0.1), confidence=0.95)
        assert found is not None
        assert big is not None
        held += found.low <= big.value <= found.high  # type: ignore[operator]
    assert held / 300 >= 0.92


def test_clusters_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    sponsor = np.repeat(np.arange(50), 20)
    member, event = (rng.random(50) < 0.4)[sponsor], (rng.random(50) < 0.3)[sponsor]
    strata = np.zeros(1000, dtype=np.int64)
    alone = conditional_demographic_disparity(event, member, strata, confidence=0.95)
    together = conditional_demographic_disparity(event, member, strata, confidence=0.95, cluster=sponsor)
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 3 * (alone.high - alone.low)  # type: ignore[operator]


def test_strata_without_a_comparison_have_no_answer() -> None:
    member = np.array([True, True, False, False])
    assert mantel_haenszel(member, member, np.array([0, 0, 1, 1]), confidence=0.95) is None
    assert conditional_demographic_disparity(member, member, np.array([0, 0, 1, 1]), confidence=0.95) is None


def test_ties_do_not_make_empty_strata() -> None:
    strata = prognostic_strata(np.repeat([0.0, 1.0], [900, 100]))
    assert np.bincount(strata).tolist() == [900, 100]
