"""How much of a file that somebody else made is taken: its size, its depth, its time. Each limit can be raised."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.errors import InputError

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit with the variable that changes it for a place where more is real."""

    variable: str
    default: int
    unit: str
    what: str

    @property
    def value(self) -> int:
        """The limit that holds now: the variable's, or the default.

        Raises
        ------
        InputError
            If the variable holds no whole number above zero.
        """
        told = os.environ.get(self.variable, "").strip()
        if not told:
            return self.default
        if not told.isascii() or not told.isdecimal() or len(told) > 12 or int(told) == 0:
            raise InputError(
                self.variable, [f"found {told[:20]!r}, expected a whole number of {self.unit} above 0; or unset it"]
            )
        return int(told)

    def exceeded(self, found: str) -> str:
        """Say that something is over the limit, and how to raise it where it is real."""
        return (
            f"{found}, and {self.what} has at most {self.value:,} {self.unit} here; if it is real, "
            f"set {self.variable} higher"
        )


TABLE = Limit(variable="IGW_MOST_TABLE_MB", default=8192, unit="megabytes", what="a table, unpacked,")
CELL = Limit(variable="IGW_MOST_CELL_KB", default=1024, unit="kilobytes", what="a cell")
COLUMNS = Limit(variable="IGW_MOST_COLUMNS", default=10_000, unit="columns", what="a table")
SETTINGS = Limit(variable="IGW_MOST_SETTINGS_MB", default=4, unit="megabytes", what="a file of settings")
RECORD = Limit(variable="IGW_MOST_RECORD_MB", default=256, unit="megabytes", what="a record")
DEPTH = Limit(variable="IGW_MOST_DEPTH", default=100, unit="levels", what="a file")
MODEL = Limit(variable="IGW_MOST_MODEL_MB", default=2048, unit="megabytes", what="a model, unpacked,")
MODEL_SECONDS = Limit(
    variable="IGW_MODEL_SECONDS", default=600, unit="seconds", what="loading a model, or one question to it,"
)
MODEL_MEMORY = Limit(variable="IGW_MODEL_MEMORY_MB", default=16_384, unit="megabytes", what="the process of a model")
ALL = (TABLE, CELL, COLUMNS, SETTINGS, RECORD, DEPTH, MODEL, MODEL_SECONDS, MODEL_MEMORY)


def read_within(path: Path, most: Limit, *, subject: str) -> bytes:
    """Return what a file holds; the limit is in megabytes, and a pipe or a device is not read without end.

    Raises
    ------
    InputError
        If it is larger than the limit.
    OSError
        If it cannot be read.
    """
    largest = most.value * MEGABYTE
    with path.open("rb") as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise InputError(subject, [most.exceeded(f"the file is larger than {most.value:,} megabytes")])
    return content


def parse_json(text: str | bytes) -> Any:
    """Return the content of a JSON text.

    Raises
    ------
    ValueError
        If it is no JSON, or nested too deeply.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError(DEPTH.exceeded("it is nested very deeply")) from None
    check_depth(content)
    return content


def check_depth(content: object) -> None:
    """Refuse what is nested deeper than the limit, with a ValueError; nothing here recurses."""
    most, level = DEPTH.value, [content]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError(DEPTH.exceeded(f"it is nested more than {most} levels deep"))
