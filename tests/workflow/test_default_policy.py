"""The shipped policy on whole tables: clean and well-powered is allowed, and each new rule stops what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import igw_audit as igw
from igw_audit.core.decision import Decision

PLAN: dict[str, Any] = {
    "attributes": ["nationality"],
    "features": ["a", "b"],
    "capacity": 0.25,
    "label": "outcome",
    "positive": ["deliberate_false_information"],
    "arm": "arm",
    "arm_probability": "chance",
    "steps": ["score", "investigated"],
    # what the default policy asks for
    "audits": ["A000", "A001", "A002", "A004", "A007", "A008", "A011", "A013"],
}


def investigated_cases(
    n: int = 40_000, *, followed: float = 0.8, lean: float = 0.0, stated: float = 0.1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give cases of which people look into most that the model selects, and into one in ten of the others by lot.

    ``lean`` is how many points less often people follow the model for one nationality; ``stated`` is the chance by lot
    that the table gives.
    """
    draw = np.random.default_rng(7)
    nationality = np.array(["north", "south", "east"], dtype=object)[draw.integers(0, 3, n)]
    frame = pd.DataFrame({"a": draw.normal(size=n), "b": draw.normal(size=n)})
    frame["risk"] = frame["a"] + frame["b"]
    high = (frame["risk"].rank(ascending=False) <= n // 4).to_numpy()
    follow = followed - lean * (nationality == "south")
    by_risk, by_lot = high & (draw.random(n) < follow), ~high & (draw.random(n) < 0.1)
    frame["investigated"] = (by_risk | by_lot).astype(float)
    frame["arm"] = np.select([by_risk, by_lot], ["risk", "random"], default="")
    frame["chance"] = np.where(by_risk, follow, np.where(by_lot, stated, np.nan))
    wrong = draw.random(n) < 1 / (1 + np.exp(2 - frame["risk"]))
    frame["outcome"] = np.where(frame["investigated"] == 0, np.nan, wrong)
    return frame, pd.DataFrame({"nationality": nationality})


def decided(audits: tuple[str, ...] = (), **world: Any) -> Decision:
    frame, people = investigated_cases(**world)
    return igw.audit(frame, protected=people, score="risk", plan={**PLAN, "audits": audits or PLAN["audits"]}).decision


def words(decision: Decision, rule: str) -> set[str]:
    return {reason.word for reason in decision.reasons if reason.rule == rule}


def test_a_clean_well_powered_table_with_outcomes_and_steps_is_allowed() -> None:
    decision = decided()
    assert [reason.rule for reason in decision.reasons if reason.word != "allow"] == []
    assert {"stated-chances", "human-step", "follow-rate"} <= {reason.rule for reason in decision.reasons}


def test_people_who_pass_over_one_group_at_the_same_score_are_refused_by_the_name_of_the_group() -> None:
    decision = decided(("A013",), lean=0.4)
    assert {reason.group for reason in decision.reasons if (reason.rule, reason.word) == ("human-step", "refuse")} == {
        "south"
    }


def test_a_score_that_is_followed_in_almost_all_cases_goes_to_people(tmp_path: Path) -> None:
    frame, people = investigated_cases(followed=0.99)
    record = igw.audit(frame, protected=people, score="risk", plan={**PLAN, "audits": ["A013"]})
    decision = record.decision
    assert words(decision, "follow-rate") == {"refer"}
    whole = next(reason for reason in decision.reasons if reason.rule == "follow-rate" and reason.group is None)
    assert "the figure over all cases lies" in whole.text.en
    assert "het cijfer over alle zaken ligt" in whole.text.nl
    # nothing was declared, so nothing is explained by it, in the record or on the page
    assert not any("factors explain it" in reason.text.en for reason in decision.reasons)
    page = (record.save(tmp_path) / "report.en.html").read_text(encoding="utf-8")
    assert "factors explain it" not in page
    assert "These groups lie wholly outside the limit" in page


@pytest.mark.parametrize("stated", [0.05, 0.2])
def test_chances_that_are_not_what_they_are_stated_to_be_go_to_people(stated: float) -> None:
    assert words(decided(("A000", "A011"), stated=stated), "stated-chances") == {"refer"}


def test_where_no_chance_is_stated_none_can_be_wrong() -> None:
    frame, people = investigated_cases()
    plan = {name: value for name, value in PLAN.items() if name != "arm_probability"} | {"audits": ["A000", "A011"]}
    decision = igw.audit(frame.drop(columns="chance"), protected=people, score="risk", plan=plan).decision
    assert not any(reason.rule.startswith("stated-chances") for reason in decision.reasons)


def test_outcomes_without_a_case_drawn_by_lot_are_never_allowed() -> None:
    frame, people = investigated_cases()
    frame["arm"] = frame["arm"].where(frame["arm"] != "random", "signal")
    plan = {**PLAN, "audits": ["A000", "A011"]}
    decision = igw.audit(frame, protected=people, score="risk", plan=plan).decision
    assert ("required", "A011") in {
        (reason.rule, reason.audit) for reason in decision.reasons if reason.word == "refer"
    }
