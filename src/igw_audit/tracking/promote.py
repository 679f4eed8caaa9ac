"""Promotion: an alias is set where the gate is open, with an entry in the ledger before it and a look after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from igw_audit.core.decision import Decision
from igw_audit.core.record import AuditRecord
from igw_audit.errors import IgwAuditError, TrackingError
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.tags import checkpoint_tag
from igw_audit.tracking.clearance import Clearance, clear_version
from igw_audit.tracking.evidence_tags import write_evidence
from igw_audit.tracking.gate import GateVerdict
from igw_audit.tracking.uris import find_version, parse_uri

if TYPE_CHECKING:
    from igw_audit.tracking.store import Store

#: A registry with this before its address writes its own ledger entry when an alias is set.
_GATED = "igw+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What came of asking for an alias: the gate's verdict, and where the alias led before (None: nowhere).

    The alias was set exactly where the verdict's word is ``allow``.
    """

    alias: str
    verdict: GateVerdict
    previous: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoter:
    """Who promotes: the account's name, and a key that signs the ledger's entry (None: it stands unsigned)."""

    by: str
    key: SigningKey | None = None


def promote_version(  # noqa: PLR0913 - keywords only
    store: Store,
    name: str,
    version: str | int,
    *,
    alias: str,
    clearance: Clearance,
    redecide: Callable[[AuditRecord], Decision],
    promoter: Promoter,
) -> Promotion:
    """Let an alias lead to a version if the gate is open for it, and leave everything as it was otherwise.

    The ledger has the promotion before the registry does: whoever is killed in between leaves an entry without an
    alias, which the doctor shows and a second attempt completes, and never an alias without an entry. Afterwards
    the alias is read back and the version looked at again; where it no longer stands, the alias is put back.

    Raises
    ------
    TrackingError
        If there is no such version, the registry refuses, or the version changed meanwhile. That the gate is shut is a
        verdict, not an error.
    """
    verdict = clear_version(store, name, version, redecide=redecide, clearance=clearance)
    previous = _previous(store, name, alias)
    told = {"name": name, "version": str(version), "alias": alias, "by": promoter.by}
    if verdict.word != "allow":
        rules = list(dict.fromkeys(reason.rule for reason in verdict.reasons if reason.word != "allow"))
        clearance.ledger.append("refused", {**told, "rules": rules}, key=promoter.key)
        return Promotion(alias=alias, verdict=verdict, previous=previous)
    _set(store, verdict, told=told, previous=previous, clearance=clearance, key=promoter.key)
    _look_again(store, name, str(version), alias, clearance=clearance, previous=previous, told=told)
    return Promotion(alias=alias, verdict=verdict, previous=previous)


def _previous(store: Store, name: str, alias: str) -> str | None:
    number = store.call(store.client.get_registered_model, name).aliases.get(alias)
    return None if number is None else str(number)


def _set(  # noqa: PLR0913 - keywords only
    store: Store,
    verdict: GateVerdict,
    *,
    told: dict[str, str],
    previous: str | None,
    clearance: Clearance,
    key: SigningKey | None,
) -> None:
    """Write the ledger's entry, keep its end at the version, and set the alias."""
    ledger, name, version, alias = clearance.ledger, told["name"], told["version"], told["alias"]
    audit = verdict.standing.audit if verdict.standing else None
    assert audit is not None  # noqa: S101 - the gate is open only where an audit stands  # nosec B101
    content: dict[str, Any] = {
        **told,
        "previous": previous,
        "record_sha256": audit.record_sha256,
        "model_sha256": audit.model_sha256,
    }
    last = ledger.entries()
    writes_itself = store.registry_uri.startswith(_GATED)
    if not writes_itself:
        ledger.append("promoted", content, key=key)
    _keep_end(store, name, version, clearance, key)
    try:
        store.call(store.client.set_registered_model_alias, name, alias, version)
    except IgwAuditError:
        if not writes_itself:
            ledger.append("refused", {**told, "rules": ["alias_not_set"]}, key=key)
        raise
    if writes_itself:
        since = last[-1].seq if last else 0
        entered = [entry for entry in ledger.entries("promoted", since) if entry.content.get("name") == name]
        if not entered:
            ledger.append("promoted", content, key=key)


def _keep_end(store: Store, name: str, version: str, clearance: Clearance, key: SigningKey | None) -> None:
    """Keep the ledger's signed end at the version: a ledger that is cut off later shows against it."""
    envelope = clearance.ledger.checkpoint(key)
    if envelope is not None:
        text = envelope.to_json()
        write_evidence(store, name, version, key=checkpoint_tag(text), text=text)


def _look_again(  # noqa: PLR0913 - keywords only
    store: Store,
    name: str,
    version: str,
    alias: str,
    *,
    clearance: Clearance,
    previous: str | None,
    told: dict[str, str],
) -> None:
    """Read the alias back, and take it away again where the version no longer stands."""
    now = _previous(store, name, alias)
    stands = clearance.standing(find_version(store, parse_uri(f"models:/{name}/{version}")))
    if stands.word == "open" and now == version:
        return
    if now == version:
        if previous is None:
            store.call(store.client.delete_registered_model_alias, name, alias)
        else:
            store.call(store.client.set_registered_model_alias, name, alias, previous)
        clearance.ledger.append("demoted", told)
    why = "; ".join(reason.text.en for reason in stands.reasons if reason.word != "allow") or (
        f"somebody else set {alias!r} to version {now} at the same moment"
    )
    raise TrackingError(f"models:/{name}/{version} was not promoted to {alias!r}, for it changed meanwhile: {why}")
