"""How comparisons hang together: groups that share a reference, or sit in one another's rest, move together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from igw_audit.stats.multiplicity import max_t_critical
from igw_audit.stats.proportions import Floats

Mask = npt.NDArray[np.bool_]
Pair = tuple[Mask, Mask]


#: Rows split at a time, which keeps them in the processor's cache.
_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Atoms:
    """Cases by the exact set of sides they are on: disjoint parts that every side is a union of.

    Attributes
    ----------
    n, mean, variance : ndarray of shape (A,)
        Cases, mean and per-case variance of each part.
    member, compared : ndarray of bool, shape (K, A)
        Which parts make up each pair's group and reference.
    """

    n: Floats
    mean: Floats
    variance: Floats
    member: Mask
    compared: Mask


def atoms_of(values: npt.NDArray[Any], among: Mask, pairs: Sequence[Pair]) -> Atoms:
    """Split the cases ``among`` by the sides they are on; one pass over the cases a pair, memory that stays flat."""
    centre = float(values.mean()) if len(values) else 0.0
    count = len(pairs)
    parts = [
        _split(values[rows], among[rows], [(one[rows], other[rows]) for one, other in pairs], centre)
        for rows in (slice(start, start + _CHUNK) for start in range(0, max(len(values), 1), _CHUNK))
    ]
    sides, place = np.unique(np.concatenate([part.sides for part in parts]), axis=0, return_inverse=True)
    sums = np.zeros((len(sides), 3))
    np.add.at(sums, place.reshape(-1), np.concatenate([part.sums for part in parts]))
    n = sums[:, 0]
    counted = np.maximum(n, 1.0)
    from_centre = sums[:, 1] / counted
    # squares were taken about the common mean, so that little cancels
    variance = np.maximum(sums[:, 2] / counted - from_centre**2, 0.0)
    member, compared = (np.asarray(sides == side, dtype=bool).T.reshape(count, len(n)) for side in (1, 2))
    return Atoms(n=n, mean=centre + from_centre, variance=variance, member=member, compared=compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The parts found in some rows: side of each pair (1 group, 2 reference), and cases, sum and squares of each."""

    sides: npt.NDArray[np.uint8]
    sums: Floats


def _split(values: npt.NDArray[Any], among: Mask, pairs: Sequence[Pair], centre: float) -> _Part:
    codes = np.zeros(np.count_nonzero(among), dtype=np.int64)
    sides = np.zeros((1, 0), dtype=np.uint8)
    for chosen, against in pairs:
        side = chosen.view(np.uint8) + 2 * against.view(np.uint8)
        codes = codes * 3 + side[among]
        held = np.flatnonzero(np.bincount(codes, minlength=1))
        place = np.zeros(3 * len(sides), dtype=np.int64)
        place[held] = np.arange(len(held))
        codes = place[codes]
        sides = np.hstack([sides[held // 3], (held % 3)[:, None].astype(np.uint8)])
    kept = values[among] - centre
    count = len(sides)
    sums = np.column_stack([np.bincount(codes, weight, minlength=count) for weight in (None, kept, kept**2)])
    return _Part(sides=sides, sums=sums.astype(np.float64))


def count_atoms(events: Floats, n: Floats, reference: int | None) -> Atoms:
    """Give disjoint groups as atoms, each against the rest or against one of them (which has no pair of its own)."""
    count = len(n)
    member = np.eye(count, dtype=bool)
    compared = ~member
    if reference is not None:
        compared = np.broadcast_to(np.arange(count) == reference, (count, count))
        others = np.arange(count) != reference
        member, compared = member[others], compared[others]
    rate = events / np.maximum(n, 1.0)
    return Atoms(n=n, mean=rate, variance=rate * (1 - rate), member=member, compared=compared)


def correlation_of(atoms: Atoms) -> Floats:
    """Correlate the contrasts of all pairs (none with an empty side), the parts being independent of one another.

    Each part's variance is drawn towards the pooled one by two cases, so that a part without events still has one.

    Returns
    -------
    ndarray of shape (K, K)
    """
    total = max(float(atoms.n.sum()), 1.0)
    centre = float((atoms.n * atoms.mean).sum()) / total
    pooled = float((atoms.n * (atoms.variance + (atoms.mean - centre) ** 2)).sum()) / total
    spread = (atoms.n * atoms.variance + 2 * max(pooled, 1e-12)) / (atoms.n + 2)
    own = atoms.member * atoms.n
    other = atoms.compared * atoms.n
    weight = own / own.sum(axis=1, keepdims=True) - other / other.sum(axis=1, keepdims=True)
    scaled = weight * np.sqrt(spread / np.maximum(atoms.n, 1.0))
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(np.clip(scaled @ scaled.T, -1.0, 1.0))


def joint_critical(atoms: Atoms, *, confidence: float, seed: int) -> float:
    """Find the quantile at which all pairs' intervals hold together; the order of the pairs does not matter."""
    if len(atoms.member) < 2:
        return max_t_critical(np.eye(1), confidence=confidence)
    correlation = correlation_of(atoms)
    sizes = (atoms.compared @ atoms.n, atoms.member @ (atoms.n * atoms.mean), atoms.member @ atoms.n)
    order = np.lexsort(sizes)
    return max_t_critical(correlation[np.ix_(order, order)], confidence=confidence, seed=seed)
