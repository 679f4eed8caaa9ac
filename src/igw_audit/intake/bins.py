"""A numeric attribute in bins: ages, years or amounts, each from one edge up to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from igw_audit.intake.words import like_date, number_of


def binned(values: pd.Series, edges: Sequence[float]) -> tuple[pd.Series, str | None]:
    """Put each number in its bin, missing where it is missing; and say what is wrong where some are no numbers.

    A bin holds its lower edge and not its upper one. The first is open below, the last above, so that nobody is left
    out. No value is quoted: it may be one person's.
    """
    codes, words = pd.factorize(values.to_numpy(dtype=object), use_na_sentinel=True)
    read = [number_of(str(word)) for word in words]
    wrong = [str(word) for word, (_, advice) in zip(words, read, strict=True) if advice is not None]
    if wrong:
        return values, _problem(wrong)
    numbers = np.array([number for number, _ in read], dtype=np.float64)
    names = bin_names(edges, whole=bool((np.floor(numbers) == numbers).all()))
    labels = np.array([*(names[place] for place in np.searchsorted(edges, numbers, side="right")), None], dtype=object)
    return pd.Series(labels[codes], index=values.index, dtype=object), None


def bin_names(edges: Sequence[float], *, whole: bool) -> tuple[str, ...]:
    """Name the bins so that they read alike in Dutch and English.

    >>> bin_names([18, 30, 60], whole=True)
    ('<18', '18-29', '30-59', '60+')
    >>> bin_names([0.5, 2], whole=False)
    ('<0.5', '0.5-<2', '2+')
    """
    told = [_edge(edge) for edge in edges]
    plain = whole and all(float(edge).is_integer() for edge in edges)
    inner = [
        (lower if high - low == 1 else f"{lower}-{_edge(high - 1)}") if plain else f"{lower}-<{upper}"
        for low, high, lower, upper in zip(edges, edges[1:], told, told[1:], strict=False)
    ]
    return (f"<{told[0]}", *inner, f"{told[-1]}+")


def _edge(edge: float) -> str:
    return str(int(edge)) if float(edge).is_integer() else repr(float(edge))


def _problem(wrong: Sequence[str]) -> str:
    days = all(like_date(word) for word in wrong)
    advice = (
        "they are days; give the protected table a column with the age on a day that you choose, or with the year"
        if days
        else "correct them, leave them empty where the number is not known, or take the attribute out of bins"
    )
    return f"{len(wrong)} of its values are no numbers (they are not quoted here); {advice}"
