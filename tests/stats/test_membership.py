"""Shares that were learnt from the very groups they are held against."""

import numpy as np

from igw_audit.stats.basis import Basis
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.membership import fit_shares
from igw_audit.stats.nuisance import cross_fitted_ridge


def _design(seed: int, n: int, width: int) -> tuple[np.random.Generator, Basis, np.ndarray]:
    rng = np.random.default_rng([seed, 17])
    x = rng.normal(size=(n, width))
    basis = Basis(matrix=x, names=tuple(map(str, range(width))), wide=np.empty((n, 0), dtype=np.int64))
    return rng, basis, 1 / (1 + np.exp(0.7 - x[:, :8] @ np.full(8, 0.5)))


def test_the_null_variance_counts_what_learning_the_shares_adds() -> None:
    rng, basis, chance = _design(0, 400, 20)
    found, plain, answered = [], [], []
    for draw in range(40):
        groups = (rng.random(400) < chance).astype(np.int64)
        folds = cross_fit_folds(groups, seed=draw)
        outcomes = rng.normal(size=(400, 40))
        rest = outcomes - cross_fitted_ridge(outcomes + basis.matrix[:, :1], basis.matrix, folds) + basis.matrix[:, :1]
        shares = fit_shares(groups, basis, folds)
        p = shares.values[:, 1]
        found.append(np.square(rest.T @ (groups - p)).mean())
        plain.append((rest**2).T @ (p * (1 - p)))
        answered.append((shares.answered(rest) ** 2).T @ (p * (1 - p)))
    # 1,600 sums tell a variance to 4 %, and without the answer a good tenth of it is missed
    assert np.mean(found) / np.mean(plain) > 1.1
    assert 0.9 < np.mean(found) / np.mean(answered) < 1.1


def test_with_nothing_declared_only_the_mean_answers() -> None:
    groups = np.arange(200) % 2
    shares = fit_shares(groups, Basis.empty(200), cross_fit_folds(groups, seed=0))
    outcome = np.random.default_rng(0).normal(size=(200, 3))
    answered = shares.answered(outcome)
    assert np.abs(answered - (outcome - outcome.mean(axis=0))).max() < 0.2
    assert np.abs(shares.answered(np.ones((200, 1)))).max() < 1e-12


def test_what_a_wide_category_tells_is_constant_within_its_levels() -> None:
    rng = np.random.default_rng(1)
    levels = rng.integers(0, 80, 2000)
    groups = (rng.random(2000) < rng.beta(1, 2, 80)[levels]).astype(np.int64)
    basis = Basis(matrix=np.empty((2000, 0)), names=(), wide=levels[:, None])
    folds = cross_fit_folds(groups, seed=0)
    shares = fit_shares(groups, basis, folds)
    apart = [np.ptp(shares.within[(levels == level) & (folds == 0), 1]) for level in range(80)]
    assert max(apart) < 1e-12
    assert np.abs(shares.within - shares.values).mean() < 0.1
