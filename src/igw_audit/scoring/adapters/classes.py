"""Which classes of a classifier are the positive ones: by the plan's words, else by value, never by position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from igw_audit.errors import InputError
from igw_audit.scoring.adapters.adapter import Wanted, quoted

#: Pairs of words of which the second is the positive one, in any case.
_PAIRS = frozenset(
    {("false", "true"), ("no", "yes"), ("nee", "ja"), ("n", "y"), ("n", "j"), ("f", "t"), ("negative", "positive")}
    | {("negatief", "positief"), ("onwaar", "waar"), ("none", "some")}
)


def class_words(classes: Any) -> tuple[str, ...]:
    """Return each class as the word that a plan would use for it; whole numbers without a point."""
    return tuple(_word(one) for one in np.asarray(classes, dtype=object).ravel())


def positive_places(classes: Any, wanted: Wanted) -> list[int]:
    """Return the places of the positive classes.

    Raises
    ------
    InputError
        If neither the plan nor the values of the classes tell which are positive.
    """
    words = class_words(classes)
    named = [place for place, word in enumerate(words) if word in wanted.named]
    lost = [word for word in wanted.settings.classes if word not in words]
    if lost:
        raise InputError("plan", [f"score.classes names {quoted(lost)}, and the model's classes are {quoted(words)}"])
    if named and len(named) < len(words):
        return named
    greater = _greater(words) if len(words) == 2 and not named else None
    if greater is not None:
        return [greater]
    raise InputError(
        "model",
        [
            f"the model's classes are {', '.join(words)}, and the plan's positive types are "
            f"{', '.join(wanted.named) or 'none'}; name in the plan which classes are positive "
            '(score = {classes = ["..."]}), or train on 0 and 1'
            + ("; a model that knows one class only gives every case the same score" if len(words) == 1 else "")
        ],
    )


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (float, np.floating)) and math.isfinite(value) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _greater(words: Sequence[str]) -> int | None:
    """Return the place of the greater of two numbers or of the yes of a pair; None where the words say neither."""
    first, second = (word.strip().casefold() for word in words)
    if (first, second) in _PAIRS:
        return 1
    if (second, first) in _PAIRS:
        return 0
    try:
        low, high = float(first), float(second)
    except ValueError:
        return None
    return None if math.isnan(low) or math.isnan(high) or low == high else int(high > low)
