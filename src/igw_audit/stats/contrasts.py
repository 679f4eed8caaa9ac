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


def atoms_of(values: Floats, among: Mask, pairs: Sequence[Pair]) -> Atoms:
    """Split the cases ``among`` by the sides they are on; one pass over the cases a pair."""
    everyone = bool(among.all())
    codes: npt.NDArray[Any] = np.zeros(np.count_nonzero(among), dtype=np.uint16)
    member = compared = np.zeros((0, 1), dtype=bool)
    for chosen, against in pairs:
        # two bytes a case while they can hold the next code
        small = 3 * member.shape[1] < 1 << 16
        codes = codes.astype(np.uint16 if small else np.int64)
        apart = chosen.view(np.uint8) + 2 * against.view(np.uint8)
        codes = codes * 3 + (apart if everyone else apart[among])
        held = np.flatnonzero(np.bincount(codes, minlength=1))
        place = np.zeros(3 * member.shape[1], dtype=codes.dtype)
        place[held] = np.arange(len(held))
        codes = place[codes]
        member = np.vstack([member[:, held // 3], held % 3 == 1])
        compared = np.vstack([compared[:, held // 3], held % 3 == 2])
    kept = values if everyone else values[among]
    centre = float(kept.mean()) if len(kept) else 0.0
    n = np.bincount(codes, minlength=member.shape[1]).astype(np.float64)
    counted = np.maximum(n, 1.0)
    # squares about the common mean, so that little cancels
    from_centre = np.bincount(codes, kept - centre, minlength=len(n)) / counted
    squares = np.bincount(codes, (kept - centre) ** 2, minlength=len(n)) / counted
    mean, variance = centre + from_centre, np.maximum(squares - from_centre**2, 0.0)
    return Atoms(n=n, mean=mean, variance=variance, member=member, compared=compared)


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
