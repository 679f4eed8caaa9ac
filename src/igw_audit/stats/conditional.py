"""How far outcomes shift with group membership, beyond what declared factors explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from igw_audit.stats.basis import Basis
from igw_audit.stats.crt import Bools, Codes, Floats, cluster_sums, flipped_z, randomised_z, step_down
from igw_audit.stats.residuals import Residuals, residualise
from igw_audit.stats.together import taken_together

#: Chance with which the minimum detectable effect would be found.
POWER = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalEffects:
    """Overlap-weighted shift of each outcome for each group against the rest, given the declared factors.

    All arrays have shape (n_outcomes, K) unless stated; where ``measurable`` is False the numbers are 0 and p is 1.

    Attributes
    ----------
    effect, low, high, se, minimum_detectable : ndarray of float64
        In the outcome's own unit; the interval is simultaneous over the family.
    scale : ndarray of float64, shape (n_outcomes,)
        Standard deviation of the outcome; ``effect / scale`` is delta.
    z, p, p_adjusted : ndarray of float64
        Conditional randomisation statistic and its p-values, alone and step-down over the family.
    measurable : ndarray of bool
        Whether the group is large enough (3 units) and overlaps with the rest.
    units : ndarray of int64, shape (K,)
        Independent units of each group.
    overlap, overlap_se : ndarray of float64, shape (K,)
        Share of the comparison left after the declared factors, 0 .. 1, and its standard error.
    critical : float
        Quantile of the largest null statistic on which the intervals rest.
    together : ndarray of float64, shape (K,)
        p-value of the outcomes that were to be taken together, adjusted over the groups; 1 where none were.
    """

    effect: Floats
    low: Floats
    high: Floats
    se: Floats
    minimum_detectable: Floats
    scale: Floats
    z: Floats
    p: Floats
    p_adjusted: Floats
    measurable: Bools
    units: Codes
    overlap: Floats
    overlap_se: Floats
    critical: float
    together: Floats
    confidence: float
    draws: int
    cases: int

    def rejected(self, *, alpha: float) -> Bools:
        """Tell which shifts are told from zero with family-wise error ``alpha``."""
        return np.asarray(self.measurable & (self.p_adjusted <= alpha))


def conditional_effects(  # noqa: PLR0913 - everything beyond the data goes by keyword
    outcomes: Floats,
    groups: Codes,
    design: Basis | Floats,
    *,
    seed: int,
    draws: int = 999,
    confidence: float = 0.95,
    alpha: float = 0.04,
    cluster: Codes | None = None,
    weight: Floats | None = None,
) -> ConditionalEffects:
    """Measure, test and bound the shift of every outcome for every group, given the declared factors.

    ``effect = sum_i r_i e_ia / sum_i e_ia^2`` with cross-fitted residuals ``r = y - m(L)`` and
    ``e_a = 1[A = a] - p_a(L)``: the difference with the rest among cases whose declared factors occur in both.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (n_cases, n_outcomes)
        Score, decision, contributions; rows in canonical order.
    groups : ndarray of int64, shape (n_cases,)
        Group of each case, 0 .. K - 1.
    design : Basis or ndarray of float64, shape (n_cases, n_columns)
        The declared factors; a bare array holds ready columns.
    seed : int
        Key of folds and draws.
    draws : int
        Conditional randomisations (or sign flips of clusters).
    confidence : float
        Joint level of the intervals of the whole family.
    alpha : float
        Level at which the minimum detectable effect counts as found.
    cluster : ndarray of int64, shape (n_cases,), optional
        Cases that are not independent share a number.
    weight : ndarray of float64, shape (n_cases,), optional
        How many cases each stands for, where only a part was drawn: the same for all cases of a group, or with
        clusters for all cases of a cluster. Effects and intervals are about all the cases; tests are about those drawn.

    Raises
    ------
    ValueError
        If shapes do not agree, a group has no case, or a number is not finite.

    References
    ----------
    Shah, R. D. and Peters, J. (2020). The hardness of conditional independence testing and the generalised
    covariance measure. Annals of Statistics 48, 1514-1538.
    Crump, R. K., Hotz, V. J., Imbens, G. W. and Mitnik, O. A. (2009). Dealing with limited overlap in estimation of
    average treatment effects. Biometrika 96, 187-199.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> group = (rng.random(2000) < 0.3).astype(np.int64)
    >>> wage = rng.normal(size=2000) + group
    >>> score = wage + 0.5 * group + rng.normal(size=2000)
    >>> found = conditional_effects(score[:, None], group, wage[:, None], seed=0, draws=199)
    >>> bool(found.low[0, 1] < 0.5 < found.high[0, 1]), float(found.p_adjusted[0, 1])
    (True, 0.005)
    """
    residuals = residualise(outcomes, groups, design, seed=seed, cluster=cluster, weight=weight)
    return effects_of(residuals, seed=seed, draws=draws, confidence=confidence, alpha=alpha)


def effects_of(  # noqa: PLR0913 - everything beyond the data goes by keyword
    residuals: Residuals,
    *,
    seed: int,
    draws: int = 999,
    confidence: float = 0.95,
    alpha: float = 0.04,
    together: slice | None = None,
) -> ConditionalEffects:
    """Turn residuals into effects with their tests and joint intervals; see `conditional_effects`.

    ``together`` names outcomes that are also tested all at once, beside the family.
    """
    r, e, drawn = residuals.outcome, residuals.member, residuals.drawn()
    units = residuals.sizes()
    weight = (e * residuals.weighted).sum(axis=0)
    # an outcome that never varies, or that the declared factors give exactly, shifts nobody: effect 0
    measurable = np.broadcast_to((units >= 3) & (weight > 1e-6 * len(r)), (r.shape[1], len(units)))
    sums = r.T @ residuals.weighted
    safe_weight = np.where(weight > 0, weight, 1.0)
    effect = np.where(measurable, sums / safe_weight, 0.0)
    null_variance = _null_variance(residuals)
    tested = null_variance if residuals.weight is None else _null_variance(drawn)
    z = np.where(measurable, drawn.outcome.T @ drawn.member / np.sqrt(np.where(tested > 0, tested, 1.0)), 0.0)
    null = _null(drawn, seed=seed, draws=draws)
    family = step_down(z, null, measurable, confidence=confidence)
    some = slice(0, 0) if together is None else together
    correction = units / np.maximum(units - 2, 1)
    se = np.sqrt(np.maximum(_variance(residuals, effect) * correction, null_variance)) / safe_weight
    wide = stdtrit(np.maximum(units - 1, 1), ndtr(family.critical))
    needed = _first_step(null, measurable, alpha) + ndtri(POWER)
    half = np.where(measurable, wide * se, 0.0)
    overlap, overlap_se = _overlap(residuals)
    return ConditionalEffects(
        effect=effect,
        low=effect - half,
        high=effect + half,
        se=np.where(measurable, se, 0.0),
        minimum_detectable=np.where(measurable, needed * se, 0.0),
        scale=residuals.scale,
        z=z,
        p=family.p,
        p_adjusted=family.p_adjusted,
        measurable=measurable,
        units=units,
        overlap=overlap,
        overlap_se=overlap_se,
        critical=family.critical,
        together=taken_together(z[some], null[:, some], _correlation(drawn.only(some)), measurable=measurable[0]),
        confidence=confidence,
        draws=draws,
        cases=len(r),
    )


def _first_step(null: NDArray[np.float32], family: Bools, alpha: float) -> float:
    """Give the size a statistic must pass at the first step of the family's test."""
    if not family.any():
        return 0.0
    return float(np.quantile(np.abs(null[:, family]).max(axis=1), 1 - alpha, method="higher"))


def _null(residuals: Residuals, *, seed: int, draws: int) -> NDArray[np.float32]:
    if residuals.cluster is None:
        return randomised_z(residuals.answered, residuals.shares, seed=seed, draws=draws)
    width, count = residuals.outcome.shape[1], residuals.shares.shape[1]
    scores = (residuals.answered[:, :, None] * residuals.member[:, None, :]).reshape(len(residuals.groups), -1)
    return flipped_z(scores, residuals.cluster, seed=seed, draws=draws).reshape(draws, width, count)


def _variance(residuals: Residuals, effect: Floats) -> Floats:
    """Variance of the sum ``r e`` around its effect; by clusters where there are any."""
    r, e, weighted = residuals.outcome, residuals.member, residuals.weighted
    if residuals.cluster is None:
        # sum (r e - effect e^2)^2, multiplied out so that no array of cases x outcomes x groups is made
        squares = weighted**2
        spread = (r**2).T @ squares - 2 * effect * (r.T @ (squares * e)) + effect**2 * (squares * e**2).sum(axis=0)
        return np.asarray(np.maximum(spread, 0.0))
    spread = np.empty_like(effect)
    for outcome in range(r.shape[1]):
        score = r[:, [outcome]] * weighted - effect[outcome] * e * weighted
        spread[outcome] = (cluster_sums(score, residuals.cluster) ** 2).sum(axis=0)
    return spread


def _null_variance(residuals: Residuals) -> Floats:
    """Variance of the sum ``r e`` when groups hang on the declared factors only; by clusters where there are any."""
    r, shares = residuals.answered, residuals.shares
    if residuals.cluster is None:
        if residuals.weight is None:
            return np.asarray((r**2).T @ (shares * (1 - shares)))
        # a case of the group counts (1 - p) times what it stands for, one of another group -p times
        stands, chances = residuals.by_group(), residuals.drawn().shares
        own = chances * stands**2
        return np.asarray((r**2).T @ (own * (1 - shares) ** 2 + shares**2 * (own.sum(axis=1, keepdims=True) - own)))
    squares = r**2 if residuals.weight is None else (r * residuals.weight[:, None]) ** 2
    null = squares.T @ (shares * (1 - shares))
    for outcome in range(r.shape[1]):
        # where a group has no event all its clusters lean one way by a little, which is no spread to go by
        sums = cluster_sums(r[:, [outcome]] * residuals.weighted, residuals.cluster)
        null[outcome] = np.maximum((sums**2).sum(axis=0), null[outcome])
    return null


def _correlation(residuals: Residuals) -> Floats:
    """Correlation of the sums ``r e`` of all outcomes under the null, for each group; shape (K, n, n)."""
    r, shares = residuals.answered, residuals.shares
    found = np.empty((shares.shape[1], r.shape[1], r.shape[1]))
    for group in range(shares.shape[1]):
        if residuals.cluster is None:
            found[group] = (r * (shares[:, [group]] * (1 - shares[:, [group]]))).T @ r
        else:
            sums = cluster_sums(r * residuals.member[:, [group]], residuals.cluster)
            found[group] = sums.T @ sums
    spread = np.sqrt(np.maximum(np.diagonal(found, axis1=1, axis2=2), 0.0))
    unit = np.where(spread > 0, spread, 1.0)
    return found / unit[:, :, None] / unit[:, None, :]


def _overlap(residuals: Residuals) -> tuple[Floats, Floats]:
    """Share of each group's comparison that is left, against nothing declared, with its standard error."""
    n = len(residuals.groups)
    overall = np.bincount(residuals.groups, weights=residuals.weight, minlength=residuals.shares.shape[1]) / n
    left = residuals.member * residuals.weighted / np.maximum(overall * (1 - overall), 1e-300)
    return np.minimum(left.mean(axis=0), 1.0), left.std(axis=0) / np.sqrt(n)
