from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.audits.a009_flips import flips
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Outcome
from igw_audit.stats.estimate import Estimate

Make = Callable[..., ScoredCases]
Score = Callable[[pd.DataFrame], Any]
N = 2000


def world(seed: int = 0, n: int = N) -> dict[str, Any]:
    """Draw a used proxy and an unused one of group c, a used feature that nobody's group tells, and noise."""
    rng = np.random.default_rng(seed)
    origin = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    return {
        "origin": origin,
        "proxy": rng.normal(size=n) + 2.0 * (origin == "c"),
        "unused": rng.normal(size=n) + 2.0 * (origin == "c"),
        "merit": rng.normal(size=n),
        "kind": rng.choice(["p", "q"], n),
    }


def scored(make: Make, columns: dict[str, Any], score: Score, **more: Any) -> ScoredCases:
    frame = pd.DataFrame({name: values for name, values in columns.items() if name != "origin"})
    scores = np.asarray(score(frame), dtype=np.float64)
    selected = scores >= np.sort(scores)[-len(scores) // 5]
    return make(
        origin=columns["origin"].tolist(),
        score=scores.tolist(),
        selected=selected.tolist(),
        features={name: list(values) for name, values in frame.items()},
        predict=score,
        **more,
    )


def told(outcome: Outcome, statistic: str, group: str, *features: str) -> Estimate:
    (found,) = (f.estimate for f in outcome.select(statistic, group=group) if f.features == features)
    assert found is not None
    return found


def low(found: Estimate) -> float:
    assert found.low is not None
    return found.low


def named(outcome: Outcome) -> set[str]:
    return {name for finding in outcome.findings for name in finding.features}


def by_proxy(frame: pd.DataFrame) -> Any:
    return frame["proxy"] + 0.5 * frame["merit"]


def test_a_used_proxy_flips_the_selections_of_its_group_and_an_unused_one_flips_nobodys(make: Make) -> None:
    outcome = flips.run(scored(make, world(), by_proxy), "origin")
    assert named(outcome) == {"proxy", "unused"}
    assert low(told(outcome, "lost_selection_share", "c", "proxy")) > 0.7
    assert low(told(outcome, "lost_selection_share_difference", "c", "proxy")) > 0.3
    assert low(told(outcome, "flip_selection_difference", "c", "proxy")) > 0.3
    assert told(outcome, "flip_selection_difference", "a", "proxy").value < 0
    assert told(outcome, "flip_share", "c", "unused").value == 0
    assert told(outcome, "flip_selection_difference", "c", "unused").value == 0


def test_the_number_of_people_stands_beside_their_share(make: Make) -> None:
    cases = scored(make, world(), by_proxy)
    outcome = flips.run(cases, "origin")
    (finding,) = (f for f in outcome.select("lost_selection_share", group="c") if f.features == ("proxy",))
    assert finding.counts is not None
    assert finding.estimate is not None
    assert finding.counts.n == int((cases.selected & (np.array(world()["origin"]) == "c")).sum())
    assert finding.counts.events == round(finding.estimate.value * finding.counts.n)


def test_a_feature_that_everyone_has_alike_makes_flips_and_no_difference_between_groups(make: Make) -> None:
    outcome = flips.run(scored(make, world(3), lambda frame: frame["merit"]), "origin")
    assert named(outcome) == {"proxy", "unused"}
    for group in "abc":
        assert told(outcome, "flip_share", group).value > 0.2
        beyond = told(outcome, "flip_selection_difference", group)
        assert low(beyond) < 0 < (beyond.high or 0)


def test_what_a_declared_factor_explains_is_no_flip(make: Make) -> None:
    rng = np.random.default_rng(5)
    columns = world(5)
    wage = rng.normal(size=N) + 1.5 * (columns["origin"] == "c")
    columns |= {"wage": wage, "proxy": wage + 0.3 * rng.normal(size=N)}
    explained = flips.run(scored(make, columns, by_proxy, declared=("wage",)), "origin")
    assert named(explained) == {"unused"}
    assert abs(told(explained, "flip_selection_difference", "c").value) < 0.05
    hidden = flips.run(scored(make, columns, by_proxy), "origin")
    assert "proxy" in named(hidden)
    assert low(told(hidden, "flip_selection_difference", "c", "proxy")) > 0.2


def test_the_attribute_as_a_feature_is_swapped_itself_even_where_it_is_declared(make: Make) -> None:
    columns = world()
    columns["Origin"] = columns["origin"]

    def score(frame: pd.DataFrame) -> Any:
        return 5.0 * (frame["Origin"] == "c") + frame["merit"]

    for declared in ((), ("Origin",)):
        outcome = flips.run(scored(make, columns, score, declared=declared), "origin")
        lost = told(outcome, "lost_selection_share", "c", "Origin")
        assert lost.value > 0.95
        assert told(outcome, "lost_selection_share_difference", "c", "Origin").value == pytest.approx(lost.value)


def test_a_capacity_is_ranked_anew_as_well_and_a_threshold_only_holds(make: Make) -> None:
    columns = world()
    outcome = flips.run(scored(make, columns, by_proxy), "origin")
    sizes = pd.Series(columns["origin"]).value_counts()
    moved = {group: told(outcome, "reranked_selection_difference", group, "proxy").value for group in "abc"}
    assert moved["c"] > 0.2
    # as many are selected as before: what one group gains the others lose
    assert sum(moved[group] * sizes[group] for group in "abc") == pytest.approx(0.0, abs=0.5)
    at = float(np.sort(by_proxy(pd.DataFrame(columns)))[-N // 5])
    fixed = flips.run(scored(make, columns, by_proxy, plan={"capacity": None, "threshold": at}), "origin")
    assert not fixed.select("reranked_selection_difference")
    assert told(fixed, "flip_share", "c", "proxy").value == told(outcome, "flip_share", "c", "proxy").value


def test_an_unchanged_score_keeps_its_decision_also_where_scores_are_tied(make: Make) -> None:
    columns = world()
    outcome = flips.run(scored(make, columns, lambda frame: np.round(frame["merit"])), "origin")
    assert {told(outcome, "flip_share", group, "proxy").value for group in "abc"} == {0.0}


def test_clusters_make_it_less_sure(make: Make) -> None:
    columns = world(2)
    cluster = np.argsort(np.argsort(columns["proxy"])) // 100
    alone = told(flips.run(scored(make, columns, by_proxy), "origin"), "flip_share", "c", "proxy")
    shared = told(
        flips.run(scored(make, columns, by_proxy, cluster=cluster.tolist()), "origin"), "flip_share", "c", "proxy"
    )
    assert (shared.high or 0) - low(shared) > 1.5 * ((alone.high or 0) - low(alone))


def test_nobody_selected_and_nobody_else_in_the_group_are_said_and_not_guessed(make: Make) -> None:
    columns = world()
    columns["origin"] = np.where(np.arange(N) == np.argmin(columns["proxy"] + columns["merit"]), "d", columns["origin"])
    outcome = flips.run(scored(make, columns, by_proxy), "origin")
    reasons = {f.statistic: f.reason for f in outcome.select(group="d") if f.features == ("proxy",)}
    assert reasons["flip_share"] is None
    assert "nobody of this group is selected" in str(reasons["lost_selection_share"])
    assert "holds one case" in str(reasons["flip_selection_difference"])
    assert outcome.inconclusive_groups == ()


def test_without_the_model_there_is_no_answer(make: Make) -> None:
    columns = world()
    cases = make(
        origin=columns["origin"].tolist(),
        score=columns["proxy"].tolist(),
        selected=(columns["proxy"] > 1).tolist(),
        features={"proxy": columns["proxy"].tolist()},
    )
    outcome = flips.run(cases, "origin")
    assert outcome.status == "not_measurable"
    assert outcome.reason is not None
    assert "needs the model itself" in outcome.reason.en


def test_a_part_of_many_cases_is_looked_at_and_the_answer_says_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = flips.run(scored(make, world(), by_proxy), "origin")
    monkeypatch.setattr("igw_audit.audits.a009_flips.MOST_CASES", 900)
    monkeypatch.setattr("igw_audit.audits.a009_flips.MOST_SCORES", 18_000)
    part = flips.run(scored(make, world(), by_proxy), "origin")
    found = told(part, "flip_selection_difference", "c", "proxy")
    assert "600 of 2000 cases" in found.method
    assert found.n == 200
    assert found.value == pytest.approx(told(whole, "flip_selection_difference", "c", "proxy").value, abs=0.08)
    assert told(part, "reranked_selection_difference", "c", "proxy").value > 0.2


@pytest.mark.statistics
@pytest.mark.parametrize("n", [120, 600])
def test_intervals_hold_no_difference_where_there_is_none(make: Make, n: int) -> None:
    held = total = 0
    for seed in range(150):
        outcome = flips.run(scored(make, world(seed, n), lambda frame: frame["merit"]), "origin")
        for group in "abc":
            found = told(outcome, "flip_selection_difference", group)
            total += 1
            held += low(found) <= 0 <= (found.high or 0)
    assert held / total >= 0.93
