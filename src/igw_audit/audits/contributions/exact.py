"""Exact contributions: linear models in closed form, scikit-learn's trees by TreeSHAP, summed back to raw columns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from igw_audit.audits.contributions.parts import Contributions
from igw_audit.core.cases import Floats

#: Contributions of every single case must add up to the model's own output to this share of its spread.
ADDITIVE = 1e-5
#: Columns are traced on this many cases at most.
TRACED = 20_000
SHUFFLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Margin:
    """The last step of a model: its contributions by column, and the output they must add up to."""

    contributions: Floats
    output: Floats
    scale: Literal["log-odds", "score"]
    method: str


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
    if names is None:
        return None
    raw = frame[[str(name) for name in names]]
    before, last = _last_step(model)
    transform = (lambda x: x) if before is None else before.transform
    table = _matrix(transform(raw))
    if table is None:
        return None
    margin = _linear(last, table)
    if margin is None:
        margin = _trees(last, table)
    if margin is None or not _adds_up(margin):
        return None
    sources = _sources(transform, raw)
    if sources is None or len(sources) != margin.contributions.shape[1]:
        return None
    ordered = sorted(frame.columns, key=str)
    amounts = np.zeros((len(frame), len(ordered)))
    for column, source in enumerate(sources):
        if source is not None:
            amounts[:, ordered.index(source)] += margin.contributions[:, column]
    return Contributions(
        names=tuple(str(name) for name in ordered),
        amounts=amounts - amounts.mean(axis=0),
        output=margin.output,
        rows=np.ones(len(frame), dtype=np.bool_),
        scale=margin.scale,
        method=margin.method,
    )


def _last_step(model: Any) -> tuple[Any, Any]:
    """Split a model into its preprocessing (or None) and the estimator that gives the margin."""
    before, last = None, model
    if hasattr(model, "steps"):
        before = model[:-1] if len(model.steps) > 1 else None
        last = model[-1]
    calibrated: Any = getattr(last, "calibrated_classifiers_", ())
    # a calibration curve rises, so the one model beneath it orders the cases as the score does
    return before, (calibrated[0].estimator if len(calibrated) == 1 else last)


def _matrix(table: Any) -> Floats | None:
    """Give the transformed table as numbers; None where a column holds anything else."""
    dense = table.toarray() if hasattr(table, "toarray") else table
    try:
        return np.asarray(dense, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _two_classes(model: Any) -> bool:
    classes = getattr(model, "classes_", None)
    return classes is None or len(classes) == 2


def _linear(model: Any, table: Floats) -> _Margin | None:
    coefficients = getattr(model, "coef_", None)
    if coefficients is None or not _two_classes(model) or np.size(coefficients) != table.shape[1]:
        return None
    slopes = np.ravel(np.asarray(coefficients, dtype=np.float64))
    margin = getattr(model, "decision_function", getattr(model, "predict", None))
    if margin is None or not np.isfinite(table).all():
        return None
    logistic = hasattr(model, "predict_proba") and hasattr(model, "decision_function")
    return _Margin(
        contributions=(table - table.mean(axis=0)) * slopes,
        output=np.ravel(np.asarray(margin(_as_fitted(model, table)), dtype=np.float64)),
        scale="log-odds" if logistic else "score",
        method="linear",
    )


def _trees(model: Any, table: Floats) -> _Margin | None:
    """TreeSHAP along the trees' own paths, held against the model's own raw output."""
    if not type(model).__module__.startswith("sklearn.") or not _two_classes(model):
        return None
    raw = _raw_output(model, table)
    if raw is None:
        return None
    output, scale = raw
    try:
        with warnings.catch_warnings():
            # shap's import draws in plotting libraries that warn about themselves
            warnings.simplefilter("ignore")
            import shap

            explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
            found = np.asarray(explainer.shap_values(table, check_additivity=False), dtype=np.float64)
    except Exception:  # shap raises bare exceptions for the models it cannot read
        return None
    values = found[..., 1] if found.ndim == 3 else found
    if values.shape != table.shape:
        return None
    return _Margin(contributions=values, output=output, scale=scale, method="TreeSHAP")


def _raw_output(model: Any, table: Floats) -> tuple[Floats, Literal["log-odds", "score"]] | None:
    """Give the output that TreeSHAP takes apart: log-odds of boosting, probability or mean of forests and trees."""
    name = type(model).__name__
    if not (name.startswith(("HistGradientBoosting", "GradientBoosting")) or hasattr(model, "tree_") or _forest(model)):
        return None
    rows = _as_fitted(model, table)
    if "GradientBoosting" in name and hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(rows), dtype=np.float64), "log-odds"
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(rows), dtype=np.float64)[:, 1], "score"
    return np.asarray(model.predict(rows), dtype=np.float64), "score"


def _forest(model: Any) -> bool:
    return type(model).__name__.startswith(("RandomForest", "ExtraTrees"))


def _as_fitted(model: Any, table: Floats) -> Any:
    """Give the columns the names that the estimator was fitted with, if it was."""
    names = getattr(model, "feature_names_in_", None)
    return table if names is None else pd.DataFrame(table, columns=list(names))


def _adds_up(margin: _Margin) -> bool:
    """Check every case: contributions and output may differ by one constant only."""
    rest = margin.output - margin.contributions.sum(axis=1)
    allowed = ADDITIVE * max(float(margin.output.std()), 1e-12)
    return bool(np.isfinite(rest).all() and np.abs(rest - np.median(rest)).max() <= allowed)


def _sources(transform: Any, raw: pd.DataFrame) -> list[str | None] | None:
    """Trace every transformed column to the one raw column that moves it.

    Raw columns are shuffled one at a time and the transformed ones that change are its own. None as the source of a
    column that nothing moves; None altogether where two raw columns move the same one (a projection, a product).
    """
    sample = raw.iloc[:: max(1, -(-len(raw) // TRACED))]
    plain = _matrix(transform(sample))
    if plain is None:
        return None
    found: list[str | None] = [None] * plain.shape[1]
    rng = np.random.default_rng(0)
    for name in sample.columns:
        moved = np.zeros(plain.shape[1], dtype=np.bool_)
        for _ in range(SHUFFLES):
            shuffled = sample.copy()
            shuffled[name] = sample[name].to_numpy()[rng.permutation(len(sample))]
            other = _matrix(transform(shuffled))
            if other is None:
                return None
            moved |= ~np.isclose(plain, other, rtol=1e-9, atol=1e-12, equal_nan=True).all(axis=0)
        for column in np.flatnonzero(moved):
            if found[column] is not None:
                return None
            found[column] = str(name)
    return found
