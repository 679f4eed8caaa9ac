import numpy as np
import pytest
from scipy.special import softmax

from igw_audit.stats.basis import Basis
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.membership import fit_shares
from igw_audit.stats.nuisance import cross_fitted_means, within_levels


def _basis(matrix: np.ndarray, wide: np.ndarray | None = None) -> Basis:
    n = len(matrix)
    return Basis(
        matrix=(matrix - matrix.mean(axis=0)) / matrix.std(axis=0),
        names=tuple(map(str, range(matrix.shape[1]))),
        wide=np.empty((n, 0), dtype=np.int64) if wide is None else wide,
    )


def test_finds_planted_group_shares() -> None:
    rng = np.random.default_rng(0)
    design = rng.normal(size=(20_000, 6))
    truth = softmax(np.log([0.6, 0.3, 0.1]) + design @ rng.normal(scale=0.5, size=(6, 3)), axis=1)
    groups = (rng.random((20_000, 1)) > np.cumsum(truth, axis=1)[:, :-1]).sum(axis=1)
    shares = fit_shares(groups, _basis(design), cross_fit_folds(groups, seed=0)).values
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.sqrt(((shares - truth) ** 2).mean()) < 0.01


def test_agrees_with_scikit_learn_at_the_same_fold() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    design = rng.normal(size=(3000, 4))
    groups = (rng.random(3000) < 1 / (1 + np.exp(-design[:, 0]))).astype(np.int64)
    folds = np.arange(3000) % 2
    basis = _basis(design)
    shares = fit_shares(groups, basis, folds).values
    other = LogisticRegression(C=1.0).fit(basis.matrix[folds == 1], groups[folds == 1])
    assert np.abs(shares[folds == 0, 1] - other.predict_proba(basis.matrix[folds == 0])[:, 1]).max() < 0.02


def test_predictions_never_see_their_own_outcome() -> None:
    rng = np.random.default_rng(2)
    design, outcome = rng.normal(size=(300, 40)), rng.normal(size=(300, 1))
    folds = np.arange(300) % 5
    basis = _basis(design)
    moved = outcome.copy()
    moved[folds == 0] += 100
    before, after = cross_fitted_means(outcome, basis, folds), cross_fitted_means(moved, basis, folds)
    assert np.allclose(before[folds == 0], after[folds == 0])


def test_noise_outcomes_are_not_fitted() -> None:
    rng = np.random.default_rng(3)
    design, outcome = rng.normal(size=(400, 80)), rng.normal(size=(400, 1))
    fitted = cross_fitted_means(outcome, _basis(design), np.arange(400) % 5)
    assert fitted.std() < 0.25


def test_level_means_of_two_wide_factors_are_taken_out_exactly() -> None:
    rng = np.random.default_rng(4)
    wide = rng.integers(0, 60, (3000, 2))
    effects = rng.normal(size=(60, 2))
    values = effects[wide[:, 0], 0] + effects[wide[:, 1], 1]
    assert np.abs(within_levels(values[:, None], wide)).max() < 1e-8


@pytest.mark.parametrize("count", [2, 5])
def test_folds_keep_clusters_whole_and_even(count: int) -> None:
    rng = np.random.default_rng(5)
    cluster = rng.integers(0, 90, 1000)
    folds = cross_fit_folds(np.zeros(1000, dtype=np.int64), seed=0, count=count, cluster=cluster)
    assert all(len(np.unique(folds[cluster == one])) == 1 for one in range(90))
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() < 0.1 * sizes.mean()


def test_folds_do_not_hang_on_the_numbers_of_clusters() -> None:
    rng = np.random.default_rng(6)
    cluster = rng.integers(0, 50, 400)
    renumbered = rng.permutation(1000)[cluster]
    groups = np.zeros(400, dtype=np.int64)
    assert np.array_equal(
        cross_fit_folds(groups, seed=1, cluster=cluster), cross_fit_folds(groups, seed=1, cluster=renumbered)
    )
