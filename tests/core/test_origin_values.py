"""Origin is recognised by what a column holds, and what merely looks like it is not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.lexicon import match_names
from igw_audit.core.origin_values import origin_in_values
from igw_audit.intake.synthetic import synthesize

ORIGINS = {
    "countries": (
        ["Turkey", "Syria", "Morocco", "Netherlands", "India"],
        ["Turkije", "Marokko", "Nederland", "onbekend"],
        ["TURKEY", "KOREA, SOUTH", "BURMA (MYANMAR)"],
        ["Türkei", "Marokko", "Niederlande"],
        ["Turquie", "Maroc", "Pays-Bas"],
        ["Istanbul, Turkey", "Damascus, Syria", "Utrecht, Netherlands"],
        ["TR - Turkije", "NL - Nederland", "MA - Marokko"],
        ["Nederland", "Overig"],
        ["Turkey", "Syria", "x", "y"],
        ["Nederland", "Europa (exclusief Nederland)", "Turkije", "Marokko", "Suriname", "Nederlandse Cariben"],
    ),
    "nationalities": (
        ["Turkse", "Marokkaanse", "Nederlandse", "Burger van Oekraïne"],
        ["Turks", "Indiaas", "Syrisch"],
        ["Turk", "Marokkaan", "Nederlander", "Belg", "Duitser"],
        ["Dutch", "Turkish", "Moroccan", "stateless"],
        ["Turkse nationaliteit", "Marokkaanse nationaliteit"],
    ),
    "languages": (
        ["Arabisch", "Turks", "Farsi", "Tigrinya", "Tamil"],
        ["Arabic", "Farsi", "Tigrinya", "Urdu", "Dutch"],
    ),
    "codes of countries": (
        ["NL", "TR", "MA", "SY", "IN"],
        ["nl", "tr", "ma", "sy", "in", "cn"],
        [".nl", ".tr", ".ma", ".sy", ".cn"],
        ["NLD", "TUR", "MAR"],
        ["NED", "GER", "SUI", "TUR"],
        ["528", "792", "504", "760"],
        ["\U0001f1f3\U0001f1f1", "\U0001f1f9\U0001f1f7", "\U0001f1f2\U0001f1e6", "\U0001f1f8\U0001f1fe"],
    ),
    "codes of languages": (["nl", "ar", "tr", "fa", "ti", "en"], ["nld", "ara", "tur", "fas", "tir"]),
    "codes of a language and a country": (["nl-NL", "tr-TR", "ar_MA"],),
    "codes of nationalities or countries in the register of persons": (
        ["0052", "0083", "0001", "0064", "0131"],
        ["6030", "6043", "5022", "7009", "5010"],
    ),
    "parts of the world or classes of origin": (
        ["Africa", "Asia", "Europe"],
        ["westers", "niet-westers"],
        ["Swedish background", "foreign background"],
    ),
    "dialling codes of countries": (["+31", "+90", "+212", "0032"],),
}
INNOCENT = {
    "yes and no": ["yes", "no"],
    "ja en nee": ["ja", "nee"],
    "states": ["CA", "IL", "PA", "MA", "GA", "CO", "AZ"],
    "sectors": ["IT", "Bouw", "Zorg", "Horeca"],
    "outcomes": ["Certified", "Denied", "Withdrawn"],
    "cities": ["Amsterdam", "Utrecht", "Rotterdam", "Den Haag", "Luxembourg"],
    "degrees": ["BA", "MA", "BS", "MS"],
    "education": ["mbo", "hbo", "wo"],
    "language of a course": ["Nederlands", "Engels"],
    "subjects": ["Wiskunde", "Engels", "Biologie", "Natuurkunde", "Frans"],
    "days": ["ma", "di", "wo", "do", "vr", "za", "zo"],
    "days in English": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "months": ["jan", "feb", "mar", "apr", "may", "jun", "jul"],
    "sectors by SBI code": ["0111", "4711", "6201", "7022"],
    "provinces": ["NH", "ZH", "UT", "GE", "FR", "LI"],
    "currencies": ["EUR", "USD", "TRY", "MAD"],
    "words": ["is", "in", "it"],
    "race as COMPAS has it": ["African-American", "Caucasian", "Hispanic", "Other", "Asian", "Native American"],
    "one country for all": ["Nederland", "Nederland"],
}
NUMBERS = {
    "hours a week": range(4, 44, 4),
    "multiples of four": range(4, 200, 4),
    "ages": range(18, 90),
    "months": range(1, 13),
    "amounts": (5000, 5500, 6000, 7000, 8000, 9000, 9999, 5250),
    "postcodes": range(5011, 9900, 37),
}


@pytest.mark.parametrize(
    ("what", "values"),
    [(what, values) for what, columns in ORIGINS.items() for values in columns],
    ids=lambda one: one[0] if isinstance(one, list) else one,
)
def test_origin_is_known_by_its_values_in_every_container_and_spelling(what: str, values: list[str]) -> None:
    spelt = (values, [unicodedata.normalize("NFD", value) for value in values], [f" {value} " for value in values])
    columns = [pd.Series(one, dtype=kind) for one in spelt for kind in (object, "category", "string")]
    for column in (*columns, pd.Series([*values * 40, None, np.nan], dtype=object).sample(frac=1.0, random_state=1)):
        found = origin_in_values(column)
        assert found is not None
        assert found.what.en == what


@pytest.mark.parametrize("values", INNOCENT.values(), ids=INNOCENT)
def test_what_only_looks_like_origin_is_left_alone(values: list[str]) -> None:
    assert origin_in_values(pd.Series(values * 20)) is None
    assert origin_in_values(pd.Series(values, dtype="category")) is None


@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_numbers_that_count_something_are_left_alone(values: range) -> None:
    for kind in ("int64", "float64", "Int64"):
        assert origin_in_values(pd.Series(list(values), dtype=kind)) is None


@pytest.mark.parametrize("kind", ["int64", "float64", "int32", "str"])
def test_codes_that_were_read_as_numbers_are_known(kind: str) -> None:
    for codes in ([6030, 6043, 5022, 7009, 5010, 6035], [528, 792, 504, 760, 356, 156, 364, 818, 566]):
        assert origin_in_values(pd.Series(np.array(codes).astype(kind))) is not None


def test_half_of_the_values_is_enough_and_less_is_not() -> None:
    countries, others = ["Turkey", "Syria", "India"], ["a1", "b1", "c1", "d1", "e1", "f1", "g1"]
    assert origin_in_values(pd.Series(countries + others[:3])) is not None
    assert origin_in_values(pd.Series(countries + others[:4])) is None
    # by cases: most say a country, though most of the different values are something else
    assert origin_in_values(pd.Series(countries * 10 + others)) is not None


def test_the_order_of_cases_does_not_matter() -> None:
    column = pd.Series(["Turkey", "Syria", "x1", "y1", "x1"] * 50)
    found = {origin_in_values(column.sample(frac=1.0, random_state=seed)) for seed in range(5)}
    assert len(found) == 1


@pytest.mark.parametrize("pilot", ["knowledge", "study", "talent"])
def test_no_feature_of_a_synthetic_pilot_is_taken_for_origin_and_its_nationality_is(pilot: str) -> None:
    made = synthesize(pilot, n=1500, seed=2)
    assert [name for name in made.cases.columns if origin_in_values(made.cases[name]) is not None] == []
    assert origin_in_values(made.protected["nationality"]) is not None


REAL = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("file", "origins"),
    [
        ("perm/perm_2012_2017_subset.csv", {"country_of_citizenship", "foreign_worker_info_birth_country"}),
        ("perm/perm_fy2005.csv", {"alien_citizenship_country"}),
        ("compas/compas_for_aequitas.csv", set()),
    ],
)
def test_in_real_tables_only_the_columns_of_origin_are_found(file: str, origins: set[str]) -> None:
    if not (REAL / file).exists():
        pytest.skip(f"{file} is not beside the project")
    table = pd.read_csv(REAL / file, encoding="latin-1", low_memory=False)
    assert {name for name in table.columns if origin_in_values(table[name]) is not None} == origins


@pytest.mark.parametrize("name", ["PlaceofBirth", "placeOfBirth", "place_of_birth", "CountryofBirth", "GeboorteLand"])
def test_a_compound_is_found_however_it_is_written(name: str) -> None:
    assert [hit.blocks for hit in match_names([name])] == [True]
    assert match_names(["national_it_budget"]) == ()
