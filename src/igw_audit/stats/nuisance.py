"""What the declared factors predict of outcomes: m(L) = E[outcome | L], cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Ridge penalties as a share of the number of cases; columns have unit variance.
PENALTIES = 10.0 ** np.linspace(-6.0, 0.5, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Centred second moments of a design with its outcomes: all that ridge needs."""

    n: float
    design_mean: Floats
    outcome_mean: Floats
    gram: Floats
    cross: Floats
    power: Floats

    @classmethod
    def of(cls, design: Floats, outcomes: Floats, weight: Floats | None = None) -> Moments:
        """Add up raw moments; ``without`` centres them."""
        held, told = (design, outcomes) if weight is None else (design * weight[:, None], outcomes * weight[:, None])
        return cls(
            n=float(len(design) if weight is None else weight.sum()),
            design_mean=held.sum(axis=0),
            outcome_mean=told.sum(axis=0),
            gram=held.T @ design,
            cross=held.T @ outcomes,
            power=(told * outcomes).sum(axis=0),
        )

    def without(self, other: Moments) -> Moments:
        """Take one fold's raw moments out and centre what is left."""
        n = self.n - other.n
        design = (self.design_mean - other.design_mean) / n
        outcome = (self.outcome_mean - other.outcome_mean) / n
        return Moments(
            n=n,
            design_mean=design,
            outcome_mean=outcome,
            gram=self.gram - other.gram - n * np.outer(design, design),
            cross=self.cross - other.cross - n * np.outer(design, outcome),
            power=self.power - other.power - n * outcome**2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """Slopes of every outcome, shape (n_columns, n_outcomes), and the penalty chosen for each."""

    coefficients: Floats
    penalties: Floats


def cross_fitted_means(outcomes: Floats, basis: Basis, folds: Codes, weight: Floats | None = None) -> Floats:
    """Predict every outcome from the declared factors, each fold by a ridge fitted on the others.

    The penalty is chosen per outcome and fold by generalised cross-validation. Level means of wide categories are
    subtracted from outcomes and columns first, and belong to the prediction.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (n_cases, n_outcomes)
    basis : Basis
        The declared factors.
    folds : ndarray of int64, shape (n_cases,)
    weight : ndarray of float64, shape (n_cases,), optional
        How many cases each stands for, on average 1.

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
    inner, design = (within_levels(values, basis.wide, weight) for values in (outcomes, basis.matrix))
    return outcomes - inner + cross_fitted_ridge(inner, design, folds, weight)


def cross_fitted_ridge(outcomes: Floats, design: Floats, folds: Codes, weight: Floats | None = None) -> Floats:
    """Predict each fold by ridge on the others; ``design`` has columns of about unit variance."""
    total = Moments.of(design, outcomes, weight)
    fitted = np.empty_like(outcomes)
    for fold in np.unique(folds):
        held = folds == fold
        train = total.without(Moments.of(design[held], outcomes[held], some(weight, held)))
        fit = ridge(train)
        fitted[held] = train.outcome_mean + (design[held] - train.design_mean) @ fit.coefficients
    return fitted


def ridge(train: Moments) -> Ridge:
    """Ridge in the eigenbasis of the Gram matrix; every penalty costs one pass over its eigenvalues."""
    if train.gram.shape[0] == 0:
        return Ridge(coefficients=np.zeros(train.cross.shape), penalties=np.zeros(train.cross.shape[1]))
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
    return Ridge(coefficients=vectors @ (inverse[best].T * turned), penalties=penalties[best])


def some(weight: Floats | None, rows: NDArray[np.bool_]) -> Floats | None:
    """Keep the weights of some cases, where there are any."""
    return None if weight is None else weight[rows]


def within_levels(values: Floats, wide: Codes, weight: Floats | None = None) -> Floats:
    """Subtract level means of every wide category, in turns until nothing moves.

    Parameters
    ----------
    values : ndarray of float64, shape (n_cases, n_columns)
    wide : ndarray of int64, shape (n_cases, n_wide)
    weight : ndarray of float64, shape (n_cases,), optional
        How many cases each stands for.

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
    sizes = [np.bincount(levels, weights=weight) for levels in wide.T]
    for _ in range(1 if wide.shape[1] == 1 else 200):
        moved = 0.0
        for levels, size in zip(wide.T, sizes, strict=True):
            for column in range(inner.shape[1]):
                held = inner[:, column] if weight is None else inner[:, column] * weight
                means = np.bincount(levels, weights=held, minlength=len(size)) / np.where(size > 0, size, 1)
                moved = max(moved, float(np.abs(means).max(initial=0.0)))
                inner[:, column] -= means[levels]
        if moved < 1e-10:
            break
    return inner
