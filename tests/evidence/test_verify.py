"""A bundle holds as it was signed, and any change of it shows with a reason of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.evidence.bundles import PAGES, make_bundle, record, stated, write_bundle
from tests.evidence.world import NOW, World, new_world

from igw_audit.errors import EvidenceError, InputError
from igw_audit.evidence.bundle import Bundle, EvidenceFile, read_bundle
from igw_audit.evidence.digest import digest_of, model_files
from igw_audit.evidence.dsse import Envelope
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.statement import AuditStatement, Page
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.evidence.verify import Verdict, verify_bundle, verify_folder


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Bundle, Path]:
    world, model = new_world(), tmp_path_factory.mktemp("bundle") / "model"
    return world, make_bundle(world, model), model


def verdict(world: World, bundle: Bundle, **more: Any) -> Verdict:
    return verify_bundle(bundle, world.keys, at=NOW, **more)


def rules(world: World, bundle: Bundle, **more: Any) -> set[str]:
    found = verdict(world, bundle, **more)
    assert found.holds == (not found.broken)
    return {one.rule for one in found.broken}


def with_file(bundle: Bundle, name: str, content: bytes | None) -> Bundle:
    files = {**bundle.files, name: content}
    return replace(bundle, files={key: value for key, value in files.items() if value is not None})


def with_evidence(bundle: Bundle, **changed: Any) -> Bundle:
    held = EvidenceFile.read(bundle.files["evidence.json"])
    return with_file(bundle, "evidence.json", replace(held, **changed).to_bytes())


def test_a_bundle_holds_as_it_was_signed(signed: tuple[World, Bundle, Path]) -> None:
    world, bundle, model = signed
    found = verdict(world, bundle, model_sha256=digest_of(model_files(model)))
    assert (found.holds, found.broken, found.unsigned, found.uri) == (True, (), (), "models:/study/3")
    assert found.standing is not None
    assert found.standing.word == "open"


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_of_any_file_can_be_changed(signed: tuple[World, Bundle, Path], data: st.DataObject) -> None:
    world, bundle, _ = signed
    name = data.draw(st.sampled_from(sorted(bundle.files)))
    content = bytearray(bundle.files[name])
    start = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(1, min(8, len(content) - start)))
    for at in range(start, start + length):
        content[at] ^= data.draw(st.integers(1, 255))
    assert rules(world, with_file(bundle, name, bytes(content)))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_file_can_be_shortened_lengthened_or_have_parts_moved(
    signed: tuple[World, Bundle, Path], data: st.DataObject
) -> None:
    world, bundle, _ = signed
    name = data.draw(st.sampled_from(sorted(bundle.files)))
    content = bundle.files[name]
    first, second = sorted((data.draw(st.integers(0, len(content))), data.draw(st.integers(0, len(content)))))
    changed = data.draw(
        st.sampled_from(
            [
                content[:first],
                content[first:],
                content[:first] + content[second:],
                content[:first] + content[first:second] * 2 + content[second:],
                content[second:] + content[:second],
                content + b"\n",
                content + content,
            ]
        )
    )
    if changed != content:
        assert rules(world, with_file(bundle, name, changed))


def test_every_single_byte_of_evidence_json_counts(signed: tuple[World, Bundle, Path]) -> None:
    world, bundle, _ = signed
    content = bundle.files["evidence.json"]
    # one bit of each byte: with letters, 0x20 is the other case, which base64 and JSON keep apart
    for at in range(len(content)):
        flipped = content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]
        assert not verdict(world, with_file(bundle, "evidence.json", flipped)).holds, at


@pytest.mark.parametrize(
    ("name", "rule"),
    [("record.json", "file_missing"), ("report.nl.html", "file_missing"), ("evidence.json", "bundle_unsigned")],
)
def test_a_missing_file_shows(signed: tuple[World, Bundle, Path], name: str, rule: str) -> None:
    world, bundle, _ = signed
    assert rules(world, with_file(bundle, name, None)) == {rule}


def test_pages_that_changed_places_show(signed: tuple[World, Bundle, Path]) -> None:
    world, bundle, _ = signed
    nl, en = bundle.files["report.nl.html"], bundle.files["report.en.html"]
    swapped = with_file(with_file(bundle, "report.nl.html", en), "report.en.html", nl)
    assert rules(world, swapped) == {"file_changed"}


def test_another_model_shows(signed: tuple[World, Bundle, Path], tmp_path: Path) -> None:
    world, bundle, _ = signed
    assert rules(world, bundle, model_sha256="1" * 64) == {"model_changed"}
    held = EvidenceFile.read(bundle.files["evidence.json"])
    fewer = replace(held, model=held.model[:1]).to_bytes()
    assert rules(world, with_file(bundle, "evidence.json", fewer)) == {"model_list_changed"}


def test_a_strangers_bundle_does_not_hold(signed: tuple[World, Bundle, Path]) -> None:
    _, bundle, _ = signed
    found = verify_bundle(bundle, TrustedKeys(), at=NOW)
    assert {one.rule for one in found.broken} == {"key_unknown"}


def test_a_rogue_signature_over_other_content_shows(signed: tuple[World, Bundle, Path], stranger: SigningKey) -> None:
    world, bundle, _ = signed
    envelope = Envelope.from_json(EvidenceFile.read(bundle.files["evidence.json"]).audit)
    (mine,) = envelope.signatures
    forged = replace(mine, sig=stranger.sign(envelope.payload))
    assert rules(world, with_evidence(bundle, audit=replace(envelope, signatures=(forged,)).to_json())) == {
        "signature_wrong"
    }


def test_a_review_from_another_bundle_is_foreign(signed: tuple[World, Bundle, Path]) -> None:
    world, bundle, _ = signed
    other = World(keys=world.keys, private=world.private)
    tag = other.review(other.audit("allow", version="4"))
    assert rules(world, with_evidence(bundle, reviews=(other.tags[tag],))) == {"evidence_foreign"}


def test_the_audit_of_another_version_does_not_hold_here(signed: tuple[World, Bundle, Path]) -> None:
    world, bundle, _ = signed
    other = World(keys=world.keys, private=world.private)
    audit = other.audit("allow")
    text = next(text for key, text in other.tags.items() if key.endswith(".audit"))
    assert audit.version == "3"
    found = rules(world, with_evidence(bundle, audit=text, reviews=()))
    assert {"file_changed", "file_missing", "model_list_changed"} & found


def test_keys_that_lapsed_say_so(signed: tuple[World, Bundle, Path]) -> None:
    world, bundle, _ = signed
    later = world.keys.revoke(world.private["ci"].keyid, at=NOW, because="left in a repository")
    assert {one.rule for one in verify_bundle(bundle, later, at=NOW).broken} == {"key_revoked"}
    expired = verify_bundle(bundle, world.keys, at=NOW + timedelta(days=800))
    assert {one.rule for one in expired.broken} == {"key_expired"}
    early = verify_bundle(bundle, world.keys, at=NOW - timedelta(days=300))
    assert {one.rule for one in early.broken} == {"signed_in_future"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda held: held["decision"].update(word="allow"), "decision"),
        (lambda held: held["decision"]["reasons"].pop(0), "reasons"),
        (lambda held: held["decision"]["reasons"][0]["text"].update(nl="niets aan de hand"), "reasons"),
        (lambda held: held["plan"].update(seed=7), "plan"),
        (lambda held: held["policy"].update(name="softer"), "policy"),
        (lambda held: held["policy"]["sign_off"].update(valid_days=9), "sign_off"),
        (lambda held: held["provenance"]["cases"].update(sha256="9" * 64), "cases"),
        (lambda held: held.update(dossier={"sha256": "9" * 64}), "dossier"),
        (lambda held: held.update(registrations={"entry": "9" * 64}), "registration"),
    ],
)
def test_a_record_that_disagrees_with_what_was_signed_about_it_shows(
    world: World, tmp_path: Path, change: Any, named: str
) -> None:
    content = _changed(world, tmp_path, change)
    found = verdict(world, _signed_over(world, content, tmp_path))
    assert {one.rule for one in found.broken} == {"record_disagrees"}
    assert any(f"({named})" in one.text.en for one in found.broken)


@pytest.mark.parametrize("content", [b"[]", b"{}", b"\xff", b"[" * 200_000])
def test_a_record_that_is_none_shows_even_when_it_was_signed(world: World, tmp_path: Path, content: bytes) -> None:
    found = verdict(world, _signed_over(world, content, tmp_path))
    assert [one.rule for one in found.broken] == ["record_broken"]


def _changed(world: World, tmp_path: Path, change: Any) -> bytes:
    held = record(world.statement().sign_off)
    held["provenance"]["model"]["sha256"] = make_bundle_sha256(tmp_path)
    change(held)
    return json.dumps(held).encode()


def make_bundle_sha256(tmp_path: Path) -> str:
    from tests.evidence.bundles import write_model

    return write_model(tmp_path / "aside")


def _signed_over(world: World, content: bytes, tmp_path: Path) -> Bundle:
    return make_bundle(world, tmp_path / "model", content=content)


def test_links_pipes_and_folders_are_never_read(signed: tuple[World, Bundle, Path], tmp_path: Path) -> None:
    world, bundle, _ = signed
    makers: list[Callable[[Path], None]] = [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(tmp_path / "elsewhere")]
    for number, make in enumerate(makers):
        folder = write_bundle(bundle, tmp_path / f"bundle-{number}")
        (tmp_path / "elsewhere").write_bytes(bundle.files["report.en.html"])
        (folder / "report.en.html").unlink()
        make(folder / "report.en.html")
        found = verify_folder(folder, world.keys, at=NOW)
        assert [one.rule for one in found.broken] == ["file_not_plain"]


def test_what_nobody_signed_is_named(signed: tuple[World, Bundle, Path], tmp_path: Path) -> None:
    world, bundle, model = signed
    folder = write_bundle(bundle, tmp_path / "bundle")
    (folder / "report.en.htm").write_text("another story")
    (folder / "data").mkdir()
    found = verify_folder(folder, world.keys, at=NOW, model=model)
    assert (found.holds, found.unsigned) == (True, ("data", "report.en.htm"))


def test_a_folder_that_is_none_or_too_full_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be read as a folder"):
        read_bundle(tmp_path / "nowhere")
    for number in range(201):
        (tmp_path / str(number)).touch()
    with pytest.raises(EvidenceError, match="at most 200"):
        read_bundle(tmp_path)


@pytest.mark.parametrize("name", ["../x.html", "a/b.html", "/etc/passwd", "", ".hidden", "record.json", "x\n.html"])
def test_no_statement_points_outside_its_folder(world: World, name: str) -> None:
    with pytest.raises(InputError, match="one plain file"):
        replace(world.statement(), pages=(Page(name=name, sha256="0" * 64),))


def test_a_model_with_a_name_on_two_lines_or_a_link_is_none(tmp_path: Path) -> None:
    (tmp_path / "a\nb").touch()
    with pytest.raises(EvidenceError, match="no plain file"):
        model_files(tmp_path)
    (tmp_path / "a\nb").unlink()
    (tmp_path / "MLmodel").touch()
    (tmp_path / "link").symlink_to(tmp_path / "MLmodel")
    with pytest.raises(EvidenceError, match="no plain file"):
        model_files(tmp_path)


def test_the_model_hash_is_what_sha256sum_gives(signed: tuple[World, Bundle, Path]) -> None:
    _, bundle, model = signed
    line = (
        "find . -type f ! -path ./registered_model_meta | sed 's|^./||' | LC_ALL=C sort | "
        "xargs -d '\\n' sha256sum | sha256sum"
    )
    told = subprocess.run(["sh", "-c", line], cwd=model, capture_output=True, text=True, check=True).stdout
    assert told.split()[0] == digest_of(model_files(model))
    assert EvidenceFile.read(bundle.files["evidence.json"]).model == model_files(model)


def test_verifying_starts_without_what_is_heavy(signed: tuple[World, Bundle, Path]) -> None:
    code = (
        "import sys, igw_audit.evidence.verify, igw_audit.cli\n"
        "print(sorted({'mlflow', 'pandas', 'numpy', 'scipy', 'sklearn', 'psycopg', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_statement_reads_back_only_from_its_own_bytes(world: World) -> None:
    statement, _ = stated(world, "0" * 64)
    assert AuditStatement.read(statement.payload()) == statement
    assert {page.name for page in statement.pages} == set(PAGES)
