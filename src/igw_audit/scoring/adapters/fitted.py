"""scikit-learn's own models, and whatever keeps to its interface: LightGBM, XGBoost, CatBoost, PyOD, own classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.scores import ScoreKind
from igw_audit.errors import InputError
from igw_audit.scoring.adapters.adapter import Adapter, Wanted, is_of, quoted, refuse, root_module
from igw_audit.scoring.adapters.answers import as_array, per_target
from igw_audit.scoring.adapters.classes import class_words, positive_places
from igw_audit.scoring.adapters.names import fitted_names

#: Boosters that read columns of a category type, and that know their categories again.
_WANT_CATEGORIES = ("lightgbm", "xgboost")


def of_fitted(model: Any, wanted: Wanted) -> Adapter:
    """Return the adapter of a fitted estimator; InputError where it gives no score that is known."""
    _check_fitted(model)
    _check_scores(model)
    kind, ask, classes, higher = _answer(model, wanted)
    held = fitted_names(model)
    methods = {"probability": "predict_proba", "margin": "decision_function", "anomaly": "decision_function"}
    method = methods.get(kind, "predict")
    end = {"probability": "[:, 1]"}.get(kind, "")
    return Adapter(
        name=type(model).__name__,
        ask=_typed(model, ask),
        kind=kind,
        higher="safer" if higher == "safer" else "riskier",
        known_from="estimator" if kind in methods else "convention",
        classes=classes,
        columns=held.names,
        width=held.width,
        guessed=held.guessed,
        framed=held.width is None,
        rewrites=is_of(_last(model), "lightgbm", "LGBMModel"),
        method=method,
        call=f"model.{method}(cases[[...]].to_numpy()){end}",
    )


def _check_fitted(model: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError:
        raise InputError("model", [f"the {type(model).__name__} is not fitted; fit it before it is audited"]) from None
    except Exception:
        if hasattr(model, "fit") and any(name.endswith("_") and not name.startswith("_") for name in vars(model)):
            # PyOD and others keep to the rule that what was fitted ends in an underscore, and to no base class
            return
        raise InputError(
            "model",
            [
                f"a {type(model).__name__} is no scikit-learn estimator; wrap it in a callable that gives scores, "
                f"for example lambda cases: model.{_asking(model)}"
            ],
        ) from None


def _asking(model: Any) -> str:
    return "predict_proba(cases[[...]])[:, 1]" if hasattr(model, "predict_proba") else "predict(cases[[...]])"


def estimator_type(model: Any) -> str | None:
    """Return what scikit-learn calls the kind of a model, from its tags or its attribute, through any wrapper."""
    from sklearn.utils import get_tags

    try:
        found = get_tags(model).estimator_type
    except Exception:
        found = None
    found = found or getattr(model, "_estimator_type", None)
    if found is None and isinstance(getattr(model, "steps", None), list) and model.steps:
        return estimator_type(model.steps[-1][1])
    if found is None:
        for name in ("best_estimator_", "estimator_", "estimator"):
            inner = getattr(model, name, None)
            if inner is not None and not isinstance(inner, str):
                return estimator_type(inner)
        return None
    return str(found)


def _last(model: Any) -> Any:
    steps = getattr(model, "steps", None)
    return _last(steps[-1][1]) if isinstance(steps, list) and steps else model


def _finds_outliers(model: Any) -> bool:
    """Tell whether a model is of PyOD's family: there a high ``decision_function`` means unusual."""
    last = _last(model)
    return any(one.__module__.startswith("pyod.") for one in type(last).__mro__) or (
        hasattr(last, "decision_scores_") and hasattr(last, "decision_function")
    )


def _check_scores(model: Any) -> None:
    kind = estimator_type(model)
    name = type(_last(model)).__name__
    if kind == "outlier_detector" and not hasattr(model, "decision_function"):
        raise refuse(model, f"a {name} that does not score new cases was found; fit it with novelty=True")
    if kind is None and hasattr(model, "score_samples") and not hasattr(model, "predict"):
        kind = "density_estimator"
    if kind in ("clusterer", "density_estimator"):
        what = "the number of a cluster, which is no score" if kind == "clusterer" else "no risk"
        raise refuse(
            model,
            f"a {name} gives {what}: neither its size nor its direction means risk. Say in one number what does, "
            "such as a distance or -score_samples",
        )
    if not any(hasattr(model, method) for method in ("predict_proba", "decision_function", "predict")):
        raise refuse(model, f"a {name} transforms columns and scores nothing; end the pipeline with an estimator")


_Answered = tuple[ScoreKind, Callable[[pd.DataFrame], Any], tuple[str, ...], str]


def _answer(model: Any, wanted: Wanted) -> _Answered:
    if _finds_outliers(model):
        return "anomaly", model.decision_function, (), "riskier"
    if estimator_type(model) == "outlier_detector":
        # scikit-learn: the lower, the more abnormal
        return "anomaly", model.decision_function, (), "safer"
    if hasattr(model, "predict_proba") and not _gives_margins(model, wanted):
        return _probability(model, wanted)
    if hasattr(model, "decision_function"):
        return _margin(model, wanted)
    _check_labels(model, wanted)
    return "points", model.predict, (), "riskier"


def _gives_margins(model: Any, wanted: Wanted) -> bool:
    return wanted.settings.kind == "margin" and hasattr(model, "decision_function")


def _probability(model: Any, wanted: Wanted) -> _Answered:
    classes: Any = getattr(model, "classes_", None)
    if _several_targets(classes):
        raise _targets(model, len(classes))
    if classes is None:
        return "probability", lambda frame: _unnamed(model, model.predict_proba(frame), wanted), (), "riskier"
    places = positive_places(classes, wanted)
    words = class_words(classes)

    def ask(frame: pd.DataFrame) -> Any:
        return pick(model.predict_proba(frame), places, words, model=model)

    return "probability", ask, tuple(words[place] for place in places), "riskier"


def pick(values: Any, places: list[int], words: tuple[str, ...], *, model: Any) -> Any:
    """Return the probability of the positive classes from a table with a column a class, or from one flat column."""
    targets = per_target(values)
    if targets is not None:
        if len(targets) > 1:
            raise _targets(model, len(targets))
        values = targets[0]
    if isinstance(values, pd.DataFrame) and set(class_words(values.columns)) == set(words):
        named = class_words(values.columns)
        values = values.iloc[:, [named.index(word) for word in words]]
    table = as_array(values, what="model")
    if table.ndim == 2 and table.shape[1] == len(words):
        # as they are, without a rounding, where it is one class
        return table[:, places[0]] if len(places) == 1 else table[:, places].sum(axis=1)
    if table.ndim == 1 or (table.ndim == 2 and table.shape[1] == 1):
        if len(words) == 2 and places == [1]:
            return table.ravel()
        raise refuse(
            model,
            f"a {type(model).__name__} gives one column of probabilities for the classes {quoted(words)}, and it does "
            "not tell of which; give it a column for each class",
        )
    raise refuse(
        model,
        f"a {type(model).__name__} gives probabilities of shape {table.shape} for the {len(words)} classes "
        f"{quoted(words)}; give it a column for each class",
    )


def _unnamed(model: Any, values: Any, wanted: Wanted) -> Any:
    """Return the score of a model with probabilities and without names of classes, where it is one column."""
    if isinstance(values, pd.DataFrame) and values.shape[1] > 1:
        words = class_words(values.columns)
        return pick(values, positive_places(values.columns, wanted), words, model=model)
    table = as_array(values, what="model")
    if table.ndim == 1 or (table.ndim == 2 and table.shape[1] == 1):
        return table
    raise refuse(
        model,
        f"a {type(model).__name__} gives {table.shape[-1]} columns of probabilities and has no classes_ that name "
        "them; give it classes_",
    )


def _margin(model: Any, wanted: Wanted) -> _Answered:
    classes = getattr(model, "classes_", None)
    if classes is None:
        return "margin", model.decision_function, (), "riskier"
    if _several_targets(classes):
        raise _targets(model, len(classes))
    words = class_words(classes)
    if len(words) > 2:
        return _one_against_the_rest(model, words, wanted)
    places = positive_places(classes, wanted)
    sign = -1 if places == [0] else 1

    def ask(frame: pd.DataFrame) -> Any:
        table = as_array(model.decision_function(frame), what="model")
        if table.ndim == 2 and table.shape[1] == 2:
            return table[:, places[0]]
        return sign * table

    return "margin", ask, (words[places[0]],), "riskier"


def _one_against_the_rest(model: Any, words: tuple[str, ...], wanted: Wanted) -> _Answered:
    more = "the model has more than two classes and no predict_proba"
    named = [place for place, word in enumerate(words) if word in wanted.named]
    if len(named) != 1 or getattr(_last(model), "decision_function_shape", "ovr") != "ovr":
        raise refuse(
            model,
            f"{more} ({quoted(words)}); name the one class that is positive in the plan "
            '(score = {classes = ["..."]}), with a decision function of one class against the rest',
        )

    def ask(frame: pd.DataFrame) -> Any:
        table = as_array(model.decision_function(frame), what="model")
        if table.ndim != 2 or table.shape[1] != len(words):
            raise refuse(model, f"{more}, and its decision function has shape {table.shape}; give it a column a class")
        return table[:, named[0]]

    return "margin", ask, (words[named[0]],), "riskier"


def _check_labels(model: Any, wanted: Wanted) -> None:
    kind = estimator_type(model)
    if hasattr(model, "classes_") or kind == "classifier":
        raise InputError(
            "model",
            [
                f"a {type(model).__name__} gives classes only, and an audit needs scores; use one with predict_proba "
                "or decision_function, or wrap it in a callable"
            ],
        )
    if kind != "regressor" and root_module(model) not in ("lightgbm", "xgboost", "catboost") and not _stated(wanted):
        raise refuse(
            model,
            f"a {type(model).__name__} does not tell what its predict gives: say in the plan what it is and which way "
            'it points (score = {kind = "points", higher = "riskier"})',
        )


def _stated(wanted: Wanted) -> bool:
    return wanted.settings.kind is not None or wanted.settings.higher is not None


def _several_targets(classes: Any) -> bool:
    return isinstance(classes, (list, tuple)) and any(np.ndim(one) > 0 for one in classes)


def _targets(model: Any, count: int) -> InputError:
    return refuse(
        model,
        f"a {type(model).__name__} gives an answer for each of {count} targets, and an audit is about one; fit it on "
        "one target, or choose one (lambda cases: model.predict_proba(cases[[...]])[0][:, 1])",
    )


def _typed(model: Any, ask: Callable[[pd.DataFrame], Any]) -> Callable[[pd.DataFrame], Any]:
    """Hand text to boosters that read categories as categories: they know their own again by value."""
    if not any(is_of(model, package, "LGBMModel", "XGBModel", "Booster") for package in _WANT_CATEGORIES):
        return ask
    return lambda frame: ask(as_categories(frame))


def as_categories(frame: Any) -> Any:
    """Return the frame with every column of text as categories; an array as it is."""
    if not isinstance(frame, pd.DataFrame):
        return frame
    text = [
        name
        for name in frame.columns
        if not isinstance(frame[name].dtype, pd.CategoricalDtype)
        and (frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name].dtype))
    ]
    return frame.assign(**{str(name): frame[name].astype("category") for name in text}) if text else frame
