"""Drawing a part of very many cases, so that no group is lost and every number is still about all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: A group in so few clusters is taken whole, however many cases that are: fewer say little of how clusters vary.
FEWEST_CLUSTERS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Which cases were drawn.

    Attributes
    ----------
    rows : ndarray of bool, shape (n_cases,)
    weight : ndarray of float64, shape (n_drawn,), or None
        How many cases each drawn one stands for, one over its chance; None where all cases were taken.
    """

    rows: Bools
    weight: Floats | None = None


def draw_cases(groups: Codes, *, most: int, seed: int, cluster: Codes | None = None) -> Drawn:
    """Draw about ``most`` cases, as many of every group as of the others, and small groups whole.

    Of every group ``cap`` cases are drawn, or all where there are fewer; ``cap`` is the largest that keeps within
    ``most``. Every case has a lot of its own, which hangs on the seed and its place only: draws by different
    attributes overlap as far as they can. With clusters whole clusters are drawn, each with the largest of the chances
    of its cases, and all clusters of a group that has thirty or fewer.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_cases,)
        Group of each case, 0 .. K - 1; rows in canonical order.
    most : int
        Number of cases drawn, at most; with clusters the expected number, and more where large clusters must be whole.
    seed : int
    cluster : ndarray of int64, shape (n_cases,), optional

    Notes
    -----
    Without clusters the chance hangs on the group only, so that whatever depends on the group only through the
    declared factors does so among those drawn as well: a test needs no weights, and an effect gets them back.

    References
    ----------
    Ohlsson, E. (1995). Coordination of samples using permanent random numbers. In: Business Survey Methods, 153-169.
    Horvitz, D. G. and Thompson, D. J. (1952). A generalization of sampling without replacement from a finite universe.
    JASA 47, 663-685.

    Examples
    --------
    >>> groups = np.repeat([0, 1], [100_000, 50])
    >>> drawn = draw_cases(groups, most=1_000, seed=0)
    >>> int(drawn.rows[groups == 1].sum()), int(drawn.rows.sum()), float(round(drawn.weight.sum()))
    (50, 1000, 100050.0)
    """
    if len(groups) <= most:
        return Drawn(rows=np.ones(len(groups), dtype=np.bool_))
    rng = np.random.default_rng([seed, 0xD4A3])
    if cluster is None:
        return _drawn_cases(groups, rng.random(len(groups)), most)
    unit = _by_first_case(cluster)
    return _drawn_clusters(groups, unit, rng.random(int(unit.max()) + 1), most)


def _drawn_cases(groups: Codes, lot: Floats, most: int) -> Drawn:
    sizes = np.bincount(groups)
    order = np.lexsort((lot, groups))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    cap = max(1, _largest(int(sizes.max()), most, lambda cap: int(np.minimum(sizes, cap).sum())))
    rows = rank < cap
    return Drawn(rows=rows, weight=(sizes / np.minimum(sizes, cap))[groups[rows]])


def _drawn_clusters(groups: Codes, unit: Codes, lot: Floats, most: int) -> Drawn:
    sizes, count = np.bincount(groups), int(groups.max()) + 1
    held = np.unique(unit * count + groups)
    owner, group = held // count, held % count
    at_least = np.minimum(1.0, FEWEST_CLUSTERS / np.bincount(group, minlength=count))
    members = np.bincount(unit)

    def chances(cap: int) -> Floats:
        found = np.zeros(len(members))
        np.maximum.at(found, owner, np.maximum(np.minimum(1.0, cap / sizes), at_least)[group])
        return found

    chance = chances(_largest(int(sizes.max()), most, lambda cap: int(np.ceil(chances(cap) @ members))))[unit]
    rows = lot[unit] < chance
    return Drawn(rows=rows, weight=1.0 / chance[rows])


def _largest(most_cap: int, most: int, taken: Callable[[int], int]) -> int:
    return bisect_right(range(most_cap + 1), most, key=taken) - 1


def _by_first_case(cluster: Codes) -> Codes:
    _, first, members = np.unique(cluster, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first, kind="stable"), kind="stable")[members].astype(np.int64)
