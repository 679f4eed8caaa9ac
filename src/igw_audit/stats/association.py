"""Which features a shift of a score goes along with, where only the score is known and not the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.conditional import ConditionalEffects, conditional_effects
from igw_audit.stats.nuisance import Moments, ridge
from igw_audit.stats.residuals import residualise

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: A level of a wide category counts with this many cases of the average score beside its own.
SHRUNK = 20.0


def associated_shifts(  # noqa: PLR0913 - everything beyond the data goes by keyword
    score: Floats,
    features: pd.DataFrame,
    groups: Codes,
    basis: Basis,
    *,
    seed: int,
    draws: int = 999,
    confidence: float = 0.95,
    cluster: Codes | None = None,
    weight: Floats | None = None,
) -> ConditionalEffects:
    """Split the shift of a score over the features that it goes along with, given the declared factors.

    The score, less what the declared factors explain, is fitted by a sum of bent functions of the features; each
    function's shift for a group is the feature's part, and what is left is nobody's. It is the decomposition of a
    difference by what moves with it: a feature that a model never saw has a part as soon as it goes with one that it
    did see, so that a part is no contribution and says nothing of use.

    Parameters
    ----------
    score : ndarray of float64, shape (n_cases,)
    features : pandas.DataFrame
        Columns that are not declared; rows in canonical order.
    groups : ndarray of int64, shape (n_cases,)
    basis : Basis
        The declared factors.
    seed, draws, confidence, cluster, weight
        As in `conditional_effects`.

    Returns
    -------
    ConditionalEffects
        One row a feature, in the order of the columns. Intervals take the fitted functions as known.

    References
    ----------
    Gelbach, J. B. (2016). When do covariates matter? And which ones, and how much? Journal of Labor Economics 34,
    509-543.
    Hastie, T. and Tibshirani, R. (1986). Generalized additive models. Statistical Science 1, 297-310.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> group = np.arange(2000) % 2
    >>> x = pd.DataFrame({"carries": rng.normal(size=2000) + group, "other": rng.normal(size=2000)})
    >>> found = associated_shifts(x["carries"] + x["other"], x, group, Basis.empty(2000), seed=0, draws=99)
    >>> bool(found.low[0, 1] > 0.8), bool(abs(found.effect[1, 1]) < 0.2)
    (True, True)
    """
    score = np.asarray(score, dtype=np.float64)
    blocks = [_columns(features[[name]], score) for name in features.columns]
    ends = np.cumsum([block.shape[1] for block in blocks])
    columns = np.column_stack(blocks)
    held = residualise(
        np.column_stack([score, columns]), groups, basis, seed=seed, cluster=cluster, weight=weight
    ).outcome
    none = slice(0, 0)
    fit = ridge(Moments.of(held[:, 1:], held[:, :1], weight).without(Moments.of(held[none, 1:], held[none, :1])))
    moved = columns * fit.coefficients[:, 0]
    parts = np.column_stack([part.sum(axis=1) for part in _split(moved, ends)])
    return conditional_effects(
        parts, groups, basis, seed=seed, draws=draws, confidence=confidence, cluster=cluster, weight=weight
    )


def _split(columns: Floats, ends: NDArray[np.int64]) -> Sequence[Floats]:
    return np.split(columns, ends[:-1], axis=1)


def _columns(feature: pd.DataFrame, score: Floats) -> Floats:
    """Bend one feature; a wide category is the shrunken mean score of its levels, each case's own left out."""
    bent = spline_basis(feature)
    columns = [bent.matrix]
    for levels in bent.wide.T:
        size, total = np.bincount(levels), np.bincount(levels, weights=score)
        others = total[levels] - score + SHRUNK * score.mean()
        columns.append((others / (size[levels] - 1 + SHRUNK))[:, None])
    return np.column_stack(columns)
