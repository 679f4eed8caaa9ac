"""Keys, verify and ledger from the command line, as one types them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from igw_audit.cli.app import app
from igw_audit.errors import EvidenceError, IgwAuditError, InputError
from igw_audit.evidence.keys import load_key, new_key, read_public
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.trust import TrustedKeys


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("IGW_KEY_FILE", "IGW_TRUSTED_KEYS", "IGW_LEDGER", "IGW_KEY_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IGW_KEYS", str(tmp_path / "private"))
    root = tmp_path / "project"
    root.mkdir()
    return root


def run(*arguments: object) -> Result:
    found = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(found.exception, IgwAuditError):
        raise found.exception
    return found


def new(name: str) -> Path:
    told = json.loads(run("keys", "new", name, "--json").stdout)
    return Path(told["public"])


def trust(project: Path, public: Path, holder: str, *more: str) -> Result:
    return run("keys", "trust", public, "--holder", holder, *more, "--project", project)


def test_a_key_is_made_trusted_listed_and_revoked(project: Path) -> None:
    made = run("keys", "new", "ci")
    assert "ci.pub is public" in made.stdout
    assert "PRIVATE KEY" not in made.stdout
    public = project.parent / "private" / "ci.pub"
    assert "No keys are trusted yet" in run("keys", "list", "--project", project).stdout
    assert "Trusted: key" in trust(project, public, "ci", "--role", "auditor").stdout
    keyid = load_key(public.with_suffix(".pem")).keyid
    (listed,) = json.loads(run("keys", "list", "--project", project, "--json").stdout)
    assert (listed["keyid"], listed["holder"], listed["roles"]) == (keyid, "ci", ["auditor"])
    assert listed["state"].startswith("until ")
    assert "Revoked: key" in run("keys", "revoke", keyid[:12], "--because", "lost", "--project", project).stdout
    assert "revoked" in run("keys", "list", "--project", project).stdout
    told = open_ledger(ledger_address(project)).entries("key")
    assert [(one.content["doing"], one.content["keyid"]) for one in told] == [("trusted", keyid), ("revoked", keyid)]


def test_a_reviewers_key_counts_for_roles_and_until_a_day(project: Path) -> None:
    more = ("--role", "reviewer", "--reviewer-role", "ethics", "--expires", "2099-12-31")
    trust(project, new("mira"), "mira", *more)
    (key,) = TrustedKeys.read(project / "audits" / "trusted_keys.toml").key
    assert key.reviewer_roles == ("ethics",)
    assert key.expires == datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("keys", "trust", "gone.pub", "--holder", "x", "--role", "auditor"), EvidenceError, "cannot be read"),
        (("keys", "revoke", "12345678", "--because", "lost"), EvidenceError, "there are: none yet"),
        (("verify", "gone"), EvidenceError, "give the bundle's folder"),
        (("ledger", "checkpoint", "--out", "x"), EvidenceError, "no entry that somebody signed"),
    ],
)
def test_what_is_wrong_is_said(project: Path, arguments: tuple[str, ...], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        run(*arguments, "--project", project)


def test_a_holder_of_another_alphabet_is_refused_and_nothing_is_written(project: Path) -> None:
    with pytest.raises(InputError, match="other alphabets"):
        trust(project, new("ci"), "аda", "--role", "auditor")
    assert not (project / "audits").exists()
    assert open_ledger(ledger_address(project)).entries() == ()


def test_a_private_key_is_not_trusted_for_a_public_one(project: Path) -> None:
    with pytest.raises(EvidenceError, match="stays with its owner"):
        trust(project, new("ci").with_suffix(".pem"), "ci", "--role", "auditor")


def test_options_that_do_not_belong_are_wrong_usage(project: Path, tmp_path: Path) -> None:
    for arguments in (
        ("verify", "models:/study/1", "--model", tmp_path),
        ("verify", tmp_path, "--out", tmp_path),
        ("keys", "trust", "x.pub", "--holder", "x", "--role", "boss"),
    ):
        assert run(*arguments, "--project", project).exit_code == 2


def test_a_folder_that_nobody_signed_does_not_hold(project: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "record.json").write_text("{}")
    found = run("verify", tmp_path / "out", "--project", project)
    assert found.exit_code == 3
    assert "[bundle_unsigned]" in found.stdout
    told = json.loads(run("verify", tmp_path / "out", "--project", project, "--json").stdout)
    assert (told["holds"], told["standing"]) == (False, None)


def test_the_ledger_is_shown_checked_and_held_against_a_checkpoint(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = new("ci")
    monkeypatch.setenv("IGW_KEY_FILE", str(public.with_suffix(".pem")))
    trust(project, public, "ci", "--role", "auditor")
    ledger = open_ledger(ledger_address(project))
    ledger.append("scored", {"rows": 3})
    line = run("ledger", "show", "--kind", "scored", "--project", project).stdout
    assert "scored  unsigned" in line
    assert "{" not in line
    (shown,) = json.loads(run("ledger", "show", "--since", "1", "--project", project, "--json").stdout)
    assert (shown["seq"], shown["content"]) == (2, {"rows": 3})
    kept = tmp_path / "kept.json"
    assert run("ledger", "checkpoint", "--out", kept, "--project", project).exit_code == 0
    held = run("ledger", "verify", "--checkpoint", kept, "--project", project)
    assert (held.exit_code, "2 entries, 1 of them unsigned, 0 problems" in held.stdout) == (0, True)
    Path(ledger.address).unlink()
    found = run("ledger", "verify", "--checkpoint", kept, "--project", project)
    assert found.exit_code == 3
    assert "[truncated]" in found.stdout
    told: dict[str, Any] = json.loads(
        run("ledger", "verify", "--checkpoint", kept, "--project", project, "--json").stdout
    )
    assert [one["word"] for one in told["problems"]] == ["truncated"]
    assert told["signatures"]


def _cut(address: str, last: int, *, and_what_was_written_down: bool) -> None:
    """Cut entries and heads off a ledger's end, as who owns its file can."""
    with closing(sqlite3.connect(address)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for table in ("entry", "head"):
            connection.execute(f"DELETE FROM {table} WHERE seq > ?", (last,))
    if and_what_was_written_down:
        Path(f"{address}.end").unlink()


def test_a_ledger_that_was_cut_off_says_so_wherever_an_end_of_it_is_known(project: Path, tmp_path: Path) -> None:
    ledger = open_ledger(ledger_address(project))
    for number in range(3):
        ledger.append("scored", {"number": number})
    kept = tmp_path / "kept.json"
    assert (
        run("ledger", "checkpoint", "--out", kept, "--key", new_key("ci", tmp_path), "--project", project).exit_code
        == 0
    )
    whole = run("ledger", "verify", "--project", project)
    assert (whole.exit_code, "its end vouched for up to entry" in whole.stdout) == (0, True)
    _cut(ledger.address, 2, and_what_was_written_down=False)
    found = run("ledger", "verify", "--project", project)
    assert (found.exit_code, "[truncated]" in found.stdout) == (3, True)
    Path(f"{ledger.address}.end").unlink()
    found = run("ledger", "verify", "--project", project)
    assert "0 problems" not in found.stdout
    assert "NOT CHECKED whether its end was cut off" in found.stdout
    told = json.loads(run("ledger", "verify", "--project", project, "--json").stdout)
    assert (told["end_checked"], told["vouched_for"]) == (False, 0)
    found = run("ledger", "verify", "--against", kept, "--project", project)
    assert (found.exit_code, "[truncated]" in found.stdout) == (3, True)


def test_a_ledger_that_is_not_there_is_not_called_whole(tmp_path: Path) -> None:
    found = run("ledger", "verify", "--project", tmp_path)
    assert (found.exit_code, "nothing to verify" in found.stdout) == (3, True)


@pytest.mark.parametrize("made", [False, True])
def test_a_doctor_who_had_nothing_to_look_at_fails_and_makes_no_store(tmp_path: Path, made: bool) -> None:
    if made:
        from igw_audit.tracking import open_store

        open_store(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "igw_audit", "doctor", "--json", "--project", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (done.returncode, told["found"], told["saw_nothing"]) == (1, 0, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_ledger_whose_keys_are_unknown_says_that_signatures_were_not_looked_at(project: Path) -> None:
    open_ledger(ledger_address(project)).append("scored", {})
    found = run("ledger", "verify", "--project", project)
    assert found.exit_code == 0
    assert "signatures were not looked at" in found.stderr


def test_a_key_that_expired_is_listed_so(project: Path) -> None:
    public = new("ci")
    long_ago = datetime.now(UTC) - timedelta(days=900)
    TrustedKeys().trust(read_public(public), holder="ci", roles=("auditor",), at=long_ago).save(
        project / "audits" / "trusted_keys.toml"
    )
    assert "expired" in run("keys", "list", "--project", project).stdout
