from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.audits.a000_data_and_power import data_and_power
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Finding, Outcome

Make = Callable[..., ScoredCases]


def one(outcome: Outcome, statistic: str, group: str | None, feature: str | None = None) -> Finding:
    (finding,) = [
        f
        for f in outcome.findings
        if f.statistic == statistic and f.group == group and (feature is None or f.features == (feature,))
    ]
    return finding


def test_large_groups_are_assessable_and_small_ones_are_named(make: Make) -> None:
    cases = make(
        origin=["a"] * 6000 + ["b"] * 6000 + ["c"] * 40 + [None] * 3,
        score=[0.5] * 12043,
        selected=[k % 10 == 0 for k in range(12043)],
    )
    outcome = data_and_power.run(cases, "origin")
    assert outcome.inconclusive_groups == ("c", "(not recorded)")
    assert outcome.level == "inconclusive"
    assert [one(outcome, "group_size", group).estimate.value for group in ("a", "c")] == [6000, 40]  # type: ignore[union-attr]
    large = one(outcome, "minimum_detectable_difference", "a").estimate
    assert large is not None
    assert large.value < 0.02


def test_groups_that_the_plan_only_shows_do_not_make_the_whole_inconclusive(make: Make) -> None:
    cases = make(
        origin=["a"] * 6000 + ["b"] * 6000 + ["c"] * 40,
        score=[0.5] * 12040,
        selected=[k % 10 == 0 for k in range(12040)],
        plan={"shown": {"origin": ["c"]}},
    )
    outcome = data_and_power.run(cases, "origin")
    assert outcome.inconclusive_groups == ("c",)
    assert outcome.level is None


def test_values_missing_in_one_group_are_found_among_many_features(make: Make) -> None:
    rng = np.random.default_rng(0)
    origin = ["a"] * 300 + ["b"] * 300
    features = {f"x{k}": np.where(rng.random(600) < 0.1, np.nan, 1.0).tolist() for k in range(6)}
    features["diploma"] = [1.0] * 300 + [float("nan")] * 150 + [1.0] * 150
    features["whole"] = [1.0] * 600
    outcome = data_and_power.run(
        make(origin=origin, score=[0.5] * 600, selected=[True, False] * 300, features=features), "origin"
    )
    gap = one(outcome, "missing_share_difference", "b", "diploma").estimate
    assert gap is not None
    assert gap.value == pytest.approx(0.5)
    assert gap.outside(-0.1, 0.1)
    counted = one(outcome, "features_with_missing_share", None)
    assert counted.counts is not None
    assert (counted.counts.events, counted.counts.n) == (7, 8)
    assert "whole" not in counted.features
    assert {f.features for f in outcome.select("missing_share")} >= {("diploma",)}


def test_arms_say_how_many_labels_were_drawn_by_lot(make: Make) -> None:
    cases = make(
        origin=["a", "b"] * 50,
        score=[0.5] * 100,
        selected=[True, False] * 50,
        positive=[False] * 60 + [None] * 40,
        arm=["risk"] * 45 + ["random"] * 10 + ["signal"] * 5 + [None] * 40,
    )
    outcome = data_and_power.run(cases, "origin")
    everyone = one(outcome, "random_arm_share", None)
    assert everyone.counts is not None
    assert (everyone.counts.events, everyone.counts.n) == (10, 60)
    total = sum(
        finding.estimate.value
        for arm in ("random", "risk", "signal")
        if (finding := one(outcome, f"{arm}_arm_share", None)).estimate is not None
    )
    assert total == pytest.approx(1.0)
    known = one(outcome, "label_known_share", "a").estimate
    assert known is not None
    assert known.value == pytest.approx(0.6)


def test_without_a_column_for_the_arm_the_record_says_that_it_is_not_known(make: Make) -> None:
    cases = make(origin=["a", "b"] * 10, score=[0.5] * 20, selected=[True, False] * 10, positive=[True, False] * 10)
    finding = one(data_and_power.run(cases, "origin"), "random_arm_share", None)
    assert finding.estimate is None
    assert finding.counts is None
    assert finding.reason is not None


def test_overlap_is_whole_without_relation_and_gone_where_a_factor_gives_the_group_away(make: Make) -> None:
    rng = np.random.default_rng(2)
    origin = rng.choice(["a", "b"], 2000)
    for values, low, high in ((rng.normal(size=2000), 0.95, 1.0), (np.where(origin == "a", -2.0, 2.0), 0.0, 0.05)):
        cases = make(
            origin=origin.tolist(),
            score=rng.random(2000).tolist(),
            selected=[True, False] * 1000,
            features={"factor": (values + 0.01 * rng.normal(size=2000)).tolist()},
            declared=("factor",),
        )
        left = one(data_and_power.run(cases, "origin"), "overlap_share", "a").estimate
        assert left is not None
        assert low <= left.value <= high
