"""Use cases about exposure: find again which versions scored a case, and on how many cases a version was used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.errors import TrackingError
from igw_audit.tracking.clearance import clearance_of
from igw_audit.tracking.exposure import CaseSecret, Exposed, HeldBatch, read_secret
from igw_audit.tracking.exposure_files import open_exposure
from igw_audit.tracking.uris import parse_uri

__all__ = ["Found", "batches_to_dict", "exposed", "exposed_by", "read_secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a table says of one case, and what it may not know.

    Attributes
    ----------
    rows : tuple of Exposed
        Every time the case was scored, oldest first.
    other_secrets : int
        Batches that were written under another secret, in which this case cannot be found.
    not_held : int
        Batches that the project's ledger knows and this table does not hold.
    """

    case: str
    rows: tuple[Exposed, ...]
    other_secrets: int
    not_held: int

    @property
    def complete(self) -> bool:
        """Tell whether the answer covers every batch that is known."""
        return not (self.other_secrets or self.not_held)

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        return {
            "case": self.case,
            "scored": [
                {
                    "uri": f"models:/{one.batch.model}/{one.batch.version}",
                    "at": one.batch.scored_at,
                    "score": one.score,
                    "selected": one.selected,
                    "band": one.band,
                    "approved": one.batch.approved,
                }
                for one in self.rows
            ],
            "complete": self.complete,
            "other_secrets": self.other_secrets,
            "not_held": self.not_held,
        }


def exposed(case: str, *, table: str | Path, secret: CaseSecret, project: str | Path = ".") -> Found:
    """Find every version that scored a case, what it decided, and whether some batch could not be looked in.

    Raises
    ------
    InputError
        If the table is not there or cannot be read.
    """
    opened = open_exposure(table, make=False)
    held = opened.heads()
    kept = {one.batch for one in held}
    told = {str(entry.content.get("batch")) for entry in clearance_of(project).ledger.entries("scored")}
    return Found(
        case=case,
        rows=opened.find(secret.hash_of(case)),
        other_secrets=sum(one.secret != secret.name for one in held),
        not_held=len(told - kept),
    )


def exposed_by(uri: str, *, table: str | Path) -> tuple[HeldBatch, ...]:
    """Give every batch that a version scored: when, how many cases, how many selected.

    Raises
    ------
    InputError, TrackingError
        If the table cannot be read, or the address names no version by its number.
    """
    named = parse_uri(uri)
    if named.name is None or named.version is None:
        raise TrackingError(f"{uri} names no version; give models:/NAME/VERSION, for an alias moves on")
    held = open_exposure(table, make=False).batches()
    return tuple(one for one in held if (one.batch.model, one.batch.version) == (named.name, named.version))


def batches_to_dict(uri: str, batches: Sequence[HeldBatch]) -> dict[str, Any]:
    """Give what the command line writes as JSON of a version's batches."""
    told = [{"at": one.batch.scored_at, "cases": one.cases, "selected": one.selected} for one in batches]
    return {"uri": uri, "cases": sum(one.cases for one in batches), "batches": told}
