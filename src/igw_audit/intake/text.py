"""A column of any Arrow type as one array, and as text that is the same for every format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

_DECIMALS = r"^([+-]?\d+)(?:\.|(\.\d*[1-9]))0*$"
#: A day as a frame writes it to CSV beside others that have a time, with or without a zone: it is that day there.
_PARTS = r"^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2})(?:\.|(\.\d*[1-9]))0*$"
_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2})[T ]00:00:00(\.0+)?( ?(Z|[+-]\d{2}(:?\d{2})?))?$"


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array of plain cells: dictionaries and runs by their values, intervals as text."""
    while pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pt.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if isinstance(column.type, pa.BaseExtensionType):
        column = _named_cells(column)
    if pt.is_string_view(column.type):
        column = column.cast(pa.large_string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def unreadable_kind(kind: pa.DataType) -> str | None:
    """Name the kind of a column whose cells are no single values, else None."""
    if pt.is_nested(kind):
        return "lists or records"
    binary = (pt.is_binary, pt.is_large_binary, pt.is_fixed_size_binary, pt.is_binary_view)
    return "bytes" if any(test(kind) for test in binary) else None


def as_text(values: pa.Array) -> pa.Array:
    """Write every cell as trimmed text, blank as missing; whole numbers without a point, dates as 2026-11-23.

    A moment in a zone is written as the clock there said, so that a local midnight is that day.
    """
    kind = values.type
    if pt.is_decimal(kind):
        return pc.replace_substring_regex(values.cast(pa.large_string()), pattern=_DECIMALS, replacement=r"\1\2")
    if pt.is_floating(kind):
        return _float_text(values)
    if pt.is_timestamp(kind) or pt.is_date(kind):
        return _moment_text(local(values))
    if pt.is_duration(kind):
        return _named_cells(values)
    text = values.cast(pa.large_string())
    if pt.is_boolean(kind) or pt.is_integer(kind):
        return text
    text = pc.utf8_trim_whitespace(text)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)
    # how a data frame writes whole numbers to CSV as soon as one is missing
    if text.null_count < len(text) and pc.all(pc.match_substring_regex(text, r"^[+-]?\d+\.0$")).as_py():
        text = pc.utf8_slice_codeunits(text, 0, -2)
    return _days(text) if _clocked(text) else text


def _clocked(text: pa.Array) -> bool:
    """Tell whether any cell may hold a time: most columns of words hold no colon at all, and need no closer look."""
    return bool(pc.any(pc.match_substring(text, ":")).as_py())


def _days(text: pa.Array) -> pa.Array:
    """Write moments as a column of moments would be: a midnight as its day, no nought behind a part of a second."""
    text = pc.replace_substring_regex(text, pattern=_MIDNIGHT, replacement=r"\1")
    return pc.replace_substring_regex(text, pattern=_PARTS, replacement=r"\1\2")


def as_id(values: pa.Array) -> pa.Array:
    """Write every cell as an id: as other text, but a moment in a zone keeps its distance from UTC.

    Where a clock is put back, two moments read the same on it and are two cases.
    """
    kind = values.type
    if pt.is_timestamp(kind) and kind.tz is not None:
        text = pc.strftime(values, format="%Y-%m-%d %H:%M:%S%z")
        return pc.replace_substring_regex(text, pattern=r"(\.0+)?([+-]\d\d)(\d\d)$", replacement=r"\2:\3").cast(
            pa.large_string()
        )
    if (pt.is_string(kind) or pt.is_large_string(kind)) and _clocked(values):
        # as_text would take a midnight's zone away
        zoned = pc.match_substring_regex(values, r"00:00:00(\.0+)? ?(Z|[+-]\d{2}(:?\d{2})?)\s*$")
        if pc.any(zoned).as_py():
            return pc.if_else(zoned, pc.utf8_trim_whitespace(values.cast(pa.large_string())), as_text(values))
    return as_text(values)


def objects(text: pa.Array) -> Any:
    """Return text as a numpy object array, None for missing; equal texts are one object."""
    coded = text.dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    return words[coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]


def local(values: pa.Array) -> pa.Array:
    """Return dates and times as the clock said; of those with a zone, the clock in that zone."""
    if pt.is_timestamp(values.type):
        return values if values.type.tz is None else pc.local_timestamp(values)
    return values.cast(pa.timestamp("ms" if pt.is_date64(values.type) else "s"))


def naive(values: pa.Array) -> pa.Array:
    """Return dates and times in microseconds, as the clock said."""
    return local(values).cast(pa.timestamp("us"), safe=False)


def _moment_text(moments: pa.Array) -> pa.Array:
    text = pc.strftime(moments, format="%Y-%m-%d %H:%M:%S")
    for tail in (r"(\.\d*[1-9])0+$", r"\.0+$", r" 00:00:00$"):
        text = pc.replace_substring_regex(text, pattern=tail, replacement=r"\1" if "(" in tail else "")
    return text.cast(pa.large_string())


def _float_text(values: pa.Array) -> pa.Array:
    if pt.is_float16(values.type):
        values = values.cast(pa.float32())
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    whole = np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < 2**53)
    integers = pa.array(np.where(whole, numbers, 0.0).astype(np.int64)).cast(pa.large_string())
    # written in its own width: 0.1 in 32 bits is 0.1, as a file has it
    text = pc.if_else(pa.array(whole), integers, values.cast(pa.large_string()))
    return pc.if_else(pa.array(np.isnan(numbers)), pa.scalar(None, pa.large_string()), text)


def _named_cells(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Write cells that Arrow has no text for (intervals, periods, durations, UUIDs) as Python does, each kind once."""
    import pandas as pd

    cells = values.to_pandas()
    cells = pd.Series(cells).astype(object).to_numpy(dtype=object)
    missing = np.asarray(pd.isna(cells), dtype=np.bool_)
    return pa.array([None if gone else str(cell) for cell, gone in zip(cells, missing, strict=True)], pa.large_string())
