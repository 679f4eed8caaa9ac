from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.audits.a008_direct_use import direct_use
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Outcome

Make = Callable[..., ScoredCases]
N = 600
ORIGIN = np.random.default_rng(0).choice(["India", "China", "Turkey", "Iran"], N, p=[0.4, 0.3, 0.2, 0.1])


def audit(make: Make, features: dict[str, Any], **more: Any) -> Outcome:
    cases = make(
        origin=ORIGIN.tolist(),
        score=[k / N for k in range(N)],
        selected=[True, False] * (N // 2),
        features={name: list(values) for name, values in features.items()},
        **more,
    )
    outcome = direct_use.run(cases, "origin")
    assert outcome.status == "measured"
    return outcome


def flagged(outcome: Outcome) -> set[str]:
    return {name for finding in outcome.findings if finding.level == "direct_use" for name in finding.features}


@pytest.mark.parametrize("name", ["nationality", "aanvrager_nationaliteit", "geboorteland", "mvv_plicht", "surname"])
def test_a_forbidden_name_is_direct_use_whatever_it_holds(make: Make, name: str) -> None:
    outcome = audit(make, {name: np.random.default_rng(1).normal(size=N)})
    assert outcome.level == "direct_use"
    assert flagged(outcome) == {name}


def test_a_suspect_name_is_reported_and_is_not_direct_use(make: Make) -> None:
    outcome = audit(make, {"postcode": np.random.default_rng(1).integers(1000, 1100, N).astype(float)})
    (finding,) = outcome.select("name_in_lexicon")
    assert finding.features == ("postcode",)
    assert finding.level is None
    assert outcome.level is None


def test_the_attributes_own_column_is_direct_use(make: Make) -> None:
    outcome = audit(make, {"Origin": ["x"] * N})
    assert [finding.features for finding in outcome.select("own_column")] == [("Origin",)]
    assert outcome.level == "direct_use"


@pytest.mark.parametrize(
    "values",
    [
        [{"India": "k7", "China": "k1", "Turkey": "k3", "Iran": "k9"}[name] for name in ORIGIN],
        [{"India": 17.0, "China": 3.0, "Turkey": 99.0, "Iran": 4.0}[name] for name in ORIGIN],
        [float(name in {"India", "China"}) for name in ORIGIN],
        [f"{name}-{k % 5}" for k, name in enumerate(ORIGIN)],
        [{"India": 0, "China": 10, "Turkey": 20, "Iran": 30}[name] + k / N for k, name in enumerate(ORIGIN)],
        ["wrong" if k == 300 else name for k, name in enumerate(ORIGIN)],
        [name if name != "Iran" else None for name in ORIGIN],
    ],
    ids=[
        "renamed",
        "numbered",
        "a flag set by it",
        "split finer",
        "hidden in a range",
        "one mistyped",
        "one as missing",
    ],
)
def test_a_recoding_under_a_neutral_name_is_direct_use(make: Make, values: list[Any]) -> None:
    rng = np.random.default_rng(3)
    outcome = audit(make, {"f17": values, "noise": rng.normal(size=N), "kind": rng.choice(["p", "q"], N)})
    assert flagged(outcome) == {"f17"}
    assert outcome.level == "direct_use"


def test_missing_values_and_dates_are_values_too(make: Make) -> None:
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(np.arange(N), unit="D")
    missing = [float("nan") if name == "Iran" else k / N for k, name in enumerate(ORIGIN)]
    outcome = audit(make, {"f1": missing, "day": list(days.where(ORIGIN != "Turkey")), "other_day": list(days)})
    levels = {(f.features[0], f.group) for f in outcome.findings if f.level == "direct_use"}
    assert levels == {("f1", "Iran"), ("day", "Turkey")}


def test_a_value_that_gives_one_group_away_is_direct_use_for_that_group(make: Make) -> None:
    rng = np.random.default_rng(5)
    values = np.where(ORIGIN == "Turkey", "t", rng.choice(["u", "v"], N))
    outcome = audit(make, {"f1": values.tolist()})
    levels = {f.group: f.level for f in outcome.select("value_tells_group") if f.group}
    assert levels == {"India": None, "China": None, "Turkey": "direct_use", "Iran": None}


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_proxy_that_is_no_encoding_is_left_to_the_audit_of_use(make: Make, share: float) -> None:
    rng = np.random.default_rng(6)
    values = np.where(rng.random(N) < share, ORIGIN, rng.choice(np.unique(ORIGIN), N))
    districts = [{"India": "k7", "China": "k1", "Turkey": "k3", "Iran": "k9"}[name] for name in values]
    outcome = audit(make, {"region_code": districts, "f2": districts})
    assert outcome.level is None


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("name", ["PlaceofBirth", "f17"])
@pytest.mark.parametrize("declared", [(), ("f17", "PlaceofBirth")], ids=["undeclared", "declared"])
def test_a_feature_of_countries_is_direct_use_however_well_it_tells_the_group(
    make: Make, name: str, share: float, declared: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(6)
    values = np.where(rng.random(N) < share, ORIGIN, rng.choice(np.unique(ORIGIN), N))
    outcome = audit(make, {name: values.tolist(), "noise": rng.normal(size=N)}, declared=declared)
    (finding,) = outcome.select("values_are_origin")
    assert (finding.features, finding.level) == ((name,), "direct_use")
    assert finding.reason is not None
    assert "half or more of its values are countries" in finding.reason.en
    assert outcome.level == "direct_use"


def test_a_column_of_ids_gives_nobody_away(make: Make) -> None:
    outcome = audit(make, {"reference": [f"r{k}" for k in range(N)], "amount": np.random.default_rng(7).random(N)})
    assert outcome.level is None
    finding = next(f for f in outcome.select("value_tells_group") if f.group is None and f.features == ("reference",))
    assert finding.estimate is None
    assert finding.reason is not None


def test_innocent_features_are_never_taken_for_an_encoding(make: Make) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(4, 60))
        cases = make(
            origin=rng.choice(["a", "b", "c"], n).tolist(),
            score=rng.random(n).tolist(),
            selected=[True] + [False] * (n - 1),
            features={
                "f1": rng.integers(0, 3, n).astype(float).tolist(),
                "f2": rng.choice(["x", "y"], n, p=[0.95, 0.05]).tolist(),
                "f3": rng.random(n).tolist(),
            },
        )
        assert direct_use.run(cases, "origin").level is None


def test_a_declared_factor_keeps_its_reason_unless_it_encodes_origin(make: Make) -> None:
    age = np.random.default_rng(8).uniform(18, 60, N)
    band = np.where(age < 30, "under 30", "30 and over")
    columns: dict[str, Any] = {
        "origin": band.tolist(),
        "score": age.tolist(),
        "selected": [True, False] * (N // 2),
        "features": {"years": age.tolist()},
    }
    about_age = make(**columns, declared=("years",), plan={"attributes": ["age_band"]})
    about_age = about_age_grouping(about_age)
    assert direct_use.run(about_age, "age_band").level is None
    undeclared = about_age_grouping(make(**columns, plan={"attributes": ["age_band"]}))
    assert direct_use.run(undeclared, "age_band").level == "direct_use"
    as_origin = make(**columns, declared=("years",))
    assert direct_use.run(as_origin, "origin").level == "direct_use"


def about_age_grouping(cases: ScoredCases) -> ScoredCases:
    from dataclasses import replace

    grouping = cases.groupings["origin"]
    return replace(cases, groupings={"age_band": replace(grouping, attribute="age_band")})


def test_forbidden_names_are_reported_under_the_attribute_that_they_stand_for(make: Make) -> None:
    from dataclasses import replace

    cases = make(
        origin=ORIGIN.tolist(),
        score=[0.5] * N,
        selected=[True, False] * (N // 2),
        features={"nationality": ["x"] * N},
        plan={"attributes": ["sex", "region"], "derived": {"region": {"source": "nationality"}}},
    )
    grouping = cases.groupings["origin"]
    cases = replace(
        cases,
        groupings={
            "sex": replace(grouping, attribute="sex", codes=np.arange(N, dtype=np.int64) % 4),
            "region": replace(grouping, attribute="region"),
        },
    )
    assert direct_use.run(cases, "sex").level is None
    assert direct_use.run(cases, "region").level == "direct_use"
