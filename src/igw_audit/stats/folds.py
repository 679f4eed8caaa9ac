"""Folds for cross-fitting: keyed to the canonical row order and a seed, clusters kept together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

FOLDS = 5


def cross_fit_folds(groups: Codes, *, seed: int, count: int = FOLDS, cluster: Codes | None = None) -> Codes:
    """Deal cases out to folds, every group evenly; with clusters, whole clusters evenly by size.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_cases,)
        Group of each case, rows in canonical order.
    seed : int
        Key of the shuffle.
    count : int
        Number of folds.
    cluster : ndarray of int64, shape (n_cases,), optional
        Cases with the same number (one sponsor) fall into the same fold.

    Returns
    -------
    ndarray of int64, shape (n_cases,)
        Fold of each case, 0 .. count - 1.

    Examples
    --------
    >>> cross_fit_folds(np.array([0, 0, 0, 0, 1, 1]), seed=0, count=2).sum()
    np.int64(3)
    """
    rng = np.random.default_rng([seed, 0xF01D])
    folds = np.empty(len(groups), dtype=np.int64)
    if cluster is None:
        order = np.lexsort((rng.random(len(groups)), groups))
        folds[order] = np.arange(len(groups)) % count
        return folds
    _, first, members = np.unique(cluster, return_index=True, return_inverse=True)
    # numbered by first case, so that the clusters' own numbers do not matter
    members = np.argsort(np.argsort(first, kind="stable"), kind="stable")[members]
    sizes = np.bincount(members)
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    dealt = np.empty(len(sizes), dtype=np.int64)
    back_and_forth = np.concatenate([np.arange(count), np.arange(count)[::-1]])
    dealt[order] = back_and_forth[np.arange(len(sizes)) % (2 * count)]
    folds[:] = dealt[members]
    return folds
