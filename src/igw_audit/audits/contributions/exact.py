"""Exact contributions: linear models in closed form, scikit-learn's trees by TreeSHAP, summed back to raw columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from igw_audit.audits.contributions.ensembles import ensemble_contributions
from igw_audit.audits.contributions.parts import Contributions
from igw_audit.audits.contributions.tracing import as_matrix, trace
from igw_audit.core.cases import Codes, Floats

#: Contributions of every single case must add up to the model's own output to this share of its spread.
ADDITIVE = 1e-5
#: Cases at a time, so that a wide preprocessed table never stands whole in memory.
BLOCK = 65_536
#: Cases in which a rare column differs that are looked at to tell where it comes from.
TELLING = 20

Scale = Literal["log-odds", "score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A model as its preprocessing, and its last step with and without what that does to its columns by itself."""

    before: Callable[[Any], Any]
    last: Any

    def columns(self, given: Any) -> Any:
        """Give the columns that the last step's arrays speak of: histogram boosting encodes and reorders its own."""
        own = getattr(self.last, "_preprocessor", None)
        return given if own is None else own.transform(given)

    def transform(self, raw: Any) -> Any:
        """Go from raw columns to those that contributions are about."""
        return self.columns(self.before(raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way of taking a last step apart."""

    method: str
    scale: Scale
    amounts: Callable[[Floats], Floats | None]


def exact_contributions(model: Any, frame: pd.DataFrame) -> Contributions | None:
    """Take a fitted scikit-learn model apart exactly; None where no exact way holds for every single case.

    Parameters
    ----------
    model : object
        Classifier with two classes, or regressor; bare, in a Pipeline, or in a calibration that keeps one model.
    frame : pandas.DataFrame
        Raw columns of the cases.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None or len(frame) == 0:
        return None
    raw = frame[[str(name) for name in names]]
    opened = _open(model)
    for way in _ways(opened.last):
        found = _summed(opened, way, raw, np.empty(0, dtype=np.int64))
        if found is not None:
            ordered = sorted(map(str, frame.columns))
            amounts = np.zeros((len(frame), len(ordered)))
            amounts[:, [ordered.index(name) for name in raw.columns]] = found.amounts
            return Contributions(
                names=tuple(ordered),
                amounts=amounts - amounts.mean(axis=0),
                output=found.output,
                rows=np.ones(len(frame), dtype=np.bool_),
                scale=way.scale,
                method=way.method,
            )
    return None


def _open(model: Any) -> _Opened:
    """Find the estimator that gives the margin, through pipelines and calibrations."""
    steps: list[Callable[[Any], Any]] = []
    last = model
    while True:
        calibrated: Any = getattr(last, "calibrated_classifiers_", ())
        if hasattr(last, "steps"):
            steps += [last[:-1].transform] if len(last.steps) > 1 else []
            last = last[-1]
        elif len(calibrated) == 1:
            # a calibration curve rises, so the one model beneath it orders the cases as the score does
            last = calibrated[0].estimator
        else:
            break

    def before(table: Any) -> Any:
        for step in steps:
            table = step(table)
        return table

    return _Opened(before=before, last=last)


def _ways(last: Any) -> Sequence[_Way]:
    """Give the ways of taking the last step apart, quickest first; each is to be checked."""
    classes = getattr(last, "classes_", None)
    if classes is not None and len(classes) != 2:
        return ()
    slopes = getattr(last, "coef_", None)
    if slopes is not None:
        flat = np.ravel(np.asarray(slopes, dtype=np.float64))
        logistic = hasattr(last, "predict_proba") and hasattr(last, "decision_function")
        scale: Scale = "log-odds" if logistic else "score"
        return (_Way(method="linear", scale=scale, amounts=lambda table: _linear(flat, table)),)
    if not type(last).__module__.startswith("sklearn.") or not _has_trees(last):
        return ()
    # boosting adds up log-odds; forests and trees a probability or a mean
    scale = "log-odds" if "Boosting" in type(last).__name__ and classes is not None else "score"
    return (
        _Way(method="TreeSHAP", scale=scale, amounts=lambda table: ensemble_contributions(last, table)),
        _Way(method="TreeSHAP", scale=scale, amounts=lambda table: _by_shap(last, table)),
    )


def _has_trees(model: Any) -> bool:
    known = ("HistGradientBoosting", "GradientBoosting", "RandomForest", "ExtraTrees")
    return type(model).__name__.startswith(known) or hasattr(model, "tree_")


def _linear(slopes: Floats, table: Floats) -> Floats | None:
    return table * slopes if len(slopes) == table.shape[1] and np.isfinite(table).all() else None


def _by_shap(model: Any, table: Floats) -> Floats | None:
    """TreeSHAP along the trees' own paths by the shap library, for trees that are not read here."""
    try:
        with warnings.catch_warnings():
            # shap's import draws in plotting libraries that warn about themselves
            warnings.simplefilter("ignore")
            import shap

            explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
            found = np.asarray(explainer.shap_values(table, check_additivity=False), dtype=np.float64)
    except Exception:  # shap raises bare exceptions for the models it cannot read
        return None
    return found[..., 1] if found.ndim == 3 else found


def _output(last: Any, given: Any) -> Floats:
    """Give the output that contributions add up to."""
    for name in ("decision_function", "predict_proba", "predict"):
        if hasattr(last, name):
            found = np.asarray(getattr(last, name)(given), dtype=np.float64)
            return found[:, 1] if name == "predict_proba" else np.ravel(found)
    raise TypeError(f"{type(last).__name__} has no output to take apart")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summed:
    """Contributions by raw column, and the output they add up to; all cases."""

    amounts: Floats
    output: Floats


def _summed(opened: _Opened, way: _Way, raw: pd.DataFrame, also: Codes) -> _Summed | None:
    """Take all cases apart block by block, sum to raw columns, and check every single case."""
    sources = trace(opened.transform, raw, also)
    if sources is None:
        return None
    names = [str(name) for name in raw.columns]
    owner = np.array([-1 if source is None else names.index(source) for source in sources], dtype=np.int64)
    amounts, output, rest = np.zeros((len(raw), len(names))), np.empty(len(raw)), np.empty(len(raw))
    astray = _Astray(first={}, rows=[])
    for start in range(0, len(raw), BLOCK):
        rows = slice(start, start + BLOCK)
        given = opened.before(raw.iloc[rows])
        table = as_matrix(opened.columns(given))
        parts = None if table is None or table.shape[1] != len(owner) else way.amounts(table)
        if parts is None or parts.shape != (len(output[rows]), len(owner)):
            return None
        output[rows] = _output(opened.last, given)
        rest[rows] = output[rows] - parts.sum(axis=1)
        for column, name in enumerate(owner):
            if name >= 0:
                amounts[rows, name] += parts[:, column]
            else:
                astray.look(column, parts[:, column], start)
    if not _constant(rest, output):
        return None
    if not astray.rows:
        return _Summed(amounts=amounts, output=output)
    # a column that never differed where it was traced does elsewhere: look there as well, once
    return _summed(opened, way, raw, np.unique(astray.rows)) if not len(also) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Astray:
    """Cases in which a column contributes of which nobody knows where it comes from."""

    first: dict[int, float]
    rows: list[int]

    def look(self, column: int, amounts: Floats, start: int) -> None:
        usual = self.first.setdefault(column, float(amounts[0]))
        differ = np.flatnonzero(np.abs(amounts - usual) > 1e-12 * max(1.0, abs(usual)))
        self.rows.extend((start + differ[:TELLING]).tolist())


def _constant(rest: Floats, output: Floats) -> bool:
    """Check every case: contributions and output may differ by one constant only."""
    allowed = ADDITIVE * max(float(output.std()), 1e-12)
    return bool(np.isfinite(rest).all() and np.abs(rest - np.median(rest)).max() <= allowed)
