from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, OutlierMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.ensemble import IsolationForest, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, OneClassSVM

from igw_audit.core.plan import ScoreSettings
from igw_audit.errors import InputError
from igw_audit.scoring import named_columns
from igw_audit.scoring.adapters.answers import numbers
from igw_audit.scoring.adapters.names import in_the_table
from igw_audit.scoring.models import ModelScorer, scorer

FEATURES = ("pay", "age of case")
N = 200


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    index = pd.Index([f"c{number:03d}" for number in range(N)], name="id")
    return pd.DataFrame(rng.normal(size=(N, 2)), columns=list(FEATURES), index=index)


@pytest.fixture(scope="module")
def target(frame: pd.DataFrame) -> np.ndarray:
    return (frame["pay"] + 0.3 * frame["age of case"] > 0).to_numpy(dtype=np.int64)


def ready(model: Any, frame: pd.DataFrame, **said: Any) -> ModelScorer:
    positive = said.pop("positive", ("deliberate_false_information",))
    return scorer(model, frame, features=FEATURES, positive=positive, settings=ScoreSettings.model_validate(said))


def risk(model: Any, frame: pd.DataFrame, **said: Any) -> np.ndarray:
    return ready(model, frame, **said)(frame[list(FEATURES)])


def refused(model: Any, frame: pd.DataFrame, **said: Any) -> str:
    with pytest.raises(InputError) as caught:
        risk(model, frame, **said)
    return str(caught.value)


class Turned(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with its classes, and all that goes by them, in the order that it is told."""

    def __init__(self, order: tuple[Any, ...] = (), margin: bool = False) -> None:
        self.order, self.margin = order, margin

    def fit(self, X: Any, y: Any) -> Turned:
        self.inner_ = LogisticRegression().fit(X, y)
        self.feature_names_in_ = self.inner_.feature_names_in_
        self.classes_ = np.array(self.order, dtype=object)
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "predict_proba" and not self.__dict__.get("margin", True):
            return self._table
        if name == "decision_function" and self.__dict__.get("margin"):
            return self._signed
        raise AttributeError(name)

    def _table(self, X: Any) -> Any:
        columns = [list(self.inner_.classes_).index(one) for one in self.order]
        return self.inner_.predict_proba(X)[:, columns]

    def _signed(self, X: Any) -> Any:
        sign = 1 if self.order[1] == self.inner_.classes_[1] else -1
        return sign * self.inner_.decision_function(X)


@settings(max_examples=60, deadline=None)
@given(
    pair=st.sampled_from(
        [(0, 1), (-1, 1), (1, 2), (False, True), (0.0, 1.0), ("0", "1"), ("no", "yes"), ("Nee", "Ja"), ("1", "2"),
         ("False", "True"), ("N", "J")]
    ),
    backwards=st.booleans(),
    margin=st.booleans(),
)  # fmt: skip
def test_the_positive_class_is_known_by_its_value_in_whatever_place_it_stands(
    pair: tuple[Any, Any], backwards: bool, margin: bool, frame: pd.DataFrame, target: np.ndarray
) -> None:
    labels = np.array(pair)[target]
    words = tuple(np.array(pair).tolist())
    model = Turned(order=words[::-1] if backwards else words, margin=margin).fit(frame, labels)
    plain = LogisticRegression().fit(frame, target)
    expected = plain.decision_function(frame) if margin else plain.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(risk(model, frame), expected, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(named=st.sampled_from(["late", "fraud", "none"]), order=st.permutations(["late", "fraud", "none"]))
def test_one_class_against_the_rest_is_the_one_that_the_plan_names(
    named: str, order: list[str], frame: pd.DataFrame, target: np.ndarray
) -> None:
    labels = np.where(target == 0, "none", np.where(frame["age of case"] > 0, "late", "fraud"))
    model = Turned(order=tuple(order)).fit(frame, labels)
    plain = LogisticRegression().fit(frame, labels)
    expected = plain.predict_proba(frame)[:, list(plain.classes_).index(named)]
    np.testing.assert_array_equal(risk(model, frame, classes=(named,)), expected)
    np.testing.assert_array_equal(risk(model, frame, positive=(named,)), expected)


def test_classes_that_nobody_named_are_asked_for(frame: pd.DataFrame, target: np.ndarray) -> None:
    labels = np.where(target == 0, "a", "b")
    assert "name in the plan which classes are positive" in refused(LogisticRegression().fit(frame, labels), frame)
    assert "score.classes names 'c'" in refused(LogisticRegression().fit(frame, labels), frame, classes=("c",))
    three = SVC(decision_function_shape="ovo").fit(frame, np.arange(N) % 3)
    assert "more than two classes and no predict_proba" in refused(three, frame, classes=("2",))
    one = RidgeClassifier().fit(frame, np.arange(N) % 3)
    np.testing.assert_array_equal(risk(one, frame, classes=("2",)), one.decision_function(frame)[:, 2])


class Own(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """An outlier detector of somebody's own, by scikit-learn's rule: the lower, the more abnormal."""

    def fit(self, X: Any, y: Any = None) -> Own:  # noqa: ARG002 - the interface
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        return self

    def decision_function(self, X: Any) -> Any:
        return -np.abs(X["pay"].to_numpy())


class LikePyod:
    """A detector of PyOD's kind: the higher, the more abnormal."""

    def fit(self, X: Any, y: Any = None) -> LikePyod:  # noqa: ARG002 - the interface
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.decision_scores_ = self.decision_function(X)
        return self

    def decision_function(self, X: Any) -> Any:
        return np.abs(X["pay"].to_numpy())

    def predict_proba(self, X: Any) -> Any:
        return np.column_stack([1 - self.decision_function(X), self.decision_function(X)])


@pytest.mark.parametrize(
    "model",
    [
        IsolationForest(random_state=0),
        OneClassSVM(gamma=0.1, nu=0.1),
        LocalOutlierFactor(novelty=True),
        EllipticEnvelope(random_state=0),
        make_pipeline(StandardScaler(), IsolationForest(random_state=0)),
        Pipeline([("off", "passthrough"), ("own", Own())]),
        Own(),
        LikePyod(),
    ],
)
def test_an_anomaly_detectors_strangest_cases_score_highest(model: Any, frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    strange = frame.copy()
    strange.iloc[:10] += rng.uniform(8, 30, (10, 2)) * rng.choice([-1, 1], (10, 2))
    fitted = model.fit(strange.iloc[10:])
    score = risk(fitted, strange)
    assert roc_auc_score(np.arange(N) < 10, score) > 0.95
    assert ready(fitted, strange).kind == "anomaly"
    plan_says = ready(fitted, strange, higher="riskier")
    assert (plan_says.higher, plan_says.known_from) == ("riskier", "plan")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (KMeans(3, random_state=0), "the number of a cluster, which is no score"),
        (make_pipeline(StandardScaler(), KMeans(3, random_state=0)), "the number of a cluster, which is no score"),
        (DBSCAN(), "the number of a cluster"),
        (GaussianMixture(2), "gives no risk"),
        (KernelDensity(), "gives no risk"),
        (StandardScaler(), "transforms columns and scores nothing"),
        (make_pipeline(StandardScaler()), "transforms columns and scores nothing"),
        (LocalOutlierFactor(), "fit it with novelty=True"),
    ],
)
def test_what_gives_no_risk_is_refused_with_what_to_pass(model: Any, words: str, frame: pd.DataFrame) -> None:
    text = refused(model.fit(frame), frame)
    assert words in text
    assert "callable" in text


def test_labels_are_not_taken_for_scores(frame: pd.DataFrame, target: np.ndarray) -> None:
    hard = VotingClassifier([("a", LogisticRegression()), ("b", LogisticRegression(C=0.1))]).fit(frame, target)
    assert "gives classes only, and an audit needs scores" in refused(hard, frame)

    class Bare(BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Bare:  # noqa: ARG002 - the interface
            self.feature_names_in_ = np.array(X.columns, dtype=object)
            return self

        def predict(self, X: Any) -> Any:
            return (X["pay"] > 0).astype(int)

    bare = Bare().fit(frame, target)
    assert 'score = {kind = "points", higher = "riskier"}' in refused(bare, frame)
    np.testing.assert_array_equal(risk(bare, frame, kind="points"), frame["pay"] > 0)


class Same(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step that keeps no names."""

    def fit(self, X: Any, y: Any = None) -> Same:  # noqa: ARG002 - the interface
        return self

    def transform(self, X: Any) -> Any:
        return X


class Summed(Same):
    """A step that keeps no names, and makes one column of two: what comes after knows that one alone."""

    def transform(self, X: Any) -> Any:
        return pd.DataFrame({"pay": X["pay"] + X["age of case"]})


LOGIT = LogisticRegression()


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline("passthrough", LOGIT),
        make_pipeline(None, LOGIT),
        make_pipeline(Same(), LOGIT),
        make_pipeline("passthrough", Same(), make_pipeline(Same(), LOGIT)),
        make_pipeline(Summed(), LOGIT),
        make_pipeline(FunctionTransformer(), LOGIT),
        make_pipeline(make_union(FunctionTransformer(), FunctionTransformer(np.abs)), LOGIT),
        make_pipeline(FeatureUnion([("as it is", "passthrough"), ("abs", FunctionTransformer(np.abs))]), LOGIT),
        make_pipeline(
            ColumnTransformer([("one", StandardScaler(), ["pay"]), ("two", "passthrough", ["age of case"])]), LOGIT
        ),
        GridSearchCV(make_pipeline("passthrough", LOGIT), {"logisticregression__C": [1.0]}, cv=2),
        CalibratedClassifierCV(make_pipeline(Same(), LOGIT), cv=2),
        StackingClassifier([("a", make_pipeline("passthrough", LOGIT))], cv=2),
        FixedThresholdClassifier(make_pipeline("passthrough", LOGIT), threshold=0.3),
        TunedThresholdClassifierCV(make_pipeline("passthrough", LOGIT), cv=2),
        TransformedTargetRegressor(make_pipeline(Same(), LinearRegression())),
    ],
)
def test_columns_are_known_in_a_pipeline_of_any_shape(model: Any, frame: pd.DataFrame, target: np.ndarray) -> None:
    fitted = model.fit(frame, target)
    asked = fitted.predict_proba(frame)[:, 1] if hasattr(fitted, "predict_proba") else fitted.predict(frame)
    np.testing.assert_array_equal(risk(fitted, frame), asked)


def test_a_frozen_model_in_a_calibration_names_its_columns(frame: pd.DataFrame, target: np.ndarray) -> None:
    inner = make_pipeline("passthrough", LogisticRegression()).fit(frame, target)
    model = CalibratedClassifierCV(FrozenEstimator(inner)).fit(frame, target)
    assert named_columns(model, FEATURES) == FEATURES


def test_a_model_without_names_says_what_to_pass_and_takes_the_plans_order(
    frame: pd.DataFrame, target: np.ndarray
) -> None:
    turned = frame[list(FEATURES)[::-1]]
    model = LogisticRegression().fit(turned.to_numpy(), target)
    text = refused(model, frame)
    assert "was fitted without column names on 2 columns" in text
    assert "the plan names as many features" in text
    assert "lambda cases: model.predict_proba(cases[[...]].to_numpy())[:, 1]" in text
    expected = model.predict_proba(turned.to_numpy())[:, 1]
    np.testing.assert_array_equal(risk(model, frame, columns=FEATURES[::-1]), expected)
    assert "names 1 columns, and the model was fitted on 2" in refused(model, frame, columns=("pay",))
    assert "score.columns names 'pya'" in refused(model, frame, columns=("pya", "pay"))


def test_names_that_a_library_rewrote_are_found_again_where_that_is_unique() -> None:
    assert in_the_table(["a_b", "c"], ["a b", "c"]) == ("a b", "c")
    assert in_the_table(["a_b"], ["a b", "a-b"]) == ("a_b",)
    assert in_the_table(["a_b", "a_b_"], ["a_b", "a b "]) == ("a_b", "a b ")


def flat(values: np.ndarray) -> Any:
    return values[:, 1]


ONE_COLUMN: list[Callable[[np.ndarray], Any]] = [
    flat,
    lambda values: values[:, [1]],
    lambda values: list(values[:, 1]),
    lambda values: pd.Series(values[:, 1]),
    lambda values: pl.Series(values[:, 1]),
    lambda values: pa.chunked_array([pa.array(values[:, 1])]),
]
TWO_COLUMNS: list[Callable[[np.ndarray], Any]] = [
    lambda values: values,
    lambda values: [values],
    lambda values: values.tolist(),
    lambda values: pd.DataFrame(values[:, ::-1], columns=[1, 0]),
    pl.DataFrame,
    sparse.csr_array,
    np.ma.masked_array,
]


@pytest.mark.parametrize("shape", [*ONE_COLUMN, *TWO_COLUMNS])
def test_an_answer_of_any_shape_that_is_clear_is_taken(
    shape: Callable[[np.ndarray], Any], frame: pd.DataFrame, target: np.ndarray
) -> None:
    class Shaped(LogisticRegression):  # type: ignore[misc]
        def predict_proba(self, X: Any) -> Any:
            return shape(super().predict_proba(X))

    plain = LogisticRegression().fit(frame, target).predict_proba(frame)[:, 1]
    np.testing.assert_array_equal(risk(Shaped().fit(frame, target), frame), plain)


@pytest.mark.parametrize("shape", ONE_COLUMN)
def test_one_column_of_two_classes_is_refused_where_it_may_be_of_the_other(
    shape: Callable[[np.ndarray], Any], frame: pd.DataFrame, target: np.ndarray
) -> None:
    class Shaped(LogisticRegression):  # type: ignore[misc]
        def predict_proba(self, X: Any) -> Any:
            return shape(super().predict_proba(X))

    model = Shaped().fit(frame, np.where(target == 1, "a", "b"))
    assert "does not tell of which" in refused(model, frame, classes=("a",))


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3, random_state=0),
        MultiOutputClassifier(LogisticRegression()),
    ],
)
def test_an_answer_a_target_is_refused_in_words(model: Any, frame: pd.DataFrame, target: np.ndarray) -> None:
    text = refused(model.fit(frame, np.c_[target, 1 - target]), frame)
    assert "gives an answer for each of 2 targets" in text


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000))
def test_scores_that_carry_case_ids_are_put_in_the_order_of_the_cases(seed: int, frame: pd.DataFrame) -> None:
    def shuffled(cases: pd.DataFrame) -> pd.Series:
        return cases["pay"].sample(frac=1, random_state=seed)

    np.testing.assert_array_equal(risk(shuffled, frame), frame["pay"])
    twice = frame.iloc[[0, 0, 1, 2]]
    with pytest.raises(InputError, match="in another order than the cases"):
        numbers(twice["pay"].iloc[::-1], 4, what="scores", index=twice.index)


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical(["a", "b"] * (N // 2), categories=["c", "b", "a"], ordered=True),
        pd.array([True, None] * (N // 2), dtype="boolean"),
        pd.array([1, None] * (N // 2), dtype="Int16"),
        pd.array([1.5, None] * (N // 2), dtype="float[pyarrow]"),
        pd.array(["x", None] * (N // 2), dtype="string"),
        pd.date_range("2025-01-01", periods=N, tz="Europe/Amsterdam"),
        np.arange(N, dtype=np.uint8),
        pd.arrays.SparseArray([0.0, 1.0] * (N // 2)),
        pd.period_range("2025-01", periods=N, freq="D"),
    ],
)
def test_a_callable_meets_every_column_in_the_type_that_the_table_has(column: Any, frame: pd.DataFrame) -> None:
    typed = frame.assign(pay=column)
    seen = []

    def model(cases: pd.DataFrame) -> Any:
        seen.append(cases["pay"].dtype)
        return cases["age of case"]

    asked = ready(model, typed)
    asked(typed[list(FEATURES)])
    dealt = typed[list(FEATURES)].iloc[::-1].set_axis(typed.index, axis=0)
    asked(dealt)
    asked(dealt.assign(pay=dealt["pay"].astype(object)))
    assert seen == [typed["pay"].dtype] * 3


def test_a_value_that_the_type_of_a_column_cannot_hold_is_handed_on_as_it_is(frame: pd.DataFrame) -> None:
    whole = frame.assign(pay=np.arange(N))
    asked = ready(lambda cases: cases["pay"], whole)
    np.testing.assert_array_equal(asked(whole[list(FEATURES)].assign(pay=0.5)), np.full(N, 0.5))


def test_whatever_a_model_raises_names_model_error_and_columns_and_no_value(
    frame: pd.DataFrame, target: np.ndarray
) -> None:
    model = LogisticRegression().fit(frame, target)
    wrong = frame.assign(pay=[f"Jansen{place}" for place in range(N)])
    text = refused(model, wrong)
    assert "the LogisticRegression failed with ValueError" in text
    assert "pay (str), age of case (float64)" in text
    assert "Jansen" not in text

    def own(_cases: pd.DataFrame) -> Any:
        raise KeyError("c003 has no row for postcode")

    text = refused(own, frame)
    assert "the callable own failed with KeyError" in text
    assert "test_adapters.py, line" in text
    assert "c003" not in text
    assert "postcode" in text


@pytest.mark.parametrize("names", [("f0", "f1"), ("x1", "x2"), ("0", "1"), ("Column_0", "Column_1")])
@pytest.mark.parametrize("library", ["scikit-learn", "LightGBM", "XGBoost", "CatBoost"])
def test_columns_that_are_only_numbered_are_names_too(
    names: tuple[str, str], library: str, frame: pd.DataFrame, target: np.ndarray
) -> None:
    import catboost
    import lightgbm
    import xgboost

    numbered = frame.set_axis(list(names), axis=1)
    models: dict[str, Any] = {
        "scikit-learn": LogisticRegression(),
        "LightGBM": lightgbm.LGBMClassifier(n_estimators=3, verbose=-1),
        "XGBoost": xgboost.XGBClassifier(n_estimators=3),
        "CatBoost": catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False),
    }
    model = models[library].fit(numbered, target)
    score = scorer(model, numbered, features=names[::-1], positive=())(numbered[list(names[::-1])])
    np.testing.assert_array_equal(score, model.predict_proba(numbered)[:, 1].astype(np.float64))
    assert named_columns(model, names) == names


@pytest.mark.parametrize("library", ["LightGBM", "LightGBM Booster", "XGBoost", "CatBoost"])
def test_boosters_that_were_fitted_on_an_array_ask_for_the_order(
    library: str, frame: pd.DataFrame, target: np.ndarray
) -> None:
    import catboost
    import lightgbm
    import xgboost

    light = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(frame.to_numpy(), target)
    cats = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False)
    models: dict[str, Any] = {
        "LightGBM": light,
        "LightGBM Booster": light.booster_,
        "XGBoost": xgboost.XGBClassifier(n_estimators=3).fit(frame.to_numpy(), target),
        "CatBoost": cats.fit(frame.to_numpy(), target),
    }
    model = models[library]
    assert "was fitted without column names on 2 columns" in refused(model, frame)
    with warnings.catch_warnings():
        # LightGBM names the columns of its arrays, and scikit-learn then misses the names
        warnings.simplefilter("ignore")
        booster = library == "LightGBM Booster"
        asked = model.predict(frame) if booster else model.predict_proba(frame.to_numpy())[:, 1]
    np.testing.assert_array_equal(risk(model, frame, columns=FEATURES), np.asarray(asked, dtype=np.float64))


ALIKE = ["age of case", "age_of_case"]


def test_two_columns_that_a_library_writes_alike_are_asked_for(frame: pd.DataFrame, target: np.ndarray) -> None:
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(frame[["age of case"]], target)
    wide = frame.assign(age_of_case=0.0)[ALIKE]
    with pytest.raises(InputError, match="library writes them alike"):
        scorer(model, wide, features=ALIKE, positive=())
    said = ScoreSettings(columns=("age of case",))
    score = scorer(model, wide, features=ALIKE, positive=(), settings=said)(wide)
    np.testing.assert_array_equal(score, np.asarray(model.predict_proba(frame[["age of case"]]))[:, 1])


def test_a_method_of_a_model_means_what_the_model_means(frame: pd.DataFrame, target: np.ndarray) -> None:
    forest = IsolationForest(random_state=0).fit(frame)
    np.testing.assert_array_equal(risk(forest.decision_function, frame), -forest.decision_function(frame))
    assert "of which an audit asks decision_function" in refused(forest.score_samples, frame)
    model = LogisticRegression().fit(frame, target)
    np.testing.assert_array_equal(risk(model.predict_proba, frame), model.predict_proba(frame)[:, 1])
    assert "of which an audit asks predict_proba" in refused(model.predict, frame)
    assert "the number of a cluster" in refused(KMeans(2, random_state=0).fit(frame).predict, frame)

    class Rule:
        def predict(self, cases: pd.DataFrame) -> Any:
            return cases["pay"]

    np.testing.assert_array_equal(risk(Rule().predict, frame), frame["pay"])


def test_what_the_plan_calls_a_probability_must_be_one(frame: pd.DataFrame) -> None:
    assert "scores run from" in refused(lambda cases: cases["pay"], frame, kind="probability")
