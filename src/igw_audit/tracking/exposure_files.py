"""Exposure tables as files: SQLite (refuses changes by itself), DuckDB, or a folder of Parquet files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igw_audit.core.whole import private_file, private_folder, write_file_whole
from igw_audit.errors import InputError
from igw_audit.tracking.exposure import (
    COLUMNS,
    Batch,
    Exposed,
    ExposureTable,
    HeldBatch,
    Rows,
    arrow_of,
    batch_of,
    exposed_of,
    held_batches,
)

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "igw_exposure"
_LISTED = ", ".join(COLUMNS)
_HEADS = f"SELECT DISTINCT {', '.join(COLUMNS[:7])} FROM {TABLE} ORDER BY scored_at, batch"  # noqa: S608 - our own names  # nosec B608
#: Another writer may hold a SQLite file for a moment.
_BUSY_SECONDS = 20.0


def _columns(types: Mapping[str, str], text: str) -> str:
    return ", ".join(f"{name} {types.get(name, text)}{'' if name == 'band' else ' NOT NULL'}" for name in COLUMNS)


_SQLITE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} ("
    f"{_columns({'approved': 'INTEGER', 'selected': 'INTEGER', 'score': 'REAL'}, 'TEXT')})",
    f"CREATE INDEX IF NOT EXISTS {TABLE}_by_case ON {TABLE} (case_hash)",
    *(
        f"CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{word.lower()} BEFORE {word} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, 'the exposure table is append-only'); END"
        for word in ("UPDATE", "DELETE")
    ),
)
_DUCKDB = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} ("
    f"{_columns({'approved': 'BOOLEAN', 'selected': 'BOOLEAN', 'score': 'DOUBLE'}, 'VARCHAR')})"
)


def open_exposure(path: str | Path, *, make: bool) -> ExposureTable:
    """Open a table by its name: ``.db`` or ``.sqlite`` SQLite, ``.duckdb`` DuckDB, else a folder of Parquet files.

    Raises
    ------
    InputError
        If it is not there and ``make`` is false, or holds something else.
    """
    path = Path(path)
    if not make and not path.exists():
        raise InputError(f"exposure table {path}", ["it is not there; give the table that igw-audit score writes"])
    if path.suffix in (".db", ".sqlite", ".sqlite3"):
        return SqliteExposure(path)
    if path.suffix == ".duckdb":
        return DuckdbExposure(path)
    if path.exists() and not path.is_dir():
        said = "a file cannot be added to; give a folder (of Parquet files), a .sqlite or a .duckdb file"
        raise InputError(f"exposure table {path}", [said])
    return ParquetExposure(path)


class SqliteExposure:
    """A table in a SQLite file; triggers refuse to change or delete a row."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, batch: Batch, rows: Rows) -> None:
        """Add a batch, whole or not at all."""
        private_file(self.path)
        values = [tuple(row.values()) for row in arrow_of(batch, rows).to_pylist()]
        marks = ", ".join("?" * len(COLUMNS))
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SQLITE:
                connection.execute(statement)
            connection.executemany(f"INSERT INTO {TABLE} ({_LISTED}) VALUES ({marks})", values)  # noqa: S608 - our names  # nosec B608
            connection.execute("COMMIT")

    def find(self, case: str) -> tuple[Exposed, ...]:
        """Give every row of the case with this keyed hash, oldest first."""
        return tuple(exposed_of(row) for row in self._rows("WHERE case_hash = ?", (case,)))

    def batches(self) -> tuple[HeldBatch, ...]:
        """Give every batch that the table holds with the hash of its rows, oldest first; this reads all of it."""
        return held_batches(self._rows("", ()))

    def heads(self) -> tuple[Batch, ...]:
        """Give every batch that the table holds, oldest first, without reading its rows."""
        with self._open() as connection:
            return tuple(batch_of(row) for row in connection.execute(_HEADS).fetchall())

    def _rows(self, where: str, given: tuple[str, ...]) -> list[tuple[object, ...]]:
        with self._open() as connection:
            asked = f"SELECT {_LISTED} FROM {TABLE} {where} ORDER BY scored_at, batch"  # noqa: S608 - our own names  # nosec B608
            return connection.execute(asked, given).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            yield connection
        except sqlite3.Error as error:
            raise _unusable(self.path, str(error)) from error
        finally:
            connection.close()


class DuckdbExposure:
    """A table in a DuckDB file; one process writes at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, batch: Batch, rows: Rows) -> None:
        """Add a batch, whole or not at all."""
        with _private_umask(), self._open(read_only=False) as connection:
            connection.execute("BEGIN")
            connection.execute(_DUCKDB)
            connection.register("added", arrow_of(batch, rows))
            connection.execute(f"INSERT INTO {TABLE} ({_LISTED}) SELECT {_LISTED} FROM added")  # noqa: S608 - our names  # nosec B608
            connection.execute("COMMIT")

    def find(self, case: str) -> tuple[Exposed, ...]:
        """Give every row of the case with this keyed hash, oldest first."""
        return tuple(exposed_of(row) for row in self._rows("WHERE case_hash = ?", [case]))

    def batches(self) -> tuple[HeldBatch, ...]:
        """Give every batch that the table holds with the hash of its rows, oldest first; this reads all of it."""
        return held_batches(self._rows("", []))

    def heads(self) -> tuple[Batch, ...]:
        """Give every batch that the table holds, oldest first, without reading its rows."""
        with self._open(read_only=True) as connection:
            return tuple(batch_of(row) for row in connection.execute(_HEADS).fetchall())

    def _rows(self, where: str, given: list[str]) -> list[tuple[object, ...]]:
        with self._open(read_only=True) as connection:
            asked = f"SELECT {_LISTED} FROM {TABLE} {where} ORDER BY scored_at, batch"  # noqa: S608 - our own names  # nosec B608
            found: list[tuple[object, ...]] = connection.execute(asked, given).fetchall()
            return found

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Any]:
        import duckdb

        try:
            connection = duckdb.connect(str(self.path), read_only=read_only)
        except duckdb.Error as error:
            raise _unusable(self.path, str(error)) from error
        try:
            yield connection
        except duckdb.Error as error:
            raise _unusable(self.path, str(error)) from error
        finally:
            connection.close()


class ParquetExposure:
    """A folder with one Parquet file a batch; a file is never written again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, batch: Batch, rows: Rows) -> None:
        """Add a batch, whole or not at all."""
        import pyarrow.parquet as pq

        private_folder(self.path)
        file = self.path / f"{batch.scored_at.replace(':', '')}-{batch.batch}.parquet"
        if file.exists():
            raise _unusable(file, "it is there already, and no file of this table is written twice")
        table = arrow_of(batch, rows)
        write_file_whole(file, lambda aside: pq.write_table(table, aside), private=True)

    def find(self, case: str) -> tuple[Exposed, ...]:
        """Give every row of the case with this keyed hash, oldest first."""
        import pyarrow.compute as pc

        return tuple(exposed_of(row) for row in self._rows(lambda table: table.filter(pc.field("case_hash") == case)))

    def batches(self) -> tuple[HeldBatch, ...]:
        """Give every batch that the table holds with the hash of its rows, oldest first; this reads all of it."""
        return held_batches(self._rows(lambda table: table))

    def heads(self) -> tuple[Batch, ...]:
        """Give every batch that the table holds, oldest first: a file holds one."""
        return tuple(dict.fromkeys(batch_of(row) for row in self._rows(lambda table: table.slice(0, 1))))

    def _rows(self, part: Callable[[pa.Table], pa.Table]) -> list[Sequence[object]]:
        import pyarrow.parquet as pq
        from pyarrow.lib import ArrowException

        found: list[Sequence[object]] = []
        for file in sorted(self.path.glob("*.parquet")):
            if file.name.startswith("."):
                continue
            try:
                table: pa.Table = pq.ParquetFile(file).read(columns=list(COLUMNS)).select(list(COLUMNS))
            except (ArrowException, OSError, KeyError) as error:
                raise _unusable(file, str(error)) from error
            found += [tuple(row[name] for name in COLUMNS) for row in part(table).to_pylist()]
        return sorted(found, key=lambda row: (str(row[4]), str(row[0])))


def _unusable(path: Path, said: str) -> InputError:
    return InputError(f"exposure table {path}", [f"it cannot be used: {said}"])


@contextmanager
def _private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
