"""What a comparison could have found: the smallest true difference seen with a given power."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, ndtr, ndtri

from igw_audit.stats.proportions import Floats, adjusted_low

#: Leaves half a case of ten million; near a guess, 1e-2 of the reach.
_HALVINGS = 25
_HALVINGS_NEARBY = 8
#: Three outcomes of the reference that stand for all of them (Gauss-Hermite): in standard deviations, with weights.
_NODES = np.array([0.0, np.sqrt(3.0), -np.sqrt(3.0)])
_WEIGHTS = np.array([4.0, 1.0, 1.0]) / 6


def minimum_detectable_difference(
    n: npt.ArrayLike,
    reference: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    z: npt.ArrayLike,
    power: float = 0.8,
    whole: bool = True,
) -> Floats:
    """Smallest true difference between two rates whose interval excludes 0 with the given chance.

    It asks of the very interval that is reported (``proportions.newcombe``) from which number of events on it would
    exclude 0, and which rate reaches that number often enough. The reference's rate is taken as known (drawn a little
    towards 1/2, so that it is never 0 or 1); the group's rate lies above it, or below it where none above would do.

    Parameters
    ----------
    n : array-like of shape (k,)
        Cases of the group, possibly effective ones.
    reference : tuple of array-like
        ``(events, n)`` of the reference.
    z : array-like of shape (k,)
        Two-sided quantile of the interval that has to exclude 0.
    power : float
        Chance of finding it.
    whole : bool
        Whether events come in whole numbers; not so for effective counts.

    Returns
    -------
    ndarray of shape (k,)
        In (0, 1]; infinity where no difference between two rates would be found.

    References
    ----------
    Fleiss, J. L., Levin, B. and Paik, M. C. (2003). Statistical Methods for Rates and Proportions, chapter 4, for the
    question; the answer is by the interval's own rejection region, since the textbook formula promises 80 % where a
    group of three has 56 %.

    Examples
    --------
    >>> minimum_detectable_difference([100, 3], ([500, 500], [5000, 5000]), z=1.96).round(2).tolist()
    [0.09, 0.61]
    """
    size, y, m, quantile = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (n, reference[0], reference[1], z))
    )
    q = (y + 0.5) / (m + 1)
    above = _rise(size, (q, m), quantile, (power, whole))
    if np.isfinite(above).all():
        return above
    return np.where(np.isfinite(above), above, _rise(size, (1 - q, m), quantile, (power, whole)))


def _rise(n: Floats, reference: tuple[Floats, Floats], z: Floats, asked: tuple[float, bool]) -> Floats:
    """Find how far above the reference's rate a rate is found; infinity where none is."""
    (q, m), (power, whole) = reference, asked
    others = np.clip(m * q + _NODES[:, None] * np.sqrt(m * q * (1 - q)), 0.0, m)
    rate, high = others / m, 1.0 - adjusted_low(m - others, np.broadcast_to(m, others.shape), z=z)

    def excludes(x: Floats) -> npt.NDArray[np.bool_]:
        # the lower end of ``newcombe`` is above zero
        return np.asarray(x / n - rate > np.hypot(x / n - adjusted_low(x, n, z=z), high - rate))

    top = np.broadcast_to(n, others.shape)
    guess = top * rate
    for _ in range(4):
        guess = np.minimum(n * (rate + np.hypot(guess / n - adjusted_low(guess, n, z=z), high - rate)), top)
    fewest = _border(excludes, (np.zeros_like(top), top), near=(guess, np.full_like(top, 2.0)))
    # the border is known to half an event, and lies on the side that excludes
    fewest = np.where(excludes(np.floor(fewest)), np.floor(fewest), np.ceil(fewest)) if whole else fewest
    reachable = excludes(top)

    def often(p: Floats) -> npt.NDArray[np.bool_]:
        chance = np.where(reachable, _at_least(fewest, n, p), 0.0)
        return np.asarray((_WEIGHTS[:, None] * chance).sum(axis=0) >= power)

    needed = fewest / n
    centre = (_WEIGHTS[:, None] * needed).sum(axis=0)
    noise = (_WEIGHTS[:, None] * (needed - centre) ** 2).sum(axis=0)
    likely = np.minimum(centre + ndtri(power) * np.sqrt(centre * (1 - centre) / n + noise), 1.0)
    found = _border(often, (q, np.ones_like(q)), near=(likely, 0.1 * (likely - q)))
    return np.where(often(np.ones_like(q)), found - q, np.inf)


def minimum_detectable_mean(standard_error: npt.ArrayLike, *, z: npt.ArrayLike, power: float = 0.8) -> Floats:
    """Smallest difference between two means that an interval of this standard error finds, in the means' unit."""
    return np.asarray((np.asarray(z) + ndtri(power)) * np.asarray(standard_error), dtype=np.float64)


def _at_least(events: Floats, n: Floats, p: Floats) -> Floats:
    """Chance of so many events or more: incomplete beta function, normal beyond 400 events (error below .002)."""
    size, rate = n + 0.0 * events, p + 0.0 * events
    chance = ndtr((size * rate - events + 0.5) / np.sqrt(np.maximum(size * rate * (1 - rate), 1e-12)))
    few = events <= 400
    if few.any():
        chance[few] = betainc(np.maximum(events[few], 1e-9), size[few] - events[few] + 1, rate[few])
    return np.asarray(chance)


def _border(
    holds: Callable[[Floats], npt.NDArray[np.bool_]], ends: tuple[Floats, Floats], *, near: tuple[Floats, Floats]
) -> Floats:
    """Halve between an end that does not hold and one that does; near a guess if the border lies there."""
    (out, within), (guess, reach) = ends, near
    low, high = np.clip(guess - reach, out, within), np.clip(guess + reach, out, within)
    halvings = _HALVINGS
    if (holds(high) & ~holds(low)).all():
        out, within, halvings = low, high, _HALVINGS_NEARBY
    for _ in range(halvings):
        middle = (out + within) / 2
        found = holds(middle)
        within, out = np.where(found, middle, within), np.where(found, out, middle)
    return within
