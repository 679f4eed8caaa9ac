"""What a comparison could have found: the smallest true difference seen with a given power."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from igw_audit.stats.proportions import Floats

_HALVINGS = 50


def minimum_detectable_difference(
    n: npt.ArrayLike, reference: tuple[npt.ArrayLike, npt.ArrayLike], *, z: npt.ArrayLike, power: float = 0.8
) -> Floats:
    """Smallest difference between two rates that a test at quantile ``z`` finds with the given power.

    The reference rate is taken as known (drawn a little towards 1/2, so that it is never 0 or 1); the group's rate lies
    above it, or below it where no rate above would do.

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

    Returns
    -------
    ndarray of shape (k,)
        In (0, 1]; infinity where no difference between two rates would be found.

    References
    ----------
    Fleiss, J. L., Levin, B. and Paik, M. C. (2003). Statistical Methods for Rates and Proportions, section 4.3.

    Examples
    --------
    >>> minimum_detectable_difference([100, 3], ([500, 500], [5000, 5000]), z=1.96).round(2).tolist()
    [0.09, 0.57]
    """
    size, y, m, quantile = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (n, reference[0], reference[1], z))
    )
    q = (y + 0.5) / (m + 1)
    wanted = float(ndtri(power))

    def found(p: Floats) -> npt.NDArray[np.bool_]:
        pooled = (p * size + q * m) / (size + m)
        under_null = np.sqrt(pooled * (1 - pooled) * (1 / size + 1 / m))
        needed = quantile * under_null + wanted * np.sqrt(p * (1 - p) / size + q * (1 - q) / m)
        return np.asarray(np.abs(p - q) >= needed)

    above, below = _nearest(found, q, np.ones_like(q)), _nearest(found, q, np.zeros_like(q))
    return np.where(np.isfinite(above), above, below)


def minimum_detectable_mean(standard_error: npt.ArrayLike, *, z: npt.ArrayLike, power: float = 0.8) -> Floats:
    """Smallest difference between two means that an interval of this standard error finds, in the means' unit."""
    return np.asarray((np.asarray(z) + ndtri(power)) * np.asarray(standard_error), dtype=np.float64)


def _nearest(found: Callable[[Floats], npt.NDArray[np.bool_]], q: Floats, end: Floats) -> Floats:
    out, within = q, end
    for _ in range(_HALVINGS):
        middle = (out + within) / 2
        holds = found(middle)
        within, out = np.where(holds, middle, within), np.where(holds, out, middle)
    return np.where(found(end), np.abs(within - q), np.inf)
