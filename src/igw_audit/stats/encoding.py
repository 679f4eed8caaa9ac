"""Features of any kind as plain columns, for rules that learn a group from them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.stats.basis import FEW_VALUES, RARE, ranked_levels

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Columns in all, and the most levels of one category that get a column each.
MOST_COLUMNS, MOST_LEVELS = 200, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """Features spelled out.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_cases, n_columns)
        Columns with mean 0 and standard deviation 1.
    owner : ndarray of int64, shape (n_columns,)
        Position of the feature that a column belongs to; -1 for a product of two features.
    """

    matrix: Floats
    owner: Codes


def encode(frame: pd.DataFrame, *, bends: bool = True) -> Encoding:
    """Spell out every feature: a number straight, its missingness, a category by its levels.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers, flags, dates and categories (text), missing allowed; rows in canonical order.
    bends : bool
        Add each number's square and, where all of them fit (200 columns, an eighth of the cases), the products of every
        two numbers: a rule that is linear in the columns then sees a bend, and two features that tell only together.

    Returns
    -------
    Encoding
        Without columns where nothing varies.

    Examples
    --------
    >>> frame = pd.DataFrame({"route": ["a", "b"] * 20, "wage": np.arange(40.0)})
    >>> found = encode(frame)
    >>> found.matrix.shape, found.owner.tolist()
    ((40, 4), [0, 0, 1, 1])
    """
    columns: list[Floats] = []
    owner: list[int] = []
    straight: list[Floats] = []
    levels = int(np.clip(MOST_COLUMNS // max(1, frame.shape[1]), 5, MOST_LEVELS))
    for position, name in enumerate(frame.columns):
        numbers = _numbers(frame[name])
        if numbers is None or len(np.unique(numbers[np.isfinite(numbers)])) <= FEW_VALUES:
            values = frame[name] if numbers is None else pd.Series(numbers)
            found = _by_level(values, most=levels)
        else:
            found = _straight(numbers)
            straight.append(found[0])
            if bends:
                found.append(found[0] ** 2)
        columns += found
        owner += [position] * len(found)
    products = [one * other for one, other in combinations(straight, 2)] if bends else []
    if len(columns) + len(products) <= min(MOST_COLUMNS, len(frame) // 8):
        columns += products
        owner += [-1] * len(products)
    return _standardised(columns, owner, n=len(frame))


def _numbers(values: pd.Series) -> Floats | None:
    """Give numbers, flags, and dates as days, NaN where missing; None for a category."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = (values - values.min()).dt.total_seconds() / 86_400
        return np.asarray(days.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return None


def _straight(numbers: Floats) -> list[Floats]:
    known = np.isfinite(numbers)
    filled = np.where(known, numbers, np.median(numbers[known]))
    # far tails would carry a straight rule alone
    held = np.clip(filled, *np.quantile(filled, (0.005, 0.995)))
    spread = held.std()
    z = (held - held.mean()) / (spread if spread > 0 else 1.0)
    return [z] if known.all() else [z, (~known).astype(np.float64)]


def _by_level(values: pd.Series, *, most: int) -> list[Floats]:
    levels = ranked_levels(values)
    counts = np.bincount(levels)
    common = int((counts >= min(RARE, max(1, len(levels) // 8))).sum())
    return [(levels == level).astype(np.float64) for level in range(min(common, most))]


def _standardised(columns: list[Floats], owner: list[int], *, n: int) -> Encoding:
    if not columns:
        return Encoding(matrix=np.empty((n, 0)), owner=np.empty(0, dtype=np.int64))
    matrix = np.column_stack(columns)
    spread = matrix.std(axis=0)
    kept = spread > 1e-9 * np.maximum(1.0, np.abs(matrix).max(axis=0))
    matrix = (matrix[:, kept] - matrix[:, kept].mean(axis=0)) / spread[kept]
    return Encoding(matrix=matrix, owner=np.array(owner, dtype=np.int64)[kept])
