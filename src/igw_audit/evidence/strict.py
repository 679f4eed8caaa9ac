"""One way to write each thing that is signed, and a reader that takes no other: JSON, times, accounts, file names."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any, NoReturn

from igw_audit.core.canonical import canonical_json

SHA256 = re.compile(r"[0-9a-f]{64}")
#: A name in a bundle's folder: one plain file, so that no statement points outside the folder.
PLAIN_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Letters that look alike across alphabets would make two people of one.
ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._@+\\-]{0,98}[A-Za-z0-9])?")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def canonical_bytes(content: object) -> bytes:
    """Write content as the only bytes that ``read_canonical`` takes for it."""
    return canonical_json(content).encode()


def read_canonical(text: bytes) -> Any:
    """Read JSON that is written as ``canonical_bytes`` writes it; numbers are whole.

    Raises
    ------
    ValueError
        If it is no JSON, or written in another way: a key twice, other spacing or order, a fraction.
    """
    try:
        content = json.loads(text.decode(), parse_float=_no_fraction, parse_constant=_no_fraction)
        same = canonical_bytes(content) == text
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not same:
        raise ValueError("it is not written in its one canonical form")
    return content


def _no_fraction(number: str) -> NoReturn:
    raise ValueError(f"it holds {number}, and only whole numbers stand in what is signed")


def stamp(moment: datetime) -> str:
    """Write a moment as evidence holds it, to the millisecond and in UTC.

    >>> stamp(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    '2026-11-23T09:30:00.000Z'
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give a moment in UTC")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read a moment written by ``stamp``; ValueError for any other way of writing it."""
    if not _STAMP.fullmatch(text):
        raise ValueError(f"{text!r} is no time as 2026-11-23T09:30:00.000Z")
    return datetime.fromisoformat(text)


def is_stamp(text: str) -> bool:
    """Tell whether a text is a moment written by ``stamp``."""
    try:
        moment(text)
    except ValueError:
        return False
    return True


def person(account: str) -> str:
    """Give the one form of an account's name by which people are told apart, whatever its case.

    >>> person("Ada ") == person("ADA")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", account).casefold().split())
