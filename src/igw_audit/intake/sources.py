"""Anything that holds a table -> its column names now, and the columns that are asked for later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from igw_audit.core.limits import TABLE, read_within
from igw_audit.errors import InputError
from igw_audit.intake.csvfile import UnreadableCsv, read_csv
from igw_audit.intake.limits import check_columns, check_csv, open_parquet, read_parquet
from igw_audit.intake.rows import Rows, listed

#: A file's path, or a pandas, Polars or Arrow frame, or a lazy frame or DuckDB relation.
TableSource = Any

_MAGIC = {
    b"PK\x03\x04": 'is a workbook or archive, expected CSV or Parquet; save the sheet as "CSV UTF-8"',
    b"\xd0\xcf\x11\xe0": 'is an old spreadsheet, expected CSV or Parquet; save the sheet as "CSV UTF-8"',
    b"\x1f\x8b": "is compressed with gzip, expected CSV or Parquet; unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd, expected CSV or Parquet; unpack it first",
    b"SQLite format 3": "is a database, expected CSV or Parquet; export the table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table that is open: what it is called, its columns, and a way to fetch some of them.

    ``names`` are every column's name in order, also those that stand twice; ``problems`` hold what is wrong with the
    table as a whole. ``fetch`` takes positions in ``names`` and gives those columns, in that order, named by position.
    ``typed`` tells whether cells have types of their own, as in every table but a CSV file.
    """

    subject: str
    names: tuple[str, ...]
    rows: Rows
    fetch: Callable[[Sequence[int]], pa.Table]
    problems: tuple[str, ...] = ()
    typed: bool = True


def open_source(
    source: TableSource, *, what: str, expected: Collection[str], encoding: str | None = None, show: bool = True
) -> Source:
    """Open a table of any kind.

    Parameters
    ----------
    source : path, frame or relation
        What to read.
    what : str
        How to call it in an error: ``"cases"`` or ``"protected table"``.
    expected : collection of str
        Column names that it should hold.
    encoding : str or None
        The encoding of a CSV file that is not UTF-8.
    show : bool
        Whether an error may quote what stands in the table.

    Raises
    ------
    InputError
        If it cannot be opened at all.
    """
    if isinstance(source, str | Path):
        return _open_file(Path(source), what, expected, encoding=encoding, show=show)
    if isinstance(source, pd.DataFrame):
        return _open_pandas(source, what, expected)
    if isinstance(source, pa.Table):
        return _open_arrow(source, f"{what} (Arrow table, first row is row 1)", Rows())
    return _open_other(source, what)


def _open_file(path: Path, what: str, expected: Collection[str], *, encoding: str | None, show: bool) -> Source:
    subject = f"{what} {path}"
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except FileNotFoundError:
        raise InputError(subject, ["there is no such file; give the path of a CSV or Parquet file"]) from None
    except IsADirectoryError:
        raise InputError(subject, ["this is a folder; give the path of the CSV or Parquet file inside it"]) from None
    except OSError as error:
        raise InputError(subject, [f"the file cannot be read: {error.strerror}"]) from None
    ending = path.suffix.lower()
    if head.startswith(b"PAR1"):
        return _open_parquet(path, subject)
    if ending in {".parquet", ".pq"}:
        found = "is empty" if not head else "is not a Parquet file"
        raise InputError(subject, [f"the file {found}; write it again, or name it .csv if it is CSV"])
    for magic, sentence in _MAGIC.items():
        if head.startswith(magic):
            raise InputError(subject, [f"the file {sentence}"])
    content = read_within(path, TABLE, subject=subject)
    check_csv(content, subject=subject)
    try:
        found_csv = read_csv(content, expected=expected, encoding=encoding, show=show)
    except UnreadableCsv as error:
        raise InputError(subject, [str(error)]) from None
    except pa.ArrowInvalid:
        said = "a row of the file is too long to be taken apart; see whether a quotation mark in it is never closed"
        raise InputError(subject, [said]) from None
    check_columns(found_csv.names, subject=subject)
    return Source(
        subject=subject,
        names=found_csv.names,
        rows=found_csv.rows,
        fetch=lambda wanted: found_csv.table.select(list(wanted)),
        problems=found_csv.problems,
        typed=False,
    )


def _open_parquet(path: Path, subject: str) -> Source:
    try:
        file = open_parquet(path, subject=subject)
    except (pa.ArrowException, OSError):
        raise InputError(
            subject, ["the file begins as Parquet and ends too soon, so it was cut off; copy or write it again"]
        ) from None
    names = tuple(file.schema_arrow.names)
    file.close()

    def fetch(wanted: Sequence[int]) -> pa.Table:
        asked = [names[position] for position in wanted]
        try:
            table = read_parquet(path, asked, subject=subject)
        except (pa.ArrowException, OSError, MemoryError) as error:
            raise InputError(
                subject, [f"the file is damaged ({type(error).__name__}); copy or write it again"]
            ) from None
        return table.select(asked)

    return Source(subject=subject, names=names, rows=Rows(), fetch=fetch)


def _open_pandas(frame: pd.DataFrame, what: str, expected: Collection[str]) -> Source:
    from igw_audit.intake.frames import arrow_of, index_as_column

    subject = f"{what} (pandas frame, first row is row 1)"
    names = [str(name) for name in frame.columns]
    index_name = index_as_column(frame, expected)
    columns: list[Any] = [frame.iloc[:, position] for position in range(len(names))]
    if index_name is not None:
        names.append(index_name)
        columns.append(frame.index.to_series())

    def fetch(wanted: Sequence[int]) -> pa.Table:
        return pa.table({str(position): arrow_of(columns[position]) for position in wanted})

    return Source(subject=subject, names=tuple(names), rows=Rows(), fetch=fetch)


def _open_arrow(table: pa.Table, subject: str, rows: Rows) -> Source:
    return Source(
        subject=subject,
        names=tuple(table.column_names),
        rows=rows,
        fetch=lambda wanted: table.select(list(wanted)),
    )


def _open_other(source: TableSource, what: str) -> Source:
    import narwhals as nw

    found = type(source).__name__
    try:
        frame = nw.from_native(source)
    except TypeError:
        raise InputError(
            what,
            [
                f"found a {found}; expected the path of a CSV or Parquet file, a pandas, Polars or Arrow frame, or a "
                "lazy frame or DuckDB relation"
            ],
        ) from None
    names = tuple(frame.collect_schema().names())

    def fetch(wanted: Sequence[int]) -> pa.Table:
        chosen = frame.select(*(names[position] for position in wanted))
        table: pa.Table = (
            chosen.collect("pyarrow").to_native() if isinstance(chosen, nw.LazyFrame) else chosen.to_arrow()
        )
        return table

    return Source(subject=f"{what} ({found}, first row is row 1)", names=names, rows=Rows(), fetch=fetch)


def name_problems(names: Sequence[str], *, read: Collection[str] | None = None) -> list[str]:
    """Say which column names stand twice, of those that are read, or are empty where more than one is."""
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1 and name and (read is None or name in read)]
    problems = []
    if twice:
        word = "name stands" if len(twice) == 1 else "names stand"
        problems.append(f"column {word} more than once: {listed(twice)}; give every column a name of its own")
    if counts.get("", 0) > 1 and (read is None or "" in read):
        places = [str(number) for number, name in enumerate(names, 1) if not name]
        problems.append(
            f"columns {', '.join(places)} have no name (a separator too many at the end of the header leads to that); "
            "name or remove them"
        )
    return problems
