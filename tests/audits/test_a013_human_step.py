from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from igw_audit.audits.a013_human_step import human_step
from igw_audit.core.cases import NOT_RECORDED, ScoredCases
from igw_audit.core.finding import Finding, Outcome

Make = Callable[..., ScoredCases]
Pilot = Callable[..., ScoredCases]
STEPS = ("signal", "enriched", "scored_high", "score", "selected", "investigated", "violation_found")


def one(outcome: Outcome, statistic: str, group: str | None, step: str) -> Finding:
    (finding,) = (f for f in outcome.select(statistic, step=step) if f.group == group)
    return finding


def flagged(outcome: Outcome) -> dict[str, set[str]]:
    """Groups by step that are reached more or less often given the score, beyond the joint interval."""
    found: dict[str, set[str]] = {}
    for finding in outcome.select("selection_rate_difference"):
        if finding.estimate is not None and finding.estimate.outside(0.0, 0.0):
            found.setdefault(str(finding.step), set()).add(str(finding.group))
    return found


def process(
    make: Make, *, n: int = 6000, lean: float = 0.0, follow: float = 0.7, seed: int = 0, **more: Any
) -> ScoredCases:
    """Group b scores higher; people follow the model's list, and lean towards b by so much at every score."""
    rng = np.random.default_rng(seed)
    b = rng.random(n) < 0.3
    score = rng.normal(size=n) + 0.6 * b
    listed = score >= np.quantile(score, 0.9)
    visited = rng.random(n) < np.where(listed, follow, 0.04) * (1 + lean * b)
    return make(
        origin=np.where(b, "b", "a").tolist(),
        score=score.tolist(),
        selected=listed.tolist(),
        steps={"score": listed.tolist(), "visit": visited.tolist()},
        **more,
    )


def marked(cases: ScoredCases) -> ScoredCases:
    """The step ``score`` as the scoring room marks it: the model's own selection."""
    from dataclasses import replace

    steps = tuple(replace(step, by_model=step.name == "score") for step in cases.steps)
    return replace(cases, steps=steps)


def test_a_lean_of_people_is_found_and_is_as_large_as_it_was_planted(make: Make) -> None:
    outcome = human_step.run(marked(process(make, n=20_000, lean=0.3)), "origin")
    ratio = one(outcome, "selection_rate_ratio", "b", "visit").estimate
    assert ratio is not None
    assert ratio.low is not None
    assert ratio.high is not None
    assert 1.1 < ratio.low < 1.3 < ratio.high
    assert flagged(outcome) == {"visit": {"a", "b"}}


def test_a_difference_that_the_score_explains_is_no_lean_of_people(make: Make) -> None:
    cases = marked(process(make, n=20_000))
    outcome = human_step.run(cases, "origin")
    assert flagged(outcome) == {}
    visit, b = cases.steps[1].reached, cases.groupings["origin"].codes == 1
    assert visit[b].mean() > 1.8 * visit[~b].mean()


def test_a_list_that_is_followed_in_almost_all_cases_is_said_to_be(make: Make) -> None:
    outcome = human_step.run(marked(process(make, follow=0.98)), "origin")
    overall = one(outcome, "follow_rate", None, "visit")
    assert overall.estimate is not None
    assert overall.estimate.low is not None
    assert overall.estimate.low > 0.95
    assert overall.counts is not None
    assert overall.counts.n == 600
    added = one(outcome, "added_rate", None, "visit")
    assert added.estimate is not None
    assert 0.02 < added.estimate.value < 0.06


def test_the_model_s_own_step_and_those_before_it_are_not_human_steps(make: Make) -> None:
    outcome = human_step.run(marked(process(make)), "origin")
    assert {finding.step for finding in outcome.findings} == {"visit"}


def test_without_the_word_score_all_steps_count_and_the_method_says_so(make: Make) -> None:
    outcome = human_step.run(process(make), "origin")
    assert {finding.step for finding in outcome.findings} == {"score", "visit"}
    overall = one(outcome, "follow_rate", None, "visit").estimate
    assert overall is not None
    assert "the plan does not say" in overall.method


def test_steps_that_end_with_the_model_leave_nothing_to_look_at(make: Make) -> None:
    from dataclasses import replace

    cases = marked(process(make, n=500))
    outcome = human_step.run(replace(cases, steps=cases.steps[:1]), "origin")
    assert outcome.status == "not_measurable"


def test_cases_drawn_by_lot_are_nobody_s_choice(make: Make) -> None:
    n = 400
    lot = [k % 4 == 0 for k in range(n)]
    outcome = human_step.run(
        make(
            origin=["a", "b"] * (n // 2),
            score=[k / n for k in range(n)],
            selected=[k >= 300 for k in range(n)],
            arm=["random" if drawn else "risk" for drawn in lot],
            steps={"visit": [drawn or k >= 350 for k, drawn in enumerate(lot)]},
        ),
        "origin",
    )
    added = one(outcome, "added_rate", None, "visit")
    assert added.counts is not None
    assert (added.counts.events, added.counts.n) == (0, 225)


def test_a_step_that_everybody_reaches_has_a_reason_and_names_no_group(make: Make) -> None:
    cases = make(
        origin=["a", "b", None] * 40,
        score=[k / 120 for k in range(120)],
        selected=[k >= 90 for k in range(120)],
        steps={"letter": [True] * 120},
    )
    outcome = human_step.run(cases, "origin")
    assert outcome.status == "measured"
    assert one(outcome, "selection_rate_difference", NOT_RECORDED, "letter").reason is not None
    assert outcome.inconclusive_groups == ()


def test_one_group_only_is_not_measurable(make: Make) -> None:
    cases = make(
        origin=["a"] * 30,
        score=[k / 30 for k in range(30)],
        selected=[k > 20 for k in range(30)],
        steps={"visit": [k > 15 for k in range(30)]},
    )
    assert human_step.run(cases, "origin").status == "not_measurable"


def test_the_pilot_without_bias_has_no_group_picked_out_by_hand(pilot: Pilot) -> None:
    cases = pilot("study", scenario="none", seed=1, score="score_old", steps=STEPS)
    outcome = human_step.run(cases, "nationality")
    assert flagged(outcome) == {}


@pytest.mark.parametrize("name", ["study", "talent"])
def test_the_pilot_with_a_leaning_manual_step_is_found_at_the_investigation_and_not_before_it(
    pilot: Pilot, name: str
) -> None:
    cases = pilot(name, scenario="manual_step", seed=1, score="score_old", steps=STEPS, affected="bent")
    outcome = human_step.run(cases, "bent")
    found = flagged(outcome)
    assert "selected" not in found
    assert found["investigated"] == {"affected", "others"}
    ratio = one(outcome, "selection_rate_ratio", "affected", "investigated").estimate
    assert ratio is not None
    assert ratio.low is not None
    assert ratio.low > 1.2


@pytest.mark.statistics
def test_pilots_without_bias_raise_a_false_alarm_as_seldom_as_promised(pilot: Pilot) -> None:
    runs = 60
    alarms = sum(
        bool(
            flagged(
                human_step.run(
                    pilot("study", scenario="none", seed=s, n=6000, score="score_old", steps=STEPS), "nationality"
                )
            )
        )
        for s in range(100, 100 + runs)
    )
    assert alarms <= 8
