"""The gate: what it lets through, and all that it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.evidence.derived import RECORD_TAG
from igw_audit.tracking.gate import GateVerdict, gate_version
from igw_audit.tracking.registry import RegisteredVersion, attach_record
from igw_audit.tracking.store import Store

Audited = tuple[Store, RegisteredVersion]


def rules(verdict: GateVerdict) -> set[str]:
    return {reason.rule for reason in verdict.reasons}


def artifacts(store: Store, name: str) -> list[Path]:
    return sorted((store.root / "mlruns" / "artifacts").rglob(name))


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(("ratio", "word"), [(1.0, "allow"), (1.25, "refer"), (3.0, "refuse")])
def test_the_gate_says_what_the_record_says(store: Store, material: Any, ratio: float, word: str) -> None:
    _, version = material.train(store)
    record = material.make_record(version.model_sha256, ratio=ratio)
    attach_record(store, "study", version.version, record=record, pages=material.PAGES)
    verdict = gate_version(store, "study", version.version, redecide=material.redecide)
    assert (verdict.word, verdict.reasons) == (word, record.decision.reasons)


def test_a_version_without_a_record_is_refused_in_both_languages(store: Store, material: Any) -> None:
    material.train(store)
    verdict = gate_version(store, "study", 1, redecide=material.redecide)
    assert (verdict.word, rules(verdict)) == ("refuse", {"record_missing"})
    assert "igw-audit audit models:/study/1" in verdict.reasons[0].text.en
    assert "auditverslag" in verdict.reasons[0].text.nl


def test_one_flipped_byte_anywhere_in_the_model_is_refused(audited: Audited, material: Any) -> None:
    store, _ = audited
    (folder,) = [file.parent for file in artifacts(store, "MLmodel")]
    for file in sorted(folder.iterdir()):
        size = file.stat().st_size
        for place in {0, size // 3, size // 2, size - 1}:
            flip(file, place)
            verdict = gate_version(store, "study", 1, redecide=material.redecide)
            assert (verdict.word, rules(verdict)) == ("refuse", {"model_changed"}), (file.name, place)
            flip(file, place)
    assert gate_version(store, "study", 1, redecide=material.redecide).word == "allow"


def test_one_flipped_byte_anywhere_in_the_record_is_refused(audited: Audited, material: Any) -> None:
    store, _ = audited
    (file,) = artifacts(store, "record.json")
    size = file.stat().st_size
    for place in sorted({0, 1, size - 1, *range(0, size, size // 20)}):
        flip(file, place)
        verdict = gate_version(store, "study", 1, redecide=material.redecide)
        assert (verdict.word, rules(verdict)) == ("refuse", {"record_changed"}), place
        flip(file, place)
    assert gate_version(store, "study", 1, redecide=material.redecide).word == "allow"


def test_a_changed_page_is_refused(audited: Audited, material: Any) -> None:
    store, _ = audited
    (file,) = artifacts(store, "report.nl.html")
    flip(file, 3)
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"page_changed"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("record.json", "record_missing"),
        ("report.en.html", "page_changed"),
        ("model.skops", "model_changed"),
        ("MLmodel", "model_changed"),
    ],
)
def test_a_missing_file_is_refused(audited: Audited, material: Any, name: str, rule: str) -> None:
    store, _ = audited
    (file,) = artifacts(store, name)
    file.unlink()
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {rule}


def test_a_model_without_files_and_a_file_too_many_are_refused(audited: Audited, material: Any) -> None:
    store, _ = audited
    (model,) = artifacts(store, "MLmodel")
    extra = model.parent / "code" / "more.py"
    extra.parent.mkdir()
    extra.write_text("")
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"model_changed"}
    model.parent.rename(model.parent.parent / "gone")
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"model_missing"}


def test_a_record_of_another_version_is_refused_at_attaching_and_at_the_gate(audited: Audited, material: Any) -> None:
    store, first = audited
    _, second = material.train(store)
    record = material.make_record(first.model_sha256)
    with pytest.raises(EvidenceError, match="audit this version itself: igw-audit audit models:/study/2"):
        attach_record(store, "study", second.version, record=record, pages=material.PAGES)
    # someone with the right to write goes round it: the first version's tags, and its files in the second's run
    for key, value in store.client.get_model_version("study", "1").tags.items():
        store.client.set_model_version_tag("study", "2", key, value)
    (file,) = artifacts(store, "record.json")
    store.client.log_artifacts(second.run_id, str(file.parent), f"igw/{file.parent.name}")
    verdict = gate_version(store, "study", 2, redecide=material.redecide)
    assert (verdict.word, rules(verdict)) == ("refuse", {"model_changed"})


def forge(store: Store, version: RegisteredVersion, text: str) -> None:
    """Store a text as a record whose hash fits, as someone with the right to write could."""
    import hashlib

    from igw_audit.tracking.runs import log_texts

    sha256 = hashlib.sha256(text.encode()).hexdigest()
    log_texts(store, version.run_id, {"record.json": text}, f"igw/{sha256}")
    store.client.set_model_version_tag("study", version.version, f"igw.pages.{sha256}", "")
    store.client.set_model_version_tag("study", version.version, RECORD_TAG, sha256)


def changed(material: Any, version: RegisteredVersion, ratio: float, *path: str, to: object) -> str:
    content = material.make_record(version.model_sha256, ratio=ratio).to_dict()
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "to", "rule"),
    [
        (("decision", "word"), "allow", "decision_changed"),
        (("outcomes",), [], "decision_changed"),
        (("plan", "seed"), 9, "plan_changed"),
        (("policy", "version"), "2", "policy_changed"),
        (("provenance", "plan", "sha256"), "c" * 64, "plan_changed"),
        (("provenance", "policy", "sha256"), "c" * 64, "policy_changed"),
        (("provenance", "model", "sha256"), "c" * 64, "model_changed"),
        (("provenance", "model", "kind"), "behaviour", "model_changed"),
        (("schema_version",), 2, "record_broken"),
        (("surprise",), 1, "record_broken"),
    ],
)
def test_a_forged_record_whose_hash_fits_is_refused(
    audited: Audited, material: Any, path: tuple[str, ...], to: object, rule: str
) -> None:
    store, version = audited
    forge(store, version, changed(material, version, 3.0, *path, to=to))
    verdict = gate_version(store, "study", 1, redecide=material.redecide)
    assert verdict.word == "refuse"
    assert rule in rules(verdict)
    assert verdict.record is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema_version": NaN}', "\ud83d".encode("utf-8", "replace").decode()]
)
def test_a_record_that_is_no_record_is_refused(audited: Audited, material: Any, text: str) -> None:
    store, version = audited
    forge(store, version, text)
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"record_broken"}


def test_a_tag_that_points_nowhere_is_refused(audited: Audited, material: Any) -> None:
    store, _ = audited
    for value in ("", "..", "../../x", "A" * 64, "0" * 63, "0" * 64):
        store.client.set_model_version_tag("study", "1", RECORD_TAG, value)
        assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"record_missing"}


@pytest.mark.parametrize("key", ["igw.decision", "igw.model.sha256", "igw.plan.sha256", "igw.policy.sha256"])
def test_a_tag_that_people_read_must_say_what_the_record_says(audited: Audited, material: Any, key: str) -> None:
    store, _ = audited
    store.client.set_model_version_tag("study", "1", key, "refuse")
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"tag_changed"}


def test_pages_cannot_be_taken_out_of_the_check(audited: Audited, material: Any) -> None:
    store, _ = audited
    sha256 = store.client.get_model_version("study", "1").tags[RECORD_TAG]
    store.client.delete_model_version_tag("study", "1", f"igw.pages.{sha256}")
    assert rules(gate_version(store, "study", 1, redecide=material.redecide)) == {"page_changed"}


def test_a_decision_that_cannot_be_made_again_is_refused(audited: Audited) -> None:
    def fails(_: object) -> Any:
        raise RuntimeError("no policy room today")

    store, _ = audited
    assert rules(gate_version(store, "study", 1, redecide=fails)) == {"decision_changed"}


def test_all_that_is_wrong_is_said_at_once(audited: Audited, material: Any) -> None:
    store, _ = audited
    flip(artifacts(store, "model.skops")[0], 9)
    flip(artifacts(store, "report.nl.html")[0], 1)
    store.client.set_model_version_tag("study", "1", "igw.decision", "refuse")
    found = rules(gate_version(store, "study", 1, redecide=material.redecide))
    assert found == {"model_changed", "page_changed", "tag_changed"}


def test_an_unknown_version_is_an_error_and_not_a_verdict(audited: Audited, material: Any) -> None:
    store, _ = audited
    with pytest.raises(TrackingError, match="has no version 7; its versions: 1"):
        gate_version(store, "study", 7, redecide=material.redecide)
