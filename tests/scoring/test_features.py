from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.features import NOT_RECORDED, FeatureKinds, encoder, feature_kinds, with_folds

TYPES: dict[str, str | None] = {
    "late": "flag",
    "noise": "number",
    "postcode": "category",
    "salary": "number",
    "sector": "category",
}


@pytest.fixture
def frame(table: CaseTable) -> pd.DataFrame:
    return table.frame[sorted(TYPES)]


@pytest.fixture
def target(table: CaseTable) -> np.ndarray:
    return (table.frame["outcome"] == "deliberate_false_information").to_numpy(dtype=np.int64)


def test_columns_are_sorted_by_their_type_and_their_number_of_levels(frame: pd.DataFrame) -> None:
    assert feature_kinds(frame, TYPES) == FeatureKinds(
        number=("noise", "salary"), flag=("late",), category=("sector",), levels=("postcode",)
    )
    assert feature_kinds(frame, dict.fromkeys(TYPES)).levels == ("postcode",)


def test_dates_free_text_and_infinite_numbers_are_refused_together() -> None:
    frame = pd.DataFrame(
        {
            "born": pd.Series([pd.Timestamp("2000-01-01"), pd.NaT]),
            "memo": ["a", "b"],
            "wage": [1.0, np.inf],
            "day": [1.0, 2.0],
        }
    )
    with pytest.raises(InputError) as caught:
        feature_kinds(frame, {"born": None, "day": "date", "memo": "text", "wage": "number"})
    text = str(caught.value)
    assert "4 problems" in text
    assert "feature 'born' is a date" in text
    assert "feature 'memo' is free text" in text
    assert "feature 'wage' holds 1 infinite numbers" in text


def test_a_table_without_features_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        feature_kinds(pd.DataFrame(), {})


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_missing_and_unseen_values_give_numbers(frame: pd.DataFrame, target: np.ndarray, kind: str) -> None:
    made = encoder(feature_kinds(frame, TYPES), estimator=kind).fit(frame, target)
    odd: Any = frame.head(3).copy()
    odd.loc[:, ["sector", "postcode"]] = [["mars", "p999"], [None, None], ["ict", "p001"]]
    odd.loc[:, ["late", "salary", "noise"]] = np.nan
    out = made.transform(odd)
    assert out.shape[0] == 3
    assert np.isfinite(out).all() == (kind == "logistic")


def test_a_missing_category_is_a_level_whether_it_comes_as_none_or_nan(frame: pd.DataFrame, target: np.ndarray) -> None:
    made = encoder(feature_kinds(frame, TYPES), estimator="logistic").fit(frame, target)
    assert f"category__sector_{NOT_RECORDED}" in made.get_feature_names_out()
    text = frame.astype({"sector": "str", "postcode": "str"})
    assert text["sector"].isna().any()
    np.testing.assert_array_equal(made.transform(text), made.transform(frame))


def test_rare_levels_share_a_column_with_levels_that_training_never_saw(
    frame: pd.DataFrame, target: np.ndarray
) -> None:
    made = encoder(feature_kinds(frame, TYPES), estimator="logistic").fit(frame, target)
    names = list(made.get_feature_names_out())
    assert "category__sector_rare" not in names
    rare, unseen = frame.head(1).assign(sector="rare"), frame.head(1).assign(sector="mars")
    np.testing.assert_array_equal(made.transform(rare), made.transform(unseen))


def test_missing_numbers_are_told_apart_from_the_median(frame: pd.DataFrame, target: np.ndarray) -> None:
    made = encoder(feature_kinds(frame, TYPES), estimator="logistic").fit(frame, target)
    one = frame.head(1)
    median, missing = one.assign(salary=frame["salary"].median()), one.assign(salary=np.nan)
    apart = np.flatnonzero(made.transform(median)[0] != made.transform(missing)[0])
    assert list(made.get_feature_names_out()[apart]) == ["missing__missingindicator_salary"]


def test_boosting_never_sees_a_native_category(frame: pd.DataFrame, target: np.ndarray) -> None:
    out = encoder(feature_kinds(frame, TYPES), estimator="boosting").fit_transform(frame, target)
    assert out.dtype == np.float64


def test_many_levels_are_encoded_out_of_fold_so_that_a_clusters_own_outcome_does_not_leak() -> None:
    # every level is one cluster of ten cases, and the outcome is the cluster's: in-sample encoding would give it away
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(100), 10)
    y = np.repeat(rng.integers(0, 2, 100), 10)
    frame = pd.DataFrame({"employer": pd.Series([f"e{code}" for code in cluster], dtype=object)})
    fold = cluster % 5
    folds = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(5)]
    made = with_folds(encoder(feature_kinds(frame, {"employer": "category"}), estimator="boosting"), folds)
    honest = made.fit_transform(frame, y)[:, 0]
    for _, held in folds:
        assert np.ptp(honest[held]) == 0
    assert np.corrcoef(made.transform(frame)[:, 0], y)[0, 1] > 0.9
