from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from igw_audit.audits.a005_conditional_disparity import conditional_disparity
from igw_audit.audits.a012_over_weighting import over_weighting
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Finding, Outcome
from igw_audit.stats.estimate import Estimate

Make = Callable[..., ScoredCases]
Pilot = Callable[..., ScoredCases]


def one(outcome: Outcome, statistic: str, group: str | None = None, feature: str | None = None) -> Finding:
    features = () if feature is None else (feature,)
    (finding,) = (f for f in outcome.select(statistic) if f.group == group and f.features == features)
    return finding


def number(outcome: Outcome, statistic: str, group: str | None = None, feature: str | None = None) -> Estimate:
    estimate = one(outcome, statistic, group, feature).estimate
    assert estimate is not None
    return estimate


def weighed(make: Make, *, over: float, n: int = 12_000, seed: int = 0, **changed: Any) -> ScoredCases:
    """Group b has fewer credits and the same hours; both predict risk, and the score adds ``over`` to credits."""
    rng = np.random.default_rng(seed)
    b = rng.random(n) < 0.3
    credits_short, hours = rng.normal(size=n) + 0.8 * b, rng.normal(size=n)
    linear = -1.8 + 0.5 * credits_short + 0.5 * hours
    score = linear + over * credits_short
    lot = rng.random(n) < 0.25
    columns: dict[str, Any] = {
        "origin": np.where(b, "b", "a").tolist(),
        "score": score.tolist(),
        "selected": (score >= np.quantile(score, 0.9)).tolist(),
        "positive": [
            bool(v) if k else None for v, k in zip(rng.random(n) < 1 / (1 + np.exp(-linear)), lot, strict=True)
        ],
        "arm": ["random" if k else None for k in lot],
        "features": {"credits_short": credits_short.tolist(), "hours": hours.tolist()},
        "declared": ("credits_short", "hours"),
    }
    return make(**{**columns, **changed})


def test_a_factor_that_counts_for_too_much_is_found_with_what_it_does_to_whom(make: Make) -> None:
    outcome = over_weighting.run(weighed(make, over=0.7, n=20_000), "origin")
    excess = number(outcome, "over_weighting", feature="credits_short")
    assert excess.low is not None
    assert excess.low > 0
    slopes = [number(outcome, name, feature="credits_short").value for name in ("score_slope", "outcome_slope")]
    assert slopes[0] - slopes[1] == pytest.approx(excess.value)
    added = {group: number(outcome, "over_weighting_contribution", group, "credits_short") for group in "ab"}
    assert added["b"].low is not None
    assert added["b"].low > 0
    assert added["a"].value == pytest.approx(-added["b"].value)
    # 0.75 standard deviations between the groups
    assert added["b"].value == pytest.approx(0.75 * excess.value, rel=0.1)
    harmless = number(outcome, "over_weighting_contribution", "b", "hours")
    assert abs(harmless.value) < 0.2 * added["b"].value


def test_a_factor_that_counts_as_it_should_is_not_flagged_although_the_groups_differ(make: Make) -> None:
    outcome = over_weighting.run(weighed(make, over=0.0), "origin")
    for name in ("credits_short", "hours"):
        assert not number(outcome, "over_weighting", feature=name).outside(0.0, 0.0)
    assert not number(outcome, "over_weighting_contribution", "b", "credits_short").outside(0.0, 0.0)


def test_without_a_random_arm_only_the_sensitivity_is_told(make: Make) -> None:
    outcome = over_weighting.run(weighed(make, over=0.7, n=3000, arm=None), "origin")
    assert outcome.status == "measured"
    told = one(outcome, "over_weighting", feature="credits_short")
    assert told.estimate is None
    assert told.reason is not None
    assert "random arm" in told.reason.en
    assert number(outcome, "robustness_value", "b").value >= 0
    assert outcome.inconclusive_groups == ()


def test_what_has_an_interval_beyond_zero_needs_a_factor_and_what_has_not_needs_none(make: Make) -> None:
    rng = np.random.default_rng(1)
    n = 8000
    b = rng.random(n) < 0.3
    declared = rng.normal(size=n) + 0.5 * b
    for gap in (0.0, 0.6):
        score = declared + gap * b + rng.normal(size=n)
        cases = make(
            origin=np.where(b, "b", "a").tolist(),
            score=score.tolist(),
            selected=(score >= np.quantile(score, 0.8)).tolist(),
            features={"wage": declared.tolist()},
            declared=("wage",),
        )
        outcome = over_weighting.run(cases, "origin")
        needed, ratio = number(outcome, "robustness_value", "b"), number(outcome, "e_value", "b")
        assert needed.low is not None
        assert ratio.low is not None
        assert (needed.low > 0.1) == (gap > 0)
        assert (ratio.low > 1.5) == (gap > 0)
        (total,) = conditional_disparity.run(cases, "origin").select("delta_total", group="b")
        assert total.estimate is not None
        assert (needed.low == 0) == (not total.estimate.outside(0.0, 0.0))
        assert number(outcome, "declared_factor_strength", "b", "wage").value > 0.1


def test_one_group_only_is_not_measurable(make: Make) -> None:
    cases = weighed(make, over=0.0, n=200, origin=["a"] * 200)
    assert over_weighting.run(cases, "origin").status == "not_measurable"


def test_without_declared_factors_the_question_is_not_measurable(make: Make) -> None:
    cases = weighed(make, over=0.0, n=200, declared=())
    assert over_weighting.run(cases, "origin").status == "not_measurable"


def test_the_pilot_whose_declared_factor_truly_carries_the_risk_is_not_said_to_over_weigh_it(pilot: Pilot) -> None:
    cases = pilot(
        "study",
        scenario="base_rates",
        seed=1,
        affected="bent",
        positive=("deliberate_false_information",),
        declared=("ects_ratio", "work_hours_week"),
    )
    outcome = over_weighting.run(cases, "bent")
    for finding in outcome.select("over_weighting"):
        assert finding.estimate is None or not finding.estimate.outside(None, 0.0)
