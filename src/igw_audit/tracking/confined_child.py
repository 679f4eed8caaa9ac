"""The process in which a model is opened and asked: ``python -m igw_audit.tracking.confined_child``, and no other use.

It takes questions from the process that started it, and answers with numbers only: that process never builds an object
from what comes out of here.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np

#: Numbers and texts of a fixed width are written as their bytes.
_PLAIN_KINDS = "fiubUS"


def main() -> None:
    """Open one model and answer until nothing more is asked."""
    asked, answers = _own_streams()
    folder, megabytes = json.loads(_read(asked) or b"[]")
    # all that is imported is imported before the doors close, so that nothing has to be opened afterwards
    import pandas as pd  # noqa: F401
    import skops.io  # noqa: F401
    from joblib import parallel_config

    from igw_audit.tracking.lockdown import limit_process, lock_down
    from igw_audit.tracking.models import load_model

    limit_process(megabytes=megabytes)
    locked = lock_down()
    try:
        model = load_model(Path(folder))
    except Exception as error:
        _write(answers, {"refused": str(error), "kind": type(error).__name__})
        return
    _write(answers, {"locked": locked})
    # one thread after the other: a pool needs locks in files, and adds numbers up in no fixed order
    with parallel_config(backend="sequential"):
        _answer_all(model, asked, answers)


def _answer_all(model: Any, asked: IO[bytes], answers: IO[bytes]) -> None:
    while (question := _read(asked)) is not None:
        # from the process that started this one, which holds the cases; never the other way round
        method, given, named = pickle.loads(question)  # noqa: S301 # nosec B301
        try:
            answer = np.asarray(getattr(model, method)(*given, **named))
        except Exception as error:
            _write(answers, {"failed": str(error)[:10_000], "kind": type(error).__name__})
            continue
        _write_answer(answers, answer)


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take the pipes for ourselves: what a library prints goes to stderr and is no answer."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    return asked, answers


def _read(stream: IO[bytes]) -> bytes | None:
    head = stream.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack("<Q", head)
    return stream.read(length)


def _write(stream: IO[bytes], head: dict[str, Any], content: bytes = b"") -> None:
    told = json.dumps(head).encode()
    stream.write(struct.pack("<QQ", len(told), len(content)))
    stream.write(told)
    stream.write(content)
    stream.flush()


def _write_answer(stream: IO[bytes], answer: np.ndarray[Any, Any]) -> None:
    if answer.dtype.kind == "O":
        answer = np.asarray([str(one) for one in answer.ravel()]).reshape(answer.shape)
    if answer.dtype.kind not in _PLAIN_KINDS:
        _write(stream, {"failed": f"it answers with {answer.dtype}", "kind": "TypeError"})
        return
    _write(stream, {"dtype": answer.dtype.str, "shape": list(answer.shape)}, np.ascontiguousarray(answer).tobytes())


if __name__ == "__main__":
    main()
