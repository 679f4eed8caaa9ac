"""Projected covariance: whether scores depend on group membership in any way, given the declared factors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.crt import Codes, Floats, cluster_sums, flipped_z, randomised_z, step_down
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.nuisance import cross_fitted_means, cross_fitted_ridge
from igw_audit.stats.residuals import Residuals

#: Hinges of each predictor, as quantiles.
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
MOST_COLUMNS = 350


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedCovariance:
    """Omnibus p-values, adjusted over the groups and "any group" together and over both halves.

    Attributes
    ----------
    p_adjusted : ndarray of float64, shape (K,)
        For each group against the rest.
    p_any : float
        That some group depends, evidence of all groups added up.
    explained : ndarray of float64, shape (K,)
        Share of the membership residuals' variance that the fit foretells on the half it has not seen; about 0, or
        slightly below, where there is nothing.
    """

    p_adjusted: Floats
    p_any: float
    explained: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCovariance:
    """The same for one predictor at a time and one group: which of them the group depends on.

    Attributes
    ----------
    p_adjusted, explained : ndarray of float64, shape (n_predictors,), or (n_predictors, K) for all groups
    """

    p_adjusted: Floats
    explained: Floats


def projected_covariance(
    predictors: Floats, residuals: Residuals, *, seed: int, draws: int = 999
) -> ProjectedCovariance:
    """Test whether predictors say anything of the group that the declared factors do not.

    On one half membership residuals are regressed on the predictors, bent and multiplied pairwise; the fit, with the
    declared factors taken out, is held against the membership residuals of the other half. It finds dependence in
    spread, in signs, or spread thinly over many predictors, where no single mean shifts.

    Parameters
    ----------
    predictors : ndarray of float64, shape (n_cases, n_predictors)
        Contributions, and the score.
    residuals : Residuals
        Membership residuals and shares of the same cases, with the declared factors.
    seed, draws : int
        Key of the halves, and of the randomisations that give the null.

    References
    ----------
    Lundborg, A. R., Kim, I., Shah, R. D. and Samworth, R. J. (2024). The projected covariance measure for
    assumption-lean variable significance testing. Annals of Statistics 52, 2851-2878.

    Examples
    --------
    >>> from igw_audit.stats.basis import Basis
    >>> from igw_audit.stats.residuals import residualise
    >>> rng = np.random.default_rng(0)
    >>> group = np.arange(3000) % 2
    >>> spread = rng.normal(size=(3000, 1)) * (1 + group[:, None])
    >>> held = residualise(spread, group, Basis.empty(3000), seed=0)
    >>> projected_covariance(spread, held, seed=0, draws=199).p_any <= 0.01
    True
    """
    columns = learning_columns(predictors)
    residuals = residuals.drawn()
    halves = _halves(residuals, seed)
    fitted = cross_fitted_ridge(residuals.member, columns, halves)
    p = np.ones((2, residuals.shares.shape[1] + 1))
    for half in (0, 1):
        p[half] = _half(fitted, residuals, rows=halves == half, seed=seed + half, draws=draws)
    both = np.minimum(1.0, 2 * p.min(axis=0))
    left = (residuals.member**2).sum(axis=0)
    missed = ((residuals.member - fitted) ** 2).sum(axis=0)
    return ProjectedCovariance(
        p_adjusted=both[:-1], p_any=float(both[-1]), explained=1.0 - missed / np.where(left > 0, left, 1.0)
    )


def own_covariance(
    predictors: Floats, residuals: Residuals, group: int, *, seed: int, draws: int = 999
) -> OwnCovariance:
    """Test each predictor by itself against one group, adjusted over the predictors: for naming what was found.

    Meant for where `projected_covariance` rejects; arguments as there.

    Examples
    --------
    >>> from igw_audit.stats.basis import Basis
    >>> from igw_audit.stats.residuals import residualise
    >>> rng = np.random.default_rng(0)
    >>> group = np.arange(3000) % 2
    >>> parts = rng.normal(size=(3000, 2))
    >>> parts[:, 0] *= 1 + group
    >>> held = residualise(parts, group, Basis.empty(3000), seed=0)
    >>> (own_covariance(parts, held, 1, seed=0, draws=199).p_adjusted <= 0.01).tolist()
    [True, False]
    """
    residuals = residuals.drawn()
    halves = _halves(residuals, seed)
    member = residuals.member[:, [group]]
    fitted = np.zeros(predictors.shape)
    for position in range(predictors.shape[1]):
        columns = learning_columns(predictors[:, [position]])
        if columns.shape[1]:
            fitted[:, [position]] = cross_fitted_ridge(member, columns, halves)
    p = np.ones((2, predictors.shape[1]))
    for half in (0, 1):
        rows = halves == half
        if len(np.unique(residuals.folds[rows])) > 1:
            p[half] = _own_half(fitted, residuals, group, rows=rows, seed=seed + half, draws=draws)
    left = max(float((member**2).sum()), 1e-300)
    return OwnCovariance(
        p_adjusted=np.minimum(1.0, 2 * p.min(axis=0)), explained=1.0 - ((member - fitted) ** 2).sum(axis=0) / left
    )


def _halves(residuals: Residuals, seed: int) -> Codes:
    return cross_fit_folds(residuals.groups, seed=seed + 1, count=2, cluster=residuals.cluster)


def _own_half(  # noqa: PLR0913 - the data of one half and two settings
    fitted: Floats, residuals: Residuals, group: int, *, rows: NDArray[np.bool_], seed: int, draws: int
) -> Floats:
    """Give the one-sided p-values of one half, adjusted over the predictors."""
    shares, member = residuals.shares[rows][:, [group]], residuals.member[rows][:, [group]]
    projected = _projected(fitted, residuals, rows)
    if residuals.cluster is None:
        variance = (projected**2 * shares * (1 - shares)).sum(axis=0)
        drawn = randomised_z(projected, np.column_stack([shares, 1 - shares]), seed=seed, draws=draws)[:, :, 0]
    else:
        cluster = _numbered(residuals.cluster[rows])
        variance = (cluster_sums(projected * member, cluster) ** 2).sum(axis=0)
        drawn = flipped_z(projected * member, cluster, seed=seed, draws=draws)
    usable = variance > 1e-12 * len(projected) * max(float((fitted**2).mean()), 1e-300)
    observed = (projected * member).sum(axis=0) / np.sqrt(np.where(usable, variance, 1.0))
    return step_down(np.maximum(observed, 0.0), np.maximum(drawn, 0.0), usable, confidence=0.95).p_adjusted


def _projected(fitted: Floats, residuals: Residuals, rows: NDArray[np.bool_]) -> Floats:
    guess = fitted[rows]
    return guess - cross_fitted_means(guess, residuals.design.rows(rows), residuals.folds[rows])


def learning_columns(predictors: Floats) -> Floats:
    """Bend every predictor (square, hinges) and multiply them in pairs as far as 350 columns go; all standardised."""
    spread = predictors.std(axis=0)
    kept = predictors[:, spread > 1e-12 * np.maximum(np.abs(predictors).max(axis=0, initial=0.0), 1e-300)]
    if kept.shape[1] == 0:
        return np.empty((len(predictors), 0))
    z = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    held = np.clip(z, *np.quantile(z, (0.005, 0.995), axis=0))
    columns = [z, held**2]
    columns += [np.maximum(z - np.quantile(z, knot, axis=0), 0.0) for knot in KNOTS]
    pairs = list(combinations(range(z.shape[1]), 2))
    if pairs and len(pairs) + 7 * z.shape[1] <= MOST_COLUMNS:
        one, other = (list(side) for side in zip(*pairs, strict=True))
        columns.append(held[:, one] * held[:, other])
    matrix = np.column_stack(columns)
    deviation = matrix.std(axis=0)
    return np.asarray((matrix - matrix.mean(axis=0))[:, deviation > 1e-9] / deviation[deviation > 1e-9])


def _half(fitted: Floats, residuals: Residuals, *, rows: NDArray[np.bool_], seed: int, draws: int) -> Floats:
    """Give the one-sided p-values of one half, adjusted over groups and "any"; shape (K + 1,)."""
    shares, member = residuals.shares[rows], residuals.member[rows]
    if len(np.unique(residuals.folds[rows])) < 2:
        # a handful of cases: nothing to learn the declared factors' part from, so this half rejects nothing
        return np.ones(shares.shape[1] + 1)
    projected = _projected(fitted, residuals, rows)
    own = (projected**2 * shares * (1 - shares)).sum(axis=0)
    joint = float(((projected**2 * shares).sum(axis=1) - (projected * shares).sum(axis=1) ** 2).sum())
    scores = projected * member
    sums = np.append(scores.sum(axis=0), scores.sum())
    if residuals.cluster is None:
        drawn = randomised_z(projected, shares, seed=seed, draws=draws)
        parts = np.diagonal(drawn, axis1=1, axis2=2) * np.sqrt(own)
        null = np.column_stack([parts, parts.sum(axis=1)])
        variance = np.append(own, joint)
    else:
        cluster = _numbered(residuals.cluster[rows])
        both = np.column_stack([scores, scores.sum(axis=1)])
        scale = np.sqrt((cluster_sums(both, cluster) ** 2).sum(axis=0))
        null, variance = flipped_z(both, cluster, seed=seed, draws=draws) * scale, scale**2
    usable = variance > 1e-12 * len(projected) * max(float((fitted**2).mean()), 1e-300)
    unit = np.sqrt(np.where(usable, variance, 1.0))
    # one-sided: a fit that points the wrong way on the other half is no evidence
    observed, drawn_z = np.maximum(sums / unit, 0.0), np.maximum(null / unit, 0.0).astype(np.float32)
    return step_down(observed, drawn_z, usable, confidence=0.95).p_adjusted


def _numbered(cluster: Codes) -> Codes:
    return np.unique(cluster, return_inverse=True)[1].astype(np.int64)
