"""What typing rounds off: cells that a 64-bit float or a local clock in microseconds does not tell apart, as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from igw_audit.core.cells import FLOAT_EXACT, exact_number
from igw_audit.core.schema import ColumnType

#: The longest text that a 64-bit float needs; a longer number may say more than the float does.
_LONGEST_FLOAT = 24
_ZONE = r"\d\d(:\d\d(\.\d+)?)? ?(Z|[+-]\d{2}(:?\d{2})?)$"


def exact_texts(values: pa.Array, kind: ColumnType, cells: Any) -> pa.Array | None:
    """Return the text of the cells that typing rounded, missing for the others; None where it rounded none.

    It enters a table's hash, and nothing else: 2**53 and 2**53 + 1 are one number to a model that computes in floats,
    and they are not one content.
    """
    if kind == "number":
        return _numbers(values, cells)
    return _moments(values) if kind == "date" else None


def _numbers(values: pa.Array, cells: NDArray[np.float64]) -> pa.Array | None:
    kind = values.type
    text = pt.is_string(kind) or pt.is_large_string(kind)
    if not (text or pt.is_integer(kind) or pt.is_decimal(kind)):
        return None
    with np.errstate(invalid="ignore"):
        asked = np.abs(cells) >= FLOAT_EXACT
    if pt.is_decimal(kind):
        asked = values.is_valid().to_numpy(zero_copy_only=False)
    elif text:
        asked |= pc.greater(pc.binary_length(values), _LONGEST_FLOAT).fill_null(False).to_numpy(zero_copy_only=False)
    return _told(values, np.flatnonzero(asked), exact_number)


def _moments(values: pa.Array) -> pa.Array | None:
    kind = values.type
    if pt.is_timestamp(kind):
        if kind.tz is not None:
            return values.cast(pa.timestamp("ns"), safe=False).cast(pa.int64()).cast(pa.large_string())
        if kind.unit == "ns":
            ticks = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            return _told(values.cast(pa.int64()), np.flatnonzero(ticks % 1000), str)
        return None
    if not (pt.is_string(kind) or pt.is_large_string(kind)):
        return None
    zoned = pc.match_substring_regex(values, _ZONE).fill_null(False).to_numpy(zero_copy_only=False)
    return _told(values, np.flatnonzero(zoned), _instant)


def _told(values: pa.Array, places: NDArray[np.intp], tell: Callable[[Any], str | None]) -> pa.Array | None:
    if not len(places):
        return None
    coded = values.take(pa.array(places)).dictionary_encode()
    words = np.array([*(tell(value) for value in coded.dictionary.to_pylist()), None], dtype=object)
    found = words[coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]
    if all(word is None for word in words):
        return None
    whole = np.full(len(values), None, dtype=object)
    whole[places] = found
    return pa.array(whole, type=pa.large_string())


def _instant(word: str) -> str | None:
    """Write when it was, in nanoseconds since 1970, as for a column of moments in a zone."""
    try:
        moment = datetime.fromisoformat(re.sub(r"\s(?=Z|[+-]\d\d)", "", word.strip()))
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return str(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000)
