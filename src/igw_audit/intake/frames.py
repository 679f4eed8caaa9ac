"""A pandas frame of any types as Arrow columns, each cell as a file would have it; and what its index stands for."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Collection
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

#: What may stand in a column of Python objects of several kinds: a single value that a file has a text for.
_SINGLE = (
    *(str, bool, np.bool_, Number, decimal.Decimal, uuid.UUID),
    *(datetime.date, datetime.time, datetime.timedelta, np.generic, pd.Interval, pd.Period),
)
#: Kinds of object columns that Arrow reads as they are; any other is written cell by cell.
_PLAIN = {"string", "empty", "integer", "floating", "boolean", "decimal", "date", "time", "bytes"}


def index_as_column(frame: pd.DataFrame, expected: Collection[str]) -> str | None:
    """Name the column that the index stands for: one that is expected and missing, or the index's own name.

    Bare row numbers stand for nothing: they are another case as soon as a row was left out.
    """
    missing = [name for name in expected if name not in {str(column) for column in frame.columns}]
    if frame.index.nlevels > 1:
        return None
    if frame.index.name is not None and str(frame.index.name) in missing:
        return str(frame.index.name)
    plain = row_numbers(frame.index)
    # the id column comes first in ``expected``
    return missing[0] if missing and not plain and missing[0] == next(iter(expected), None) else None


def row_numbers(index: pd.Index[Any]) -> bool:
    """Tell whether an index only counts rows, from 0 or from 1, in whatever order."""
    if len(index) == 0 or not pd.api.types.is_integer_dtype(index.dtype):
        return False
    lowest = index.min()
    return bool(lowest in (0, 1) and index.max() - lowest == len(index) - 1 and index.is_unique)


def arrow_of(values: pd.Series) -> pa.Array:
    """Return a column as an Arrow array; one whose cells are no single values as an array of lists."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _of_categories(values)
    if isinstance(kind, pd.SparseDtype):
        values = pd.Series(np.asarray(values.array))
    if isinstance(kind, pd.DatetimeTZDtype):
        return _of_moments(values, kind)
    if isinstance(kind, pd.PeriodDtype | pd.IntervalDtype) or pd.api.types.is_complex_dtype(kind):
        return _written(values.astype(object))
    if isinstance(kind, np.dtype) and kind.kind == "O" and not _plain_objects(values):
        return _written(values)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = _written(values.astype(object))
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _of_categories(values: pd.Series) -> pa.Array:
    categories = arrow_of(pd.Series(values.cat.categories))
    codes = values.cat.codes.to_numpy()
    return categories.take(pa.array(codes.astype(np.int64), mask=codes < 0))


def _of_moments(values: pd.Series, kind: pd.DatetimeTZDtype) -> pa.Array:
    """Keep moments in their zone, where Arrow knows it: it knows names, and not what only this computer calls local."""
    try:
        told = pa.timestamp(kind.unit, tz=pa.lib.tzinfo_to_string(kind.tz))
        moments = pa.array(values.dt.tz_convert(None).to_numpy()).view(told)
        pc.local_timestamp(moments[:1])
    except (pa.ArrowException, ValueError, OverflowError):
        return _written(values.astype(object))
    return moments


def _plain_objects(values: pd.Series) -> bool:
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found != "datetime":
        return found in _PLAIN
    # moments of several zones would all be moved to one
    return len({(type(value), str(value.tzinfo)) for value in values if not pd.isna(value)}) == 1


def _written(values: pd.Series) -> pa.Array:
    """Write each cell as it would be written in a file."""
    cells = values.to_numpy(dtype=object)
    missing = np.fromiter((_is_missing(cell) for cell in cells), dtype=np.bool_, count=len(cells))
    if not all(isinstance(cell, _SINGLE) and not isinstance(cell, bytes | np.void) for cell in cells[~missing]):
        return pa.nulls(len(cells), type=pa.list_(pa.null()))
    texts = [None if gone else str(cell) for cell, gone in zip(cells, missing, strict=True)]
    try:
        return pa.array(texts, type=pa.large_string())
    except UnicodeEncodeError:
        return pa.nulls(len(cells), type=pa.binary())


def _is_missing(value: object) -> bool:
    missing = pd.isna(value)  # type: ignore[call-overload]
    return bool(missing) if isinstance(missing, bool | np.bool_) else False
