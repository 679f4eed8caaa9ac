"""One column as bytes that are the same for the same content, and differ where the content does."""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: From here on a 64-bit float no longer tells one whole number from the next.
FLOAT_EXACT = 2**53
_FINE = "datetime64[ns]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A column ready to be hashed.

    Attributes
    ----------
    kind : str
        ``number``, ``flag``, ``moment``, ``instant`` (a moment in a zone), ``duration``, ``text``, ``mixed``, or
        ``empty`` where every cell is missing.
    numbers : ndarray or None
        One fixed-width entry a cell.
    texts : pyarrow.Array or None
        One text a cell; beside ``numbers`` those of the cells that a number of this width cannot hold, else missing.
    """

    kind: str
    numbers: Any = None
    texts: Any = None

    def pieces(self, order: Any) -> Iterator[bytes | memoryview]:
        """Go through the column's bytes, its cells in this order."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.numbers is not None:
            yield np.ascontiguousarray(self.numbers[order]).data.cast("B")
        if self.texts is not None:
            texts = self.texts.take(pa.array(order))
            # the lengths say where each text ends, so that no mark between them can be written inside one
            lengths = pc.binary_length(texts).cast(pa.int64()).fill_null(-1)
            yield np.ascontiguousarray(lengths.to_numpy(zero_copy_only=False)).data.cast("B")
            content = texts.buffers()[2]
            if content is not None:
                start, end = np.frombuffer(texts.buffers()[1], dtype=np.int64)[
                    [texts.offset, texts.offset + len(texts)]
                ]
                yield content.slice(int(start), int(end - start)).to_pybytes()


def cells_of(values: pd.Series) -> Cells:  # noqa: PLR0911 - one return a kind
    """Read a column of any pandas type."""
    import pandas as pd

    kind = values.dtype
    if values.isna().all():
        return Cells(kind="empty")
    if isinstance(kind, pd.CategoricalDtype | pd.SparseDtype | pd.ArrowDtype | pd.IntervalDtype | pd.PeriodDtype):
        return _of_objects(values.astype(object).to_numpy(dtype=object))
    if pd.api.types.is_bool_dtype(kind):
        return Cells(kind="flag", numbers=_floats(values))
    if pd.api.types.is_complex_dtype(kind):
        return _of_objects(values.to_numpy(dtype=object))
    if pd.api.types.is_numeric_dtype(kind):
        return _of_numbers(values)
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _of_moments(values)
    if pd.api.types.is_timedelta64_dtype(kind):
        return Cells(kind="duration", numbers=_nanoseconds(values.to_numpy()))
    return _of_objects(values.to_numpy(dtype=object))


def texts_of(objects: Any) -> Cells:
    """Take texts as they are, in an array of objects or of Arrow's; None is missing."""
    import pyarrow as pa

    return Cells(kind="text", texts=objects if isinstance(objects, pa.Array) else _arrow(objects))


def _of_numbers(values: pd.Series) -> Cells:
    """Hold numbers as 64-bit floats, and as text those whole ones that such a float cannot hold."""
    import numpy as np
    import pandas as pd

    floats = _floats(values)
    if (
        not pd.api.types.is_integer_dtype(values.dtype)
        and getattr(values.dtype, "itemsize", 0) <= np.dtype(np.float64).itemsize
    ):
        return Cells(kind="number", numbers=floats)
    with np.errstate(invalid="ignore"):
        doubtful = np.flatnonzero(~(np.abs(floats) < FLOAT_EXACT) & ~np.isnan(floats))
    if pd.api.types.is_float_dtype(values.dtype):
        doubtful = np.flatnonzero(values.to_numpy() != floats)
    return _with_exact(floats, {int(at): values.iloc[at] for at in doubtful})


def _with_exact(floats: Any, doubtful: Mapping[int, Any]) -> Cells:
    import numpy as np

    exact = np.full(len(floats), None, dtype=object)
    for at, value in doubtful.items():
        exact[at] = exact_number(value)
    held = any(exact[at] is not None for at in doubtful)
    return Cells(kind="number", numbers=floats, texts=_arrow(exact) if held else None)


def exact_number(value: Any) -> str | None:
    """Write a number that a 64-bit float does not hold; None for one that it does.

    >>> exact_number(2**53 + 1), exact_number(2**53), exact_number(decimal.Decimal("0.1"))
    ('9007199254740993', None, None)
    """
    try:
        exactly = value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))
        # the shortest decimal that leads to this float stands for it: 0.1 is held by the float 0.1
        if not exactly.is_finite() or decimal.Decimal(repr(float(exactly))) == exactly:
            return None
    except (OverflowError, decimal.InvalidOperation):
        return str(value)
    # written out, for normalize() would round to the context's digits
    sign, digits, exponent = exactly.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    shorter = text.rstrip("0")
    return (
        f"{'-' if sign else ''}{shorter}{'0' * (len(text) - len(shorter) + int(exponent)) if _whole(exactly) else ''}"
        + ("" if _whole(exactly) else f"e{int(exponent) + len(text) - len(shorter)}")
    )


def _whole(number: decimal.Decimal) -> bool:
    return number == number.to_integral_value() and number.adjusted() < 400


def _of_moments(values: pd.Series) -> Cells:
    zone = getattr(values.dtype, "tz", None)
    if zone is None:
        return Cells(kind="moment", numbers=_nanoseconds(values.to_numpy()))
    return _instants(values.dt.tz_convert(None).to_numpy(), values.dt.tz_localize(None).to_numpy())


def _instants(utc: Any, local: Any) -> Cells:
    """Hold a moment in a zone by when it was and by what the clock there said, which may be another day."""
    import numpy as np

    return Cells(kind="instant", numbers=np.hstack([_nanoseconds(utc), _nanoseconds(local)]))


def _nanoseconds(moments: Any) -> Any:
    """Write moments or durations as whole seconds and nanoseconds of a second, whatever unit they came in."""
    import numpy as np

    ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[np.datetime_data(moments.dtype)[0]]
    counted = moments.astype(np.int64)
    missing = np.isnat(moments)
    whole, part = counted // ticks, (counted % ticks) * (10**9 // ticks)
    whole[missing], part[missing] = np.iinfo(np.int64).min, 0
    return np.column_stack([whole, part]).astype("<i8")


def _floats(values: pd.Series) -> Any:
    import numpy as np

    found = values.to_numpy(dtype="float64", na_value=np.nan).astype("<f8", copy=True)
    found[np.isnan(found)] = np.nan
    return found + 0.0  # minus nought is nought


def _of_objects(objects: Any) -> Cells:
    """Read Python objects: of one kind as a column of that kind, else each with its kind before it."""
    import numpy as np
    import pandas as pd

    missing = np.asarray(pd.isna(objects), dtype=np.bool_)
    kinds = {_kind(value) for value in objects[~missing]}
    objects = np.where(missing, None, objects)
    if kinds == {"text"}:
        return texts_of(objects)
    if kinds == {"flag"}:
        return Cells(kind="flag", numbers=np.array([np.nan if v is None else float(v) for v in objects], dtype="<f8"))
    if kinds == {"number"}:
        return _of_number_objects(objects)
    if kinds in ({"moment"}, {"instant"}) and all(isinstance(v, pd.Timestamp) for v in objects[~missing]):
        return _of_timestamps([pd.NaT if value is None else value for value in objects], zoned=kinds == {"instant"})
    told = np.array([None if value is None else written(value) for value in objects], dtype=object)
    return Cells(kind="mixed", texts=_arrow(told))


def _of_timestamps(moments: list[Any], *, zoned: bool) -> Cells:
    import numpy as np
    import pandas as pd

    def clock(read: Callable[[Any], Any]) -> Any:
        return np.array([pd.NaT.to_datetime64() if v is pd.NaT else read(v).to_datetime64() for v in moments], _FINE)

    if not zoned:
        return Cells(kind="moment", numbers=_nanoseconds(clock(lambda v: v)))
    return _instants(clock(lambda v: v.tz_convert(None)), clock(lambda v: v.tz_localize(None)))


def _of_number_objects(objects: Any) -> Cells:
    import numpy as np

    def near(value: Any) -> float:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")

    floats = np.array([np.nan if value is None else near(value) + 0.0 for value in objects], dtype="<f8")
    whole = (int, np.integer, decimal.Decimal, np.longdouble)
    asked = {at: value for at, value in enumerate(objects) if isinstance(value, whole) and not isinstance(value, float)}
    return _with_exact(floats, asked)


def _kind(value: Any) -> str:
    import numpy as np

    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "flag"
    if isinstance(value, decimal.Decimal) or (isinstance(value, numbers.Real) and hasattr(value, "__float__")):
        return "number"
    if isinstance(value, datetime.datetime):
        return "moment" if value.tzinfo is None else "instant"
    return type(value).__name__


def written(value: Any) -> str:
    """Write any object with its kind and the length of what it holds, so that no two can be written alike."""
    import numpy as np

    if isinstance(value, Mapping):
        parts = sorted(written(key) + written(held) for key, held in value.items())
    elif isinstance(value, list | tuple | np.ndarray):
        parts = [written(held) for held in value]
    elif isinstance(value, set | frozenset):
        parts = sorted(written(held) for held in value)
    else:
        kind = "missing" if value is None else _kind(value)
        if kind == "number":
            text = exact_number(value) or repr(float(value) + 0.0)
        else:
            text = str(value) if kind in {"text", "flag"} else repr(value)
        return f"{kind}:{len(text)}:{text}"
    inside = "".join(parts)
    return f"{type(value).__name__}:{len(inside)}:{inside}"


def _arrow(objects: Any) -> Any:
    import pyarrow as pa

    try:
        return pa.array(objects, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        # half a character, as a broken export leaves one, is content too
        told = [None if value is None else value.encode("utf-8", errors="surrogatepass") for value in objects]
        return pa.array(told, type=pa.large_binary())
