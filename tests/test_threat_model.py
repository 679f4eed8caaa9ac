"""Each line of the threat model names a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/explanation/threat-model.md").read_text(encoding="utf-8")
SECTIONS = {part.splitlines()[0]: part for part in PAGE.split("\n## ")[1:]}


def rows_of(section: str) -> list[list[str]]:
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def is_there(named: str) -> bool:
    file, _, test = named.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    return test in defined if test else any(name.startswith("test_") for name in defined)


@pytest.mark.parametrize("section", ["Prevented", "Detected"])
def test_each_line_of_the_threat_model_has_a_test_that_is_there(section: str) -> None:
    rows = rows_of(section)
    assert len(rows) > 8
    for row in rows:
        (named,) = re.findall(r"`(tests/[^`]+)`", row[-1])
        assert is_there(named), named


def test_every_actor_has_a_line() -> None:
    told = " ".join(row[0] for section in ("Prevented", "Detected", "Neither") for row in rows_of(section))
    actors = [row[0] for row in rows_of("Who")]
    assert [actor for actor in actors if actor.split(" who ")[0].split(" on ")[0] not in told] == []
