"""Fairlearn's randomised models: what is audited is each case's chance of selection, not one throw of the dice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.cases import Grouping
from igw_audit.core.nearest import did_you_mean
from igw_audit.errors import InputError
from igw_audit.scoring.adapters.adapter import Adapter, Wanted, quoted
from igw_audit.scoring.adapters.answers import as_array
from igw_audit.scoring.adapters.classes import class_words
from igw_audit.scoring.adapters.names import fitted_names


def is_randomised(model: Any) -> bool:
    """Tell whether a model draws its decisions with chances that it can state, as Fairlearn's do."""
    return hasattr(model, "_pmf_predict") and hasattr(model, "fit")


def of_randomised(model: Any, wanted: Wanted) -> Adapter:
    """Return the adapter whose score is the chance of selection, of a group-aware model with its sensitive column."""
    name, sensitive = type(model).__name__, wanted.settings.sensitive_features
    if not any(hasattr(model, held) for held in ("predictors_", "interpolated_thresholder_", "interpolation_dict")):
        raise InputError("model", [f"the {name} is not fitted; fit it before it is audited"])
    held = fitted_names(model)
    aware = asks_for_groups(model)
    if aware and sensitive is None:
        raise InputError(
            "model",
            [
                f"the {name} decides by sensitive features, and nothing tells which column holds them; name it in the "
                'plan (score = {sensitive_features = "sex"}): an attribute of the plan, or a column of the cases'
            ],
        )

    def ask(frame: pd.DataFrame) -> Any:
        if not aware:
            return as_array(model._pmf_predict(frame), what="model")[:, 1]
        rest = frame.drop(columns=[sensitive]) if held.names is None or sensitive not in held.names else frame
        chances = model._pmf_predict(rest, sensitive_features=_values(model, frame[sensitive]))
        return as_array(chances, what="model")[:, 1]

    names = held.names
    if aware and sensitive is not None and names is not None and sensitive not in names:
        names = (*names, sensitive)
    return Adapter(
        name=name,
        ask=ask,
        kind="chance_of_selection",
        classes=("1",),
        columns=names,
        width=held.width,
        call="model._pmf_predict(cases[[...]].to_numpy())[:, 1]",
    )


def asks_for_groups(model: Any) -> bool:
    """Tell whether a model wants each case's group when it decides: direct use of a protected attribute."""
    return hasattr(model, "interpolated_thresholder_") or hasattr(model, "interpolation_dict")


def group_values(model: Any) -> tuple[Any, ...]:
    """Return the values of the sensitive feature for which a group-aware model has a rule."""
    inner = getattr(model, "interpolated_thresholder_", model)
    return tuple(getattr(inner, "interpolation_dict", {}))


def sensitive_column(
    model: Any, frame: pd.DataFrame, groupings: Mapping[str, Grouping], named: str | None
) -> pd.Series | None:
    """Find the column of sensitive features that a group-aware model asks for; None for any other model.

    The one that the plan names, or the only attribute whose groups are those that the model was fitted on.

    Raises
    ------
    InputError
        If the plan names none and not exactly one attribute fits, or the values are not the model's.
    """
    if not is_randomised(model) or not asks_for_groups(model):
        return None
    known = set(class_words(list(group_values(model))))
    held = {name: pd.Series(np.array(one.names, dtype=object)[one.codes], index=frame.index, name=name, dtype=object)
            for name, one in groupings.items()}  # fmt: skip
    fitting = [name for name, values in held.items() if set(class_words(values.unique())) <= known]
    if named is None and len(fitting) == 1:
        return held[fitting[0]]
    if named is None:
        raise InputError(
            "plan",
            [
                f"the {type(model).__name__} decides by a sensitive feature with the values {quoted(sorted(known))}, "
                f"and {'no' if not fitting else 'more than one'} attribute of the plan has just those; name the column "
                'in the plan (score = {sensitive_features = "sex"})'
            ],
        )
    if named not in frame.columns and named not in held:
        hint = did_you_mean(named, [*map(str, frame.columns), *held])
        raise InputError(
            "plan", [f"score.sensitive_features names {named!r}, which is no column and no attribute; {hint}"]
        )
    found = frame[named] if named in frame.columns else held[named]
    strange = sorted(set(class_words(found.unique())) - known)
    if strange:
        raise InputError(
            "plan",
            [
                f"the {type(model).__name__} has no rule for {len(strange)} of the values of {named!r}; it was fitted "
                f"on {quoted(sorted(known))}: audit by the groups that it knows"
            ],
        )
    return found


def _values(model: Any, column: Any) -> pd.Series:
    """Return the groups as the model knows them: a value that is spelt alike is that value."""
    spelt = dict(zip(class_words(list(group_values(model))), group_values(model), strict=True))
    return pd.Series([spelt.get(word, word) for word in class_words(column)], index=column.index)
