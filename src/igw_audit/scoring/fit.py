"""Training: only from cases whose outcome is known, on a target that says one thing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.labels import UNKNOWN
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.clusters import cluster_codes
from igw_audit.scoring.config import PipelineConfig
from igw_audit.scoring.draws import keyed_draws
from igw_audit.scoring.estimators import Fold, build_estimator, stratified_folds
from igw_audit.scoring.features import FeatureKinds, encoder, feature_kinds, with_folds

#: Fewer positive or negative cases than this cannot be dealt out to cross-fitting folds.
FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCount:
    """Training cases of one arm (``risk``, ``random``, ``signal``; None where nobody wrote it down)."""

    arm: str | None
    n: int
    positives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """What the model learnt from.

    Attributes
    ----------
    n, positives : int
        Cases with a known outcome, and those among them with a positive type.
    unknown : int
        Cases on the training side that were left out because nobody knows their outcome: they are not negatives.
    arms : tuple of ArmCount
        The same cases by why they were investigated; empty without an arm column.
    weighted : bool
        Whether cases counted 1 / their probability of being investigated.
    without_probability : int
        Cases that counted once because they have no such probability (a signal).
    effective_n : float
        Kish's (sum w)^2 / sum w^2: as many unweighted cases would say as much.
    kinds : FeatureKinds
        Which columns were used, and how each was encoded.
    """

    n: int
    positives: int
    unknown: int
    clusters: int | None
    arms: tuple[ArmCount, ...]
    weighted: bool
    without_probability: int
    effective_n: float
    kinds: FeatureKinds


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedModel:
    """A trained scikit-learn Pipeline (raw feature frame in, ``predict_proba`` out) and what it learnt from."""

    estimator: Any
    facts: TrainingFacts

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the estimator takes, in its own order."""
        return self.facts.kinds.names


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    weight: NDArray[np.float64] | None
    without_probability: int
    effective_n: float


def fit_pipeline(table: CaseTable, config: PipelineConfig, ids: pd.Index[str]) -> FittedModel:
    """Train on the cases ``ids`` whose outcome is known.

    The same table, settings and seed give the same model: rows are taken in canonical order, columns by name, and one
    thread does the work.

    Raises
    ------
    InputError
        If the target is empty, undifferentiated or one-sided, a feature cannot be used, or the model finds no solution.
    """
    from sklearn.pipeline import Pipeline
    from threadpoolctl import threadpool_limits

    side = table.restricted_to(ids)
    known, positive = _target(side, config.target.positive)
    rows = side.frame.loc[known]
    y = positive[known]
    kinds = feature_kinds(rows, {name: table.schema.columns[name].known_type for name in table.schema.model_columns})
    weights = _weights(rows, table.schema.column("arm_probability"), config.estimator.weighting)
    sponsor = table.schema.column("cluster")
    cluster = None if sponsor is None else cluster_codes(rows[sponsor])
    folds = stratified_folds(y, keyed_draws(rows.index, seed=config.estimator.seed), cluster=cluster)
    if config.estimator.calibration != "none":
        _check_calibration(y, folds)
    model = build_estimator(config.estimator)
    pipeline = Pipeline([("features", encoder(kinds, estimator=config.estimator.kind)), ("model", model)])
    with threadpool_limits(limits=1):
        _fit(pipeline, rows[list(kinds.names)], y.astype(np.int64), folds=folds, weight=weights.weight)
    return FittedModel(
        estimator=pipeline,
        facts=TrainingFacts(
            n=len(rows),
            positives=int(y.sum()),
            unknown=int((~known).sum()),
            clusters=None if cluster is None else len(np.unique(cluster)),
            arms=_arms(rows, table.schema.column("arm"), y),
            weighted=weights.weight is not None,
            without_probability=weights.without_probability,
            effective_n=weights.effective_n,
            kinds=kinds,
        ),
    )


def _target(side: CaseTable, positive: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    labels = side.label_types
    if labels is None:
        raise InputError(
            "target", ["the schema gives no column the role label; a model learns from outcomes, so name the column"]
        )
    rules = side.schema.label.known
    problems = [
        f"positive type {word!r} is not known; {did_you_mean(word, rules)}" for word in positive if word not in rules
    ]
    if problems:
        raise InputError("target", problems)
    words = np.array([UNKNOWN if word is None else word for word in labels], dtype=object)
    known = words != UNKNOWN
    hit = np.isin(words.astype(str), list(positive)) & known
    counts = pd.Series(words[known]).value_counts()
    found = ", ".join(f"{word} {count}" for word, count in sorted(counts.items())) or "none"
    for name, n in (("positive", int(hit.sum())), ("negative", int((known & ~hit).sum()))):
        if n < FEWEST:
            problems.append(
                f"{n} of {len(side)} training cases have a {name} outcome, and a model needs at least {FEWEST} (known "
                f"outcomes: {found}; positive: {', '.join(positive)}). Cases whose outcome is unknown are not "
                "negatives; add cases, or look at [target] and the schema's [label]"
            )
    if problems:
        raise InputError("target", problems)
    return known, hit


def _weights(rows: pd.DataFrame, column: str | None, weighting: str) -> _Weights:
    if column is None or weighting == "none":
        return _Weights(weight=None, without_probability=0, effective_n=float(len(rows)))
    chance = rows[column].to_numpy(dtype=np.float64)
    wrong = int(((chance <= 0) | (chance > 1)).sum())
    if wrong:
        raise InputError(
            "training weights",
            [
                f"column {column!r} holds {wrong} values that are no probability above 0 and up to 1; a case that was "
                'investigated had some chance of it. Correct them, leave them empty, or set weighting = "none"'
            ],
        )
    weight = np.where(np.isnan(chance), 1.0, 1.0 / chance)
    # the mean is 1, so that the penalty of the scorecard weighs as it would without weights
    weight /= weight.mean()
    return _Weights(
        weight=weight,
        without_probability=int(np.isnan(chance).sum()),
        effective_n=float(weight.sum() ** 2 / (weight**2).sum()),
    )


def _check_calibration(y: NDArray[np.bool_], folds: list[Fold]) -> None:
    if any(y[train].all() or not y[train].any() for train, _ in folds):
        raise InputError(
            "calibration",
            [
                "all positive (or all negative) training cases belong to one cluster, and calibration learns on other "
                'clusters than it is checked on; set calibration = "none", or add cases of other clusters'
            ],
        )


def _arms(rows: pd.DataFrame, column: str | None, positive: NDArray[np.bool_]) -> tuple[ArmCount, ...]:
    if column is None:
        return ()
    arms = [None if pd.isna(arm) else str(arm) for arm in rows[column]]
    words = sorted({arm for arm in arms if arm is not None})
    held = [*words, None] if None in arms else words
    masks = {arm: np.array([other == arm for other in arms], dtype=np.bool_) for arm in held}
    return tuple(
        ArmCount(arm=arm, n=int(mask.sum()), positives=int(positive[mask].sum())) for arm, mask in masks.items()
    )


def _fit(
    pipeline: Any, x: pd.DataFrame, y: NDArray[np.int64], *, folds: list[Fold], weight: NDArray[np.float64] | None
) -> None:
    from sklearn.exceptions import ConvergenceWarning

    features, model = pipeline["features"], pipeline["model"]
    with_folds(features, folds)
    if "cv" in model.get_params(deep=False):
        model.set_params(cv=folds)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            pipeline.fit(x, y, **({} if weight is None else {"model__sample_weight": weight}))
        except ConvergenceWarning as error:
            raise InputError(
                "training",
                [f"the model found no stable solution ({str(error).splitlines()[0]}); raise max_iter or lower C"],
            ) from None
    with_folds(features, 5)
    if "cv" in model.get_params(deep=False):
        model.set_params(cv=5)
