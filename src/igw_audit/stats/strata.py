"""Group differences within strata of the declared factors: Mantel-Haenszel, and conditional demographic disparity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from igw_audit.stats.crt import cluster_sums
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.proportions import normal_quantile, wilson

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedDifference:
    """A difference of two rates within strata, and the Cochran-Mantel-Haenszel test that there is none."""

    difference: Estimate
    p_value: float


def mantel_haenszel(event: Bools, member: Bools, strata: Codes, *, confidence: float) -> StratifiedDifference | None:
    """Compare the event rate of members with that of all others within strata.

    Parameters
    ----------
    event, member : ndarray of bool, shape (n_cases,)
    strata : ndarray of int64, shape (n_cases,)
    confidence : float
        Level of the interval (Klingenberg's, from Sato's variance: holds for many small strata and few large ones).

    Returns
    -------
    StratifiedDifference or None
        None where no stratum holds both members and others, or none of those has both outcomes.

    References
    ----------
    Mantel, N. and Haenszel, W. (1959). JNCI 22, 719-748.
    Sato, T., Greenland, S. and Robins, J. M. (1989). On the variance estimator for the Mantel-Haenszel risk
    difference. Biometrics 45, 1323-1324.
    Klingenberg, B. (2014). A new and improved confidence interval for the Mantel-Haenszel risk difference.
    Statistics in Medicine 33, 2968-2983.

    Examples
    --------
    >>> event, member = np.arange(40) % 4 == 0, np.arange(40) < 20
    >>> found = mantel_haenszel(event, member, np.arange(40) % 2, confidence=0.95)
    >>> round(found.difference.value, 12), found.p_value
    (0.0, 1.0)
    """
    table = _table(event, member, strata)
    n1, n0 = table[:, 1].sum(axis=1), table[:, 0].sum(axis=1)
    both = (n1 > 0) & (n0 > 0)
    table, n1, n0 = table[both], n1[both], n0[both]
    n = n1 + n0
    events1, events0 = table[:, 1, 1], table[:, 0, 1]
    events = events1 + events0
    spread = (n1 * n0 * events * (n - events) / (n**2 * np.maximum(n - 1, 1))).sum()
    if spread <= 0:
        return None
    statistic = (events1 - n1 * events / n).sum() ** 2 / spread
    weight = (n1 * n0 / n).sum()
    value = ((events1 * n0 - events0 * n1) / n).sum() / weight
    low, high = _klingenberg(table, value, weight, confidence)
    estimate = Estimate(
        value=float(value),
        low=low,
        high=high,
        confidence=confidence,
        n=int(n.sum()),
        method=f"Mantel-Haenszel over {len(n)} strata, Klingenberg",
    )
    return StratifiedDifference(difference=estimate, p_value=float(erfc(math.sqrt(statistic / 2))))


def conditional_demographic_disparity(
    event: Bools, member: Bools, strata: Codes, *, confidence: float, cluster: Codes | None = None
) -> Estimate | None:
    """Compare the members' share among the selected with their share among the others, averaged over strata.

    Positive: members make up more of the selected than of those not selected, within strata, weighted by the strata's
    sizes. The interval adds up Wilson intervals per stratum (MOVER), widened by the design effect of clusters.

    Parameters
    ----------
    event, member : ndarray of bool, shape (n_cases,)
        Selected or not; in the group or not.
    strata : ndarray of int64, shape (n_cases,)
    confidence : float
    cluster : ndarray of int64, shape (n_cases,), optional
        Numbered from 0.

    Returns
    -------
    Estimate or None
        None where no stratum holds both selected and other cases; ``n`` counts the cases of strata that do.

    References
    ----------
    Wachter, S., Mittelstadt, B. and Russell, C. (2021). Why fairness cannot be automated. Computer Law and Security
    Review 41, 105567.
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures. Statistics in Medicine
    27, 1693-1702.

    Examples
    --------
    >>> event, member = np.arange(40) % 4 == 0, np.arange(40) < 20
    >>> conditional_demographic_disparity(event, member, np.zeros(40, dtype=np.int64), confidence=0.95).value
    0.0
    """
    table = _table(event, member, strata)
    selected, others = table[:, :, 1].sum(axis=1), table[:, :, 0].sum(axis=1)
    both = (selected > 0) & (others > 0)
    if not both.any():
        return None
    used = both[strata]
    weight = np.where(both, selected + others, 0.0) / (selected + others)[both].sum()
    share1, share0 = table[:, 1, 1] / np.maximum(selected, 1), table[:, 1, 0] / np.maximum(others, 1)
    value = float((weight * (share1 - share0)).sum())
    z = normal_quantile(confidence)
    one = wilson(table[:, 1, 1], np.maximum(selected, 1), z=z)
    zero = wilson(table[:, 1, 0], np.maximum(others, 1), z=z)
    down = math.sqrt(float((weight**2 * ((share1 - one.low) ** 2 + (zero.high - share0) ** 2)).sum()))
    up = math.sqrt(float((weight**2 * ((one.high - share1) ** 2 + (share0 - zero.low) ** 2)).sum()))
    if cluster is not None:
        side = np.where(event, (weight / np.maximum(selected, 1))[strata], -(weight / np.maximum(others, 1))[strata])
        pull = side * (member - np.where(event, share1[strata], share0[strata])) * used
        alone = float((pull**2).sum())
        together = float((cluster_sums(pull[:, None], cluster) ** 2).sum())
        stretch = math.sqrt(max(1.0, together / alone)) if alone > 0 else 1.0
        down, up = down * stretch, up * stretch
    return Estimate(
        value=value,
        low=max(-1.0, value - down),
        high=min(1.0, value + up),
        confidence=confidence,
        n=int(used.sum()),
        method=f"difference of shares within {int(both.sum())} strata, MOVER-Wilson",
    )


def prognostic_strata(expected: Floats, *, most: int = 20) -> Codes:
    """Cut cases into strata of about equal size by what the declared factors lead one to expect.

    Parameters
    ----------
    expected : ndarray of float64, shape (n_cases,)
        Score predicted from the declared factors alone.
    most : int
        Number of strata; fewer where the table is small (50 cases a stratum) or the predictions tie.

    References
    ----------
    Hansen, B. B. (2008). The prognostic analogue of the propensity score. Biometrika 95, 481-488.

    Examples
    --------
    >>> np.bincount(prognostic_strata(np.arange(200.0))).tolist()
    [50, 50, 50, 50]
    """
    count = max(1, min(most, len(expected) // 50))
    inner = np.quantile(expected, np.arange(1, count) / count, method="lower")
    return np.unique(np.searchsorted(inner, expected, side="left"), return_inverse=True)[1].astype(np.int64)


def _table(event: Bools, member: Bools, strata: Codes) -> Floats:
    """Count cases by stratum, membership and event; shape (n_strata, 2, 2)."""
    cell = strata * 4 + member * 2 + event
    return np.bincount(cell, minlength=4 * (int(strata.max()) + 1)).reshape(-1, 2, 2).astype(np.float64)


def _klingenberg(table: Floats, value: float, weight: float, confidence: float) -> tuple[float, float]:
    """Solve (value - d)^2 = z^2 (d P + Q) / weight^2 for d, with Sato's P and Q."""
    events1, events0 = table[:, 1, 1], table[:, 0, 1]
    n1, n0 = table[:, 1].sum(axis=1), table[:, 0].sum(axis=1)
    n = n1 + n0
    slope = ((n1**2 * events0 - n0**2 * events1 + n1 * n0 * (n0 - n1) / 2) / n**2).sum()
    level = ((events1 * (n0 - events0) + events0 * (n1 - events1)) / (2 * n)).sum()
    z2 = normal_quantile(confidence) ** 2
    middle = value + 0.5 * z2 * slope / weight**2
    half = math.sqrt(max(middle**2 - value**2 + z2 * level / weight**2, 0.0))
    return max(-1.0, min(middle - half, value)), min(1.0, max(middle + half, value))
