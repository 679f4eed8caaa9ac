"""Whoever deletes evidence in the registry's database does not get the version open again."""

from __future__ import annotations

from typing import Any

import pytest

from igw_audit.evidence.tags import audit_tag, evidence_tags
from igw_audit.tracking.approved import NotApprovedError, open_approved
from igw_audit.tracking.clearance import clear_version
from igw_audit.tracking.store import Store


def entered(people: Any, store: Store, audit: Any, who: str, word: str) -> str:
    """Let somebody review, and enter it in the ledger as `igw-audit review` does; gives the tag."""
    before = set(store.client.get_model_version("study", "1").tags)
    people.review(store, audit, who, word=word, dissent="not right")
    (tag,) = set(store.client.get_model_version("study", "1").tags) - before
    told = {"name": "study", "version": "1", "version_created": audit.version_created, "by": who, "word": word}
    people.ledger.append("reviewed", {**told, "tag": tag}, key=people.key(who))
    return tag


@pytest.mark.parametrize("word", ["reject", "abstain"])
def test_a_review_against_that_is_deleted_in_the_database_still_shuts(
    store: Store, people: Any, attached: Any, material: Any, word: str
) -> None:
    version, record = attached()
    audit = people.audit(store, version, record)
    people.review(store, audit, "second")
    tag = entered(people, store, audit, "reviewer", word)
    store.client.delete_model_version_tag("study", "1", tag)
    held = store.client.get_model_version("study", "1")
    assert people.clearance().standing(held).word == "open"
    with pytest.raises(NotApprovedError) as caught:
        open_approved(store, held, people.clearance())
    assert "evidence_gone" in {reason.rule for reason in caught.value.reasons}
    verdict = clear_version(store, "study", 1, redecide=material.redecide, clearance=people.clearance())
    assert (verdict.word, verdict.reasons[0].rule) == ("refuse", "evidence_gone")


def test_a_later_audit_that_is_deleted_does_not_bring_back_the_earlier_one(
    store: Store, people: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    later = {"name": "study", "version": "1", "record_sha256": "9" * 64, "tag": audit_tag("9" * 64)}
    people.ledger.append("audited", {**later, "decision": "refuse"}, key=people.key("auditor"))
    held = store.client.get_model_version("study", "1")
    assert len(list(evidence_tags(held.tags))) == 2
    with pytest.raises(NotApprovedError, match="no longer holds"):
        open_approved(store, held, people.clearance())
