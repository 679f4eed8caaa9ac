"""Boosters without scikit-learn's interface: LightGBM's and XGBoost's Booster, CatBoost's own class."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pandas as pd

from igw_audit.core.scores import ScoreKind
from igw_audit.errors import InputError
from igw_audit.scoring.adapters.adapter import Adapter, Wanted, is_of, quoted, refuse
from igw_audit.scoring.adapters.answers import as_array
from igw_audit.scoring.adapters.classes import class_words, positive_places
from igw_audit.scoring.adapters.fitted import as_categories, pick
from igw_audit.scoring.adapters.names import fitted_names


def is_booster(model: Any) -> bool:
    """Tell whether a model is one of these."""
    bare = is_of(model, "lightgbm", "Booster") or is_of(model, "xgboost", "Booster")
    return bare or (is_of(model, "catboost", "CatBoost") and not hasattr(model, "predict_proba"))


def of_booster(model: Any, wanted: Wanted) -> Adapter:
    """Return the adapter of a booster, its kind of score from the objective that it was trained on."""
    family: Callable[[Any, Wanted], tuple[str, ScoreKind, Callable[[pd.DataFrame], Any]]]
    if is_of(model, "lightgbm", "Booster"):
        family = _lightgbm
    elif is_of(model, "xgboost", "Booster"):
        family = _xgboost
    else:
        family = _catboost
    name, kind, ask = family(model, wanted)
    held = fitted_names(model)
    known = kind in ("probability", "margin")
    return Adapter(
        name=name,
        ask=ask,
        kind=kind,
        known_from="estimator" if known else "convention",
        classes=wanted.settings.classes or (("1",) if known else ()),
        columns=held.names,
        rewrites=is_of(model, "lightgbm", "Booster"),
        width=held.width,
        call="model.predict(cases[[...]].to_numpy())",
    )


def _lightgbm(model: Any, wanted: Wanted) -> tuple[str, ScoreKind, Callable[[pd.DataFrame], Any]]:
    objective = str(model.dump_model(num_iteration=1).get("objective", "")).split(" ")[0]
    kind = _kind_of(objective, probability=("binary", "cross_entropy", "xentropy", "multiclass", "multiclassova"))

    def ask(frame: pd.DataFrame) -> Any:
        return _column(model, model.predict(as_categories(frame)), wanted)

    return "LightGBM Booster", kind, ask


def _xgboost(model: Any, wanted: Wanted) -> tuple[str, ScoreKind, Callable[[pd.DataFrame], Any]]:
    objective = str(json.loads(model.save_config())["learner"]["objective"]["name"])
    if objective in ("multi:softmax", "binary:hinge"):
        raise refuse(model, f"an XGBoost Booster with the objective {objective} gives classes only, and an audit needs "
                            "scores; train it with binary:logistic or multi:softprob")  # fmt: skip
    kind = _kind_of(objective, probability=("binary:logistic", "reg:logistic", "multi:softprob"))
    if objective == "binary:logitraw":
        kind = "margin"

    def ask(frame: pd.DataFrame) -> Any:
        matrix = sys.modules["xgboost"].DMatrix(as_categories(frame), enable_categorical=True)
        return _column(model, model.predict(matrix), wanted)

    return "XGBoost Booster", kind, ask


def _catboost(model: Any, wanted: Wanted) -> tuple[str, ScoreKind, Callable[[pd.DataFrame], Any]]:
    if not model.is_fitted():
        raise InputError("model", ["the CatBoost model is not fitted; fit it before it is audited"])
    loss = str(model.get_all_params().get("loss_function", "")).split(":")[0]
    kind = _kind_of(loss, probability=("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll"))

    def ask(frame: pd.DataFrame) -> Any:
        if kind != "probability":
            return model.predict(frame)
        classes = model.classes_
        return pick(
            model.predict(frame, prediction_type="Probability"),
            positive_places(classes, wanted),
            class_words(classes),
            model=model,
        )

    return "CatBoost", kind, ask


def _kind_of(objective: str, *, probability: tuple[str, ...]) -> ScoreKind:
    return "probability" if objective in probability else "points"


def _column(model: Any, values: Any, wanted: Wanted) -> Any:
    """Return the one column of scores; of several, the ones that the plan names by their number, as these models do."""
    table = as_array(values, what="model")
    if table.ndim == 1 or table.shape[1] == 1:
        return table
    places = [str(place) for place in range(table.shape[1])]
    named = [place for place, word in enumerate(places) if word in wanted.named]
    if not named or len(named) == len(places):
        raise refuse(
            model,
            f"a {type(model).__name__} gives {len(places)} classes, numbered {quoted(places)}; name in the plan which "
            'are positive (score = {classes = ["2"]})',
        )
    return table[:, named[0]] if len(named) == 1 else table[:, named].sum(axis=1)
