"""Scores that somebody else gave: a column of the table, or one number a case beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.nearest import did_you_mean
from igw_audit.core.schema import CaseSchema
from igw_audit.errors import InputError
from igw_audit.scoring.adapters.answers import Numbers, as_array, numbers
from igw_audit.scoring.sampling import may_lack_score


class OrderedTable(Protocol):
    """Cases in canonical order: ``index`` are their ids as they came, ``order`` the way from there to here."""

    @property
    def frame(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def index(self) -> pd.Index[Any]: ...  # noqa: D102
    @property
    def order(self) -> NDArray[np.intp]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenScores:
    """Scores in canonical order and their own precision, and which cases have one.

    A case without one has the lowest that there is, which nobody reads.
    """

    numbers: Numbers
    scored: NDArray[np.bool_]


def given_scores(
    table: OrderedTable, schema: CaseSchema | None, score: Any, arm: NDArray[np.object_] | None
) -> GivenScores:
    """Read given scores; cases that were drawn at random may lack one.

    Raises
    ------
    InputError
        If there is no such column, or another case lacks a finite score.
    """
    values, what = _values(table, schema, score)
    n = len(table.frame)
    absent = np.isnan(values) if values.dtype.kind == "f" and values.shape == (n,) else np.zeros(n, dtype=np.bool_)
    without = may_lack_score(arm, absent)
    if not without.any() or without.all():
        return GivenScores(numbers=numbers(values, n, what=what), scored=np.ones(n, dtype=np.bool_))
    held = numbers(values[~without], int((~without).sum()), what=what)
    scores = np.full(n, held.min(), dtype=held.dtype)
    scores[~without] = held
    return GivenScores(numbers=scores, scored=~without)


def _values(table: OrderedTable, schema: CaseSchema | None, score: Any) -> tuple[Numbers, str]:
    column = schema.column("score") if score is None and schema is not None else score
    if column is None:
        raise InputError(
            "scores",
            ["there is neither a model nor a score; give predict, or the name of the column that holds scores"],
        )
    n = len(table.frame)
    if isinstance(column, str):
        if column not in table.frame.columns:
            hint = did_you_mean(column, [str(name) for name in table.frame.columns])
            raise InputError("scores", [f"the table has no column {column!r}; {hint}"])
        what = f"score column {column!r}"
        return as_array(table.frame[column], what=what), what
    if isinstance(column, pd.Series) and not column.index.equals(table.index):
        strangers = len(table.index.difference(column.index))
        if strangers or column.index.has_duplicates:
            raise InputError("scores", [f"{strangers} cases have no score under their id; index the scores by case id"])
        column = column.reindex(table.index)
    held = as_array(column, what="scores")
    flat = held[:, 0] if held.ndim == 2 and held.shape[1] == 1 else held
    return (flat[table.order] if flat.shape == (n,) else flat), "scores"
