"""Where a version comes from by the ledger's word: that it was registered through us, when, by whom and as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from igw_audit.evidence.derived import CLAIMS

if TYPE_CHECKING:
    from igw_audit.evidence.entries import Entry

#: Entries of this kind are written when a version is registered; ``registered`` is about plans and policies.
CREATED = "created"
#: Name, number and time of creation: numbers start again where a model is deleted.
Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the ledger has of the registration of one version.

    Attributes
    ----------
    by : str
        The account that registered it.
    source, run_id, model_id : str
        Where its files are, and the run and logged model behind it; empty where there is none.
    claims : mapping of str to str
        What whoever registered it said of it then: hashes of model, case table and pipeline. Nothing vouches for these
        but that account.
    """

    seq: int
    by: str
    source: str
    run_id: str
    model_id: str
    claims: Mapping[str, str] = field(default_factory=dict)


def entry_of_origin(  # noqa: PLR0913 - keywords only
    *,
    name: str,
    version: str,
    created: int,
    by: str,
    source: str,
    run_id: str,
    model_id: str,
    claims: Mapping[str, str],
) -> dict[str, Any]:
    """Return what an entry about the registration of a version holds."""
    place = {"name": name, "version": version, "version_created": created}
    told = {key: claims[key] for key in CLAIMS if key in claims}
    return {**place, "by": by, "source": source, "run_id": run_id, "model_id": model_id, "claims": told}


def origins(entries: Iterable[Entry]) -> dict[Place, Origin]:
    """Return what the ledger has of each version's registration; the first word stays, whatever is added later."""
    found: dict[Place, Origin] = {}
    for entry in entries:
        if entry.kind == CREATED:
            found.setdefault(_place(entry.content), _origin(entry))
    return found


def _place(content: Mapping[str, Any]) -> Place:
    created = content.get("version_created")
    return str(content.get("name")), str(content.get("version")), created if isinstance(created, int) else 0


def _origin(entry: Entry) -> Origin:
    told = entry.content
    claims = told.get("claims")
    return Origin(
        seq=entry.seq,
        by=str(told.get("by") or ""),
        source=str(told.get("source") or ""),
        run_id=str(told.get("run_id") or ""),
        model_id=str(told.get("model_id") or ""),
        claims={str(key): str(value) for key, value in claims.items()} if isinstance(claims, Mapping) else {},
    )
