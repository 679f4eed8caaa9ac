"""Evidence whose tag was deleted in the database is still known to the ledger, and shuts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.evidence.world import new_signing_key

from igw_audit.evidence.ledger import Ledger, open_ledger
from igw_audit.evidence.taken import taken_away

CI, MIRA, SERVER = new_signing_key(), new_signing_key(), new_signing_key()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    enter(made, "audited", "first", decision="allow", author="ada")
    return made


def enter(ledger: Ledger, kind: str, tag: str, *, key: Any = CI, **more: Any) -> None:
    place = {"name": "study", "version": "3", "version_created": 17, "tag": tag}
    ledger.append(kind, {**place, **more}, key=key)


def gone(ledger: Ledger, *tags: str, created: int = 17) -> list[str]:
    found = taken_away(ledger.entries(), tags, name="study", version="3", created=created)
    assert all(reason.rule == "evidence_gone" for reason in found)
    return [reason.text.en for reason in taken_away(ledger.entries(), tags, name="study", version="3", created=created)]


def test_nothing_is_missing_where_every_tag_is_there(ledger: Ledger) -> None:
    assert gone(ledger, "first") == []


def test_the_last_audit_may_not_be_missing_and_an_earlier_one_may(ledger: Ledger) -> None:
    enter(ledger, "audited", "second", decision="refuse", author="ada")
    assert "audited, refuse" in gone(ledger, "first")[0]
    assert gone(ledger, "second") == []


@pytest.mark.parametrize("word", ["reject", "abstain"])
def test_whoever_did_not_approve_is_heard_although_the_tag_was_deleted(ledger: Ledger, word: str) -> None:
    enter(ledger, "reviewed", "no", key=MIRA, by="mira", word=word)
    assert f"mira, {word}" in gone(ledger, "first")[0]
    assert gone(ledger, "first", "no") == []


def test_a_person_who_approves_later_takes_back_what_is_gone_and_a_service_does_not_for_them(ledger: Ledger) -> None:
    enter(ledger, "reviewed", "no", key=MIRA, by="mira", word="reject")
    enter(ledger, "reviewed", "yes", key=SERVER, by="Mira", word="approve")
    assert len(gone(ledger, "first", "yes")) == 1
    enter(ledger, "reviewed", "own yes", key=MIRA, by="mira", word="approve")
    assert gone(ledger, "first", "own yes") == []


def test_an_approval_that_is_gone_only_leaves_a_sign_off_missing(ledger: Ledger) -> None:
    enter(ledger, "reviewed", "yes", key=MIRA, by="mira", word="approve")
    assert gone(ledger, "first") == []


def test_who_made_the_model_cannot_shut_it_by_a_review_that_the_registry_refused(ledger: Ledger) -> None:
    enter(ledger, "reviewed", "no", key=MIRA, by="Ada", word="reject")
    assert gone(ledger, "first") == []


def test_what_was_said_of_a_deleted_version_says_nothing_of_the_one_with_its_number(ledger: Ledger) -> None:
    assert gone(ledger, created=18) == []
