"""The demo is a project of its own: one version is promoted, and its throw-away keys count nowhere else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import igw_audit as igw
from igw_audit import workflow
from igw_audit.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
#: Allows whatever is measured, so that the test does not wait for the whole audit.
MILD = """
name = "mild"
version = "1"

[[limits]]
rule = "ratio"
audit = "A001"
statistic = "selection_rate_ratio"
low = 0.001
at = "model"
title = {en = "a", nl = "b"}
rationale = {en = "a", nl = "b"}
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout whose plans ask for two quick audits; the talent pilot's policy is mild."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "IGW_LEDGER", "IGW_TRUSTED_KEYS", "IGW_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "checkout"
    for folder in ("pipelines", "audits"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("data"))
    for plan in (root / "audits").glob("*/plan.toml"):
        plan.write_text('audits = ["A000", "A001"]\n' + plan.read_text(encoding="utf-8"), encoding="utf-8")
    (root / "audits" / "talent" / "policy.toml").write_text(MILD, encoding="utf-8")
    return root


def test_the_demo_promotes_what_is_allowed_and_leaves_its_source_as_it_was(source: Path, tmp_path: Path) -> None:
    before = sorted(path.relative_to(source) for path in source.rglob("*"))
    stages: list[str] = []
    here = tmp_path / "demo"
    walked = {one.pilot: one for one in workflow.demo(out=here, project=source, progress=stages.append)}
    assert {name: one.alias for name, one in walked.items()} == {"talent": "champion", "study": None, "knowledge": None}
    assert walked["talent"].word == "allow"
    assert all(one.report.exists() for one in walked.values())
    assert any(stage.startswith("talent: ") for stage in stages)
    assert sorted(path.relative_to(source) for path in source.rglob("*")) == before, "nothing is trusted in the source"
    model = igw.load_approved("talent", project=here)
    assert model.conditions[0].startswith("For demonstration only")
    assert workflow.doctor(project=here) == ()


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "IGW_LEDGER", "IGW_TRUSTED_KEYS"])
def test_the_demo_stays_away_from_a_real_store_and_real_keys(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "somewhere real")
    with pytest.raises(InputError, match=f"{name} is set"):
        workflow.demo(out=tmp_path / "demo", project=source)
    assert not (tmp_path / "demo").exists()
