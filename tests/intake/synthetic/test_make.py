from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from igw_audit.intake import read_cases, read_protected
from igw_audit.intake.synthetic import DEMO, PILOTS, SCENARIOS, SyntheticPilot, synthesize

Maker = Callable[..., SyntheticPilot]


@pytest.mark.parametrize("pilot", PILOTS)
def test_the_same_seed_gives_the_same_tables_and_another_seed_others(pilot: str) -> None:
    one, again, other = (synthesize(pilot, n=2000, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one.cases, again.cases)
    pd.testing.assert_frame_equal(one.protected, again.protected)
    assert one.truth == again.truth
    assert not one.cases.equals(other.cases)


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_schema_fits_the_tables(made: Maker, pilot: str, scenario: str) -> None:
    one = made(pilot, scenario, n=3000)
    assert set(one.schema.columns) == set(one.cases.columns)
    table = read_cases(one.cases, one.schema)
    assert len(table) == one.truth.n
    assert table.label_types is not None
    assert set(table.label_types) >= {"none", "administrative", "deliberate_false_information", "unknown"}
    assert len(read_protected(one.protected, id_column="case_id")) == one.truth.n


@pytest.mark.parametrize("pilot", PILOTS)
def test_no_protected_attribute_is_in_the_case_table(made: Maker, pilot: str) -> None:
    one = made(pilot)
    assert set(one.cases.columns) & set(one.protected.columns) == {"case_id"}
    names = set(one.protected["nationality"].dropna())
    for column in one.cases.select_dtypes(exclude="number"):
        assert not names & set(one.cases[column].dropna().unique()), column


@pytest.mark.parametrize("pilot", PILOTS)
def test_nationalities_have_their_shares_and_some_are_not_recorded(made: Maker, pilot: str) -> None:
    one = made(pilot, n=40_000)
    expected = PILOTS[pilot].population.shares()
    assert expected.sum() == pytest.approx(1)
    found = one.protected["nationality"].value_counts(normalize=True)
    for name, share in expected[expected >= 0.02].items():
        assert found[str(name)] == pytest.approx(share, abs=4 * math.sqrt(share / 40_000))
    assert one.protected["nationality"].isna().mean() == pytest.approx(one.truth.switches.not_recorded, abs=0.003)
    assert 0 < one.protected["age_band"].isna().mean() < 0.02


@pytest.mark.parametrize("pilot", PILOTS)
def test_planted_proxies_go_with_the_affected_nationalities_and_controls_do_not(made: Maker, pilot: str) -> None:
    one = made(pilot, n=40_000)
    affected = one.protected["nationality"].isin(one.truth.affected)
    for proxy in one.truth.proxies:
        if proxy.active:
            assert apart(one.cases[proxy.column], affected) > 0.3, proxy.column
    for column in one.truth.controls:
        assert apart(one.cases[column], affected) < 0.03, column


def apart(values: pd.Series, member: pd.Series) -> float:
    """Give the total variation distance between the values of members and of others."""
    table = pd.crosstab(values, member, normalize="columns")
    return float((table[True] - table[False]).abs().sum() / 2)


def test_a_proxy_says_something_within_a_nationality_in_its_scenario_only(made: Maker) -> None:
    def ratio(scenario: str) -> float:
        one = made("knowledge", scenario, n=40_000)
        india = one.protected["nationality"] == "India"
        clustered = one.cases["postcode4"].str[:3].isin(["118", "561", "562"])
        chance = one.truth_cases["true_chance"]
        return float(chance[india & clustered].mean() / chance[india & ~clustered].mean())

    assert ratio("none") == pytest.approx(1, abs=0.1)
    assert ratio("proxy") > 1.5


def test_knowledge_permits_follow_the_published_facts(made: Maker) -> None:
    one = made("knowledge", n=40_000)
    cases, people = one.cases, one.protected
    india = people["nationality"] == "India"
    assert (cases["sector"][india] == "ict").mean() == pytest.approx(0.75, abs=0.02)
    assert (cases["sector"] == "ict").mean() == pytest.approx(0.23, abs=0.03)
    assert (cases["sector"] == "business services").mean() == pytest.approx(0.24, abs=0.03)
    assert (people["sex"] == "man").mean() == pytest.approx(0.74, abs=0.01)
    assert (people["age_band"].dropna() != "40 and over").mean() > 0.66
    assert cases["postcode4"][india].str.startswith("118").mean() > 0.3


def test_a_few_sponsors_have_many_permits_and_each_has_one_description(made: Maker) -> None:
    cases = made("knowledge", n=40_000).cases
    sizes = cases["sponsor_id"].value_counts()
    assert 5 < sizes.mean() < 12
    assert sizes.iloc[:100].sum() / sizes.sum() > 0.2
    assert sizes.iloc[0] / sizes.sum() < 0.05
    own = ["legal_form", "company_age_years", "fte", "own_website", "negative_equity", "prior_warning", "sector"]
    assert len(cases[["sponsor_id", *own]].drop_duplicates()) == len(sizes)


def test_firms_with_a_board_from_outside_europe_are_younger_and_smaller_as_in_the_old_risk_model(made: Maker) -> None:
    one = made("knowledge", n=40_000)
    firms = one.cases.assign(origin=one.protected["board_origin"]).drop_duplicates("sponsor_id")
    by = firms.groupby("origin")[["own_website", "company_age_years", "fte"]].mean()
    assert (by.loc["outside Europe"] < by.loc["Netherlands"]).all()


def test_study_progress_follows_the_norm(made: Maker) -> None:
    cases = made("study").cases
    needed = np.where(cases["level"] == "preparatory year", 1.0, 0.5)
    short = cases["ects_obtained"] / cases["ects_nominal"] < needed
    assert ((cases["below_progress_norm"] == 1) == short).all()
    assert set(cases["ects_nominal"]) == {30, 60}
    assert cases["excusable_reason"][short].mean() == pytest.approx(1 / 3, abs=0.05)
    assert (cases["excusable_reason"][~short] == 0).all()


def test_people_educated_in_english_have_no_language_test(made: Maker) -> None:
    one = made("study")
    exempt = one.protected["nationality"].isin(["United States", "United Kingdom", "South Africa"])
    assert one.cases["language_test_present"][exempt].mean() < 0.12
    assert one.cases["language_test_present"][~exempt & one.protected["nationality"].notna()].mean() > 0.9


def test_an_orientation_year_without_a_job_has_no_salary(made: Maker) -> None:
    cases = made("talent").cases
    assert cases["salary_ratio"].isna().equals(cases["job_found"] == 0)


@pytest.mark.parametrize("pilot", PILOTS)
def test_the_truth_counts_everybody_in_every_attribute(made: Maker, pilot: str) -> None:
    truth = made(pilot).truth
    for attribute in {rate.attribute for rate in truth.rates}:
        of = [rate for rate in truth.rates if rate.attribute == attribute and rate.event == "investigated"]
        assert sum(rate.n for rate in of) == truth.n
        assert [rate.n for rate in of] == sorted((rate.n for rate in of), reverse=True)


def test_the_demo_takes_each_pilot_once_and_stays_small() -> None:
    assert set(DEMO) == set(PILOTS)
    assert all(setting.scenario in SCENARIOS and setting.n <= 60_000 for setting in DEMO.values())
