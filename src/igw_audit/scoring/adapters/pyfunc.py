"""Models that were loaded by ``mlflow.pyfunc``: columns by their signature, and no labels taken for scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from igw_audit.scoring.adapters.adapter import Adapter, Wanted, is_of, refuse
from igw_audit.scoring.adapters.answers import as_array
from igw_audit.scoring.adapters.classes import class_words, positive_places
from igw_audit.scoring.adapters.fitted import pick
from igw_audit.scoring.adapters.names import fitted_names

#: Where the wrappers of MLflow's flavours keep the model itself.
_OWN = ("sklearn_model", "lgb_model", "xgb_model", "cb_model", "model")


def is_pyfunc(model: Any) -> bool:
    """Tell whether a model is what ``mlflow.pyfunc.load_model`` returns."""
    return is_of(model, "mlflow", "PyFuncModel")


def of_pyfunc(model: Any, wanted: Wanted) -> Adapter:
    """Return the adapter of a model behind MLflow's general interface, whose ``predict`` may give anything."""
    inner = _inner(model)
    schema = model.metadata.get_input_schema()
    signed = (
        tuple(str(name) for name in schema.input_names()) if schema is not None and schema.has_input_names() else None
    )
    held = fitted_names(inner)
    names = signed or held.names
    classes = getattr(inner, "classes_", None)
    method = str(model.metadata.flavors.get("python_function", {}).get("predict_fn", "predict"))
    classifies = classes is not None and len(classes) > 1
    if classifies and method == "predict" and wanted.settings.kind is None:
        raise _labels(model)

    def ask(frame: pd.DataFrame) -> Any:
        return _score(model, model.predict(frame), inner, wanted)

    return Adapter(
        name="MLflow pyfunc model",
        ask=ask,
        kind="probability" if method == "predict_proba" else "points",
        known_from="estimator" if method == "predict_proba" else "convention",
        classes=tuple(class_words(classes)[place] for place in positive_places(classes, wanted)) if classifies else (),
        columns=names,
        framed=True,
        by_name=names is None and held.width is None,
        width=None if names is None else len(names),
        call="model.predict(cases[[...]])",
    )


def _inner(model: Any) -> Any:
    held = getattr(model, "_model_impl", None)
    return next((found for name in _OWN if (found := getattr(held, name, None)) is not None), held)


def _score(model: Any, values: Any, inner: Any, wanted: Wanted) -> Any:
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    elif isinstance(values, pd.DataFrame):
        places = positive_places(values.columns, wanted)
        return pick(values, places, class_words(values.columns), model=inner)
    classes = getattr(inner, "classes_", None)
    if np.ndim(values) == 2 and np.shape(values)[1] > 1 and classes is not None:
        return pick(values, positive_places(classes, wanted), class_words(classes), model=inner)
    flat = np.asarray(values)
    if wanted.settings.kind is None and _like_labels(flat):
        raise _labels(model)
    return values if isinstance(values, pd.Series) else as_array(flat, what="model")


def _like_labels(values: Any) -> bool:
    """Tell whether answers look like classes: words, yes and no, or whole numbers of which there are two at most."""
    if values.dtype.kind in "OUSb":
        return not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values.ravel()[:1000])
    return bool(values.dtype.kind in "iu" and len(np.unique(values)) <= 2)


def _labels(model: Any) -> Any:
    return refuse(
        model,
        "an MLflow pyfunc model whose predict gives classes was found, and an audit needs scores: log it with "
        "pyfunc_predict_fn='predict_proba', pass the model itself (mlflow.sklearn.load_model(...)), say in the plan "
        'that its numbers are scores (score = {kind = "points"})',
    )
