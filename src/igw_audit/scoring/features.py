"""Feature columns as the schema types them -> numbers that a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from igw_audit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Kind = Literal["number", "flag", "category", "levels"]

#: A category with more levels than this is target-encoded, one with fewer is one-hot.
ONE_HOT_LIMIT = 50
#: Levels with fewer training cases than this are pooled, and levels that training never saw join the pool.
RARE_LEVEL = 20
#: The level of a missing category.
NOT_RECORDED = "(not recorded)"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureKinds:
    """Which columns are treated how; names in order. ``levels`` are the categories that are target-encoded."""

    number: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column, by name: the order in which the model takes them."""
        return tuple(sorted((*self.number, *self.flag, *self.category, *self.levels)))


def feature_kinds(frame: pd.DataFrame, types: Mapping[str, str | None]) -> FeatureKinds:
    """Sort feature columns by how they are encoded, looking at training rows only.

    Parameters
    ----------
    frame : pandas.DataFrame
        The feature columns of the training cases.
    types : mapping
        Column -> the schema's type, None where the schema leaves it to the data.

    Raises
    ------
    InputError
        If a date or a free text is among the features, or a number is infinite; every such column is listed.
    """
    found: dict[Kind, list[str]] = {"number": [], "flag": [], "category": [], "levels": []}
    problems = []
    for name in sorted(types):
        kind, problem = _kind(frame[name], types[name])
        if problem:
            problems.append(f"feature {name!r} {problem}")
        else:
            found[kind].append(name)
    if not types:
        problems.append("the schema gives no column the role feature or declared; a model needs at least one")
    if problems:
        raise InputError("features", problems)
    return FeatureKinds(**{kind: tuple(names) for kind, names in found.items()})


def _kind(values: pd.Series, declared: str | None) -> tuple[Kind, str | None]:
    if declared == "date" or (declared is None and pd.api.types.is_datetime64_any_dtype(values.dtype)):
        return "number", "is a date, and a date itself is no risk; make a number of it (days since ...), or ignore it"
    if declared == "text":
        return "number", "is free text, which no model here reads; type it as a category, or ignore it"
    if declared in ("number", "flag") or (declared is None and _numeric(values)):
        infinite = int(np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan)).sum())
        problem = f"holds {infinite} infinite numbers; leave them empty instead" if infinite else None
        return ("flag" if declared == "flag" else "number"), problem
    return ("levels" if values.nunique() > ONE_HOT_LIMIT else "category"), None


def _numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)


def encoder(kinds: FeatureKinds, *, estimator: str) -> Any:
    """Give the unfitted ColumnTransformer for one kind of estimator, ``logistic`` or ``boosting``.

    Boosting takes numbers and flags as they are, missing included. For the scorecard numbers are imputed with the
    median and scaled, flags with their most frequent value, and an indicator of missingness stands beside both.
    Categories are one-hot with rare levels pooled, missing being a level; those with many levels are target-encoded,
    cross-fitted on the folds that ``with_folds`` gives.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

    scorecard = estimator == "logistic"
    median = SimpleImputer(strategy="median", keep_empty_features=True)
    usual = SimpleImputer(strategy="most_frequent", keep_empty_features=True)
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RARE_LEVEL, sparse_output=False)
    scaled = [("scale", StandardScaler())] if scorecard else []
    blocks = [
        ("number", Pipeline([("impute", median), *scaled]) if scorecard else "passthrough", kinds.number),
        ("flag", usual if scorecard else "passthrough", kinds.flag),
        # unscaled: a column that is missing once would count 100 times as much
        ("missing", MissingIndicator(error_on_new=False), (*kinds.number, *kinds.flag) if scorecard else ()),
        ("category", Pipeline([*_filled(), ("encode", one_hot)]), kinds.category),
        ("levels", Pipeline([*_filled(), ("encode", TargetEncoder(target_type="binary")), *scaled]), kinds.levels),
    ]
    return ColumnTransformer(
        [(name, block, list(columns)) for name, block, columns in blocks if columns],
        remainder="drop",
        sparse_threshold=0,
    )


def _filled() -> list[tuple[str, Any]]:
    """Fill None (our tables) and NaN (frames that went through Arrow) alike: one imputer knows one of them."""
    from sklearn.impute import SimpleImputer

    filling = {"strategy": "constant", "fill_value": NOT_RECORDED, "keep_empty_features": True}
    return [
        ("fill_nan", SimpleImputer(missing_values=np.nan, **filling)),
        ("fill_none", SimpleImputer(missing_values=None, **filling)),
    ]


def with_folds(features: Any, folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]] | int) -> Any:
    """Set the folds of the target encoder, if there is one; gives ``features`` back.

    After fitting they are set to a plain number: rows of a training table have no place in a model file.
    """
    blocks = [block for name, block, _ in features.transformers if name == "levels"]
    blocks += [block for name, block, _ in getattr(features, "transformers_", ()) if name == "levels"]
    for block in blocks:
        block.set_params(encode__cv=folds)
    return features
