"""The lexicon of regions: every country is in one region, under every name that files give it."""

from __future__ import annotations

import pytest

from igw_audit.core.lexicon import nationality_words
from igw_audit.intake.regions import NO_REGION, _lexicon, _plain, place, region_names, region_of

EUROPE = "EU, EEA and Switzerland"


def test_there_are_nine_regions() -> None:
    assert len(region_names()) == 9


def test_no_name_or_code_stands_for_two_countries() -> None:
    owners: dict[str, set[str]] = {}
    for countries in _lexicon()["regions"].values():
        for code, names in countries.items():
            for name in (code, *names):
                owners.setdefault(_plain(name), set()).add(code)
    assert not {name: codes for name, codes in owners.items() if len(codes) > 1}


def test_every_country_has_its_two_and_three_letter_codes() -> None:
    codes = [(code, names[0]) for countries in _lexicon()["regions"].values() for code, names in countries.items()]
    # ISO 3166-1 has 249 entries; five have no people of their own, and Kosovo is not among them
    assert len(codes) == 245
    assert all(len(two) == 2 and len(three) == 3 for two, three in codes)
    assert len({three for _, three in codes}) == 245


@pytest.mark.parametrize(
    ("name", "region"),
    {
        "SOUTH KOREA": "East and South-East Asia",
        "BURMA (MYANMAR)": "East and South-East Asia",
        "IVORY COAST": "Sub-Saharan Africa",
        "COTE d'IVOIRE": "Sub-Saharan Africa",
        "SERBIA AND MONTENEGRO": "Europe outside the EU",
        "ST KITTS AND NEVIS": "Latin America and Caribbean",
        "St. Vincent & the Grenadines": "Latin America and Caribbean",
        "Zuid-Korea": "East and South-East Asia",
        "Oekraïne": "Europe outside the EU",
        "oekraine": "Europe outside the EU",
        "U.S.A.": "North America and Oceania",
        "Turkije": "Turkey, Caucasus and Central Asia",
        "TÜRKİYE": "Turkey, Caucasus and Central Asia",
        "NLD": EUROPE,
        "de": EUROPE,
        "The Netherlands": EUROPE,
        "Congo, The Democratic Republic of the": "Sub-Saharan Africa",
    }.items(),
)
def test_finds(name: str, region: str) -> None:
    assert region_of(name) == region


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("Turkse", "Turkije"),
        ("turks", "Turkije"),
        ("Turkish", "Turkije"),
        ("Indiase", "India"),
        ("Indiaas", "India"),
        ("INDIAN", "India"),
        ("Chinese", "China"),
        ("Chinees", "China"),
        ("Syrische", "Syrië"),
        ("Syrian", "Syrië"),
        ("Nigerian", "Nigeria"),
        ("Nigerese", "Niger"),
        ("Zuid-Koreaanse", "Zuid-Korea"),
        ("South African", "Zuid-Afrika"),
        ("Oekraiense", "Oekraïne"),
        ("Amerikaans burger", "Verenigde Staten"),
        ("British citizen", "Verenigd Koninkrijk"),
        ("Burger van de Dominicaanse Republiek", "Dominicaanse Republiek"),
        ("Citizen of Bosnia and Herzegovina", "Bosnië en Herzegovina"),
    ],
)
def test_a_nationality_lies_where_its_country_does(name: str, country: str) -> None:
    assert region_of(name) == region_of(country) is not None


def test_every_country_whose_people_have_a_nationality_of_their_own_has_a_word_for_it_in_both_languages() -> None:
    codes = {code for countries in _lexicon()["regions"].values() for code in countries}
    words = nationality_words()
    assert set(words) <= codes
    # territories whose people have another nationality, and two countries that share the word of a neighbour
    without = "AS AX BL BQ CC CG CK CX DM FK GG GP IO JE MF MP MQ MS NF PM PN RE SH SJ SX TC UM VG VI WF YT"
    assert codes - set(words) == set(without.split())
    assert all(len(found) >= 2 for code, found in words.items() if code not in {"HK", "IM"})


def test_a_word_that_two_countries_share_lies_in_one_region() -> None:
    home = {code: region for region, countries in _lexicon()["regions"].items() for code in countries}
    for code, words in nationality_words().items():
        for word in words:
            assert region_of(word) == home[code], word


@pytest.mark.parametrize("name", ["SOVIET UNION", "Staatloos", "onbekend", "Atlantis", ""])
def test_gives_no_region_to(name: str) -> None:
    assert region_of(name) is None


def test_na_is_namibia_among_codes_and_nothing_known_among_names() -> None:
    assert place(["NA", "NL"]).region["NA"] == "Sub-Saharan Africa"
    among_names = place(["NA", "Nederland"])
    assert among_names.region["NA"] == NO_REGION
    assert among_names.unplaced == ("NA",)
