"""Names of groups that a reader takes for one: spellings of the same name are one group, look-alikes are said."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from igw_audit.core.cases import NameRemark
from igw_audit.core.lookalike import drawn, is_invisible, skeleton


def clean(name: str) -> str:
    """Return a name as a reader sees it: composed accents, no invisible marks, single spaces."""
    spaced = " ".join(unicodedata.normalize("NFC", name).split())
    return unicodedata.normalize("NFC", " ".join("".join(one for one in spaced if not is_invisible(one)).split()))


def same_name(name: str) -> str:
    """Return the same text for all spellings of one name: capitals, accents in parts, invisible marks, blanks.

    >>> same_name("Co\u0302te  d'Ivoire\u200b") == same_name("C\u00d4TE D'IVOIRE")
    True
    >>> same_name("Turkije") == same_name("\u0422urkije")  # a Cyrillic letter: alike, and not the same
    False
    """
    return unicodedata.normalize("NFC", clean(name).casefold())


def one_spelling(values: pd.Series, *, wanted: Collection[str] = ()) -> tuple[pd.Series, Mapping[str, int]]:
    """Write every name in one spelling, and count the spellings of those that had several.

    Parameters
    ----------
    values : pandas.Series
        Text, None where missing; a name of invisible marks alone is missing too.
    wanted : collection of str
        Spellings that win where they occur, since somebody's plan names them; otherwise the commonest wins.
    """
    codes, words = pd.factorize(values.to_numpy(dtype=object), use_na_sentinel=True)
    sizes = np.bincount(codes[codes >= 0], minlength=len(words))
    cleaned = [clean(str(word)) for word in words]
    keys = [same_name(word) for word in cleaned]
    of_plan = {same_name(word): clean(word) for word in wanted}
    counts: dict[str, dict[str, int]] = {}
    spelt: dict[str, set[str]] = {}
    for word, text, key, size in zip(words, cleaned, keys, sizes, strict=True):
        counts.setdefault(key, {}).setdefault(text, 0)
        counts[key][text] += int(size)
        spelt.setdefault(key, set()).add(" ".join(str(word).split()))
    # of equally common spellings the one whose first case comes first
    chosen = {
        key: of_plan[key] if of_plan.get(key) in found else max(found, key=lambda text: found[text])
        for key, found in counts.items()
    }
    names = np.array([*(chosen[key] or None for key in keys), None], dtype=object)
    several = {chosen[key]: len(found) for key, found in spelt.items() if len(found) > 1 and key}
    return pd.Series(names[codes], index=values.index, dtype=object), several


def name_remarks(attribute: str, names: Collection[str], merged: Mapping[str, int]) -> tuple[NameRemark, ...]:
    """Say which groups were written in several ways, and which have names that look alike and are kept apart."""
    alike: dict[tuple[int, str], list[str]] = {}
    for name in names:
        for way, look in enumerate((skeleton, drawn)):
            alike.setdefault((way, look(name)), []).append(name)
    return (
        *(
            NameRemark(attribute=attribute, kind="merged_spellings", names=(name,), spellings=count)
            for name, count in sorted(merged.items())
            if name in names
        ),
        *(
            NameRemark(attribute=attribute, kind="look_alike", names=found, spellings=len(found))
            for found in sorted({tuple(sorted(found)) for found in alike.values() if len(found) > 1})
        ),
    )
