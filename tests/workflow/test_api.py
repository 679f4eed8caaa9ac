"""The Python contract: igw.audit on frames, with a model, a callable or a score column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

import igw_audit as igw
from igw_audit.errors import InputError

PLAN: dict[str, Any] = {"attributes": ["nationality"], "features": ["a", "b"], "capacity": 0.25}


def cases(n: int = 6_000, *, seed: int = 1, gap: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give cases and people; with a gap, feature ``a`` is that much higher for one nationality."""
    draw = np.random.default_rng(seed)
    nationality = np.array(["north", "south", "east"], dtype=object)[draw.integers(0, 3, n)]
    frame = pd.DataFrame({"a": draw.normal(size=n) + gap * (nationality == "south"), "b": draw.normal(size=n)})
    frame["risk"] = frame["a"] + frame["b"]
    return frame, pd.DataFrame({"nationality": nationality})


def without_created(record: igw.AuditRecord) -> dict[str, Any]:
    content = record.to_dict()
    del content["created"]
    return content


def ratio(record: igw.AuditRecord, group: str) -> float:
    finding = record.outcome("A001", "nationality").select("selection_rate_ratio", group=group)[0]
    assert finding.estimate is not None
    return finding.estimate.value


def test_a_clean_well_powered_table_reaches_allow_with_the_default_policy() -> None:
    frame, people = cases(40_000)
    record = igw.audit(frame, protected=people, score="risk", plan=PLAN)
    assert (record.decision.word, record.policy.name) == ("allow", "default")


def test_a_planted_gap_is_refused_and_named() -> None:
    frame, people = cases(gap=1.0)
    record = igw.audit(frame, protected=people, score="risk", plan=PLAN)
    assert record.decision.word == "refuse"
    assert "south" in {reason.group for reason in record.decision.reasons if reason.word == "refuse"}


def test_a_policy_without_rules_only_refers() -> None:
    frame, people = cases(40_000)
    record = igw.audit(frame, protected=people, score="risk", plan=PLAN, policy={"name": "empty", "version": "1"})
    assert record.decision.word == "refer"


def test_a_column_a_callable_and_an_estimator_that_score_alike_give_the_same_findings() -> None:
    frame, people = cases(gap=0.5)
    model = LogisticRegression().fit(frame[["a", "b"]], frame["risk"] > 1)
    frame["risk"] = model.predict_proba(frame[["a", "b"]])[:, 1]
    # what looks into the model sees more than a column of scores does
    plan = {**PLAN, "audits": ["A000", "A001", "A004", "A008"]}
    by_column = igw.audit(frame, protected=people, score="risk", plan=plan)
    by_model = igw.audit(frame, protected=people, model=model, plan=plan)
    by_call = igw.audit(frame, protected=people, model=lambda table: table["risk"].to_numpy(), plan=plan)
    assert by_column.outcomes == by_model.outcomes == by_call.outcomes
    assert [one.provenance.model.kind for one in (by_column, by_model)] == ["column", "behaviour"]


def test_frames_are_joined_by_index_or_by_id_column_whatever_their_order() -> None:
    frame, people = cases(gap=0.7)
    by_index = igw.audit(frame, protected=people.sample(frac=1, random_state=3), score="risk", plan=PLAN)
    named = frame.assign(case_id=[f"z{k:05d}" for k in range(len(frame))])
    apart = people.assign(case_id=named["case_id"])
    by_column = igw.audit(named.sample(frac=1, random_state=4), protected=apart, score="risk", plan=PLAN)
    shuffled = igw.audit(named, protected=apart.sample(frac=1, random_state=5), score="risk", plan=PLAN)
    assert ratio(by_index, "south") == pytest.approx(ratio(by_column, "south"), rel=1e-3)
    assert without_created(by_column) == without_created(shuffled)


def test_other_frames_and_files_give_the_same_findings(tmp_path: Path) -> None:
    frame, people = cases()
    frame["id"] = people["id"] = [f"c{k:05d}" for k in range(len(frame))]
    frame.to_csv(tmp_path / "cases.csv", index=False)
    people.to_parquet(tmp_path / "people.parquet")
    plain = igw.audit(frame, protected=people, score="risk", plan=PLAN)
    files = igw.audit(tmp_path / "cases.csv", protected=tmp_path / "people.parquet", score="risk", plan=PLAN)
    lazy = igw.audit(pl.from_pandas(frame).lazy(), protected=pl.from_pandas(people), score="risk", plan=PLAN)
    assert plain.outcomes == files.outcomes == lazy.outcomes


def test_the_same_inputs_give_the_same_bytes_but_for_when() -> None:
    frame, people = cases(gap=0.3)
    records = [igw.audit(frame, protected=people, score="risk", plan=PLAN) for _ in range(2)]
    assert without_created(records[0]) == without_created(records[1])


def test_groups_that_carry_other_names_have_the_same_numbers() -> None:
    frame, people = cases(gap=0.4)
    renamed = people.replace({"nationality": {"north": "zzz", "south": "aaa", "east": "mmm"}})
    one = igw.audit(frame, protected=people, score="risk", plan=PLAN)
    other = igw.audit(frame, protected=renamed, score="risk", plan=PLAN)
    assert ratio(one, "south") == ratio(other, "aaa")
    assert one.decision.word == other.decision.word


def test_people_without_a_recorded_nationality_are_a_group() -> None:
    frame, people = cases()
    people.loc[people.index[:700], "nationality"] = None
    people.loc[people.index[700:800], "nationality"] = "  "
    record = igw.audit(frame, protected=people, score="risk", plan=PLAN)
    sizes = record.outcome("A000", "nationality").select("group_size", group="(not recorded)")
    assert sizes[0].counts is not None
    assert sizes[0].counts.events == 800


def test_the_attribute_itself_as_a_feature_is_refused_beyond_override() -> None:
    frame, people = cases(20_000)
    frame["nationality"] = people["nationality"]
    plan = {**PLAN, "features": ["a", "b", "nationality"]}
    record = igw.audit(frame, protected=people, score="risk", plan=plan)
    gravest = record.decision.reasons[0]
    assert (record.decision.word, gravest.audit, gravest.overridable) == ("refuse", "A008", False)


def test_a_record_saves_whole_reads_back_and_shows_itself(tmp_path: Path) -> None:
    frame, people = cases()
    record = igw.audit(frame, protected=people, score="risk", plan=PLAN)
    folder = record.save(tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == ["record.json", "report.en.html", "report.nl.html"]
    assert igw.read_record(folder) == record
    shown = record._repr_html_()
    assert shown is not None
    assert "<script" not in shown
    assert len(record.to_frame()) >= 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attributes": ["nationalty"]}, "nationality"),
        ({"capacity": None}, "exactly one operating point"),
        ({"capacity": 0.1, "threshold": 1.0}, "exactly one operating point"),
        ({"features": ["a", "bb"]}, "bb"),
        ({"audits": ["A999"]}, "A999"),
        ({"surprise": 1}, "surprise"),
        ({"declared": ["a"]}, "name it once"),
    ],
)
def test_a_plan_that_does_not_fit_says_what_to_do(change: dict[str, Any], said: str) -> None:
    frame, people = cases(300)
    plan = {key: value for key, value in {**PLAN, **change}.items() if value is not None}
    with pytest.raises(InputError, match=said):
        igw.audit(frame, protected=people, score="risk", plan=plan)


def test_cases_without_a_protected_row_are_an_error_that_quotes_nobody() -> None:
    frame, people = cases(300)
    with pytest.raises(InputError) as error:
        igw.audit(frame, protected=people.iloc[:250], score="risk", plan=PLAN)
    assert "50" in str(error.value)
    assert not [name for name in ("north", "south", "east") if name in str(error.value)]
