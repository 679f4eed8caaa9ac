"""Boolean arrays that say who is where, checked before they are counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from igw_audit.stats.clusters import Design
from igw_audit.stats.contrasts import Pair
from igw_audit.stats.proportions import Floats

Mask = npt.NDArray[np.bool_]
Clusters = npt.NDArray[np.generic]


def as_mask(mask: Mask) -> Mask:
    """Check that a mask is a boolean array with one entry a case."""
    found = np.asarray(mask)
    if found.dtype != np.bool_ or found.ndim != 1:
        raise ValueError(
            f"found an array of {found.dtype} with {found.ndim} dimensions, expected one of bool, one a case"
        )
    return found


def weighing(among: Mask, weight: Floats | None) -> Mask:
    """Leave out what weighs nothing."""
    if weight is None:
        return among
    found = np.asarray(weight, dtype=np.float64)
    if found.shape != among.shape or not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError(f"expected {len(among)} weights, finite and zero or more")
    return among & (found > 0)


def checked_pairs(pairs: Sequence[Pair], among: Mask) -> list[Pair]:
    """Check that masks fit the cases, and that nobody is compared with themselves."""
    sides = [(as_mask(member), as_mask(compared)) for member, compared in pairs]
    for member, compared in sides:
        if member.shape != among.shape or compared.shape != among.shape:
            raise ValueError(f"found masks of {len(member)} and {len(compared)} cases, expected {len(among)}")
        if (member & compared).any():
            raise ValueError("a case is both in the group and in its reference; a group is compared with others")
    return sides


def count(first: Mask, *others: Mask) -> int:
    """Count the cases that are in every mask."""
    for other in others:
        first = first & other
    return int(np.count_nonzero(first))


def design_of(counted: Mask, cluster: Clusters | None, weight: Floats | None) -> Design | None:
    """Say how the counted cases hang together; None where each stands for itself."""
    if cluster is None and weight is None:
        return None
    return Design.of(
        count(counted),
        None if cluster is None else np.asarray(cluster)[counted],
        None if weight is None else np.asarray(weight)[counted],
    )
