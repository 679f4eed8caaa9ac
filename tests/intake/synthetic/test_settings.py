"""The settings of the three pilots, as they stand in pipelines/ and audits/."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from igw_audit.core.lexicon import match_names
from igw_audit.core.plan import Plan
from igw_audit.core.rules import Policy
from igw_audit.core.settings import read_settings
from igw_audit.intake import group_cases, read_cases, read_protected
from igw_audit.intake.synthetic import PILOTS, SyntheticPilot
from igw_audit.intake.synthetic.process import STEPS
from igw_audit.scoring import read_pipeline

Maker = Callable[..., SyntheticPilot]


ROOT = Path(__file__).resolve().parents[3]

every_pilot = pytest.mark.parametrize("pilot", PILOTS)


def plan_of(pilot: str) -> Plan:
    return read_settings(Plan, ROOT / "audits" / pilot / "plan.toml", what="plan")


def policy_of(pilot: str) -> Policy:
    return read_settings(Policy, ROOT / "audits" / pilot / "policy.toml", what="policy")


def dossier_of(pilot: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "audits" / pilot / "dossier.toml").read_text(encoding="utf-8"))


@every_pilot
def test_the_pipeline_has_the_schema_that_is_written_beside_the_data(made: Maker, pilot: str) -> None:
    assert (ROOT / "pipelines" / pilot / "schema.toml").read_text(encoding="utf-8") == made(pilot).schema_toml


@every_pilot
def test_the_pipeline_names_files_that_are_there(pilot: str) -> None:
    file = read_pipeline(ROOT / "pipelines" / pilot)
    assert file.config.pilot == pilot
    assert file.plan is not None
    assert file.policy is not None
    assert file.plan.is_file()
    assert file.policy.is_file()
    assert file.schema.is_file()


@every_pilot
def test_the_plan_says_what_the_schema_says(made: Maker, pilot: str) -> None:
    plan, schema = plan_of(pilot), made(pilot).schema
    assert plan.declared == schema.names("declared")
    assert plan.features == schema.names("feature")
    assert plan.steps == STEPS == tuple(name for name, _ in schema.steps)
    assert (plan.label, plan.arm, plan.arm_probability) == tuple(
        schema.column(role) for role in ("label", "arm", "arm_probability")
    )
    assert plan.cluster == schema.column("cluster")
    assert plan.positive == read_pipeline(ROOT / "pipelines" / pilot).config.target.positive


@every_pilot
def test_the_plan_groups_everybody(made: Maker, pilot: str) -> None:
    one = made(pilot)
    ids = read_cases(one.cases, one.schema).ids
    groupings = group_cases(read_protected(one.protected, id_column="case_id"), ids, plan_of(pilot))
    assert {"region", "nationality", "sex"} <= set(groupings)
    for grouping in groupings.values():
        assert int(grouping.sizes().sum()) == one.truth.n
        assert "(no region)" not in grouping.names


@every_pilot
def test_no_feature_has_a_forbidden_name(made: Maker, pilot: str) -> None:
    assert not [hit.name for hit in match_names(made(pilot).schema.model_columns) if hit.blocks]


@every_pilot
def test_the_policy_holds_every_step_and_asks_a_random_arm_for_what_rests_on_labels(pilot: str) -> None:
    policy = policy_of(pilot)
    held = [step for limit in policy.limits for step in limit.steps]
    assert sorted(held) == sorted(STEPS)
    assert all(limit.rests_on_labels for limit in policy.limits if limit.audit in {"A002", "A003"})
    assert {"A000", "A001", "A002", "A004", "A005", "A007", "A008"} == {required.audit for required in policy.required}
    assert not next(rule for rule in policy.levels if rule.rule == "direct-use").overridable


@every_pilot
def test_the_dossier_is_an_example_in_both_languages_and_defines_every_type(made: Maker, pilot: str) -> None:
    dossier = dossier_of(pilot)
    assert dossier["pilot"] == pilot
    assert dossier["synthetic"] is True
    assert dossier["status"] == "example"
    texts = [dossier[key] for key in ("purpose", "unit", "impact", "human_step", "retention", "label")]
    texts += [*dossier["legal_basis"], *dossier["left_out"], *dossier["concerns"], *dossier["label"]["types"]]
    assert all(text["en"].strip() and text["nl"].strip() for text in texts)
    schema = made(pilot).schema
    assert {kind["type"] for kind in dossier["label"]["types"]} == set(schema.label.values.values())
    assert dossier["label"]["positive"] == list(plan_of(pilot).positive)
    ignored = set(schema.names("ignore")) - {"intervention_level"}
    assert {entry["column"] for entry in dossier["left_out"]} == ignored
