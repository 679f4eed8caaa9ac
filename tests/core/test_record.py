"""A record keeps what it was given: written, read back, and held against its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from igw_audit.core.decision import Decision, Reason
from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord, ModelDigest, Provenance, Review, TableDigest, json_schema
from igw_audit.core.rules import Policy
from igw_audit.core.serial import build_schema
from igw_audit.core.text import Text
from igw_audit.errors import InputError
from igw_audit.stats.estimate import Estimate

SAID = Text(en="said", nl="gezegd")
HASH = "0" * 64


@pytest.fixture
def record() -> AuditRecord:
    ratio = Estimate(value=1.4, low=1.1, high=None, confidence=0.95, n=900, method="score")
    findings = (
        Finding(
            statistic="selection_rate_ratio",
            group="een <groep>",
            reference="rest",
            estimate=ratio,
            counts=Counts(events=12, n=100, reference_events=70, reference_n=800),
            p_value=0.01,
            p_adjusted=0.03,
        ),
        Finding(statistic="selection_rate_ratio", group="(not recorded)", reference="rest", step="x", reason=SAID),
        Finding(statistic="direct_use", features=("nationality", "passport"), level="direct_use", reason=SAID),
    )
    plan = Plan(attributes=("nationality",), capacity=0.1, groups={"nationality": {"NL": "a"}})
    policy = Policy(name="none", version="1")
    return AuditRecord(
        created="2026-11-23T12:00:00+00:00",
        pilot="study",
        plan=plan,
        policy=policy,
        decision=Decision.of((Reason(word="refer", rule="no-rules", audit="policy", text=SAID),)),
        outcomes=(
            Outcome(audit="A001", attribute="nationality", status="measured", findings=findings),
            Outcome(audit="A002", attribute="nationality", status="not_measurable", reason=SAID),
        ),
        provenance=Provenance(
            model=ModelDigest(sha256=HASH, kind="column"),
            cases=TableDigest(sha256=HASH, rows=900),
            protected=TableDigest(sha256=HASH, rows=900),
            plan_sha256=plan.sha256(),
            policy_sha256=policy.sha256(),
            code_version="0.1.0",
            seed=0,
            packages=(("numpy", "2.4"),),
        ),
        reviews=(Review(at="2026-11-24", by="r", role="ethics", word="refer", reason="because", conditions=("c",)),),
    )


def test_a_record_reads_back_as_it_was_written(record: AuditRecord) -> None:
    assert AuditRecord.from_dict(json.loads(record.to_json())) == record


def test_the_shipped_schema_is_the_one_the_types_give() -> None:
    assert json_schema() == build_schema()
    Draft202012Validator.check_schema(json_schema())


def broken(record: AuditRecord, path: str, value: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(record.to_json())
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = content
    for part in parents:
        place = place[part]
    place[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 2),
        ("decision/word", "approve"),
        ("decision/reasons/0/text", "only English"),
        ("outcomes/0/status", "skipped"),
        ("outcomes/0/findings/0/estimate/n", "many"),
        ("outcomes/0/findings/0/estimate/value", None),
        ("outcomes/0/findings/0/surprise", 1),
        ("outcomes/0/level", "harmless"),
        ("provenance/plan/sha256", "short"),
        ("provenance/extra", {}),
        ("plan/capacity", -1),
        ("reviews/0/word", 7),
    ],
)
def test_a_record_that_breaks_the_schema_is_not_read(record: AuditRecord, path: str, value: Any) -> None:
    with pytest.raises(InputError) as error:
        AuditRecord.from_dict(broken(record, path, value))
    assert error.value.problems


def test_an_estimate_outside_its_interval_is_not_read(record: AuditRecord) -> None:
    with pytest.raises(InputError, match="does not hold its value"):
        AuditRecord.from_dict(broken(record, "outcomes/0/findings/0/estimate/value", 0.5))


def test_json_never_holds_nan_or_infinity() -> None:
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            Estimate(value=wrong, low=None, high=None, confidence=0.95, n=1, method="none")


def test_the_frame_has_a_row_for_each_finding_and_for_each_outcome_without(record: AuditRecord) -> None:
    frame = record.to_frame()
    assert list(frame["statistic"].fillna("")) == ["selection_rate_ratio"] * 2 + ["direct_use", ""]
    assert frame.loc[2, "features"] == "nationality x passport"


def test_asking_for_an_outcome_that_is_not_there_says_which_are(record: AuditRecord) -> None:
    assert record.outcome("A002", "nationality").status == "not_measurable"
    with pytest.raises(KeyError, match="A001/nationality, A002/nationality"):
        record.outcome("A007", "nationality")
