from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.audits.a004_score_shift import score_shift
from igw_audit.core.cases import ScoredCases

Make = Callable[..., ScoredCases]


def test_finds_a_planted_shift_in_standard_deviations(make: Make) -> None:
    rng = np.random.default_rng(8)
    origin = np.where(np.arange(4000) % 2 == 0, "a", "b")
    score = rng.normal(size=4000) * 30 + np.where(origin == "b", 15.0, 0.0)
    cases = make(origin=origin.tolist(), score=score.tolist(), selected=(score > 20).tolist())
    (finding,) = score_shift.run(cases, "origin").select("score_mean_difference", group="b")
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(15 / score.std(), abs=0.06)
    assert finding.estimate.low is not None
    assert finding.estimate.low > 0.3


def test_the_scale_of_the_score_does_not_matter(make: Make) -> None:
    rng = np.random.default_rng(9)
    score = rng.random(200)
    table = {"origin": ["a", "b", "b", "c"] * 50, "selected": (score > 0.8).tolist()}
    small, large = (
        score_shift.run(make(**table, score=(scale * score + 7).tolist()), "origin").select("score_mean_difference")
        for scale in (1.0, 1000.0)
    )
    for one, other in zip(small, large, strict=True):
        assert one.estimate is not None
        assert other.estimate is not None
        assert one.estimate.value == pytest.approx(other.estimate.value)


def test_ranking_is_found_worse_in_the_group_in_which_the_score_is_noise(make: Make) -> None:
    rng = np.random.default_rng(10)
    origin = np.where(np.arange(3000) % 2 == 0, "a", "b")
    positive = rng.random(3000) < 0.3
    score = np.where(origin == "a", positive + rng.normal(size=3000), rng.normal(size=3000))
    cases = make(
        origin=origin.tolist(), score=score.tolist(), selected=(score > 1).tolist(), positive=positive.tolist()
    )
    outcome = score_shift.run(cases, "origin")
    (noise,) = outcome.select("auc", group="b")
    (gap,) = outcome.select("auc_difference", group="b")
    assert noise.estimate is not None
    assert noise.estimate.value == pytest.approx(0.5, abs=0.05)
    assert gap.estimate is not None
    assert gap.estimate.high is not None
    assert gap.estimate.high < -0.15


def test_a_group_without_violations_has_no_ranking_and_says_why(make: Make) -> None:
    cases = make(
        origin=["a"] * 40 + ["b"] * 10,
        score=[k / 50 for k in range(50)],
        selected=[True] * 10 + [False] * 40,
        positive=[True, False] * 20 + [False] * 10,
    )
    outcome = score_shift.run(cases, "origin")
    (finding,) = outcome.select("auc", group="b")
    assert finding.estimate is None
    assert finding.reason is not None
    assert "with a violation" in finding.reason.en
    assert outcome.inconclusive_groups == ()
    (gap,) = outcome.select("auc_difference", group="a")
    assert gap.reason is not None
    assert gap.reason.en.startswith("the comparison")


def test_one_score_for_everybody_is_not_measurable(make: Make) -> None:
    outcome = score_shift.run(make(origin=["a", "b"] * 5, score=[0.1] * 10, selected=[True, False] * 5), "origin")
    assert outcome.status == "not_measurable"


def test_without_labels_the_shift_is_measured_and_the_ranking_says_why_not(make: Make) -> None:
    cases = make(origin=["a", "b"] * 20, score=[k / 40 for k in range(40)], selected=[True, False] * 20)
    outcome = score_shift.run(cases, "origin")
    assert outcome.status == "measured"
    (ranking,) = outcome.select("auc")
    assert ranking.group is None
    assert ranking.reason is not None
