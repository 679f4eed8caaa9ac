"""What the declared factors predict: m(L) = E[outcome | L] and p_a(L) = P(A = a | L), both cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import fmin_l_bfgs_b

from igw_audit.stats.basis import Basis

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Ridge penalties as a share of the number of cases; columns have unit variance.
PENALTIES = 10.0 ** np.linspace(-6.0, 0.5, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """Centred second moments of a design with its outcomes: all that ridge needs."""

    n: int
    design_mean: Floats
    outcome_mean: Floats
    gram: Floats
    cross: Floats
    power: Floats

    @classmethod
    def of(cls, design: Floats, outcomes: Floats) -> _Moments:
        return cls(
            n=len(design),
            design_mean=design.sum(axis=0),
            outcome_mean=outcomes.sum(axis=0),
            gram=design.T @ design,
            cross=design.T @ outcomes,
            power=(outcomes**2).sum(axis=0),
        )

    def without(self, other: _Moments) -> _Moments:
        """Take one fold's raw moments out and centre what is left."""
        n = self.n - other.n
        design = (self.design_mean - other.design_mean) / n
        outcome = (self.outcome_mean - other.outcome_mean) / n
        return _Moments(
            n=n,
            design_mean=design,
            outcome_mean=outcome,
            gram=self.gram - other.gram - n * np.outer(design, design),
            cross=self.cross - other.cross - n * np.outer(design, outcome),
            power=self.power - other.power - n * outcome**2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ridge:
    coefficients: Floats
    penalties: Floats


def cross_fitted_means(outcomes: Floats, basis: Basis, folds: Codes) -> Floats:
    """Predict every outcome from the declared factors, each fold by a ridge fitted on the others.

    The penalty is chosen per outcome and fold by generalised cross-validation. Wide categories are taken out first,
    by subtracting level means from outcomes and columns alike, and their level means belong to the prediction.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (n_cases, n_outcomes)
    basis : Basis
        The declared factors.
    folds : ndarray of int64, shape (n_cases,)

    Returns
    -------
    ndarray of float64, shape (n_cases, n_outcomes)
        Out-of-fold predictions.

    References
    ----------
    Golub, G., Heath, M. and Wahba, G. (1979). Generalized cross-validation as a method for choosing a good ridge
    parameter. Technometrics 21, 215-223.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)
    >>> basis = Basis(matrix=x[:, None] / x.std(), names=("x",), wide=np.empty((200, 0), dtype=np.int64))
    >>> fitted = cross_fitted_means(2 * x[:, None], basis, np.arange(200) % 5)
    >>> bool(np.abs(fitted[:, 0] - 2 * x).max() < 1e-3)
    True
    """
    inner, design = within_levels(outcomes, basis.wide), within_levels(basis.matrix, basis.wide)
    return outcomes - inner + cross_fitted_ridge(inner, design, folds)


def cross_fitted_ridge(outcomes: Floats, design: Floats, folds: Codes) -> Floats:
    """Predict each fold by ridge on the others; ``design`` has columns of about unit variance."""
    total = _Moments.of(design, outcomes)
    fitted = np.empty_like(outcomes)
    for fold in np.unique(folds):
        held = folds == fold
        train = total.without(_Moments.of(design[held], outcomes[held]))
        ridge = _ridge(train)
        fitted[held] = train.outcome_mean + (design[held] - train.design_mean) @ ridge.coefficients
    return fitted


def _ridge(train: _Moments) -> _Ridge:
    """Ridge in the eigenbasis of the Gram matrix; every penalty costs one pass over its eigenvalues."""
    if train.gram.shape[0] == 0:
        return _Ridge(coefficients=np.zeros(train.cross.shape), penalties=np.zeros(train.cross.shape[1]))
    values, vectors = np.linalg.eigh(train.gram)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ train.cross
    penalties = PENALTIES * train.n
    inverse = 1.0 / (values[None, :] + penalties[:, None])
    explained = (2 * inverse - values * inverse**2) @ turned**2
    freedom = 1.0 + (values * inverse).sum(axis=1)
    room = np.maximum(1e-3, 1 - freedom / train.n)[:, None]
    loss = np.maximum(train.power - explained, 1e-12 * train.power) / room**2
    best = np.argmin(loss, axis=0)
    return _Ridge(coefficients=vectors @ (inverse[best].T * turned), penalties=penalties[best])


def cross_fitted_shares(groups: Codes, basis: Basis, folds: Codes) -> Floats:
    """Predict each case's group from the declared factors by multinomial logistic regression, out of fold.

    The ridge penalty is that of the linear probability model chosen by generalised cross-validation, carried over
    by the ratio of the two curvatures. Wide categories enter by each level's share of every group, counted on the
    other folds and shrunk towards the overall shares.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_cases,)
        Group of each case, 0 .. K - 1, every group present.
    basis : Basis
    folds : ndarray of int64, shape (n_cases,)

    Returns
    -------
    ndarray of float64, shape (n_cases, K)
        Rows sum to 1.

    Examples
    --------
    >>> shares = cross_fitted_shares(np.arange(100) % 2, Basis.empty(100), np.arange(100) // 20)
    >>> shares[0].round(2).tolist()
    [0.5, 0.5]
    """
    count = int(groups.max()) + 1
    design = np.column_stack([basis.matrix, *encoded_levels(groups, basis.wide, folds)])
    member = (groups[:, None] == np.arange(count)) * 1.0
    total = _Moments.of(design, member)
    shares = np.empty((len(groups), count))
    for fold in np.unique(folds):
        held = folds == fold
        train = total.without(_Moments.of(design[held], member[held]))
        # a group without cases outside this fold keeps half a case, so that its share is never zero
        base = np.log((train.outcome_mean * train.n + 0.5) / (train.n + 0.5 * count))
        if design.shape[1] == 0:
            shares[held] = _softmax(np.tile(base, (int(held.sum()), 1)))
            continue
        coefficients = _logistic(design[~held] - train.design_mean, member[~held], train, base)
        shares[held] = _softmax(base + coefficients[0] + (design[held] - train.design_mean) @ coefficients[1:])
    return shares


def _logistic(design: Floats, member: Floats, train: _Moments, base: Floats) -> Floats:
    """Fit by L-BFGS in coordinates in which the penalised curvature is about one, so that some 15 steps do.

    Gives shape (1 + n_columns, K); the intercepts are offsets to ``base``.
    """
    n, width = design.shape
    count = member.shape[1]
    variance = np.maximum(train.power / n, 0.5 / n)
    ridge = _ridge(train)
    # curvature of the logistic loss against that of the linear model, averaged over groups
    weight = float((train.power / n).mean())
    penalty = max(float(np.exp(np.mean(np.log(ridge.penalties)))) * weight, 0.5)
    factor = np.linalg.cholesky(train.gram * weight + penalty * np.eye(width))
    stretch = np.sqrt(weight / variance)

    def unpack(flat: Floats) -> tuple[Floats, Floats]:
        inner = flat.reshape(width + 1, count)
        slopes = solve_triangular(factor, inner[1:] * stretch, lower=True, trans="T")
        return inner[0] * stretch / np.sqrt(n * weight), slopes

    def loss(flat: Floats) -> tuple[float, Floats]:
        offsets, slopes = unpack(flat)
        logits = base + offsets + design @ slopes
        top = logits.max(axis=1, keepdims=True)
        spread = np.exp(logits - top)
        norm = spread.sum(axis=1, keepdims=True)
        value = float((np.log(norm) + top).sum() - (member * logits).sum()) + 0.5 * penalty * float((slopes**2).sum())
        slack = spread / norm - member
        outer = solve_triangular(factor, design.T @ slack + penalty * slopes, lower=True) * stretch
        return value, np.vstack([slack.sum(axis=0) * stretch / np.sqrt(n * weight), outer]).ravel()

    # coordinates are in standard errors, so a gradient of 0.1 is a tenth of one
    found, _, _ = fmin_l_bfgs_b(loss, np.zeros((width + 1) * count), factr=10.0, pgtol=0.1, maxiter=200)
    return np.vstack(unpack(found))


def _softmax(logits: Floats) -> Floats:
    spread = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))


def encoded_levels(groups: Codes, wide: Codes, folds: Codes) -> list[Floats]:
    """Encode wide categories by the log share of every group within each level, counted on the other folds.

    Gives one array of shape (n_cases, K) a category, its columns standardised.
    """
    count = int(groups.max()) + 1
    overall = np.bincount(groups, minlength=count) / len(groups)
    columns = []
    for levels in wide.T:
        width = int(levels.max()) + 1
        whole = np.bincount(levels * count + groups, minlength=width * count).reshape(width, count)
        prior = _prior_strength(whole, overall)
        encoded = np.empty((len(groups), count))
        for fold in np.unique(folds):
            held = folds == fold
            inside = np.bincount(levels[held] * count + groups[held], minlength=width * count).reshape(width, count)
            outside = whole - inside
            share = (outside + prior * overall) / (outside.sum(axis=1, keepdims=True) + prior)
            encoded[held] = np.log(share / overall)[levels[held]]
        spread = encoded.std(axis=0)
        columns.append((encoded - encoded.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0))
    return columns


def _prior_strength(counts: Codes, overall: Floats) -> float:
    """How many cases of the overall mix a level's own counts are weighed against (method of moments)."""
    sizes = counts.sum(axis=1)
    n, levels = int(sizes.sum()), len(sizes)
    shares = counts / np.maximum(sizes, 1)[:, None]
    between = float((sizes[:, None] * (shares - overall) ** 2).sum())
    noise = float((overall * (1 - overall)).sum())
    typical = (n - float((sizes.astype(np.float64) ** 2).sum()) / n) / max(levels - 1, 1)
    spread = (between / max(levels - 1, 1) - noise) / max(typical, 1.0)
    return float(np.clip(noise / max(spread, 1e-9), 1.0, 1000.0))


def within_levels(values: Floats, wide: Codes) -> Floats:
    """Subtract level means of every wide category, in turns until nothing moves.

    Parameters
    ----------
    values : ndarray of float64, shape (n_cases, n_columns)
    wide : ndarray of int64, shape (n_cases, n_wide)

    Returns
    -------
    ndarray of float64, shape (n_cases, n_columns)
        The part of each column that varies within levels.

    References
    ----------
    Guimaraes, P. and Portugal, P. (2010). A simple feasible procedure to fit models with high-dimensional fixed
    effects. Stata Journal 10, 628-649.
    """
    inner = np.array(values, dtype=np.float64)
    sizes = [np.maximum(np.bincount(levels), 1) for levels in wide.T]
    for _ in range(1 if wide.shape[1] == 1 else 200):
        moved = 0.0
        for levels, size in zip(wide.T, sizes, strict=True):
            for column in range(inner.shape[1]):
                means = np.bincount(levels, weights=inner[:, column], minlength=len(size)) / size
                moved = max(moved, float(np.abs(means).max(initial=0.0)))
                inner[:, column] -= means[levels]
        if moved < 1e-10:
            break
    return inner
