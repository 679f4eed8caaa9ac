"""A later clock for whoever reads one, while a model is asked: a score that moves with it is no function of a case.

Only what a model's own code looks up is changed, for as long as the question takes: clocks among the names of modules
that belong to no library, and pandas' own now. The clock of the process stays as it is, so that nothing that is signed
or logged meanwhile bears another time.
"""

from __future__ import annotations

import datetime as dates
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd

#: More than a year, and some hours: day, month, weekday and hour are all others.
SHIFT = dates.timedelta(days=400, hours=7, minutes=13)

_OURS = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})


class _SameInstances(type):
    """Takes for its instances whatever is one of the class that it stands for."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _LaterDatetime(dates.datetime, metaclass=_SameInstances):
    @classmethod
    def now(cls, tz: dates.tzinfo | None = None) -> Any:
        return dates.datetime.now(tz) + SHIFT

    @classmethod
    def today(cls) -> Any:
        return dates.datetime.today() + SHIFT

    @classmethod
    def utcnow(cls) -> Any:
        return dates.datetime.now(dates.UTC).replace(tzinfo=None) + SHIFT


class _LaterDate(dates.date, metaclass=_SameInstances):
    @classmethod
    def today(cls) -> Any:
        return _LaterDatetime.today().date()


class _Instead(SimpleNamespace):
    """A module with some of its names replaced."""

    def __init__(self, module: ModuleType, **names: Any) -> None:
        super().__init__(**names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _later_time() -> dict[str, Callable[..., Any]]:
    seconds = SHIFT.total_seconds()

    def at(read: Callable[[float], Any]) -> Callable[..., Any]:
        return lambda moment=None: read(time.time() + seconds if moment is None else moment)

    return {
        "time": lambda: time.time() + seconds,
        "time_ns": lambda: time.time_ns() + int(seconds) * 10**9,
        "monotonic": lambda: time.monotonic() + seconds,
        "perf_counter": lambda: time.perf_counter() + seconds,
        "gmtime": at(time.gmtime),
        "localtime": at(time.localtime),
        "ctime": at(time.ctime),
        "strftime": lambda form, moment=None: time.strftime(form, moment or at(time.localtime)()),
    }


@contextmanager
def later() -> Iterator[None]:
    """Let the code of models see a clock that is ``SHIFT`` ahead."""
    clocks = _later_time()
    stands_for: dict[int, Any] = {id(getattr(time, name)): clock for name, clock in clocks.items()}
    stands_for |= {id(dates.datetime): _LaterDatetime, id(dates.date): _LaterDate, id(time): _Instead(time, **clocks)}
    stands_for[id(dates)] = _Instead(dates, datetime=_LaterDatetime, date=_LaterDate)
    changed: list[tuple[dict[str, Any], str, Any]] = []
    stamps = {name: pd.Timestamp.__dict__[name] for name in ("now", "today", "utcnow") if name in pd.Timestamp.__dict__}
    try:
        for held in _own_code():
            for name, value in list(held.items()):
                if id(value) in stands_for:
                    changed.append((held, name, value))
                    held[name] = stands_for[id(value)]
        for name, method in stamps.items():
            setattr(pd.Timestamp, name, classmethod(_shifted(method.__func__)))
        yield
    finally:
        for name, method in stamps.items():
            setattr(pd.Timestamp, name, method)
        for held, name, value in changed:
            held[name] = value


def _shifted(read: Callable[..., Any]) -> Callable[..., Any]:
    return lambda kind, *given, **named: read(kind, *given, **named) + SHIFT


def _own_code() -> Iterator[dict[str, Any]]:
    """Go through the names of every module that belongs to no library: scripts, notebooks and a team's own code."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(module, ModuleType) or (file is None and module.__name__ != "__main__"):
            continue
        if not str(file or "").startswith((_OURS, *_LIBRARIES)) and "dist-packages" not in str(file):
            yield vars(module)
