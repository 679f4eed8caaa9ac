"""One column of any origin -> typed cells, with those that do not fit and what to do about them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from igw_audit.core.schema import ColumnType
from igw_audit.intake.exact import exact_texts
from igw_audit.intake.rows import Positions
from igw_audit.intake.text import as_id, as_text, naive, objects
from igw_audit.intake.words import (
    INFINITE_ADVICE,
    date_of,
    flag_of,
    like_code,
    like_date,
    like_missing,
    like_number,
    number_of,
)

#: Share of the cells from which a column of text is taken for one of numbers (or dates) with mistakes in it.
MOSTLY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Cells that do not fit the type, all for the same reason; ``advice`` says what to do."""

    positions: Positions
    examples: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A column after typing: numpy values (see CaseTable), what they round off, and the cells that did not fit."""

    type: ColumnType
    cells: Any
    exact: pa.Array | None = None
    misfits: tuple[Misfit, ...] = ()


def typed(values: pa.Array, kind: ColumnType | None, *, date_format: str | None = None) -> Typed:
    """Type one column; ``kind`` None reads the type from the values."""
    kind = kind or type_of_values(values)
    if kind in ("category", "text"):
        return Typed(type=kind, cells=objects(as_text(values)))
    if kind == "flag":
        return _flags(values)
    found = _numbers(values) if kind == "number" else _dates(values, date_format)
    return replace(found, exact=exact_texts(values, kind, found.cells))


def typed_id(values: pa.Array) -> Typed:
    """Type the column of ids: text that tells cases apart."""
    return Typed(type="text", cells=objects(as_id(values)))


def type_of_values(values: pa.Array) -> ColumnType:
    """Read a column's type from its values, the same for every format.

    Text is a number where every cell is one and none has a leading zero (a code); where nine in ten cells are numbers
    or dates the rest count as mistakes, so that they come out rather than turn the column into a category.
    """
    kind = values.type
    if values.null_count == len(values):
        return "number"
    if pt.is_boolean(kind):
        return "flag"
    if pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind) or pt.is_duration(kind):
        return "number"
    if pt.is_date(kind) or pt.is_timestamp(kind):
        return "date"
    text = as_text(values).drop_null()
    if len(text) == 0 or (_quick_numbers(text) is not None and not pc.any(_coded(text)).as_py()):
        return "number"
    counts = pc.value_counts(text)
    return _type_of_words(counts.field(0).to_pylist(), counts.field(1).to_numpy())


def _coded(text: pa.Array) -> pa.Array:
    """Tell which cells have a leading zero, as codes do and numbers do not."""
    return pc.match_substring_regex(text, r"^[+-]?0\d")


def _type_of_words(words: list[str], sizes: NDArray[np.int64]) -> ColumnType:
    if all(word.lower() in {"true", "false"} for word in words):
        return "flag"
    if any(like_code(word) for word in words):
        return "category"
    told = np.array([not like_missing(word) for word in words])
    enough = max(1.0, MOSTLY * float(sizes[told].sum()))
    if sizes[np.array([like_number(word) for word in words])].sum() >= enough:
        return "number"
    return "date" if sizes[np.array([like_date(word) for word in words])].sum() >= enough else "category"


def _quick_numbers(text: pa.Array) -> NDArray[np.float64] | None:
    """Read text that is finite numbers throughout in one pass; None where a closer look is needed."""
    try:
        numbers = text.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    found: NDArray[np.float64] = numbers.to_numpy(zero_copy_only=False)
    return found if np.isfinite(found[text.is_valid().to_numpy(zero_copy_only=False)]).all() else None


def _quick_dates(text: pa.Array) -> NDArray[np.datetime64] | None:
    """Read text that is plain ISO days or moments throughout in one pass; None where a closer look is needed."""
    form = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$"
    if not pc.all(pc.match_substring_regex(text, form)).as_py():
        return None
    try:
        found: NDArray[np.datetime64] = text.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return found.astype("datetime64[us]")


def _numbers(values: pa.Array) -> Typed:
    kind = values.type
    if pt.is_duration(kind):
        return Typed(type="number", cells=_days(values))
    if pt.is_date(kind) or pt.is_timestamp(kind) or pt.is_time(kind):
        return _all_wrong(
            values, "number", "a date or time", "make a number of it (days since ...), or change its type"
        )
    if pt.is_boolean(kind):
        values = values.cast(pa.int8())
    if pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind) or pt.is_boolean(kind) or pt.is_null(kind):
        # by way of its text a decimal becomes the float that is nearest to it, as in a file
        plain = values.cast(pa.string()) if pt.is_decimal(kind) else values
        numbers = plain.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
        misfits = _at(np.flatnonzero(np.isinf(numbers)), numbers, INFINITE_ADVICE)
        return Typed(type="number", cells=numbers, misfits=misfits)
    text = as_text(values)
    quick = _quick_numbers(text)
    if quick is not None:
        return Typed(type="number", cells=quick)
    return _by_word(text, "number", number_of, np.dtype(np.float64))


def _days(values: pa.Array) -> NDArray[np.float64]:
    """Read a duration as days."""
    ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit] * 86_400
    found: NDArray[np.float64] = values.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found / ticks


def _flags(values: pa.Array) -> Typed:
    kind = values.type
    if pt.is_date(kind) or pt.is_timestamp(kind) or pt.is_time(kind) or pt.is_duration(kind):
        return _all_wrong(values, "flag", "a date or time", "write 1 for yes and 0 for no")
    return _by_word(as_text(values), "flag", flag_of, np.dtype(np.float64))


def _dates(values: pa.Array, date_format: str | None) -> Typed:
    kind = values.type
    if pt.is_date(kind) or pt.is_timestamp(kind):
        return Typed(type="date", cells=naive(values).to_numpy(zero_copy_only=False).astype("datetime64[us]"))
    if pt.is_time(kind) or pt.is_duration(kind):
        return _all_wrong(values, "date", "a time without a day", "give the day as well, as in 2026-11-23")

    text = as_text(values)
    quick = _quick_dates(text) if date_format is None else None
    if quick is not None:
        return Typed(type="date", cells=quick)

    return _by_word(text, "date", lambda word: date_of(word, date_format), np.dtype("datetime64[us]"))


def _by_word(
    text: pa.Array, kind: ColumnType, value_of: Callable[[str], tuple[Any, str | None]], dtype: np.dtype[Any]
) -> Typed:
    """Type every distinct word once; the cells of a word share its value and its problem."""
    coded = text.dictionary_encode()
    words = coded.dictionary.to_pylist()
    found = [value_of(word) for word in words]
    missing = np.datetime64("NaT") if dtype.kind == "M" else math.nan
    codes = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    held = [missing if value is None else value for value, _ in found]
    advices = np.array([*(advice for _, advice in found), None], dtype=object)
    misfits: list[Misfit] = []
    for advice in dict.fromkeys(advice for advice in advices if advice is not None):
        misfits += _at(
            np.flatnonzero((advices == advice)[codes]), np.array([*words, None], dtype=object)[codes], advice
        )
    return Typed(type=kind, cells=np.array([*held, missing], dtype=dtype)[codes], misfits=tuple(misfits))


def _at(positions: Positions, cells: Any, advice: str) -> tuple[Misfit, ...]:
    if not len(positions):
        return ()
    examples = tuple(str(cell) for cell in cells[positions[:5]])
    return (Misfit(positions=positions, examples=examples, advice=advice),)


def _all_wrong(values: pa.Array, kind: ColumnType, found: str, advice: str) -> Typed:
    positions = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
    examples = as_text(values.take(pa.array(positions[:5]))).to_pylist() if len(positions) else []
    empty = np.full(len(values), np.nan)
    misfit = Misfit(positions=positions, examples=tuple(examples), advice=f"the column holds {found}; {advice}")
    return Typed(type=kind, cells=empty, misfits=(misfit,) if len(positions) else ())
