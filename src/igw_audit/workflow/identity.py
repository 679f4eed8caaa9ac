"""By what the rows of two tables are known to be of one case: a column of ids, or an index that both carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from igw_audit.errors import InputError
from igw_audit.intake import column_names

#: Where nobody names the id column, these names are looked for, in this order, before a frame's index.
ID_NAMES = ("id", "case_id")
#: What a program calls an index without a name when it writes it as a column.
_NAMELESS = ("__index_level_0__", "Unnamed: 0", "index", "level_0", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A table whose ids have the name of a column.

    Attributes
    ----------
    table : object
        The table; of a frame whose ids are its index, one whose index has that name.
    id_column : str
        The column or index with the ids.
    named : bool
        Whether somebody called it an id; an index without a name may only count rows.
    """

    table: Any
    id_column: str
    named: bool


def named_cases(table: Any, *, id_column: str | None = None) -> Named:
    """Find the ids of the cases: in the column that a schema names, else in one with a usual name, else in the index.

    Raises
    ------
    InputError
        If there is no such column and no index, or an index of several levels.
    """
    if isinstance(table, pd.DataFrame):
        names = {str(name) for name in table.columns}
        found = _first((id_column,) if id_column is not None else ID_NAMES, names)
        return _by_index(table, names, id_column, what="cases") if found is None else _by_column(table, found)
    if id_column is not None:
        return _by_column(table, id_column)
    found = _first((*ID_NAMES, _NAMELESS[0]), set(column_names(table)))
    if found is None:
        raise InputError("cases", [f"no column is called {' or '.join(ID_NAMES)}; rename yours, or give a schema"])
    return _by_column(table, found)


def named_protected(table: Any, *, cases: Named) -> Named:
    """Find the ids of the protected table: called as in the cases, else by a usual name, else in the index."""
    framed = isinstance(table, pd.DataFrame)
    names = {str(name) for name in table.columns} if framed else set(column_names(table))
    found = _first((cases.id_column, *ID_NAMES, *(() if framed else _NAMELESS[:1])), names)
    if found is not None:
        return _by_column(table, found)
    if framed:
        return _by_index(table, names, cases.id_column, what="protected table")
    return _by_column(table, cases.id_column)


def check_identity(cases: Named, case_ids: pd.Index[str], *, protected: Named, protected_ids: pd.Index[str]) -> None:
    """Refuse to join by row numbers, unless both tables carry one and the same index.

    A row number is another person as soon as a row was left out or moved on one side.

    Raises
    ------
    InputError
        If one side has nothing but row numbers and the other has other ids, or more or fewer of them.
    """
    numbered = not cases.named and _count_rows(case_ids)
    apart = not protected.named and _count_rows(protected_ids)
    if numbered and not protected.named and set(case_ids) == set(protected_ids):
        return
    if not numbered and (not apart or not cases.named):
        return
    side, rows = ("cases", len(case_ids)) if numbered else ("protected table", len(protected_ids))
    other, more = ("protected table", len(protected_ids)) if numbered else ("cases", len(case_ids))
    kind = "ids" if (protected.named if numbered else cases.named) else "row numbers"
    raise InputError(
        "ids",
        [
            f"the {side} ({rows} rows) can be told apart by row number only, and the {other} ({more} rows) by {kind} "
            "of its own: a row number is another person as soon as a row was left out or moved. Give both tables the "
            f"id of each case, in a column {' or '.join(repr(name) for name in ID_NAMES)} or as index, and keep it "
            "where rows are chosen (no reset_index(drop=True))"
        ],
    )


def _first(wanted: tuple[str, ...], names: set[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _by_column(table: Any, name: str) -> Named:
    return Named(table=table, id_column=name, named=name not in _NAMELESS)


def _by_index(frame: pd.DataFrame, names: set[str], id_column: str | None, *, what: str) -> Named:
    if frame.index.nlevels > 1:
        levels = ", ".join(str(name) for name in frame.index.names)
        raise InputError(
            what,
            [
                f"the index has {frame.index.nlevels} levels ({levels}), expected one id a case; make one id of them "
                f"in a column {ID_NAMES[0]!r}, in both tables alike"
            ],
        )
    own = frame.index.name
    name = str(own) if own is not None and str(own) not in names else ID_NAMES[0]
    name = name if id_column is None else id_column
    named = own is not None and str(own) not in _NAMELESS
    return Named(table=frame.set_axis(frame.index.rename(name), axis=0), id_column=name, named=named)


def _count_rows(ids: pd.Index[str]) -> bool:
    """Tell whether ids are the numbers from 0, or from 1, to how many there are."""
    held = set(ids)
    first = 0 if "0" in held else 1
    return bool(held) and held == {str(number) for number in range(first, first + len(ids))}
