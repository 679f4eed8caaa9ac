"""Rates of a group and of everyone else, standardised to the same declared factors (or score), and their ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.conditional import ConditionalEffects
from igw_audit.stats.crt import cluster_sums
from igw_audit.stats.residuals import Residuals

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: A standardised rate of the others at or under this is none at all: nothing to divide by.
_NONE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardisedRatios:
    """Rate of each group over that of all others, among cases that both could be; arrays of shape (n_outcomes, K).

    Attributes
    ----------
    rate, reference_rate : ndarray of float64
        Overlap-weighted rates; their difference is ``ConditionalEffects.effect``.
    ratio, low, high : ndarray of float64
        ``high`` is infinite where the others' rate cannot be told from zero; 0 where not measurable.
    measurable : ndarray of bool
        Whether the effect is measurable and the others' rate is above zero.
    """

    rate: Floats
    reference_rate: Floats
    ratio: Floats
    low: Floats
    high: Floats
    measurable: Bools


def standardised_ratios(events: Floats, residuals: Residuals, effects: ConditionalEffects) -> StandardisedRatios:
    """Standardise the rates behind each conditional effect, and bound their ratio.

    Both rates are averages over the same distribution of the declared factors L, that of the overlap
    ``p_a(L) (1 - p_a(L))``. Their sum is estimated by ``sum_i e^2 (y + m) + p (1 - p) r`` over ``sum_i e^2``, which
    errs by products of the errors of ``m`` and ``p_a`` only, and their difference is the effect itself. The interval
    is Fieller's on the effect's own standard error and joint quantile, so that a ratio excludes 1 exactly where the
    difference excludes 0.

    Parameters
    ----------
    events : ndarray of float64, shape (n_cases, n_outcomes)
        0 or 1: the outcomes that ``residuals`` were made from.
    residuals : Residuals
    effects : ConditionalEffects
        What ``effects_of`` made of ``residuals``.

    Raises
    ------
    ValueError
        If the arguments are not about the same cases and outcomes.

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. JRSS B 16, 175-185.
    Li, F., Morgan, K. L. and Zaslavsky, A. M. (2018). Balancing covariates via propensity score weighting. JASA 113,
    390-400.

    Examples
    --------
    >>> from igw_audit.stats.conditional import effects_of
    >>> from igw_audit.stats.residuals import residualise
    >>> rng = np.random.default_rng(2)
    >>> score = rng.normal(size=4000)
    >>> group = (rng.random(4000) < 1 / (1 + np.exp(-score))).astype(np.int64)
    >>> picked = (rng.random(4000) < np.where(group == 1, 0.30, 0.15)).astype(np.float64)[:, None]
    >>> residuals = residualise(picked, group, score[:, None], seed=0)
    >>> found = standardised_ratios(picked, residuals, effects_of(residuals, seed=0, draws=199))
    >>> bool(1.5 < found.low[0, 1] < 2.0 < found.high[0, 1])
    True
    """
    if events.shape != residuals.outcome.shape or effects.effect.shape != (events.shape[1], residuals.shares.shape[1]):
        raise ValueError(
            f"events {events.shape}, residuals {residuals.outcome.shape} and effects {effects.effect.shape} are not "
            "about the same cases and outcomes: give what the residuals were made from, and what was made of them"
        )
    shape = effects.effect.shape
    found = {name: np.zeros(shape) for name in ("rate", "reference_rate", "ratio", "low", "high")}
    measurable = np.zeros(shape, dtype=bool)
    for group in range(shape[1]):
        for outcome in np.flatnonzero(effects.measurable[:, group]):
            place = (int(outcome), group)
            own, other, spread = _sides(events, residuals, place)
            found["rate"][place], found["reference_rate"][place] = own, other
            if other > _NONE:
                measurable[place] = True
                bounds = _fieller((max(own, 0.0), other), spread, effects, place)
                found["ratio"][place] = max(own, 0.0) / other
                found["low"][place], found["high"][place] = bounds
    return StandardisedRatios(**found, measurable=measurable)


def _sides(events: Floats, residuals: Residuals, place: tuple[int, int]) -> tuple[float, float, Floats]:
    """Give the group's rate, the others' rate, and the covariance matrix of both."""
    outcome, group = place
    r, e = residuals.outcome[:, outcome], residuals.member[:, group]
    y = events[:, outcome]
    share = (residuals.groups == group) - e
    level = e**2 * (2 * y - r) + share * (1 - share) * r
    sides = np.column_stack([level + r * e, level - r * e]) / 2
    weight = float((e**2).sum())
    rates = sides.sum(axis=0) / weight
    influence = sides - e[:, None] ** 2 * rates
    if residuals.cluster is not None:
        influence = cluster_sums(influence, residuals.cluster)
    return float(rates[0]), float(rates[1]), influence.T @ influence / weight**2


def _fieller(
    rates: tuple[float, float], spread: Floats, effects: ConditionalEffects, place: tuple[int, int]
) -> tuple[float, float]:
    """Give all ratios t for which ``rate - t reference_rate`` is not told from zero."""
    own, other = rates
    half = float(effects.high[place] - effects.effect[place])
    squared = (half / max(float(effects.se[place]), 1e-300)) ** 2
    # what the effect's interval has beyond the plain one (small groups) lies with the smaller side
    extra = max(half**2 - squared * float(spread[0, 0] - 2 * spread[0, 1] + spread[1, 1]), 0.0)
    units = float(effects.units[place[1]])
    others = max(float(effects.units.sum()) - units, 1.0)
    own_extra, other_extra = extra * others / (units + others), extra * units / (units + others)
    a = other**2 - squared * spread[1, 1] - other_extra
    b = own * other - squared * spread[0, 1]
    c = own**2 - squared * spread[0, 0] - own_extra
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    ratio = own / other
    # the roots are both sides of what is told apart; where the effect is not told from zero 1 belongs to the interval
    unsure = effects.low[place] <= 0 <= effects.high[place]
    near, far = sorted(((b - root) / a, (b + root) / a)) if a != 0 else (0.0, 0.0)
    if a > 0:
        low, high = min(max(near, 0.0), ratio), max(far, ratio)
    elif root > 0 and near > 0 and near >= ratio:
        # the others' rate may be zero; ratios beyond the far root would need both rates below zero
        low, high = 0.0, near
    else:
        low, high = (far if 0 < far <= ratio else 0.0), float("inf")
    return (min(low, 1.0), max(high, 1.0)) if unsure else (low, high)
