"""Means of numbers between 0 and 1, and of their differences, one number a case: shares averaged over draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.clusters import Design, effective, side
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.joint import student
from igw_audit.stats.proportions import adjusted_wilson, normal_quantile

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What became of cases that were each given the value of other cases, in several draws.

    Attributes
    ----------
    values : ndarray of float64, shape (draws, n)
    donors : ndarray of int64, shape (draws, n)
        Whose value it was; with clusters, the donor's cluster.
    """

    values: Floats
    donors: Codes


def widened(found: Estimate, parts: Sequence[Drawn], *, own: Floats, cluster: Codes | None = None) -> Estimate:
    """Widen the interval of a mean over cases for the donors that cases share.

    Cases that were given the value of the same donor are not independent. The variance over cases is enlarged by what
    sums over donors add beyond single draws, so that the interval speaks of people like the donors, not of those at
    hand; the interval is never shorter than it was.

    Parameters
    ----------
    found : Estimate
        The mean of ``own`` as `mean_share` or `mean_change` gives it.
    parts : sequence of Drawn
        Each kind of donor, with what its value did; ``own`` is made of their means over draws.
    own : ndarray of float64, shape (n,)
    cluster : ndarray of int64, shape (n,), optional

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust inference with multiway clustering. Journal of
    Business and Economic Statistics 29, 238-249.

    Examples
    --------
    >>> values = np.repeat([0.0, 1.0], 50)
    >>> drawn = Drawn(values=values[None], donors=np.repeat([0, 1], 50)[None])
    >>> wide = widened(mean_share(values), [drawn], own=values)
    >>> wide.value, wide.low, wide.high
    (0.5, 0.0, 1.0)
    """
    part = side(own, np.ones(len(own), dtype=np.bool_), None if cluster is None else Design.of(len(own), cluster, None))
    variance = part.variance + sum(_beyond_draws(drawn) for drawn in parts)
    half = float(student(normal_quantile(found.confidence), np.array([part.freedom]))[0]) * math.sqrt(variance)
    low, high = (found.value if end is None else end for end in (found.low, found.high))
    return replace(
        found,
        low=max(-1.0 if low < 0 else 0.0, min(low, found.value - half)),
        high=min(1.0, max(high, found.value + half)),
    )


def _beyond_draws(part: Drawn) -> float:
    rest = (part.values - part.values.mean()).ravel()
    together = np.bincount(part.donors.ravel(), weights=rest)
    return max(0.0, float((together**2).sum() - (rest**2).sum())) / float(rest.size) ** 2


def mean_share(
    values: Floats, *, confidence: float = 0.95, cluster: Codes | None = None, weight: Floats | None = None
) -> Estimate:
    """Mean of one number between 0 and 1 a case, for example how many of its draws changed a decision.

    Parameters
    ----------
    values : ndarray of float64, shape (n,), n at least 1
        Within [0, 1]. What varies from draw to draw varies from case to case too, and is in the interval.
    confidence : float
    cluster : ndarray of int64, shape (n,), optional
    weight : ndarray of float64, shape (n,), optional
        Above zero.

    Returns
    -------
    Estimate
        With Wilson's interval at the number of independent cases that would leave the mean as unsure as it is, and
        never at more than there are; so it has a width where every value is 0.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24, 193-201.

    Examples
    --------
    >>> found = mean_share(np.array([0.0, 0.5, 1.0, 0.5] * 25))
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (0.5, 0.4, 0.6)
    """
    n = len(values)
    design = None if cluster is None and weight is None else Design.of(n, cluster, weight)
    worth = effective(side(values, np.ones(n, dtype=np.bool_), design))
    freedom = np.inf if design is None else worth.freedom  # as `compare.rate` does
    z = student(normal_quantile(confidence), np.array([freedom]))
    bounds = adjusted_wilson([worth.events], [worth.n], z=z)
    value = worth.events / worth.n
    return Estimate(
        value=value,
        low=min(float(bounds.low[0]), value),
        high=max(float(bounds.high[0]), value),
        confidence=confidence,
        n=n,
        method="Wilson" if design is None else "Wilson on effective counts",
    )


def mean_change(
    values: Floats, *, confidence: float = 0.95, cluster: Codes | None = None, weight: Floats | None = None
) -> Estimate:
    """Mean of one number between -1 and 1 a case: the share that gains less the share that loses.

    Both shares get Wilson's interval (`mean_share`), and the distances are joined as Newcombe does for paired
    proportions, with the correlation that gains and losses have because nobody has both.

    References
    ----------
    Newcombe, R. G. (1998). Improved confidence intervals for the difference between binomial proportions based on
    paired data. Statistics in Medicine 17, 2635-2650.

    Examples
    --------
    >>> found = mean_change(np.array([1.0, 0.0, 0.0, -0.5] * 50))
    >>> found.value, bool(found.low < 0.125 < found.high)
    (0.125, True)
    """
    up, down = (
        mean_share(np.maximum(part, 0.0), confidence=confidence, cluster=cluster, weight=weight)
        for part in (values, -values)
    )
    gain, loss = up.value, down.value
    free = (1 - gain) * (1 - loss)
    together = math.sqrt(min(1.0, gain * loss / free)) if free > 0 else 1.0

    def distance(one: float, other: float) -> float:
        return math.sqrt(one**2 + other**2 + 2 * together * one * other)

    value = gain - loss
    low = value - distance(gain - (up.low or 0.0), (1.0 if down.high is None else down.high) - loss)
    high = value + distance((1.0 if up.high is None else up.high) - gain, loss - (down.low or 0.0))
    method = up.method.replace("Wilson", "Newcombe, paired", 1)
    return Estimate(
        value=value, low=max(-1.0, low), high=min(1.0, high), confidence=confidence, n=len(values), method=method
    )
