"""ONNX sessions: tensors or a column each in, labels with probabilities (a map a case, or a table) out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.scoring.adapters.adapter import Adapter, Wanted, quoted, refuse
from igw_audit.scoring.adapters.answers import Numbers, as_array, zipped
from igw_audit.scoring.adapters.classes import class_words, positive_places

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


def is_session(model: Any) -> bool:
    """Tell whether a model is an ``onnxruntime.InferenceSession``."""
    return any(one.__name__ == "InferenceSession" and "onnxruntime" in one.__module__ for one in type(model).__mro__)


def of_session(model: Any, wanted: Wanted) -> Adapter:
    """Return the adapter of a session: the features in its own types, the probability of the positive classes out."""
    inputs = model.get_inputs()
    apart = len(inputs) > 1 or _columns(inputs[0]) == 1
    names = tuple(one.name for one in inputs) if apart else None

    def ask(frame: pd.DataFrame) -> Any:
        return _score(model, model.run(None, _fed(inputs, frame, apart=apart)), wanted)

    classifies = len(model.get_outputs()) > 1
    return Adapter(
        name="ONNX session",
        ask=ask,
        kind="probability" if classifies else "points",
        known_from="estimator" if classifies else "convention",
        classes=wanted.settings.classes,
        columns=names,
        framed=True,
        rewrites=True,
        width=len(inputs) if apart else _columns(inputs[0]),
        call=f"session.run(None, {{{inputs[0].name!r}: cases[[...]].to_numpy('float32')}})[1][:, 1]",
    )


def _columns(one: Any) -> int | None:
    shape = list(one.shape or ())
    return int(shape[1]) if len(shape) == 2 and isinstance(shape[1], int) else None


def _fed(inputs: Any, frame: pd.DataFrame, *, apart: bool) -> dict[str, Numbers]:
    if not apart:
        return {inputs[0].name: _tensor(frame, inputs[0].type)}
    return {one.name: _tensor(frame.iloc[:, [place]], one.type) for place, one in enumerate(inputs)}


def _tensor(frame: pd.DataFrame, kind: str) -> Numbers:
    if kind == "tensor(string)":
        return frame.astype(object).where(frame.notna(), "").astype(str).to_numpy(dtype=object)
    return frame.to_numpy(dtype=_TYPES.get(kind, np.float32))


def _score(model: Any, answers: list[Any], wanted: Wanted) -> Any:
    kinds = [one.type for one in model.get_outputs()]
    labels = next((one for one in answers if isinstance(one, np.ndarray) and one.dtype.kind in "iUOS"), None)
    for answer, kind in zip(answers, kinds, strict=True):
        held = zipped(answer, np.float64 if "double" in kind else np.float32)
        if held is not None:
            words, table = held
            return _of_classes(table, positive_places(words, wanted))
    tables = [as_array(one, what="model") for one in answers if getattr(one, "dtype", np.dtype(object)).kind == "f"]
    if len(tables) != 1:
        raise refuse(
            model,
            f"an ONNX session with the outputs {quoted([one.name for one in model.get_outputs()])} does not tell "
            "which of them is the score; export it with one label and one output of probabilities",
        )
    table = tables[0]
    if table.ndim == 1 or table.shape[1] == 1:
        return table
    classes = None if labels is None else _classes_of(labels.ravel(), table)
    if classes is None:
        raise refuse(
            model,
            f"an ONNX session gives {table.shape[1]} columns of probabilities and its labels do not tell which class "
            "each is of; export it with a map of classes (zipmap)",
        )
    return _of_classes(table, positive_places(classes, wanted))


def _of_classes(table: Numbers, places: list[int]) -> Numbers:
    return table[:, places[0]] if len(places) == 1 else np.asarray(table[:, places].sum(axis=1))


def _classes_of(labels: NDArray[Any], table: Numbers) -> tuple[Any, ...] | None:
    """Return the class of each column: the label of the cases in which that column is the greatest.

    A table of whole numbers 0, 1, ... in which every label is the number of its column has those as classes.
    """
    ranked = np.sort(table, axis=1)
    sure = ranked[:, -1] > ranked[:, -2]
    greatest = table.argmax(axis=1)
    found: dict[int, Any] = {}
    for place in range(table.shape[1]):
        own = np.unique(labels[sure & (greatest == place)])
        if len(own) > 1:
            return None
        if len(own) == 1:
            found[place] = own[0]
    if found and labels.dtype.kind == "i" and all(word == place for place, word in found.items()):
        return tuple(range(table.shape[1]))
    complete = len(found) == table.shape[1] and len(set(class_words(list(found.values())))) == len(found)
    return tuple(found[place] for place in range(table.shape[1])) if complete else None
