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
    strength = {pair: _strength(left, coarse, pair) for pair in combinations(able, 2)}
    kept: dict[tuple[int, int], Floats] = {}
    while strength and len(kept) < MOST_PAIRS:
        best = max(strength, key=lambda pair: strength[pair])
        if strength.pop(best) <= (FLOOR * scale) ** 2:
            break
        part = np.zeros(n)
        for feature in best:
            explained = _cell_means(left[feature], coarse, best)
            left[feature] = left[feature] - explained
            part += explained
        kept[best] = part - part.mean()
        # what the strongest pair explains is taken out, or a feature that goes with it would seem to pair as well
        strength |= {pair: _strength(left, coarse, pair) for pair in strength if set(pair) & set(best)}
    return Pairs(members=tuple(kept), contribution=np.column_stack([*kept.values()]) if kept else np.empty((n, 0)))


def _cell_means(values: Floats, coarse: list[Codes], pair: tuple[int, int]) -> Floats:
    cell = coarse[pair[0]] * JOINT_BINS + coarse[pair[1]]
    sizes = np.maximum(np.bincount(cell, minlength=JOINT_BINS**2), 1)
    return np.asarray((np.bincount(cell, weights=values, minlength=JOINT_BINS**2) / sizes)[cell])


def _strength(left: list[Floats], coarse: list[Codes], pair: tuple[int, int]) -> float:
    """Give the variance of the joint part over the cells, less what sampling noise alone would give."""
    joint = left[pair[0]] + left[pair[1]]
    part = _cell_means(joint, coarse, pair)
    return float(part.var() - ((joint - part) ** 2).mean() * JOINT_BINS**2 / len(joint))


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
