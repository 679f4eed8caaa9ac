"""Keeping protected columns apart: one table in, two out; and a table's column names without its values."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from igw_audit.core.nearest import did_you_mean
from igw_audit.errors import InputError
from igw_audit.intake.checks import id_problems
from igw_audit.intake.sources import TableSource, name_problems, open_source
from igw_audit.intake.text import as_text, objects, one_array


def column_names(source: TableSource) -> tuple[str, ...]:
    """Give a table's column names, in order; its values are not read."""
    return open_source(source, what="table", expected=(), show=False).names


def separate_columns(
    source: TableSource, *, id_column: str, protected: Sequence[str], encoding: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a table into cases without the protected columns, and the protected columns with the id.

    Nothing is converted: the schema gives types later. ``encoding`` is for a CSV file that is not UTF-8.

    Raises
    ------
    InputError
        If a column is missing or the ids do not tell cases apart; no protected value is quoted.
    """
    opened = open_source(source, what="table", expected=(id_column, *protected), encoding=encoding, show=False)
    missing = [
        f"there is no column {name!r}; {did_you_mean(name, opened.names)}"
        for name in dict.fromkeys((id_column, *protected))
        if name not in opened.names
    ]
    if id_column in protected:
        missing.append(f"column {id_column!r} is both the id and protected; an id must say nothing about a person")
    problems = [*opened.problems, *name_problems(opened.names), *missing]
    if problems:
        raise InputError(opened.subject, problems)
    fetched = opened.fetch(range(len(opened.names)))
    # Parquet keeps its own types for the cases; protected values and ids are text
    whole = pd.DataFrame({name: one_array(fetched.column(i)).to_pandas() for i, name in enumerate(opened.names)})
    for name in (id_column, *protected):
        whole[name] = objects(as_text(one_array(fetched.column(opened.names.index(name)))))
    problems = id_problems(whole[id_column].to_numpy(dtype=object), column=id_column, rows=opened.rows, show=True)
    if problems:
        raise InputError(opened.subject, problems)
    return whole.drop(columns=list(protected)), whole[[id_column, *dict.fromkeys(protected)]]
