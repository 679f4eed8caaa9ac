from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier

from igw_audit.errors import InputError
from igw_audit.scoring.models import checked_scores, scorer

POSITIVE = ("deliberate_false_information",)


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = pd.Index([f"c{number:03d}" for number in range(60)], name="id")
    return pd.DataFrame(rng.normal(size=(60, 4)), columns=["a", "b", "c", "z_note"], index=names)


@pytest.fixture
def target(frame: pd.DataFrame) -> np.ndarray:
    return (frame["a"] > 0).to_numpy(dtype=np.int64)


def scores_of(model: Any, frame: pd.DataFrame, features: tuple[str, ...] = ("a", "b", "c")) -> np.ndarray:
    return scorer(model, frame, features=features, positive=POSITIVE)(frame[list(features)])


def refused(model: Any, frame: pd.DataFrame) -> str:
    with pytest.raises(InputError) as caught:
        scores_of(model, frame)
    return str(caught.value)


def test_columns_reach_a_model_in_its_own_order(frame: pd.DataFrame, target: np.ndarray) -> None:
    model = LogisticRegression().fit(frame[["c", "a"]], target)
    np.testing.assert_array_equal(scores_of(model, frame), model.predict_proba(frame[["c", "a"]])[:, 1])


@pytest.mark.parametrize("classes", [(0, 1), (False, True), (-1, 1), ("none", POSITIVE[0]), (POSITIVE[0], "none")])
@pytest.mark.parametrize("kind", [LogisticRegression, RidgeClassifier])
def test_the_positive_class_is_found_whatever_it_is_called(
    frame: pd.DataFrame, target: np.ndarray, classes: tuple[Any, Any], kind: Any
) -> None:
    positive = 1 if classes[1] in (1, True, POSITIVE[0]) else 0
    words = np.array(classes)[np.where(target == 1, positive, 1 - positive)]
    score = scores_of(kind().fit(frame[["a", "b"]], words), frame)
    assert np.corrcoef(score, frame["a"])[0, 1] > 0.6


def test_of_several_typed_classes_the_plans_positive_ones_count(frame: pd.DataFrame, target: np.ndarray) -> None:
    words = np.where(target == 1, POSITIVE[0], np.where(frame["b"] > 0, "administrative", "none"))
    model = LogisticRegression().fit(frame[["a", "b"]], words)
    column = list(model.classes_).index(POSITIVE[0])
    np.testing.assert_array_equal(scores_of(model, frame), model.predict_proba(frame[["a", "b"]])[:, column])


def test_a_regressor_scores_by_what_it_predicts(frame: pd.DataFrame, target: np.ndarray) -> None:
    model = LinearRegression().fit(frame[["a"]], target)
    np.testing.assert_array_equal(scores_of(model, frame), model.predict(frame[["a"]]))


def test_a_callable_sees_the_whole_case_frame_with_the_features_it_is_asked_about(frame: pd.DataFrame) -> None:
    def model(whole: pd.DataFrame) -> np.ndarray:
        assert list(whole.columns) == ["a", "b", "c", "z_note"]
        return (whole["a"] + 10 * whole["z_note"]).to_numpy()

    score = scorer(model, frame, features=("a", "b", "c"), positive=POSITIVE)
    swapped = frame[["a", "b", "c"]].iloc[[5, 5, 2]].assign(a=7.0)
    np.testing.assert_allclose(score(swapped), 7 + 10 * frame["z_note"].iloc[[5, 5, 2]])
    with pytest.raises(InputError, match="60 rows have an index that is no case id"):
        score(frame[["a", "b", "c"]].reset_index(drop=True))


def test_a_model_that_reads_a_column_nobody_named_is_refused(frame: pd.DataFrame, target: np.ndarray) -> None:
    text = refused(LogisticRegression().fit(frame[["a", "z_note"]], target), frame)
    assert "the model reads 'z_note', which the plan (or the schema) does not name" in text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _x, _y: LogisticRegression(), "is not fitted; fit it"),
        (lambda x, y: LogisticRegression().fit(x.to_numpy(), y), "was fitted without column names"),
        (lambda x, y: Perceptron().fit(x, np.where(y == 1, "b", "a")), "classes are a, b, and the plan's positive"),
        (lambda x, _y: RidgeClassifier().fit(x, np.arange(60) % 3), "more than two classes and no predict_proba"),
        (lambda x, _y: DummyClassifier().fit(x, np.zeros(60, dtype=int)), "the model's classes are 0"),
        (lambda _x, _y: "model.skops", "found a str, expected a fitted scikit-learn"),
        (lambda _x, _y: lambda whole: whole["a"].mask(whole["a"] > 0), "scores are missing or infinite"),
        (lambda _x, _y: lambda whole: whole[["a", "b"]], r"the scores have shape (60, 2)"),
        (lambda _x, _y: lambda _whole: 3.0, "the scores have shape ()"),
        (lambda _x, _y: lambda whole: ["high"] * len(whole), "the scores are not numbers"),
    ],
)
def test_what_gives_no_score_a_case_is_refused(frame: pd.DataFrame, target: np.ndarray, make: Any, words: str) -> None:
    assert words in refused(make(frame[["a", "b"]], target), frame)


def test_a_column_of_scores_may_be_flat_or_standing() -> None:
    np.testing.assert_array_equal(checked_scores([[1], [2]], 2, what="scores"), [1.0, 2.0])


def test_a_tree_gives_probabilities(frame: pd.DataFrame, target: np.ndarray) -> None:
    score = scores_of(DecisionTreeClassifier(max_depth=2, random_state=0).fit(frame[["b", "a"]], target), frame)
    assert ((score >= 0) & (score <= 1)).all()
