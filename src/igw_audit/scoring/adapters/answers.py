"""A model's answer in whatever container it comes -> one number a case, in the precision that the model gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.errors import InputError

Numbers = NDArray[Any]
_ADVICE = "give one number a case, higher is riskier"


def numbers(values: Any, n: int, *, what: str, index: pd.Index[Any] | None = None) -> Numbers:
    """Return one finite number a case, in its own precision.

    Parameters
    ----------
    values : object
        Array, list, pandas, Polars or Arrow column, sparse matrix or tensor.
    n : int
        The number of cases.
    what : str
        How an error calls the scores.
    index : pandas.Index, optional
        The ids of the cases; a Series that is indexed by them in another order is put in theirs.

    Raises
    ------
    InputError
        Unless there is one finite number a case.
    """
    scores = as_array(_aligned(values, index, what), what=what)
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    if scores.shape != (n,):
        raise InputError(
            what,
            [
                f"the scores have shape {scores.shape}, expected one number for each of {n} cases; "
                "of several columns, give the one for the positive class"
            ],
        )
    strange = int((~_finite(scores)).sum())
    if strange:
        raise InputError(
            what,
            [
                f"{strange} of {n} scores are missing or infinite; give every case a finite score, or leave cases that "
                "are never scored out of the table"
            ],
        )
    return scores


def as_array(values: Any, *, what: str) -> Numbers:
    """Return numbers of any container as an array of their own precision; InputError where they are no numbers."""
    held = _opened(values)
    try:
        found = np.asarray(held)
    except (TypeError, ValueError):
        raise InputError(what, [f"the scores are not numbers in one table; {_ADVICE}"]) from None
    if found.dtype.kind in "fiub":
        return found
    if found.dtype.kind == "O" and found.size and _exact(found):
        return found
    if found.dtype.kind in "OUST":
        try:
            return np.asarray(found.astype(object), dtype=np.float64)
        except (TypeError, ValueError):
            pass
    raise InputError(what, [f"the scores are not numbers; {_ADVICE}"])


def to_float(scores: Numbers) -> NDArray[np.float64]:
    """Return scores as float64, in which audits count; what is only finite in a wider type stays finite."""
    widest = np.finfo(np.float64).max
    if scores.dtype == np.longdouble:
        scores = np.clip(scores, -widest, widest)
    return np.asarray(scores, dtype=np.float64)


def _opened(values: Any) -> Any:
    """Open what numpy does not read by itself: extension columns, sparse matrices, tensors, Arrow, masked arrays."""
    if isinstance(values, pd.DataFrame):
        return np.column_stack([_column(values.iloc[:, place]) for place in range(values.shape[1])])
    if isinstance(values, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return _column(pd.Series(values))
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), np.nan, values.data)
    if hasattr(values, "toarray"):
        return values.toarray()
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return values.to_numpy() if hasattr(values, "to_numpy") else values


def _column(values: Any) -> Numbers:
    kind = getattr(values.dtype, "numpy_dtype", None) or getattr(values.dtype, "subtype", None) or values.dtype
    if isinstance(kind, np.dtype) and kind.kind in "fiub":
        if values.isna().any():
            kind = kind if kind.kind == "f" else np.dtype(np.float64)
            return np.asarray(values.to_numpy(dtype=kind, na_value=np.nan))
        return np.asarray(values.to_numpy(dtype=kind))
    return np.asarray(values.to_numpy(dtype=object))


def _aligned(values: Any, index: pd.Index[Any] | None, what: str) -> Any:
    """Put a Series or frame that carries the ids of the cases in their order; plain row numbers are an order."""
    if index is None or not isinstance(values, (pd.Series, pd.DataFrame)) or values.index.equals(index):
        return values
    if len(values) != len(index) or values.index.equals(pd.RangeIndex(len(index))):
        return values
    common = values.index.isin(index)
    if common.all() and index.is_unique and values.index.is_unique:
        return values.reindex(index)
    if common.any():
        raise InputError(
            what,
            [
                "the scores are indexed by case id in another order than the cases, and cannot be put in theirs; "
                "keep the index of the frame that was asked about, or give an array in its order"
            ],
        )
    return values


def _exact(found: Numbers) -> bool:
    kinds = {type(value) for value in found.ravel()}
    return bool(kinds & {Decimal, Fraction}) and kinds <= {Decimal, Fraction, int}


def _finite(scores: Numbers) -> NDArray[np.bool_]:
    if scores.dtype.kind == "O":
        return np.array([not isinstance(one, Decimal) or one.is_finite() for one in scores], dtype=np.bool_)
    return np.asarray(np.isfinite(scores))


def per_target(values: Any) -> Sequence[Any] | None:
    """Return the answers of a model with several targets, one table a target; None for any other answer."""
    if isinstance(values, (list, tuple)) and values and all(np.ndim(_opened(one)) == 2 for one in values):
        return values
    return None


def zipped(values: Any, dtype: Any) -> tuple[tuple[Any, ...], Numbers] | None:
    """Return classes and numbers of a list with one mapping a case, class -> number; None for any other answer."""
    if not isinstance(values, (list, tuple)) or not values or not isinstance(values[0], Mapping):
        return None
    classes = tuple(values[0])
    # a mapping holds Python floats, whatever the model counts in
    return classes, np.array([[row[one] for one in classes] for row in values], dtype=dtype)
