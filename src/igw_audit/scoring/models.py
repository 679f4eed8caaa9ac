"""Whatever gives scores: a fitted model of any kind, a callable, or a column that holds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.plan import ScoreSettings
from igw_audit.core.scores import Higher, KnownFrom, ScoreContract, ScoreKind
from igw_audit.errors import InputError
from igw_audit.scoring.adapters import Wanted, adapter_of, is_model, owner_of
from igw_audit.scoring.adapters.answers import Numbers, numbers, to_float
from igw_audit.scoring.asking import Asked, same_types
from igw_audit.scoring.columns import Read, columns_of

Floats = NDArray[np.float64]


class Scorer(Protocol):
    """Gives scores of a frame with the columns of the features: in float64, higher is riskier."""

    def __call__(self, features: pd.DataFrame) -> Floats:
        """Return one finite score a row."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScorer:
    """A model or a callable that is ready to be asked, and what its score is.

    Attributes
    ----------
    kind, higher, known_from, classes
        As in ``ScoreContract``.
    columns : tuple of str or None
        What a model reads, in its own order; None for a callable, which sees the whole case frame.
    """

    asked: Asked
    kind: ScoreKind
    higher: Higher
    known_from: KnownFrom
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    settings: ScoreSettings = field(default_factory=ScoreSettings)

    def own(self, features: pd.DataFrame) -> Numbers:
        """Return scores in the model's own precision, and the way it points."""
        return in_precision(self.asked(features), self.settings)

    def __call__(self, features: pd.DataFrame) -> Floats:
        """Return scores as audits count with them: float64, higher is riskier."""
        scores = to_float(self.own(features))
        return -scores if self.higher == "safer" else scores

    def contract(self, dtype: str) -> ScoreContract:
        """Return what is known before anything was tested."""
        return ScoreContract(
            kind=self.kind, higher=self.higher, known_from=self.known_from, dtype=dtype, classes=self.classes
        )


def scorer(
    model: Any,
    frame: pd.DataFrame,
    *,
    features: Sequence[str],
    positive: Sequence[str],
    settings: ScoreSettings | None = None,
) -> ModelScorer:
    """Make a function that takes a frame with the columns ``features`` and returns checked scores.

    Parameters
    ----------
    model : object
        A fitted model of a kind that ``docs/how-to/audit-any-estimator.md`` lists, or a callable ``frame -> scores``.
    frame : pandas.DataFrame
        The whole case frame, indexed by case id: a callable sees all its columns, with those of the features replaced.
    features : sequence of str
        The columns that the plan or the schema calls features or declared factors.
    positive : sequence of str
        The positive label types, for a classifier whose classes are such words.
    settings : ScoreSettings, optional
        What the plan says of the score.

    Raises
    ------
    InputError
        If the model is of no kind that is known, is not fitted, reads columns that are not among ``features``, or gives
        no score whose meaning is known.
    """
    said = settings or ScoreSettings()
    wanted = Wanted(positive=tuple(positive), settings=said)
    model = owner_of(model, wanted)
    if is_model(model):
        adapter = adapter_of(model, wanted)
        read: Read = columns_of(adapter, frame, features=features, named=said.columns)
        kind, higher, known, classes = adapter.kind, adapter.higher, adapter.known_from, adapter.classes
        asked = Asked(name=adapter.name, ask=read.ask, prepare=lambda given: given[list(read.columns)])
        columns: tuple[str, ...] | None = read.columns
    elif callable(model):
        kind, higher, known, classes, columns = "points", "riskier", "convention", (), None
        asked = Asked(name=_name(model), ask=model, prepare=lambda given: _whole(frame, given), what="model")
    else:
        raise InputError(
            "model",
            [
                f"found a {type(model).__name__}, expected a fitted scikit-learn estimator or pipeline (with "
                "predict_proba or decision_function), another model that the documentation lists, or a callable that "
                "takes a frame and gives scores"
            ],
        )
    return ModelScorer(
        asked=asked,
        kind=said.kind or kind,
        higher=said.higher or higher,
        known_from="plan" if said.higher or (said.kind and known == "convention") else known,
        classes=classes,
        columns=columns,
        settings=said,
    )


def checked_scores(values: Any, n: int, *, what: str) -> Floats:
    """Return scores as float64, shape (n,); raises InputError unless there is one finite number a case."""
    return to_float(numbers(values, n, what=what))


def in_precision(scores: Numbers, settings: ScoreSettings) -> Numbers:
    """Put scores in the precision that the plan says the service counts in, and hold probabilities to their bounds.

    Raises
    ------
    InputError
        If what the plan calls a probability or a chance lies outside 0 to 1.
    """
    kept = scores if settings.precision is None else np.asarray(scores, dtype=np.dtype(settings.precision))
    if settings.kind in ("probability", "chance_of_selection") and len(kept) and (kept.min() < 0 or kept.max() > 1):
        raise InputError(
            "scores",
            [
                f"the plan calls the score a {settings.kind.replace('_', ' ')}, and scores run from {kept.min():g} to "
                f"{kept.max():g}; a probability lies between 0 and 1, so say margin or points instead"
            ],
        )
    return kept


def _whole(frame: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Return the cases' own rows of the whole frame, with the features replaced, every column in the frame's type."""
    rows = frame.index.get_indexer(features.index)
    if (rows < 0).any():
        raise InputError(
            "model", [f"{int((rows < 0).sum())} rows have an index that is no case id; keep the index of the cases"]
        )
    whole = frame.iloc[rows].copy()
    for name in features.columns:
        cells = same_types(features[name], frame.get(name))
        whole[name] = pd.Series(cells.array, index=whole.index, dtype=cells.dtype)
    return whole


def _name(model: Callable[..., Any]) -> str:
    name = getattr(model, "__name__", type(model).__name__)
    return "callable" if name == "<lambda>" else f"callable {name}"
