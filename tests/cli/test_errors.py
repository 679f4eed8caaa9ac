"""A mistake at the command line ends in a message that says what to do, an exit code, and nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CASES = "id,risk,a\n1,0.1,5\n2,0.9,6\n3,0.4,7\n"
PEOPLE = "id,nationality\n1,x\n2,y\n3,x\n"
PLAN = 'attributes = ["nationality"]\nfeatures = ["a"]\nthreshold = 0.5\n'


def igw(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "igw_audit", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"cases.csv": CASES, "people.csv": PEOPLE, "plan.toml": PLAN}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


BARE = ("audit", "cases.csv", "--protected", "people.csv", "--plan", "plan.toml", "--score", "risk", "--out", "out")


def test_bare_files_are_audited_without_mlflow(folder: Path) -> None:
    done = igw(folder, *BARE)
    assert done.returncode == 4
    assert "REFERRED" in done.stdout
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "record.json",
        "report.en.html",
        "report.nl.html",
    ]
    assert not (folder / "mlruns").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cases.csv", "id,risk,a\n1,high,5\n2,0.9,6\n3,0.4,7\n", "'high' in row 2"),
        ("cases.csv", CASES.replace("3,0.4", "2,0.4"), "row"),
        ("people.csv", "id,nationality\n1,x\n2,y\n", "3"),
        ("plan.toml", PLAN.replace("nationality", "nationalitie"), "nationality"),
        ("plan.toml", PLAN + "capasity = 3\n", "capacity"),
        ("plan.toml", "attributes = [", "TOML"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    done = igw(folder, *BARE)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "cases.csv"),
        ("audit", "cases.csv", "--protected", "people.csv", "--plan", "plan.toml"),
        ("audit", "models:/x/1", "--score", "risk"),
        ("audit", "cases.csv", "--unseen", "--protected", "people.csv", "--plan", "plan.toml", "--score", "risk"),
    ],
)
def test_wrong_usage_is_exit_code_2(folder: Path, arguments: tuple[str, ...]) -> None:
    done = igw(folder, *arguments)
    assert done.returncode == 2
    assert "Error:" in done.stderr


def test_an_unknown_version_is_an_error_and_makes_no_traceback(folder: Path) -> None:
    done = igw(folder, "gate", "models:/nothing/1")
    assert done.returncode == 1
    assert "no model named 'nothing'" in done.stderr
    assert "Traceback" not in done.stderr
