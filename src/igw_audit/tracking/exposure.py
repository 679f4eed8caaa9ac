"""The exposure table: which case was scored and selected by which version, kept by the owner of the cases.

A case stands in it by a keyed hash (HMAC-SHA256) of its id, never by the id. Ids are few and guessable, so a plain
hash could be undone by trying them all; without the owner's secret this one cannot. With the secret and an id the
rows of that case are found again, and two versions' rows of one case can be put side by side.

The table is append-only: nothing here changes or removes a row. A SQLite file refuses it by triggers; a folder of
Parquet files gets one new file a batch; a DuckDB file has no such lock, and is held by its batches in the ledger.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from igw_audit.core.canonical import sha256_of_json
from igw_audit.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

SECRET_FILE = "IGW_CASE_SECRET_FILE"  # noqa: S105 - the name of a variable  # nosec B105
#: Shorter secrets could be guessed.
SHORTEST = 32
_CASE = b"igw-audit case id\x00"
_SECRET = b"igw-audit name of this secret\x00"


@dataclass(frozen=True, slots=True, repr=False)
class CaseSecret:
    """The owner's secret for hashing case ids. Its repr shows its name and nothing of the secret."""

    raw: bytes

    @property
    def name(self) -> str:
        """What this secret is called in the table, so that a search with another one is noticed."""
        return hmac.new(self.raw, _SECRET, hashlib.sha256).hexdigest()[:16]

    def hash_of(self, case_id: str) -> str:
        """Give the keyed hash by which a case stands in the table, 64 hex digits."""
        return hmac.new(self.raw, _CASE + case_id.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"CaseSecret({self.name})"


def read_secret(path: str | Path | None = None) -> CaseSecret:
    """Read the owner's secret from the named file, or the one that ``$IGW_CASE_SECRET_FILE`` names.

    Raises
    ------
    InputError
        If no file is named, it cannot be read, others can read it, or it is too short.
    """
    named = str(path or os.environ.get(SECRET_FILE, "")).strip()
    make = "make one with: (umask 077; head -c 48 /dev/urandom | base64 > FILE), and keep it as long as the table"
    if not named:
        raise InputError("case secret", [f"none is named; give --secret FILE or set ${SECRET_FILE}; {make}"])
    file = Path(named)
    try:
        content = file.read_bytes().strip()
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        raise InputError(f"case secret {file}", [f"it cannot be read ({error.strerror}); {make}"]) from None
    problems = []
    if os.name == "posix" and mode & 0o077:
        problems.append(f"others can read it; close it first: chmod 600 {file}")
    if len(content) < SHORTEST:
        problems.append(f"it holds {len(content)} bytes, expected {SHORTEST} or more; {make}")
    if problems:
        raise InputError(f"case secret {file}", problems)
    return CaseSecret(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What holds for all rows of one scoring: which version, when, under whose secret, and whether it was approved."""

    batch: str
    model: str
    version: str
    model_sha256: str
    scored_at: str
    approved: bool
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The cases of a batch: keyed hash, score, decision at the operating point, and band (None without bands)."""

    cases: tuple[str, ...]
    score: NDArray[np.float64]
    selected: NDArray[np.bool_]
    bands: tuple[str | None, ...]

    def sha256(self) -> str:
        """Hash the rows, whatever their order, so that the ledger can hold the table to them."""
        listed = sorted(zip(self.cases, self.score.tolist(), self.selected.tolist(), self.bands, strict=True))
        return sha256_of_json([list(row) for row in listed])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """One row found again: a version scored this case, and selected it or did not."""

    batch: Batch
    score: float
    selected: bool
    band: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBatch:
    """A batch as the table holds it now: its number of rows and of selected cases, and the hash of its rows."""

    batch: Batch
    cases: int
    selected: int
    rows_sha256: str


class ExposureTable(Protocol):
    """Where exposure is kept."""

    def append(self, batch: Batch, rows: Rows) -> None:
        """Add a batch, whole or not at all."""
        ...

    def find(self, case: str) -> tuple[Exposed, ...]:
        """Give every row of the case with this keyed hash, oldest first."""
        ...

    def batches(self) -> tuple[HeldBatch, ...]:
        """Give every batch that the table holds with the hash of its rows, oldest first; this reads all of it."""
        ...

    def heads(self) -> tuple[Batch, ...]:
        """Give every batch that the table holds, oldest first, without reading its rows."""
        ...


COLUMNS = (
    *("batch", "model", "version", "model_sha256", "scored_at", "approved", "secret"),
    *("case_hash", "score", "selected", "band"),
)


def arrow_of(batch: Batch, rows: Rows) -> pa.Table:
    """Give a batch as an Arrow table, one row a case."""
    import pyarrow as pa

    n = len(rows.cases)
    common = {name: pa.array([getattr(batch, name)] * n) for name in COLUMNS[:7]}
    own = {
        "case_hash": pa.array(rows.cases, pa.string()),
        "score": pa.array(rows.score, pa.float64()),
        "selected": pa.array(rows.selected, pa.bool_()),
        "band": pa.array(rows.bands, pa.string()),
    }
    return pa.table({**common, **own})


def exposed_of(values: Sequence[object]) -> Exposed:
    """Read one row in the order of ``COLUMNS``."""
    batch = batch_of(values)
    band = values[10]
    return Exposed(
        batch=batch,
        score=float(str(values[8])),
        selected=bool(values[9]),
        band=None if band is None else str(band),
    )


def batch_of(values: Sequence[object]) -> Batch:
    """Read what holds for a batch from a row in the order of ``COLUMNS``."""
    texts = {name: str(value) for name, value in zip(COLUMNS[:7], values, strict=False) if name != "approved"}
    return Batch(approved=bool(values[5]), **texts)


def held_batches(rows: Sequence[Sequence[object]]) -> tuple[HeldBatch, ...]:
    """Put rows in the order of ``COLUMNS`` together by batch, oldest first."""
    apart: dict[Batch, list[Exposed]] = {}
    hashes: dict[Batch, list[str]] = {}
    for values in rows:
        one = exposed_of(values)
        apart.setdefault(one.batch, []).append(one)
        hashes.setdefault(one.batch, []).append(str(values[7]))
    return tuple(
        _held(batch, tuple(hashes[batch]), found)
        for batch, found in sorted(apart.items(), key=lambda item: (item[0].scored_at, item[0].batch))
    )


def _held(batch: Batch, cases: tuple[str, ...], found: Sequence[Exposed]) -> HeldBatch:
    rows = Rows(
        cases=cases,
        score=np.array([one.score for one in found]),
        selected=np.array([one.selected for one in found], dtype=np.bool_),
        bands=tuple(one.band for one in found),
    )
    return HeldBatch(batch=batch, cases=len(cases), selected=int(rows.selected.sum()), rows_sha256=rows.sha256())
