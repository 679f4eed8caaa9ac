"""Tables that have been read: cases with their schema, and protected attributes kept apart from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.canonical import sha256_of_frame
from igw_audit.core.schema import CaseSchema
from igw_audit.errors import InputError


@dataclass(frozen=True, repr=False)
class CaseTable:
    """One row a case, in canonical order, typed as the schema says.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by the case id (text, name ``id``), sorted by it; every column of the schema that is read but the id,
        by name. Numbers are float64 (NaN is missing), flags float64 0/1/NaN, dates datetime64[us], categories and
        text object with None for missing.
    schema : CaseSchema
        With the type of every column filled in, also where the file left it to the values.
    exact : mapping of str to pyarrow.Array
        For each column whose cells were rounded when they were typed, the text of those cells; it enters the hash.
    given : pandas.DataFrame or None
        The cases as they came, in canonical order: what a model is shown, in the types that it was trained on. None
        where that is ``frame``.
    labels : pandas.Index or None
        What the columns of ``given`` are called where they came, if those names are not all text.
    """

    frame: pd.DataFrame
    schema: CaseSchema
    exact: Mapping[str, Any] = field(default_factory=dict)
    given: pd.DataFrame | None = None
    labels: pd.Index[Any] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        features = len(self.schema.model_columns)
        return f"CaseTable({len(self.frame)} cases, {self.frame.shape[1]} columns of which {features} for a model)"

    @property
    def ids(self) -> pd.Index[str]:
        """Every case's id, in canonical order."""
        return self.frame.index

    @cached_property
    def label_types(self) -> NDArray[np.object_] | None:
        """The type of each case's outcome, shape (n_cases,); None without a label column.

        Raises
        ------
        InputError
            If a value of the label column has no type in the schema.
        """
        column = self.schema.column("label")
        if column is None:
            return None
        codes, values = pd.factorize(self.frame[column].to_numpy(dtype=object), use_na_sentinel=False)
        types = [self.schema.label.type_of(None if pd.isna(value) else str(value)) for value in values]
        without = sorted({str(value) for value, kind in zip(values, types, strict=True) if kind is None})
        if without:
            raise InputError("cases", [f"column {column!r}: {value!r} has no type in the schema" for value in without])
        return np.array(types, dtype=object)[codes]

    @cached_property
    def content_sha256(self) -> str:
        """The hash of what the table holds and of what its label means, whatever order or format it came in."""
        frame = self.frame
        if self.label_types is not None:
            # a NUL cannot stand in a column's name, so no column is overwritten
            frame = frame.assign(**{"\x00label type": pd.Series(self.label_types, index=frame.index, dtype=object)})
        # 1 and 0 that mean yes and no are another content than the numbers
        flags = {name: "flag" for name, column in self.schema.columns.items() if column.type == "flag"}
        return sha256_of_frame(frame, kinds=flags, exact=self.exact)

    def restricted_to(self, ids: pd.Index[str]) -> CaseTable:
        """Return the cases with these ids, still in canonical order."""
        kept = self.frame.index.isin(ids)
        return replace(
            self,
            frame=self.frame.loc[kept],
            exact={name: texts.filter(kept) for name, texts in self.exact.items()},
            given=None if self.given is None else self.given.loc[kept],
        )


@dataclass(frozen=True, repr=False)
class ProtectedTable:
    """The protected attributes of each case; never logged, and never shown case by case.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by the case id (text, name ``id``), sorted by it; one object column an attribute, None for missing.
    unread : tuple of str
        Columns that stood in the table and that nobody asked for.
    """

    frame: pd.DataFrame
    unread: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"ProtectedTable({len(self.frame)} rows, attributes: {', '.join(self.attributes)}; values are not shown)"

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the protected attributes."""
        return tuple(str(name) for name in self.frame.columns)

    @cached_property
    def content_sha256(self) -> str:
        """The hash of what the table holds, whatever order or format it came in."""
        return sha256_of_frame(self.frame)
