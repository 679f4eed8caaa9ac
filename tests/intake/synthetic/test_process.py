from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.intake.synthetic import PILOTS, SyntheticPilot
from igw_audit.intake.synthetic.process import OUTCOMES, STEPS

Maker = Callable[..., SyntheticPilot]


DELIBERATE = "deliberate_false_information"


def true_rate(one: SyntheticPilot) -> float:
    return float((one.truth_cases["true_type"] == DELIBERATE).mean())


def hajek(one: SyntheticPilot) -> tuple[float, float]:
    """Weight investigated cases back to all; the rate and its standard error."""
    seen = one.cases[one.cases["investigated"] == 1]
    weight = 1 / seen["arm_probability"].to_numpy()
    hit = (seen["outcome"] == OUTCOMES[DELIBERATE]).to_numpy()
    rate = float((weight * hit).sum() / weight.sum())
    return rate, math.sqrt(float((weight**2 * (hit - rate) ** 2).sum())) / float(weight.sum())


@pytest.mark.parametrize("pilot", PILOTS)
def test_the_random_arm_shows_the_true_rate_and_the_risk_arm_does_not(made: Maker, pilot: str) -> None:
    one = made(pilot, n=40_000)
    truth = true_rate(one)
    hit = one.cases["outcome"] == OUTCOMES[DELIBERATE]
    random, risk = one.cases["arm"] == "random", one.cases["arm"] == "risk"
    error = math.sqrt(truth * (1 - truth) / random.sum())
    assert abs(hit[random].mean() - truth) < 3.5 * error
    assert hit[risk].mean() > 1.5 * truth


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize("scenario", ["none", "proxy", "signal_intake"])
def test_weighting_by_the_chance_recovers_the_true_rate(made: Maker, pilot: str, scenario: str) -> None:
    one = made(pilot, scenario, n=40_000)
    rate, error = hajek(one)
    assert abs(rate - true_rate(one)) < 3.5 * error
    seen = one.cases[one.cases["investigated"] == 1]
    assert (seen["outcome"] == OUTCOMES[DELIBERATE]).mean() > rate


@pytest.mark.statistics
@pytest.mark.parametrize("pilot", PILOTS)
def test_weighting_by_the_chance_is_unbiased_over_seeds(made: Maker, pilot: str) -> None:
    gaps = []
    for seed in range(30):
        one = made(pilot, seed=100 + seed)
        gaps.append(hajek(one)[0] - true_rate(one))
    assert abs(float(np.mean(gaps))) < 3 * float(np.std(gaps)) / math.sqrt(len(gaps))


@pytest.mark.parametrize("pilot", PILOTS)
def test_each_step_follows_from_the_one_before(made: Maker, pilot: str) -> None:
    cases = made(pilot, "manual_step").cases
    reached = {name: cases[name] == 1 for name in STEPS}
    for part, whole in (
        ("enriched", "signal"),
        ("investigated", "selected"),
        ("violation_found", "investigated"),
        ("objection", "violation_found"),
        ("objection_upheld", "objection"),
    ):
        assert (reached[whole] | ~reached[part]).all(), part
    assert (reached["selected"] | ~(reached["enriched"] | reached["scored_high"])).all()
    assert all(column.any() for column in reached.values())


@pytest.mark.parametrize("pilot", PILOTS)
def test_an_outcome_is_known_only_of_those_who_were_investigated(made: Maker, pilot: str) -> None:
    cases = made(pilot).cases
    seen = cases["investigated"] == 1
    assert (cases["outcome"][~seen] == OUTCOMES["unknown"]).all()
    assert (cases["outcome"][seen] != OUTCOMES["unknown"]).all()
    assert cases["arm"].notna().equals(seen)
    assert cases["arm_probability"].between(0, 1, inclusive="right").all()
    assert ((cases["intervention_level"] > 0) == (cases["violation_found"] == 1)).all()
    assert cases["intervention_level"].between(0, 6).all()
    assert cases["signal_source"].notna().equals(cases["signal"] == 1)


@pytest.mark.parametrize("pilot", PILOTS)
def test_capacity_and_the_random_arm_have_the_size_that_was_set(made: Maker, pilot: str) -> None:
    one = made(pilot, n=40_000)
    switches = one.truth.switches
    assert one.cases["investigated"].mean() == pytest.approx(switches.capacity, rel=0.15)
    random = (one.cases["arm"] == "random").mean()
    assert random == pytest.approx(switches.capacity * switches.random_share, rel=0.05)


@pytest.mark.parametrize("scenario", ["none", "manual_step"])
def test_outcomes_are_the_truth_unless_recording_is_bent(made: Maker, scenario: str) -> None:
    one = made("study", scenario)
    seen = (one.cases["investigated"] == 1).to_numpy()
    assert (one.cases["outcome"][seen] == one.truth_cases["true_type"].map(OUTCOMES)[seen]).all()


def test_label_history_hardens_administrative_shortcomings_of_the_affected_only(made: Maker) -> None:
    one = made("study", "label_history", n=40_000)
    seen = (one.cases["investigated"] == 1) & one.protected["nationality"].notna()
    affected = one.protected["nationality"].isin(one.truth.affected)
    wrong = one.cases["outcome"] != one.truth_cases["true_type"].map(OUTCOMES)
    assert not wrong[seen & ~affected].any()
    hardened = one.truth_cases["true_type"][seen & wrong]
    assert (hardened == "administrative").all()
    share = len(hardened) / (seen & affected & (one.truth_cases["true_type"] == "administrative")).sum()
    assert share == pytest.approx(one.truth.switches.label_history, abs=0.12)
