"""All features at once: many shifts that are each too small to tell, in one statistic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.crt import Bools, Floats, step_down

#: Directions in which statistics hardly vary (near-copies of a feature) are left out: share of the largest eigenvalue.
FLAT = 1e-3


def taken_together(z: Floats, null: NDArray[np.float32], correlation: Floats, *, measurable: Bools) -> Floats:
    """Test for each group whether all statistics are 0, by ``z' R^-1 z`` with R their correlation under the null.

    Parameters
    ----------
    z : ndarray of float64, shape (n_outcomes, K)
    null : ndarray of float32, shape (draws, n_outcomes, K)
        The same under the null; the p-values are counted in these draws.
    correlation : ndarray of float64, shape (K, n_outcomes, n_outcomes)
    measurable : ndarray of bool, shape (K,)

    Returns
    -------
    ndarray of float64, shape (K,)
        p-values, step-down over the groups; 1 where there is nothing to test.

    References
    ----------
    Hotelling, H. (1931). The generalization of Student's ratio. Annals of Mathematical Statistics 2, 360-378.

    Examples
    --------
    >>> null = np.random.default_rng(0).normal(size=(999, 12, 1)).astype(np.float32)
    >>> float(taken_together(np.full((12, 1), 2.0), null, np.eye(12)[None], measurable=np.array([True]))[0])
    0.001
    """
    if z.shape[0] == 0 or not measurable.any():
        return np.ones(z.shape[1])
    observed, drawn = np.empty(z.shape[1]), np.empty((len(null), z.shape[1]), dtype=np.float32)
    for group in range(z.shape[1]):
        values, vectors = np.linalg.eigh(correlation[group])
        kept = values > FLAT * max(float(values.max(initial=0.0)), 1e-300)
        whitened = vectors[:, kept] / np.sqrt(values[kept])
        observed[group] = ((z[:, group] @ whitened) ** 2).sum()
        drawn[:, group] = ((null[:, :, group] @ whitened.astype(np.float32)) ** 2).sum(axis=1)
    return step_down(observed, drawn, measurable, confidence=0.95).p_adjusted
