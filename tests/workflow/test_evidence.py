"""An audit is signed, kept beside its record, entered in the ledger, and verified again from all of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from igw_audit import workflow
from igw_audit.errors import EvidenceError
from igw_audit.evidence.keys import SigningKey, keyid_of, load_key, new_key, read_public
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.tags import audit_tag
from igw_audit.evidence.trust import TrustedKeys, trusted_keys_file
from igw_audit.tracking import locate, open_store, version_tags
from igw_audit.workflow.evidence import auditor, verify_version

# each process that gets one of these makes a project of its own
pytestmark = pytest.mark.xdist_group("evidence")


@dataclass(frozen=True)
class Signed:
    root: Path
    uri: str
    folder: Path
    key: SigningKey
    record: Any


@pytest.fixture(scope="module")
def signed(own_project: Any, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """A version with a signed audit; the bundle in a folder."""
    folder = tmp_path_factory.mktemp("keys")
    key = load_key(new_key("ci", folder))
    keys = TrustedKeys().trust(read_public(folder / "ci.pub"), holder="ci", roles=("auditor",), at=datetime.now(UTC))
    keys.save(trusted_keys_file(own_project.root))
    choices = workflow.AuditChoices(pipeline=own_project.pipeline)
    signer = auditor(key, project=own_project.root, author="ada")
    done = workflow.audit_version(
        own_project.uri, project=own_project.root, choices=choices, out=folder / "bundle", signer=signer
    )
    return Signed(root=own_project.root, uri=own_project.uri, folder=folder / "bundle", key=key, record=done.record)


def igw_audit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "igw_audit", *arguments], capture_output=True, text=True, check=False, env=os.environ
    )


def test_a_signed_audit_holds_and_waits_for_people(signed: Signed) -> None:
    verdict = verify_version(signed.uri, project=signed.root)
    assert verdict.broken == ()
    assert verdict.standing is not None
    assert verdict.standing.audit is not None
    assert verdict.standing.audit.author == "ada"
    assert verdict.standing.word != "open"
    assert "sign_off_missing" in {one.rule for one in verdict.standing.reasons}


def test_the_ledger_says_what_was_signed(signed: Signed) -> None:
    ledger = open_ledger(ledger_address(signed.root))
    keys = TrustedKeys.read(trusted_keys_file(signed.root))
    (entry,) = ledger.entries("audited")
    assert (entry.content["name"], entry.content["author"], entry.keyid) == ("talent", "ada", signed.key.keyid)
    tags = version_tags(open_store(signed.root), "talent", "1")
    tag = str(entry.content["tag"])
    assert hashlib.sha256(tags[tag].encode()).hexdigest() == entry.content["envelope_sha256"]
    assert ledger.verify(keys) == ()


def test_the_folder_verifies_offline_without_mlflow(signed: Signed) -> None:
    code = (
        "import sys; from igw_audit.cli import main; sys.argv = ['igw-audit', *sys.argv[1:]]\n"
        "try: main()\n"
        "finally: print(sorted({'mlflow','pandas','numpy','scipy','sklearn'} & set(sys.modules)), file=sys.stderr)"
    )
    arguments = ["verify", str(signed.folder), "--project", str(signed.root)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert "HOLDS: models:/talent/1" in done.stdout


def test_a_bundle_can_be_written_from_the_registry_and_holds_with_the_model_that_is_used(
    signed: Signed, tmp_path: Path
) -> None:
    verdict = verify_version(signed.uri, project=signed.root, out=tmp_path / "bundle")
    assert verdict.holds
    store = open_store(signed.root)
    model = locate(store, signed.uri).artifact_uri
    done = igw_audit("verify", str(tmp_path / "bundle"), "--model", model, "--project", str(signed.root), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["holds"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "MLmodel").write_text("another")
    done = igw_audit(
        "verify", str(tmp_path / "bundle"), "--model", str(tmp_path / "other"), "--project", signed.root.as_posix()
    )
    assert done.returncode == 3
    assert "[model_changed]" in done.stdout


def test_a_record_that_was_changed_among_the_files_does_not_hold(signed: Signed) -> None:
    store = open_store(signed.root)
    location = locate(store, signed.uri)
    assert location.run_id is not None
    run = store.client.get_run(location.run_id)
    audit = verify_version(signed.uri, project=signed.root).standing
    assert audit is not None
    assert audit.audit is not None
    page = Path(run.info.artifact_uri) / "igw" / audit.audit.record_sha256 / "report.nl.html"
    whole = page.read_bytes()
    try:
        page.write_bytes(whole.replace(b"</html>", b" </html>"))
        verdict = verify_version(signed.uri, project=signed.root)
        assert [one.rule for one in verdict.broken] == ["file_changed"]
    finally:
        page.write_bytes(whole)


def test_a_record_that_is_gone_from_the_files_is_a_verdict_and_no_error(signed: Signed) -> None:
    store = open_store(signed.root)
    location = locate(store, signed.uri)
    run = store.client.get_run(str(location.run_id))
    folder, model = Path(run.info.artifact_uri) / "igw", Path(location.artifact_uri)
    for path, rule in ((folder, "file_missing"), (model, "model_changed")):
        aside = path.rename(path.with_name("aside"))
        try:
            assert {one.rule for one in verify_version(signed.uri, project=signed.root).broken} == {rule}
        finally:
            aside.rename(path)
    assert verify_version(signed.uri, project=signed.root).holds


def test_an_unsigned_version_does_not_hold_and_says_what_to_type(own_project: Any, signed: Signed) -> None:
    trained = workflow.train(own_project.pipeline, project=own_project.root, name="unsigned")
    done = igw_audit("verify", trained.uri, "--project", str(own_project.root))
    assert done.returncode == 3
    assert "[evidence_missing]" in done.stdout
    assert f"igw-audit audit {trained.uri} --key FILE" in done.stdout


def test_a_key_that_may_not_sign_is_refused_before_the_work_begins(signed: Signed, tmp_path: Path) -> None:
    stranger = new_key("stranger", tmp_path)
    with pytest.raises(EvidenceError, match="not among the trusted keys"):
        auditor(load_key(stranger), project=signed.root)
    keys = TrustedKeys.read(trusted_keys_file(signed.root))
    more = keys.trust(
        read_public(tmp_path / "stranger.pub"),
        holder="mira",
        roles=("reviewer",),
        reviewer_roles=("ethics",),
        at=datetime.now(UTC),
    )
    more.save(trusted_keys_file(signed.root))
    with pytest.raises(EvidenceError, match="trusted as reviewer only"):
        auditor(load_key(stranger), project=signed.root)
    with pytest.raises(EvidenceError, match="plain letters"):
        auditor(signed.key, project=signed.root, author="аda")
    assert keyid_of(read_public(tmp_path / "stranger.pub")) == load_key(stranger).keyid


def test_auditing_again_signs_a_new_record_beside_the_first(own_project: Any, signed: Signed) -> None:
    choices = workflow.AuditChoices(pipeline=own_project.pipeline)
    signer = auditor(signed.key, project=signed.root, author="ada")
    workflow.audit_version(signed.uri, project=signed.root, choices=choices, signer=signer)
    tags = version_tags(open_store(signed.root), "talent", "1")
    assert len([key for key in tags if key.endswith(".audit")]) == 2
    assert verify_version(signed.uri, project=signed.root).holds


def test_evidence_that_the_ledger_knows_and_the_version_lacks_does_not_hold(signed: Signed) -> None:
    assert verify_version(signed.uri, project=signed.root).holds
    lost = {"name": "talent", "version": "1", "record_sha256": "9" * 64, "tag": audit_tag("9" * 64)}
    open_ledger(ledger_address(signed.root)).append("audited", {**lost, "decision": "refuse"}, key=signed.key)
    verdict = verify_version(signed.uri, project=signed.root)
    assert (verdict.holds, [one.rule for one in verdict.broken]) == (False, ["evidence_gone"])
