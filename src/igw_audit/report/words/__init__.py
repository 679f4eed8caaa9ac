"""The words of the pages: what is measured, and what people say of it; both languages hold the same keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from igw_audit.core.foreign import isolated
from igw_audit.report.numbers import Language, Numbers, Unit

#: What a statistic's ending says of its unit, for statistics that the words file does not know.
_ENDINGS: tuple[tuple[str, Unit], ...] = (
    ("_ratio", "ratio"),
    ("_difference", "points"),
    ("_rate", "share"),
    ("_share", "share"),
    ("auc", "auc"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The sentences of one language, found by dotted key."""

    language: Language
    entries: Mapping[str, Any]

    @property
    def numbers(self) -> Numbers:
        """How numbers are written in this language."""
        return Numbers(language=self.language)

    def __call__(self, key: str, **fields: object) -> str:
        """Give a sentence with its fields filled in; KeyError where there is no such sentence."""
        text = self._find(key)
        if not isinstance(text, str):
            raise KeyError(f"no sentence {key!r} in the words of {self.language}")
        return text.format(**fields) if fields else text

    def counted(self, key: str, count: int, **fields: object) -> str:
        """Give the sentence for one or for several; ``{count}`` is filled in."""
        return self(f"{key}.{'one' if count == 1 else 'more'}", count=self.numbers.whole(count), **fields)

    def listed(self, items: list[str]) -> str:
        """Join names the way a sentence does: a, b and c."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self('and')} {items[-1]}"

    def names(self, names: list[str]) -> str:
        """Join names that may hold commas themselves."""
        return "; ".join(names)

    def table(self, key: str) -> dict[str, Any]:
        """Give a whole table of the words file."""
        found = self._find(key)
        if not isinstance(found, dict):
            raise KeyError(f"no table {key!r} in the words of {self.language}")
        return found

    def statistic(self, name: str) -> tuple[str, Unit]:
        """Give a statistic's name for people and its unit; an unknown one keeps its own name."""
        known = self.table("statistics").get(name)
        if known is not None:
            return known["name"], known["unit"]
        unit: Unit = next((unit for ending, unit in _ENDINGS if name.endswith(ending)), "plain")
        return name.replace("_", " "), unit

    def attribute(self, name: str) -> str:
        """Give a protected attribute's name for people."""
        return isolated(str(self.table("attributes").get(name, name.replace("_", " "))))

    def with_groups(self, sentence: str) -> str:
        """Write the groups that a sentence names as people call them."""
        called = self.table("groups")
        names = "|".join(re.escape(name) for name in sorted(called, key=len, reverse=True))
        return re.sub(rf"(?<!\w)({names})(?!\w)", lambda found: str(called[found[1]]), sentence)

    def step(self, name: str) -> str:
        """Give a process step's or score band's name for people."""
        if name.startswith("band:"):
            return self("steps.band", name=isolated(name.removeprefix("band:")))
        return isolated(str(self.table("steps.named").get(name, name.replace("_", " "))))

    def _find(self, key: str) -> object:
        found: object = self.entries
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


@cache
def words_of(language: Language) -> Words:
    """Read the words of one language."""
    entries: dict[str, Any] = {}
    for name in (f"{language}.toml", f"{language}.people.toml"):
        entries.update(tomllib.loads(files(__name__).joinpath(name).read_text(encoding="utf-8")))
    return Words(language=language, entries=entries)


def keys_of(entries: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Go through the dotted keys of a words file."""
    for key, value in entries.items():
        if isinstance(value, Mapping):
            yield from keys_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
