from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.audits.a006_leakage import MOST_CASES, leakage_of_attribute
from igw_audit.core.cases import NOT_RECORDED, ScoredCases
from igw_audit.core.finding import Finding, Outcome

Make = Callable[..., ScoredCases]
N = 1500


def table(seed: int = 0, **features: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    origin = rng.choice(["a", "b", "c"], N, p=[0.6, 0.3, 0.1])
    score = rng.random(N)
    columns = {"noise": rng.normal(size=N), "kind": rng.choice(["p", "q", "r"], N)}
    return {
        "origin": origin.tolist(),
        "score": score.tolist(),
        "selected": (score > 0.8).tolist(),
        "features": {name: list(values) for name, values in {**columns, **features}.items()},
    }


def told(outcome: Outcome, statistic: str, group: str) -> Finding:
    (finding,) = outcome.select(statistic, group=group)
    return finding


def low(finding: Finding) -> float:
    assert finding.estimate is not None
    assert finding.estimate.low is not None
    return finding.estimate.low


def test_a_proxy_among_the_features_gives_its_group_away_and_no_other_source_does(make: Make) -> None:
    columns = table()
    proxy = np.random.default_rng(5).normal(size=N) + 1.5 * (np.array(columns["origin"]) == "c")
    outcome = leakage_of_attribute.run(make(**table(proxy=proxy)), "origin")
    found = told(outcome, "features_auc", "c")
    assert low(found) > 0.75
    assert found.p_adjusted == pytest.approx(0.005)
    score = told(outcome, "score_auc", "c")
    assert score.p_adjusted is not None
    assert score.p_adjusted > 0.05


def test_features_that_say_nothing_of_the_group_are_told_from_those_that_do(make: Make) -> None:
    outcome = leakage_of_attribute.run(make(**table(3)), "origin")
    adjusted = [finding.p_adjusted for finding in outcome.select("features_auc")]
    assert min(p for p in adjusted if p is not None) > 0.05
    assert all(low(finding) < 0.5 for finding in outcome.select("features_auc"))


def test_two_features_that_tell_only_together_are_seen(make: Make) -> None:
    columns = table()
    rng = np.random.default_rng(6)
    one = rng.normal(size=N)
    turned = np.where(np.array(columns["origin"]) == "b", 1.0, -1.0) * np.where(rng.random(N) < 0.9, 1.0, -1.0)
    other = np.abs(rng.normal(size=N)) * np.sign(one) * turned
    outcome = leakage_of_attribute.run(make(**table(one=one, other=other)), "origin")
    assert low(told(outcome, "features_auc", "b")) > 0.7


def test_missing_values_and_a_category_with_many_levels_give_away_too(make: Make) -> None:
    group = np.array(table()["origin"])
    rng = np.random.default_rng(7)
    gap = np.where((group == "c") & (rng.random(N) < 0.7), np.nan, rng.normal(size=N))
    outcome = leakage_of_attribute.run(make(**table(gap=gap)), "origin")
    assert low(told(outcome, "features_auc", "c")) > 0.7
    postcode = np.where(group == "b", rng.integers(0, 30, N), rng.integers(15, 45, N)).astype(str)
    outcome = leakage_of_attribute.run(make(**table(postcode=postcode)), "origin")
    assert low(told(outcome, "features_auc", "b")) > 0.7


def test_a_score_that_is_spread_wider_for_one_group_tells_that_group(make: Make) -> None:
    columns = table()
    group = np.array(columns["origin"])
    score = np.random.default_rng(8).normal(size=N) * np.where(group == "b", 3.0, 1.0)
    columns |= {"score": score.tolist(), "selected": (score > 2).tolist()}
    outcome = leakage_of_attribute.run(make(**columns), "origin")
    assert low(told(outcome, "score_auc", "b")) > 0.6


def test_contributions_of_a_model_are_read_where_they_are_exact(make: Make) -> None:
    from sklearn.linear_model import LogisticRegression

    columns = table()
    proxy = np.random.default_rng(5).normal(size=N) + 1.5 * (np.array(columns["origin"]) == "c")
    cases = make(**{**table(proxy=proxy), "features": {"proxy": proxy.tolist(), "noise": columns["features"]["noise"]}})
    model = LogisticRegression().fit(cases.features, proxy + np.random.default_rng(1).normal(size=N) > 1)

    def predict(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.asarray(model.predict_proba(frame)[:, 1])

    known = replace(cases, model=model, predict=predict, score=predict(cases.features))
    assert low(told(leakage_of_attribute.run(known, "origin"), "contributions_auc", "c")) > 0.75
    blind = leakage_of_attribute.run(replace(cases, model=predict, predict=predict), "origin")
    reason = told(blind, "contributions_auc", "c").reason
    assert reason is not None
    assert "cannot be computed exactly" in reason.en
    scores_only = told(leakage_of_attribute.run(cases, "origin"), "contributions_auc", "a").reason
    assert scores_only is not None
    assert "need the model" in scores_only.en


def test_a_group_too_small_to_learn_from_keeps_its_place_with_the_reason(make: Make) -> None:
    columns = table()
    columns["origin"] = [None if k < 4 else name for k, name in enumerate(columns["origin"])]
    outcome = leakage_of_attribute.run(make(**columns), "origin")
    found = told(outcome, "features_auc", NOT_RECORDED)
    assert found.estimate is None
    assert found.reason is not None
    assert NOT_RECORDED in outcome.inconclusive_groups


def test_it_never_gives_a_level_for_association_is_not_use(make: Make) -> None:
    group = np.array(table()["origin"])
    outcome = leakage_of_attribute.run(make(**table(recoded=group)), "origin")
    assert low(told(outcome, "features_auc", "a")) > 0.99
    assert outcome.level is None
    assert {finding.level for finding in outcome.findings} == {None}


def test_of_very_many_cases_a_part_is_drawn_and_the_numbers_say_so(make: Make) -> None:
    n = MOST_CASES + 3_000
    rng = np.random.default_rng(1)
    origin = rng.choice(["a", "b"], n, p=[0.7, 0.3]).astype(object)
    origin[:40] = "few"
    score = rng.random(n)
    told_by = rng.normal(size=n) + (origin == "b")
    cases = make(
        origin=origin.tolist(), score=score.tolist(), selected=(score > 0.9).tolist(), features={"x": told_by.tolist()}
    )
    outcome = leakage_of_attribute.run(cases, "origin")
    for finding in outcome.select("features_auc"):
        assert finding.estimate is not None
        assert finding.estimate.n == MOST_CASES
        assert finding.estimate.method.endswith(f"{MOST_CASES} of {n} cases drawn and weighted back")
    assert {finding.group for finding in outcome.select("features_auc")} == {"a", "b", "few"}
    assert low(told(outcome, "features_auc", "b")) > 0.7
