"""The two PERM tables of the United States Department of Labor, read as somebody would who has just received them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.cases import ALL_OTHER
from igw_audit.core.plan import Plan
from igw_audit.errors import InputError
from igw_audit.intake import group_cases, infer_schema, read_cases, read_protected, values_without_region
from igw_audit.intake.regions import place

FOLDER = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "perm"
DENIAL = "The certifying officer denied the labour certification that the employer applied for."

pytestmark = pytest.mark.real


def table(name: str) -> Path:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path.name} is not in {path.parent.name}/ beside the checkout")
    return path


def schema(columns: dict[str, Any], names: list[str], **keys: Any) -> dict[str, Any]:
    return {
        "columns": {**dict.fromkeys(names, "ignore"), **columns},
        "label": {
            "values": {"Denied": "denial", "Certified": "none", "Certified-Expired": "none", "Withdrawn": "unknown"},
            "types": {"denial": DENIAL},
        },
        **keys,
    }


LATER = {
    "X": "id",
    "case_received_date": "time",
    "employer_name": "cluster",
    "case_status": "label",
    "wage_offer_from_9089": {"role": "feature", "type": "number"},
    "wage_offer_unit_of_pay_9089": {"role": "feature", "type": "category"},
    "foreign_worker_info_education": {"role": "feature", "type": "category"},
    "job_info_work_state": {"role": "feature", "type": "category"},
    "employer_size": {"role": "feature", "type": "category"},
}
EARLIER = {
    "case_no": "id",
    "received_date": {"role": "time", "format": "%m/%d/%Y %H:%M:%S"},
    "employer_name": "cluster",
    "case_status": "label",
    "pw_amount": {"role": "feature", "type": "number"},
    "pw_level": {"role": "feature", "type": "category"},
    "wage_per": {"role": "feature", "type": "category"},
}


def header(path: Path) -> list[str]:
    with path.open(encoding="windows-1252") as stream:
        return [name.strip('"') for name in stream.readline().strip().split(",")]


def counts(types: Any) -> dict[str, int]:
    return {str(kind): int(count) for kind, count in zip(*np.unique(types, return_counts=True), strict=True)}


def protected(path: Path, id_column: str, attribute: str) -> pd.DataFrame:
    # nothing is missing by another word than the empty cell
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="windows-1252")
    return frame[[id_column, attribute]]


def test_the_later_table_is_read_with_its_outcomes_typed() -> None:
    path = table("perm_2012_2017_subset.csv")
    cases = read_cases(path, schema(LATER, header(path)))
    assert counts(cases.label_types) == {"denial": 443, "none": 7155 + 5863, "unknown": 452}
    assert cases.ids.is_unique
    assert cases.frame["employer_name"].nunique() == 3980
    assert cases.frame["case_received_date"].dt.year.between(2008, 2016).all()


def test_the_earlier_table_is_read_in_the_encoding_and_date_form_that_it_has() -> None:
    path = table("perm_fy2005.csv")
    cases = read_cases(path, schema(EARLIER, header(path), encoding="windows-1252"))
    assert counts(cases.label_types) == {"denial": 7148, "none": 6133, "unknown": 972}
    assert cases.ids.is_unique
    assert int(cases.frame["received_date"].isna().sum()) == 7
    assert "LA CABAÑITA" in set(cases.frame["employer_name"])


def test_without_its_encoding_the_earlier_table_says_which_rows_are_not_utf8() -> None:
    path = table("perm_fy2005.csv")
    with pytest.raises(InputError, match="rows 4, 240, 11020, 13125 and 13436 hold bytes that are no UTF-8"):
        read_cases(path, schema(EARLIER, header(path)))


def test_wages_with_a_currency_sign_and_the_withdrawn_without_a_type_are_told() -> None:
    path = table("perm_fy2005.csv")
    broken = schema({**EARLIER, "wage_offered_from": {"role": "feature", "type": "number"}}, header(path))
    broken["encoding"] = "windows-1252"
    del broken["label"]["values"]["Withdrawn"]
    with pytest.raises(InputError) as caught:
        read_cases(path, broken)
    wages, withdrawn = caught.value.problems
    assert "found '$90000.00' in row 2" in wages
    assert "14246 more rows" in wages
    assert "the value 'Withdrawn'" in withdrawn
    assert "does not say why" in withdrawn


@pytest.mark.parametrize(
    ("name", "id_column", "attribute", "encoding", "countries"),
    [
        ("perm_2012_2017_subset.csv", "X", "country_of_citizenship", None, 114),
        ("perm_fy2005.csv", "case_no", "alien_citizenship_country", "windows-1252", 144),
    ],
)
def test_every_country_has_a_region_and_nobody_is_lost(
    name: str, id_column: str, attribute: str, encoding: str | None, countries: int
) -> None:
    path = table(name)
    plan = Plan(
        attributes=("region", attribute),
        capacity=100,
        derived={"region": {"source": attribute, "lexicon": "world_regions"}},
        largest={attribute: 8},
    )
    people = read_protected(protected(path, id_column, attribute), id_column=id_column)
    assert people.frame[attribute].nunique() == countries
    assert values_without_region(people, plan) == {"region": ()}
    columns = LATER if encoding is None else EARLIER
    cases = read_cases(path, schema(columns, header(path), encoding=encoding))
    groups = group_cases(people, cases.ids, plan)
    assert len(groups["region"].names) == 9
    assert len(groups[attribute].names) == 9
    assert ALL_OTHER in groups[attribute].names
    assert all(grouping.sizes().sum() == len(cases) for grouping in groups.values())


def test_a_former_state_that_lay_in_several_regions_is_named_and_not_guessed() -> None:
    path = table("perm_2012_2017_subset.csv")
    births = protected(path, "X", "foreign_worker_info_birth_country")["foreign_worker_info_birth_country"]
    assert place(country for country in births if country).unplaced == ("SOVIET UNION",)


@pytest.mark.parametrize("name", ["perm_2012_2017_subset.csv", "perm_fy2005.csv"])
def test_a_first_schema_is_proposed_that_reads_the_table(name: str) -> None:
    path = table(name)
    proposal = tomllib.loads(infer_schema(path))
    cases = read_cases(path, proposal)
    assert cases.schema.column("label") == "case_status"
    assert set(counts(cases.label_types)) == {"unknown"}
    assert not [name for name in cases.schema.model_columns if "citizen" in name or "birth" in name]
