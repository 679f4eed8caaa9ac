"""Envelopes and statements: one way to write each, and no other is read."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.bundles import DECIDED
from tests.evidence.world import NOW, World, answer, new_signing_key, reason

from igw_audit.core.decision import Decision, Reason
from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.core.record import AuditRecord
from igw_audit.core.rules import SignOff
from igw_audit.core.text import Text
from igw_audit.errors import EvidenceError, InputError
from igw_audit.evidence.dsse import IN_TOTO, LIMIT, Envelope, EnvelopeError, pae, sign
from igw_audit.evidence.intoto import Statement
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.reasons import fitting, same_text, state, stated_reasons
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import canonical_bytes, is_stamp, person, read_canonical
from igw_audit.evidence.trust import check, signer_of
from igw_audit.stats.estimate import Estimate


def test_the_bytes_that_are_signed_are_those_of_the_dsse_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


@given(st.binary(max_size=200), st.text(max_size=20))
def test_an_envelope_reads_back_as_it_was_written(payload: bytes, kind: str) -> None:
    made = sign(payload, new_signing_key(), payload_type=kind)
    assert Envelope.from_json(made.to_json()) == made


@pytest.mark.parametrize(
    "change",
    [
        lambda text: " " + text,
        lambda text: text + "\n",
        lambda text: text.replace('":"', '": "', 1),
        lambda text: text.replace('"payloadType"', '"payload":"","payloadType"'),
        lambda text: text.replace('{"payload"', '{"extra":1,"payload"'),
        lambda text: text.replace('"sig":"', '"sig":"\\u0041', 1),
        lambda text: text.replace("==", "", 1),
        lambda text: text.replace('"sig":"', '"sig":"\\n', 1),
        lambda text: text.replace("application/", "Application\\/", 1),
        lambda text: json.dumps(dict(reversed(json.loads(text).items())), separators=(",", ":")),
        lambda text: json.dumps(json.loads(text) | {"signatures": None}),
        lambda _: "[" * 50_000,
        lambda _: "null",
        lambda _: "",
        lambda _: "\ud800",
        lambda text: text + " " * LIMIT,
        lambda _: "9" * 5_000,
    ],
)
def test_another_way_of_writing_it_is_not_read(world: World, change: Any) -> None:
    text = sign(b"{}", world.private["ci"]).to_json()
    with pytest.raises(EnvelopeError) as caught:
        Envelope.from_json(change(text))
    assert caught.value.reason == "payload_broken"


def test_spare_bits_of_base64_are_not_read(world: World) -> None:
    text = sign(b"a", world.private["ci"]).to_json()
    assert '"payload":"YQ=="' in text
    # YR== decodes to the same byte in a lenient reader
    assert base64.b64decode("YR==") == b"a"
    with pytest.raises(EnvelopeError):
        Envelope.from_json(text.replace('"YQ=="', '"YR=="'))


def test_what_does_not_fit_a_registry_is_not_signed(world: World) -> None:
    assert len(sign(b"x" * 67_000, world.private["ci"]).to_json()) <= LIMIT
    with pytest.raises(EvidenceError, match="at most 90,000; shorten"):
        sign(b"x" * 67_500, world.private["ci"])


@given(at=st.integers(0, 63), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_can_be_changed(at: int, bit: int) -> None:
    made = sign(b"{}", KEY)
    (mine,) = made.signatures
    changed = bytearray(mine.sig)
    changed[at] ^= 1 << bit
    with pytest.raises(EnvelopeError) as caught:
        signer_of(replace(made, signatures=(replace(mine, sig=bytes(changed)),)), KEYS)
    assert caught.value.reason == "signature_wrong"


def test_a_signature_plus_the_group_order_is_not_the_same_signature() -> None:
    made = sign(b"{}", KEY)
    (mine,) = made.signatures
    order = 2**252 + 27742317777372353535851937790883648493
    moved = (int.from_bytes(mine.sig[32:], "little") + order).to_bytes(32, "little")
    with pytest.raises(EnvelopeError) as caught:
        signer_of(replace(made, signatures=(replace(mine, sig=mine.sig[:32] + moved),)), KEYS)
    assert caught.value.reason == "signature_wrong"


def test_check_gives_what_was_said_and_by_whom(world: World) -> None:
    envelope = sign(world.statement().payload(), world.private["ci"])
    signed = check(envelope, world.keys, role="auditor", at=NOW)
    assert (signed.signer.holder, signed.statement["_type"]) == ("ci", "https://in-toto.io/Statement/v1")


@pytest.mark.parametrize(
    ("reason_word", "make"),
    [
        ("key_role", lambda world: sign(b"{}", world.private["mira"])),
        ("key_unknown", lambda _: sign(b"{}", new_signing_key())),
        ("payload_type", lambda world: sign(b"{}", world.private["ci"], payload_type="text/plain")),
        ("payload_broken", lambda world: sign(b"{} ", world.private["ci"])),
        ("payload_broken", lambda world: sign(b"[]", world.private["ci"])),
        ("payload_broken", lambda world: sign(b'{"a":1,"a":1}', world.private["ci"])),
        ("payload_broken", lambda world: sign(b'{"a":0.5}', world.private["ci"])),
        ("payload_broken", lambda world: sign(b'{"a":NaN}', world.private["ci"])),
    ],
)
def test_each_thing_that_does_not_hold_has_its_word(world: World, reason_word: str, make: Any) -> None:
    with pytest.raises(EnvelopeError) as caught:
        check(make(world), world.keys, role="auditor", at=NOW)
    assert caught.value.reason == reason_word


def test_a_keyid_of_somebody_else_does_not_borrow_their_trust(world: World, stranger: SigningKey) -> None:
    made = sign(b"{}", stranger)
    borrowed = replace(made.signatures[0], keyid=world.private["ci"].keyid)
    with pytest.raises(EnvelopeError) as caught:
        check(replace(made, signatures=(borrowed,)), world.keys, role="auditor", at=NOW)
    assert caught.value.reason == "signature_wrong"


def test_canonical_json_is_read_in_no_other_form() -> None:
    assert read_canonical(canonical_bytes({"b": 1, "a": "é"})) == {"a": "é", "b": 1}
    for wrong in (b'{"a":"\\u00e9"}', b'{"a": 1}', b"1e3", b"-0", b"01", b'"\xff"', b"\xef\xbb\xbf1", b"1 "):
        with pytest.raises(ValueError):  # noqa: PT011 - each says something else
            read_canonical(wrong)


@pytest.mark.parametrize(
    "text", ["2026-11-23", "2026-11-23T09:30:00Z", "2026-11-23T09:30:00.000+00:00", "2026-13-01T00:00:00.000Z",
             "2026-11-23T24:00:00.000Z", "２026-11-23T09:30:00.000Z", "2026-11-23T09:30:00.000Z\n", ""],
)  # fmt: skip
def test_a_time_is_written_in_one_way(text: str) -> None:
    assert not is_stamp(text)


def test_people_are_told_apart_by_account_whatever_its_case() -> None:
    assert person("Ada") == person("ADA ") == person("ada")
    assert person("ada") != person("аda")


@pytest.mark.parametrize("name", ["аda", "ada\u200b", "", " ada", "ada\n", "a" * 101, "adа"])
def test_accounts_that_look_like_others_are_in_no_statement(world: World, name: str) -> None:
    audit = world.statement()
    with pytest.raises(InputError, match="plain letters"):
        replace(audit, author=name)
    world.audit("allow")
    with pytest.raises(InputError, match="plain letters"):
        world.review(audit, by=name, key="mira")


@pytest.mark.parametrize(
    "wrong",
    [
        {"model_sha256": "A" * 64},
        {"record_sha256": "a" * 63},
        {"registration": "none"},
        {"name": "a/b"},
        {"name": ""},
        {"version": "01a"},
        {"version": "٣"},
        {"signed_at": "now"},
        {"expires": "2020-01-01T00:00:00.000Z"},
        {"decision": "refer"},
        {"reasons": (reason(1, "refer"),)},
        {"reasons": (reason(1, "allow"),)},
        {"decision": "refer", "reasons": (reason(1), reason(1))},
    ],
)
def test_an_audit_statement_contradicts_neither_itself_nor_its_form(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="audit statement"):
        replace(world.statement(), **wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ethics": " "}, "ethics is empty"),
        ({"word": "reject", "ethics": "", "dissent": ""}, "who rejects says why"),
        ({"answers": (replace(answer(reason(1)), alternatives=" "),)}, "leaves alternatives empty"),
        ({"answers": (answer(reason(1)), answer(reason(1)))}, "answered twice"),
        ({"expires": "soon"}, "expected a time"),
    ],
)
def test_a_review_leaves_nothing_out(world: World, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        world.review(world.audit("allow"), **wrong)


def test_statements_read_back_only_as_they_are_written(world: World) -> None:
    audit = world.statement("refer")
    assert AuditStatement.read(audit.payload()) == audit
    for kind, old, new in (
        (AuditStatement, b'"version_created":1700000000000', b'"version_created":"1700000000000"'),
        (AuditStatement, b'"pilot":"study"', b'"pilot":"study","pilots":1'),
        (AuditStatement, b'"author":"ada"', b'"author":null'),
        (AuditStatement, b'"author":"ada"', b'"author":"\xd0\xb0da"'),
        (AuditStatement, b"models:/study/3", b"models:/study/03"),
        (AuditStatement, b"models:/study/3", b"runs:/study/3"),
        (AuditStatement, b'"reviewers":{"ethics":1}', b'"reviewers":{"ethics":0}'),
        (AuditStatement, b'"reviewers":{"ethics":1}', b'"reviewers":{}'),
        (ReviewStatement, b"", b""),
    ):
        payload = audit.payload().replace(old, new)
        assert kind is ReviewStatement or payload != audit.payload()
        if b"study/03" in payload:
            # a version is compared as text, so this is another version and not this one
            assert AuditStatement.read(payload).version == "03"
            continue
        with pytest.raises(EnvelopeError) as caught:
            kind.read(payload)
        assert caught.value.reason == "payload_broken"


def test_a_policy_may_learn_words_without_breaking_what_was_signed(world: World) -> None:
    predicate = json.loads(world.statement().payload())["predicate"]
    assert set(predicate["sign_off"]) == {"reviewers", "personal_signature", "valid_days"}
    assert set(predicate["sign_off"]) < set(SignOff.model_fields)


def test_the_statement_is_an_in_toto_statement_about_the_model(world: World) -> None:
    content = json.loads(world.statement().payload())
    assert content["subject"] == [{"name": "models:/study/3", "digest": {"sha256": "a" * 64}}]
    assert content["predicateType"] == "urn:igw-audit:audit:v1"
    assert Statement.read(world.statement().payload()).kind == content["predicateType"]
    assert IN_TOTO == "application/vnd.in-toto+json"


def test_a_reason_keeps_its_id_when_only_its_words_change_and_no_two_share_one() -> None:
    first = DECIDED[0]
    same = replace(first, text=replace(first.text, en="other words"))
    assert state([first], frozenset())[0].id == state([same], frozenset())[0].id
    both = state([first, same], frozenset())
    assert len({one.id for one in both}) == 2
    assert state([replace(first, group="C")], frozenset())[0].id != both[0].id
    assert len(state(DECIDED, frozenset())) == 1


def test_reasons_that_are_too_long_for_a_tag_are_cut_alike_and_none_is_left_out() -> None:
    long = Text(en="a finding that takes some words " * 9, nl="een bevinding die wat woorden kost " * 9)
    told = [replace(DECIDED[0], group=f"group {number}", text=long) for number in range(120)]
    whole = state(told, frozenset())
    cut = fitting(whole, 62_000)
    assert [one.id for one in cut] == [one.id for one in whole]
    assert len(canonical_bytes([asdict(one) for one in cut])) <= 62_000
    assert {len(one.text.en) for one in cut} == {121}
    assert all(same_text(one.text, other.text) for one, other in zip(cut, whole, strict=True))
    assert fitting(whole[:2], 62_000) == whole[:2]
    assert not same_text(Text(en="another finding…", nl=long.nl), long)
    assert not same_text(Text(en=long.en + "…", nl=long.nl), Text(en=long.en[:-1], nl=long.nl))
    assert fitting(whole, 0)[0].text == Text(en="…", nl="…")


def test_what_is_signed_about_a_small_group_stops_where_its_numbers_would_follow() -> None:
    estimate = Estimate(value=0.4321, low=0.3, high=0.6, confidence=0.95, n=90, method="none")
    found = Finding(statistic="selection_rate", group="B", estimate=estimate, counts=Counts(events=4, n=90))
    small = Reason(
        word="refer",
        rule="ratio",
        audit="A001",
        attribute="region",
        group="B",
        statistic="selection_rate",
        text=Text(
            en="B lies outside (0.8 to 1.25). Selection: 0.4321.", nl="B valt buiten (0,8 tot 1,25). Hier: 0,4321."
        ),
    )
    record = SimpleNamespace(
        outcomes=(Outcome(audit="A001", attribute="region", status="measured", findings=(found,)),),
        decision=Decision.of((small, DECIDED[0])),
    )
    whole = {one.id: one for one in state(record.decision.reasons, frozenset())}
    for one in stated_reasons(cast(AuditRecord, record)):
        assert same_text(one.text, whole[one.id].text)
        assert "4321" not in one.text.en + one.text.nl
        assert one.text.en.startswith(("B lies outside (0.8 to 1.25).", "postcode moves the score"))


def test_direct_use_cannot_be_overridden_whatever_the_policy_says() -> None:
    refused = replace(DECIDED[0], word="refuse", overridable=True)
    assert state([refused], frozenset())[0].overridable
    assert not state([refused], {("A007", "nationality")})[0].overridable


KEY = new_signing_key()
KEYS = World().keys.trust(KEY.public, holder="ci", roles=("auditor",), at=NOW)
