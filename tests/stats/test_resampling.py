"""Drawing counts is drawing cases with replacement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import ks_2samp

from igw_audit.stats.resampling import bootstrap_cells, bootstrap_interval


def _share(tables: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.asarray(tables[:, 1, 1] / tables[:, :, 1].sum(axis=1))


def test_draws_of_counts_have_the_distribution_of_draws_of_cases() -> None:
    cells = np.array([[60, 15], [20, 5]])
    cases = np.repeat(np.arange(4), cells.reshape(-1))
    generator = np.random.default_rng(0)
    by_case = np.array(
        [np.bincount(cases[generator.integers(0, 100, 100)], minlength=4).reshape(2, 2) for _ in range(4000)]
    )
    by_count = bootstrap_cells(cells, draws=4000, seed=1)
    for label, decision in ((0, 1), (1, 0), (1, 1)):
        assert ks_2samp(by_case[:, label, decision], by_count[:, label, decision]).pvalue > 0.01
    np.testing.assert_allclose(by_case.var(axis=0), by_count.var(axis=0), rtol=0.15)


def test_no_case_is_lost_and_the_same_seed_gives_the_same_draws() -> None:
    cells = np.array([3, 0, 7])
    drawn = bootstrap_cells(cells, draws=50, seed=2)
    assert (drawn.sum(axis=1) == 10).all()
    assert (drawn[:, 1] == 0).all()
    np.testing.assert_array_equal(drawn, bootstrap_cells(cells, draws=50, seed=2))


def test_interval_of_a_share_of_the_selected_is_that_of_its_rate() -> None:
    found = bootstrap_interval(np.array([[5000, 500], [3000, 1500]]), _share, draws=4000)
    assert found is not None
    # 1,500 of 2,000: a standard error of .0097
    assert (found.value, found.low, found.high) == pytest.approx((0.75, 0.731, 0.769), abs=2e-3)


def test_a_statistic_without_an_answer_has_no_interval() -> None:
    assert bootstrap_interval(np.array([[5, 0], [3, 0]]), _share) is None
    assert bootstrap_interval(np.array([[5, 1], [3, 0]]), _share) is None
    with pytest.raises(ValueError, match="at least one case"):
        bootstrap_cells(np.zeros(3, dtype=int))
