"""Words in a feature's name that give away nationality, ethnic origin, an encoding of them, or a likely proxy."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, get_args

from igw_audit.core.text import Text

Category = Literal["forbidden", "encoding", "suspect"]
Rule = Literal["whole", "word", "together", "part"]

#: Gravest first: a name keeps the gravest of its hits.
CATEGORIES: tuple[Category, ...] = get_args(Category)
_RULES: tuple[Rule, ...] = get_args(Rule)

#: Languages that are taught and tested: the word alone may be a mark, so it is suspect and nothing more.
_TAUGHT = frozenset(
    {"dutch", "english", "french", "german", "spanish", "nederlands", "engels", "frans", "duits", "spaans"}
)
#: Letters of a compound that is also found across the words of a name.
_COMPOUND = 12
#: What a column of yes and no may add to the word that it is about.
_YES_OR_NO = frozenset({"is", "has", "flag", "ind", "indicator", "dummy", "yn", "jn", "nee", "ja", "heeft"})
_SKIPPED = frozenset({"of", "the", "a", "an", "in", "van", "de", "het", "een", "der", "den", "uit"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LexiconEntry:
    """One wording of one thing that a name can give away.

    Attributes
    ----------
    wording : tuple of str
        The words as they are matched: lower case, small words kept.
    rule : str
        ``whole``, ``word``, ``together`` or ``part``; the head of ``lexicons/forbidden.toml`` says what each does.
    source : str
        Id of the demand that it comes from, for example ``CRM-01``.
    stands_for : Text
        What a column with such a name holds, in both languages.
    """

    wording: tuple[str, ...]
    rule: Rule
    category: Category
    source: str
    stands_for: Text

    def matches(self, words: tuple[str, ...]) -> bool:
        """Tell whether a name, split into its words, holds this wording."""
        telling = _without_small_words(words)
        wanted = _without_small_words(self.wording)
        glued = {"".join(wanted), "".join(self.wording)}
        if self.rule == "part":
            whole = "".join(self.wording)
            # PlaceofBirth is split at its capital: a compound this long cannot come about by chance
            return any(whole in word for word in words) or (len(whole) >= _COMPOUND and whole in "".join(words))
        if self.rule == "whole":
            return telling == wanted or (len(words) == 1 and words[0] in glued)
        if any(word in glued for word in words):
            return True
        if self.rule == "together":
            return set(wanted) <= set(telling)
        width = len(wanted)
        return any(telling[start : start + width] == wanted for start in range(len(telling) - width + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class LexiconHit:
    """A name that the lexicon knows, with the gravest of the entries that it hits."""

    name: str
    word: str
    category: Category
    source: str
    stands_for: Text

    @property
    def blocks(self) -> bool:
        """Tell whether a risk feature may not carry this name: it is the attribute itself or an encoding of it."""
        return self.category != "suspect"


def match_names(names: Iterable[str]) -> tuple[LexiconHit, ...]:
    """Find the names that the lexicon knows, in the order given, at most one hit a name.

    Names are compared by their words, so that ``nationalpark`` is not taken for a nationality.

    >>> [(hit.name, hit.category, hit.source) for hit in match_names(["nationalpark", "aanvrager_nationaliteit"])]
    [('aanvrager_nationaliteit', 'forbidden', 'CRM-02')]
    """
    hits = []
    for name in names:
        words = split_words(name)
        entry = next((entry for entry in lexicon() if entry.matches(words)), None) or _nationality_in(words)
        if entry is not None:
            hits.append(
                LexiconHit(
                    name=name,
                    word=" ".join(entry.wording),
                    category=entry.category,
                    source=entry.source,
                    stands_for=entry.stands_for,
                )
            )
    return tuple(hits)


def split_words(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words at case changes, digits and whatever is no letter.

    >>> split_words("CountryOfBirth_2 (coördinaat)")
    ('country', 'of', 'birth', 'coordinaat')
    """
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", name) if not unicodedata.combining(mark))
    return tuple(word.lower() for word in _WORD.findall(plain))


@lru_cache(maxsize=1)
def nationality_words() -> dict[str, tuple[str, ...]]:
    """Give the adjectives of nationality, English and Dutch, by the ISO 3166-1 alpha-2 code of the country.

    >>> nationality_words()["TR"]
    ('Turkish', 'Turks', 'Turkse')
    """
    text = files("igw_audit.core").joinpath("lexicons/nationalities.toml").read_text(encoding="utf-8")
    return {code: tuple(words) for code, words in tomllib.loads(text)["adjectives"].items()}


@lru_cache(maxsize=1)
def _adjectives() -> frozenset[tuple[str, ...]]:
    return frozenset(split_words(word) for words in nationality_words().values() for word in words)


def _nationality_in(words: tuple[str, ...]) -> LexiconEntry | None:
    """Find an adjective of nationality: as the whole name it is the nationality itself, within a name a question."""
    bare = tuple(word for word in words if word not in _YES_OR_NO)
    if bare in _adjectives() and bare[0] not in _TAUGHT:
        return _nationality(bare, "encoding", "CRM-02")
    for width in (3, 2, 1):
        for start in range(len(words) - width + 1):
            if words[start : start + width] in _adjectives():
                return _nationality(words[start : start + width], "suspect", "CRM-09")
    return None


def _nationality(wording: tuple[str, ...], category: Category, source: str) -> LexiconEntry:
    stands_for = Text(en="people of one nationality", nl="mensen met één nationaliteit")
    return LexiconEntry(wording=wording, rule="whole", category=category, source=source, stands_for=stands_for)


@lru_cache(maxsize=1)
def lexicon() -> tuple[LexiconEntry, ...]:
    """Give every entry of the shipped lexicon, gravest category first."""
    text = files("igw_audit.core").joinpath("lexicons/forbidden.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    entries = [
        LexiconEntry(
            wording=tuple(wording.split()),
            rule=rule,
            category=entry["category"],
            source=entry["source"],
            stands_for=Text(en=entry["en"], nl=entry["nl"]),
        )
        for entry in content["entry"]
        for rule in _RULES
        for wording in entry.get(rule, ())
    ]
    return tuple(sorted(entries, key=lambda entry: CATEGORIES.index(entry.category)))


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """Give the publication behind each source id of the lexicon."""
    text = files("igw_audit.core").joinpath("lexicons/forbidden.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["sources"])


def _without_small_words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _SKIPPED)
