"""The doctor: everything that went round the gate, in one run, with what to do.

Behind a gated registry it looks at the tables themselves, for the gate hides what does not stand. Through a server it
sees what the server shows: run it beside the database to see all.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

from igw_audit.tracking.clearance import Clearance
from igw_audit.tracking.doctor.around import KINDS, Around
from igw_audit.tracking.doctor.ledger import around_exposure, around_ledger
from igw_audit.tracking.doctor.registry import around_version, held_versions
from igw_audit.tracking.exposure import ExposureTable
from igw_audit.tracking.gated_registry.settings import PREFIX, protected_aliases
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.store import Store


def examine(
    store: Store, clearance: Clearance, *, exposure: ExposureTable | None = None, at: datetime | None = None
) -> tuple[Around, ...]:
    """List all that went round the gate: versions, aliases, files, evidence, and the ledger.

    Parameters
    ----------
    exposure : ExposureTable, optional
        The owner's table of scored cases, held against the ledger.
    at : datetime, optional
        The moment at which approvals must count; now, unless given.

    Returns
    -------
    tuple of Around
        By kind in the order of ``around.KINDS``, then by place; empty where nothing was found.
    """
    at, store = at or datetime.now(UTC), _behind_the_gate(store)
    held = list(held_versions(store))
    found = [one for each in held for one in around_version(store, each, clearance, guards=_guards, at=at)]
    found += around_ledger(clearance, held, guards=_guards)
    if exposure is not None:
        found += around_exposure(exposure, clearance.ledger.entries("scored"))
    order = list(KINDS)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.where, one.found)))


def _guards(alias: str) -> bool:
    """Tell whether an alias stands for approval here; capitals and wide letters make no other name."""
    return unicodedata.normalize("NFKC", alias).strip().casefold() in protected_aliases()


def _behind_the_gate(store: Store) -> Store:
    if not store.registry_uri.startswith(PREFIX):
        return store
    from mlflow import MlflowClient

    from igw_audit.tracking.gated_registry.store import plain_address

    plain = plain_address(store.registry_uri)
    with quiet_mlflow():
        client = MlflowClient(tracking_uri=store.tracking_uri, registry_uri=plain)
    return replace(store, registry_uri=plain, client=client)
