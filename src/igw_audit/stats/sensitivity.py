"""How strong a factor that nobody declared would have to be to explain a difference away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis
from igw_audit.stats.conditional import ConditionalEffects
from igw_audit.stats.nuisance import within_levels
from igw_audit.stats.residuals import Residuals

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Strength needed to explain the point value away, and the interval ends nearest to and furthest from none.

    ``high`` is infinite where nothing would be strong enough.
    """

    value: float
    low: float
    high: float


def e_value(ratio: float) -> float:
    """Give the ratio that an undeclared factor must have with the group and with the event to explain a ratio away.

    Parameters
    ----------
    ratio : float
        Zero or more; below 1 its inverse counts, and at 0 or infinity nothing is strong enough.

    References
    ----------
    VanderWeele, T. J. and Ding, P. (2017). Sensitivity analysis in observational research: introducing the E-value.
    Annals of Internal Medicine 167, 268-274.

    Examples
    --------
    Their example: a ratio of 3.9 needs 7.26, its lower end 1.8 needs 3.0.

    >>> round(e_value(3.9), 2), round(e_value(1.8), 2), e_value(1.0)
    (7.26, 3.0, 1.0)
    """
    if ratio < 0 or np.isnan(ratio):
        raise ValueError(f"ratio is {ratio}, expected zero or more")
    if ratio == 0 or np.isinf(ratio):
        return float("inf")
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))


def robustness_value(correlation: float) -> float:
    """Give the share of residual variance, of group and outcome alike, that would explain a correlation away.

    Parameters
    ----------
    correlation : float
        Partial correlation of outcome and group given the declared factors, between -1 and 1.

    References
    ----------
    Cinelli, C. and Hazlett, C. (2020). Making sense of sensitivity: extending omitted variable bias. JRSS B 82, 39-67.

    Examples
    --------
    Their example, violence and attitudes to peace in Darfur: partial R2 of 2.2 % needs 13.9 %.

    >>> round(robustness_value(0.0219 ** 0.5), 3)
    0.139
    """
    square = min(correlation * correlation, 1.0)
    return 1.0 if square == 1.0 else _solved(square / (1 - square))


def e_values(ratio: float, low: float, high: float) -> Needed:
    """Carry a ratio and its interval over to E-values; an interval that holds 1 needs nothing (1)."""
    ends = sorted((e_value(low), e_value(high)))
    return Needed(value=e_value(ratio), low=1.0 if low <= 1 <= high else ends[0], high=ends[1])


def robustness(residuals: Residuals, effects: ConditionalEffects, place: tuple[int, int]) -> Needed:
    """Carry one conditional effect and its interval over to robustness values; an interval that holds 0 needs none.

    Parameters
    ----------
    residuals, effects : Residuals, ConditionalEffects
        ``effects_of(residuals)``.
    place : tuple of int
        Outcome and group; measurable.
    """
    outcome, group = place
    squares = float((residuals.outcome[:, outcome] ** 2).sum())
    slope = np.sqrt(float((residuals.member[:, group] ** 2).sum()) / squares) if squares > 0 else 0.0
    value, low, high = (
        robustness_value(float(np.clip(end[place] * slope, -1.0, 1.0)))
        for end in (effects.effect, effects.low, effects.high)
    )
    ends = sorted((low, high))
    return Needed(value=value, low=0.0 if effects.low[place] <= 0 <= effects.high[place] else ends[0], high=ends[1])


def declared_strength(outcome: Floats, groups: NDArray[np.int64], whole: Basis, without: Basis) -> Floats:
    """Put a declared factor on the scale of robustness values: what an undeclared one just as strong would explain.

    Partial shares of explained variance of the factor with the outcome (beside the group) and with each group, both
    given the other declared factors, least squares and adjusted for the number of columns.

    Parameters
    ----------
    outcome : ndarray of float64, shape (n_cases,)
    groups : ndarray of int64, shape (n_cases,)
        0 .. K - 1.
    whole, without : Basis
        All declared factors; all but the one that is weighed.

    Returns
    -------
    ndarray of float64, shape (K,)
        0 .. 1; an undeclared factor explains a group's difference away if it is as strong as the robustness value.

    References
    ----------
    Cinelli and Hazlett (2020), section 4.4 (benchmarks by observed covariates).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> wage, group = rng.normal(size=900), np.repeat([0, 1], 450)
    >>> basis = Basis(matrix=wage[:, None], names=("wage",), wide=np.empty((900, 0), dtype=np.int64))
    >>> bool((declared_strength(wage + rng.normal(size=900), group, basis, Basis.empty(900)) < 0.1).all())
    True
    """
    count = int(groups.max()) + 1
    values = np.column_stack([outcome, (groups[:, None] == np.arange(count)) * 1.0])
    (left, freedom), (before, more_freedom) = (_left_over(values, basis) for basis in (whole, without))
    penalty = more_freedom / freedom
    by_group = _explained((left[:, 1:] ** 2).sum(axis=0), (before[:, 1:] ** 2).sum(axis=0), penalty)
    by_outcome = _explained(_beside_group(left), _beside_group(before), penalty)
    square = by_outcome * by_group / np.maximum(1 - by_group, 1e-12)
    return np.array([_solved(float(value)) for value in square])


def _solved(square: float) -> float:
    """Solve x^2 / (1 - x) = square for x in 0 .. 1."""
    return float((np.sqrt(square * square + 4 * square) - square) / 2) if square < 1e12 else 1.0


def _left_over(values: Floats, basis: Basis) -> tuple[Floats, float]:
    """Give least-squares residuals and their degrees of freedom."""
    centred, columns = values - values.mean(axis=0), basis.matrix
    used = 1.0
    if basis.wide.shape[1]:
        centred, columns = within_levels(centred, basis.wide), within_levels(columns, basis.wide)
        used += float(sum(int(levels.max()) for levels in basis.wide.T))
    if columns.shape[1]:
        # columns are collinear by design (hinges, cells), so directions without spread are dropped
        spread, turned = np.linalg.eigh(columns.T @ columns)
        kept = spread > 1e-9 * spread[-1]
        scores = columns @ (turned[:, kept] / np.sqrt(spread[kept]))
        centred = centred - scores @ (scores.T @ centred)
        used += float(kept.sum())
    return centred, max(len(values) - used, 1.0)


def _beside_group(left: Floats) -> Floats:
    """Give the sum of squares of the outcome once each group in turn is known too; shape (K,)."""
    outcome, member = left[:, 0], left[:, 1:]
    power = (member**2).sum(axis=0)
    shared = (outcome @ member) ** 2 / np.where(power > 1e-9, power, np.inf)
    return np.asarray((outcome**2).sum() - shared)


def _explained(left: Floats, before: Floats, penalty: float) -> Floats:
    safe = np.where(before > 1e-9, before, np.inf)
    return np.clip(1 - penalty * left / safe, 0.0, 1.0) * (before > 1e-9)
