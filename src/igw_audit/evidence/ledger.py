"""The ledger: what happened to which version, in a chain of hashes outside MLflow's tables; only ever added to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from igw_audit.core.addresses import without_password
from igw_audit.errors import EvidenceError
from igw_audit.evidence.dsse import Envelope, EnvelopeError, sign
from igw_audit.evidence.entries import (
    HEAD,
    KINDS,
    SIGNED_KINDS,
    Entry,
    Head,
    Held,
    Made,
    head_bytes,
    head_of_bytes,
    make_entry,
)
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.ledger_check import Problem, check_ledger
from igw_audit.evidence.strict import canonical_bytes, read_canonical, stamp
from igw_audit.evidence.trust import TrustedKeys

#: Where the ledger is, if not in the project.
LEDGER = "IGW_LEDGER"
_LONGEST = 100_000


class Rows(Protocol):
    """Where entries and heads are kept: a file (SQLite) or a team's database (PostgreSQL)."""

    @property
    def address(self) -> str:
        """Where they are kept, as people may see it: without a password."""
        ...

    def add(self, make: Callable[[Entry | None, datetime], Made]) -> Entry:
        """Write what ``make`` gives for the last entry and the time, both or neither, while nobody else writes.

        The time is that of where the rows are kept: one clock, whichever machine writes.
        """
        ...

    def entries(self, kind: str | None, since: int) -> Iterator[Entry]:
        """Give entries after ``since`` in order; what stands in a row is not trusted."""
        ...

    def heads(self) -> Iterator[Head]:
        """Give all heads in order."""
        ...

    def remembered(self) -> str | None:
        """Return the last head as it was written down apart from the rows, as JSON text; None where it was not."""
        ...

    def whole(self) -> Held:
        """Give everything as it was at one moment, whoever writes meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Ledger:
    """An append-only ledger. Every method opens and closes its own connection, so that processes may share it."""

    rows: Rows

    @property
    def address(self) -> str:
        """Where it is kept, without a password."""
        return self.rows.address

    def append(self, kind: str, content: Mapping[str, Any], *, key: SigningKey | None = None) -> Entry:
        """Add an entry; it is on disk when this returns.

        Parameters
        ----------
        kind : str
            One of ``KINDS``.
        content : mapping
            What JSON holds, with whole numbers only: texts, numbers, lists, mappings, None.
        key : SigningKey or None
            Signs the entry and the head after it. ``audited`` and ``reviewed`` need one.

        Raises
        ------
        EvidenceError
            If the kind is none, the content cannot be written in one way, or the ledger cannot be reached.
        """
        if kind not in KINDS:
            raise EvidenceError(f"{kind!r} is no kind of entry; the ledger holds {', '.join(KINDS)}")
        if kind in SIGNED_KINDS and key is None:
            raise EvidenceError(f"an entry {kind!r} is signed with the key that signed the envelope; give it as key")
        held = _plain(content)
        return self.rows.add(lambda last, now: make_entry(last, kind, held, at=stamp(now), key=key))

    def entries(self, kind: str | None = None, since: int = 0) -> tuple[Entry, ...]:
        """Give the entries after the place ``since``, in order; what they say is worth what ``verify`` finds."""
        return tuple(self.rows.entries(kind, since))

    def checkpoint(self, key: SigningKey | None = None) -> Envelope | None:
        """Give the end of the ledger as a signed envelope, to be kept elsewhere; None in an empty ledger.

        Without a key: the last head that somebody signed, which vouches for everything up to it.
        """
        heads = list(self.rows.heads())
        if key is not None and heads:
            return sign(head_bytes(heads[-1]), key, payload_type=HEAD)
        return next((envelope for head in reversed(heads) if (envelope := head.envelope()) is not None), None)

    def remembered(self) -> Head | None:
        """Return the end that the last writer wrote down in a file beside the ledger; None where there is none."""
        text = self.rows.remembered()
        try:
            return None if text is None else head_of_bytes(text.encode())
        except EnvelopeError:
            return None

    def verify(
        self, keys: TrustedKeys | None = None, *, checkpoints: Sequence[str] = (), ends: Sequence[Head] = ()
    ) -> tuple[Problem, ...]:
        """Say all that shows of editing, deletion, insertion, reordering and shortening; nothing where it is whole.

        Parameters
        ----------
        keys : TrustedKeys or None
            Whose signatures count; without them signatures are not looked at.
        checkpoints : sequence of str
            Envelopes that ``checkpoint`` gave earlier and that were kept elsewhere. Against whoever can write to the
            ledger's own storage, only these show that its end was cut off, or that unsigned entries were rewritten.
        ends : sequence of Head
            Ends that nobody signed, such as ``remembered`` gives.
        """
        return check_ledger(self.rows.whole(), keys=keys, checkpoints=checkpoints, ends=ends)


def open_ledger(address: str) -> Ledger:
    """Open the ledger at an address, ``sqlite:///PATH`` or ``postgresql://...``; its first entry makes it.

    Raises
    ------
    EvidenceError
        If the address has another form.
    """
    if address.startswith("sqlite:///") and len(address) > len("sqlite:///"):
        from igw_audit.evidence.ledger_sqlite import SqliteRows

        return Ledger(SqliteRows(Path(address.removeprefix("sqlite:///"))))
    if re.match(r"postgres(ql)?(\+psycopg)?://", address):
        from igw_audit.evidence.ledger_postgres import PostgresRows

        return Ledger(PostgresRows(re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql://", address)))
    shown = without_password(address)
    raise EvidenceError(f"{shown!r} is no address of a ledger; expected sqlite:///PATH or postgresql://HOST/DATABASE")


def ledger_address(project: str | Path) -> str:
    """Give the ledger's address: ``$IGW_LEDGER``, or ``sqlite:///<project>/mlruns/igw-ledger.db``."""
    named = os.environ.get(LEDGER, "").strip()
    return named or f"sqlite:///{(Path(project).resolve() / 'mlruns' / 'igw-ledger.db').as_posix()}"


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    try:
        written = canonical_bytes(dict(content))
        held = read_canonical(written)
    except (ValueError, TypeError, RecursionError) as error:
        raise EvidenceError(f"this content cannot stand in the ledger: {error}") from None
    if len(written) > _LONGEST:
        raise EvidenceError(
            f"the content has {len(written):,} bytes, and an entry holds at most {_LONGEST:,}; keep it as a file and "
            "write its hash"
        )
    plain: dict[str, Any] = held
    return plain
