"""A model from the registry, opened and asked in a process of its own: no network, a limit on time and memory.

The process that audits keeps a copy of the estimator for what looks at its parts (which coefficient, which tree), built
from the same bytes after the other process opened them; every score comes from the other process. A model that is
handed over in memory is the caller's own, and is asked where it is.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import selectors
import struct
import subprocess
import sys
import time
import weakref
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from igw_audit.core.limits import MEGABYTE, MODEL, MODEL_MEMORY, MODEL_SECONDS
from igw_audit.errors import EvidenceError
from igw_audit.tracking.models import load_model

if TYPE_CHECKING:
    import numpy as np

_log = logging.getLogger(__name__)
#: What a model is asked by; everything else about it is read from the copy.
_ASKED = ("predict_proba", "decision_function", "predict")
_HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "PYTHONHASHSEED")
_LARGEST_HEAD = MEGABYTE
#: A pipe takes this much at a time.
_PART = 1 << 16


class Confined:
    """The process that holds one model."""

    def __init__(self, folder: Path) -> None:
        self._lock = RLock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "igw_audit.tracking.confined_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_surroundings(),
            bufsize=0,
        )
        self.close = weakref.finalize(self, _end, self._process)
        head, _ = self._ask(json.dumps([str(folder), MODEL_MEMORY.value]).encode(), "opening it")
        if "refused" in head:
            self.close()
            raise EvidenceError(str(head["refused"]))
        #: Whether the platform could take network, programs and writing away.
        self.locked = bool(head.get("locked"))

    def ask(self, method: str, given: tuple[Any, ...], named: dict[str, Any]) -> np.ndarray[Any, Any]:
        """Return what a method of the model answers.

        Raises
        ------
        EvidenceError
            If the process takes too long or ends.
        ValueError
            If the model refuses what it was given.
        """
        import numpy as np

        question = pickle.dumps((method, given, named), protocol=5)
        head, content = self._ask(question, f"{method} of {len(given[0]) if given else 0} cases")
        if "failed" in head:
            raise ValueError(f"{head.get('kind')}: {head['failed']}")
        kind, shape = np.dtype(str(head["dtype"])), tuple(int(length) for length in head["shape"])
        if kind.hasobject:
            raise EvidenceError("the model's process answered with something else than numbers; nothing of it was used")
        return np.frombuffer(content, dtype=kind).reshape(shape).copy()

    def __deepcopy__(self, _: object) -> Confined:
        return self

    def _ask(self, question: bytes, what: str) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            most = MODEL_SECONDS.value
            talk = _Talk(self._process, until=time.monotonic() + most)
            try:
                talk.write(struct.pack("<Q", len(question)), question)
                lengths = struct.unpack("<QQ", talk.read(16))
                if lengths[0] > _LARGEST_HEAD or lengths[1] > MODEL.value * MEGABYTE:
                    raise EvidenceError("the model's process answered with more than any model does")
                head = json.loads(talk.read(lengths[0]))
                return head, talk.read(lengths[1])
            except TimeoutError:
                self.close()
                raise EvidenceError(MODEL_SECONDS.exceeded(f"{what} took the model longer than {most:,} s")) from None
            except (EOFError, OSError, ValueError, struct.error):
                code = _wait(self._process)
                self.close()
                raise EvidenceError(_ended(what, code)) from None


class _Talk:
    """One question and its answer, over pipes that neither side can block for ever."""

    def __init__(self, process: subprocess.Popen[bytes], *, until: float) -> None:
        self._process, self._until = process, until

    def write(self, *parts: bytes) -> None:
        stream: Any = self._process.stdin
        os.set_blocking(stream.fileno(), False)
        for part in parts:
            left = memoryview(part)
            while left:
                self._wait(stream, selectors.EVENT_WRITE)
                left = left[os.write(stream.fileno(), left[:_PART]) :]

    def read(self, length: int) -> bytes:
        stream: Any = self._process.stdout
        held = bytearray()
        while len(held) < length:
            self._wait(stream, selectors.EVENT_READ)
            part = os.read(stream.fileno(), min(length - len(held), 1 << 20))
            if not part:
                raise EOFError
            held += part
        return bytes(held)

    def _wait(self, stream: Any, event: int) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(stream, event)
            if not ready.select(max(0.0, self._until - time.monotonic())):
                raise TimeoutError


def load_confined(path: Path) -> Any:
    """Load a model from its folder as ``load_model`` does, in a process of its own that gives every score.

    The process ends with the estimator. Where the platform has no such process (Windows), this is ``load_model``.

    Raises
    ------
    EvidenceError
        If the files are not as they should be, or the process takes too long, takes too much or ends.
    """
    if os.name != "posix":
        _log.warning("a model has no process of its own on this platform; see docs/explanation/threat-model.md")
        return load_model(path)
    process = Confined(path)
    if not process.locked:
        _log.warning(
            "this platform cannot take the network from the process of a model; only time and memory are limited"
        )
    return asking(load_model(path), process)


def asking(estimator: Any, process: Confined) -> Any:
    """Return a copy of an estimator, of the same kind, whose scores come from a process."""
    made = copy.copy(estimator)
    kind = type(estimator)
    methods = {name: _method(name) for name in _ASKED if hasattr(estimator, name)}
    # the same name and place: what asks an estimator for its kind hears what it is
    held = {**methods, "__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    made.__class__ = type(kind.__name__, (kind,), held)
    made.__dict__["_igw_process"] = process
    return made


def _method(name: str) -> Any:
    def ask(self: Any, *given: Any, **named: Any) -> Any:
        process = self.__dict__.get("_igw_process")
        if process is None:
            # a clone, which was fitted anew and is nobody's file
            return getattr(super(type(self), self), name)(*given, **named)
        return process.ask(name, given, named)

    ask.__name__ = name
    return ask


def _surroundings() -> dict[str, str]:
    """Return what the process is told: where its programs are, and the limits; no key, address or secret."""
    told = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    limits = {name: value for name, value in os.environ.items() if name.startswith("IGW_MOST_")}
    places = os.pathsep.join(filter(None, sys.path))
    return {**told, **limits, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}


def _ended(what: str, code: int | None) -> str:
    how = "ended" if code is None else f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return (
        f"the process of the model {how} while {what}; a model that a process cannot hold in "
        f"{MODEL_MEMORY.value:,} megabytes may need {MODEL_MEMORY.variable} higher, and one that ends a process is "
        "damaged or hostile"
    )


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process; what it holds is nobody's."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
