"""Pairs of features that a model uses together: what their contributions share beyond each feature's own part."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Bins of a feature for its own part, and for its part with another.
OWN_BINS, JOINT_BINS = 32, 8
#: A pair enters the family when its joint part varies by this share of the score's standard deviation.
FLOOR = 0.05
MOST_PAIRS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The strongest pairs, strongest first.

    Attributes
    ----------
    members : tuple of (int, int)
        Positions of the two features.
    contribution : ndarray of float64, shape (n_cases, n_pairs)
        What the two features contribute together, beyond the part that either value alone tells.
    """

    members: tuple[tuple[int, int], ...]
    contribution: Floats


def pair_contributions(contributions: Floats, values: Floats, *, scale: float) -> Pairs:
    """Find the pairs that a model uses together; group membership is not looked at, so choosing costs no error.

    Each feature's contribution loses what its own value explains (a bent line in 32 bins). Whatever is left is
    averaged over 8 x 8 cells of two features; a pair counts when that average varies by 5 % of the score's standard
    deviation after its own sampling noise is subtracted.

    Parameters
    ----------
    contributions : ndarray of float64, shape (n_cases, n_features)
    values : ndarray of float64, shape (n_cases, n_features)
        The features' values as numbers (levels numbered, missing filled).
    scale : float
        Standard deviation of the score on the contributions' scale.

    References
    ----------
    Hooker, G. (2007). Generalized functional ANOVA diagnostics for high-dimensional functions of dependent variables.
    Journal of Computational and Graphical Statistics 16, 709-732.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(4000, 3))
    >>> joint = x[:, 0] * x[:, 1] / 2
    >>> pair_contributions(np.column_stack([joint, joint, x[:, 2]]), x, scale=1.4).members
    ((0, 1),)
    """
    n, count = contributions.shape
    left = [_without_own(contributions[:, j], values[:, j]) for j in range(count)]
    coarse = [_bins(values[:, j], JOINT_BINS) for j in range(count)]
    # a feature without any joint part cannot be half of a pair
    able = [j for j in range(count) if left[j].std() > FLOOR * scale / 4]
    found: list[tuple[float, tuple[int, int], Floats]] = []
    for one, other in combinations(able, 2):
        cell = coarse[one] * JOINT_BINS + coarse[other]
        sizes = np.bincount(cell, minlength=JOINT_BINS**2)
        joint = left[one] + left[other]
        means = np.bincount(cell, weights=joint, minlength=JOINT_BINS**2) / np.maximum(sizes, 1)
        part = means[cell]
        noise = float(((joint - part) ** 2).mean()) * np.count_nonzero(sizes) / n
        strength = float(part.var()) - noise
        if strength > (FLOOR * scale) ** 2:
            found.append((strength, (one, other), part - part.mean()))
    found.sort(key=lambda entry: -entry[0])
    kept = found[:MOST_PAIRS]
    return Pairs(
        members=tuple(members for _, members, _ in kept),
        contribution=np.column_stack([part for _, _, part in kept]) if kept else np.empty((n, 0)),
    )


def _without_own(contribution: Floats, value: Floats) -> Floats:
    """Take out a straight line in each bin of the feature's own value."""
    codes = _bins(value, OWN_BINS)
    sizes = np.maximum(np.bincount(codes, minlength=OWN_BINS), 1)

    def centred(column: Floats) -> Floats:
        return np.asarray(column - (np.bincount(codes, weights=column, minlength=OWN_BINS) / sizes)[codes])

    within, inner = centred(value), centred(contribution)
    spread = np.bincount(codes, weights=within**2, minlength=OWN_BINS)
    slope = np.bincount(codes, weights=within * inner, minlength=OWN_BINS) / np.where(spread > 1e-12, spread, 1.0)
    return np.asarray(inner - np.where(spread > 1e-12, slope, 0.0)[codes] * within)


def _bins(values: Floats, count: int) -> Codes:
    distinct = np.unique(values)
    if len(distinct) <= count:
        return np.searchsorted(distinct, values).astype(np.int64)
    edges = np.unique(np.quantile(values, np.arange(1, count) / count))
    return np.searchsorted(edges, values, side="right").astype(np.int64)
