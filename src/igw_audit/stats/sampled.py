"""Rates of a population from a sample whose cases were drawn with known, unequal chances.

Selected cases and the cases that stand for everybody may be two samples: a rate is then one weighted total
over another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from igw_audit.stats.comparison import RateComparison, RateCounts, Unmeasured
from igw_audit.stats.contrasts import Pair
from igw_audit.stats.joint import Worth, rate_comparisons
from igw_audit.stats.masks import Clusters, Mask, checked_pairs, count
from igw_audit.stats.multiplicity import max_t_critical
from igw_audit.stats.proportions import Floats, Fourfold

#: Beyond this many numbers the joint quantile takes the pairs as independent, which is the wider way.
_MOST = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What each case adds to the numerator and to the denominator of a rate, each shape (n_cases,), never below zero.

    A case that is drawn with chance p adds 1/p. ``inverted``: the numerator counts those without the event.
    """

    numerator: Floats
    denominator: Floats
    inverted: bool = False

    @property
    def rows(self) -> Mask:
        """The cases that a rate rests on."""
        return np.asarray((self.numerator > 0) | (self.denominator > 0), dtype=np.bool_)

    @property
    def events(self) -> Mask:
        """The cases that count as events."""
        counted = self.numerator > 0
        return np.asarray(self.rows & ~counted if self.inverted else counted, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """One side's rate with its effective counts, and what each cluster adds to its logarithm."""

    value: float
    events: float
    n: float
    degrees_of_freedom: float
    influence: Floats
    empty: bool

    @property
    def variance(self) -> float:
        return _variance(self.influence)


def compare_sampled_rates(
    totals: Totals,
    pairs: Sequence[Pair],
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    seed: int = 0,
) -> tuple[RateComparison, ...]:
    """Compare each pair's rates of the population, a rate being one estimated total over another.

    The variance of a log rate is linearised over independent cases (or clusters), as under Poisson sampling from a
    process: a case that was sure to be drawn is unsure too, since it might have been another. Rate, difference and
    ratio are then Wilson's, Newcombe's and MOVER-R on the counts of a simple sample of that variance. These may exceed
    the number of cases drawn: a thousand selected cases beside a thousand drawn at random tell a rate of one in a
    thousand as well as a million cases do.

    Parameters
    ----------
    totals : Totals
    pairs : sequence of (ndarray of bool, ndarray of bool), each of shape (n_cases,)
        Who is in the group, and who it is compared with.
    confidence : float
        Joint level of all differences, and of all ratios; each side's own rate has this level by itself.
    cluster : ndarray of shape (n_cases,), optional
        What cases share (their sponsor).
    seed : int
        Seed of the draws behind the joint quantile.

    Returns
    -------
    tuple of RateComparison
        One a pair, in the order given; ``overfull`` where more are selected than the sample says there are.

    Raises
    ------
    ValueError
        If shapes differ, a case is on both sides of a pair, or a total is negative.

    References
    ----------
    Hajek, J. (1971). Comment on a paper by D. Basu. In: Foundations of Statistical Inference, 236.
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling, sections 5.5-5.7.
    Korn, E. L. and Graubard, B. I. (1998): see ``clusters.effective``.

    Examples
    --------
    Of two groups 20 and 10 are selected, all of them known; 50 and 150 of 10,000 cases were drawn at random.

    >>> group = np.repeat([True, False, True, False], [20, 10, 50, 150])
    >>> chosen = np.repeat([1.0, 0.0], [30, 200])
    >>> found, = compare_sampled_rates(Totals(numerator=chosen, denominator=50.0 * (1 - chosen)), [(group, ~group)])
    >>> round(found.rate.value, 4), round(found.ratio.value, 2)
    (0.008, 6.0)
    """
    rows = totals.rows
    if (np.minimum(totals.numerator, totals.denominator) < 0).any():
        raise ValueError("what a case stands for is never below zero")
    sides = [(one[rows], other[rows]) for one, other in checked_pairs(pairs, rows)]
    kept = replace(totals, numerator=totals.numerator[rows], denominator=totals.denominator[rows])
    codes = (
        np.arange(int(rows.sum())) if cluster is None else np.unique(np.asarray(cluster)[rows], return_inverse=True)[1]
    )
    rates = [(_rate(kept, one, codes), _rate(kept, other, codes)) for one, other in sides]
    counts = [
        RateCounts(
            events=0 if own.empty else count(kept.events, one),
            n=0 if own.empty else count(one),
            reference_events=0 if rest.empty else count(kept.events, other),
            reference_n=0 if rest.empty else count(other),
        )
        for (one, other), (own, rest) in zip(sides, rates, strict=True)
    ]
    critical = _joint_critical(rates, confidence=confidence, seed=seed)
    found = rate_comparisons(counts, _worth(rates), critical=critical, confidence=confidence)
    return tuple(
        _overfull(one, own=own.value > 1, rest=rest.value > 1) for one, (own, rest) in zip(found, rates, strict=True)
    )


def _rate(totals: Totals, side: Mask, codes: npt.NDArray[np.int64]) -> _Rate:
    above, below = (np.where(side, part, 0.0) for part in (totals.numerator, totals.denominator))
    a, b = float(above.sum()), float(below.sum())
    size = int(codes.max(initial=-1)) + 1
    if b == 0:
        return _Rate(value=0.0, events=0.0, n=1.0, degrees_of_freedom=1.0, influence=np.zeros(size), empty=True)
    share = a / b
    drawn = np.bincount(codes, below / b, minlength=size)
    influence: Floats = np.zeros(size)
    if a:
        influence = np.asarray(np.bincount(codes, above / a, minlength=size) - drawn, dtype=np.float64)
    spread = _variance(influence)
    kish = 1 / float((drawn**2).sum())
    if spread <= 1e-15 or share >= 1:
        # nobody, or everybody: a total of b, in pieces as large as the largest that could have had the event
        piece = max(float(totals.numerator.max(initial=0.0)), 1.0) if share == 0 else b / kish
        n, freedom = max(1.0, b / piece / (1 + 4 / kish)), max(1.0, kish - 1)
    else:
        squares = influence**2
        n = max((1 - share) / (share * spread), 1.0)
        adding = 3 * float(squares.sum()) ** 2 / float((squares**2).sum())
        freedom = max(1.0, min(adding, float(np.count_nonzero(influence))) - 1)
    value = 1 - share if totals.inverted else share
    return _Rate(
        value=share if share > 1 else value,
        events=min(max(value, 0.0), 1.0) * n,
        n=n,
        degrees_of_freedom=freedom,
        influence=np.asarray(
            influence * (-share / (1 - share) if totals.inverted and share < 1 else 1.0), dtype=np.float64
        ),
        empty=False,
    )


def _variance(influence: Floats) -> float:
    units = int(np.count_nonzero(influence))
    return units / (units - 1) * float((influence**2).sum()) if units > 1 else 0.0


def _worth(rates: Sequence[tuple[_Rate, _Rate]]) -> Worth:
    def stack(scales: Sequence[float]) -> Fourfold:
        return Fourfold.of(
            [min(own.events / scale, max(own.n / scale, 1.0)) for (own, _), scale in zip(rates, scales, strict=True)],
            [max(own.n / scale, 1.0) for (own, _), scale in zip(rates, scales, strict=True)],
            (
                [
                    min(one.events / scale, max(one.n / scale, 1.0))
                    for (_, one), scale in zip(rates, scales, strict=True)
                ],
                [max(rest.n / scale, 1.0) for (_, rest), scale in zip(rates, scales, strict=True)],
            ),
        )

    free = [_degrees_of_freedom(own, rest) for own, rest in rates]
    return Worth(
        difference=stack([_shared(own, rest, (own.value, rest.value)) for own, rest in rates]),
        ratio=stack([_shared(own, rest, (1.0, 1.0)) for own, rest in rates]),
        own=stack([1.0] * len(rates)),
        freedom=np.array(free),
        own_freedom=np.array([own.degrees_of_freedom for own, _ in rates]),
        other_freedom=np.array([rest.degrees_of_freedom for _, rest in rates]),
        plain=False,
    )


def _shared(own: _Rate, rest: _Rate, scale: tuple[float, float]) -> float:
    """Variance of the contrast over the sum of both sides'; 1 where no cluster lies on both."""
    apart = scale[0] ** 2 * own.variance + scale[1] ** 2 * rest.variance
    if apart <= 0 or own.variance <= 0 or rest.variance <= 0:
        return 1.0
    return max(_variance(scale[0] * own.influence - scale[1] * rest.influence) / apart, 1e-6)


def _degrees_of_freedom(own: _Rate, rest: _Rate) -> float:
    """Welch and Satterthwaite's, on the scale of log rates."""
    if own.variance <= 0 or rest.variance <= 0:
        return min(own.degrees_of_freedom, rest.degrees_of_freedom)
    share = own.variance / (own.variance + rest.variance)
    return 1 / (share**2 / own.degrees_of_freedom + (1 - share) ** 2 / rest.degrees_of_freedom)


def _joint_critical(rates: Sequence[tuple[_Rate, _Rate]], *, confidence: float, seed: int) -> float:
    told = [(own, rest) for own, rest in rates if not (own.empty or rest.empty)]
    shifts = [own.influence - rest.influence for own, rest in told]
    if len(shifts) < 2:
        return max_t_critical(np.eye(1), confidence=confidence)
    correlation = np.eye(len(shifts))
    if len(shifts) * len(shifts[0]) <= _MOST:
        order = np.lexsort(([rest.n for _, rest in told], [own.events for own, _ in told], [own.n for own, _ in told]))
        stacked = np.column_stack([shifts[place] for place in order])
        norm = np.sqrt((stacked**2).sum(axis=0))
        scaled = stacked / np.where(norm > 0, norm, 1.0)
        correlation = np.clip(scaled.T @ scaled, -1.0, 1.0)
        np.fill_diagonal(correlation, 1.0)
    return max_t_critical(correlation, confidence=confidence, seed=seed)


def _overfull(found: RateComparison, *, own: bool, rest: bool) -> RateComparison:
    """Withdraw what rests on a share above one: the sample says that there are fewer cases than were selected."""
    if not (own or rest):
        return found
    return replace(
        found,
        rate=None if own else found.rate,
        reference_rate=None if rest else found.reference_rate,
        difference=None,
        ratio=None,
        reason=Unmeasured.OVERFULL,
        p_value=None,
        p_adjusted=None,
        minimum_detectable=None,
    )
