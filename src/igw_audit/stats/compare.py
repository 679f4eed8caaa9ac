"""Each group's rate or mean against its reference, simultaneous over the groups.

Rates are taken at effective counts where cases share clusters or carry weights, at plain counts elsewhere; all groups
compared in one call share one joint confidence (the quantile of the largest of their statistics).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from igw_audit.errors import NotMeasurableError
from igw_audit.stats.clusters import effective, side
from igw_audit.stats.comparison import MeanComparison, RateComparison, RateCounts, Unmeasured
from igw_audit.stats.contrasts import Atoms, Pair, atoms_of, count_atoms, joint_critical
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.joint import effective_worth, interval_name, plain_worth, rate_comparisons, read_estimate, student
from igw_audit.stats.masks import Clusters, Mask, as_mask, checked_pairs, count, design_of, weighing
from igw_audit.stats.means import mean_comparisons
from igw_audit.stats.proportions import Floats, adjusted_wilson, normal_quantile

__all__ = [
    "MeanComparison",
    "Pair",
    "RateComparison",
    "RateCounts",
    "Unmeasured",
    "compare_counts",
    "compare_means",
    "compare_rates",
    "rate",
]


def rate(
    event: Mask,
    among: Mask,
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    weight: Floats | None = None,
) -> Estimate:
    """Share of the cases ``among`` that have the event, with its interval.

    Parameters
    ----------
    event, among : ndarray of bool, shape (n_cases,)
        Whether each case has the event; whether it counts.
    confidence : float
        Level of the interval.
    cluster : ndarray of shape (n_cases,), optional
        What a case shares with others (its sponsor); any values that can be sorted.
    weight : ndarray of float, shape (n_cases,), optional
        Weight of each case; one of weight zero does not count.

    Raises
    ------
    NotMeasurableError
        If no case counts.

    References
    ----------
    See ``proportions.adjusted_wilson`` and ``clusters.effective``.

    Examples
    --------
    >>> found = rate(np.array([True, False, False, True]), np.array([True, True, True, False]))
    >>> round(found.value, 3), found.n, found.method
    (0.333, 3, 'Wilson')
    """
    happened, counted = as_mask(event), weighing(as_mask(among), weight)
    n = count(counted)
    if n == 0:
        raise NotMeasurableError(
            "there are no cases to take a rate of; the share of nobody is not zero, it is unknown.",
            "Er zijn geen zaken om een percentage van te nemen; een deel van niemand is niet nul, maar onbekend.",
        )
    design = design_of(counted, cluster, weight)
    z, form = normal_quantile(confidence), (confidence, interval_name("Wilson", effective=design is not None, groups=1))
    if design is None:
        events = count(happened, counted)
        return read_estimate(events / n, adjusted_wilson([events], [n], z=z), 0, n=n, form=form)
    worth = effective(side(happened[counted].astype(np.float64), np.ones(n, dtype=bool), design))
    bounds = adjusted_wilson([worth.events], [worth.n], z=student(z, np.array([worth.freedom])))
    return read_estimate(worth.events / worth.n, bounds, 0, n=n, form=form)


def compare_rates(  # noqa: PLR0913 - the contract: data by position, everything else by keyword
    event: Mask,
    among: Mask,
    pairs: Sequence[Pair],
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    weight: Floats | None = None,
    seed: int = 0,
) -> tuple[RateComparison, ...]:
    """Compare each pair's rates of the event among the cases ``among``.

    Parameters
    ----------
    event, among : ndarray of bool, shape (n_cases,)
        Whether each case has the event; whether it counts at all (the denominator).
    pairs : sequence of (ndarray of bool, ndarray of bool), each of shape (n_cases,)
        Who is in the group, and who it is compared with; nobody may be on both sides of one pair.
    confidence : float
        Joint level of all differences, and of all ratios; each side's own rate has this level by itself.
    cluster, weight : ndarray of shape (n_cases,), optional
        What cases share (their sponsor), and how much each weighs; one of weight zero does not count.
    seed : int
        Seed of the draws behind the joint quantile.

    Returns
    -------
    tuple of RateComparison
        One a pair, in the order given, empty groups too.

    Raises
    ------
    ValueError
        If shapes differ, a case is on both sides of a pair, or a weight is negative.

    References
    ----------
    Newcombe (1998), Donner and Zou (2012), Hothorn, Bretz and Westfall (2008): see ``proportions`` and
    ``multiplicity``; clusters and weights: see ``clusters``.

    Examples
    --------
    >>> event = np.repeat([True, False, True, False], [30, 70, 40, 360])
    >>> group = np.repeat([True, False], [100, 400])
    >>> found, = compare_rates(event, np.ones(500, dtype=bool), [(group, ~group)])
    >>> round(found.difference.value, 2), round(found.ratio.value, 1), found.difference.method
    (0.2, 3.0, 'Newcombe')
    """
    happened, counted = as_mask(event), weighing(as_mask(among), weight)
    sides = checked_pairs(pairs, counted)
    counts = [
        RateCounts(
            events=count(happened, counted, member),
            n=count(counted, member),
            reference_events=count(happened, counted, compared),
            reference_n=count(counted, compared),
        )
        for member, compared in sides
    ]
    whole = [place for place, part in enumerate(counts) if part.n and part.reference_n]
    atoms = atoms_of(happened, counted, [sides[place] for place in whole])
    design = design_of(counted, cluster, weight)
    if design is None:
        worth = plain_worth(counts)
    else:
        worth = effective_worth(
            happened[counted].astype(np.float64), [(one[counted], other[counted]) for one, other in sides], design
        )
    critical = joint_critical(atoms, confidence=confidence, seed=seed)
    return rate_comparisons(counts, worth, critical=critical, confidence=confidence)


def compare_counts(
    events: Sequence[int],
    n: Sequence[int],
    *,
    reference: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[RateComparison, ...]:
    """Compare K disjoint groups from their counts alone; the same answer as ``compare_rates`` on the cases.

    Parameters
    ----------
    events, n : sequence of int, length K
        Events and cases of each group.
    reference : int, optional
        Position of the group that the others are compared with; by default each is compared with the rest.
    confidence : float
        Joint level over the groups.
    seed : int
        Seed of the draws behind the joint quantile.

    Returns
    -------
    tuple of RateComparison
        One a group in the order given; a stated reference group has none of its own (K - 1 results).

    Raises
    ------
    ValueError
        If the counts are no counts (events between 0 and n) or ``reference`` is no position.

    References
    ----------
    As ``compare_rates``.

    Examples
    --------
    Selected for a DUO check in 2014, people with a non-European origin against those with a Dutch one.

    >>> found = compare_counts([1050, 120, 2010], [178200, 15630, 54820], reference=0)
    >>> [round(part.ratio.value, 2) for part in found]
    [1.3, 6.22]
    """
    x, size = np.asarray(events), np.asarray(n)
    shaped = x.shape == size.shape and x.ndim == 1
    if not shaped or not ((x >= 0) & (x <= size) & (x == x.round()) & (size == size.round())).all():
        raise ValueError(f"found events {list(events)} of {list(n)}; expected whole numbers, events between 0 and n")
    if reference is not None and not 0 <= reference < len(x):
        raise ValueError(f"reference {reference} is no position among {len(x)} groups")
    atoms = count_atoms(x.astype(np.float64), size.astype(np.float64), reference)
    counts = [
        RateCounts(
            events=int(x[one].sum()),
            n=int(size[one].sum()),
            reference_events=int(x[other].sum()),
            reference_n=int(size[other].sum()),
        )
        for one, other in zip(atoms.member, atoms.compared, strict=True)
    ]
    whole = np.array([bool(part.n and part.reference_n) for part in counts], dtype=bool)
    held = Atoms(
        n=atoms.n, mean=atoms.mean, variance=atoms.variance, member=atoms.member[whole], compared=atoms.compared[whole]
    )
    critical = joint_critical(held, confidence=confidence, seed=seed)
    return rate_comparisons(counts, plain_worth(counts), critical=critical, confidence=confidence)


def compare_means(  # noqa: PLR0913 - the contract: data by position, everything else by keyword
    values: Floats,
    pairs: Sequence[Pair],
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    weight: Floats | None = None,
    seed: int = 0,
) -> tuple[MeanComparison, ...]:
    """Compare each pair's means, in the unit of the values.

    Parameters
    ----------
    values : ndarray of float, shape (n_cases,)
        Finite numbers.
    pairs : sequence of (ndarray of bool, ndarray of bool), each of shape (n_cases,)
        Who is in the group, and who it is compared with.
    confidence : float
        Joint level over the pairs.
    cluster, weight : ndarray of shape (n_cases,), optional
        What cases share (their sponsor), and how much each weighs; one of weight zero does not count.
    seed : int
        Seed of the draws behind the joint quantile.

    Returns
    -------
    tuple of MeanComparison
        One a pair, in the order given, empty groups too.

    Raises
    ------
    ValueError
        If shapes differ, a value is not finite, a case is on both sides of a pair, or a weight is negative.

    References
    ----------
    Welch, B. L. (1947). The generalization of Student's problem. Biometrika 34, 28-35.
    Hall, P. (1992). On the removal of skewness by transformation. JRSS B 54, 221-228. Clusters: see ``clusters``.

    Examples
    --------
    >>> group = np.repeat([True, False], 3)
    >>> found, = compare_means(np.array([1.0, 2.0, 3.0, 1.0, 1.5, 2.0]), [(group, ~group)])
    >>> found.difference.value, found.difference.method
    (0.5, 'Welch, skewness-adjusted')
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("values must be finite; leave cases without one out")
    counted = weighing(np.ones(len(numbers), dtype=bool), weight)
    sides = [(member[counted], compared[counted]) for member, compared in checked_pairs(pairs, counted)]
    design = design_of(counted, cluster, weight)
    return mean_comparisons(numbers[counted], sides, design, level=(confidence, seed))
