"""Whatever gives scores: a fitted scikit-learn model, a callable, or a column that holds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.errors import InputError

Floats = NDArray[np.float64]
Scorer = Callable[[pd.DataFrame], Floats]


def scorer(model: Any, frame: pd.DataFrame, *, features: Sequence[str], positive: Sequence[str]) -> Scorer:
    """Make a function that takes a frame with the columns ``features`` and gives checked scores.

    Parameters
    ----------
    model : object
        A fitted scikit-learn estimator or pipeline, or a callable ``frame -> scores``.
    frame : pandas.DataFrame
        The whole case frame, indexed by case id: a callable sees all its columns, with those of the features replaced.
    features : sequence of str
        The columns that the plan or the schema calls features or declared factors.
    positive : sequence of str
        The positive label types, for a classifier whose classes are such words.

    Raises
    ------
    InputError
        If the model is neither kind, is not fitted, or reads columns that are not among ``features``.
    """
    if any(hasattr(model, name) for name in ("predict_proba", "decision_function", "predict")):
        return _of_estimator(model, features=features, positive=positive)
    if callable(model):
        return _of_callable(model, frame)
    raise InputError(
        "model",
        [
            f"found a {type(model).__name__}, expected a fitted scikit-learn estimator or pipeline (with predict_proba "
            "or decision_function), or a callable that takes a frame and gives scores"
        ],
    )


def checked_scores(values: Any, n: int, *, what: str) -> Floats:
    """Give scores as float64, shape (n,); raises InputError unless there is one finite number a case."""
    if isinstance(values, (pd.Series, pd.DataFrame)):
        values = values.to_numpy()
    try:
        scores = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(what, ["the scores are not numbers; give one number a case, higher is riskier"]) from None
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    if scores.shape != (n,):
        raise InputError(
            what,
            [
                f"the scores have shape {scores.shape}, expected one number for each of {n} cases; "
                "of several columns, give the one for the positive class"
            ],
        )
    strange = int((~np.isfinite(scores)).sum())
    if strange:
        raise InputError(
            what,
            [
                f"{strange} of {n} scores are missing or infinite; give every case a finite score, or leave cases that "
                "are never scored out of the table"
            ],
        )
    return scores


def _of_callable(model: Callable[[pd.DataFrame], Any], frame: pd.DataFrame) -> Scorer:
    def score(features: pd.DataFrame) -> Floats:
        rows = frame.index.get_indexer(features.index)
        if (rows < 0).any():
            raise InputError(
                "model", [f"{int((rows < 0).sum())} rows have an index that is no case id; keep the index of the cases"]
            )
        whole = frame.iloc[rows].copy()
        for name in features.columns:
            whole[name] = features[name].to_numpy()
        return checked_scores(model(whole), len(whole), what="model")

    return score


def _of_estimator(model: Any, *, features: Sequence[str], positive: Sequence[str]) -> Scorer:
    columns = _columns(model, features)
    output = _output(model, positive)

    def score(frame: pd.DataFrame) -> Floats:
        return checked_scores(output(frame[columns]), len(frame), what="model")

    return score


def _columns(model: Any, features: Sequence[str]) -> list[str]:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError:
        raise InputError("model", [f"the {type(model).__name__} is not fitted; fit it before it is audited"]) from None
    except TypeError:
        raise InputError(
            "model",
            [f"a {type(model).__name__} is no scikit-learn estimator; wrap it in a callable that gives scores"],
        ) from None
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise InputError(
            "model",
            [
                f"the {type(model).__name__} was fitted without column names, so nobody can tell which column goes "
                "where; fit it on a frame, or wrap it in a callable"
            ],
        )
    foreign = [f"{str(name)!r}" for name in names if name not in features]
    if foreign:
        raise InputError(
            "model",
            [
                f"the model reads {', '.join(foreign)}, which the plan (or the schema) does not name among features or "
                f"declared ({', '.join(features) or 'none'}); name every column that the model reads"
            ],
        )
    return [str(name) for name in names]


def _output(model: Any, positive: Sequence[str]) -> Callable[[pd.DataFrame], Any]:
    if hasattr(model, "predict_proba"):
        columns = _positive_columns(model, positive)
        return lambda frame: np.asarray(model.predict_proba(frame))[:, columns].sum(axis=1)
    if hasattr(model, "decision_function"):
        if len(getattr(model, "classes_", (0, 1))) > 2:
            raise InputError(
                "model",
                ["the model has more than two classes and no predict_proba; wrap it in a callable that gives scores"],
            )
        sign = -1.0 if hasattr(model, "classes_") and _positive_columns(model, positive) == [0] else 1.0
        return lambda frame: sign * np.asarray(model.decision_function(frame))
    if hasattr(model, "classes_"):
        raise InputError(
            "model",
            [
                f"a {type(model).__name__} gives classes only, and an audit needs scores; use one with predict_proba "
                "or decision_function, or wrap it in a callable"
            ],
        )
    return model.predict  # type: ignore[no-any-return]


def _positive_columns(model: Any, positive: Sequence[str]) -> list[int]:
    """Say which classes are the positive ones: by the plan's words, else the greater of two numbers."""
    classes = list(model.classes_)
    named = [column for column, word in enumerate(classes) if word in positive]
    if named and len(named) < len(classes):
        return named
    if len(classes) == 2 and all(isinstance(word, (int, float, np.number, bool, np.bool_)) for word in classes):
        return [1]
    raise InputError(
        "model",
        [
            f"the model's classes are {', '.join(str(word) for word in classes)}, and the plan's positive types are "
            f"{', '.join(positive)}; name in the plan which classes are positive, or train on 0 and 1"
        ],
    )
