"""Which columns a model reads: the names that it, or what it is wrapped around, was fitted on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.scoring.adapters.adapter import is_of

#: Where wrappers keep the fitted model that is given the same columns as they are.
_INSIDE = (
    *("best_estimator_", "estimator_", "regressor_", "classifier_", "interpolated_thresholder_"),
    *("calibrated_classifiers_", "estimators_", "predictors_", "estimator", "model_", "model", "base_estimator"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedNames:
    """The columns that a model was fitted on; ``guessed`` where a step without names stands before the one that has."""

    names: tuple[str, ...] | None
    width: int | None = None
    guessed: bool = False


def fitted_names(model: Any) -> FittedNames:
    """Return the names that a model was fitted on, from itself, its first step, or what it is wrapped around."""
    own = _own_names(model)
    if own is not None:
        return FittedNames(names=own, width=len(own))
    width = _width(model)
    steps = _steps(model)
    if steps:
        return _through(steps, width)
    for part in _inside(model):
        found = fitted_names(part)
        if found.names is not None:
            return found
        width = width or found.width
    return FittedNames(names=None, width=width)


def _through(steps: Sequence[Any], width: int | None) -> FittedNames:
    """Go through steps in order; the first that holds names tells, a guess where another stands before it."""
    before = False
    for step in steps:
        if step is None or (isinstance(step, str) and step == "passthrough"):
            continue
        found = fitted_names(step)
        if found.names is not None:
            return FittedNames(names=found.names, width=found.width, guessed=before or found.guessed)
        width = width or (None if before else found.width)
        if found.width is not None:
            # it was fitted on columns and kept no names: it had none, and what comes after has names of its own making
            break
        before = True
    return FittedNames(names=None, width=width)


def _own_names(model: Any) -> tuple[str, ...] | None:
    for name in ("feature_names_in_", "feature_names_", "feature_name_"):
        found = _names(_held(model, name))
        if found is not None:
            return found
    if is_of(model, "xgboost", "XGBModel", "Booster"):
        booster = model.get_booster() if hasattr(model, "get_booster") else model
        return _names(booster.feature_names)
    if is_of(model, "lightgbm", "Booster"):
        return _names(model.feature_name())
    return None


def _names(found: Any) -> tuple[str, ...] | None:
    """Return names as text; None where there are none."""
    if found is None or callable(found) or isinstance(found, str):
        return None
    return tuple(str(name) for name in found) or None


def made_up(names: Sequence[str]) -> bool:
    """Tell whether these are the names that LightGBM (Column_0) and CatBoost (0) give to columns that had none."""
    return any(list(names) == [f"{start}{place}" for place in range(len(names))] for start in ("Column_", ""))


def _held(model: Any, name: str) -> Any:
    """Read an attribute that a property may refuse with any error before fitting."""
    try:
        return getattr(model, name, None)
    except Exception:
        return None


def _width(model: Any) -> int | None:
    found = _held(model, "n_features_in_")
    return int(found) if isinstance(found, (int, float)) or hasattr(found, "__index__") else None


def _steps(model: Any) -> Sequence[Any]:
    steps = _held(model, "steps")
    if isinstance(steps, list):
        return [step for _, step in steps]
    return ()


def _inside(model: Any) -> Iterator[Any]:
    union = _held(model, "transformer_list")
    if isinstance(union, list):
        yield from (part for _, part in union if not isinstance(part, str) and part is not None)
    for name in _INSIDE:
        held = _held(model, name)
        parts = list(held.values()) if isinstance(held, dict) else held
        if parts is None or isinstance(parts, (str, int, float)):
            continue
        for part in list(parts) if isinstance(parts, (list, tuple, np.ndarray, pd.Series)) else [parts]:
            if hasattr(part, "fit") or hasattr(part, "predict") or hasattr(part, "estimator"):
                yield part


def in_the_table(names: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the table's own spelling of each name that a library rewrote (spaces, marks), where it is unique.

    >>> in_the_table(["x_a", "z"], ["x a", "z", "y"])
    ('x a', 'z')
    """
    known = set(columns)
    taken = {name for name in names if name in known}

    def found(name: str) -> str:
        like = [column for column in columns if rewritten(column) == rewritten(name) and column not in taken]
        return name if name in known or len(like) != 1 else like[0]

    return tuple(found(name) for name in names)


def rewritten(name: str) -> str:
    """Return a name as libraries write it that allow letters, digits and underscores only."""
    return re.sub(r"[^\w]", "_", name)
