from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from igw_audit.audits.a011_label_validity import label_validity
from igw_audit.core.cases import ScoredCases
from igw_audit.core.disclosure import Disclosure
from igw_audit.core.finding import Finding, Outcome
from igw_audit.stats.estimate import Estimate

Make = Callable[..., ScoredCases]
Pilot = Callable[..., ScoredCases]
DELIBERATE = "deliberate_false_information"


def one(outcome: Outcome, statistic: str, group: str | None, step: str | None = None) -> Finding:
    (finding,) = (f for f in outcome.select(statistic, step=step) if f.group == group)
    return finding


def number(outcome: Outcome, statistic: str, group: str | None, step: str | None = None) -> Estimate:
    estimate = one(outcome, statistic, group, step).estimate
    assert estimate is not None
    return estimate


def selective(make: Make, *, n: int = 20_000, lot: float = 0.02, seed: int = 0, **dropped: None) -> ScoredCases:
    """As many violations in both groups; b is put on the list whatever its risk, and half of the list is inspected."""
    rng = np.random.default_rng(seed)
    b = rng.random(n) < 0.3
    risk = rng.normal(size=n)
    violation = rng.random(n) < 1 / (1 + np.exp(2 - 1.2 * risk))
    score = risk + 1.0 * b
    listed = score >= np.quantile(score, 0.8)
    by_lot, picked = rng.random(n) < lot, listed & (rng.random(n) < 0.5)
    known = by_lot | picked
    columns: dict[str, Any] = {
        "origin": np.where(b, "b", "a").tolist(),
        "score": score.tolist(),
        "selected": listed.tolist(),
        "positive": [bool(v) if k else None for v, k in zip(violation, known, strict=True)],
        "arm": [("random" if r else "risk") if k else None for r, k in zip(by_lot, known, strict=True)],
        "arm_probability": np.where(listed, lot + (1 - lot) * 0.5, lot).tolist(),
    }
    return make(**{**columns, **dropped})


def test_inspected_cases_make_the_over_inspected_group_look_better_than_it_is(make: Make) -> None:
    outcome = label_validity.run(selective(make, seed=1), "origin")
    distorted = number(outcome, "label_distortion_difference", "b")
    assert distorted.high is not None
    assert distorted.high < -0.03
    assert number(outcome, "inspected_violation_rate_difference", "b").outside(0.0, 0.0)
    weighted = number(outcome, "weighted_violation_rate_difference", "b")
    assert weighted.low is not None
    assert weighted.high is not None
    assert weighted.low < 0 < weighted.high


def test_without_chances_the_random_arm_stands_for_all(make: Make) -> None:
    outcome = label_validity.run(selective(make, arm_probability=None), "origin")
    distorted = number(outcome, "label_distortion", "a")
    assert "random arm only" in distorted.method
    inspected = number(outcome, "inspected_violation_rate", "a")
    by_lot = number(outcome, "random_arm_violation_rate", "a")
    assert distorted.value == pytest.approx(inspected.value - by_lot.value)
    assert not outcome.select("weighted_violation_rate")
    assert not outcome.select("stated_chances_add_up")


@pytest.mark.parametrize("arms", ["none named", "risk only"])
def test_without_a_random_arm_it_is_not_assessable_and_says_how_many_cases_would_help(make: Make, arms: str) -> None:
    columns: dict[str, Any] = {
        "origin": ["a", "b"] * 100,
        "score": [k / 200 for k in range(200)],
        "selected": [k >= 100 for k in range(200)],
        "positive": [k % 10 == 0 for k in range(200)],
    }
    if arms == "risk only":
        columns["arm"] = ["risk"] * 200
    outcome = label_validity.run(make(**columns), "origin")
    assert outcome.status == "not_measurable"
    assert outcome.reason is not None
    assert "not assessable" in outcome.reason.en
    assert "about 865 cases" in outcome.reason.en
    assert "865 zaken" in outcome.reason.nl


def test_where_outcomes_come_from_is_told_over_all_and_by_group(make: Make) -> None:
    cases = make(
        origin=["a"] * 60 + ["b"] * 40,
        score=[k / 100 for k in range(100)],
        selected=[k >= 80 for k in range(100)],
        positive=[k % 5 == 0 for k in range(100)],
        arm=["random"] * 30 + ["risk"] * 40 + ["signal"] * 30,
    )
    outcome = label_validity.run(cases, "origin")
    shares = {
        (arm, group): number(outcome, f"{arm}_arm_share", group).value
        for arm in ("random", "risk", "signal")
        for group in (None, "a", "b")
    }
    assert shares["random", None] == pytest.approx(0.3)
    assert (shares["random", "a"], shares["random", "b"]) == (0.5, 0.0)
    assert sum(value for (_, group), value in shares.items() if group == "b") == pytest.approx(1.0)
    lost = one(outcome, "label_distortion", "b")
    assert lost.estimate is None
    assert lost.reason is not None
    assert outcome.inconclusive_groups == ("b",)


def test_a_rate_that_differs_between_groups_in_the_random_arm_is_told_from_chance(make: Make) -> None:
    def table(b_rate: int) -> ScoredCases:
        n = 400
        return make(
            origin=["a"] * n + ["b"] * n,
            score=[k / (2 * n) for k in range(2 * n)],
            selected=[k >= n for k in range(2 * n)],
            positive=[k % 20 < 2 for k in range(n)] + [k % 20 < b_rate for k in range(n)],
            arm=["random"] * (2 * n),
        )

    same, apart = (one(label_validity.run(table(rate), "origin"), "random_arm_equal_rates", None) for rate in (2, 6))
    assert same.p_value is not None
    assert same.p_value > 0.5
    assert apart.p_value is not None
    assert apart.p_value < 0.001


def test_the_pilot_with_bent_labels_is_seen_in_the_types_that_were_written_down(pilot: Pilot) -> None:
    outcomes = {
        scenario: label_validity.run(
            pilot("study", scenario=scenario, seed=2, n=20_000, affected="bent", positive=(DELIBERATE,)), "bent"
        )
        for scenario in ("none", "label_history")
    }
    for scenario, outcome in outcomes.items():
        written = number(outcome, "found_type_share_difference", "affected", DELIBERATE)
        bent = scenario == "label_history"
        assert written.outside(0.0, 0.0) == bent
        assert number(outcome, "weighted_violation_rate_difference", "affected").outside(0.0, 0.0) == bent
    straight, bent_ = (number(outcomes[name], "label_distortion", "affected") for name in ("none", "label_history"))
    assert bent_.value > 1.4 * straight.value
    assert bent_.outside(0.0, 0.0)


def test_chances_that_do_not_hold_for_a_group_do_not_add_up(pilot: Pilot) -> None:
    for scenario, wrong in (("none", False), ("manual_step", True)):
        outcome = label_validity.run(pilot("study", scenario=scenario, seed=2, affected="bent"), "bent")
        assert number(outcome, "stated_chances_add_up", "affected").outside(1.0, 1.0) == wrong


def test_types_that_add_up_are_withheld_together(make: Make) -> None:
    n = 600
    types = ["none"] * 500 + ["administrative"] * 60 + ["public_order"] * 40
    cases = make(
        origin=["a"] * 300 + ["b"] * 200 + ["c"] * 100,
        score=[k / n for k in range(n)],
        selected=[k >= 300 for k in range(n)],
        positive=[False] * n,
        arm=["random"] * n,
    )
    assert cases.label is not None
    cases.label.types[:] = types
    rng = np.random.default_rng(0)
    cases.label.types[:] = rng.permutation(cases.label.types)
    cases.label.types[np.flatnonzero(cases.groupings["origin"].codes == 2)[:97]] = "none"
    outcome = label_validity.run(cases, "origin")
    disclosure = Disclosure.of([outcome])
    held = [f for f in outcome.select("label_type_share") if f.group == "c"]
    assert held
    assert not any(disclosure.shows(outcome, finding) for finding in held)
