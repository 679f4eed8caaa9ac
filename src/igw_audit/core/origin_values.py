"""Whether a column's values are countries, nationalities, languages, classes of origin, or codes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from igw_audit.core.origin_words import TAUGHT, Concept, Kind, codes, concept_of, neutral_names, plain
from igw_audit.core.text import Text

#: A name says what it is, so half of the values are enough; unknown and other do not count.
HALF = 0.5
#: Short codes also stand for other things: nearly all have to be one, and as many different ones as this.
NEARLY_ALL, FEWEST_CODES = 0.75, 4
#: Where half of the values are names by one count only (different values, or cases), as many different ones as this.
FEWEST_BY_ONE_COUNT = 3
#: Different values that are looked at, the most frequent first.
_MOST_VALUES = 5_000

_KINDS: Mapping[str, Text] = {
    "country": Text(en="countries", nl="landen"),
    "nationality": Text(en="nationalities", nl="nationaliteiten"),
    "language": Text(en="languages", nl="talen"),
    "class": Text(en="parts of the world or classes of origin", nl="werelddelen of herkomstgroepen"),
    "code": Text(en="codes of countries", nl="landcodes"),
    "language code": Text(en="codes of languages", nl="taalcodes"),
    "locale": Text(en="codes of a language and a country", nl="codes van een taal en een land"),
    "register": Text(
        en="codes of nationalities or countries in the register of persons",
        nl="codes van nationaliteiten of landen in de BRP",
    ),
    "dialling": Text(en="dialling codes of countries", nl="landnummers van telefoons"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginValues:
    """What a column's values are, and which part of the different values and of the cases."""

    what: Text
    of_values: float
    of_cases: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """The different values of a column as text, without those that say nothing, and how often each stands there."""

    told: tuple[str, ...]
    counts: tuple[int, ...]
    others: int

    def shares(self, hits: list[bool]) -> tuple[float, float]:
        of_cases = sum(count for count, hit in zip(self.counts, hits, strict=True) if hit)
        return sum(hits) / len(hits), of_cases / sum(self.counts)


def origin_in_values(values: pd.Series) -> OriginValues | None:
    """Tell whether half or more of a column's values are countries, nationalities, languages or their codes.

    Half of the *different* values, or of the *cases*: a column of cities in which most cases say Turkey tells
    origin, and so does one of a hundred countries in which most cases say "not applicable". Where only one of
    the two holds, three different ones are asked for. Codes are short, and short words mean many things: of
    those three quarters of the different values are asked for, four or more, and more of them than there are
    codes of something else (states, degrees).

    >>> origin_in_values(pd.Series(["Turkije", "Nederland", "Syrië", "onbekend"])).what.en
    'countries'
    >>> origin_in_values(pd.Series(["yes", "no", "no"])) is None
    True
    """
    column = _column(values)
    if column is None:
        return None
    for recognise in (_by_name, _by_code, _by_number):
        found = recognise(column)
        if found is not None:
            return found
    return None


def _column(values: pd.Series) -> _Column | None:
    known = values.dropna()
    if pd.api.types.is_bool_dtype(known.dtype) or pd.api.types.is_datetime64_any_dtype(known.dtype) or not len(known):
        return None
    if pd.api.types.is_numeric_dtype(known.dtype):
        numbers = known.to_numpy(dtype=np.float64)
        if (numbers != np.floor(numbers)).any() or numbers.min() < 4 or numbers.max() > 9999:
            return None
        known = pd.Series(numbers.astype(np.int64))
    if not isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype(object)
    held = known.value_counts(sort=True)
    held = held[held > 0].iloc[:_MOST_VALUES]
    # a code that was read as a number and written again ends in .0
    texts = [re.sub(r"^(\d+)\.0$", r"\1", _unflagged(str(value).strip())) for value in held.index]
    told = [place for place, text in enumerate(texts) if plain(text) not in neutral_names()]
    if not told:
        return None
    return _Column(
        told=tuple(texts[place] for place in told),
        counts=tuple(int(held.iloc[place]) for place in told),
        others=len(texts) - len(told),
    )


def _by_name(column: _Column) -> OriginValues | None:
    found = [concept_of(text) if len(text) > 3 or not text.isupper() else None for text in column.told]
    concepts = [one for one in found if one is not None]
    different = {one.of for one in concepts}
    of_values, of_cases = column.shares([one is not None for one in found])
    if max(of_values, of_cases) < HALF or len(column.told) + column.others < 2:
        return None
    fewest = 2 if min(of_values, of_cases) >= HALF else FEWEST_BY_ONE_COUNT
    if len(different) < fewest and not (of_values == 1 and column.others):
        return None
    if _only_taught(concepts):
        return None
    kinds = [one.kind for one in concepts]
    kind: Kind = max(dict.fromkeys(kinds), key=kinds.count)
    return OriginValues(what=_KINDS[kind], of_values=of_values, of_cases=of_cases)


def _only_taught(concepts: list[Concept]) -> bool:
    """Tell whether all are languages in which courses are given: the word alone may be a subject or a mark."""
    taught = {"NL", "GB", "FR", "DE", "ES"}
    return all(
        (one.kind == "language" and one.of in TAUGHT) or (one.kind == "nationality" and one.of in taught)
        for one in concepts
    )


def _by_code(column: _Column) -> OriginValues | None:
    known = codes()
    texts = [text.removeprefix(".") for text in column.told]
    upper = [text.upper() for text in texts]
    lower_case = any(text != one for text, one in zip(texts, upper, strict=True))
    systems: tuple[tuple[str, Callable[[str], bool], float, int], ...] = (
        ("code", lambda text: text in known.two, 0.9 if lower_case else NEARLY_ALL, FEWEST_CODES + lower_case),
        ("code", lambda text: text in known.three, NEARLY_ALL if lower_case else HALF, FEWEST_BY_ONE_COUNT),
        ("locale", lambda text: _is_locale(text, known.languages, known.two), HALF, 2),
        ("language code", lambda text: text.lower() in known.languages, 0.9, FEWEST_CODES + 1),
    )
    for what, fits, least, fewest in systems:
        hits = [fits(text) for text in upper]
        of_values, of_cases = column.shares(hits)
        different = {text for text, hit in zip(upper, hits, strict=True) if hit}
        home = what == "code" and of_values == 1 and bool(different & {"NL", "NLD", "NED"})
        enough = len(different) >= (2 if home else fewest)
        if (
            of_values >= least
            and of_cases >= HALF
            and enough
            and not _explained(different, set(upper), known.elsewhere)
        ):
            return OriginValues(what=_KINDS[what], of_values=of_values, of_cases=of_cases)
    return None


def _explained(hits: set[str], texts: set[str], elsewhere: tuple[frozenset[str], ...]) -> bool:
    """Tell whether codes of something else explain the column as well as codes of countries do."""
    return any(len(texts & other) >= len(hits) for other in elsewhere)


def _is_locale(text: str, languages: frozenset[str], territories: frozenset[str]) -> bool:
    found = re.fullmatch(r"([A-Z]{2,3})[-_]([A-Z]{2})", text)
    return found is not None and found[1].lower() in languages and found[2] in territories


def _unflagged(text: str) -> str:
    """Write a flag as the two letters that it is made of."""
    if len(text) == 2 and all("\U0001f1e6" <= mark <= "\U0001f1ff" for mark in text):
        return "".join(chr(ord(mark) - 0x1F1E6 + ord("A")) for mark in text)
    return text


def _by_number(column: _Column) -> OriginValues | None:
    """Recognise numbers only where they are written as codes are, or lie where hardly anything else does."""
    known = codes()
    dialled = [re.fullmatch(r"(\+|00)[1-9]\d{0,2}", text) is not None for text in column.told]
    of_values, of_cases = column.shares(dialled)
    longer = sum(len(text.lstrip("+0")) > 1 for text, hit in zip(column.told, dialled, strict=True) if hit)
    if of_values >= NEARLY_ALL and of_cases >= HALF and longer >= FEWEST_BY_ONE_COUNT:
        return OriginValues(what=_KINDS["dialling"], of_values=of_values, of_cases=of_cases)
    numbers = [int(text) if re.fullmatch(r"\d{1,4}", text) else -1 for text in column.told]
    padded = [re.fullmatch(r"0\d{3}", text) is not None for text in column.told]
    spread = sum(number >= 100 for number in numbers) * 2 >= len(numbers) and max(numbers) >= 500
    written = all(len(text) == 3 for text in column.told)
    systems = (
        ("register", [p and n in known.brp_nationalities for p, n in zip(padded, numbers, strict=True)], 4),
        ("register", [n > 5000 and n in known.brp_countries for n in numbers], 5),
        ("code", [spread and n in known.digits for n in numbers], 4 if written else 8),
    )
    for what, hits, fewest in systems:
        of_values, of_cases = column.shares(hits)
        least = 0.9 if what == "code" else 0.8
        if min(of_values, of_cases) >= least and sum(hits) >= fewest:
            return OriginValues(what=_KINDS[what], of_values=of_values, of_cases=of_cases)
    return None
