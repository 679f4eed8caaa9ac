"""Many comparisons at once: adjusted p-values, and the quantile of the largest of many statistics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Floats = npt.NDArray[np.float64]

#: Draws; the quantile's standard error is .0004 for six groups against their rest, .006 for 144 against one reference.
_DRAWS = 2048
#: Rounds of the fixed point; the number beyond c hardly changes with c, so that it settles in three or four.
_ROUNDS = 6


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust p-values so that the chance of any false alarm stays at the level; None stays None and does not count.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6, 65-70.

    Examples
    --------
    >>> holm([0.01, None, 0.04, 0.03])
    (0.03, None, 0.06, 0.06)
    """
    p, places = _measured(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _put_back(stepped, order, places, len(p_values))


def benjamini_yekutieli(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust p-values so that the share of false alarms stays at the level under any dependence; None stays None.

    References
    ----------
    Benjamini, Y. and Yekutieli, D. (2001). The control of the false discovery rate in multiple testing under
    dependency. Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> [round(p, 4) for p in benjamini_yekutieli([0.01, 0.04, 0.03])]
    [0.055, 0.0733, 0.0733]
    """
    p, places = _measured(p_values)
    order = np.argsort(p, kind="stable")
    rank = np.arange(1, len(p) + 1)
    scaled = p[order] * len(p) * (1 / rank).sum() / rank
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _put_back(stepped, order, places, len(p_values))


def max_t_critical(correlation: Floats, *, confidence: float = 0.95, seed: int = 0) -> float:
    """Find c such that all |t_k| stay below c with the joint confidence.

    The chance that any |t_k| exceeds c is K times the chance for one, times the mean of 1 / (number beyond c) over
    draws in which one of them, each in turn, is beyond c: importance sampling of a union of rare events.

    Parameters
    ----------
    correlation : ndarray of shape (K, K)
        Correlation matrix; it may be singular.
    confidence : float
        The joint level.
    seed : int
        Seed of the draws.

    Returns
    -------
    float
        Between the quantile of one comparison and Sidak's of K independent ones.

    References
    ----------
    Hothorn, T., Bretz, F. and Westfall, P. (2008). Simultaneous inference in general parametric models. Biometrical
    Journal 50, 346-363.
    Owen, A. B., Maximov, Y. and Chertkov, M. (2019). Importance sampling the union of rare events with an application
    to power systems analysis. Electronic Journal of Statistics 13, 231-254.
    Sidak, Z. (1967). Rectangular confidence regions for the means of multivariate normal distributions. JASA 62,
    626-633.

    Examples
    --------
    >>> round(max_t_critical(np.eye(1)), 4), round(max_t_critical(np.array([[1.0, -1.0], [-1.0, 1.0]])), 4)
    (1.96, 1.96)
    >>> round(max_t_critical(np.eye(5)), 1)
    2.6
    """
    count = len(correlation)
    alone = float(ndtri(0.5 + confidence / 2))
    if count < 2:
        return alone
    root = _symmetric_root(correlation)
    generator = np.random.default_rng(seed)
    # which statistic is the one beyond c: each equally often
    beyond = np.arange(_DRAWS) % count
    others = generator.standard_normal((_DRAWS, count)) @ root
    pull = correlation[beyond]
    others -= pull * others[np.arange(_DRAWS), beyond][:, None]
    tail = generator.random(_DRAWS)
    independent = float(ndtri(0.5 + confidence ** (1 / count) / 2))
    c = independent
    for _ in range(_ROUNDS):
        extreme = -ndtri(ndtr(-c) * tail)
        together = np.count_nonzero(np.abs(others + pull * extreme[:, None]) > c, axis=1)
        # the statistic drawn beyond c may miss c by rounding alone
        share = float((1 / np.maximum(together, 1)).mean())
        before, c = c, float(-ndtri((1 - confidence) / (2 * count * share)))
        # a tenth of the quantile's standard error
        if abs(c - before) < 5e-5:
            break
    return min(max(c, alone), independent)


def _symmetric_root(correlation: Floats) -> Floats:
    # unlike a Cholesky factor it exists for singular matrices, and does not hang on the basis a solver picks
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _measured(p_values: Sequence[float | None]) -> tuple[Floats, list[int]]:
    places = [place for place, p in enumerate(p_values) if p is not None]
    found = np.array([p for p in p_values if p is not None], dtype=np.float64)
    if not ((found >= 0) & (found <= 1)).all():
        raise ValueError("p-values must lie between 0 and 1")
    return found, places


def _put_back(stepped: Floats, order: npt.NDArray[np.intp], places: list[int], length: int) -> tuple[float | None, ...]:
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    result: list[float | None] = [None] * length
    for place, value in zip(places, adjusted.tolist(), strict=True):
        result[place] = value
    return tuple(result)
