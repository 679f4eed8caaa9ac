"""The unit may be a sponsor, by the origin of its people; and permits of one sponsor are not independent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import igw_audit
from igw_audit.audits.a007_proxy_use import proxy_use_of_model
from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan
from igw_audit.intake.regions import region_of
from igw_audit.intake.synthetic import synthesize

USED = ("strong_use", "weak_use")


def largest_region(nationality: pd.Series) -> str:
    """Give the region that most of a sponsor's people hold a nationality of; a tie has none that is largest."""
    counts = nationality.map(region_of, na_action="ignore").value_counts()
    if counts.empty:
        return ""
    return "no largest region" if (counts == counts.iloc[0]).sum() > 1 else str(counts.index[0])


@pytest.fixture(scope="module")
def sponsors() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give one row a sponsor, and a protected table with the largest region of its migrants."""
    pilot = synthesize("knowledge", n=16_000, seed=3, scenario="none")
    permits = pilot.cases.merge(pilot.protected, on="case_id")
    by_sponsor = permits.groupby("sponsor_id")
    cases = by_sponsor.agg(
        company_age_years=("company_age_years", "first"),
        fte=("fte", "first"),
        late=("notification_days_late", "mean"),
        ratio=("turnover_wage_ratio", "first"),
    )
    origin = by_sponsor["nationality"].agg(largest_region).to_frame("largest_region")
    rng = np.random.default_rng(0)
    # a neutral name that goes with the origin of people, and one that does as well and is left alone
    cases["phone_orders"] = rng.normal(size=len(cases)) + 1.2 * (origin["largest_region"] == "South Asia")
    cases["window_size"] = rng.normal(size=len(cases)) + 1.2 * (origin["largest_region"] == "South Asia")
    cases.index.name = origin.index.name = "id"
    return cases.fillna(cases.median()), origin


def test_sponsors_are_audited_by_the_origin_of_their_people(sponsors: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    cases, origin = sponsors
    spread = cases.std()
    rule = lambda frame: frame["late"] / spread["late"] + 0.5 * frame["phone_orders"]  # noqa: E731
    record = igw_audit.audit(
        cases,
        protected=origin,
        model=rule,
        plan={
            "attributes": ["largest_region"],
            "declared": ["late"],
            "features": ["company_age_years", "fte", "ratio", "phone_orders", "window_size"],
            "capacity": 0.1,
            "largest": {"largest_region": 4},
            "audits": ["A001", "A007"],
        },
    )
    outcome = record.outcome("A007", "largest_region")
    used = {(f.features, f.group) for f in outcome.select("delta") if f.level in USED}
    assert (("phone_orders",), "South Asia") in used
    assert {features for features, _ in used} == {("phone_orders",)}
    rates = record.outcome("A001", "largest_region").select("selection_rate")
    assert sum(f.counts.n for f in rates if f.counts and f.step is None) == len(cases)


def _permits(seed: int, *, leans: float) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Give permits of sponsors that each hire mostly from one origin; what the sponsor is may lean on that origin."""
    rng = np.random.default_rng(seed)
    sizes = np.minimum(60, 1 + (rng.pareto(1.3, 400) * 4).astype(np.int64))
    cluster = np.repeat(np.arange(400), sizes)
    prefers = rng.random(400) < 0.4
    far = np.where(rng.random(len(cluster)) < 0.85, prefers[cluster], rng.random(len(cluster)) < 0.4)
    own = rng.normal(size=400) + leans * prefers
    frame = pd.DataFrame(
        {"firm": own[cluster], "person": rng.normal(size=len(cluster)), "age": rng.normal(size=len(cluster))},
        index=pd.Index([f"p{number:05d}" for number in range(len(cluster))], name="id"),
    )
    return frame, np.where(far, "far", "near"), cluster


def _audited(seed: int, *, leans: float, clustered: bool) -> Outcome:
    frame, origin, cluster = _permits(seed, leans=leans)
    model = LinearRegression().fit(frame, 0.7 * frame["firm"] + 0.7 * frame["person"] + 0.3 * frame["age"])

    def predict(other: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.asarray(model.predict(other))

    score = predict(frame)
    return proxy_use_of_model.run(
        ScoredCases(
            plan=Plan(attributes=("origin",), capacity=0.2),
            features=frame,
            score=score,
            selected=score >= np.quantile(score, 0.8),
            groupings={"origin": Grouping.of("origin", pd.Series(origin, index=frame.index))},
            cluster=cluster if clustered else None,
            predict=predict,
            model=model,
        ),
        "origin",
    )


def _used(outcome: Outcome) -> set[tuple[str, ...]]:
    return {finding.features for finding in outcome.select("delta") if finding.level in USED}


def test_what_a_few_large_sponsors_happen_to_be_is_no_use_once_their_permits_count_as_clusters() -> None:
    with_clusters = [_used(_audited(seed, leans=0.0, clustered=True)) for seed in range(8)]
    without = [_used(_audited(seed, leans=0.0, clustered=False)) for seed in range(8)]
    assert sum(map(bool, with_clusters)) <= 1
    # 400 sponsors decide, not their thousands of permits
    assert sum(map(bool, without)) >= 5


def test_what_sponsors_of_one_origin_have_in_common_is_found_through_the_clusters() -> None:
    found = [_used(_audited(seed, leans=0.9, clustered=True)) for seed in range(4)]
    assert found == [{("firm",)}] * 4
