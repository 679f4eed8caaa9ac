from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.audits.a003_calibration import calibration
from igw_audit.core.cases import ScoredCases
from igw_audit.stats.estimate import Estimate

Make = Callable[..., ScoredCases]


def world(n: int, *, understated: float, seed: int = 4) -> dict[str, object]:
    """Plant scores that are true chances for a, and ``understated`` below the true chance for b."""
    rng = np.random.default_rng(seed)
    origin = np.where(np.arange(n) % 2 == 0, "a", "b")
    chance = rng.uniform(0.2, 0.7, n)
    score = np.where(origin == "b", chance - understated, chance)
    return {
        "origin": origin.tolist(),
        "score": score.tolist(),
        "selected": (score > 0.6).tolist(),
        "positive": (rng.random(n) < chance).tolist(),
    }


def number(cases: ScoredCases, statistic: str, group: str) -> Estimate:
    (finding,) = calibration.run(cases, "origin").select(statistic, group=group)
    assert finding.estimate is not None
    return finding.estimate


def test_a_calibrated_score_has_no_gap(make: Make) -> None:
    cases = make(**world(6000, understated=0.0))
    for group in "ab":
        assert not number(cases, "calibration_gap", group).outside(0.0, 0.0)
    assert not number(cases, "calibration_gap_difference", "b").outside(0.0, 0.0)


def test_finds_a_group_whose_risk_is_understated(make: Make) -> None:
    cases = make(**world(6000, understated=0.15))
    gap = number(cases, "calibration_gap_difference", "b")
    assert gap.value == pytest.approx(0.15, abs=0.04)
    assert gap.low is not None
    assert gap.low > 0.08
    at_one_score = calibration.run(cases, "origin").select(
        "outcome_rate_difference", group="b", step="score class 3 of 5"
    )
    assert at_one_score[0].estimate is not None
    assert at_one_score[0].estimate.value > 0.05


def test_the_gap_is_the_rate_of_violations_less_the_mean_score(make: Make) -> None:
    cases = make(
        origin=["a"] * 10 + ["b"] * 10,
        score=[0.3] * 10 + [0.5] * 10,
        selected=[False] * 10 + [True] * 10,
        positive=[True] * 4 + [False] * 6 + [True] * 3 + [False] * 7,
    )
    assert number(cases, "calibration_gap", "a").value == pytest.approx(0.1)
    assert number(cases, "calibration_gap", "b").value == pytest.approx(-0.2)
    assert number(cases, "calibration_gap_difference", "b").value == pytest.approx(-0.3)


def test_points_are_no_probability_but_groups_are_still_compared_at_the_same_score(make: Make) -> None:
    table = world(400, understated=0.0)
    score = table["score"]
    assert isinstance(score, list)
    outcome = calibration.run(make(**{**table, "score": [180 * value for value in score]}), "origin")
    for finding in outcome.select("calibration_gap"):
        assert finding.estimate is None
        assert finding.reason is not None
    assert all(finding.estimate is not None for finding in outcome.select("outcome_rate"))
    assert outcome.inconclusive_groups == ()


def test_a_score_with_two_values_has_two_classes(make: Make) -> None:
    cases = make(
        origin=["a", "b"] * 20, score=[0.2] * 30 + [0.8] * 10, selected=[False] * 30 + [True] * 10, positive=[True] * 40
    )
    steps = {finding.step for finding in calibration.run(cases, "origin").select("outcome_rate")}
    assert steps == {"score class 1 of 2", "score class 2 of 2"}
