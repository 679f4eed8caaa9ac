from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from igw_audit.errors import InputError
from igw_audit.scoring.outcomes import label_of_column, label_of_types

POSITIVE = ("public_order",)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 0, None, 1], dtype="float64"),
        pd.Series([True, False, None, True], dtype=object),
        pd.Series([True, False, None, True], dtype="boolean"),
        pd.Series([1, 0, None, 1], dtype="Int64"),
        pd.Series(["public_order", "none", "unknown", "public_order"]),
        pd.Series(["public_order", "administrative", None, "public_order"], dtype=object),
        pd.Series(["public_order", "none", "", "public_order"]),
    ],
)
def test_numbers_booleans_and_words_give_the_same_label(values: pd.Series) -> None:
    label = label_of_column(values, POSITIVE)
    assert label.positive.tolist() == [True, False, False, True]
    assert label.known.tolist() == [True, True, False, True]
    assert label.types[2] == "unknown"


def test_a_one_says_that_something_was_found_and_not_what() -> None:
    assert label_of_column(pd.Series([1, 0]), POSITIVE).types.tolist() == ["positive", "none"]


def test_an_outcome_that_nobody_defined_is_refused_with_its_count() -> None:
    values = pd.Series(["withdrawn", "none", "withdrawn", "publc_order"], name="outcome")
    with pytest.raises(InputError) as caught:
        label_of_column(values, POSITIVE)
    text = str(caught.value)
    assert "holds 'withdrawn' in 2 cases" in text
    assert "did you mean 'public_order'?" in text


def test_other_numbers_are_no_label() -> None:
    with pytest.raises(InputError, match="holds 2, 3; a label is 0, 1, empty"):
        label_of_column(pd.Series([0, 1, 2, 3], name="y"), POSITIVE)


def test_types_that_nobody_knows_are_neither_positive_nor_known() -> None:
    label = label_of_types(
        np.array(["public_order", None, "unknown", "none"], dtype=object), ("public_order", "unknown")
    )
    assert label.known.tolist() == [True, False, False, True]
    assert label.positive.tolist() == [True, False, False, False]
