"""The house stays in order: what the import rules must name, they name."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_audit_is_under_the_rule_that_no_audit_knows_another() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rule = next(one for one in settings["tool"]["importlinter"]["contracts"] if one["name"] == "No audit knows another")
    files = sorted(path.stem for path in (ROOT / "src/igw_audit/audits").glob("a0*.py"))
    assert sorted(name.rsplit(".", 1)[1] for name in rule["modules"]) == files


def test_no_file_of_the_package_is_over_three_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "src").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long


def test_what_is_installed_is_bounded_and_no_address_is_named() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*settings["dependencies"], *(one for more in settings["optional-dependencies"].values() for one in more)]
    assert not [one for one in wanted if ">=" not in one or "<" not in one]
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")
