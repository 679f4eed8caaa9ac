"""Contributions against closed forms and against the model's own output."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from igw_audit.audits.contributions import contributions, exactly
from igw_audit.audits.contributions.exact import exact_contributions
from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.errors import NotMeasurableError


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, 800),
            "kind": np.array(["a", "b", "c"])[rng.choice(3, 800, p=[0.6, 0.3, 0.1])],
            "wage": rng.lognormal(8, 0.5, 800),
        },
        index=pd.Index([f"c{number:04}" for number in range(800)], name="id"),
    )


@pytest.fixture(scope="module")
def target(frame: pd.DataFrame) -> np.ndarray:
    rng = np.random.default_rng(1)
    lean = (frame["age"] - 40) / 10 + (frame["kind"] == "b") - 0.5 * np.log(frame["wage"] / 3000)
    return np.asarray(rng.random(800) < 1 / (1 + np.exp(-lean.to_numpy())), dtype=np.int64)


def _encoder() -> ColumnTransformer:
    return ColumnTransformer(
        [("n", StandardScaler(), ["wage", "age"]), ("c", OneHotEncoder(sparse_output=False), ["kind"])]
    )


def _cases(
    frame: pd.DataFrame, predict: Callable[[pd.DataFrame], Any], model: Any, declared: tuple[str, ...] = ()
) -> ScoredCases:
    score = np.asarray(predict(frame), dtype=np.float64)
    return ScoredCases(
        plan=Plan(attributes=("origin",), declared=declared, capacity=0.2),
        features=frame,
        score=score,
        selected=score >= np.quantile(score, 0.8),
        groupings={"origin": Grouping.of("origin", pd.Series("x", index=frame.index))},
        predict=predict,
        model=model,
    )


def _classifier(model: Any, frame: pd.DataFrame, target: np.ndarray) -> ScoredCases:
    model.fit(frame, target)
    return _cases(frame, lambda other: model.predict_proba(other)[:, 1], model)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (LogisticRegression(), "linear"),
        (HistGradientBoostingClassifier(max_iter=30), "TreeSHAP"),
        (GradientBoostingClassifier(n_estimators=20), "TreeSHAP"),
        (RandomForestClassifier(n_estimators=20), "TreeSHAP"),
        (DecisionTreeClassifier(max_depth=4), "TreeSHAP"),
        (CalibratedClassifierCV(LogisticRegression(), method="isotonic", ensemble=False), "linear"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_contributions_add_up_for_every_case_in_raw_columns(
    frame: pd.DataFrame, target: np.ndarray, model: Any, method: str
) -> None:
    found = contributions(_classifier(make_pipeline(_encoder(), model), frame, target))
    assert found is not None
    assert found.method == method
    assert found.names == ("age", "kind", "wage")
    rest = found.output - found.amounts.sum(axis=1)
    assert np.ptp(rest) < 1e-4 * found.output.std()


def test_a_linear_model_contributes_slope_times_distance_from_the_mean(frame: pd.DataFrame, target: np.ndarray) -> None:
    numbers = frame[["age", "wage"]]
    model = LinearRegression().fit(numbers, target)
    found = contributions(_cases(numbers, model.predict, model))
    assert found is not None
    assert np.allclose(found.amounts[:, 0], model.coef_[0] * (frame["age"] - frame["age"].mean()))
    assert found.scale == "score"


def test_one_hot_columns_come_back_as_one_feature(frame: pd.DataFrame, target: np.ndarray) -> None:
    found = contributions(_classifier(make_pipeline(_encoder(), LogisticRegression()), frame, target))
    assert found is not None
    by_kind = pd.Series(found.amounts[:, 1], index=frame["kind"]).groupby(level=0)
    assert (by_kind.std() < 1e-9).all()
    assert by_kind.mean()["b"] > by_kind.mean()["a"]


def test_a_positive_class_that_comes_first_turns_the_signs(frame: pd.DataFrame, target: np.ndarray) -> None:
    model = make_pipeline(_encoder(), LogisticRegression()).fit(frame, np.where(target == 1, "a risk", "none"))
    found = contributions(_cases(frame, lambda other: model.predict_proba(other)[:, 0], model))
    assert found is not None
    assert np.corrcoef(found.amounts[:, 0], frame["age"])[0, 1] > 0.99


def test_what_mixes_raw_columns_is_switched_with_like_cases_instead(frame: pd.DataFrame, target: np.ndarray) -> None:
    numbers = frame[["age", "wage"]]
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression())
    found = contributions(_classifier(model, numbers, target))
    assert found is not None
    assert found.method.startswith("switching")
    assert found.scale == "log-odds"


def test_native_categories_that_shap_gets_wrong_are_never_reported(target: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"code": rng.integers(0, 12, 800).astype(float), "age": rng.normal(size=800)})
    lean = rng.normal(scale=2, size=12)[table["code"].astype(int)]
    outcome = (rng.random(800) < 1 / (1 + np.exp(-lean))).astype(np.int64)
    table.index = pd.Index([f"c{number:04}" for number in range(800)], name="id")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=40).fit(table, outcome)
    found = contributions(_cases(table, lambda other: model.predict_proba(other)[:, 1], model))
    assert found is not None
    exact = np.ptp(found.output - found.amounts.sum(axis=1)) < 1e-4 * found.output.std()
    assert exact or found.method.startswith("switching")


def test_what_does_not_add_up_is_computed_another_way(frame: pd.DataFrame) -> None:
    counts = np.random.default_rng(3).poisson(np.exp(frame["age"] / 40))
    # the trees add up to the logarithm of what this model predicts
    model = HistGradientBoostingRegressor(loss="poisson", max_iter=20).fit(frame[["age", "wage"]], counts)
    assert exact_contributions(model, frame[["age", "wage"]]) is None
    found = contributions(_cases(frame[["age", "wage"]], model.predict, model))
    assert found is not None
    assert found.method.startswith("switching")


def test_a_score_that_the_model_did_not_give_is_not_taken_apart_by_it(frame: pd.DataFrame, target: np.ndarray) -> None:
    numbers = frame[["age", "wage"]]
    cases = _classifier(make_pipeline(StandardScaler(), LogisticRegression()), numbers, target)
    assert exactly(cases) is not None
    assert exactly(replace(cases, score=np.random.default_rng(0).random(cases.n))) is None


def test_a_level_too_rare_to_be_traced_at_first_keeps_its_contribution() -> None:
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b"], 45_001).astype(object)
    kind[1::1500] = "rare"  # an even draw of every third case would not hold one
    assert "rare" not in kind[::3]
    table = pd.DataFrame({"kind": kind, "age": rng.normal(size=45_001)})
    pipeline = make_pipeline(
        ColumnTransformer([("k", OneHotEncoder(sparse_output=False), ["kind"]), ("a", "passthrough", ["age"])]),
        LogisticRegression(),
    ).fit(table, (kind == "rare") | (rng.random(45_001) < 0.2))
    found = exact_contributions(pipeline, table)
    assert found is not None
    assert found.amounts[kind == "rare", found.names.index("kind")].min() > 2
    assert np.ptp(pipeline.decision_function(table) - found.amounts.sum(axis=1)) < 1e-9


def test_contributions_are_worked_out_once_for_the_same_cases(frame: pd.DataFrame, target: np.ndarray) -> None:
    cases = _classifier(make_pipeline(_encoder(), HistGradientBoostingClassifier(max_iter=5)), frame, target)
    assert exactly(cases) is exactly(cases)
    assert contributions(cases) is exactly(cases)
    calls = []

    def rule(other: pd.DataFrame) -> np.ndarray:
        calls.append(len(other))
        return np.asarray(other["age"] * other["wage"])

    black_box = _cases(frame, rule, None)
    first, asked = contributions(black_box), len(calls)
    assert contributions(black_box) is first
    assert len(calls) == asked


def test_some_of_the_cases_have_the_same_contributions_as_among_all(frame: pd.DataFrame, target: np.ndarray) -> None:
    cases = _classifier(make_pipeline(_encoder(), LogisticRegression()), frame, target)
    rows = np.arange(800) % 3 == 0
    whole, part = contributions(cases), contributions(cases, rows)
    assert whole is not None
    assert part is not None
    assert (part.amounts == whole.amounts[rows]).all()
    assert (part.rows == rows).all()
    with pytest.raises(ValueError, match="do not hold"):
        part.only(np.ones(800, dtype=np.bool_))


def test_a_model_that_gives_other_scores_than_those_audited_is_not_measurable(frame: pd.DataFrame) -> None:
    numbers = frame[["age", "wage"]]
    cases = _cases(numbers, lambda other: other["age"] * np.log(other["wage"]), None)
    stale = replace(cases, score=cases.score + np.where(np.arange(cases.n) == 17, 0.5, 0.0))
    with pytest.raises(NotMeasurableError, match="other scores than those that are audited"):
        contributions(stale)
    rng = np.random.default_rng(0)
    moody = replace(cases, predict=lambda other: np.asarray(other["age"] + rng.normal(size=len(other))))
    with pytest.raises(NotMeasurableError):
        contributions(moody)
    missing = replace(cases, predict=lambda other: np.full(len(other), np.nan))
    with pytest.raises(NotMeasurableError):
        contributions(missing)


def test_a_model_that_asks_for_raw_columns_in_its_own_order_gets_them(frame: pd.DataFrame, target: np.ndarray) -> None:
    model = LogisticRegression().fit(frame[["wage", "age"]], target)
    found = contributions(_cases(frame, lambda other: model.predict_proba(other[["wage", "age"]])[:, 1], model))
    assert found is not None
    assert found.method == "linear"
    assert found.names == ("age", "kind", "wage")
    assert (found.amounts[:, 1] == 0).all()
    assert np.allclose(found.amounts[:, 2], model.coef_[0, 0] * (frame["wage"] - frame["wage"].mean()))


def test_switching_recovers_an_additive_callable(frame: pd.DataFrame) -> None:
    numbers = frame[["age", "wage"]]
    rule = lambda other: 0.1 * other["age"].to_numpy() + (other["wage"].to_numpy() > 3000)  # noqa: E731
    found = contributions(_cases(numbers, rule, None))
    assert found is not None
    # the background of each draw is one case, so a third of the spread is noise
    assert np.corrcoef(found.amounts[:, 0], numbers["age"])[0, 1] > 0.85
    assert np.polyfit(numbers["age"], found.amounts[:, 0], 1)[0] == pytest.approx(0.1, rel=0.1)
    assert np.corrcoef(found.amounts[:, 1], numbers["wage"] > 3000)[0, 1] > 0.85


def test_switching_within_like_cases_leaves_the_declared_factor_itself_little(frame: pd.DataFrame) -> None:
    numbers = frame[["age", "wage"]]
    rule = lambda other: 0.1 * other["age"].to_numpy() + (other["wage"].to_numpy() > 3000)  # noqa: E731
    apart, within = contributions(_cases(numbers, rule, None)), contributions(_cases(numbers, rule, None, ("age",)))
    assert apart is not None
    assert within is not None
    assert within.amounts[:, 0].std() < 0.1 * apart.amounts[:, 0].std()


def test_a_bare_score_has_no_contributions(frame: pd.DataFrame) -> None:
    cases = _cases(frame, lambda other: other["age"], None)
    bare = ScoredCases(
        plan=cases.plan, features=frame, score=cases.score, selected=cases.selected, groupings=cases.groupings
    )
    assert contributions(bare) is None
