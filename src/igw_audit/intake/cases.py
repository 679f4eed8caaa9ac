"""A case table of any origin -> CaseTable, or one error that lists everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from igw_audit.core.nearest import nearest
from igw_audit.core.schema import CaseSchema, ColumnRole
from igw_audit.core.settings import read_settings
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.intake.checks import cell_problems, id_problems
from igw_audit.intake.rows import SHOWN, Rows, listed
from igw_audit.intake.sources import Source, TableSource, name_problems, open_source
from igw_audit.intake.text import as_text, one_array, unreadable_kind
from igw_audit.intake.values import Typed, typed


def read_schema(source: CaseSchema | Mapping[str, Any] | str | Path) -> CaseSchema:
    """Read a case schema from a TOML file's path, a mapping, or one that is ready."""
    return read_settings(CaseSchema, source, what="schema")


def read_cases(source: TableSource, schema: CaseSchema | Mapping[str, Any] | str | Path) -> CaseTable:
    """Read a case table: the same content gives the same table, whatever its format and row order.

    Parameters
    ----------
    source : path, frame or relation
        CSV (UTF-8, or the schema's encoding; comma, semicolon, tab or bar), Parquet, pandas (the id also as index),
        Polars, Arrow, or a lazy frame or DuckDB relation, of which only the schema's columns are fetched.
    schema : CaseSchema, path or mapping
        One role for every column. A feature without a type gets the one that its values show.

    Raises
    ------
    InputError
        With every problem of the table, each with its column and rows; the header of a CSV file is row 1.
    """
    schema = read_schema(schema)
    expected = (schema.id_column, *(name for name in schema.columns if name != schema.id_column))
    opened = open_source(source, what="cases", expected=expected, encoding=schema.encoding)
    framed = isinstance(source, pd.DataFrame)
    problems = [*opened.problems, *name_problems(opened.names), *_column_problems(opened.names, schema, framed=framed)]
    wanted = [name for name in schema.read_columns if opened.names.count(name) == 1]
    fetched = opened.fetch([opened.names.index(name) for name in wanted])
    if fetched.num_rows == 0 and wanted:
        problems.append("the table has columns and no cases; expected at least one row")
    columns = {name: one_array(fetched.column(place)) for place, name in enumerate(wanted)} if fetched.num_rows else {}
    found = _typed_columns(columns, schema, opened.rows, problems)
    values = {name: column.cells for name, column in found.items()}
    problems += _row_problems(found, schema, opened)
    if problems:
        raise InputError(opened.subject, problems)
    return _table(values, schema, {name: column.type for name, column in found.items()})


def _column_problems(names: tuple[str, ...], schema: CaseSchema, *, framed: bool) -> list[str]:
    unknown = [name for name in dict.fromkeys(names) if name not in schema.columns and (name or names.count("") == 1)]
    missing = [name for name in schema.read_columns if name not in names]
    near = {name: found for name in missing if (found := nearest(name, unknown)) is not None}
    problems = [
        f"column {name!r} of the schema is not in the table, and {found!r} of the table is not in the schema: is it "
        "the same? Write the name the same way in both"
        for name, found in near.items()
    ]
    absent = [name for name in missing if name not in near]
    if absent:
        of, verb = ("columns", "are") if len(absent) > 1 else ("column", "is")
        index = (
            " The id may be the frame's index, if that has its name" if framed and schema.id_column in absent else ""
        )
        problems.append(
            f"{of} {listed(absent)} of the schema {verb} not in the table; add what is missing to the table, or take "
            f"it out of the schema.{index}"
        )
    far = [name for name in unknown if name not in near.values()]
    if far:
        lines = ", ".join(f'{_key(name)} = "ignore"' for name in far[:SHOWN])
        problems.append(
            f"the schema gives no role to column{'s' if len(far) > 1 else ''} {listed(far)}; add a role, for example "
            f"{lines}{' ...' if len(far) > SHOWN else ''}, under [columns]"
        )
    return problems


def _key(name: str) -> str:
    return name if name and all(mark.isalnum() or mark in "_-" for mark in name) and name.isascii() else f'"{name}"'


def _typed_columns(
    columns: Mapping[str, pa.Array], schema: CaseSchema, rows: Rows, problems: list[str]
) -> dict[str, Typed]:
    found = {}
    for name, values in columns.items():
        role = schema.columns[name]
        kind = unreadable_kind(values.type)
        if kind is not None:
            problems.append(
                f"column {name!r} holds {kind}, expected single values; take them apart or ignore the column"
            )
            continue
        column = typed(_without(values, role.missing), role.known_type, date_format=role.format)
        for misfit in column.misfits:
            cells = rows.quote(misfit.positions, misfit.examples)
            expected = "0 or 1" if column.type == "flag" else f"a {column.type}"
            problems.append(f"column {name!r}: found {cells}, expected {expected}; {misfit.advice}")
        found[name] = replace(column, cells=_as_precise(column.cells, values.type)) if role.role == "score" else column
    return found


def _as_precise(cells: Any, kind: pa.DataType) -> Any:
    """Keep scores in the bits that the table has them in: what lies on a limit in 32 bits does not in 64."""
    narrow = {pa.float32(): np.float32, pa.float16(): np.float16}.get(kind)
    return cells if narrow is None else cells.astype(narrow)


def _without(values: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    """Empty the cells that hold a word which the schema says stands for no value."""
    if not missing:
        return values
    named = pc.is_in(as_text(values), value_set=pa.array(missing, pa.large_string()))
    return pc.if_else(named, pa.scalar(None, values.type), values)


def _row_problems(found: Mapping[str, Typed], schema: CaseSchema, opened: Source) -> list[str]:
    problems = []
    if schema.id_column in found:
        problems += id_problems(found[schema.id_column].cells, column=schema.id_column, rows=opened.rows, show=True)
    return [*problems, *cell_problems(found, schema, opened.rows)]


def _table(values: Mapping[str, Any], schema: CaseSchema, types: Mapping[str, Any]) -> CaseTable:
    ids = values[schema.id_column]
    order = id_order(ids)
    index = pd.Index(ids[order], dtype=object, name="id")
    frame = pd.DataFrame(
        # the dtype is said, or pandas 3 would make text of its own kind out of objects
        {
            name: pd.Series(values[name][order], index=index, dtype=values[name].dtype)
            for name in sorted(values)
            if name != schema.id_column
        },
        index=index,
    )
    roles = {
        name: ColumnRole(role=role.role, type=types[name], format=role.format) if name in types else role
        for name, role in schema.columns.items()
    }
    return CaseTable(frame=frame, schema=schema.model_copy(update={"columns": roles}))


def id_order(ids: Any) -> np.ndarray:
    """Give the canonical order of cases: by id, as text."""
    order: np.ndarray = pc.sort_indices(pa.array(ids, type=pa.large_string())).to_numpy()
    return order
