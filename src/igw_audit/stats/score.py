"""Score intervals for the difference and the ratio of two rates: every hypothesis that the data do not reject."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from igw_audit.stats.proportions import Bounds, Floats, Fourfold

#: Halvings of [-1, 1] or of the log ratios [-46, 46]: the rest is below 1e-15 of the width.
_HALVINGS = 60
#: exp(46) = 9.5e19, beyond any ratio of two rates of people.
_LOG_LIMIT = 46.0


def difference_statistic(table: Fourfold, difference: npt.ArrayLike) -> Floats:
    """Score statistic of ``rate - reference_rate = difference``; it falls as the difference rises.

    The variance is taken at the rates that are most likely under that difference (closed form of the cubic), with
    the factor N / (N - 1).

    References
    ----------
    Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4, 213-226.
    """
    delta = np.asarray(difference, dtype=np.float64)
    n, m, x, y = table.n, table.reference_n, table.events, table.reference_events
    total = n + m
    # the reference rate q solves total q^3 + two q^2 + one q + zero = 0, the group's rate is q + delta
    two = ((n + 2 * m) * delta - total - (x + y)) / total
    one = ((m * delta - total - 2 * y) * delta + x + y) / total
    zero = y * delta * (1 - delta) / total
    q = np.clip(_middle_root(two, one, zero), np.maximum(0.0, -delta), np.minimum(1.0, 1.0 - delta))
    p = np.clip(q + delta, 0.0, 1.0)
    return _studentised(table.rate - table.reference_rate - delta, p * (1 - p) / n + q * (1 - q) / m, total)


def ratio_statistic(table: Fourfold, ratio: npt.ArrayLike) -> Floats:
    """Score statistic of ``rate / reference_rate = ratio``; it falls as the ratio rises.

    References
    ----------
    Koopman, P. A. R. (1984). Confidence intervals for the ratio of two binomial proportions. Biometrics 40, 513-517.
    Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4, 213-226.
    """
    theta = np.asarray(ratio, dtype=np.float64)
    n, m, x, y = table.n, table.reference_n, table.events, table.reference_events
    total = n + m
    # the reference rate q solves total theta q^2 - slope q + (x + y) = 0; written so that nothing cancels
    slope = (n + y) * theta + x + m
    root = np.sqrt(np.maximum(slope**2 - 4 * total * theta * (x + y), 0.0))
    q = np.minimum(2 * (x + y) / (slope + root), np.minimum(1.0, 1.0 / theta))
    p = np.minimum(theta * q, 1.0)
    variance = p * (1 - p) / n + theta**2 * q * (1 - q) / m
    return _studentised(table.rate - theta * table.reference_rate, variance, total)


def score_difference(table: Fourfold, *, z: npt.ArrayLike) -> Bounds:
    """Miettinen-Nurminen interval of a difference of two rates.

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
    Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4, 213-226.

    Examples
    --------
    >>> found = score_difference(Fourfold.of(56, 70, (48, 80)), z=1.959964)
    >>> round(float(found.low), 4), round(float(found.high), 4)
    (0.0528, 0.3382)
    """
    return Bounds(low=_lowest_difference(table, z), high=-_lowest_difference(table.swapped(), z))


def score_ratio(table: Fourfold, *, z: npt.ArrayLike) -> Bounds:
    """Koopman's score interval of a ratio of two rates, with Miettinen and Nurminen's factor.

    Parameters
    ----------
    table : Fourfold
        Counts of both sides, shape (k,).
    z : float or array-like of shape (k,)
        Two-sided quantile.

    Returns
    -------
    Bounds
        From 0 (no events in the group) to infinity (no events in the reference).

    References
    ----------
    Koopman, P. A. R. (1984). Confidence intervals for the ratio of two binomial proportions. Biometrics 40, 513-517.

    Examples
    --------
    Koopman's own example: 36 of 40 against 16 of 80; without the factor he has [2.940, 7.152].

    >>> found = score_ratio(Fourfold.of(36, 40, (16, 80)), z=1.959964)
    >>> round(float(found.low), 2), round(float(found.high), 2)
    (2.93, 7.17)
    """
    low = _lowest_ratio(table, z)
    with np.errstate(divide="ignore"):
        return Bounds(low=low, high=1.0 / _lowest_ratio(table.swapped(), z))


def _lowest_difference(table: Fourfold, z: npt.ArrayLike) -> Floats:
    found, quantile = table.rate - table.reference_rate, np.asarray(z, dtype=np.float64)

    def kept(delta: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(difference_statistic(table, delta) <= quantile)

    low = _first_kept(kept, np.full_like(found, -1.0), found)
    return np.where(kept(np.full_like(found, -1.0)), -1.0, low)


def _lowest_ratio(table: Fourfold, z: npt.ArrayLike) -> Floats:
    x, y, quantile = table.events, table.reference_events, np.asarray(z, dtype=np.float64)
    seen = (x > 0) & (y > 0)
    found = np.where(seen, np.where(seen, table.rate, 1.0) / np.where(seen, table.reference_rate, 1.0), 1.0)
    end = np.where(seen, np.log(found), _LOG_LIMIT)

    def kept(log_ratio: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(ratio_statistic(table, np.exp(log_ratio)) <= quantile)

    low = np.exp(_first_kept(kept, np.full_like(end, -_LOG_LIMIT), end))
    return np.where(x > 0, np.where(seen, np.minimum(low, found), low), 0.0)


def _first_kept(kept: Callable[[Floats], npt.NDArray[np.bool_]], out: Floats, within: Floats) -> Floats:
    """Halve towards the border between ``out`` (rejected) and ``within`` (kept), staying on the kept side."""
    for _ in range(_HALVINGS):
        middle = (out + within) / 2
        holds = kept(middle)
        within, out = np.where(holds, middle, within), np.where(holds, out, middle)
    return within


def _middle_root(two: Floats, one: Floats, zero: Floats) -> Floats:
    """Give the root of q^3 + two q^2 + one q + zero that is a rate (Miettinen and Nurminen's appendix)."""
    centre = two / 3
    lean = centre**3 - one * centre / 2 + zero / 2
    spread = np.sqrt(np.maximum(centre**2 - one / 3, 0.0)) * np.where(lean < 0, -1.0, 1.0)
    cubed = np.where(spread == 0, 1.0, spread**3)
    angle = (np.pi + np.arccos(np.clip(np.where(spread == 0, 0.0, lean / cubed), -1.0, 1.0))) / 3
    return np.asarray(2 * spread * np.cos(angle) - centre)


def _studentised(gap: Floats, variance: Floats, total: Floats) -> Floats:
    # fewer than two cases have no N - 1; effective counts may come close
    spread = np.sqrt(np.maximum(variance, 0.0) * total / np.maximum(total - 1, total / 2))
    certain = spread <= 1e-150
    statistic = gap / np.where(certain, 1.0, spread)
    return np.where(certain, np.where(np.abs(gap) < 1e-12, 0.0, np.copysign(np.inf, gap)), statistic)
