"""Which raw column each column of a preprocessed table comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.cases import Codes, Floats

#: Columns are traced on this many cases at most.
TRACED = 4_000
SHUFFLES = 3


def as_matrix(table: Any) -> Floats | None:
    """Give a transformed table as numbers; None where a column holds anything else."""
    dense = table.toarray() if hasattr(table, "toarray") else table
    try:
        return np.asarray(dense, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def trace(transform: Callable[[Any], Any], raw: pd.DataFrame, also: Codes) -> list[str | None] | None:
    """Trace every transformed column to the one raw column that moves it.

    Raw columns are shuffled one at a time and the transformed ones that change are its own. None as the source of a
    column that nothing moves; None altogether where two raw columns move the same one (a projection, a product).
    ``also`` are positions of cases to look at beside an even draw: those in which a rare column differs.
    """
    even = np.arange(0, len(raw), max(1, -(-len(raw) // TRACED)))
    sample = raw.iloc[np.union1d(even, also)]
    plain = as_matrix(transform(sample))
    if plain is None:
        return None
    found: list[str | None] = [None] * plain.shape[1]
    rng = np.random.default_rng(0)
    for name in sample.columns:
        moved = np.zeros(plain.shape[1], dtype=np.bool_)
        for _ in range(SHUFFLES):
            shuffled = sample.copy()
            shuffled[name] = sample[name].array[rng.permutation(len(sample))]
            other = as_matrix(transform(shuffled))
            if other is None:
                return None
            # a missing number next to a known one is a difference, two missing ones are none
            same = (np.abs(plain - other) <= 1e-12 + 1e-9 * np.abs(plain)) | (np.isnan(plain) & np.isnan(other))
            moved |= ~same.all(axis=0)
        for column in np.flatnonzero(moved):
            if found[column] is not None:
                return None
            found[column] = str(name)
    return found
