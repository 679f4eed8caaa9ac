"""How far outcomes shift with group membership, beyond what declared factors explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from igw_audit.stats.basis import Basis
from igw_audit.stats.crt import Bools, Codes, Floats, cluster_sums, flipped_z, randomised_z, step_down
from igw_audit.stats.residuals import Residuals, residualise

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
    residuals = residualise(outcomes, groups, design, seed=seed, cluster=cluster)
    return effects_of(residuals, seed=seed, draws=draws, confidence=confidence, alpha=alpha)


def effects_of(
    residuals: Residuals, *, seed: int, draws: int = 999, confidence: float = 0.95, alpha: float = 0.04
) -> ConditionalEffects:
    """Turn residuals into effects with their tests and joint intervals; see `conditional_effects`."""
    r, e, shares = residuals.outcome, residuals.member, residuals.shares
    units = residuals.sizes()
    weight = (e**2).sum(axis=0)
    noise = (r**2).T @ (shares * (1 - shares))
    # an outcome that never varies, or that the declared factors give exactly, shifts nobody: effect 0
    measurable = np.broadcast_to((units >= 3) & (weight > 1e-6 * len(r)), (r.shape[1], len(units)))
    sums = r.T @ e
    safe_weight = np.where(weight > 0, weight, 1.0)
    effect = np.where(measurable, sums / safe_weight, 0.0)
    variance, null_variance = _variances(residuals, effect, noise)
    z = np.where(measurable, sums / np.sqrt(np.where(null_variance > 0, null_variance, 1.0)), 0.0)
    null = _null(residuals, seed=seed, draws=draws)
    family = step_down(z, null, measurable, confidence=confidence)
    correction = units / np.maximum(units - 2, 1)
    se = np.sqrt(np.maximum(variance * correction, null_variance)) / safe_weight
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
        return randomised_z(residuals.outcome, residuals.shares, seed=seed, draws=draws)
    width, count = residuals.outcome.shape[1], residuals.shares.shape[1]
    scores = (residuals.outcome[:, :, None] * residuals.member[:, None, :]).reshape(len(residuals.groups), -1)
    return flipped_z(scores, residuals.cluster, seed=seed, draws=draws).reshape(draws, width, count)


def _variances(residuals: Residuals, effect: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Variance of the sum ``r e`` around its effect, and under the null; by clusters where there are any."""
    r, e, cluster = residuals.outcome, residuals.member, residuals.cluster
    if cluster is None:
        # sum (r e - effect e^2)^2, multiplied out so that no array of cases x outcomes x groups is made
        squares = e**2
        spread = (r**2).T @ squares - 2 * effect * (r.T @ (squares * e)) + effect**2 * (squares**2).sum(axis=0)
        return np.maximum(spread, 0.0), noise
    spread, null = np.empty_like(effect), np.empty_like(effect)
    for outcome in range(r.shape[1]):
        score = r[:, [outcome]] * e
        # where a group has no event all its clusters lean one way by a little, which is no spread to go by
        null[outcome] = np.maximum((cluster_sums(score, cluster) ** 2).sum(axis=0), noise[outcome])
        spread[outcome] = (cluster_sums(score - effect[outcome] * e**2, cluster) ** 2).sum(axis=0)
    return spread, null


def _overlap(residuals: Residuals) -> tuple[Floats, Floats]:
    """Share of each group's comparison that is left, against nothing declared, with its standard error."""
    n = len(residuals.groups)
    overall = np.bincount(residuals.groups, minlength=residuals.shares.shape[1]) / n
    left = residuals.member**2 / np.maximum(overall * (1 - overall), 1e-300)
    return np.minimum(left.mean(axis=0), 1.0), left.std(axis=0) / np.sqrt(n)
