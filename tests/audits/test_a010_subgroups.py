from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.audits.a010_subgroups import subgroups
from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.disclosure import Disclosure
from igw_audit.core.finding import Finding, Outcome
from igw_audit.stats.exact import fisher

Make = Callable[..., ScoredCases]


def world(seed: int = 0, n: int = 6000, *, planted: float = 0.0) -> dict[str, Any]:
    """Draw ages, sectors and regions; people of region b under 30 in IT are ``planted`` more often selected."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    age = rng.integers(18, 61, n).astype(float)
    sector = rng.choice(["IT", "care", "farm"], n)
    wage = rng.normal(size=n)
    chance = 0.1 + 0.1 * (wage > 0) + planted * ((region == "b") & (age < 30) & (sector == "IT"))
    selected = rng.random(n) < chance
    return {
        "origin": region,
        "selected": selected,
        "features": {
            "age": age,
            "sector": sector,
            "wage": wage,
            **{f"f{k}": rng.normal(size=n) for k in range(4)},
        },
        "declared": ("wage",),
    }


def cases_of(make: Make, columns: dict[str, Any], **more: Any) -> ScoredCases:
    score = columns["selected"] * 0.5 + np.linspace(0, 0.4, len(columns["selected"]))
    return make(
        origin=list(columns["origin"]),
        score=score.tolist(),
        selected=columns["selected"].tolist(),
        features={name: list(values) for name, values in columns["features"].items()},
        declared=columns["declared"],
        **more,
    )


def confirmed(outcome: Outcome) -> list[Finding]:
    return [f for f in outcome.findings if f.statistic.startswith("subgroup_") and f.estimate]


def count(outcome: Outcome, group: str) -> float:
    (finding,) = outcome.select("confirmed_subgroups", group=group)
    assert finding.estimate is not None
    return finding.estimate.value


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_subgroup_is_found_named_and_confirmed_with_and_without_the_declared_factor(
    make: Make, seed: int
) -> None:
    outcome = subgroups.run(cases_of(make, world(seed, 12_000, planted=0.35)), "origin")
    found = {finding.statistic: finding for finding in confirmed(outcome) if {"age", "sector"} <= set(finding.features)}
    assert set(found) == {"subgroup_selection_rate_difference", "subgroup_conditional_difference"}
    for finding in found.values():
        assert "age <= " in str(finding.step)
        assert "sector = IT" in str(finding.step)
        assert finding.estimate is not None
        assert finding.estimate.low is not None
        assert 0 < finding.estimate.low < 0.35 < (finding.estimate.high or 1) + 0.1
        assert finding.p_adjusted is not None
        assert finding.p_adjusted <= 0.05
    assert {finding.group for finding in confirmed(outcome)} == {"b"}
    assert (count(outcome, "a"), count(outcome, "c")) == (0, 0)
    assert count(outcome, "b") >= 2


def test_the_same_subgroup_is_found_among_clusters(make: Make) -> None:
    columns = world(1, 12_000, planted=0.35)
    cluster = np.random.default_rng(1).integers(0, 300, len(columns["origin"]))
    outcome = subgroups.run(cases_of(make, columns, cluster=cluster.tolist()), "origin")
    assert any({"age", "sector"} <= set(finding.features) for finding in confirmed(outcome))


def false_alarms(make: Make, worlds: int, n: int) -> int:
    return sum(bool(confirmed(subgroups.run(cases_of(make, world(seed, n)), "origin"))) for seed in range(worlds))


def test_worlds_without_a_subgroup_confirm_none(make: Make) -> None:
    assert false_alarms(make, 15, 1500) <= 3  # of 15: more has chance 1 in 200 at 5 %


@pytest.mark.statistics
def test_false_confirmations_stay_under_five_in_a_hundred_worlds(make: Make) -> None:
    assert false_alarms(make, 300, 1500) / 300 <= 0.075


def test_what_a_declared_factor_explains_is_found_and_not_given_the_factor(make: Make) -> None:
    rng = np.random.default_rng(4)
    columns = world(4)
    n = len(columns["origin"])
    wage = rng.normal(size=n) + 1.0 * (columns["origin"] == "b")
    columns["features"]["wage"] = wage
    columns["selected"] = rng.random(n) < 1 / (1 + np.exp(2.5 - 1.5 * wage * (columns["features"]["sector"] == "IT")))
    outcome = subgroups.run(cases_of(make, columns), "origin")
    found = {finding.statistic for finding in confirmed(outcome)}
    assert found == {"subgroup_selection_rate_difference"}


def test_half_of_the_cases_confirm_what_the_other_half_found(make: Make) -> None:
    cases = cases_of(make, world(1, 12_000, planted=0.35))
    found = [f for f in confirmed(subgroups.run(cases, "origin")) if f.features == ("age", "sector")]
    assert found
    for finding in found:
        upto = float(str(finding.step).split("<= ")[1].split(";")[0])
        slice_ = (cases.features["age"] <= upto) & (cases.features["sector"] == "IT")
        member = slice_.to_numpy() & (cases.groupings["origin"].codes == 1)
        assert finding.counts is not None
        assert finding.counts.n == pytest.approx(member.sum() / 2, rel=0.15)
        assert finding.counts.reference_n == pytest.approx((slice_.sum() - member.sum()) / 2, rel=0.15)


def crossing(make: Make, *, sexes: list[str], origins: list[str], selected: list[bool]) -> ScoredCases:
    cases = make(
        origin=origins,
        score=[0.9 if chosen else 0.1 for chosen in selected],
        selected=selected,
        plan={"attributes": ["origin", "sex"]},
    )
    sex = Grouping.of("sex", pd.Series(sexes, index=cases.features.index))
    return replace(cases, groupings={**cases.groupings, "sex": sex})


def test_every_cell_of_two_attributes_is_compared_with_everyone_else(make: Make) -> None:
    origins = ["a"] * 300 + ["b"] * 100 + ["c"] * 6
    sexes = ["m", "w"] * 200 + ["w"] * 6
    selected = [k % 10 == 0 or (k >= 300 and sexes[k] == "w" and k % 3 == 0) for k in range(406)]
    cases = crossing(make, sexes=sexes, origins=origins, selected=selected)
    outcome = subgroups.run(cases, "origin")
    cells = outcome.select("intersection_selection_rate_difference")
    assert {cell.group for cell in cells} == {"a × m", "a × w", "b × m", "b × w", "c × w"}
    assert {cell.step for cell in cells} == {"by:sex"}
    found = {cell.group: cell for cell in cells}
    for cell in cells:
        assert cell.counts is not None
        assert cell.counts.n + (cell.counts.reference_n or 0) == 406
    small = found["c × w"]
    assert small.counts is not None
    events, n = small.counts.events, small.counts.n
    assert small.p_value == pytest.approx(fisher((events, n), (sum(selected) - events, 406 - n)))
    wide = found["b × w"]
    assert wide.p_adjusted is not None
    assert wide.p_value is not None
    assert wide.p_value < wide.p_adjusted < 0.001
    assert not subgroups.run(cases, "sex").select("intersection_selection_rate")


def test_an_attribute_that_follows_from_another_makes_no_cells(make: Make) -> None:
    origins = ["x", "y", "z"] * 60
    region = ["east" if name == "x" else "west" for name in origins]
    cases = crossing(make, sexes=region, origins=origins, selected=[True, False, False, False] * 45)
    assert not subgroups.run(cases, "origin").select("intersection_selection_rate")


def test_a_small_cell_cannot_be_worked_out_from_its_row_or_column(make: Make) -> None:
    origins = ["a"] * 400 + ["b"] * 200 + ["c"] * 100
    sexes = ["m", "w"] * 200 + ["m"] * 150 + ["w"] * 50 + ["m"] * 4 + ["w"] * 96
    selected = [k % 3 == 0 for k in range(700)]
    cases = crossing(make, sexes=sexes, origins=origins, selected=selected)
    outcome = subgroups.run(cases, "origin")
    shown = Disclosure.of([outcome])
    cells = {f.group: shown.shows(outcome, f) for f in outcome.select("intersection_selection_rate")}
    assert not cells["c × m"]
    # one more in its row, one more in its column, and the corner that both could be worked out from
    assert not cells["c × w"]
    assert sum(not cells[f"{row} × m"] for row in "ab") == 1
    for row in "abc":
        assert sum(not cells[f"{row} × {sex}"] for sex in "mw") != 1
    assert sum(cells.values()) == 2
    assert shown.sizes["origin by:sex"]["a × m"] == 200
    assert set(shown.sizes.get("origin", {})) <= {"a", "b", "c"}


def test_without_features_the_groups_keep_their_places(make: Make) -> None:
    cases = make(origin=["a", "b"] * 100, score=[0.5] * 200, selected=[True, False, False, False] * 50)
    outcome = subgroups.run(cases, "origin")
    assert outcome.status == "measured"
    assert {finding.group for finding in outcome.select("confirmed_subgroups")} == {"a", "b"}
    assert all(finding.reason for finding in outcome.select("confirmed_subgroups"))
