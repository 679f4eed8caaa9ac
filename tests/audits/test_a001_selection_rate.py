from __future__ import annotations

from collections.abc import Callable

import pytest

from igw_audit.audits.a001_selection_rate import selection_rate
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Finding, Outcome

Make = Callable[..., ScoredCases]


def one(outcome: Outcome, statistic: str, group: str, step: str | None = None) -> Finding:
    (finding,) = [f for f in outcome.select(statistic, group=group) if f.step == step]
    return finding


def test_finds_a_planted_gap(planted: Make) -> None:
    outcome = selection_rate.run(planted(a=0.20, b=0.35), "origin")
    difference = one(outcome, "selection_rate_difference", "b").estimate
    ratio = one(outcome, "selection_rate_ratio", "b").estimate
    assert difference is not None
    assert difference.value == pytest.approx(0.15)
    assert difference.low is not None
    assert difference.low > 0.08
    assert ratio is not None
    assert ratio.value == pytest.approx(1.75)


def test_equal_rates_hold_zero_and_one_inside(planted: Make) -> None:
    outcome = selection_rate.run(planted(a=0.3, b=0.3, c=0.3), "origin")
    for group in "abc":
        difference = one(outcome, "selection_rate_difference", group).estimate
        ratio = one(outcome, "selection_rate_ratio", group).estimate
        assert difference is not None
        assert ratio is not None
        assert not difference.outside(0.0, 0.0)
        assert not ratio.outside(1.0, 1.0)


def test_a_neutral_model_does_not_hide_a_manual_step_that_is_not(make: Make) -> None:
    origin = ["a"] * 500 + ["b"] * 500
    high = ([True] * 100 + [False] * 400) * 2
    chosen = [True] * 10 + [False] * 490 + [True] * 40 + [False] * 460
    cases = make(
        origin=origin, score=[0.9 if h else 0.1 for h in high], selected=high, steps={"high": high, "chosen": chosen}
    )
    outcome = selection_rate.run(cases, "origin")
    model = one(outcome, "selection_rate_ratio", "b").estimate
    step = one(outcome, "selection_rate_ratio", "b", "chosen").estimate
    going_on = one(outcome, "continuation_rate", "b", "chosen")
    assert model is not None
    assert model.value == pytest.approx(1.0)
    assert step is not None
    assert step.value == pytest.approx(4.0)
    assert step.low is not None
    assert step.low > 1.5
    assert going_on.estimate is not None
    assert going_on.estimate.value == pytest.approx(0.4)
    assert going_on.counts is not None
    assert (going_on.counts.events, going_on.counts.n) == (40, 100)
    assert not outcome.select("continuation_rate", step="high")


def test_a_group_that_never_reaches_a_step_keeps_its_place_with_a_reason(make: Make) -> None:
    cases = make(
        origin=["a"] * 6 + ["b"] * 4,
        score=[0.5] * 10,
        selected=[True] * 3 + [False] * 7,
        steps={"signal": [True] * 6 + [False] * 4, "visit": [True, False] * 3 + [False] * 4},
    )
    outcome = selection_rate.run(cases, "origin")
    finding = one(outcome, "continuation_rate_difference", "b", "visit")
    assert finding.estimate is None
    assert finding.reason is not None
    assert "signal" in finding.reason.en
    assert "signal" in finding.reason.nl


def test_a_ratio_over_nobody_is_not_measurable_while_the_difference_is(make: Make) -> None:
    cases = make(origin=["a"] * 20 + ["b"] * 20, score=[0.1] * 40, selected=[False] * 20 + [True] * 5 + [False] * 15)
    outcome = selection_rate.run(cases, "origin")
    ratio = one(outcome, "selection_rate_ratio", "b")
    difference = one(outcome, "selection_rate_difference", "b")
    assert ratio.estimate is None
    assert ratio.reason is not None
    assert difference.estimate is not None
    assert difference.estimate.value == pytest.approx(0.25)
    assert outcome.inconclusive_groups == ("b",)


def test_three_people_have_a_wide_interval_and_are_not_dropped(planted: Make, make: Make) -> None:
    origin: list[str | None] = ["a"] * 300 + [None] * 3
    outcome = selection_rate.run(make(origin=origin, score=[0.1] * 303, selected=[True] * 60 + [False] * 243), "origin")
    finding = one(outcome, "selection_rate_difference", "(not recorded)")
    assert finding.estimate is not None
    assert finding.estimate.low is not None
    assert finding.estimate.high is not None
    assert finding.estimate.high - finding.estimate.low > 0.4


def test_bands_are_compared_one_by_one_and_add_up(make: Make) -> None:
    cases = make(
        origin=["a"] * 30 + ["b"] * 30,
        score=[0.1] * 60,
        selected=[True] * 20 + [False] * 40,
        bands=[0] * 10 + [1] * 10 + [2] * 10 + [0] * 25 + [1] * 5,
    )
    outcome = selection_rate.run(cases, "origin")
    rates = {f.step: f.estimate.value for f in outcome.select("band_rate", group="b") if f.estimate}
    assert rates == pytest.approx({"band:inform": 25 / 30, "band:warn": 5 / 30, "band:fine": 0.0})
    assert len(outcome.select("band_rate_difference")) == 6
    assert not outcome.select("selection_rate_ratio_at_half_capacity")


def test_half_the_capacity_may_show_another_disparity(make: Make) -> None:
    # the ten highest scores are b's alone, the next ten a's: equal at the plan's capacity, not below it
    score = [0.7 - k / 1000 for k in range(50)] + [0.9 - k / 1000 for k in range(50)]
    selected = ([True] * 10 + [False] * 40) * 2
    outcome = selection_rate.run(make(origin=["a"] * 50 + ["b"] * 50, score=score, selected=selected), "origin")
    at_plan = one(outcome, "selection_rate_ratio", "b").estimate
    assert at_plan is not None
    assert at_plan.value == pytest.approx(1.0)
    half = one(outcome, "selection_rate_ratio_at_half_capacity", "b")
    assert half.estimate is None  # of a nobody is left, so only the difference speaks
    assert half.counts is not None
    assert (half.counts.events, half.counts.reference_events) == (10, 0)
    more = one(outcome, "selection_rate_ratio_at_one_and_a_half_capacity", "b").counts
    assert more is not None
    assert (more.events, more.reference_events) == (20, 10)


def test_cases_of_one_sponsor_widen_the_interval(make: Make) -> None:
    origin = ["a"] * 200 + ["b"] * 200
    selected = ([True] * 20 + [False] * 20) * 10
    sponsor = [position // 20 for position in range(400)]
    columns = {"origin": origin, "score": [0.5] * 400, "selected": selected}
    alone = one(selection_rate.run(make(**columns), "origin"), "selection_rate_difference", "b").estimate
    together = one(
        selection_rate.run(make(**columns, cluster=sponsor), "origin"), "selection_rate_difference", "b"
    ).estimate
    assert alone is not None
    assert together is not None
    assert alone.high is not None
    assert together.high is not None
    assert together.high > 2 * alone.high


def test_a_stated_reference_is_the_comparison_and_is_itself_held_against_the_rest(make: Make) -> None:
    cases = make(
        origin=["a"] * 100 + ["b"] * 60 + ["c"] * 40,
        score=[0.5] * 200,
        selected=[True] * 20 + [False] * 80 + [True] * 30 + [False] * 30 + [True] * 4 + [False] * 36,
        plan={"reference": {"origin": "b"}},
    )
    outcome = selection_rate.run(cases, "origin")
    against_b = one(outcome, "selection_rate_difference", "c")
    assert against_b.reference == "b"
    assert against_b.estimate is not None
    assert against_b.estimate.value == pytest.approx(-0.4)
    assert one(outcome, "selection_rate_difference", "b").reference == "rest"
