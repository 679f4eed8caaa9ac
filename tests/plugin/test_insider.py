"""What an insider tries who knows the gate: delete what stood against, take an alias with what is no model."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from tests.plugin.conftest import Registry
from tests.plugin.material import Tag
from tests.plugin.test_registry_store import promote, refused

from igw_audit.evidence.dsse import sign
from igw_audit.evidence.entries import HEAD, Head, head_bytes
from igw_audit.evidence.tags import checkpoint_tag

pytestmark = pytest.mark.xdist_group("registry")


def enter(registry: Registry, kind: str, version: Any, tag: Any, *, by: str, **told: Any) -> None:
    """Enter evidence in the ledger, as signing does before it sets the tag."""
    about = {"name": version.name, "version": str(version.version), "version_created": int(version.creation_timestamp)}
    registry.ledger.append(kind, {**about, "tag": tag.key, **told}, key=registry.people.keys[by])


def test_a_rejection_that_is_deleted_in_the_database_still_shuts(registry: Registry) -> None:
    version, people = registry.version(), registry.people
    about = people.statement(version)
    registry.set(version, people.audit(version, record_sha256=about.record_sha256))
    registry.set(version, people.review(about))
    no = people.review(about, by="joost", word="reject", dissent="not right")
    enter(registry, "reviewed", version, no, by="joost", word="reject")
    registry.set(version, no)
    registry.plain.delete_model_version_tag(version.name, version.version, no.key)
    assert refused(lambda: promote(registry, version)) == "not_approved"
    assert registry.ledger.entries("refused")[-1].content["rules"] == ["evidence_gone"]


def test_a_later_audit_that_is_deleted_in_the_database_does_not_leave_the_earlier_one_in_force(
    registry: Registry,
) -> None:
    version = registry.approved()
    promote(registry, version)
    later = registry.people.audit(version, decision="refuse")
    enter(registry, "audited", version, later, by="ci", decision="refuse", author="ada")
    registry.set(version, later)
    registry.plain.delete_model_version_tag(version.name, version.version, later.key)
    resolve = registry.store.get_model_version_by_alias
    assert refused(lambda: resolve("study", "champion")) == "not_approved"
    assert registry.store.get_registered_model("study").aliases == {}


def test_an_end_that_the_ledger_never_had_is_not_stored_whoever_signs_it(registry: Registry) -> None:
    version = registry.approved()
    promote(registry, version)
    (last,) = registry.ledger.entries("promoted")
    for head in (
        Head(seq=last.seq + 1000, at=last.at, hash="9" * 64),
        Head(seq=last.seq, at=last.at, hash="9" * 64),
    ):
        text = sign(head_bytes(head), registry.people.keys["joost"], payload_type=HEAD).to_json()
        tag = Tag(key=checkpoint_tag(text), value=text)
        assert refused(partial(registry.set, version, tag))
    true = registry.ledger.checkpoint(registry.people.keys["joost"])
    assert true is not None
    registry.set(version, Tag(key=checkpoint_tag(true.to_json()), value=true.to_json()))


@pytest.mark.parametrize("source", ["prompt-template", "dummy-source"])
def test_what_calls_itself_a_prompt_does_not_take_the_alias_of_a_model(registry: Registry, source: str) -> None:
    version = registry.approved()
    promote(registry, version)
    fake = registry.store.create_model_version("study", source, run_id="0" * 32)
    assert refused(lambda: promote(registry, fake)) == "not_approved"
    assert registry.store.get_model_version_by_alias("study", "champion").version == version.version
    registry.plain.set_registered_model_alias("study", "champion", fake.version)
    assert registry.store.get_registered_model("study").aliases == {}


def test_a_model_that_follows_a_prompt_takes_its_alias_out_of_sight(registry: Registry) -> None:
    registry.store.create_registered_model("study")
    fake = registry.store.create_model_version("study", "prompt-template")
    promote(registry, fake)
    registry.version()
    assert registry.store.get_registered_model("study").aliases == {}
