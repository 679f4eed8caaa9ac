"""Every name and code that stands for a country, a nationality, a language or a class of origin."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from igw_audit.core.lexicon import nationality_words

if TYPE_CHECKING:
    from babel import Locale

Kind = Literal["country", "nationality", "language", "class"]

#: Languages in whose names countries and languages are known.
_LOCALES = ("en", "nl", "de", "fr", "es", "it", "pt", "tr", "pl")
#: Territories of CLDR that are no place where anybody comes from.
_NO_PLACE = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ", "CP", "DG", "EA", "IC", "TA", "AC", "CQ"})
_NO_LANGUAGE = frozenset({"zxx", "mul", "und", "root", "mis"})
#: Shorter names of languages are words of something else as often.
_SHORTEST_LANGUAGE = 4
#: Languages that are taught and tested, and so say nothing of where somebody is from while they stand alone.
TAUGHT = frozenset({"nl", "en", "fr", "de", "es"})
_CITIZEN = re.compile(
    r"^(staats)?burger van( de| het)? |^(citizen|national|born in|native) (of )?|^geboren in |^afkomstig uit "
    r"| (staatsburger|burger|citizen|national|nationaliteit|nationality|achtergrond|background|herkomst|origin)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """What a word stands for: ``of`` is the code of the country or language, or the class's own name."""

    kind: Kind
    of: str


def plain(name: str) -> str:
    """Fold case, accents, punctuation and articles, so that spellings of one name are one.

    >>> plain("Côte d'Ivoire"), plain("The Netherlands"), plain("U.S.A.")
    ('cote divoire', 'netherlands', 'usa')
    """
    folded = unicodedata.normalize("NFKD", name).casefold()
    text = "".join(mark for mark in folded if not unicodedata.combining(mark) and unicodedata.category(mark) != "Cf")
    text = re.sub(r"\bst\b\.?", "saint", text.replace("&", " and ").replace("'", "").replace("’", ""))
    words = re.findall(r"\w+", re.sub(r"(?<=\b\w)\.", "", text).replace("_", " "))
    return " ".join(word for word in words if word != "the")


def concept_of(text: str) -> Concept | None:
    """Return what a written name stands for, if need be what one of its parts does; None where it is no name of these.

    >>> concept_of("Burger van Oekraïne").of, concept_of("Istanbul, Turkey").of, concept_of("Turks").kind
    ('UA', 'TR', 'nationality')
    """
    found = _whole(text)
    if found is not None:
        return found
    parts = [part for part in re.split(r"[,;/|()\[\]+]|\s[-–—]\s|\d+", text) if part.strip()]
    return next((one for part in reversed(parts) if len(parts) > 1 and (one := _whole(part))), None)


def _whole(text: str) -> Concept | None:
    name = plain(text)
    names = _names()
    bare = _CITIZEN.sub("", name).strip()
    for one in (name, bare):
        if one in names:
            return names[one]
    return next(
        (found for form in _adjectives(bare) if (found := names.get(form)) and found.kind == "nationality"), None
    )


def _adjectives(noun: str) -> list[str]:
    """Return what the adjective of a noun may be: Marokkaan, Duitser, Belg, Turken and Moroccans have one."""
    if len(noun) < _SHORTEST_LANGUAGE or " " in noun:
        return []
    stems = {noun, noun.removesuffix("er"), noun.removesuffix("en"), noun.removesuffix("s")}
    return [stem + ending for stem in sorted(stems) for ending in ("", "s", "isch", "sch")]


@cache
def _names() -> dict[str, Concept]:
    """Map every name to its concept; a word of a country goes before one of its nationality, that before a language."""
    found: dict[str, Concept] = {}
    for kind, of, name in (*_countries(), *_nationalities(), *_classes(), *_languages()):
        if plain(name):
            found.setdefault(plain(name), Concept(kind=kind, of=of))
    return found


def _countries() -> Iterator[tuple[Kind, str, str]]:
    for region in _read("world_regions.toml")["regions"].values():
        for code, names in region.items():
            yield from (("country", code, name) for name in names if len(name) > 3 or not name.isupper())
    for locale in _locales():
        for code, name in locale.territories.items():
            if len(code) == 2 and code not in _NO_PLACE:
                yield "country", code, name


def _nationalities() -> Iterator[tuple[Kind, str, str]]:
    for code, words in nationality_words().items():
        yield from (("nationality", code, word) for word in words)
    yield from (("nationality", name, name) for name in ("stateless", "staatloos", "refugee", "vluchteling"))


def _classes() -> Iterator[tuple[Kind, str, str]]:
    for locale in _locales():
        yield from (
            ("class", code, name)
            for code, name in locale.territories.items()
            if len(str(code)) == 3 and str(code) != "001"
        )
    yield from (("class", plain(name), name) for name in _read("origin_codes.toml")["classes"]["names"])


def _languages() -> Iterator[tuple[Kind, str, str]]:
    for locale in _locales():
        for code, name in locale.languages.items():
            if len(name) >= _SHORTEST_LANGUAGE and code not in _NO_LANGUAGE:
                yield "language", str(code).split("_")[0], name


@cache
def _locales() -> tuple[Locale, ...]:
    from babel import Locale

    return tuple(Locale(name) for name in _LOCALES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Codes by system; ``elsewhere`` are short codes of other things, one set a thing."""

    two: frozenset[str]
    three: frozenset[str]
    digits: frozenset[int]
    languages: frozenset[str]
    brp_nationalities: frozenset[int]
    brp_countries: frozenset[int]
    elsewhere: tuple[frozenset[str], ...]


@cache
def codes() -> Codes:
    """Return every code in use."""
    from babel import Locale
    from babel.core import get_global

    own = _read("origin_codes.toml")
    aliases = {str(code) for code in get_global("territory_aliases")}
    older = {str(code) for code in get_global("language_aliases")}
    english = Locale("en")
    places = {str(code) for code in english.territories}
    languages = {str(code).lower() for code in english.languages if re.fullmatch(r"[a-z]{2,3}", str(code))}
    return Codes(
        two=frozenset(code for code in places if len(code) == 2 and code not in _NO_PLACE),
        three=frozenset(
            [*(code for code in aliases if re.fullmatch(r"[A-Z]{3}", code)), *own["ioc"]["codes"].split()]
            + [code for code in own["icao"]["codes"].split() if len(code) == 3]
        ),
        digits=frozenset(int(code) for code in aliases if re.fullmatch(r"\d{3}", code)),
        languages=frozenset({*languages, *(code for code in older if len(code) == 3)}),
        brp_nationalities=_numbers(own["brp"]["nationalities"]),
        brp_countries=_numbers(own["brp"]["countries"]),
        elsewhere=tuple(frozenset(text.split()) for text in own["elsewhere"].values()),
    )


@cache
def neutral_names() -> frozenset[str]:
    """Return what stands in a column of origins for no origin."""
    return frozenset(_read("origin_codes.toml")["neutral"]["names"])


def _numbers(text: str) -> frozenset[int]:
    spans = (span.partition("-") for span in text.split())
    return frozenset(number for low, _, high in spans for number in range(int(low), int(high or low) + 1))


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("igw_audit.core").joinpath(f"lexicons/{name}").read_text(encoding="utf-8"))
