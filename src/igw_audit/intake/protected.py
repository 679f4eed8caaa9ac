"""The protected table: read from a file of its own, and never quoted in an error."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from igw_audit.core.nearest import did_you_mean
from igw_audit.core.tables import ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake.cases import id_order
from igw_audit.intake.checks import id_problems
from igw_audit.intake.sources import TableSource, name_problems, open_source
from igw_audit.intake.text import as_id, as_text, objects, one_array, unreadable_kind


def read_protected(
    source: TableSource, *, id_column: str, encoding: str | None = None, wanted: Collection[str] | None = None
) -> ProtectedTable:
    """Read the protected attributes of cases: every column but the id is one, and a blank cell is missing.

    Parameters
    ----------
    source : path, frame or relation
        As for ``read_cases``; a table of its own, apart from the cases.
    id_column : str
        The column with the case id; for a pandas frame it may be the index.
    encoding : str or None
        The encoding of a CSV file that is not UTF-8.
    wanted : collection of str, optional
        The attributes to read, if they are there; the others may hold anything. Without it all are read.

    Raises
    ------
    InputError
        With every problem of the table, by column and row; it quotes no value.
    """
    opened = open_source(source, what="protected table", expected=(id_column,), encoding=encoding, show=False)
    read = None if wanted is None else {id_column, *wanted}
    problems = [*opened.problems, *name_problems(opened.names, read=read)]
    problems += _column_problems(opened.names, id_column, named=wanted is None)
    once = [
        place
        for place, name in enumerate(opened.names)
        if opened.names.count(name) == 1 and (read is None or name in read)
    ]
    fetched = opened.fetch(once)
    if fetched.num_rows == 0 and once:
        problems.append("the table has columns and no rows; expected one row a case")
    found = {}
    for place, position in enumerate(once):
        name = opened.names[position]
        try:
            values = one_array(fetched.column(place))
            kind = unreadable_kind(values.type)
            if kind is None:
                found[name] = objects(as_id(values) if name == id_column else _attribute(values))
        except (pa.ArrowException, OverflowError, UnicodeError):
            kind = f"{fetched.column(place).type} cells that cannot be read"
        if kind is not None:
            problems.append(f"column {name!r} holds {kind}, expected single values; take them apart or remove it")
    if id_column in found and fetched.num_rows:
        problems += id_problems(found[id_column], column=id_column, rows=opened.rows, show=False)
    if problems:
        raise InputError(opened.subject, problems)
    ids = found.pop(id_column)
    order = id_order(ids)
    index = pd.Index(ids[order], dtype=object, name="id")
    frame = pd.DataFrame(
        {name: pd.Series(found[name][order], index=index, dtype=object) for name in sorted(found)}, index=index
    )
    return ProtectedTable(
        frame=frame, unread=tuple(name for name in opened.names if name and name not in (*found, id_column))
    )


def _attribute(values: pa.Array) -> pa.Array:
    """Write an attribute as text; yes and no alike from a file and from a column of booleans."""
    text = as_text(values)
    plain = pc.utf8_lower(text)
    return plain if pc.all(pc.is_in(plain, value_set=_BOOLEANS)).as_py() else text


_BOOLEANS = pa.array(["true", "false", None], pa.large_string())


def _column_problems(names: tuple[str, ...], id_column: str, *, named: bool) -> list[str]:
    problems = []
    if id_column not in names:
        problems.append(
            f"there is no id column {id_column!r}; {did_you_mean(id_column, [name for name in names if name])} It "
            "must have the name that the schema of the cases gives the id"
        )
    elif len(names) == 1:
        problems.append(f"there is no column beside the id {id_column!r}; expected at least one protected attribute")
    if named and "" in names and names.count("") == 1:
        problems.append(f"column {names.index('') + 1} has no name; name the attribute or remove the column")
    return problems
