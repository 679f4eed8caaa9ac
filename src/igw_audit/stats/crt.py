"""Conditional randomisation: what the statistics look like when groups depend on the declared factors only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Rows drawn at a time; fixed, so that the draws do not depend on the machine.
BLOCK = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDown:
    """Family-wise p-values, and the critical value of the joint interval.

    Attributes
    ----------
    p, p_adjusted : ndarray of float64, shape of the statistics
        Monte Carlo p-value on its own and after step-down over the family; 1 outside the family.
    critical : float
        Quantile of the largest absolute null statistic of the family.
    """

    p: Floats
    p_adjusted: Floats
    critical: float


def randomised_z(residuals: Floats, shares: Floats, *, seed: int, draws: int) -> NDArray[np.float32]:
    """Draw every case's group anew from its shares and compute all statistics each time.

    ``z = sum_i r_i (1[A_i = a] - p_a(L_i)) / sqrt(sum_i r_i^2 p_a (1 - p_a))`` for each outcome and group.

    Parameters
    ----------
    residuals : ndarray of float64, shape (n_cases, n_outcomes)
    shares : ndarray of float64, shape (n_cases, K)
        Rows sum to 1.
    seed, draws : int
        Key and number of the draws.

    Returns
    -------
    ndarray of float32, shape (draws, n_outcomes, K)
        Zero where a statistic has no variance.

    References
    ----------
    Candes, E., Fan, Y., Janson, L. and Lv, J. (2018). Panning for gold: 'model-X' knockoffs for high dimensional
    controlled variable selection. JRSS-B 80, 551-577.

    Examples
    --------
    >>> z = randomised_z(np.ones((50, 1)), np.full((50, 2), 0.5), seed=0, draws=200)
    >>> z.shape, bool(abs(z[:, 0, 0].std() - 1) < 0.15)
    ((200, 1, 2), True)
    """
    count, width = shares.shape[1], residuals.shape[1]
    scale = np.sqrt(np.maximum((residuals**2).T @ (shares * (1 - shares)), 0.0))
    held = (residuals / np.maximum(np.abs(residuals).max(axis=0, initial=0.0), 1e-300)).astype(np.float32)
    edges = np.cumsum(shares[:, :-1], axis=1).astype(np.float32)
    below = np.zeros((count - 1, draws, width), dtype=np.float32)
    rng = np.random.default_rng([seed, 0xC27])
    for start in range(0, len(held), BLOCK):
        rows = slice(start, start + BLOCK)
        uniform = rng.random((draws, len(held[rows])), dtype=np.float32)
        for edge in range(count - 1):
            below[edge] += (uniform < edges[rows, edge]).astype(np.float32) @ held[rows]
    sums = np.empty((draws, width, count), dtype=np.float64)
    total = held.sum(axis=0, dtype=np.float64)
    cumulative = np.concatenate([np.zeros((1, draws, width)), below, np.broadcast_to(total, (1, draws, width))])
    sums = np.moveaxis(np.diff(cumulative, axis=0), 0, -1)
    sums -= held.T.astype(np.float64) @ shares
    unit = np.maximum(np.abs(residuals).max(axis=0, initial=0.0), 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = sums * (unit[:, None] / scale)
    return np.where(scale > 0, z, 0.0).astype(np.float32)


def flipped_z(scores: Floats, cluster: Codes, *, seed: int, draws: int) -> NDArray[np.float32]:
    """Flip the sign of whole clusters' sums: the null when the cases of one sponsor are not independent.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_cases, n_statistics)
        Each case's contribution ``r_i e_i``.
    cluster : ndarray of int64, shape (n_cases,)
        Cluster of each case, numbered from 0 by first case.

    Returns
    -------
    ndarray of float32, shape (draws, n_statistics)

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with
    clustered errors. Review of Economics and Statistics 90, 414-427.
    """
    sums = cluster_sums(scores, cluster)
    scale = np.sqrt((sums**2).sum(axis=0))
    unit = (sums / np.where(scale > 0, scale, 1.0)).astype(np.float32)
    rng = np.random.default_rng([seed, 0xF112])
    z = np.zeros((draws, scores.shape[1]), dtype=np.float32)
    for start in range(0, len(unit), BLOCK):
        rows = unit[start : start + BLOCK]
        z += (rng.integers(0, 2, (draws, len(rows)), dtype=np.int8) * 2 - 1).astype(np.float32) @ rows
    return z


def cluster_sums(values: Floats, cluster: Codes) -> Floats:
    """Add up the rows of each cluster; shape (n_clusters, n_columns)."""
    sums = np.empty((int(cluster.max()) + 1, values.shape[1]))
    for column in range(values.shape[1]):
        sums[:, column] = np.bincount(cluster, weights=values[:, column], minlength=len(sums))
    return sums


def step_down(observed: Floats, null: NDArray[np.float32], family: Bools, *, confidence: float) -> StepDown:
    """Adjust p-values by the step-down largest statistic (Romano-Wolf).

    Parameters
    ----------
    observed : ndarray of float64, shape S
        Observed statistics.
    null : ndarray of float32, shape (draws, *S)
        The same under the null.
    family : ndarray of bool, shape S
        Which statistics belong to the family; the others get p = 1 and do not count.

    References
    ----------
    Romano, J. P. and Wolf, M. (2005). Exact and approximate stepdown methods for multiple hypothesis testing.
    JASA 100, 94-108.

    Examples
    --------
    >>> null = np.random.default_rng(0).normal(size=(999, 2)).astype(np.float32)
    >>> result = step_down(np.array([5.0, 0.1]), null, np.array([True, True]), confidence=0.95)
    >>> float(result.p_adjusted[0]), bool(2.0 < result.critical < 2.5)
    (0.001, True)
    """
    p, adjusted = np.ones(observed.shape), np.ones(observed.shape)
    if not family.any():
        return StepDown(p=p, p_adjusted=adjusted, critical=0.0)
    size, spread = np.abs(observed[family]), np.abs(null[:, family])
    draws = len(null)
    order = np.argsort(-size, kind="stable")
    # the largest of the statistics that are still in play at each step, from the last step to the first
    largest = np.maximum.accumulate(spread[:, order[::-1]], axis=1)[:, ::-1]
    exceeded = (largest >= size[order]).sum(axis=0)
    stepped = np.empty(len(size))
    stepped[order] = np.maximum.accumulate((1 + exceeded) / (draws + 1))
    adjusted[family] = stepped
    p[family] = (1 + (spread >= size).sum(axis=0)) / (draws + 1)
    return StepDown(p=p, p_adjusted=adjusted, critical=float(np.quantile(largest[:, 0], confidence, method="higher")))
