"""The tutorial's lines and the CI scripts do what the documents say, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from igw_audit.cli.app import app
from igw_audit.errors import IgwAuditError

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorial/from-registration-to-promotion.md"
CI = ROOT / "docs/how-to/ci"
LEFT_OUT = ("MLFLOW_", "IGW_")


def surroundings(**more: str) -> dict[str, str]:
    """Give an environment as on a fresh machine, with our command on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}", **more}


def run(line: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=surroundings(**more), capture_output=True, text=True, check=False
    )


def lines_of(page: Path, language: str) -> list[str]:
    blocks = re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines() if line.strip()]


@dataclass(frozen=True)
class Said:
    """What a line wrote, and the code that it left with."""

    code: int
    out: str
    error: str


def typed(line: str) -> Said:
    """Run one of our commands as the command line does, in this process: starting Python thirty times is slow."""
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    if isinstance(result.exception, IgwAuditError):
        return Said(1, result.stdout, f"Error: {result.exception}")
    error = "" if result.exception is None or isinstance(result.exception, SystemExit) else repr(result.exception)
    return Said(result.exit_code, result.stdout, result.stderr + error)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Type the tutorial's lines one after the other in a new project, and give what each said."""
    folder, said = tmp_path_factory.mktemp("tutorial"), {}
    for name in ("pipelines", "audits"):
        shutil.copytree(ROOT / name / "talent", folder / name / "talent", ignore=shutil.ignore_patterns("data"))
    # three quick audits are enough for what is asked here; each audit has tests of its own
    plan = folder / "audits" / "talent" / "plan.toml"
    plan.write_text('audits = ["A000", "A001", "A008"]\n' + plan.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith(LEFT_OUT)]:
            patch.delenv(name)
        for line in lines_of(TUTORIAL, "bash"):
            if line.startswith("igw-audit review "):
                said["before the review"] = typed("igw-audit promote models:/talent/1 --alias champion")
                fill_in(folder)
            if line.startswith("igw-audit score "):
                secret = folder / "keys" / "cases.secret"
                secret.write_bytes(b"forty-eight bytes that nobody could guess, at all")
                secret.chmod(0o600)
            said[line] = typed(line)
        names: dict[str, Any] = {}
        exec("\n".join(lines_of(TUTORIAL, "python")), names)
        yield folder, said, names["model"]


def fill_in(folder: Path) -> None:
    """Fill in the answers as a person would, field by field; an answer to every reason."""
    form = typed("igw-audit review models:/talent/1 --template")
    assert form.code == 0, form.error
    text = form.out.replace('word = ""', 'word = "approve"').replace('by = ""', "# the key says by whom")
    text = text.replace('dissent = ""', "# nobody disagreed")
    text = text.replace('= ""', '= "Written by somebody who thought about it."')
    text = text.replace("override = false", "override = true")
    (folder / "answers.toml").write_text(text, encoding="utf-8")


def test_every_line_of_the_readme_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pipelines", "audits"):
        shutil.copytree(ROOT / name / "study", tmp_path / name / "study", ignore=shutil.ignore_patterns("data"))
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    # quick audits, as above
    plan = tmp_path / "audits" / "study" / "plan.toml"
    plan.write_text('audits = ["A000", "A001"]\n' + plan.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = "\n".join(lines_of(README, "bash")).replace("\\\n", " ").replace("~", str(tmp_path / "home"))
    lines = [line.split("   #")[0].strip() for line in text.splitlines()]
    ours = [line for line in lines if line.startswith("igw-audit ")]
    assert len(ours) >= 10
    assert [line for line in lines if line not in ours] == ["make demo", "make test", ". .venv/bin/activate"]
    for line in ours:
        # nobody signed the dossier's reviews yet, so the record and the gate may well say refer or refuse
        expected = (0, 3, 4) if line.startswith(("igw-audit audit", "igw-audit gate")) else (0,)
        done = typed(line)
        assert done.code in expected, f"{line}\n{done.out}\n{done.error}"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"study", "old"}


def test_every_line_of_the_tutorial_does_what_it_says(walked: Any) -> None:
    _, said, model = walked
    for line, done in said.items():
        expected = (0, 3, 4) if line.startswith(("igw-audit audit", "before")) else (0,)
        assert done.code in expected, f"{line}\n{done.out}\n{done.error}"
    assert said["before the review"].code in (3, 4)
    assert (model.uri, model.audit.author, len(model.reviews) > 0) == ("models:/talent/1", "dana", True)


def test_the_way_from_registration_to_promotion_is_six_lines() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    section = text.split("## The six lines")[1].split("## Afterwards")[0]
    assert len(re.findall(r"^(?:igw-audit .*|model = .*)$", section, re.MULTILINE)) == 6
    assert len(re.findall(r"^\*\*\d\.\*\*", section, re.MULTILINE)) == 6


def test_the_shell_scripts_for_ci_audit_sign_and_gate(walked: Any, tmp_path: Path) -> None:
    folder, _, _ = walked
    key = {"IGW_KEY_FILE": str(folder / "keys" / "auditor.pem"), "IGW_OUT": str(tmp_path / "out")}
    uri = json.loads(typed("igw-audit train pipelines/talent --json").out)["uri"]
    keyless = run(f"{CI}/audit.sh {uri}", folder)
    assert (keyless.returncode != 0, "IGW_KEY_FILE" in keyless.stderr) == (True, True)
    done = run(f"{CI}/audit.sh {uri} --author dana", folder, **key)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {file.name for file in (tmp_path / "out").iterdir() if file.suffix == ".html"}
    assert pages == {"report.en.html", "report.nl.html"}
    waits = run(f"{CI}/gate.sh {uri} production", folder, **key)
    assert waits.returncode in (3, 4)
    verdict = json.loads((tmp_path / "out" / "gate.json").read_text(encoding="utf-8"))
    assert (verdict["promoted"], verdict["record_only"]) == (False, False)
    assert "sign_off_missing" in {reason["rule"] for reason in verdict["reasons"]}
    assert run(f"{CI}/gate.sh models:/talent/1", folder, **key).returncode == 0


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_ci_files_are_yaml_and_call_the_scripts_that_are_there(name: str) -> None:
    text = (CI / name).read_text(encoding="utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    called = set(re.findall(r"docs/how-to/ci/\w+\.sh", text))
    assert called == {"docs/how-to/ci/audit.sh", "docs/how-to/ci/gate.sh"}
    assert all((ROOT / path).exists() and os.access(ROOT / path, os.X_OK) for path in called)
    assert "--key" not in text, "a key is named by a file in the environment, never on a command line"
