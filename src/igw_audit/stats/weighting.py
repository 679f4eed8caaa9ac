"""Whether a score leans on a factor more than the risk that the factor predicts: risk-adjusted regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri, stdtr

from igw_audit.stats.basis import Basis
from igw_audit.stats.clusters import Design
from igw_audit.stats.joint import student
from igw_audit.stats.multiplicity import max_t_critical
from igw_audit.stats.nuisance import within_levels
from igw_audit.stats.proportions import normal_quantile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]

#: Fewer cases with, or without, the event than this leave a calibration without ground.
FEWEST = 20
#: A factor that moves the calibrated chance by less than this (standard deviation) is hardly used.
HARDLY = 0.001
#: Weight of the prior that keeps the calibration finite, in cases; columns have unit variance.
_PRIOR = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedOutcomes:
    """The cases whose outcome counts.

    Attributes
    ----------
    known, positive : ndarray of bool, shape (n_cases,)
    weight : ndarray of float64 or None
        One over the chance of being known, for example.
    cluster : ndarray of int64 or None
    """

    known: Bools
    positive: Bools
    weight: Floats | None = None
    cluster: Codes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorWeights:
    """How far score and outcome move with each factor as the score uses it; arrays of length n_factors.

    Attributes
    ----------
    chance : ndarray of float64, shape (n_cases,)
        The score as a chance: calibrated on the trusted outcomes.
    index : ndarray of float64, shape (n_cases, n_factors)
        Each factor on the scale on which the score uses it: mean 0, standard deviation 1; 0 where it hardly does.
    by_score, by_outcome : ndarray of float64
        Change of chance and of the outcome's share per standard deviation of the index, other factors equal.
    excess, low, high, se : ndarray of float64
        ``by_score - by_outcome``, its interval (simultaneous over factors) and standard error.
    p : ndarray of float64
        Two-sided, each by itself.
    used : ndarray of bool
        Whether the score moves with the factor at all.
    n : int
        Cases with a trusted outcome.
    confidence : float
        Joint level of the intervals.
    """

    chance: Floats
    index: Floats
    by_score: Floats
    by_outcome: Floats
    excess: Floats
    low: Floats
    high: Floats
    se: Floats
    p: Floats
    used: Bools
    n: int
    confidence: float


def factor_weights(
    score: Floats, factors: Sequence[Basis], outcomes: TrustedOutcomes, *, confidence: float, seed: int
) -> FactorWeights | None:
    """Compare, factor by factor, how far the calibrated score moves with how far the outcome does.

    The score is calibrated by a weighted logistic regression on its normal score, bent, so that only its order counts.
    Each factor's index is the part of the chance that a regression on all factors gives to it. The regression of
    ``chance - outcome`` on the indices is the excess: zero for every factor if the score weighs it as the risk does. On
    the scale of chances it does not suffer from the non-collapsibility of odds. Standard errors are of the stacked
    estimating equations, with the calibration's own uncertainty, leverage (HC3) and clusters.

    Parameters
    ----------
    score : ndarray of float64, shape (n_cases,)
    factors : sequence of Basis
        One for each declared factor, about the same cases.
    outcomes : TrustedOutcomes
    confidence : float
        Joint level of the intervals over the factors that are used.
    seed : int
        Seed of the draws behind the joint quantile.

    Returns
    -------
    FactorWeights or None
        None where fewer than 20 trusted cases have the event, or do not.

    References
    ----------
    Jung, J., Corbett-Davies, S., Shroff, R. and Goel, S. (2018). Omitted and included variable bias in tests for
    disparate impact. arXiv:1809.05651 (risk-adjusted regression).
    MacKinnon, J. G. and White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved
    finite sample properties. Journal of Econometrics 29, 305-325.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> x = rng.normal(size=(6000, 2))
    >>> happened = rng.random(6000) < expit(-1.5 + 0.5 * x[:, 0] + 0.5 * x[:, 1])
    >>> parts = [Basis(matrix=x[:, [k]], names=("x",), wide=np.empty((6000, 0), dtype=np.int64)) for k in (0, 1)]
    >>> known = TrustedOutcomes(known=np.ones(6000, dtype=bool), positive=happened)
    >>> found = factor_weights(x @ [1.5, 0.5], parts, known, confidence=0.95, seed=0)
    >>> bool(found.low[0] > 0), bool(found.high[1] < 0)
    (True, True)
    """
    known = outcomes.known
    if min(int((known & outcomes.positive).sum()), int((known & ~outcomes.positive).sum())) < FEWEST:
        return None
    weight = np.ones(int(known.sum())) if outcomes.weight is None else outcomes.weight[known]
    weight = weight / weight.mean()
    y = outcomes.positive[known].astype(np.float64)
    bent = _bent(score)
    slopes = _logistic(bent[known], y, weight)
    chance = expit(bent @ slopes)
    index, used = _indices(chance, factors)
    design = np.column_stack([np.ones(len(y)), index[known][:, used]])
    influence, coefficients = _excess(design, (y, chance[known]), bent[known], weight)
    grouped = Design.of(len(y), None if outcomes.cluster is None else outcomes.cluster[known], weight)
    sums = _by_cluster(influence, grouped.cluster)
    # what the slopes rest on are the rarer outcomes: their effective number, less what was fitted
    units = min(_kish(grouped.cluster, weight * side) for side in (np.ones(len(y)), y, 1 - y))
    freedom = max(units - design.shape[1] - bent.shape[1] + 1, 1.0)
    covariance = sums.T @ sums * max(units / freedom, 1.0)
    return _read(chance, index, used, (coefficients, covariance, freedom), (confidence, seed, len(y)))


def _bent(score: Floats) -> Floats:
    """Give intercept, normal score, its square and a hinge at the ninth decile, so that only the order counts."""
    _, first, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    z = ndtri((middle[first] - 0.5) / len(score))
    columns = [z, z**2, np.maximum(z - np.quantile(z, 0.9), 0.0)]
    kept = [(values - values.mean()) / values.std() for values in columns if values.std() > 1e-9]
    return np.column_stack([np.ones(len(score)), *kept])


def _logistic(design: Floats, y: Floats, weight: Floats) -> Floats:
    """Fit by Newton's method, every step halved until the loss falls."""
    penalty = np.diag([0.0, *[_PRIOR] * (design.shape[1] - 1)])
    slopes = np.zeros(design.shape[1])
    share = float(np.average(y, weights=weight))
    slopes[0] = np.log(share / (1 - share))

    def loss(at: Floats) -> float:
        linear = design @ at
        return float((weight * (np.logaddexp(0, linear) - y * linear)).sum() + at @ penalty @ at / 2)

    for _ in range(60):
        fitted = expit(design @ slopes)
        gradient = design.T @ (weight * (fitted - y)) + penalty @ slopes
        curvature = (design.T * (weight * fitted * (1 - fitted))) @ design + penalty + 1e-9 * np.eye(len(slopes))
        step = np.linalg.solve(curvature, gradient)
        before, size = loss(slopes), 1.0
        while loss(slopes - size * step) > before + 1e-12 and size > 1e-4:
            size /= 2
        slopes = slopes - size * step
        if float(np.abs(gradient).max()) < 1e-8 * len(y):
            break
    return slopes


def _indices(chance: Floats, factors: Sequence[Basis]) -> tuple[Floats, Bools]:
    """Give each factor's part of the chance, from a regression on all factors together, standardised."""
    wide = np.column_stack([basis.wide for basis in factors])
    columns = np.column_stack([basis.matrix for basis in factors])
    centred = chance - chance.mean()
    inner, design = within_levels(centred[:, None], wide), within_levels(columns, wide)
    gram = design.T @ design
    # columns have unit variance; the ridge only picks one answer where they say the same
    slopes = np.linalg.solve(gram + 1e-4 * len(chance) * np.eye(gram.shape[0]), design.T @ inner[:, 0])
    left = centred - columns @ slopes
    parts, place = [], 0
    for basis in factors:
        width = basis.matrix.shape[1]
        part = basis.matrix @ slopes[place : place + width]
        place += width
        for levels in basis.wide.T:
            part = part + (np.bincount(levels, left) / np.maximum(np.bincount(levels), 1))[levels]
        parts.append(part - part.mean())
    index = np.column_stack(parts)
    spread = index.std(axis=0)
    used = spread > HARDLY
    return np.where(used, index / np.where(used, spread, 1.0), 0.0), used


def _excess(
    design: Floats, values: tuple[Floats, Floats], bent: Floats, weight: Floats
) -> tuple[Floats, tuple[Floats, Floats]]:
    """Give each case's influence on the excess slopes, and the slopes of outcome and chance."""
    y, chance = values
    inverse = np.linalg.pinv((design.T * weight) @ design)
    by_outcome, by_chance = (inverse @ (design.T @ (weight * part)) for part in (y, chance))
    left = chance - y - design @ (by_chance - by_outcome)
    leverage = np.clip(weight * np.einsum("ij,jk,ik->i", design, inverse, design), 0.0, 0.9)
    own = design * (weight * left / (1 - leverage))[:, None]
    # the calibration was fitted on the same outcomes: what a case adds to it moves every chance
    variance = weight * chance * (1 - chance)
    curvature = np.linalg.pinv((bent.T * variance) @ bent)
    moved = (design.T * variance) @ bent @ curvature
    through = (bent * (weight * (y - chance))[:, None]) @ moved.T
    return np.asarray((own + through) @ inverse), (by_outcome, by_chance)


def _kish(cluster: Codes, weight: Floats) -> float:
    """Count the effective clusters: those of equal weight that would weigh as unevenly."""
    held = np.bincount(cluster, weight)
    return float(held.sum() ** 2 / (held**2).sum())


def _by_cluster(influence: Floats, cluster: Codes) -> Floats:
    count = int(cluster.max()) + 1
    sums = np.column_stack([np.bincount(cluster, column, minlength=count) for column in influence.T])
    return np.asarray(sums * np.sqrt(count / max(count - 1, 1)))


def _read(
    chance: Floats,
    index: Floats,
    used: Bools,
    fitted: tuple[tuple[Floats, Floats], Floats, float],
    level: tuple[float, int, int],
) -> FactorWeights:
    (by_outcome, by_chance), covariance, freedom = fitted
    confidence, seed, n = level
    spread = covariance[1:, 1:]
    se = np.sqrt(np.maximum(np.diag(spread), 0.0))
    safe = np.where(se > 0, se, 1.0)
    critical = normal_quantile(confidence)
    if used.sum() > 1:
        critical = max_t_critical(spread / np.outer(safe, safe), confidence=confidence, seed=seed)
    wide = float(student(critical, np.array([freedom]))[0])

    def placed(values: Floats) -> Floats:
        whole = np.zeros(len(used))
        whole[used] = values
        return whole

    excess = by_chance[1:] - by_outcome[1:]
    return FactorWeights(
        chance=chance,
        index=index,
        by_score=placed(by_chance[1:]),
        by_outcome=placed(by_outcome[1:]),
        excess=placed(excess),
        low=placed(excess - wide * se),
        high=placed(excess + wide * se),
        se=placed(se),
        p=placed(np.asarray(2 * stdtr(freedom, -np.abs(excess) / safe), dtype=np.float64)),
        used=used,
        n=n,
        confidence=confidence,
    )
