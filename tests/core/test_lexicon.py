from __future__ import annotations

from pathlib import Path

import pytest

from igw_audit.core.lexicon import CATEGORIES, LexiconHit, lexicon, match_names, sources, split_words

FORBIDDEN = """
nationality nationaliteit aanvrager_nationaliteit NationaliteitCode dual_nationality_flag
tweedeNationaliteit hoofdnationaliteit nationalities country_of_citizenship alien_citizenship_country
staatsburgerschap ethnicity etniciteit etnische_herkomst afkomst land_van_herkomst origin OriginCountry
region_of_origin huidskleur skin_colour skinColor race ras migratieachtergrond migration_background
allochtoon autochtoon_ind geboorteland geboorteland_ouders country_of_birth CountryOfBirth countryofbirth
birth_country_mother niet_westers non_western_name roma woonwagen geboorteland_vader place_of_birth
"""
ENCODINGS = """
passport_country paspoort_land mvv mvv_plicht mvvPlichtig mvv_required visa_exempt visumplichtig
association_law associatierecht surname achternaam_lengte first_name email_domain phone_country_code
telefoon_landcode third_country_national
"""
SUSPECT = """
postcode postcode4 pc4 zip_code income wage_offer salaris_ratio licence_plate relative_abroad language_test
taaltoets_aanwezig signal_source diploma_country own_website sector company_age herkomst_signaal
"""
NEUTRAL = """
nationalpark national_holiday grace_period terras trace_id erased aroma brace months_employed ects_ratio fte
noise contract_length afkoopsom geboortejaar birth_year company_name sponsor_name contact_count
personal_loan zipper citizen_service_number plant_origination_fee x1 123 orientation_year denationalised
"""


def found(name: str) -> LexiconHit | None:
    hits = match_names([name])
    return hits[0] if hits else None


@pytest.mark.parametrize("name", FORBIDDEN.split())
def test_names_of_nationality_and_origin_are_forbidden(name: str) -> None:
    hit = found(name)
    assert hit is not None
    assert hit.category == "forbidden"
    assert hit.source in {"CRM-01", "CRM-02"}
    assert hit.blocks


@pytest.mark.parametrize("name", ENCODINGS.split())
def test_names_of_one_to_one_encodings_block_too(name: str) -> None:
    hit = found(name)
    assert hit is not None
    assert hit.category == "encoding"
    assert hit.blocks


@pytest.mark.parametrize("name", SUSPECT.split())
def test_names_of_known_proxies_are_suspect_and_do_not_block(name: str) -> None:
    hit = found(name)
    assert hit is not None
    assert hit.category == "suspect"
    assert not hit.blocks


@pytest.mark.parametrize("name", NEUTRAL.split())
def test_neutral_names_are_left_alone(name: str) -> None:
    assert found(name) is None


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("turkse", "encoding"),
        ("is_turkish", "encoding"),
        ("IsTurks", "encoding"),
        ("zuid_koreaanse_ja_nee", "encoding"),
        ("chinese_restaurant", "suspect"),
        ("english_score", "suspect"),
        ("english", "suspect"),
        ("nederlands", "suspect"),
        ("papua_new_guinean_share", "suspect"),
    ],
)
def test_a_nationality_as_a_name_blocks_and_within_a_name_is_a_question(name: str, category: str) -> None:
    hit = found(name)
    assert hit is not None
    assert hit.category == category


@pytest.mark.parametrize("name", ["turkey_sold", "thaiswood", "finance", "polishing", "romania_n"])
def test_a_name_that_only_resembles_a_nationality_is_left_alone(name: str) -> None:
    assert found(name) is None


def test_a_name_without_letters_is_left_alone() -> None:
    assert found("") is None
    assert found("_") is None


def test_a_name_keeps_its_gravest_category() -> None:
    hit = found("postcode_by_nationality")
    assert hit is not None
    assert hit.category == "forbidden"


def test_hits_come_in_the_order_of_the_names_and_once_a_name() -> None:
    names = ["sector", "months", "nationality", "sector_nationality"]
    assert [hit.name for hit in match_names(names)] == ["sector", "nationality", "sector_nationality"]


def test_accents_and_case_do_not_hide_a_word() -> None:
    assert split_words("ETNICITEIT-Groep") == ("etniciteit", "groep")
    assert found("Étnicité") is not None


def test_every_entry_is_complete_and_cites_a_known_source() -> None:
    for entry in lexicon():
        assert entry.category in CATEGORIES
        assert entry.source in sources()
        assert entry.stands_for.en
        assert entry.stands_for.nl
        assert entry.wording
        assert all(word == word.lower() for word in entry.wording)


def test_every_entry_finds_itself() -> None:
    for entry in lexicon():
        hit = found("_".join(entry.wording))
        assert hit is not None, entry
        assert CATEGORIES.index(hit.category) <= CATEGORIES.index(entry.category)


def test_every_source_is_explained_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "lexicon.md"
    for source in sources():
        assert f"| {source} |" in page.read_text(encoding="utf-8")
