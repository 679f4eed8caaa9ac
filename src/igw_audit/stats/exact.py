"""Tests of equal rates: exact where cells are small, score test elsewhere, chi-square over many groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, gammaln, ndtr

Alternative = Literal["two-sided", "greater", "less"]
#: Cochran's rule: below five expected in some cell the normal approximation is not trusted.
SMALL_EXPECTED = 5.0
#: No p-value is zero: the least number above it stands for what underflows.
_LEAST = 5e-324


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquare:
    """Pearson's test that all groups have the same rate."""

    chi_square: float
    degrees_of_freedom: int
    p_value: float


def fisher(
    group: tuple[int, int], reference: tuple[int, int], *, alternative: Alternative = "two-sided", mid: bool = False
) -> float:
    """Fisher's exact test of equal rates.

    Parameters
    ----------
    group, reference : tuple of int
        ``(events, n)`` of each side.
    alternative : {"two-sided", "greater", "less"}
        ``greater``: the group's rate is higher. Two-sided sums every table that is no likelier than the one found.
    mid : bool
        Count the probability of the found table (two-sided: of all equally likely ones) by half. Less conservative;
        its size stays near the nominal one (``docs/explanation/intervals.md``).

    Returns
    -------
    float
        The p-value, within (0, 1].

    References
    ----------
    Fisher, R. A. (1935). The logic of inductive inference. JRSS 98, 39-82.
    Lancaster, H. O. (1961). Significance tests in discrete distributions. JASA 56, 223-234.

    Examples
    --------
    Unduly paid students by education in the DUO sample of 2014: 4 of 53 against 4 of 169.

    >>> round(fisher((4, 53), (4, 169), alternative="greater"), 3)
    0.095
    """
    (x, n), (y, m) = _checked(group), _checked(reference)
    found, chances = _tables_with_these_margins(x, n, y, m)
    own = float(chances[found])
    if alternative == "greater":
        further, level = float(chances[found + 1 :].sum()), own
    elif alternative == "less":
        further, level = float(chances[:found].sum()), own
    else:
        # equally likely tables differ in the last digits only
        alike = np.abs(chances / own - 1) < 1e-7
        further, level = float(chances[(chances < own) & ~alike].sum()), float(chances[alike].sum())
    return min(1.0, max(further + (level / 2 if mid else level), _LEAST))


def score_test(group: tuple[float, float], reference: tuple[float, float]) -> float:
    """Two-sided score test of equal rates: the chi-square test without continuity correction, with N / (N - 1).

    References
    ----------
    Campbell, I. (2007). Chi-squared and Fisher-Irwin tests of two-by-two tables with small sample recommendations.
    Statistics in Medicine 26, 3661-3675.

    Examples
    --------
    >>> round(score_test((56, 70), (48, 80)), 4)
    0.0083
    """
    statistic = abs(pooled_z(group, reference)) * math.sqrt(_shrink(group[1] + reference[1]))
    return max(float(2 * ndtr(-statistic)), _LEAST)


def pooled_z(group: tuple[float, float], reference: tuple[float, float]) -> float:
    """Z statistic of equal rates with the pooled variance, positive where the group's rate is higher; 0 if none vary.

    Examples
    --------
    >>> round(pooled_z((4, 53), (4, 169)), 3)
    1.765
    """
    (x, n), (y, m) = group, reference
    pooled = (x + y) / (n + m)
    variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    return 0.0 if variance <= 0 else (x / n - y / m) / math.sqrt(variance)


def equal_rates(group: tuple[int, int], reference: tuple[int, int]) -> float:
    """Two-sided p-value of equal rates: Fisher's test where a cell expects fewer than five, else the score test.

    Examples
    --------
    >>> round(equal_rates((0, 3), (30, 400)), 3)
    1.0
    """
    (x, n), (y, m) = _checked(group), _checked(reference)
    events, total = x + y, n + m
    expected = min(n, m) * min(events, total - events) / total
    return fisher(group, reference) if expected < SMALL_EXPECTED else score_test(group, reference)


def homogeneity(events: Sequence[float] | npt.NDArray[np.float64], n: Sequence[float]) -> ChiSquare | None:
    """Test with Pearson's chi-square that K groups have one rate; None where nothing varies or one group is left.

    Groups without cases are left out of the degrees of freedom.

    References
    ----------
    Pearson, K. (1900). On the criterion that a given system of deviations ... Philosophical Magazine 50, 157-175.

    Examples
    --------
    Selected for a DUO check in 2014, by origin.

    >>> found = homogeneity([1050, 120, 2010], [178200, 15630, 54820])
    >>> round(found.chi_square), found.degrees_of_freedom
    (3179, 2)
    """
    x, size = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    x, size = x[size > 0], size[size > 0]
    total = float(size.sum())
    pooled = float(x.sum()) / total if total else 0.0
    if len(size) < 2 or not 0 < pooled < 1:
        return None
    statistic = float(((x - pooled * size) ** 2 / (size * pooled * (1 - pooled))).sum())
    freedom = len(size) - 1
    return ChiSquare(chi_square=statistic, degrees_of_freedom=freedom, p_value=float(chdtrc(freedom, statistic)))


def _tables_with_these_margins(x: int, n: int, y: int, m: int) -> tuple[int, npt.NDArray[np.float64]]:
    events = x + y
    lowest, highest = max(0, events - m), min(n, events)
    k = np.arange(lowest, highest + 1, dtype=np.float64)
    log_chance = -gammaln(k + 1) - gammaln(n - k + 1) - gammaln(events - k + 1) - gammaln(m - events + k + 1)
    chances = np.exp(log_chance - log_chance.max())
    return x - lowest, chances / chances.sum()


def _checked(side: tuple[int, int]) -> tuple[int, int]:
    events, n = side
    if not 0 <= events <= n or n < 1 or events != int(events) or n != int(n):
        raise ValueError(
            f"found {events} events of {n} cases; expected whole numbers, events between 0 and n, n above 0"
        )
    return int(events), int(n)


def _shrink(total: float) -> float:
    return (total - 1) / total if total > 1 else 0.0
