"""Every case is in exactly one group of each attribute, and a plan that names what is not there is told so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.core.cases import ALL_OTHER, NOT_RECORDED, Grouping
from igw_audit.core.plan import Plan
from igw_audit.core.tables import ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake import group_cases, read_protected, values_without_region
from igw_audit.intake.regions import NO_REGION

COUNTRIES = ["India", "India", "India", "Turkey", "Turkey", "Iran", "Brazil", None, "Atlantis", "Turkije"]


def protected(countries: list[str | None] | None = None) -> ProtectedTable:
    values = COUNTRIES if countries is None else countries
    ids = [f"C-{number:03d}" for number in range(len(values))]
    frame = pd.DataFrame({"case_id": ids, "country": pd.Series(values, dtype=object), "sex": ["f"] * len(values)})
    return read_protected(frame, id_column="case_id")


def plan(**keys: Any) -> Plan:
    return Plan(**{"attributes": ("country",), "capacity": 2, **keys})


def sizes(grouping: Grouping) -> dict[str, int]:
    return dict(zip(grouping.names, grouping.sizes().tolist(), strict=True))


def grouped(table: ProtectedTable, **keys: Any) -> dict[str, dict[str, int]]:
    found = group_cases(table, table.frame.index, plan(**keys))
    return {name: sizes(grouping) for name, grouping in found.items()}


def test_missing_values_are_a_group_of_their_own() -> None:
    assert grouped(protected())["country"][NOT_RECORDED] == 1


def test_the_plan_joins_values_into_groups_and_leaves_the_rest_as_they_are() -> None:
    found = grouped(protected(), groups={"country": {"Turkey": "Türkiye", "Turkije": "Türkiye"}})["country"]
    assert (found["Türkiye"], found["India"], found["Atlantis"]) == (3, 3, 1)


def test_the_largest_stay_apart_and_nobody_is_lost() -> None:
    found = grouped(protected(), largest={"country": 2})["country"]
    assert found == {ALL_OTHER: 4, "India": 3, "Turkey": 2, NOT_RECORDED: 1}


def test_the_not_recorded_never_take_a_place_among_the_largest() -> None:
    found = grouped(protected(["India", None, None, None, "Iran"]), largest={"country": 1})["country"]
    assert found == {NOT_RECORDED: 3, "India": 1, ALL_OTHER: 1}


def test_a_region_is_made_from_a_country_in_english_or_dutch() -> None:
    found = grouped(
        protected(), attributes=("region",), derived={"region": {"source": "country", "lexicon": "world_regions"}}
    )["region"]
    assert found == {
        "South Asia": 3,
        "Turkey, Caucasus and Central Asia": 3,
        "Middle East and North Africa": 1,
        "Latin America and Caribbean": 1,
        NOT_RECORDED: 1,
        NO_REGION: 1,
    }


def test_values_without_a_region_are_listed_once() -> None:
    made = plan(attributes=("region",), derived={"region": {"source": "country", "lexicon": "world_regions"}})
    assert values_without_region(protected(), made) == {"region": ("Atlantis",)}


def test_groupings_follow_the_order_of_the_ids() -> None:
    table = protected()
    ids = table.frame.index[::-1]
    grouping = group_cases(table, ids, plan())["country"]
    assert [grouping.names[code] for code in grouping.codes][:2] == ["Turkije", "Atlantis"]


def test_a_case_of_the_table_that_is_not_asked_for_is_left_out() -> None:
    table = protected()
    assert sizes(group_cases(table, table.frame.index[:4], plan())["country"]) == {"India": 3, "Turkey": 1}


def test_a_group_may_be_shown_though_no_held_out_case_is_in_it() -> None:
    table = protected()
    found = group_cases(table, table.frame.index[:4], plan(shown={"country": ("Iran", NOT_RECORDED)}))
    assert "Iran" not in found["country"].names


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["a", "b", "c", "d", " ", "", None]), min_size=1, max_size=60),
    st.one_of(st.none(), st.integers(1, 5)),
)
def test_nobody_is_left_out_and_nobody_stands_twice(values: list[str | None], most: int | None) -> None:
    table = protected(values)
    grouping = group_cases(table, table.frame.index, plan(largest={} if most is None else {"country": most}))["country"]
    assert grouping.sizes().sum() == len(values)
    missing = np.array([value is None or not value.strip() for value in values])
    told = np.array([grouping.names[code] == NOT_RECORDED for code in grouping.codes])
    assert (missing == told).all()


def error(table: ProtectedTable | None = None, ids: Any = None, **keys: Any) -> str:
    table = table or protected()
    with pytest.raises(InputError) as caught:
        group_cases(table, table.frame.index if ids is None else ids, plan(**keys))
    return str(caught.value)


REGION = {"region": {"source": "country", "lexicon": "world_regions"}}
BREAKS: dict[str, tuple[Callable[[], str], str]] = {
    "attribute that is not there": (
        lambda: error(attributes=("contry",)),
        "attributes: the protected table has no column 'contry'; did you mean 'country'?",
    ),
    "attribute that is nothing like one": (
        lambda: error(attributes=("age",)),
        "the protected table has no column 'age'; expected one of country, sex.",
    ),
    "derived from a column that is not there": (
        lambda: error(attributes=("region",), derived={"region": {"source": "natonality", "lexicon": "world_regions"}}),
        "derived.region: the protected table has no column 'natonality'",
    ),
    "derived under the name of a column": (
        lambda: error(attributes=("sex",), derived={"sex": {"source": "country", "lexicon": "world_regions"}}),
        "derived.sex: the protected table has a column of that name; choose another name",
    ),
    "derived and not audited": (
        lambda: error(derived=REGION),
        "derived: the plan does not audit 'region'; expected one of country. Add it to attributes",
    ),
    "groups of an attribute that is not audited": (
        lambda: error(groups={"sex": {"f": "women"}}),
        "groups: the plan does not audit 'sex'",
    ),
    "largest of an attribute that is not audited": (
        lambda: error(largest={"contry": 3}),
        "largest: the plan does not audit 'contry'; did you mean 'country'?",
    ),
    "reference for an attribute that is not audited": (
        lambda: error(reference={"sex": "f"}),
        "reference: the plan does not audit 'sex'",
    ),
    "shown of an attribute that is not audited": (
        lambda: error(shown={"nationality": ("x",)}),
        "shown: the plan does not audit 'nationality'",
    ),
    "reference that nobody is in": (
        lambda: error(reference={"country": "Indai"}),
        "reference.country: no case is in a group 'Indai'; did you mean 'India'?",
    ),
    "reference that was pooled": (
        lambda: error(reference={"country": "Iran"}, largest={"country": 2}),
        "'Iran' is not among the 2 largest groups, so its cases are in '(all other)'; raise largest.country",
    ),
    "reference by its name before grouping": (
        lambda: error(reference={"country": "Turkey"}, groups={"country": {"Turkey": "Türkiye", "Turkije": "Türkiye"}}),
        "no case is in a group 'Turkey'; did you mean 'Türkiye'?",
    ),
    "reference that no held-out case is in": (
        lambda: error(ids=protected().frame.index[:4], reference={"country": "Iran"}),
        "no case is in a group 'Iran'",
    ),
    "shown group that cannot be": (
        lambda: error(shown={"country": ("Brasil",)}),
        "shown.country: no case is in a group 'Brasil'; did you mean 'Brazil'?",
    ),
    "shown region that does not exist": (
        lambda: error(attributes=("region",), derived=REGION, shown={"region": ("Southern Asia",)}),
        "shown.region: no case is in a group 'Southern Asia'; did you mean 'South Asia'?",
    ),
    "groups in another spelling": (
        lambda: error(groups={"country": {"INDIA": "x", "Turkey": "y"}}),
        "groups.country: the table writes 'India', the plan 'INDIA'; write it as in the table",
    ),
    "groups of which none occurs": (
        lambda: error(groups={"country": {"Peru": "x", "Chile": "y"}}),
        "groups.country: none of the values 'Peru' and 'Chile' is in the table",
    ),
    "the not recorded merged into a group": (
        lambda: error(groups={"country": {"": "India", "Turkey": "x"}}),
        "people of whom nothing is recorded are a group of their own",
    ),
    "a group merged into the not recorded": (
        lambda: error(groups={"country": {"Atlantis": NOT_RECORDED}}),
        "neither merged with others nor filled from them",
    ),
    "a case without a protected row": (
        lambda: error(ids=pd.Index(["C-001", "X-1"])),
        "1 of 2 cases has no row in the protected table: 'X-1'; add a row for each",
    ),
    "no case with a protected row": (
        lambda: error(ids=pd.Index(["X-1", "X-2"])),
        "not one of the 2 cases has a row in the protected table (for example 'X-1' and 'X-2'). Are they the tables of",
    ),
    "ids written in another way": (
        lambda: error(ids=pd.Index(["c-001", "c-002"])),
        "They would join if leading zeros, decimals and case did not matter",
    ),
}


@pytest.mark.parametrize(("breaking", "useful"), BREAKS.values(), ids=BREAKS)
def test_says_what_is_wrong_with_a_plan_that_has(breaking: Callable[[], str], useful: str) -> None:
    assert useful in breaking()


def test_all_problems_of_a_plan_come_in_one_error() -> None:
    told = error(attributes=("country", "age"), largest={"x": 1}, reference={"y": "z"})
    for part in ("attributes: ", "largest: ", "reference: "):
        assert part in told
