"""How well a model does on held-out cases, each number with its interval.

Two bases stand side by side. *Known outcomes*: every held-out case whose outcome is known, which are the cases that
somebody chose to look at. *Random arm*: those drawn at random, which alone stand for all cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.cases import Label, ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.core.sampling import Sampling
from igw_audit.core.tables import CaseTable
from igw_audit.core.text import Text
from igw_audit.errors import InputError, NotMeasurableError
from igw_audit.scoring.cases import complete_plan, score_cases
from igw_audit.scoring.fit import FittedModel
from igw_audit.scoring.linearised import (
    Linear,
    Sample,
    Scale,
    average_precision,
    brier,
    calibration_intercept,
    calibration_slope,
    interval,
    lift,
)
from igw_audit.stats import compare, ranking
from igw_audit.stats.estimate import Estimate

Basis = Literal["known_outcomes", "random_arm"]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number about held-out cases, or the reason why there is none.

    ``auc``, ``average_precision``, ``brier``, ``calibration_intercept``, ``calibration_slope``; at the operating point
    ``precision`` (share of the selected with a positive outcome), ``recall`` (share of the positives that is selected),
    ``yield`` (positives to be expected among all the selected cases, a number of cases) and ``lift`` (precision over
    the rate in the random arm); ``rate`` is that rate itself.
    """

    name: str
    basis: Basis
    estimate: Estimate | None = None
    reason: Text | None = None

    @property
    def key(self) -> str:
        """The name under which the number is logged."""
        return self.name if self.basis == "known_outcomes" else f"{self.name}_random_arm"


def held_out_metrics(
    fitted: FittedModel, table: CaseTable, ids: pd.Index[str], *, plan: Plan, positive: Sequence[str]
) -> Mapping[str, Estimate]:
    """Measure a trained model on the cases ``ids`` at the plan's operating point; what has no answer is left out.

    ``positive`` are the label types that the model was trained to find, whatever the plan counts.
    """
    blank = complete_plan(plan, table.schema).model_copy(update={"attributes": (), "positive": tuple(positive)})
    cases = score_cases(table.restricted_to(ids), blank, groupings={}, predict=fitted.estimator)
    return {metric.key: metric.estimate for metric in measure(cases) if metric.estimate is not None}


def measure(cases: ScoredCases) -> tuple[Metric, ...]:
    """Measure scores and selection against the label, on every basis that the cases have.

    Raises
    ------
    InputError
        If the cases have no label.
    """
    if cases.label is None:
        raise InputError("metrics", ["the cases have no label, and how well a model does shows in outcomes only"])
    scored = cases.label.known if cases.sampling is None else cases.label.known & cases.sampling.scored
    known = _basis(cases, scored)
    found = [*_ranking(known, "known_outcomes"), *_selection(known, "known_outcomes", cases)]
    if cases.arm is None:
        return tuple(found)
    drawn = (cases.arm == "random") & scored
    random = _basis(cases, drawn, chance=_chance(cases, drawn))
    base = drawn[scored]
    weight = known.sample.weight.copy()
    weight[base] = random.sample.weight
    found.append(_try("lift", "known_outcomes", lambda: _lift(known, base, weight)))
    found += [*_ranking(random, "random_arm"), *_selection(random, "random_arm", cases)]
    found.append(_try("rate", "random_arm", lambda: _rate(random, random.sample.positive, random.everyone)))
    found.append(_try("lift", "random_arm", lambda: _lift(random, random.everyone, random.sample.weight)))
    return tuple(found)


def measure_yield(cases: ScoredCases) -> tuple[Metric, ...]:
    """Measure what the selection yields on the random arm alone: ``precision``, ``rate`` and ``lift``, in that order.

    Raises
    ------
    InputError
        If the cases have no label or no arm.
    """
    if cases.label is None or cases.arm is None:
        raise InputError("metrics", ["the cases have no label or no arm, and only cases drawn by lot tell a yield"])
    if cases.sampling is not None and cases.sampling.frame != "unclear":
        return _sampled_yield(cases, cases.sampling, cases.label)
    drawn = (cases.arm == "random") & cases.label.known
    random = _basis(cases, drawn, chance=_chance(cases, drawn))
    return (
        _try("precision", "random_arm", lambda: _rate(random, random.sample.positive, random.selected)),
        _try("rate", "random_arm", lambda: _rate(random, random.sample.positive, random.everyone)),
        _try("lift", "random_arm", lambda: _lift(random, random.everyone, random.sample.weight)),
    )


def _sampled_yield(cases: ScoredCases, sampling: Sampling, label: Label) -> tuple[Metric, ...]:
    """Take precision from those that stand for the selected cases, and the rate from those that stand for all."""
    if sampling.problem is not None:
        names = ("precision", "rate", "lift")
        return tuple(Metric(name=name, basis="random_arm", reason=sampling.problem) for name in names)
    base, chosen = (found(cases.selected) & label.known for found in (sampling.base, sampling.chosen))
    whole = _basis(cases, label.known)
    alike = [_basis(cases, rows) for rows in (chosen, base)]
    top, bottom = chosen[label.known], base[label.known]
    return (
        _try("precision", "random_arm", lambda: _rate(alike[0], alike[0].sample.positive, alike[0].everyone)),
        _try("rate", "random_arm", lambda: _rate(alike[1], alike[1].sample.positive, alike[1].everyone)),
        _try("lift", "random_arm", lambda: _lift(replace(whole, selected=top), bottom, whole.sample.weight)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    score: Floats
    selected: Bools
    sample: Sample
    weight: Floats | None
    cluster: NDArray[np.int64] | None
    confidence: float

    @property
    def everyone(self) -> Bools:
        return np.ones(len(self.score), dtype=np.bool_)


def _chance(cases: ScoredCases, drawn: Bools) -> Floats | None:
    """Give each drawn case's chance, by which unequal draws are weighted back; None where one is missing."""
    if cases.arm_probability is None or np.isnan(cases.arm_probability[drawn]).any():
        return None
    return cases.arm_probability[drawn]


def _basis(cases: ScoredCases, rows: Bools, *, chance: Floats | None = None) -> _Part:
    assert cases.label is not None  # noqa: S101 - measure() has looked  # nosec B101
    weight = None if cases.weight is None else cases.weight[rows]
    if chance is not None:
        weight = (1.0 if weight is None else weight) / chance
    if weight is not None and len(weight) and np.ptp(weight) == 0:
        weight = None
    n = int(rows.sum())
    cluster = None if cases.cluster is None else cases.cluster[rows]
    sample = Sample(
        positive=cases.label.positive[rows],
        weight=np.ones(n) if weight is None else weight,
        cluster=np.arange(n) if cluster is None else cluster,
    )
    return _Part(
        score=cases.score[rows],
        selected=cases.selected[rows],
        sample=sample,
        weight=weight,
        cluster=cluster,
        confidence=cases.plan.confidence,
    )


def _ranking(part: _Part, basis: Basis) -> list[Metric]:
    def number(make: Callable[[], Linear], scale: Scale) -> Callable[[], Estimate]:
        return lambda: interval(make(), part.sample, scale=scale, confidence=part.confidence)

    score, sample = part.score, part.sample
    found = [
        _try("auc", basis, lambda: _auc(part)),
        _try("average_precision", basis, number(lambda: average_precision(score, sample), "share")),
    ]
    if len(score) and (score.min() < 0 or score.max() > 1):
        no = Text(
            en="the scores do not lie between 0 and 1, so they are no probabilities",
            nl="de scores liggen niet tussen 0 en 1 en zijn dus geen kansen",
        )
        names = ("brier", "calibration_intercept", "calibration_slope")
        return [*found, *(Metric(name=name, basis=basis, reason=no) for name in names)]
    return [
        *found,
        _try("brier", basis, number(lambda: brier(score, sample), "share")),
        _try("calibration_intercept", basis, number(lambda: calibration_intercept(score, sample), "plain")),
        _try("calibration_slope", basis, number(lambda: calibration_slope(score, sample), "plain")),
    ]


def _auc(part: _Part) -> Estimate:
    found = ranking.auc(
        part.score, part.sample.positive, confidence=part.confidence, cluster=part.cluster, weight=part.weight
    )
    if found is None:
        raise NotMeasurableError(
            "there is no positive or no negative case with a known outcome",
            "er is geen positieve of geen negatieve zaak met een bekende uitkomst",
        )
    return found


def _selection(part: _Part, basis: Basis, cases: ScoredCases) -> list[Metric]:
    positive = part.sample.positive
    precision = _try("precision", basis, lambda: _rate(part, positive, part.selected))
    return [
        precision,
        _try("recall", basis, lambda: _rate(part, part.selected, positive)),
        _yield(precision, int(cases.selected.sum())),
    ]


def _rate(part: _Part, event: Bools, among: Bools) -> Estimate:
    return compare.rate(event, among, confidence=part.confidence, cluster=part.cluster, weight=part.weight)


def _yield(precision: Metric, selected: int) -> Metric:
    share = precision.estimate
    if share is None:
        return replace(precision, name="yield")
    return Metric(
        name="yield",
        basis=precision.basis,
        estimate=replace(
            share,
            value=share.value * selected,
            low=None if share.low is None else share.low * selected,
            high=None if share.high is None else share.high * selected,
        ),
    )


def _lift(part: _Part, base: Bools, weight: Floats) -> Estimate:
    number = lift(part.selected, base, part.sample, base_weight=weight)
    return interval(number, part.sample, scale="ratio", confidence=part.confidence)


def _try(name: str, basis: Basis, make: Callable[[], Estimate]) -> Metric:
    try:
        return Metric(name=name, basis=basis, estimate=make())
    except NotMeasurableError as error:
        return Metric(name=name, basis=basis, reason=Text(en=error.english, nl=error.dutch))
