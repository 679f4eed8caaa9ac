"""The ledger in an SQLite file: one writer at a time, on disk before anybody is told so."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from igw_audit.core.whole import private_file, write_file_whole
from igw_audit.errors import EvidenceError
from igw_audit.evidence.entries import Entry, Head, Held, Made, head_bytes
from igw_audit.evidence.strict import canonical_bytes

_log = logging.getLogger(__name__)

#: How long a writer waits for others, in seconds; one append takes milliseconds.
_PATIENCE = 60.0
_TABLES = (
    "CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, "
    "content TEXT NOT NULL, previous TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, keyid TEXT, signature TEXT)",
    "CREATE TABLE IF NOT EXISTS head (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, "
    "keyid TEXT, signature TEXT)",
    *(
        f"CREATE TRIGGER IF NOT EXISTS {table}_{word} BEFORE {word} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END"
        for table in ("entry", "head")
        for word in ("UPDATE", "DELETE")
    ),
)
ENTRY_COLUMNS = "seq, at, kind, content, previous, hash, keyid, signature"
HEAD_COLUMNS = "seq, at, hash, keyid, signature"
_ADD_ENTRY = f"INSERT INTO entry ({ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # nosec B608
_ADD_HEAD = f"INSERT INTO head ({HEAD_COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608  # nosec B608


@dataclass(frozen=True, slots=True)
class SqliteRows:
    """Entries and heads in a file; the triggers stop mistakes, the chain shows what was done on purpose."""

    path: Path

    @property
    def address(self) -> str:
        """The file."""
        return str(self.path)

    def add(self, make: Callable[[Entry | None, datetime], Made]) -> Entry:
        """Write the next entry and its head in one transaction, holding the file's write lock from the first read."""
        try:
            private_file(self.path)
        except OSError as error:
            raise EvidenceError(f"the ledger {self.path} cannot be made: {error.strerror}") from error
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                connection.execute(statement)
            found = connection.execute(f"SELECT {ENTRY_COLUMNS} FROM entry ORDER BY seq DESC LIMIT 1").fetchone()  # noqa: S608  # nosec B608
            made = make(entry_of(found) if found else None, datetime.now(UTC))
            connection.execute(_ADD_ENTRY, entry_row(made.entry))
            connection.execute(_ADD_HEAD, head_row(made.head))
            connection.execute("COMMIT")
        self._remember(made.head)
        return made.entry

    @property
    def end_file(self) -> Path:
        """The file beside the ledger in which its last head is written down, apart from the tables."""
        return self.path.with_name(f"{self.path.name}.end")

    def remembered(self) -> str | None:
        """Return the head that was written down last, as JSON text; None where none was, or it cannot be read."""
        try:
            return self.end_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _remember(self, head: Head) -> None:
        """Write the head down; a writer that comes late writes an older one, which vouches for less and never lies."""
        text = head_bytes(head).decode()

        def write(aside: Path) -> None:
            aside.write_text(text, encoding="utf-8")

        try:
            write_file_whole(self.end_file, write, private=True)
        except OSError:
            # the entry is written; without this copy its end is vouched for by the checkpoints that are kept elsewhere
            _log.warning("the end of the ledger cannot be written down in %s", self.end_file)

    def entries(self, kind: str | None, since: int) -> Iterator[Entry]:
        """Give entries after ``since`` in order; none where there is no file yet."""
        where = "WHERE seq > ?" if kind is None else "WHERE seq > ? AND kind = ?"
        given = (since,) if kind is None else (since, kind)
        yield from map(entry_of, self._rows(f"SELECT {ENTRY_COLUMNS} FROM entry {where} ORDER BY seq", given))  # noqa: S608  # nosec B608

    def heads(self) -> Iterator[Head]:
        """Give all heads in order."""
        yield from map(head_of, self._rows(f"SELECT {HEAD_COLUMNS} FROM head ORDER BY seq", ()))  # noqa: S608  # nosec B608

    def whole(self) -> Held:
        """Give everything as it was at one moment."""
        if not self.path.exists():
            return Held(entries=(), heads=())
        with self._open() as connection:
            connection.execute("BEGIN")
            if not _made(connection):
                return Held(entries=(), heads=())
            entries = connection.execute(f"SELECT {ENTRY_COLUMNS} FROM entry ORDER BY seq").fetchall()  # noqa: S608  # nosec B608
            heads = connection.execute(f"SELECT {HEAD_COLUMNS} FROM head ORDER BY seq").fetchall()  # noqa: S608  # nosec B608
        return Held(entries=tuple(map(entry_of, entries)), heads=tuple(map(head_of, heads)))

    def _rows(self, query: str, given: tuple[object, ...]) -> list[Any]:
        if not self.path.exists():
            return []
        with self._open() as connection:
            return connection.execute(query, given).fetchall() if _made(connection) else []

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as connection:
                # after a power cut, too, what was told to be written is there
                connection.execute("PRAGMA synchronous = EXTRA")
                yield connection
        except sqlite3.Error as error:
            raise EvidenceError(f"the ledger {self.path} cannot be used: {error}") from error


def entry_row(entry: Entry) -> tuple[object, ...]:
    """Give an entry as a row."""
    content = canonical_bytes(entry.content).decode()
    return (entry.seq, entry.at, entry.kind, content, entry.previous, entry.hash, entry.keyid, entry.signature)


def head_row(head: Head) -> tuple[object, ...]:
    """Give a head as a row."""
    return (head.seq, head.at, head.hash, head.keyid, head.signature)


def entry_of(row: Any) -> Entry:
    """Read a row as an entry; content that is no JSON stays a text, so that its hash cannot fit."""
    seq, (at, kind, content, previous, digest) = row[0], map(_text, row[1:6])
    keyid, signature = (None if value is None else _text(value) for value in row[6:8])
    try:
        held = json.loads(content)
        exact = canonical_bytes(held).decode() == content
    except (ValueError, RecursionError):
        held, exact = None, False
    told = held if exact and isinstance(held, dict) else {"unreadable": content}
    return Entry(
        seq=seq, at=at, kind=kind, content=told, previous=previous, hash=digest, keyid=keyid, signature=signature
    )


def head_of(row: Any) -> Head:
    """Read a row as a head."""
    seq, (at, digest) = row[0], map(_text, row[1:3])
    keyid, signature = (None if value is None else _text(value) for value in row[3:5])
    return Head(seq=seq, at=at, hash=digest, keyid=keyid, signature=signature)


def _text(value: object) -> str:
    """Give a column's text; SQLite lets other things stand there, and those fit no hash."""
    return value if isinstance(value, str) else f"({type(value).__name__})"


def _made(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('entry', 'head')").fetchone()
    return bool(found[0] == 2)
