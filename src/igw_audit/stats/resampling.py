"""The bootstrap on counts: drawing cells from a multinomial is drawing cases with replacement, at no cost per case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from igw_audit.stats.estimate import Estimate

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def bootstrap_cells(cells: Counts, *, draws: int = 1000, seed: int = 0) -> Counts:
    """Draw tables of counts as if the cases behind them were drawn with replacement.

    The number of each cell among n cases drawn with replacement *is* multinomial, so that these draws have exactly the
    distribution of the row bootstrap. It holds for independent cases; clusters need cluster counts.

    Parameters
    ----------
    cells : ndarray of int, any shape
        Counts of cases, one entry a cell; their sum is the number of cases.
    draws : int
        Number of tables.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of int64, shape (draws, *cells.shape)

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 6.

    Examples
    --------
    >>> bootstrap_cells(np.array([[3, 0], [5, 2]]), draws=4, seed=0).sum(axis=(1, 2)).tolist()
    [10, 10, 10, 10]
    """
    flat = np.asarray(cells, dtype=np.int64).reshape(-1)
    if (flat < 0).any() or flat.sum() == 0:
        raise ValueError("counts must be zero or more, with at least one case")
    drawn = np.random.default_rng(seed).multinomial(flat.sum(), flat / flat.sum(), size=draws)
    return drawn.reshape(draws, *np.shape(cells))


def bootstrap_interval(
    cells: Counts, statistic: Callable[[Counts], Floats], *, confidence: float = 0.95, draws: int = 2000, seed: int = 0
) -> Estimate | None:
    """Percentile interval of any statistic of counts.

    For rates, differences and ratios use ``compare``: percentiles cover 44-92 % in small groups. It serves large
    tables and statistics without a formula, such as a share of the selected.

    Parameters
    ----------
    cells : ndarray of int, any shape
        Counts of cases.
    statistic : callable
        Tables of shape (draws, *cells.shape) -> ndarray of shape (draws,); nan where a table has no answer.
    confidence : float
        Level of the interval.
    draws, seed : int
        Number of draws, and their seed.

    Returns
    -------
    Estimate or None
        None where the table itself has no answer, or more than one draw in a hundred has none. The interval is
        stretched to hold the value where the percentiles do not.

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 13.

    Examples
    --------
    The share of the selected (second column) that is in the second group (second row).

    >>> share = lambda tables: tables[:, 1, 1] / tables[:, :, 1].sum(axis=1)
    >>> found = bootstrap_interval(np.array([[500, 50], [300, 150]]), share)
    >>> round(found.value, 2), round(found.low, 1), round(found.high, 1)
    (0.75, 0.7, 0.8)
    """
    table = np.asarray(cells, dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.asarray(statistic(table[np.newaxis]), dtype=np.float64)[0])
        drawn = np.asarray(statistic(bootstrap_cells(table, draws=draws, seed=seed)), dtype=np.float64)
    answered = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(answered) < 0.99 * draws:
        return None
    low, high = np.quantile(answered, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        confidence=confidence,
        n=int(table.sum()),
        method="percentile bootstrap of counts",
    )
