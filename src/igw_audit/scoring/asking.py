"""One question to a model: its answer, or an error that says what it was given and what it did with it."""

from __future__ import annotations

import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from igw_audit.errors import IgwAuditError, InputError
from igw_audit.scoring.adapters.answers import Numbers, numbers

#: Columns and letters of a foreign error that are shown.
_COLUMNS, _LETTERS, _MOST_CELLS = 12, 240, 100_000
_OURS = str(Path(__file__).resolve().parents[1])
_LIBRARY = re.compile(r"site-packages|dist-packages|[/\\\\]lib[/\\\\]python\d|<__array_function__|^<frozen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model, how a frame is made ready for it, and how it is called."""

    name: str
    ask: Callable[[pd.DataFrame], Any]
    prepare: Callable[[pd.DataFrame], pd.DataFrame]
    what: str = "model"

    def __call__(self, features: pd.DataFrame) -> Numbers:
        """Return one finite number a row, in the model's own precision."""
        return self.of(self.prepare(features))

    def of(self, given: pd.DataFrame) -> Numbers:
        """Ask about a frame that is ready.

        Raises
        ------
        InputError
            If the model raises anything: with its name, the exception, and the frame's columns and types, no values.
        """
        index, before = given.index, given.dtypes
        try:
            with warnings.catch_warnings():
                # estimators that hand arrays on to themselves say so at every call
                warnings.filterwarnings("ignore", message="X (does not have valid|has) feature names")
                answer = self.ask(given)
        except IgwAuditError:
            raise
        except Exception as error:
            raise InputError(self.what, [_failed(self.name, error, given, before)]) from None
        return numbers(answer, len(index), what=self.what, index=index)


def same_types(values: pd.Series, like: pd.Series | None) -> pd.Series:
    """Return values in the type of the column that they replace, where that loses nothing; else as they are."""
    if like is None or values.dtype == like.dtype:
        return values
    try:
        cast = values.astype(like.dtype)
        before, after = (one.to_numpy(dtype=object) for one in (values, cast))
        there = values.notna().to_numpy()
        kept = bool((cast.notna().to_numpy() == there).all() and (before[there] == after[there]).all())
    except (TypeError, ValueError, OverflowError):
        return values
    return cast if kept else values


def _failed(name: str, error: Exception, given: pd.DataFrame, types: pd.Series) -> str:
    held = [f"{column!s} ({kind})" for column, kind in types.items()]
    more = f" and {len(held) - _COLUMNS} more" if len(held) > _COLUMNS else ""
    return (
        f"the {name} failed with {type(error).__name__}: {_without_values(str(error), given)}{_where(error)}; it was "
        f"given {len(given)} rows of {', '.join(held[:_COLUMNS])}{more}. Give the cases the columns and types that it "
        "was fitted on, or pass a callable that makes them so"
    )


def _where(error: Exception) -> str:
    """Say where in somebody's own code it happened, a file's name and line; of libraries nobody wants to know."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not _LIBRARY.search(one.filename)]
    own = [one for one in frames if not one.filename.startswith(_OURS)]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _without_values(text: str, given: pd.DataFrame) -> str:
    """Shorten a foreign message to one line, and blot out what is a cell of the table."""
    known = {str(name) for name in given.columns} | {str(kind) for kind in given.dtypes}
    line = re.sub(r"\s+", " ", text).strip()
    for cell in sorted(_cells(given) - known, key=len, reverse=True):
        if cell in line:
            # a short cell is blotted out where it is quoted: a letter stands in every word
            line = line.replace(cell, "…") if len(cell) > 2 else line.replace(f"'{cell}'", "'…'")
    return line[:_LETTERS] + ("…" if len(line) > _LETTERS else "")


def _cells(given: pd.DataFrame) -> set[str]:
    """Return the words in the table, and ids; numbers are nobody's name."""
    worded = [column for _, column in given.items() if column.dtype.kind not in "iufbmM"]
    # not by astype(str): half a character, as a broken export leaves one, is no text of Arrow's
    found = (set(map(str, column.dropna().to_numpy(dtype=object))) for column in (*worded, given.index.to_series()))
    return {cell.strip() for column in found for cell in sorted(column)[:_MOST_CELLS] if cell.strip()}
