"""The doctor: everything that went round the gate, in one run, with what to do.

Behind a gated registry it looks at the tables themselves, for the gate hides what does not stand. Through a server it
sees what the server shows: run it beside the database to see all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from igw_audit.evidence.entries import Entry
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.origin import CREATED
from igw_audit.tracking.clearance import Clearance
from igw_audit.tracking.doctor.around import KINDS, NOTED, Around
from igw_audit.tracking.doctor.held import Held, held_versions
from igw_audit.tracking.doctor.known import Known
from igw_audit.tracking.doctor.ledger import around_exposure, around_ledger
from igw_audit.tracking.doctor.registry import around_aliases, around_version
from igw_audit.tracking.doctor.tags import around_models
from igw_audit.tracking.exposure import ExposureTable
from igw_audit.tracking.gated_registry.settings import PREFIX, alias_rule
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the doctor found, and how much there was to look at.

    Attributes
    ----------
    around : tuple of Around
        What went round the gate, by kind in the order of ``around.KINDS``, then by place.
    noted : tuple of Around
        What is told and not counted: an alias that needs no approval here leads to what does not stand.
    """

    around: tuple[Around, ...]
    noted: tuple[Around, ...]
    versions: int
    aliases: int
    entries: int

    @property
    def saw_nothing(self) -> bool:
        """Tell whether there was no version to look at and nothing amiss: that is no sign that all is well."""
        return self.versions == 0 and not self.around


def examine(
    store: Store, clearance: Clearance, *, exposure: ExposureTable | None = None, at: datetime | None = None
) -> tuple[Around, ...]:
    """List all that went round the gate, and what is only noted; parameters as ``examine_all``."""
    seen = examine_all(store, clearance, exposure=exposure, at=at)
    return (*seen.around, *seen.noted)


def examine_all(
    store: Store, clearance: Clearance, *, exposure: ExposureTable | None = None, at: datetime | None = None
) -> Examination:
    """Look at all versions, aliases, files, evidence, and the ledger.

    Parameters
    ----------
    exposure : ExposureTable, optional
        The owner's table of scored cases, held against the ledger.
    at : datetime, optional
        The moment at which approvals must count; now, unless given.
    """
    at, store = at or datetime.now(UTC), behind_the_gate(store)
    held = list(held_versions(store))
    rule = alias_rule()
    entries = clearance.ledger.entries()
    known = Known.of((*entries, *_also_entered(store, clearance)), rule=rule, at=at)
    found = [one for each in held for one in _at_one(store, each, clearance, known)]
    found += [*around_models(store), *around_aliases(store, held)]
    found += around_ledger(clearance, held, guards=rule.guards)
    if exposure is not None:
        found += around_exposure(exposure, clearance.ledger.entries("scored"))
    if any(one.kind == "ledger_missing" for one in found):
        # without a ledger no registration is known, and saying so at each version hides the one thing to mend
        found = [one for one in found if one.kind != "registered_outside"]
    order = list(KINDS)
    # two versions of one run would each tell of the same tag there
    told = sorted(dict.fromkeys(found), key=lambda one: (order.index(one.kind), one.where, one.found))
    return Examination(
        around=tuple(one for one in told if one.kind not in NOTED),
        noted=tuple(one for one in told if one.kind in NOTED),
        versions=len(held),
        aliases=sum(len(one.aliases) for one in held),
        entries=len(entries),
    )


def _at_one(store: Store, held: Held, clearance: Clearance, known: Known) -> tuple[Around, ...]:
    """Look at one version; one that cannot be looked at hides no other."""
    try:
        return tuple(around_version(store, held, clearance, known))
    except Exception as error:
        return (
            Around(
                kind="files_unreachable",
                where=held.uri,
                found=f"it cannot be looked at ({type(error).__name__}): something else was written there",
                do="look at its files and tags yourself, and find out who wrote them; use it for nothing meanwhile",
            ),
        )


def _also_entered(store: Store, clearance: Clearance) -> tuple[Entry, ...]:
    """Return what training entered in the project's ledger, where another one is looked at."""
    own = open_ledger(ledger_address(store.root))
    return () if own.address == clearance.ledger.address else own.entries(CREATED)


def behind_the_gate(store: Store) -> Store:
    """Return the store with the registry's own tables, which a gate would show only in part."""
    if not store.registry_uri.startswith(PREFIX):
        return store
    from mlflow import MlflowClient

    from igw_audit.tracking.gated_registry.store import plain_address

    plain = plain_address(store.registry_uri)
    with quiet_mlflow():
        client = MlflowClient(tracking_uri=store.tracking_uri, registry_uri=plain)
    return replace(store, registry_uri=plain, client=client)
