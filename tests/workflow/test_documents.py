"""The tutorial's lines and the CI scripts do what the documents say, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Type the tutorial's lines one after the other in a new project, and give what each said."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name in ("pipelines", "audits"):
        shutil.copytree(ROOT / name / "talent", folder / name / "talent", ignore=shutil.ignore_patterns("data"))
    # three quick audits are enough for what is asked here; each audit has tests of its own
    plan = folder / "audits" / "talent" / "plan.toml"
    plan.write_text('audits = ["A000", "A001", "A008"]\n' + plan.read_text(encoding="utf-8"), encoding="utf-8")
    said: dict[str, subprocess.CompletedProcess[str]] = {}
    for line in lines_of(TUTORIAL, "bash"):
        if line.startswith("igw-audit review "):
            said["before the review: promote"] = run("igw-audit promote models:/talent/1 --alias champion", folder)
            fill_in(folder)
        if line.startswith("igw-audit score "):
            run("(umask 077; head -c 48 /dev/urandom | base64 > keys/cases.secret)", folder)
        said[line] = run(line, folder)
    script = "\n".join(lines_of(TUTORIAL, "python")) + "\nprint(model.uri, model.audit.author, len(model.reviews) > 0)"
    (folder / "load.py").write_text(script, encoding="utf-8")
    said["python"] = run(f"{sys.executable} load.py", folder)
    return folder, said


def fill_in(folder: Path) -> None:
    """Fill in the answers as a person would, field by field; an answer to every reason."""
    form = run("igw-audit review models:/talent/1 --template", folder)
    assert form.returncode == 0, form.stderr
    text = form.stdout.replace('word = ""', 'word = "approve"').replace('by = ""', "# by is the key's holder")
    text = text.replace('dissent = ""', "# nobody disagreed")
    text = text.replace('= ""', '= "Written by somebody who thought about it."').replace(
        "override = false", "override = true"
    )
    (folder / "answers.toml").write_text(text, encoding="utf-8")


def test_every_line_of_the_tutorial_does_what_it_says(walked: Any) -> None:
    _, said = walked
    for line, done in said.items():
        expected = (0, 3, 4) if line.startswith(("igw-audit audit", "before")) else (0,)
        assert done.returncode in expected, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert said["before the review: promote"].returncode in (3, 4)
    assert said["python"].stdout.split() == ["models:/talent/1", "dana", "True"]


def test_the_way_from_registration_to_promotion_is_six_lines(walked: Any) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    section = text.split("## The six lines")[1].split("## Afterwards")[0]
    typed = re.findall(r"^(igw-audit .*|model = .*)$", section, re.MULTILINE)
    assert len(typed) == 6
    assert len(re.findall(r"^\*\*\d\.\*\*", section, re.MULTILINE)) == 6


def test_the_shell_scripts_for_ci_audit_sign_and_gate(walked: Any, tmp_path: Path) -> None:
    folder, _ = walked
    key = {"IGW_KEY_FILE": str(folder / "keys" / "auditor.pem"), "IGW_OUT": str(tmp_path / "out")}
    trained = run("igw-audit train pipelines/talent --json", folder)
    uri = json.loads(trained.stdout)["uri"]
    assert run(f"{CI}/gate.sh {uri}", folder, **key).returncode == 3, "nobody has audited it"
    refused = run(f"{CI}/audit.sh {uri}", folder)
    assert refused.returncode != 0
    assert "IGW_KEY_FILE" in refused.stderr
    done = run(f"{CI}/audit.sh {uri} --author dana", folder, **key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(file.name for file in (tmp_path / "out").iterdir() if file.suffix == ".html") == [
        "report.en.html",
        "report.nl.html",
    ]
    waits = run(f"{CI}/gate.sh {uri} production", folder, **key)
    assert waits.returncode in (3, 4)
    verdict = json.loads((tmp_path / "out" / "gate.json").read_text(encoding="utf-8"))
    assert (verdict["promoted"], verdict["record_only"]) == (False, False)
    assert "sign_off_missing" in {reason["rule"] for reason in verdict["reasons"]}
    assert run(f"{CI}/gate.sh models:/talent/1 production", folder, **key).returncode == 0


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_ci_files_are_yaml_and_call_the_scripts_that_are_there(name: str) -> None:
    text = (CI / name).read_text(encoding="utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    called = set(re.findall(r"docs/how-to/ci/\w+\.sh", text))
    assert called == {"docs/how-to/ci/audit.sh", "docs/how-to/ci/gate.sh"}
    assert all((ROOT / path).exists() and os.access(ROOT / path, os.X_OK) for path in called)
    assert "--key" not in text, "a key is named by a file in the environment, never on a command line"
