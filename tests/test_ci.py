"""In CI nothing is left out for want of a part, but for the real tables, and of those one line tells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LEFT_OUT = """
import pytest

@pytest.fixture
def browser():
    pytest.skip("no chromium on this machine")

def test_page(browser): pass

def test_inside(): pytest.skip("no pdftotext on this machine")

@pytest.mark.skip(reason="later")
def test_later(): pass

@pytest.mark.real
@pytest.mark.parametrize("number", range(3))
def test_real(number): pytest.skip("the real table is not beside the checkout")

@pytest.mark.xfail(reason="known")
def test_known(): assert False

def test_ordinary(): pass
"""
WHOLE_FILE = 'import pytest\npytest.importorskip("no_such_package", reason="needs the extra igw-audit[postgres]")\n'


def run(folder: Path, *words: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    (folder / "tests").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests" / "conftest.py")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    real: real tables\n", encoding="utf-8")
    (folder / "tests" / "test_left_out.py").write_text(LEFT_OUT, encoding="utf-8")
    told = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command, cwd=folder, env={**told, **surroundings}, capture_output=True, text=True, check=False
    )


def counts(said: str) -> dict[str, int]:
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z ]+?)(?=,| in )", said.splitlines()[-1])}


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_is_left_out_in_ci_fails_and_says_what_is_missing(tmp_path: Path, processes: str) -> None:
    done = run(tmp_path, "-n", processes, CI="true")
    assert done.returncode == 1, done.stdout
    assert counts(done.stdout)["passed"] == 1
    assert counts(done.stdout)["xfailed"] == 1
    found = counts(done.stdout)
    assert found.get("failed", 0) + found.get("errors", 0) + found.get("error", 0) == 3
    for what in ("no chromium on this machine", "no pdftotext on this machine", "later"):
        assert f"lets no test be left out, and this one was: Skipped: {what}" in done.stdout


def test_a_whole_file_that_is_left_out_in_ci_fails_too(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_whole.py").write_text(WHOLE_FILE, encoding="utf-8")
    done = run(tmp_path, "tests/test_whole.py", CI="true")
    assert done.returncode not in (0, 5), done.stdout
    assert "needs the extra igw-audit[postgres]" in done.stdout
    assert run(tmp_path, "tests/test_whole.py").returncode == 5


def test_of_the_real_tables_one_line_tells_and_nothing_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "-k", "real or ordinary", CI="true")
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if "real table" in line and " in " not in line]
    assert lines == ["3 tests did not run: the real tables are not beside this checkout"]


def test_at_home_a_part_that_is_missing_leaves_its_tests_out(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert counts(done.stdout)["skipped"] == 3
