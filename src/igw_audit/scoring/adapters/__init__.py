"""Models of every kind -> one way of asking them: which columns they read, and what their answer means."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from igw_audit.errors import InputError
from igw_audit.scoring.adapters.adapter import Adapter, Wanted
from igw_audit.scoring.adapters.boosters import is_booster, of_booster
from igw_audit.scoring.adapters.fitted import of_fitted
from igw_audit.scoring.adapters.names import fitted_names, in_the_table
from igw_audit.scoring.adapters.onnx import is_session, of_session
from igw_audit.scoring.adapters.pyfunc import is_pyfunc, of_pyfunc
from igw_audit.scoring.adapters.randomised import is_randomised, of_randomised, sensitive_column

__all__ = [
    "Adapter",
    "Wanted",
    "adapter_of",
    "fitted_names",
    "in_the_table",
    "is_model",
    "owner_of",
    "sensitive_column",
]

_METHODS = ("predict_proba", "decision_function", "predict", "transform", "fit_predict", "score_samples")


def is_model(model: Any) -> bool:
    """Tell whether something is a model that has methods to ask, rather than a callable that gives scores."""
    return is_session(model) or is_randomised(model) or any(hasattr(model, name) for name in _METHODS)


def owner_of(method: Any, wanted: Wanted) -> Any:
    """Return the model behind a method of it that is passed as a callable, such as ``model.predict_proba``.

    The model then says what its answer means. Anything else is returned as it is.

    Raises
    ------
    InputError
        If the method gives another answer than the one that would be audited, such as classes.
    """
    model, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
    if isinstance(model, (type, ModuleType)) or not hasattr(model, "fit") or name not in _METHODS:
        return method
    adapter = adapter_of(model, wanted)
    if name == adapter.method:
        return model
    raise InputError(
        "model",
        [
            f"found {name} of a {type(model).__name__}, of which an audit asks {adapter.method}; pass the model, "
            "or a callable of your own that returns one number a case, higher is riskier"
        ],
    )


def adapter_of(model: Any, wanted: Wanted) -> Adapter:
    """Return how a model is asked; libraries are recognised by the names of their classes and never imported for it.

    Raises
    ------
    InputError
        If it is not fitted, or gives no score whose meaning is known; the error says what to pass instead.
    """
    if is_session(model):
        return of_session(model, wanted)
    if is_pyfunc(model):
        return of_pyfunc(model, wanted)
    if is_randomised(model):
        return of_randomised(model, wanted)
    if hasattr(model, "predictors_") and hasattr(model, "best_idx_"):
        # Fairlearn's grid search answers as the one model that it chose
        return adapter_of(model.predictors_[model.best_idx_], wanted)
    if is_booster(model):
        return of_booster(model, wanted)
    return of_fitted(model, wanted)
