from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

import igw_audit.report
from igw_audit.core.finding import LEVELS
from igw_audit.report.words import keys_of, words_of

ROOM = Path(str(files(igw_audit.report)))
#: Words that the product never says of a model, in either language.
NEVER = re.compile(
    r"\b(fair|fairly|unfair|unbiased|debiased|bias-free|eerlijk|eerlijke|oneerlijk|onbevooroordeeld|vooroordeelvrij|biasvrij)\b",
    re.IGNORECASE,
)


def fields(text: object) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(str(text)) if name}


def leaf(key: str, language: str) -> object:
    found: object = words_of(language).entries
    for part in key.split("."):
        found = found[part]  # type: ignore[index]
    return found


def test_both_languages_hold_the_same_sentences_with_the_same_fields() -> None:
    english, dutch = (sorted(keys_of(words_of(language).entries)) for language in ("en", "nl"))
    assert english == dutch
    for key in english:
        if isinstance(leaf(key, "en"), str):
            assert fields(leaf(key, "en")) == fields(leaf(key, "nl")), key


def test_a_statistic_has_the_same_unit_in_both_languages() -> None:
    for key in keys_of(words_of("en").table("statistics")):
        if key.endswith(".unit"):
            assert leaf(f"statistics.{key}", "en") == leaf(f"statistics.{key}", "nl"), key


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_level_has_a_sentence_and_a_short_word(language: str) -> None:
    words = words_of(language)
    for level in (*LEVELS, "no_level"):
        assert words(f"levels.{level}")
        assert words(f"levels.short.{level}")


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_words_never_call_a_model_what_only_people_may_judge(language: str) -> None:
    for name in (f"{language}.toml", f"{language}.people.toml"):
        assert not NEVER.search((ROOM / "words" / name).read_text(encoding="utf-8"))


def test_every_sentence_that_is_asked_for_is_there() -> None:
    asked = set()
    for file in (*ROOM.rglob("*.py"), *ROOM.rglob("*.j2")):
        asked |= set(re.findall(r"""(?:\bw|\bwords)\(\s*["']([a-z_.]+)["']""", file.read_text(encoding="utf-8")))
    assert len(asked) > 100
    missing = [key for key in asked if not isinstance(leaf(key, "en"), str)]
    assert not missing


def test_dutch_sentences_are_short() -> None:
    """B1: sentences of some fifteen words; none of more than thirty."""
    for key in keys_of(words_of("nl").entries):
        held = leaf(key, "nl")
        for text in held if isinstance(held, list) else [held]:
            for sentence in re.split(r"(?<=[.:;?!])\s+", str(text)):
                assert len(sentence.split()) <= 30, (key, sentence)


def test_an_unknown_statistic_keeps_its_name_and_gets_a_unit_by_its_ending() -> None:
    words = words_of("en")
    assert words.statistic("visit_rate_ratio") == ("visit rate ratio", "ratio")
    assert words.statistic("something") == ("something", "plain")
