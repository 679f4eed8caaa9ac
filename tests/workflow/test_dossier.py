"""What an audit adds to a dossier: links, gaps and stand-ins that were planted are answered, and nothing is made up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import igw_audit as igw
from igw_audit.cli.app import app
from igw_audit.core.record import AuditRecord
from igw_audit.errors import InputError

N = 6000
DOSSIER = """
pilot = "p"
synthetic = true
version = "1"
purpose = { en = "a", nl = "b" }
unit = { en = "a", nl = "b" }
impact = { en = "a", nl = "b" }
human_step = { en = "a", nl = "b" }
owner = { role = "lead", name = "x", contact = "y" }
legal_basis = [{ id = "law", name = "The law", en = "a", nl = "b" }]
dpia = { en = "a", nl = "b" }
retention = { en = "a", nl = "b", scores_days = 1, cases_days = 1, protected_days = 1 }
label = { en = "a", nl = "b", column = "outcome", positive = ["public_order"] }
[[protected]]
column = "origin"
kind = "sensitive"
ground = "testing"
necessity = { en = "a", nl = "b" }
"""
ENTRY = """
[[feature]]
name = "{name}"
legal = {{ answer = "yes", en = "a", nl = "b", source = "law" }}
substantive = {{ answer = "yes", en = "a", nl = "b" }}
justification = {{ type = "{kind}", source = "s", en = "a", nl = "b" }}
"""


@dataclass(frozen=True)
class Table:
    cases: pd.DataFrame
    people: pd.DataFrame
    folder: Path

    def audit(self, **more: Any) -> AuditRecord:
        plan = {
            "attributes": ["origin"], "features": ["late", "digit", "gaps", "town"], "capacity": 0.1,
            "label": "outcome", "arm": "arm", "positive": ["public_order"], "audits": ["A001", "A007", "A008"],
        }  # fmt: skip
        model = {"model": lambda frame: 0.3 * frame["late"] + 1.5 * frame["town"]}
        given = {"dossier": self.folder, **model, **more}
        plan |= given.pop("plan", {})
        return igw.audit(self.cases, protected=self.people, plan=plan, **given)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """``late`` goes with the outcome, ``digit`` with nothing, ``gaps`` is missing in 3 of 10, ``town`` tells the "
    "origin."""
    rng = np.random.default_rng(5)
    origin = rng.choice(["a", "b"], size=N, p=[0.7, 0.3])
    town = np.where(rng.random(N) < 0.85, origin == "b", origin == "a").astype(float)
    late = rng.normal(size=N)
    cases = pd.DataFrame(
        {
            "late": late,
            "digit": rng.integers(0, 10, size=N).astype(float),
            "gaps": np.where(rng.random(N) < 0.3, np.nan, rng.normal(size=N)),
            "town": town,
            "outcome": (rng.random(N) < 1 / (1 + np.exp(2.5 - 1.2 * late))).astype(int),
            "arm": rng.choice(["random", "risk"], size=N),
        }
    )
    folder = tmp_path_factory.mktemp("dossier")
    (folder / "dossier.toml").write_text(DOSSIER, encoding="utf-8")
    entries = {"late": "statistical", "digit": "scientific", "gaps": "legal", "town": "legal"}
    text = "".join(ENTRY.format(name=name, kind=kind) for name, kind in entries.items())
    (folder / "features.toml").write_text(text, encoding="utf-8")
    return Table(cases=cases, people=pd.DataFrame({"origin": origin}), folder=folder)


@pytest.fixture(scope="module")
def record(table: Table) -> AuditRecord:
    return table.audit()


def answer(record: AuditRecord, feature: str, question: Any) -> Any:
    assert record.dossier is not None
    return next(one for one in record.dossier.features if one.name == feature).answer(question)


def test_a_link_on_the_random_arm_is_shown_and_an_absent_one_stays_unproven(record: AuditRecord) -> None:
    late, digit = answer(record, "late", "statistical"), answer(record, "digit", "statistical")
    assert (late.status, digit.status) == ("shown", "unproven")
    assert late.p_adjusted < 0.001
    assert late.estimate.low > 0
    assert 2500 < late.estimate.n < 3500  # the random arm alone


def test_a_stand_in_speaks_against_a_feature_and_one_that_is_not_used_does_not(record: AuditRecord) -> None:
    assert (answer(record, "town", "proxy").status, answer(record, "digit", "proxy").status) == ("against", "shown")
    assert answer(record, "town", "proxy").level == "strong_use"


def test_a_stand_in_that_moves_scores_both_ways_speaks_against_a_feature_without_a_mean_shift(table: Table) -> None:
    rng = np.random.default_rng(7)
    wide = rng.normal(size=N) * np.where(table.people["origin"] == "b", 1.8, 1.0)
    planted = Table(cases=table.cases.assign(digit=wide), people=table.people, folder=table.folder)
    record = planted.audit(model=lambda frame: 0.3 * frame["late"] + 0.5 * frame["digit"])
    told = answer(record, "digit", "proxy")
    assert (told.status, told.level, told.estimate) == ("against", "weak_use", None)
    assert "some scores up and others down" in told.text.en


def test_what_is_often_missing_is_unproven_with_its_share(record: AuditRecord) -> None:
    gaps = answer(record, "gaps", "quality")
    assert gaps.status == "unproven"
    assert gaps.estimate.low < 0.3 < gaps.estimate.high
    assert answer(record, "late", "quality").status == "shown"


def test_the_record_with_its_dossier_reads_back_and_decides_the_same_again(record: AuditRecord) -> None:
    from igw_audit.workflow.versions import decide_again

    again = AuditRecord.from_dict(record.to_dict())
    assert again.dossier == record.dossier
    assert decide_again(again) == record.decision


def test_without_a_random_arm_a_justification_by_numbers_does_not_stand(table: Table) -> None:
    chosen = table.cases.assign(arm="risk")
    held = Table(cases=chosen, people=table.people, folder=table.folder).audit(plan={"audits": ["A001"]})
    assert answer(held, "late", "statistical").status == "unproven"
    told = {reason.rule: reason for reason in held.decision.reasons}
    assert told["dossier:not-shown"].word == "refuse"
    assert told["dossier:not-shown"].features == ("late",)
    assert held.suitability is not None
    assert held.suitability.lift is None
    assert held.suitability.reason is not None


def test_bare_files_without_a_dossier_are_referred_only_where_the_policy_asks_for_one(table: Table) -> None:
    def rules(policy: dict[str, Any]) -> list[str]:
        held = table.audit(dossier=None, plan={"audits": ["A001"]}, policy={"name": "p", "version": "1", **policy})
        assert held.dossier is None
        return [reason.rule for reason in held.decision.reasons]

    assert not [rule for rule in rules({}) if rule.startswith("dossier")]
    assert "dossier:missing" in rules({"dossier": {"required": True}})


def test_a_folder_without_a_dossier_is_an_error(table: Table, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dossier\.toml"):
        table.audit(dossier=tmp_path)


def test_the_command_says_what_people_still_have_to_write(table: Table, tmp_path: Path) -> None:
    plan = 'attributes = ["origin", "sex"]\nfeatures = ["late", "digit", "new"]\ncapacity = 0.1\n'
    for name in ("dossier.toml", "features.toml"):
        (tmp_path / name).write_bytes((table.folder / name).read_bytes())
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    shown = CliRunner().invoke(app, ["dossier", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    for said in ("no entry in features.toml: new", "no feature of the plan: gaps, town", "necessity: sex"):
        assert said in shown.output
    template = CliRunner().invoke(app, ["dossier", str(tmp_path), "--template"])
    (tmp_path / "features.toml").write_text(template.output, encoding="utf-8")
    again = CliRunner().invoke(app, ["dossier", str(tmp_path), "--json"])
    assert '"features": 3' in again.output
    assert '"justified": 0' in again.output


def test_the_command_registers_and_says_what_changed(table: Table, tmp_path: Path) -> None:
    folder = tmp_path / "audits" / "p"
    folder.mkdir(parents=True)
    for name in ("dossier.toml", "features.toml"):
        (folder / name).write_bytes((table.folder / name).read_bytes())
    plan = 'attributes = ["origin"]\nfeatures = ["late"]\ncapacity = 0.1\n'
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    arguments = ["preregister", str(folder), "--project", str(tmp_path), "--by", "dana"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert "registration 1 of pilot p, by dana" in first.output
    (folder / "plan.toml").write_text(plan.replace("0.1", "0.2"), encoding="utf-8")
    assert "capacity: 0.1 became 0.2" in CliRunner().invoke(app, arguments).output
    assert "Nothing changed" in CliRunner().invoke(app, arguments).output


def test_of_very_many_cases_drawn_by_lot_a_part_says_the_same(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    from igw_audit.workflow import dossier

    monkeypatch.setattr(dossier, "MOST_CASES", 2000)
    late = answer(table.audit(plan={"audits": ["A001"]}), "late", "statistical")
    assert (late.estimate.n, late.status) == (2000, "shown")
