"""What a model is shown: an audit's plain columns, in the types and under the names in which the cases came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.tables import CaseTable
from igw_audit.scoring.adapters import is_model


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCases:
    """The cases as a model sees them.

    An audit exchanges cells between cases and makes none up, so each plain cell has one that came with it.

    Attributes
    ----------
    plain, given : pandas.DataFrame
        The same cases in the same order: as audits compute with them, and as they came.
    labels : pandas.Index or None
        What the columns were called where they came, if those names are not all text.
    """

    plain: pd.DataFrame
    given: pd.DataFrame
    labels: pd.Index[Any] | None = None

    def of(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of ``features`` as they came: a case's own cell, or that of a case with the same value."""
        rows = self.plain.index.get_indexer(features.index)
        if (rows < 0).any():
            return features
        found = {str(name): self._column(str(name), features[name], rows) for name in features.columns}
        return pd.DataFrame(found, index=features.index, copy=False)

    def named_as_given(self, model: Any) -> Any:
        """Return the model; a plain callable as one that sees columns under their own names, which may be numbers."""
        if self.labels is None or not callable(model) or is_model(model):
            return model
        return lambda frame: model(frame.set_axis(self.labels, axis=1))

    def _column(self, name: str, values: pd.Series, rows: Any) -> Any:
        if name not in self.plain.columns or name not in self.given.columns:
            return values.array
        plain, given = self.plain[name], self.given[name]
        if plain.dtype == given.dtype and plain.dtype.kind == "f":
            return values.array
        wanted, own = values.to_numpy().astype(plain.to_numpy().dtype, copy=False), plain.to_numpy()[rows]
        places = rows.copy()
        moved = np.flatnonzero(~((wanted == own) | (pd.isna(wanted) & pd.isna(own))))
        if len(moved):
            codes, words = pd.factorize(plain.to_numpy(), use_na_sentinel=False)
            first = np.unique(codes, return_index=True)[1]
            at = pd.Index(words).get_indexer(pd.Index(wanted[moved], dtype=words.dtype))
            places[moved] = first[at]
        return given.array.take(places)


def shown_to_model(table: CaseTable, index: pd.Index[str]) -> ShownCases | None:
    """Return what a model is shown of a table in canonical order; None where its columns are as they came."""
    if table.given is None:
        return None
    return ShownCases(
        plain=table.frame.set_axis(index, axis=0), given=table.given.set_axis(index, axis=0), labels=table.labels
    )
