"""The label of each case: typed words, or 0 and 1 where the plan names such a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.cases import Label
from igw_audit.core.labels import LABEL_TYPES, UNKNOWN
from igw_audit.core.nearest import did_you_mean
from igw_audit.errors import InputError

#: What a 1 in a 0/1 label is called: it says that something was found, not what.
UNTYPED = "positive"


def label_of_types(types: NDArray[np.object_], positive: Sequence[str]) -> Label:
    """Make the label of type words; None is unknown.

    Parameters
    ----------
    types : ndarray of object, shape (n_cases,)
        A type a case, as ``CaseTable.label_types`` gives them.
    positive : sequence of str
        The types that count as a violation found, beside `UNTYPED`.
    """
    words = np.array([UNKNOWN if word is None else str(word) for word in types], dtype=object)
    known = words != UNKNOWN
    hit = np.isin(words.astype(str), [*positive, UNTYPED]) & known
    return Label(types=words, positive=hit, known=known)


def label_of_column(values: pd.Series, positive: Sequence[str]) -> Label:
    """Make the label of a bare column: 0/1, booleans or typed words; missing is unknown.

    Raises
    ------
    InputError
        If a number is neither 0 nor 1, or a word is neither a built-in type nor among the plan's positive ones.
    """
    missing = values.isna().to_numpy(dtype=np.bool_)
    held = values.to_numpy(dtype=object)
    present = [value for value in held[~missing] if value != ""]
    if all(isinstance(value, (bool, int, float, np.bool_, np.number)) for value in present):
        return _of_numbers(values.name, held, missing)
    words = np.array(
        [UNKNOWN if gone or value == "" else str(value) for value, gone in zip(held, missing, strict=True)],
        dtype=object,
    )
    defined = (*LABEL_TYPES, *positive)
    counts = pd.Series(words).value_counts()
    problems = [
        f"column {values.name!r} holds {word!r} in {counts[word]} cases, and nobody has defined that outcome; "
        f"{did_you_mean(word, defined)} A schema's [label] table defines others"
        for word in sorted(set(words) - set(defined))
    ]
    if problems:
        raise InputError("label", problems)
    return label_of_types(words, positive)


def _of_numbers(name: Any, held: NDArray[np.object_], missing: NDArray[np.bool_]) -> Label:
    numbers = np.array(
        [np.nan if gone or value == "" else float(value) for value, gone in zip(held, missing, strict=True)]
    )
    known = ~np.isnan(numbers)
    strange = sorted(set(numbers[known]) - {0.0, 1.0})
    if strange:
        raise InputError(
            "label",
            [
                f"column {name!r} holds {', '.join(f'{value:g}' for value in strange[:5])}; a label is 0, 1, empty "
                "or a word for its type"
            ],
        )
    hit = numbers == 1.0
    types = np.where(hit, UNTYPED, np.where(known, "none", UNKNOWN)).astype(object)
    return Label(types=types, positive=hit, known=known)
