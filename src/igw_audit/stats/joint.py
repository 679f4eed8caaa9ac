"""From counts to comparisons: intervals that hold together, adjusted p-values, what could have been found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from igw_audit.stats.clusters import Design, Effective, effective, effective_pair, side
from igw_audit.stats.comparison import RateComparison, RateCounts, Unmeasured
from igw_audit.stats.contrasts import Pair
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.exact import equal_rates
from igw_audit.stats.multiplicity import holm
from igw_audit.stats.power import minimum_detectable_difference
from igw_audit.stats.proportions import (
    Bounds,
    Floats,
    Fourfold,
    adjusted_wilson,
    mover_ratio,
    newcombe,
    normal_quantile,
)
from igw_audit.stats.score import difference_statistic


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What both sides of each pair are worth, in (effective) counts; an empty side stands as one case.

    Attributes
    ----------
    difference, ratio : Fourfold
        Counts for the difference and for the ratio, shape (k,).
    own : Fourfold
        Counts of each side by itself, shape (k,).
    freedom, own_freedom, other_freedom : ndarray of shape (k,)
        Degrees of freedom; infinity for independent cases.
    plain : bool
        Whether these are the counts of people themselves.
    """

    difference: Fourfold
    ratio: Fourfold
    own: Fourfold
    freedom: Floats
    own_freedom: Floats
    other_freedom: Floats
    plain: bool


def plain_worth(counts: Sequence[RateCounts]) -> Worth:
    """Count each case for one; an empty side stands as one case, and is never read."""
    x, n, y, m = (
        np.array([getattr(part, name) for part in counts], dtype=np.float64)
        for name in ("events", "n", "reference_events", "reference_n")
    )
    table = Fourfold(events=x, n=np.maximum(n, 1.0), reference_events=y, reference_n=np.maximum(m, 1.0))
    free = np.full(len(n), np.inf)
    return Worth(
        difference=table, ratio=table, own=table, freedom=free, own_freedom=free, other_freedom=free, plain=True
    )


def effective_worth(values: Floats, pairs: Sequence[Pair], design: Design) -> Worth:
    """Weigh each pair's sides by their clusters and weights; an empty side stands as one case, and is never read."""
    parts = [_pair_worth(values, pair, design) for pair in pairs]

    def stack(name: str) -> Fourfold:
        tables = [getattr(part, name) for part in parts]
        columns = ("events", "n", "reference_events", "reference_n")
        return Fourfold(**{c: np.concatenate([np.zeros(0), *(getattr(t, c) for t in tables)]) for c in columns})

    def freedoms(name: str) -> Floats:
        return np.concatenate([np.zeros(0), *(getattr(part, name) for part in parts)])

    return Worth(
        difference=stack("difference"),
        ratio=stack("ratio"),
        own=stack("own"),
        freedom=freedoms("freedom"),
        own_freedom=freedoms("own_freedom"),
        other_freedom=freedoms("other_freedom"),
        plain=False,
    )


def _pair_worth(values: Floats, pair: Pair, design: Design) -> Worth:
    member, compared = pair
    group = side(values, member, design) if member.any() else None
    reference = side(values, compared, design) if compared.any() else None
    one, other = (effective(part) if part else Effective(events=0.0, n=1.0, freedom=1.0) for part in (group, reference))
    own = Fourfold.of([one.events], [one.n], ([other.events], [other.n]))
    both = effective_pair(group, reference) if group and reference else None
    return Worth(
        difference=both.difference if both else own,
        ratio=both.ratio if both else own,
        own=own,
        freedom=np.array([both.freedom if both else 1.0]),
        own_freedom=np.array([one.freedom]),
        other_freedom=np.array([other.freedom]),
        plain=False,
    )


def student(z: Floats | float, freedom: Floats) -> Floats:
    """Quantile of Student's t with the same tail as the normal quantile ``z``."""
    many = freedom > 1e6
    tail = ndtr(-np.asarray(z, dtype=np.float64))
    return np.where(many, z, -stdtrit(np.where(many, 1.0, freedom), tail))


def interval_name(base: str, *, effective: bool, groups: int) -> str:
    """Name an interval's method as estimates carry it.

    >>> interval_name("Newcombe", effective=True, groups=5)
    'Newcombe on effective counts, simultaneous over 5 groups'
    """
    name = f"{base} on effective counts" if effective else base
    return f"{name}, simultaneous over {groups} groups" if groups > 1 else name


def read_estimate(value: float, bounds: Bounds, place: int, *, n: int, form: tuple[float, str]) -> Estimate:
    """Read one interval off its arrays; ``form`` holds confidence and method. An infinite end is an open one."""
    low, high = float(bounds.low[place]), float(bounds.high[place])
    confidence, method = form
    return Estimate(
        value=value,
        low=min(low, value) if np.isfinite(low) else None,
        high=max(high, value) if np.isfinite(high) else None,
        confidence=confidence,
        n=n,
        method=method,
    )


def rate_comparisons(
    counts: Sequence[RateCounts], worth: Worth, *, critical: float, confidence: float
) -> tuple[RateComparison, ...]:
    """Assemble each pair's comparison; ``critical`` is the joint normal quantile of the measurable ones."""
    z = student(critical, worth.freedom)
    groups = sum(part.n > 0 and part.reference_n > 0 for part in counts)
    differences, ratios = newcombe(worth.difference, z=z), mover_ratio(worth.ratio, z=z)
    of_difference = (confidence, interval_name("Newcombe", effective=not worth.plain, groups=groups))
    of_ratio = (confidence, interval_name("MOVER-R", effective=not worth.plain, groups=groups))
    rates, reference_rates = _side_rates(counts, worth, confidence)
    detectable = minimum_detectable_difference(
        worth.difference.n,
        (worth.difference.reference_events, worth.difference.reference_n),
        z=z,
        whole=worth.plain,
    )
    p_values = [_p_value(part, worth, place) for place, part in enumerate(counts)]
    adjusted = holm(p_values)

    def read(place: int, part: RateCounts) -> RateComparison:
        n, reason = part.n + part.reference_n, _reason(part)
        measurable = reason in (None, Unmeasured.NO_REFERENCE_EVENTS)
        p, q = float(worth.own.rate[place]), float(worth.own.reference_rate[place])
        return RateComparison(
            counts=part,
            rate=rates[place],
            reference_rate=reference_rates[place],
            difference=read_estimate(p - q, differences, place, n=n, form=of_difference) if measurable else None,
            ratio=read_estimate(p / q, ratios, place, n=n, form=of_ratio) if reason is None else None,
            reason=reason,
            p_value=p_values[place],
            p_adjusted=adjusted[place],
            minimum_detectable=float(detectable[place]) if measurable and np.isfinite(detectable[place]) else None,
        )

    return tuple(read(place, part) for place, part in enumerate(counts))


def _reason(part: RateCounts) -> Unmeasured | None:
    if part.n == 0:
        return Unmeasured.EMPTY_GROUP
    if part.reference_n == 0:
        return Unmeasured.EMPTY_REFERENCE
    return Unmeasured.NO_REFERENCE_EVENTS if part.reference_events == 0 else None


def _side_rates(
    counts: Sequence[RateCounts], worth: Worth, confidence: float
) -> tuple[list[Estimate | None], list[Estimate | None]]:
    z = normal_quantile(confidence)
    form = (confidence, interval_name("Wilson", effective=not worth.plain, groups=1))
    own = adjusted_wilson(worth.own.events, worth.own.n, z=student(z, worth.own_freedom))
    other = adjusted_wilson(worth.own.reference_events, worth.own.reference_n, z=student(z, worth.other_freedom))
    p, q = worth.own.rate.tolist(), worth.own.reference_rate.tolist()
    return (
        [read_estimate(p[k], own, k, n=part.n, form=form) if part.n else None for k, part in enumerate(counts)],
        [
            read_estimate(q[k], other, k, n=part.reference_n, form=form) if part.reference_n else None
            for k, part in enumerate(counts)
        ],
    )


def _p_value(part: RateCounts, worth: Worth, place: int) -> float | None:
    if part.n == 0 or part.reference_n == 0:
        return None
    if worth.plain:
        return equal_rates((part.events, part.n), (part.reference_events, part.reference_n))
    table = worth.difference
    one = Fourfold.of(table.events[place], table.n[place], (table.reference_events[place], table.reference_n[place]))
    statistic = abs(float(difference_statistic(one, 0.0)))
    freedom = float(worth.freedom[place])
    return min(1.0, 2 * float(ndtr(-statistic) if freedom > 1e6 else stdtr(freedom, -statistic)))
