"""Countries and nationalities -> regions of the world, by the lexicons that ship with the package."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from igw_audit.core.lexicon import nationality_words

#: The group of people whose country is written down and lies in no region of the lexicon.
NO_REGION = "(no region known)"

_CITIZEN = re.compile(
    r"^(staats)?burger van( de| het)? |^(citizen|national) of | (staatsburger|burger|citizen|national)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the values of one column lie: ``region`` by value, and the values that lie in no known region."""

    region: Mapping[str, str]
    unplaced: tuple[str, ...]


def region_of(country: str) -> str | None:
    """Give the region of a country by name, nationality (English, Dutch) or ISO 3166-1 code; None where it has none.

    >>> region_of("BURMA (MYANMAR)"), region_of("Ivoorkust"), region_of("TUR"), region_of("Atlantis")
    ('East and South-East Asia', 'Sub-Saharan Africa', 'Turkey, Caucasus and Central Asia', None)
    >>> region_of("Turkse"), region_of("Burger van Oekraïne"), region_of("Brits burger")
    ('Turkey, Caucasus and Central Asia', 'Europe outside the EU', 'Europe outside the EU')
    """
    name = _plain(country)
    return _by_name().get(name) or _by_name().get(_CITIZEN.sub("", name))


def place(countries: Iterable[str]) -> Placement:
    """Place every distinct value of a column; what has no region is in the group ``NO_REGION`` and listed.

    ``NA`` is Namibia only in a column of two-letter codes: elsewhere it is how some programs write a missing value.
    """
    values = sorted(set(countries))
    codes_only = all(len(value.strip()) == 2 for value in values)
    found = {value: region_of(value) for value in values if codes_only or value.strip().upper() != "NA"}
    return Placement(
        region={value: found.get(value) or NO_REGION for value in values},
        unplaced=tuple(value for value in values if found.get(value) is None),
    )


def region_names() -> tuple[str, ...]:
    """Give the names of the regions, in the lexicon's order."""
    return tuple(_lexicon()["regions"])


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, Any]:
    text = files("igw_audit.core").joinpath("lexicons/world_regions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    adjectives = nationality_words()
    return {
        _plain(name): region
        for region, countries in _lexicon()["regions"].items()
        for code, names in countries.items()
        for name in (*adjectives.get(code, ()), code, *names)
    }


def _plain(name: str) -> str:
    text = "".join(mark for mark in unicodedata.normalize("NFKD", name) if not unicodedata.combining(mark)).casefold()
    text = re.sub(r"\bst\b\.?", "saint", text.replace("&", " and ").replace("'", "").replace("’", ""))
    # dots of an abbreviation go, so that u.s.a. is usa
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=\b[a-z])\.", "", text))
    return " ".join(word for word in words if word != "the")
