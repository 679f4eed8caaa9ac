"""Features as numbers, for finding pairs and for telling whether they carry the attribute at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from igw_audit.core.cases import Codes, Floats
from igw_audit.stats.basis import RARE, WIDE, ranked_levels
from igw_audit.stats.membership import encoded_levels

#: Levels of a category that get a presence column each; the rest stand in the encoding of a wide one.
SPELLED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceColumns:
    """Columns that carry what a feature could tell of a group, and the position of the feature each belongs to."""

    values: Floats
    feature: Codes


def presence_columns(features: pd.DataFrame, groups: Codes, folds: Codes) -> PresenceColumns:
    """Spell features out: a number and its missingness, a category by level, a wide one by its groups' shares."""
    columns: list[Floats] = []
    owner: list[int] = []
    for position, name in enumerate(features.columns):
        found = _columns(features[name], groups, folds)
        columns += found
        owner += [position] * len(found)
    matrix = np.column_stack(columns) if columns else np.empty((len(groups), 0))
    return PresenceColumns(values=matrix, feature=np.array(owner, dtype=np.int64))


def as_numbers(features: pd.DataFrame, contributions: Floats) -> Floats:
    """Give every feature as one number a case: a category's levels in order of what they contribute on average."""
    columns = []
    for position, name in enumerate(features.columns):
        values = features[name]
        if is_number(values):
            raw = values.to_numpy(dtype=np.float64, na_value=np.nan)
            known = np.isfinite(raw)
            columns.append(np.where(known, raw, raw[known].min(initial=0.0) - 1.0))
            continue
        levels = ranked_levels(values)
        means = np.bincount(levels, weights=contributions[:, position]) / np.bincount(levels)
        columns.append(np.argsort(np.argsort(means, kind="stable"), kind="stable")[levels].astype(np.float64))
    return np.column_stack(columns) if columns else np.empty((len(features), 0))


def is_number(values: pd.Series) -> bool:
    """Tell numbers and flags from categories."""
    return bool(pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype))


def _columns(values: pd.Series, groups: Codes, folds: Codes) -> list[Floats]:
    if is_number(values):
        raw = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(raw)
        filled = np.where(known, raw, np.median(raw[known]) if known.any() else 0.0)
        return [filled] if known.all() else [filled, (~known).astype(np.float64)]
    levels = ranked_levels(values)
    common = int((np.bincount(levels) >= RARE).sum())
    if common > WIDE:
        (encoded,) = encoded_levels(groups, levels[:, None], folds)
        return list(encoded.T)
    return [(levels == level).astype(np.float64) for level in range(min(SPELLED, int(levels.max()) + 1))]
