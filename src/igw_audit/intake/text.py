"""A column of any Arrow type as one array, and as text that is the same for every format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Give a column as one array, dictionaries replaced by their values."""
    if pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.combine_chunks()


def unreadable_kind(kind: pa.DataType) -> str | None:
    """Name the kind of a column whose cells are no single values, else None."""
    if pt.is_nested(kind):
        return "lists or records"
    return "bytes" if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind) else None


def as_text(values: pa.Array) -> pa.Array:
    """Write every cell as trimmed text, blank as missing; whole numbers without a point, dates as 2026-11-23."""
    kind = values.type
    if pt.is_decimal(kind):
        values, kind = values.cast(pa.float64()), pa.float64()
    if pt.is_floating(kind):
        return _float_text(values.cast(pa.float64()))
    if pt.is_timestamp(kind) or pt.is_date(kind):
        text = pc.strftime(naive(values), format="%Y-%m-%d %H:%M:%S")
        for tail in (r"\.0+$", r" 00:00:00$"):
            text = pc.replace_substring_regex(text, pattern=tail, replacement="")
        return text.cast(pa.large_string())
    text = values.cast(pa.large_string())
    if pt.is_boolean(kind) or pt.is_integer(kind):
        return text
    text = pc.utf8_trim_whitespace(text)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)
    # how a data frame writes whole numbers to CSV as soon as one is missing
    if text.null_count < len(text) and pc.all(pc.match_substring_regex(text, r"^[+-]?\d+\.0$")).as_py():
        text = pc.utf8_slice_codeunits(text, 0, -2)
    return text


def objects(text: pa.Array) -> Any:
    """Give text as a numpy object array, None for missing; equal texts are one object."""
    coded = text.dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    return words[coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]


def _float_text(values: pa.Array) -> pa.Array:
    numbers = values.to_numpy(zero_copy_only=False)
    whole = np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < 2**53)
    integers = pa.array(np.where(whole, numbers, 0.0).astype(np.int64)).cast(pa.large_string())
    text = pc.if_else(pa.array(whole), integers, values.cast(pa.large_string()))
    return pc.if_else(pa.array(np.isnan(numbers)), pa.scalar(None, pa.large_string()), text)


def naive(values: pa.Array) -> pa.Array:
    """Dates and times in microseconds; those with a zone at their UTC time."""
    if pt.is_timestamp(values.type) and values.type.tz is not None:
        values = values.cast(pa.timestamp("us", tz="UTC"), safe=False)
    return values.cast(pa.timestamp("us"), safe=False)
