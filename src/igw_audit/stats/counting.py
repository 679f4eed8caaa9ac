"""Count once: after one pass over the cases, group metrics live on (group x label x decision) counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

#: Rows counted at a time: the combined codes stay in the processor's cache, and memory stays flat.
_CHUNK = 1 << 16


class Metric(StrEnum):
    """A share that (group x label x decision) counts give."""

    SELECTION_RATE = "selection_rate"
    TRUE_POSITIVE_RATE = "true_positive_rate"
    FALSE_POSITIVE_RATE = "false_positive_rate"
    FALSE_NEGATIVE_RATE = "false_negative_rate"
    PRECISION = "precision"
    FALSE_DISCOVERY_RATE = "false_discovery_rate"
    ACCURACY = "accuracy"
    BASE_RATE = "base_rate"


#: Of which (label, decision) cells a metric counts the cases, and which of those are its events.
_CELLS: dict[Metric, tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]] = {
    Metric.SELECTION_RATE: (((0, 0), (0, 1), (1, 0), (1, 1)), ((0, 1), (1, 1))),
    Metric.TRUE_POSITIVE_RATE: (((1, 0), (1, 1)), ((1, 1),)),
    Metric.FALSE_POSITIVE_RATE: (((0, 0), (0, 1)), ((0, 1),)),
    Metric.FALSE_NEGATIVE_RATE: (((1, 0), (1, 1)), ((1, 0),)),
    Metric.PRECISION: (((0, 1), (1, 1)), ((1, 1),)),
    Metric.FALSE_DISCOVERY_RATE: (((0, 1), (1, 1)), ((0, 1),)),
    Metric.ACCURACY: (((0, 0), (0, 1), (1, 0), (1, 1)), ((0, 0), (1, 1))),
    Metric.BASE_RATE: (((0, 0), (0, 1), (1, 0), (1, 1)), ((1, 0), (1, 1))),
}


def count_cells(
    codes: npt.NDArray[np.integer], label: npt.NDArray[np.bool_], decision: npt.NDArray[np.bool_], *, groups: int
) -> Counts:
    """Count cases by group, label and decision in one pass.

    Parameters
    ----------
    codes : ndarray of integers, shape (n_cases,)
        Group of each case, from 0 to ``groups - 1``; ``uint8`` is the quickest.
    label, decision : ndarray of bool, shape (n_cases,)
        The outcome and the selection of each case.
    groups : int
        Number of groups; one without cases keeps its row of zeros.

    Returns
    -------
    ndarray of int64, shape (groups, 2, 2)
        Indexed by group, label, decision.

    Raises
    ------
    ValueError
        If the arrays differ in length, or a code lies outside the groups.

    Examples
    --------
    >>> found = count_cells(np.array([0, 0, 1]), np.array([True, False, True]), np.array([True, True, False]), groups=2)
    >>> found.tolist()
    [[[0, 1], [0, 1]], [[0, 0], [1, 0]]]
    """
    if not len(codes) == len(label) == len(decision):
        raise ValueError(f"found {len(codes)} codes, {len(label)} labels and {len(decision)} decisions: lengths differ")
    if len(codes) and (int(codes.min()) < 0 or int(codes.max()) >= groups):
        raise ValueError(f"group codes must lie between 0 and {groups - 1}")
    # 64 groups of four cells fill a byte
    kind: npt.DTypeLike = np.uint8 if groups <= 64 else np.int64
    total = np.zeros(4 * groups, dtype=np.int64)
    outcome, selected = label.view(np.uint8), decision.view(np.uint8)
    for start in range(0, len(codes), _CHUNK):
        rows = slice(start, start + _CHUNK)
        combined = np.multiply(codes[rows], 4, dtype=kind, casting="unsafe") + outcome[rows] * 2 + selected[rows]
        total += np.bincount(combined, minlength=4 * groups)
    return total.reshape(groups, 2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Events and cases of each group, shape (..., groups)."""

    events: Counts
    n: Counts


def metric_counts(cells: Counts, metric: Metric) -> Shares:
    """Give a metric's events and cases for each group, ready for ``compare.compare_counts``.

    Parameters
    ----------
    cells : ndarray of int64, shape (..., groups, 2, 2)
        As from ``count_cells``; leading axes (bootstrap draws) are kept.
    metric : Metric
        Which share.

    Examples
    --------
    >>> found = metric_counts(np.array([[[5, 1], [2, 4]]]), Metric.TRUE_POSITIVE_RATE)
    >>> found.events.tolist(), found.n.tolist()
    ([4], [6])
    """
    among, event = _CELLS[metric]
    return Shares(events=_sum(cells, event), n=_sum(cells, among))


def _sum(cells: Counts, chosen: tuple[tuple[int, int], ...]) -> Counts:
    return np.asarray(np.stack([cells[..., label, decision] for label, decision in chosen]).sum(axis=0))
