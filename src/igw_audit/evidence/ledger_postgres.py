"""The ledger in a team's PostgreSQL: one writer at a time by an advisory lock, rows that no statement can change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from igw_audit.core.addresses import without_password
from igw_audit.errors import EvidenceError
from igw_audit.evidence.entries import Entry, Head, Held, Made
from igw_audit.evidence.ledger_sqlite import ENTRY_COLUMNS, HEAD_COLUMNS, entry_of, entry_row, head_of, head_row

if TYPE_CHECKING:
    import psycopg

#: The lock's number; any will do that nobody else in the database takes ("igw-audit" as ASCII, cut to 63 bits).
_LOCK = 0x6967772D61756469
_TABLES = """
CREATE TABLE igw_ledger_entry (
    seq BIGINT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
    previous TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, keyid TEXT, signature TEXT);
CREATE TABLE igw_ledger_head (
    seq BIGINT PRIMARY KEY, at TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, keyid TEXT, signature TEXT);
CREATE FUNCTION igw_ledger_stays() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a ledger is only added to'; END $$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON igw_ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION igw_ledger_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON igw_ledger_head
    FOR EACH STATEMENT EXECUTE FUNCTION igw_ledger_stays();
"""


@dataclass(frozen=True, slots=True)
class PostgresRows:
    """Entries and heads in two tables of a database."""

    uri: str = field(repr=False)

    @property
    def address(self) -> str:
        """The database's address without a password."""
        return without_password(self.uri)

    def add(self, make: Callable[[Entry | None, datetime], Made]) -> Entry:
        """Write the next entry and its head in one transaction, while no other writer is between lock and commit."""
        with self._open() as connection:
            # held until the transaction ends, also where this process is killed
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if not _made(connection):
                connection.execute(_TABLES)
            found = connection.execute(
                f"SELECT {ENTRY_COLUMNS} FROM igw_ledger_entry ORDER BY seq DESC LIMIT 1"  # noqa: S608  # nosec B608
            ).fetchone()
            now = connection.execute("SELECT clock_timestamp()").fetchone()
            made = make(entry_of(found) if found else None, now[0] if now else datetime.now(UTC))
            connection.execute(
                f"INSERT INTO igw_ledger_entry ({ENTRY_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608  # nosec B608
                entry_row(made.entry),
            )
            connection.execute(
                f"INSERT INTO igw_ledger_head ({HEAD_COLUMNS}) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608  # nosec B608
                head_row(made.head),
            )
        return made.entry

    def entries(self, kind: str | None, since: int) -> Iterator[Entry]:
        """Give entries after ``since`` in order; none where the tables are not there yet."""
        where = "WHERE seq > %s" if kind is None else "WHERE seq > %s AND kind = %s"
        given = (since,) if kind is None else (since, kind)
        query = f"SELECT {ENTRY_COLUMNS} FROM igw_ledger_entry {where} ORDER BY seq"  # noqa: S608  # nosec B608
        yield from map(entry_of, self._rows(query, given))

    def heads(self) -> Iterator[Head]:
        """Give all heads in order."""
        yield from map(head_of, self._rows(f"SELECT {HEAD_COLUMNS} FROM igw_ledger_head ORDER BY seq", ()))  # noqa: S608  # nosec B608

    def remembered(self) -> str | None:
        """Return None: what the database's owner can cut is not written down in the same database."""
        return None

    def whole(self) -> Held:
        """Give everything as it was at one moment."""
        with self._open() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if not _made(connection):
                return Held(entries=(), heads=())
            entries = connection.execute(f"SELECT {ENTRY_COLUMNS} FROM igw_ledger_entry ORDER BY seq").fetchall()  # noqa: S608  # nosec B608
            heads = connection.execute(f"SELECT {HEAD_COLUMNS} FROM igw_ledger_head ORDER BY seq").fetchall()  # noqa: S608  # nosec B608
        return Held(entries=tuple(map(entry_of, entries)), heads=tuple(map(head_of, heads)))

    def _rows(self, query: str, given: tuple[object, ...]) -> list[Any]:
        with self._open() as connection:
            return connection.execute(query.encode(), given).fetchall() if _made(connection) else []

    @contextmanager
    def _open(self) -> Iterator[psycopg.Connection[Any]]:
        """Open a connection whose transaction is committed at the end, or rolled back by an error."""
        try:
            import psycopg
        except ImportError as error:
            raise EvidenceError("a ledger in PostgreSQL needs psycopg: pip install 'igw-audit[postgres]'") from error
        try:
            with psycopg.connect(self.uri, connect_timeout=10) as connection:
                yield connection
        except psycopg.Error as error:
            said = without_password(str(error)).strip()
            raise EvidenceError(f"the ledger at {self.address} cannot be used: {said}") from None


def _made(connection: psycopg.Connection[Any]) -> bool:
    found = connection.execute("SELECT to_regclass('igw_ledger_entry') IS NOT NULL").fetchone()
    return bool(found and found[0])
