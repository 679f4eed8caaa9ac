"""Fairlearn's point values, computed on the compressed table: one row a cell of group x label x decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from igw_audit.core.cases import Bools, Codes, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedTable:
    """Cases counted by group, label and decision; Fairlearn's metrics take the counts as sample weights.

    Attributes
    ----------
    group, positive, selected : ndarray of int64, shape (n_cells,)
        Position of the group; whether the label is positive; whether the case was selected.
    weight : ndarray of float64, shape (n_cells,)
        Cases in the cell, or the sum of their weights.
    """

    group: Codes
    positive: Codes
    selected: Codes
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPoints:
    """Fairlearn's value of each metric for one group; a metric over an empty denominator is None, not its 0.0."""

    group: int
    false_positive_rate: float | None
    false_negative_rate: float | None
    false_discovery_rate: float | None
    precision: float | None
    wrongly_selected_share: float | None

    def value(self, statistic: str) -> float | None:
        """Give the value of a metric by its name; raises AttributeError for another name."""
        found: float | None = getattr(self, statistic)
        return found


def compress(
    groups: Codes, positive: Bools, selected: Bools, *, among: Bools, weight: Floats | None = None
) -> CompressedTable:
    """Count the cases of ``among`` in one pass; empty cells are left out, the cases that count are not."""
    cell = (groups * 4 + positive * 2 + selected)[among]
    total = np.bincount(cell, weights=None if weight is None else weight[among]).astype(np.float64)
    found = np.flatnonzero(total > 0)
    return CompressedTable(
        group=(found // 4).astype(np.int64),
        positive=(found // 2 % 2).astype(np.int64),
        selected=(found % 2).astype(np.int64),
        weight=total[found],
    )


def fairlearn_points(table: CompressedTable) -> tuple[GroupPoints, ...]:
    """Give Fairlearn's error rates of every group that has a case in the table, by group."""
    from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, mean_prediction
    from sklearn.metrics import precision_score

    def precision(y_true: Codes, y_pred: Codes, sample_weight: Floats) -> float:
        return float(precision_score(y_true, y_pred, sample_weight=sample_weight, zero_division=0.0))

    def wrongly_selected(y_true: Codes, y_pred: Codes, sample_weight: Floats) -> float:
        wrong = np.asarray((np.asarray(y_pred) == 1) & (np.asarray(y_true) == 0), dtype=np.float64)
        return float(mean_prediction(y_true, wrong, sample_weight=sample_weight))

    if len(table.group) == 0:
        return ()
    metrics = {
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": false_negative_rate,
        "precision": precision,
        "wrongly_selected_share": wrongly_selected,
    }
    frame = MetricFrame(
        metrics=metrics,
        y_true=table.positive,
        y_pred=table.selected,
        # a series, since Fairlearn squeezes an array of one row into none
        sensitive_features=pd.Series(table.group, name="group"),
        sample_params={name: {"sample_weight": table.weight} for name in metrics},
    )
    by_group = frame.by_group
    return tuple(_points(table, int(group), by_group.loc[group]) for group in by_group.index)


def _points(table: CompressedTable, group: int, row: object) -> GroupPoints:
    mine = table.group == group
    negatives, positives = (bool((mine & (table.positive == label)).any()) for label in (0, 1))
    selected = bool((mine & (table.selected == 1)).any())
    values = {name: float(row[name]) for name in ("false_positive_rate", "false_negative_rate", "precision")}  # type: ignore[index]
    return GroupPoints(
        group=group,
        false_positive_rate=values["false_positive_rate"] if negatives else None,
        false_negative_rate=values["false_negative_rate"] if positives else None,
        precision=values["precision"] if selected else None,
        false_discovery_rate=1.0 - values["precision"] if selected else None,
        wrongly_selected_share=float(row["wrongly_selected_share"]),  # type: ignore[index]
    )
