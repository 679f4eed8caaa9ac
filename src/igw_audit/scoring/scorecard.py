"""A logistic model as a table of points that a person can add up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.features import NOT_RECORDED, RARE_LEVEL
from igw_audit.scoring.fit import FittedModel

#: So many points more double the odds.
DOUBLING = 20
#: A category with many levels shows its largest ones.
LEVELS_SHOWN = 20
BANDS = 5
POOLED = "(rare or new)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What one value of one feature adds to the score.

    Attributes
    ----------
    feature, value : str
        The column, and its value, band of values, ``(rare or new)`` or ``(not recorded)``.
    points : float
        Against the column's usual value (median or most frequent), which has 0; 20 points double the odds.
    n : int
        Cases in the table with that value.
    """

    feature: str
    value: str
    points: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    feature: str
    label: str
    at: Any
    n: int


def scorecard(fitted: FittedModel, table: CaseTable) -> tuple[Points, ...]:
    """Read a logistic model as points: columns by name, numbers in five bands, categories by size.

    A case's points add up to its log-odds (before calibration) exactly where its numbers are their band's median.

    Raises
    ------
    InputError
        If the model is not logistic: points of a boosting model do not add up.
    """
    features, model = fitted.estimator["features"], fitted.estimator["model"]
    if hasattr(model, "calibrated_classifiers_"):
        model = model.calibrated_classifiers_[0].estimator
    if not hasattr(model, "coef_"):
        raise InputError(
            "scorecard", [f"the model is a {type(model).__name__}, whose features do not add up; train kind logistic"]
        )
    frame = table.frame[list(fitted.features)]
    kinds = fitted.facts.kinds
    values = []
    usual = {}
    for name in fitted.features:
        numeric = name in (*kinds.number, *kinds.flag)
        usual[name] = _usual(frame[name], number=name in kinds.number)
        values += _bands(frame[name]) if name in kinds.number else _levels(frame[name], numeric=numeric)
    rows = pd.DataFrame([usual] * (len(values) + 1), columns=list(fitted.features))
    rows = rows.astype({name: frame[name].dtype for name in fitted.features})
    for row, value in enumerate(values):
        rows.loc[row + 1, value.feature] = value.at
    odds = model.decision_function(features.transform(rows))
    points = (odds[1:] - odds[0]) * DOUBLING / math.log(2)
    return tuple(
        Points(feature=value.feature, value=value.label, points=float(worth), n=value.n)
        for value, worth in zip(values, points, strict=True)
    )


def _usual(column: pd.Series, *, number: bool) -> Any:
    held = column.dropna()
    if held.empty:
        return np.nan if number else None
    if number:
        return float(held.median())
    counts = held.value_counts()
    return sorted(counts.index[counts == counts.max()])[0]


def _bands(column: pd.Series) -> list[_Value]:
    name, held = str(column.name), column.dropna().to_numpy(dtype=np.float64)
    edges = np.unique(np.quantile(held, np.linspace(0, 1, BANDS + 1))) if len(held) else np.zeros(0)
    band = np.clip(np.searchsorted(edges, held, side="right") - 1, 0, max(len(edges) - 2, 0))
    found = []
    for number in range(len(np.unique(band))):
        inside = held[band == number]
        low, high = inside.min(), inside.max()
        label = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        found.append(_Value(feature=name, label=label, at=float(np.median(inside)), n=len(inside)))
    return [*found, *_missing(column, np.nan)]


def _levels(column: pd.Series, *, numeric: bool) -> list[_Value]:
    name = str(column.name)
    counts = column.dropna().value_counts()
    by_size = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if numeric:
        shown, pooled = by_size, 0
    else:
        shown = [pair for pair in by_size if pair[1] >= RARE_LEVEL][:LEVELS_SHOWN]
        pooled = int(counts.sum()) - sum(count for _, count in shown)
    found = [
        _Value(feature=name, label=f"{level:g}" if numeric else str(level), at=level, n=int(count))
        for level, count in shown
    ]
    if pooled and len(shown) < LEVELS_SHOWN:
        # a NUL stands in no table, so this is a level that training never saw
        found.append(_Value(feature=name, label=POOLED, at="\x00", n=pooled))
    return [*found, *_missing(column, np.nan if numeric else None)]


def _missing(column: pd.Series, at: Any) -> list[_Value]:
    n = int(column.isna().sum())
    return [_Value(feature=str(column.name), label=NOT_RECORDED, at=at, n=n)] if n else []
