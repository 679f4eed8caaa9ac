"""How well a score ranks: the area under the ROC curve of one group of cases, and of one against another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from igw_audit.stats.compare import Pair, Unmeasured
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.proportions import normal_quantile

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Clusters = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingComparison:
    """One group's area against its reference.

    Attributes
    ----------
    auc, reference_auc : Estimate or None
        Each read on its own; None for a side without both a positive and a negative case.
    difference : Estimate or None
        ``auc - reference_auc``, simultaneous over the pairs compared together.
    reason : Unmeasured or None
        Why ``difference`` is None.
    """

    auc: Estimate | None
    reference_auc: Estimate | None
    difference: Estimate | None
    reason: Unmeasured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    """The area with the numbers of positives and negatives that it is worth, after clusters and weights."""

    value: float
    n: int
    positives: float
    negatives: float


def auc(
    score: Floats,
    positive: Mask,
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    weight: Floats | None = None,
) -> Estimate | None:
    """Chance that a positive case has a higher score than a negative one, ties counting half.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
    positive : ndarray of bool, shape (n,)
    confidence : float
        Level of the interval.
    cluster : ndarray, shape (n,), optional
        Cases with the same value are not independent; the variance is taken over clusters.
    weight : ndarray of float64, shape (n,), optional
        Weights of cases, zero or more.

    Returns
    -------
    Estimate or None
        None if there is no positive case or no negative one. The interval solves ``|auc - t| = z sd(t)`` with Hanley
        and McNeil's variance at t (Newcombe's method 5), so that it has a width even where the area is 1; clusters and
        weights count by the cases that they are worth.

    References
    ----------
    Hanley, J. A. and McNeil, B. J. (1982). The meaning and use of the area under a ROC curve. Radiology 143, 29-36.
    Newcombe, R. G. (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic,
    part 2. Statistics in Medicine 25, 559-573.
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988). Comparing the areas under two or more correlated
    ROC curves. Biometrics 44, 837-845.
    Obuchowski, N. A. (1997). Nonparametric analysis of clustered ROC curve data. Biometrics 53, 567-578.

    Examples
    --------
    >>> found = auc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True]))
    >>> found.value, found.n
    (0.75, 4)
    >>> auc(np.array([1.0, 2.0]), np.array([False, False])) is None
    True
    """
    area = _area(score, positive, cluster, weight)
    return None if area is None else _estimate(area, confidence=confidence, method=_method(cluster, weight))


def compare_aucs(  # noqa: PLR0913 - the signature of compare_rates
    score: Floats,
    positive: Mask,
    pairs: Sequence[Pair],
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    weight: Floats | None = None,
) -> tuple[RankingComparison, ...]:
    """Compare each pair's (member, compared) areas; one result a pair.

    Parameters
    ----------
    score, positive, cluster, weight
        As in `auc`.
    pairs : sequence of (ndarray of bool, ndarray of bool), each of shape (n,)
        The cases of the group and of its reference.
    confidence : float
        Joint level of the differences (Sidak over the pairs), and level of each area on its own.

    Returns
    -------
    tuple of RankingComparison
        Differences by squaring and adding the two sides' distances (MOVER), which is Newcombe's way for rates.

    References
    ----------
    Donner, A. and Zou, G. Y. (2012). Closed-form confidence intervals for functions of the normal mean and standard
    deviation. Statistical Methods in Medical Research 21, 347-359.

    Examples
    --------
    >>> half = np.arange(8) < 4
    >>> found = compare_aucs(np.arange(8.0), np.arange(8) % 2 == 1, [(half, ~half)])[0]
    >>> found.difference.value
    0.0
    """
    joint = confidence ** (1 / max(len(pairs), 1))
    method = _method(cluster, weight)

    def area(side: Mask) -> _Area | None:
        return _area(
            score[side],
            positive[side],
            None if cluster is None else cluster[side],
            None if weight is None else weight[side],
        )

    found = []
    for member, compared in pairs:
        own, other = area(member), area(compared)
        empty = Unmeasured.EMPTY_GROUP if own is None else Unmeasured.EMPTY_REFERENCE if other is None else None
        both = None if own is None or other is None else _difference(own, other, joint=joint, confidence=confidence)
        found.append(
            RankingComparison(
                auc=None if own is None else _estimate(own, confidence=confidence, method=method),
                reference_auc=None if other is None else _estimate(other, confidence=confidence, method=method),
                difference=both,
                reason=empty,
            )
        )
    return tuple(found)


def _difference(own: _Area, other: _Area, *, joint: float, confidence: float) -> Estimate:
    a, b = (_estimate(side, confidence=joint, method="") for side in (own, other))
    value = a.value - b.value
    low = value - math.hypot(a.value - (a.low or 0.0), _high(b) - b.value)
    high = value + math.hypot(_high(a) - a.value, b.value - (b.low or 0.0))
    return Estimate(
        value=value,
        low=max(low, -1.0),
        high=min(high, 1.0),
        confidence=confidence,
        n=own.n + other.n,
        method="Newcombe method 5, MOVER, simultaneous (Sidak)",
    )


def _high(estimate: Estimate) -> float:
    return 1.0 if estimate.high is None else estimate.high


def _method(cluster: Clusters | None, weight: Floats | None) -> str:
    extras = [name for name, given in (("clusters", cluster), ("weights", weight)) if given is not None]
    return "Newcombe method 5" + (f" for {' and '.join(extras)}" if extras else "")


def _area(score: Floats, positive: Mask, cluster: Clusters | None, weight: Floats | None) -> _Area | None:
    weights = np.ones(len(score)) if weight is None else weight
    counted = weights > 0
    up, down = positive & counted, ~positive & counted
    if not up.any() or not down.any():
        return None
    above = _placements(score[up], score[down], weights[down])
    below = 1.0 - _placements(score[down], score[up], weights[up])
    value = float(np.average(above, weights=weights[up]))
    worth_up, worth_down = _kish(weights[up]), _kish(weights[down])
    effect = 1.0 if cluster is None else _design_effect(above, below, (up, down), weights, cluster)
    return _Area(
        value=min(max(value, 0.0), 1.0),
        n=int(counted.sum()),
        positives=max(worth_up / effect, 1.0),
        negatives=max(worth_down / effect, 1.0),
    )


def _placements(score: Floats, others: Floats, weights: Floats) -> Floats:
    """Weighted share of ``others`` below each score, ties counting half."""
    order = np.argsort(others, kind="stable")
    ordered = others[order]
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    left, right = (total[np.searchsorted(ordered, score, side=side)] for side in ("left", "right"))
    return np.asarray((left + right) / 2 / total[-1])


def _kish(weights: Floats) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _design_effect(above: Floats, below: Floats, sides: tuple[Mask, Mask], weights: Floats, cluster: Clusters) -> float:
    """How much clusters enlarge DeLong's variance of the area; never below 1."""
    up, down = sides
    value = float(np.average(above, weights=weights[up]))
    share = np.zeros(len(weights))
    share[up] = weights[up] / weights[up].sum() * (above - value)
    share[down] = weights[down] / weights[down].sum() * (below - value)
    codes = np.unique(cluster, return_inverse=True)[1]
    apart = float((share**2).sum())
    together = float((np.bincount(codes, weights=share) ** 2).sum())
    return max(together / apart, 1.0) if apart > 0 else 1.0


def _estimate(area: _Area, *, confidence: float, method: str) -> Estimate:
    z = normal_quantile(confidence)
    m, n, value = area.positives, area.negatives, area.value

    def distance(true: float) -> float:
        half = (m + n) / 2
        shape = 1 + (half - 1) * ((1 - true) / (2 - true) + true / (1 + true))
        return abs(value - true) - z * math.sqrt(max(true * (1 - true) * shape, 0.0) / (m * n))

    # at an end of [0, 1] the spread is zero too, and the root sought lies beyond that trivial one
    inward = min(max(value, 1e-9), 1 - 1e-9)
    low = 0.0 if value <= 0 else float(brentq(distance, 0.0, inward, xtol=1e-12))
    high = 1.0 if value >= 1 else float(brentq(distance, inward, 1.0, xtol=1e-12))
    return Estimate(value=value, low=low, high=high, confidence=confidence, n=area.n, method=method)
