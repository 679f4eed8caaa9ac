"""The gate: the record must hold, the evidence must stand, and both must say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from igw_audit.evidence.tags import checkpoint_tag
from igw_audit.tracking.clearance import clear_version
from igw_audit.tracking.gate import GateVerdict
from igw_audit.tracking.registry import attach_record
from igw_audit.tracking.store import Store


def cleared(store: Store, material: Any, people: Any, **more: Any) -> GateVerdict:
    return clear_version(store, "study", 1, redecide=material.redecide, clearance=people.clearance(**more))


def rules(verdict: GateVerdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons]


def test_a_record_that_allows_is_refused_while_nobody_signed_it(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    attached()
    verdict = cleared(store, material, people)
    assert (verdict.word, rules(verdict)) == ("refuse", ["evidence_missing"])
    assert "igw-audit audit models:/study/1 --key FILE" in verdict.reasons[0].text.en


def test_a_version_without_any_audit_hears_of_one_command_and_not_of_two(
    store: Store, material: Any, people: Any
) -> None:
    material.train(store)
    verdict = cleared(store, material, people)
    assert (verdict.word, rules(verdict)) == ("refuse", ["evidence_missing"])


@pytest.mark.parametrize(
    ("ratio", "reviewed", "word", "rule"),
    [
        (1.0, False, "refer", "sign_off_missing"),
        (1.0, True, "allow", "open"),
        (1.25, False, "refer", "answer_missing"),
        (1.25, True, "allow", "open"),
        (3.0, False, "refuse", "refused"),
        (3.0, True, "allow", "overridden"),
    ],
)
def test_word_by_word_what_audit_and_review_make_together(  # noqa: PLR0917
    store: Store, material: Any, people: Any, attached: Any, ratio: float, reviewed: bool, word: str, rule: str
) -> None:
    version, record = attached(ratio)
    audit = people.audit(store, version, record)
    if reviewed:
        people.review(store, audit)
    verdict = cleared(store, material, people)
    assert verdict.word == word
    assert rule in rules(verdict)
    assert verdict.standing is not None
    assert (verdict.standing.word == "open") == (word == "allow")


def test_evidence_that_stands_does_not_help_a_model_whose_bytes_changed(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    (file,) = (store.root / "mlruns" / "artifacts").rglob("model.skops")
    file.write_bytes(file.read_bytes() + b"\x00")
    verdict = cleared(store, material, people)
    assert (verdict.word, rules(verdict)[0], verdict.record) == ("refuse", "model_changed", None)


def test_a_later_audit_that_nobody_signed_shuts_until_it_is_signed(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    later = material.make_record(version.model_sha256, created="later")
    attach_record(store, "study", version.version, record=later, pages=material.PAGES)
    assert rules(cleared(store, material, people))[0] == "record_unsigned"


def test_a_statement_that_says_another_decision_than_its_record_is_refused(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    version, _ = attached(3.0)
    milder = material.make_record(version.model_sha256)
    people.review(store, people.audit(store, version, milder))
    verdict = cleared(store, material, people)
    assert verdict.word == "refuse"
    assert rules(verdict)[:2] == ["statement_unlike", "statement_unlike"]
    assert "another decision" in verdict.reasons[0].text.en


def test_a_ledger_that_was_changed_or_cut_off_shuts_everything(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    whole = (people.folder / "ledger.db").read_bytes()
    for number in range(3):
        people.ledger.append("scored", {"cases": number})
    kept = people.ledger.checkpoint(people.key("auditor")).to_json()
    assert cleared(store, material, people).word == "allow"
    store.client.set_model_version_tag("study", "1", checkpoint_tag(kept), kept)
    assert cleared(store, material, people).word == "allow"

    (people.folder / "ledger.db").write_bytes(whole)
    verdict = cleared(store, material, people)
    assert (verdict.word, rules(verdict)[0]) == ("refuse", "ledger_broken")
    assert "truncated" in verdict.reasons[0].text.en


def test_a_ledger_that_is_missing_or_another_one_shuts_for_it_would_not_know_of_a_stricter_policy(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record, entered=False))
    for _ in range(2):
        verdict = cleared(store, material, people)
        assert (verdict.word, rules(verdict)[0]) == ("refuse", "ledger_unknown")
        assert "IGW_LEDGER" in verdict.reasons[0].text.en
        people.ledger.append("scored", {"cases": 1})


def test_a_tightened_policy_and_a_lapsed_audit_wait_for_people(
    store: Store, material: Any, people: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    tightened = frozenset({record.provenance.policy_sha256})
    verdict = cleared(store, material, people, tightened=tightened)
    assert (verdict.word, rules(verdict)[0]) == ("refer", "policy_tightened")
    held = store.client.get_model_version("study", "1")
    assert people.clearance().standing(held, at=datetime.now(UTC) + timedelta(days=400)).word == "refer"
