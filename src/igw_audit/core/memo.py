"""Answers kept beside the object they are about, and gone with it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Memo:
    """What was worked out before; every question is answered once, also when two threads ask.

    It belongs to one object and is no part of its value: a copy, a replaced or an unpickled object starts anew.
    """

    __slots__ = ("_found", "_lock")

    def __init__(self) -> None:
        self._found: dict[Hashable, Any] = {}
        self._lock = RLock()

    def once(self, question: Hashable, work: Callable[[], T]) -> T:
        """Give the answer that is kept, or work it out and keep it."""
        with self._lock:
            if question not in self._found:
                self._found[question] = work()
            return cast(T, self._found[question])

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        return Memo, ()
