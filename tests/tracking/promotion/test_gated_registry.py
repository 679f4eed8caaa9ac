"""Promotion and the doctor with the registry behind its gate: one entry a promotion, and inert aliases are seen."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from igw_audit.errors import TrackingError
from igw_audit.tracking.approved import load_approved
from igw_audit.tracking.clearance import clearance_of
from igw_audit.tracking.doctor import examine
from igw_audit.tracking.promote import Promoter, Promotion, promote_version
from igw_audit.tracking.store import Store, open_store


@pytest.fixture
def gated(store: Store, people: Any, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Open the same database through the gated registry, with the people's keys and ledger."""
    people.trusted.save(store.root / "audits" / "trusted_keys.toml")
    monkeypatch.setenv("IGW_LEDGER", f"sqlite:///{people.folder / 'ledger.db'}")
    monkeypatch.setenv("IGW_TRUSTED_KEYS", str(store.root / "audits" / "trusted_keys.toml"))
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"igw+{store.registry_uri}")
    opened = open_store(store.root)
    assert opened.registry_uri.startswith("igw+")
    return opened


def promote(store: Store, material: Any, version: int) -> Promotion:
    return promote_version(
        store,
        "study",
        version,
        alias="champion",
        clearance=clearance_of(store.root),
        redecide=material.redecide,
        promoter=Promoter(by="lead"),
    )


def test_a_promotion_through_the_gated_registry_is_entered_once_and_loads(
    gated: Store, people: Any, material: Any, attached: Any
) -> None:
    version, record = attached()
    audit = people.audit(gated, version, record)
    people.review(gated, audit)
    done = promote(gated, material, 1)
    assert done.verdict.word == "allow"
    assert [entry.content["version"] for entry in people.ledger.entries("promoted")] == ["1"]
    assert load_approved("study", project=gated.root).version == "1"


def test_an_alias_written_past_the_gate_is_inert_and_the_doctor_still_sees_it(
    gated: Store, store: Store, people: Any, material: Any
) -> None:
    material.train(store)
    database = sqlite3.connect(store.root / "mlruns" / "igw.db")
    database.execute(
        "INSERT INTO registered_model_aliases (name, alias, version, workspace) "
        "VALUES ('study', 'champion', 1, 'default')"
    )
    database.commit()
    database.close()
    with pytest.raises(TrackingError):
        load_approved("study", project=gated.root)
    assert [one.kind for one in examine(gated, clearance_of(gated.root))] == ["alias_unaudited", "alias_unpromoted"]


def test_a_prompt_that_the_client_registers_may_have_any_alias_and_the_doctor_names_it(
    gated: Store, people: Any
) -> None:
    from igw_audit.tracking.quiet import quiet_mlflow

    with quiet_mlflow():
        gated.client.register_prompt("greeting", "Dear {{name}}")
        gated.client.set_prompt_alias("greeting", "production", 1)
    assert [one.kind for one in examine(gated, clearance_of(gated.root))] == ["alias_of_prompt"]
