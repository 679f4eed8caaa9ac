"""Our TreeSHAP against the definition by brute force, against shap, and against the models' own output."""

from __future__ import annotations

import warnings
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from igw_audit.audits.contributions.ensembles import ensemble_contributions
from igw_audit.audits.contributions.exact import exact_contributions
from igw_audit.audits.contributions.paths import Tree, tree_contributions

N = 600


def _table(seed: int = 0, *, missing: bool = False) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(N, 5)), columns=list("abcde"))
    lean = x["a"] + x["b"] * x["c"] + 0.5 * (x["d"] > 0)
    if missing:
        x = x.mask(rng.random(x.shape) < 0.2)
    return x, np.asarray(lean + rng.normal(size=N) > 0.3)


def _expectation(tree: Tree, case: np.ndarray, known: set[int], node: int = 0) -> float:
    """What the tree gives on average where only some columns are known, by the cover of its branches."""
    column = int(tree.column[node])
    if column < 0:
        return float(tree.value[node])
    left, right = int(tree.left[node]), int(tree.right[node])
    if column in known:
        goes = bool(tree.goes_left(node, case[[column]])[0])
        return _expectation(tree, case, known, left if goes else right)
    share = tree.cover[left] / tree.cover[node]
    return float(share * _expectation(tree, case, known, left) + (1 - share) * _expectation(tree, case, known, right))


def _by_definition(tree: Tree, case: np.ndarray) -> np.ndarray:
    count = len(case)
    found = np.zeros(count)
    for column in range(count):
        others = [other for other in range(count) if other != column]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for chosen in combinations(others, size):
                with_it = _expectation(tree, case, {*chosen, column})
                found[column] += weight * (with_it - _expectation(tree, case, set(chosen)))
    return found


def test_every_contribution_is_the_shapley_value_by_definition() -> None:
    x, y = _table()
    grown = DecisionTreeRegressor(max_depth=7, random_state=0).fit(x, x["a"] * x["b"] + y)
    tree = Tree(
        column=np.where(grown.tree_.children_left < 0, -1, grown.tree_.feature).astype(np.int64),
        left=grown.tree_.children_left.astype(np.int64),
        right=grown.tree_.children_right.astype(np.int64),
        value=grown.tree_.value[:, 0, 0],
        cover=grown.tree_.weighted_n_node_samples,
        threshold=grown.tree_.threshold,
        missing_left=grown.tree_.missing_go_to_left.astype(np.bool_),
    )
    some = x.to_numpy()[:12]
    found = tree_contributions([tree], some)
    assert found is not None
    assert np.allclose(found, [_by_definition(tree, case) for case in some], atol=1e-12)


MODELS = (
    HistGradientBoostingClassifier(max_iter=20, random_state=0),
    HistGradientBoostingRegressor(max_iter=20, max_depth=3, random_state=0),
    RandomForestClassifier(n_estimators=8, random_state=0),
    ExtraTreesRegressor(n_estimators=5, max_depth=6, random_state=0),
    DecisionTreeClassifier(random_state=0),
)


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        *((model, missing) for model in MODELS for missing in (False, True)),
        (GradientBoostingClassifier(n_estimators=15, random_state=0), False),
    ],
    ids=lambda value: value if isinstance(value, bool) else type(value).__name__,
)
def test_it_agrees_with_shap_and_adds_up(model: Any, *, missing: bool) -> None:
    x, y = _table(missing=missing)
    model.fit(x.to_numpy(), y)
    table = x.to_numpy()
    found = ensemble_contributions(model, table)
    assert found is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        theirs = explainer.shap_values(table, check_additivity=False)
    theirs = theirs[..., 1] if np.ndim(theirs) == 3 else theirs
    rest = _raw(model, table) - found.sum(axis=1)
    assert np.ptp(rest) < 1e-9
    # shap holds thresholds and values of some of these in single precision
    if not missing or isinstance(model, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        assert np.median(np.abs(found - theirs)) < 1e-6


def _raw(model: Any, table: np.ndarray) -> np.ndarray:
    if "GradientBoostingClassifier" in type(model).__name__:
        return np.asarray(model.decision_function(table))
    return np.asarray(model.predict_proba(table)[:, 1] if hasattr(model, "predict_proba") else model.predict(table))


def test_a_case_has_the_same_contributions_whatever_cases_it_comes_with() -> None:
    x, y = _table()
    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(x.to_numpy(), y)
    whole, part = (ensemble_contributions(model, x.to_numpy()[rows]) for rows in (slice(None), slice(37, 90)))
    assert whole is not None
    assert part is not None
    assert (whole[37:90] == part).all()


def test_more_columns_on_a_path_than_a_table_holds_are_read_pattern_by_pattern() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3000, 20))
    model = DecisionTreeRegressor(random_state=0).fit(x, (x > 0).sum(axis=1) + rng.normal(size=3000))
    found = ensemble_contributions(model, x)
    assert found is not None
    assert np.ptp(model.predict(x) - found.sum(axis=1)) < 1e-9


@pytest.mark.parametrize("spelling", ["numbers", "words"])
def test_native_categories_are_taken_apart_exactly_unknown_and_missing_levels_too(spelling: str) -> None:
    rng = np.random.default_rng(2)
    code = rng.integers(0, 12, N)
    lean = rng.normal(scale=2, size=13)
    named = pd.Series([f"level {k}" for k in code], dtype="category") if spelling == "words" else code.astype(float)
    x = pd.DataFrame({"age": rng.normal(size=N), "kind": named, "wage": rng.normal(size=N)})
    y = rng.random(N) < 1 / (1 + np.exp(-lean[code] - x["age"]))
    chosen: Any = "from_dtype" if spelling == "words" else ["kind"]
    model = HistGradientBoostingClassifier(categorical_features=chosen, max_iter=30, random_state=0).fit(x[30:], y[30:])
    asked = x.copy()
    asked.loc[:9, "kind"] = np.nan
    if spelling == "numbers":
        asked.loc[10:19, "kind"] = 77.0
    found = exact_contributions(model, asked)
    assert found is not None
    assert found.method == "TreeSHAP"
    assert np.ptp(model.decision_function(asked) - found.amounts.sum(axis=1)) < 1e-9
    # a feature's own contribution is large where its own level leans, and nowhere else
    assert found.amounts[:, found.names.index("kind")].std() > 5 * found.amounts[:, found.names.index("wage")].std()


def test_values_equal_to_a_threshold_go_where_the_model_sends_them() -> None:
    rng = np.random.default_rng(6)
    x = rng.integers(0, 4, size=(N, 3)).astype(float)
    y = x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=N)
    for model in (
        HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(x, y),
        RandomForestClassifier(n_estimators=5, random_state=0).fit(x, y > 3),
    ):
        edges = x + 0.5
        found = ensemble_contributions(model, edges)
        assert found is not None
        assert np.ptp(_raw(model, edges) - found.sum(axis=1)) < 1e-9


def test_values_that_single_precision_cannot_tell_from_a_threshold_go_where_the_model_sends_them() -> None:
    x = np.array([[0.1], [0.1 + 1e-12], [0.3], [0.3 - 1e-12]] * 20)
    model = DecisionTreeRegressor().fit(x, np.arange(80) % 4 > 1)
    found = ensemble_contributions(model, x)
    assert found is not None
    assert np.ptp(model.predict(x) - found.sum(axis=1)) < 1e-12
