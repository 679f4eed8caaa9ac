"""Closed-form intervals for one rate, and for the difference and ratio of two.

All three stand on one interval for one rate: Wilson's, widened to the exact binomial limit where few events make
Wilson's end too short (a rate of .05 among three people: Wilson covers .857, the widened one .99). Difference and
ratio are built from those ends alike, so that the difference excludes 0 exactly where the ratio excludes 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtr, ndtri

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Ends of intervals, one entry an interval; ``inf`` marks an end that is open."""

    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Fourfold:
    """Two rates as counts, one entry a comparison: ``events`` of ``n`` against ``reference_events`` of ``reference_n``.

    Counts may be fractional (effective counts of clustered or weighted cases). Every ``n`` is above zero.
    """

    events: Floats
    n: Floats
    reference_events: Floats
    reference_n: Floats

    @classmethod
    def of(cls, events: npt.ArrayLike, n: npt.ArrayLike, reference: tuple[npt.ArrayLike, npt.ArrayLike]) -> Fourfold:
        """Build from array-likes of one shape (or that broadcast); raises ValueError where they are no counts."""
        x, size, y, other = np.broadcast_arrays(
            *(np.asarray(part, dtype=np.float64) for part in (events, n, reference[0], reference[1]))
        )
        for part, whole in ((x, size), (y, other)):
            if not (np.isfinite(whole).all() and (whole > 0).all()):
                raise ValueError("a rate needs a number of cases above zero")
            if not ((part >= 0).all() and (part <= whole).all()):
                raise ValueError("events must lie between zero and the number of cases")
        return cls(events=x, n=size, reference_events=y, reference_n=other)

    @property
    def rate(self) -> Floats:
        """Rate of the group."""
        return self.events / self.n

    @property
    def reference_rate(self) -> Floats:
        """Rate of the reference."""
        return self.reference_events / self.reference_n

    def swapped(self) -> Fourfold:
        """Group and reference changed places."""
        return Fourfold(
            events=self.reference_events, n=self.reference_n, reference_events=self.events, reference_n=self.n
        )


def normal_quantile(confidence: float) -> float:
    """Two-sided normal quantile.

    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected a number between 0 and 1")
    return float(ndtri(0.5 + confidence / 2))


def wilson(events: npt.ArrayLike, n: npt.ArrayLike, *, z: npt.ArrayLike) -> Bounds:
    """Score interval of one rate.

    Parameters
    ----------
    events, n : array-like of shape (k,)
        Counts, possibly fractional; ``n`` above zero.
    z : float or array-like of shape (k,)
        Two-sided quantile (normal, or Student's t for few clusters).

    Returns
    -------
    Bounds
        Within [0, 1]; exactly 0 at no events and exactly 1 at all.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.

    Examples
    --------
    >>> found = wilson([0, 3], [3, 10], z=1.959964)
    >>> found.low.round(3).tolist(), found.high.round(3).tolist()
    ([0.0, 0.108], [0.561, 0.603])
    """
    x, size, quantile = (np.asarray(part, dtype=np.float64) for part in (events, n, z))
    p, square = x / size, quantile**2
    middle = p + square / (2 * size)
    half = quantile * np.sqrt(p * (1 - p) / size + square / (4 * size**2))
    scale = 1 + square / size
    low = np.where(x <= 0, 0.0, np.clip((middle - half) / scale, 0.0, p))
    high = np.where(x >= size, 1.0, np.clip((middle + half) / scale, p, 1.0))
    return Bounds(low=low, high=high)


def adjusted_wilson(events: npt.ArrayLike, n: npt.ArrayLike, *, z: npt.ArrayLike) -> Bounds:
    """Wilson's interval, widened so that neither end misses the rate more often than the whole interval may.

    An end is moved out to the Clopper-Pearson limit at tail alpha (not alpha / 2) where that lies further out, which
    happens below some ten events (or ten cases without the event). It is Brown, Cai and DasGupta's adjustment for
    one to three events, without their Poisson approximation and for every count.

    Parameters
    ----------
    events, n : array-like of shape (k,)
        Counts, possibly fractional; ``n`` above zero.
    z : float or array-like of shape (k,)
        Two-sided quantile; alpha is its two-sided normal tail.

    Returns
    -------
    Bounds
        Within [0, 1]; exactly 0 at no events and exactly 1 at all.

    References
    ----------
    Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical
    Science 16, 101-133 (section 4.1.1).

    Examples
    --------
    >>> found = adjusted_wilson([1, 50], [3, 100], z=1.959964)
    >>> found.low.round(3).tolist(), found.high.round(3).tolist()
    ([0.017, 0.404], [0.865, 0.596])
    """
    x, size = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    # the upper end of the events is one less the lower end of the cases without the event
    return Bounds(low=adjusted_low(x, size, z=z), high=1.0 - adjusted_low(size - x, size, z=z))


def adjusted_low(events: Floats, n: Floats, *, z: npt.ArrayLike) -> Floats:
    """Give the lower end of ``adjusted_wilson``."""
    p = events / n
    quantile = np.asarray(z, dtype=np.float64) + 0.0 * p
    square = quantile**2
    half = quantile * np.sqrt(p * (1 - p) / n + square / (4 * n**2))
    low = np.where(p > 0, np.minimum(np.maximum((p + square / (2 * n) - half) / (1 + square / n), 0.0), p), 0.0)
    # beyond 25 z^2 events Wilson's end is the lower one for z up to 4, and the beta function can be spared
    few = (p > 0) & (events < 30 * square)
    if few.any():
        x, size = (events + 0.0 * p)[few], (n + 0.0 * p)[few]
        # with hardly a degree of freedom the quantile is so large that the beta function gives up: that far out is 0
        exact = np.nan_to_num(betaincinv(x, size - x + 1, 2 * ndtr(-quantile[few])), nan=0.0)
        low[few] = np.minimum(low[few], exact)
    return low


def newcombe(table: Fourfold, *, z: npt.ArrayLike) -> Bounds:
    """Interval of a difference of two rates from the ends of each (Newcombe's method 10 on adjusted Wilson ends).

    Parameters
    ----------
    table : Fourfold
        Counts of both sides, shape (k,).
    z : float or array-like of shape (k,)
        Two-sided quantile.

    Returns
    -------
    Bounds
        Within [-1, 1]; mirrored when group and reference change places.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Statistics in
    Medicine 17, 873-890.

    Examples
    --------
    Newcombe's own example (a): 56 of 70 against 48 of 80.

    >>> found = newcombe(Fourfold.of(56, 70, (48, 80)), z=1.959964)
    >>> round(float(found.low), 4), round(float(found.high), 4)
    (0.0524, 0.3339)
    """
    p, q = table.rate, table.reference_rate
    own = adjusted_wilson(table.events, table.n, z=z)
    other = adjusted_wilson(table.reference_events, table.reference_n, z=z)
    difference = p - q
    return Bounds(
        low=np.maximum(difference - np.hypot(p - own.low, other.high - q), -1.0),
        high=np.minimum(difference + np.hypot(own.high - p, q - other.low), 1.0),
    )


def mover_ratio(table: Fourfold, *, z: npt.ArrayLike) -> Bounds:
    """Interval of a ratio of two rates from the ends of each (MOVER-R on adjusted Wilson ends).

    Parameters
    ----------
    table : Fourfold
        Counts of both sides, shape (k,).
    z : float or array-like of shape (k,)
        Two-sided quantile.

    Returns
    -------
    Bounds
        From 0 (no events in the group) to infinity (no events in the reference); the reciprocal when group and
        reference change places. Excludes 1 exactly where ``newcombe`` excludes 0.

    References
    ----------
    Donner, A. and Zou, G. Y. (2012). Closed-form confidence intervals for functions of the normal mean and standard
    deviation. Statistical Methods in Medical Research 21, 347-359.

    Examples
    --------
    >>> found = mover_ratio(Fourfold.of(36, 40, (16, 80)), z=1.959964)
    >>> round(float(found.low), 2), round(float(found.high), 2)
    (2.9, 7.12)
    """
    own = adjusted_wilson(table.events, table.n, z=z)
    other = adjusted_wilson(table.reference_events, table.reference_n, z=z)
    low = _mover_low(table, own.low, other.high)
    swapped_low = _mover_low(table.swapped(), other.low, own.high)
    with np.errstate(divide="ignore"):
        return Bounds(low=low, high=1.0 / swapped_low)


def _mover_low(table: Fourfold, own_low: Floats, other_high: Floats) -> Floats:
    # theta where (p - theta q)^2 = (p - l)^2 + theta^2 (u - q)^2, written so that nothing cancels
    p, q = table.rate, table.reference_rate
    reach = own_low * (2 * p - own_low)
    root = np.sqrt(np.maximum((p * q) ** 2 - reach * other_high * (2 * q - other_high), 0.0))
    whole = p * q + root
    low = reach / np.where(whole > 0, whole, 1.0)
    return np.where((own_low > 0) & (whole > 0), low, 0.0)


def katz(table: Fourfold, *, z: npt.ArrayLike) -> Bounds:
    """Log interval of a ratio of two rates: the textbook one, for checking against; the score interval is better.

    Without events in the group the low end is 0 and the high end open; without events in the reference the high end
    is open. Below 5 expected events it covers too much or too little (``docs/explanation/intervals.md``).

    References
    ----------
    Katz, D., Baptista, J., Azen, S. P. and Pike, M. C. (1978). Obtaining confidence intervals for the risk ratio in
    cohort studies. Biometrics 34, 469-474.

    Examples
    --------
    >>> found = katz(Fourfold.of(20, 100, (10, 100)), z=1.959964)
    >>> round(float(found.low), 3), round(float(found.high), 3)
    (0.987, 4.054)
    """
    seen = (table.events > 0) & (table.reference_events > 0)
    x, y = np.where(seen, table.events, 1.0), np.where(seen, table.reference_events, 1.0)
    log_ratio = np.log(x / table.n) - np.log(y / table.reference_n)
    half = np.asarray(z) * np.sqrt(np.maximum(1 / x - 1 / table.n + 1 / y - 1 / table.reference_n, 0.0))
    with np.errstate(over="ignore"):
        low, high = np.exp(log_ratio - half), np.exp(log_ratio + half)
    return Bounds(low=np.where(seen, low, 0.0), high=np.where(seen, high, np.inf))
