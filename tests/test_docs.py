"""Documents keep up with the code: a command, audit or setting that nobody documented fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from igw_audit.audits import all_audits
from igw_audit.cli.app import app
from igw_audit.core.plan import Plan
from igw_audit.core.rules import Limit, Policy
from igw_audit.tracking.doctor.around import KINDS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def words_of(page: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", (DOCS / page).read_text(encoding="utf-8")))


@pytest.mark.parametrize("key", sorted(Plan.model_fields))
def test_every_key_of_a_plan_is_documented(key: str) -> None:
    assert key in words_of("reference/plan.md")


@pytest.mark.parametrize("key", sorted({*Policy.model_fields, *Limit.model_fields}))
def test_every_key_of_a_policy_is_documented(key: str) -> None:
    assert key in words_of("reference/policy.md")


@pytest.mark.parametrize("command", sorted(app.commands))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"`igw-audit {command}\b", (DOCS / "reference/command-line.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_the_doctor_finds_is_documented(kind: str) -> None:
    assert kind in words_of("reference/doctor.md")


@pytest.mark.parametrize("code", sorted(all_audits()))
def test_every_audit_has_a_page(code: str) -> None:
    assert (DOCS / "audits" / f"{code}.md").read_text(encoding="utf-8").startswith(f"# {code} ")


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    missing = [target for target in targets if target and not (page.parent / target).exists()]
    assert not missing
