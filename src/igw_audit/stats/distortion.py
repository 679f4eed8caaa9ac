"""How far the outcomes of inspected cases lie from those of all cases, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.clusters import Design, Side, effective, side
from igw_audit.stats.comparison import Unmeasured
from igw_audit.stats.contrasts import Pair
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.exact import homogeneity
from igw_audit.stats.joint import interval_name, student
from igw_audit.stats.multiplicity import max_t_critical
from igw_audit.stats.proportions import adjusted_wilson

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]

_DRAWS = 1999


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Which cases were inspected, what was found, and what stands for all cases.

    Attributes
    ----------
    event, inspected : ndarray of bool, shape (n_cases,)
    weight : ndarray of float64, shape (n_cases,)
        Weight that carries a case over to all cases (one over its chance, or 1 for the random arm); 0 does not count.
    own : ndarray of float64 or None
        Weight of a case among the inspected; None weighs all alike.
    cluster : ndarray of int64 or None
    """

    event: Bools
    inspected: Bools
    weight: Floats
    own: Floats | None = None
    cluster: Codes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distortion:
    """One group: the rate among the inspected less the rate of all, and that beside its reference's.

    ``reason`` says why the distortion or, if that is there, the difference has no number.
    """

    distortion: Estimate | None
    difference: Estimate | None
    reason: Unmeasured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """A weighted rate at its effective counts: ``n`` independent cases, ``freedom`` for the spread of so many."""

    value: float
    n: float
    freedom: float
    people: int

    def reach(self, critical: float) -> tuple[float, float]:
        """Say how far the interval reaches below and above the rate."""
        z = student(critical, np.array([self.freedom]))
        bounds = adjusted_wilson([self.value * self.n], [self.n], z=z)
        return self.value - float(bounds.low[0]), float(bounds.high[0]) - self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Both:
    """Both rates of one set of cases, how they go together, and each cluster's part in their difference."""

    inspected: _Rate
    whole: _Rate
    together: float
    shift: Floats

    @property
    def value(self) -> float:
        return self.inspected.value - self.whole.value

    def ends(self, critical: float) -> tuple[float, float]:
        """Join both rates' own ends (MOVER for dependent estimates)."""
        one, other = self.inspected.reach(critical), self.whole.reach(critical)
        below, above = (
            float(np.sqrt(max(a * a + b * b - 2 * self.together * a * b, 0.0)))
            for a, b in ((one[0], other[1]), (one[1], other[0]))
        )
        return self.value - below, self.value + above


def distortions(
    outcomes: Outcomes, pairs: Sequence[Pair], *, confidence: float = 0.95, seed: int = 0
) -> tuple[Distortion, ...]:
    """Measure the distortion of every group, and how it differs from its reference's.

    Both rates come with Wilson's interval on effective counts, which holds with few events; the interval of their
    difference joins those ends with the correlation of the two rates (MOVER). That correlation is the smaller of the
    one found and the one that the weights alone give, and never below zero. The difference of two distortions joins
    theirs in the same way, as independent.

    Parameters
    ----------
    outcomes : Outcomes
    pairs : sequence of (ndarray of bool, ndarray of bool), each of shape (n_cases,)
        Who is in the group, and who it is compared with.
    confidence : float
        Joint level of all distortions, and of all differences.
    seed : int
        Seed of the draws behind the joint quantiles.

    Returns
    -------
    tuple of Distortion
        One a pair, in the order given.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
    Statistics in Medicine 27, 1693-1702.
    Hajek, J. (1971). Comment on a paper by D. Basu. In: Foundations of Statistical Inference, 236.

    Examples
    --------
    Half of the cases under suspicion are inspected and one in ten of the others; suspicion doubles the rate.

    >>> suspect, event = np.arange(4000) < 1000, np.arange(4000) % 10 == 0
    >>> event |= suspect & (np.arange(4000) % 10 == 1)
    >>> inspected = np.arange(4000) // 20 % np.where(suspect, 2, 10) == 0
    >>> group = np.arange(4000) % 20 < 10
    >>> seen = Outcomes(event=event, inspected=inspected, weight=np.where(suspect, 2.0, 10.0))
    >>> found, = distortions(seen, [(group, ~group)])
    >>> round(found.distortion.value, 4), round(found.difference.value, 4)
    (0.0375, 0.0)
    """
    weight = np.where(outcomes.inspected, outcomes.weight, 0.0)
    cluster = Design.of(len(weight), outcomes.cluster, None).cluster
    designs = tuple(
        Design(cluster=cluster, weight=np.where(values > 0, values, 1.0))
        for values in (np.ones(len(weight)) if outcomes.own is None else outcomes.own, weight)
    )
    sides = [tuple(_both(outcomes, weight, chosen, designs) for chosen in pair) for pair in pairs]
    alone = [one for one, _ in sides if one is not None]
    joined = [(one, other) for one, other in sides if one is not None and other is not None]
    quantiles = (
        _joint([one.shift for one in alone], confidence, seed),
        _joint([one.shift - other.shift for one, other in joined], confidence, seed),
    )
    names = tuple(
        interval_name("difference of two rates, MOVER", effective=True, groups=count)
        for count in (len(alone), len(joined))
    )
    return tuple(
        _read(one, other, quantiles, (confidence, names), empty=not bool((outcomes.inspected & pair[0]).any()))
        for (one, other), pair in zip(sides, pairs, strict=True)
    )


def equal_rates_by_lot(groups: Codes, event: Bools, *, cluster: Codes | None = None, seed: int = 0) -> float | None:
    """Test that all groups have one rate: Pearson's chi-square against events dealt out anew.

    With clusters its chi-square distribution at effective counts (Rao and Scott); None where nothing varies.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_cases,)
    event : ndarray of bool, shape (n_cases,)
    cluster : ndarray of int64 or None
    seed : int
        Key of the draws.

    References
    ----------
    Rao, J. N. K. and Scott, A. J. (1992). A simple method for the analysis of clustered binary data. Biometrics 48,
    577-585.

    Examples
    --------
    >>> groups = np.repeat([0, 1, 2], 100)
    >>> equal_rates_by_lot(groups, np.arange(300) % 10 < np.repeat([1, 1, 4], 100))
    0.0005
    """
    n = np.bincount(groups)
    found = homogeneity(np.bincount(groups, event.astype(np.float64), minlength=len(n)).tolist(), n.tolist())
    if found is None:
        return None
    if cluster is not None:
        design = Design.of(len(groups), cluster, None)
        worth = [effective(side(event.astype(np.float64), groups == code, design)) for code in np.flatnonzero(n)]
        adjusted = homogeneity([part.events for part in worth], [part.n for part in worth])
        return None if adjusted is None else adjusted.p_value
    sizes, total = n[n > 0], int(event.sum())
    drawn = np.random.default_rng([seed, 0xA11]).multivariate_hypergeometric(sizes, total, size=_DRAWS)
    pooled = total / len(groups)
    spread = ((drawn - pooled * sizes) ** 2 / (sizes * pooled * (1 - pooled))).sum(axis=1)
    return float((1 + (spread >= found.chi_square - 1e-9).sum()) / (_DRAWS + 1))


def _both(outcomes: Outcomes, weight: Floats, chosen: Bools, designs: tuple[Design, ...]) -> _Both | None:
    seen, counted = outcomes.inspected & chosen, (weight > 0) & chosen
    if min(len(np.unique(designs[0].cluster[part])) for part in (seen, counted)) < 2:
        return None
    values = outcomes.event.astype(np.float64)
    one, other = (side(values, part, design) for part, design in zip((seen, counted), designs, strict=True))
    spread = float(np.sqrt((one.shift**2).sum() * (other.shift**2).sum()))
    found = float((one.shift * other.shift).sum()) / spread if spread > 0 else 0.0
    by_weight = np.sqrt(min(weight[counted].sum() ** 2 / (weight[counted] ** 2).sum() / int(seen.sum()), 1.0))
    together = min(max(min(found, float(by_weight)), 0.0), 1.0)
    return _Both(
        inspected=_rate(one, designs[0].weight[seen]),
        whole=_rate(other, weight[counted]),
        together=together,
        shift=one.shift - other.shift,
    )


def _joint(shifts: Sequence[Floats], confidence: float, seed: int) -> float:
    """Find the quantile at which all intervals hold together; without spread they count as independent."""
    if len(shifts) < 2:
        return max_t_critical(np.eye(1), confidence=confidence)
    stacked = np.column_stack(shifts)
    norm = np.sqrt((stacked**2).sum(axis=0))
    scaled = stacked / np.where(norm > 0, norm, 1.0)
    correlation = np.clip(scaled.T @ scaled, -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return max_t_critical(correlation, confidence=confidence, seed=seed)


def _rate(part: Side, weight: Floats) -> _Rate:
    """Put a weighted mean at its effective counts; ``weight`` holds the weights of its cases.

    A few heavy cases without events show no spread, although they could have had some: the cases are worth no more
    than their weights allow (Kish), and the degrees of freedom are those of a sum of squared weights (Satterthwaite).
    """
    worth = effective(part)
    squares = weight**2
    return _Rate(
        value=worth.events / worth.n,
        n=max(1.0, min(worth.n, float(weight.sum() ** 2 / squares.sum()))),
        freedom=max(1.0, min(worth.freedom, float(squares.sum() ** 2 / (squares**2).sum()) - 1)),
        people=part.people,
    )


def _read(
    one: _Both | None,
    other: _Both | None,
    quantiles: tuple[float, float],
    form: tuple[float, tuple[str, ...]],
    *,
    empty: bool,
) -> Distortion:
    confidence, names = form
    if one is None:
        reason = Unmeasured.EMPTY_GROUP if empty else Unmeasured.TOO_FEW
        return Distortion(distortion=None, difference=None, reason=reason)
    low, high = one.ends(quantiles[0])
    n = one.inspected.people
    alone = Estimate(value=one.value, low=low, high=high, confidence=confidence, n=n, method=names[0])
    if other is None:
        return Distortion(distortion=alone, difference=None, reason=Unmeasured.EMPTY_REFERENCE)
    (low, high), (other_low, other_high) = one.ends(quantiles[1]), other.ends(quantiles[1])
    value = one.value - other.value
    difference = Estimate(
        value=value,
        low=value - float(np.hypot(one.value - low, other_high - other.value)),
        high=value + float(np.hypot(high - one.value, other.value - other_low)),
        confidence=confidence,
        n=n + other.inspected.people,
        method=names[1],
    )
    return Distortion(distortion=alone, difference=difference)
