"""What a version's evidence allows, case by case; each way around it has a reason of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.world import NOW, World, answer, new_signing_key, new_world, reason

from igw_audit.core.rules import SignOff
from igw_audit.evidence.dsse import Envelope, sign
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.statement import AuditStatement
from igw_audit.evidence.strict import stamp
from igw_audit.evidence.tags import RESERVED, audit_tag


def test_an_allowing_audit_with_the_sign_off_that_is_asked_for_opens(world: World) -> None:
    world.review(world.audit("allow"))
    found = world.stands()
    assert (found.word, found.holds) == ("open", True)
    assert [one.rule for one in found.reasons] == ["open"]
    assert "mira" in found.reasons[0].text.en
    assert "mira" in found.reasons[0].text.nl


def test_without_any_evidence_it_is_shut_and_says_what_to_type(world: World) -> None:
    found = world.stands()
    assert found.word == "shut"
    assert [one.rule for one in found.reasons] == ["evidence_missing"]
    assert "igw-audit audit models:/study/3 --key" in found.reasons[0].text.en


def test_without_a_sign_off_it_waits_for_people(world: World) -> None:
    world.audit("allow")
    found = world.stands()
    assert (found.word, world.rules()) == ("refer", {"sign_off_missing"})
    assert "ethics (1 more)" in found.reasons[0].text.en


def test_a_referred_audit_opens_only_when_every_reason_is_answered(world: World) -> None:
    audit = world.audit("refer")
    world.review(audit, answers=(answer(audit.reasons[0]),))
    found = world.stands()
    assert (found.word, world.rules()) == ("refer", {"answer_missing"})
    assert [one.group for one in found.reasons] == ["B"]
    assert "finding 2" in found.reasons[0].text.en
    world.review(audit, answers=(answer(audit.reasons[1]),), moment=NOW - timedelta(hours=1))
    assert world.stands().word == "open"


def test_two_people_may_answer_together(world: World) -> None:
    audit = world.audit("refer")
    world.review(audit, answers=(answer(audit.reasons[0]),))
    world.review(audit, by="joost", answers=(answer(audit.reasons[1]),))
    assert world.stands().word == "open"


def test_a_refusal_opens_only_by_a_signed_override_that_is_shown(world: World) -> None:
    audit = world.audit("refuse")
    world.review(audit)
    assert (world.stands().word, world.rules()) == ("shut", {"refused"})
    answers = (answer(audit.reasons[0], override=True), answer(audit.reasons[1]))
    world.review(audit, answers=answers, moment=NOW - timedelta(hours=1))
    found = world.stands()
    assert found.word == "open"
    assert [one.rule for one in found.reasons] == ["open", "overridden"]
    assert "mira" in found.reasons[1].text.en


def test_an_override_is_taken_back_by_a_later_answer(world: World) -> None:
    audit = world.audit("refuse")
    world.review(audit, answers=(answer(audit.reasons[0], override=True), answer(audit.reasons[1])))
    world.review(audit, answers=(answer(audit.reasons[0]),), moment=NOW - timedelta(hours=1))
    assert world.rules() == {"refused"}


def test_what_cannot_be_overridden_stays_shut_whoever_signs(world: World) -> None:
    direct = reason(7, "refuse", overridable=False)
    audit = world.audit("refuse", reasons=(direct,))
    for who in ("mira", "joost"):
        world.review(audit, by=who, answers=(answer(direct, override=True),))
    assert (world.stands().word, world.rules()) == ("shut", {"not_overridable"})


def test_who_made_the_model_never_counts(world: World) -> None:
    world.review(world.audit("allow"), by="ada")
    assert world.rules() == {"sign_off_missing", "review_by_author"}


def test_the_makers_name_in_capitals_is_the_same_person(world: World) -> None:
    world.review(world.audit("allow", author="ADA"), by="ada")
    assert "review_by_author" in world.rules()


def test_another_maker_named_by_a_later_audit_frees_neither_the_first_nor_a_rejection(world: World) -> None:
    world.review(world.audit("allow", author="ada"), by="mira", word="reject", dissent="not right", answers=())
    later = world.audit("allow", author="mira", minutes=5)
    world.review(later, by="ada")
    assert world.rules() == {"rejected", "sign_off_missing", "review_by_author"}
    world.review(later, by="joost")
    assert world.rules() == {"rejected", "review_by_author"}


def test_a_second_key_of_the_same_person_is_not_a_second_person(world: World) -> None:
    second = new_signing_key()
    world.private["mira2"] = second
    world.keys = world.keys.trust(
        second.public, at=NOW - timedelta(days=3), holder="Mira", roles=("reviewer",), reviewer_roles=("ethics",)
    )
    audit = world.audit("allow", sign_off=SignOff(reviewers={"ethics": 2}))
    world.review(audit)
    world.review(audit, by="mira", key="mira2")
    assert world.rules() == {"sign_off_missing"}
    world.review(audit, by="joost")
    assert world.stands().word == "open"


def test_one_person_with_two_roles_fills_one_place(world: World) -> None:
    audit = world.audit("allow", sign_off=SignOff(reviewers={"ethics": 1, "legal": 1}))
    world.review(audit, role="ethics")
    world.review(audit, role="legal", moment=NOW - timedelta(hours=1))
    found = world.stands()
    assert found.word == "refer"
    world.review(audit, by="joost", role="ethics")
    # joost can only fill ethics, so mira fills legal, whatever she said last
    assert world.stands().word == "open"


def test_a_rejection_shuts_until_that_person_approves(world: World) -> None:
    audit = world.audit("allow")
    world.review(audit, by="joost")
    world.review(audit, word="reject", dissent="not like this")
    assert (world.stands().word, world.rules()) == ("shut", {"rejected"})
    world.review(audit, by="joost", moment=NOW - timedelta(minutes=5))
    assert world.rules() == {"rejected"}
    world.review(audit, word="abstain", moment=NOW - timedelta(minutes=4))
    assert world.rules() == {"rejected"}
    world.review(audit, moment=NOW - timedelta(minutes=3))
    assert world.stands().word == "open"


def test_a_rejection_is_not_shaken_off_by_another_audit_nor_by_revoking_the_key(world: World) -> None:
    world.review(world.audit("allow"), word="reject", dissent="not like this")
    later = world.audit("allow", minutes=30)
    world.review(later, by="joost")
    assert world.rules() == {"rejected"}
    world.revoke("mira")
    assert world.rules() == {"rejected"}


def test_the_service_does_not_take_back_what_a_person_signed(world: World) -> None:
    audit = world.audit("allow")
    world.review(audit, by="joost")
    world.review(audit, word="reject", dissent="not like this")
    world.review(audit, by="mira", key="server", signed_as="service", moment=NOW - timedelta(hours=1))
    assert world.rules() == {"rejected"}


def test_makers_and_strangers_cannot_reject(world: World) -> None:
    audit = world.audit("allow")
    world.review(audit)
    world.review(audit, by="ada", word="reject", dissent="mine")
    world.review(audit, by="joost", role="legal", word="reject", dissent="no such role")
    assert world.stands().word == "open"


def test_a_review_through_the_service_counts_unless_the_policy_asks_for_an_own_key(world: World) -> None:
    audit = world.audit("allow")
    world.review(audit, by="mira", key="server", signed_as="service")
    assert world.stands().word == "open"
    asked = world.audit("allow", minutes=9, sign_off=SignOff(reviewers={"ethics": 1}, personal_signature=True))
    world.review(asked, by="mira", key="server", signed_as="service")
    assert world.rules() == {"sign_off_missing", "personal_signature_missing"}
    world.review(asked)
    assert world.stands().word == "open"


def test_a_reviewers_key_signs_for_nobody_else_and_not_as_the_service(world: World) -> None:
    audit = world.audit("allow")
    world.review(audit, by="mira", key="joost")
    assert world.rules() == {"sign_off_missing", "signed_for_another"}
    world.review(audit, by="mira", key="joost", signed_as="service")
    assert "key_role" in world.rules()


def test_a_role_that_the_key_is_not_trusted_for_does_not_count(world: World) -> None:
    audit = world.audit("allow", sign_off=SignOff(reviewers={"legal": 1}))
    world.review(audit, by="joost", role="legal")
    assert world.rules() == {"sign_off_missing", "key_role"}


def test_the_latest_audit_counts_whatever_an_earlier_one_said(world: World) -> None:
    old = world.audit("allow")
    world.review(old)
    assert world.stands().word == "open"
    world.audit("refuse", minutes=10)
    assert {"refused", "sign_off_missing"} <= world.rules()


def test_of_two_audits_at_one_moment_the_graver_counts(world: World) -> None:
    world.review(world.audit("allow"))
    world.audit("refuse", record_sha256="9" * 64)
    assert "refused" in world.rules()


def test_reviews_of_an_earlier_record_do_not_carry_over(world: World) -> None:
    world.review(world.audit("allow"))
    world.audit("allow", minutes=10)
    assert world.rules() == {"sign_off_missing"}


@pytest.mark.parametrize(
    "elsewhere",
    [{"name": "talent"}, {"version": "4"}, {"created": 1_700_000_000_001}],
)
def test_evidence_of_another_version_is_foreign(world: World, elsewhere: dict[str, Any]) -> None:
    world.review(world.audit("allow"))
    found = world.stands(**elsewhere)
    assert (found.word, found.holds) == ("shut", False)
    assert {one.rule for one in found.reasons} == {"evidence_foreign"}


def test_a_review_put_under_another_record_is_foreign(world: World) -> None:
    old = world.audit("allow")
    tag = world.review(old)
    new = world.audit("allow", minutes=10)
    world.tags[tag.replace(old.record_sha256[:16], new.record_sha256[:16])] = world.tags.pop(tag)
    assert world.rules() == {"evidence_foreign", "sign_off_missing"}


def test_a_review_of_other_bytes_does_not_count(world: World) -> None:
    audit = world.audit("allow")
    world.review(replace(audit, model_sha256="f" * 64))
    assert world.rules() == {"sign_off_missing", "evidence_foreign"}


def test_a_strangers_audit_shuts_and_is_named(world: World, stranger: SigningKey) -> None:
    world.private["stranger"] = stranger
    world.audit("allow", by="stranger")
    assert (world.stands().word, world.rules()) == ("shut", {"key_unknown"})


def test_a_reviewer_cannot_sign_an_audit(world: World) -> None:
    world.review(world.audit("allow", by="joost"))
    assert world.rules() == {"key_role"}


def test_a_later_audit_that_stopped_to_count_does_not_bring_back_an_earlier_one(world: World) -> None:
    world.review(world.audit("allow"))
    second = new_signing_key()
    world.private["ci2"] = second
    world.keys = world.keys.trust(second.public, at=NOW - timedelta(days=9), holder="ci2", roles=("auditor",))
    world.audit("refuse", by="ci2", minutes=10)
    world.revoke("ci2")
    assert (world.stands().word, world.rules()) == ("shut", {"key_revoked"})
    newest = world.audit("allow", minutes=20)
    world.review(newest)
    assert world.stands().word == "open"


@pytest.mark.parametrize("who", ["ci", "mira"])
def test_a_revoked_key_takes_its_signatures_along(world: World, who: str) -> None:
    world.review(world.audit("allow"))
    world.revoke(who)
    assert world.stands().word != "open"
    assert "key_revoked" in world.rules()


@pytest.mark.parametrize(("who", "word"), [("ci", "shut"), ("mira", "refer")])
def test_an_expired_key_vouches_for_nothing(world: World, who: str, word: str) -> None:
    world.review(world.audit("allow"), expires=stamp(NOW + timedelta(days=300)))
    key = world.keys.find(world.private[who].keyid)
    assert key is not None
    short = key.model_copy(update={"expires": NOW})
    world.keys = world.keys.model_copy(update={"key": tuple(short if one is key else one for one in world.keys.key)})
    assert world.stands().word == word
    assert "key_expired" in world.rules()


def test_a_key_counts_from_its_first_day(world: World) -> None:
    audit = world.audit("allow")
    world.review(audit)
    assert world.rules(at=NOW - timedelta(days=60)) == {"signed_in_future"}
    soon = new_signing_key()
    world.private["soon"] = soon
    world.keys = world.keys.trust(soon.public, at=NOW + timedelta(days=1), holder="soon", roles=("auditor",))
    world.audit("allow", by="soon", minutes=10)
    assert world.rules() == {"key_not_yet"}


def test_an_audit_from_the_future_does_not_count_and_a_small_skew_does(world: World) -> None:
    ahead = world.audit("allow", signed_at=stamp(NOW + timedelta(minutes=4)))
    world.review(ahead, moment=NOW + timedelta(minutes=4))
    assert world.stands().word == "open"
    world.audit("allow", minutes=1, signed_at=stamp(NOW + timedelta(minutes=6)))
    assert (world.stands().word, world.rules()) == ("shut", {"signed_in_future"})


def test_a_review_from_the_future_does_not_count(world: World) -> None:
    world.review(world.audit("allow"), moment=NOW + timedelta(minutes=6))
    assert world.rules() == {"sign_off_missing", "signed_in_future"}


def test_an_expired_audit_stops_to_count(world: World) -> None:
    world.review(world.audit("allow"), expires=stamp(NOW + timedelta(days=800)))
    assert "audit_expired" in world.rules(at=NOW + timedelta(days=364, hours=1))


def test_nobody_signs_for_longer_than_the_policy_lets_it_count(world: World) -> None:
    sign_off = SignOff(reviewers={"ethics": 1}, valid_days=30)
    world.review(
        world.audit("allow", sign_off=sign_off, expires=stamp(NOW + timedelta(days=999))),
        expires=stamp(NOW + timedelta(days=999)),
    )
    assert world.stands().word == "open"
    assert {"audit_expired", "review_expired"} <= world.rules(at=NOW + timedelta(days=31))


def test_an_expired_review_stops_to_count(world: World) -> None:
    world.review(world.audit("allow"), expires=stamp(NOW))
    assert world.rules() == {"sign_off_missing", "review_expired"}


@pytest.mark.parametrize("days", [0, 1827, 10**6, 10**12])
def test_no_policy_lets_an_approval_stand_for_good(days: int) -> None:
    with pytest.raises(ValueError, match="valid_days"):
        SignOff(valid_days=days)


def test_a_policy_that_was_tightened_stops_the_version(world: World) -> None:
    world.review(world.audit("allow"))
    assert world.rules(tightened=frozenset({"e" * 64})) == {"policy_tightened"}


def test_what_is_changed_after_signing_shuts(world: World) -> None:
    audit = world.audit("refer")
    world.review(audit)
    key = audit_tag(audit.record_sha256)
    envelope = Envelope.from_json(world.tags[key])
    softer = AuditStatement.read(envelope.payload.replace(b"finding 1", b"finding 3"))
    world.tags[key] = replace(envelope, payload=softer.payload()).to_json()
    assert world.rules() == {"signature_wrong"}


@given(data=st.data())
def test_no_change_of_any_tag_opens_or_keeps_open(data: st.DataObject) -> None:
    world = OPEN[data.draw(st.integers(0, 1))]
    key = data.draw(st.sampled_from(sorted(key for key in world.tags if key.startswith(RESERVED))))
    text = world.tags[key]
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda one: one != text[at]))
    changed = replace(world, tags={**world.tags, key: text[:at] + letter + text[at + 1 :]})
    assert (changed.stands().word, changed.stands().holds) == ("shut", False)


@given(data=st.data())
def test_envelopes_that_change_places_do_not_hold(data: st.DataObject) -> None:
    here, there = OPEN
    mine = sorted(key for key in here.tags if key.startswith(RESERVED))
    first, second = (data.draw(st.sampled_from(mine)) for _ in range(2))
    text = data.draw(st.sampled_from([here.tags[second], *(there.tags[key] for key in sorted(there.tags))]))
    changed = replace(here, tags={**here.tags, first: text})
    assert (changed.stands().word == "open") == (text == here.tags[first])


@given(st.sets(st.sampled_from(["audit", "mira", "joost"]), min_size=1))
def test_what_is_taken_away_never_opens_more(gone: set[str]) -> None:
    world = OPEN[0]
    kept = {
        key: text
        for key, text in world.tags.items()
        if not (("audit" in gone and key.endswith(".audit")) or (gone & {"mira", "joost"} and ".review." in key))
    }
    assert replace(world, tags=kept).stands().word != "open"


def test_two_signatures_on_one_envelope_are_refused(world: World) -> None:
    audit = world.audit("allow")
    key = audit_tag(audit.record_sha256)
    envelope = Envelope.from_json(world.tags[key])
    other = sign(envelope.payload, world.private["mira"]).signatures
    world.tags[key] = replace(envelope, signatures=(*envelope.signatures, *other)).to_json()
    assert world.rules() == {"signature_count"}
    world.tags[key] = replace(envelope, signatures=()).to_json()
    assert world.rules() == {"signature_count"}


def test_a_review_in_the_place_of_an_audit_is_no_audit(world: World) -> None:
    audit = world.audit("allow")
    world.tags[audit_tag(audit.record_sha256)] = world.tags[world.review(audit)]
    assert "payload_type" in world.rules()


def test_a_tag_in_the_reserved_place_that_is_no_evidence_shuts(world: World) -> None:
    world.review(world.audit("allow"))
    world.tags[f"{RESERVED}note"] = "all well"
    assert (world.stands().word, world.rules()) == ("shut", {"evidence_foreign"})


def _open_world(version: str) -> World:
    world = new_world()
    audit = world.audit("refuse", version=version)
    answers = (answer(audit.reasons[0], override=True), answer(audit.reasons[1]))
    world.review(audit, answers=answers)
    world.review(audit, by="joost", answers=answers)
    return world


OPEN = (_open_world("3"), _open_world("3"))
