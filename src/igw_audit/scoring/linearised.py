"""Numbers about held-out scores with what each case adds to them, from which their interval follows.

An influence is the change of the number when a little weight is put on one case. Its sums over clusters give the
variance of anything smooth (the infinitesimal jackknife), in one sort and without drawing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from igw_audit.errors import NotMeasurableError
from igw_audit.stats.estimate import Estimate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Scale = Literal["plain", "share", "ratio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The cases a number rests on: outcome, weight (any size) and cluster of each, shape (n_cases,)."""

    positive: Bools
    weight: Floats
    cluster: NDArray[np.int64]

    @property
    def share(self) -> Floats:
        """Weights that add up to 1."""
        return np.asarray(self.weight / self.weight.sum())

    def units(self, rows: Bools) -> int:
        """Count the clusters among ``rows``."""
        return len(np.unique(self.cluster[rows]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A number, what each case adds to it, and how many independent clusters it hangs on."""

    value: float
    influence: Floats
    units: int


def average_precision(score: Floats, sample: Sample) -> Linear:
    """Average precision: the mean, over positive cases, of the precision among cases that score at least as high.

    Equal scores are one step, as in scikit-learn. The influence is the derivative of E[P(Y = 1 | S >= s) | Y = 1].
    Raises NotMeasurableError without two positive and two negative clusters.
    """
    units = _both_sides(sample)
    levels, level = np.unique(score, return_inverse=True)
    share = sample.share
    whole = np.bincount(level, share, minlength=len(levels))
    hits = np.bincount(level, share * sample.positive, minlength=len(levels))
    above = np.cumsum(whole[::-1])[::-1]
    precision = np.cumsum(hits[::-1])[::-1] / above
    prevalence = hits.sum()
    value = float((hits * precision).sum() / prevalence)
    # a case with score s also enters the precision at every level up to s
    one = np.cumsum(hits / above)[level]
    two = np.cumsum(hits * precision / above)[level]
    own = sample.positive * (precision[level] - value)
    return Linear(value=value, influence=share * (own + sample.positive * one - two) / prevalence, units=units)


def brier(probability: Floats, sample: Sample) -> Linear:
    """Mean squared distance between probability and outcome (Brier 1950), from 0 to 1; lower is better."""
    distance = (probability - sample.positive) ** 2
    value = float((sample.share * distance).sum())
    units = sample.units(np.ones(len(distance), dtype=np.bool_))
    return Linear(value=value, influence=sample.share * (distance - value), units=units)


def lift(selected: Bools, base: Bools, sample: Sample, *, base_weight: Floats | None = None) -> Linear:
    """Rate of positives among the selected cases, divided by the rate in ``base``; the two may overlap.

    ``base_weight`` weighs the cases of the base otherwise than the sample does (draws with unequal chances).
    Raises NotMeasurableError where one side is empty or the base has no positives.
    """
    if not selected.any() or not base.any():
        raise NotMeasurableError(
            "no case with a known outcome is selected, or none is in the random arm",
            "geen zaak met een bekende uitkomst is geselecteerd, of geen zaak zit in de steekproef",
        )
    top = _mean(selected, sample, sample.weight)
    bottom = _mean(base, sample, sample.weight if base_weight is None else base_weight)
    if bottom.value == 0:
        raise NotMeasurableError(
            "the random arm holds no positive case, and a lift divides by its rate",
            "in de steekproef zit geen positieve zaak, en de lift deelt door dat aandeel",
        )
    value = top.value / bottom.value
    influence = top.influence / bottom.value - bottom.influence * value / bottom.value
    return Linear(value=value, influence=influence, units=min(top.units, bottom.units))


def _mean(rows: Bools, sample: Sample, weight: Floats) -> Linear:
    share = np.where(rows, weight, 0.0)
    share = share / share.sum()
    value = float((share * sample.positive).sum())
    return Linear(value=value, influence=share * (sample.positive - value), units=sample.units(rows))


def calibration_intercept(probability: Floats, sample: Sample) -> Linear:
    """Calibration in the large: the shift in log-odds at which mean probability and outcomes agree; 0 is best."""
    return _calibration(probability, sample, slope=False)


def calibration_slope(probability: Floats, sample: Sample) -> Linear:
    """Slope of the outcome on the model's log-odds (Cox 1958); 1 is calibrated, below 1 the model is too sure."""
    return _calibration(probability, sample, slope=True)


def _calibration(probability: Floats, sample: Sample, *, slope: bool) -> Linear:
    """Fit by Newton's method; the influence is the inverse information times each case's score."""
    units = _both_sides(sample)
    # isotonic calibration gives exact 0 and 1, whose log-odds are infinite
    edge = 1 / (2 * len(probability))
    odds = logit(np.clip(probability, edge, 1 - edge))
    design = np.column_stack([np.ones_like(odds), odds]) if slope else np.ones((len(odds), 1))
    offset = np.zeros_like(odds) if slope else odds
    found = np.zeros(design.shape[1])
    share = sample.share
    for _ in range(50):
        fitted = expit(offset + design @ found)
        information = design.T @ (design * (share * fitted * (1 - fitted))[:, None])
        if np.linalg.cond(information) > 1e12 or np.abs(found).max() > 1e3:
            break
        scores = design * (share * (sample.positive - fitted))[:, None]
        step = np.linalg.solve(information, scores.sum(axis=0))
        if np.abs(step).max() < 1e-10:
            influence = np.linalg.solve(information, scores.T)[-1]
            return Linear(value=float(found[-1]), influence=influence, units=units)
        found = found + np.clip(step, -5, 5)
    raise NotMeasurableError(
        "the scores are all equal, or separate positive from negative cases wholly, so that no calibration line fits",
        "alle scores zijn gelijk, of scheiden positieve en negatieve zaken volledig; er past geen kalibratielijn",
    )


def _both_sides(sample: Sample) -> int:
    units = min(sample.units(sample.positive), sample.units(~sample.positive))
    if units < 2:
        raise NotMeasurableError(
            f"there are {int(sample.positive.sum())} positive and {int((~sample.positive).sum())} negative cases with "
            "a known outcome, and this needs at least two independent ones of each",
            f"er zijn {int(sample.positive.sum())} positieve en {int((~sample.positive).sum())} negatieve zaken met "
            "een bekende uitkomst; nodig zijn er van elk minstens twee die los van elkaar staan",
        )
    return units


def interval(number: Linear, sample: Sample, *, scale: Scale, confidence: float) -> Estimate:
    """Give the number with a Student t interval, variance summed over clusters.

    ``scale``: ``plain``; ``share`` (log-odds, stays within 0 and 1); ``ratio`` (logarithm, stays above 0). Where the
    number sits on an end of its scale there is no spread to measure: the end of the interval is then the share that as
    many independent cases could still hide (exact binomial).
    """
    if number.units < 2:
        raise NotMeasurableError(
            "all cases belong to one cluster, so their spread cannot be known",
            "alle zaken horen bij één cluster, dus de spreiding is niet te bepalen",
        )
    clusters = np.unique(sample.cluster, return_inverse=True)[1]
    variance = float((np.bincount(clusters, number.influence) ** 2).sum()) * number.units / (number.units - 1)
    half = float(stdtrit(number.units - 1, 0.5 + confidence / 2)) * math.sqrt(variance)
    value, low, high = number.value, number.value - half, number.value + half
    hidden = 1 - ((1 - confidence) / 2) ** (1 / number.units)
    if scale == "share":
        if value >= 1 or value <= 0:
            value = float(round(value))
            low, high = (1 - hidden, 1.0) if value == 1 else (0.0, hidden)
        else:
            spread = half / (value * (1 - value))
            low, high = float(expit(logit(value) - spread)), float(expit(logit(value) + spread))
    elif scale == "ratio":
        if value <= 0:
            return _estimate(0.0, 0.0, None, confidence=confidence, n=len(sample.positive), method="no events")
        low, high = value * math.exp(-half / value), value * math.exp(half / value)
    return _estimate(value, low, high, confidence=confidence, n=len(sample.positive), method=_METHODS[scale])


_METHODS = {
    "plain": "infinitesimal jackknife over clusters, t",
    "share": "infinitesimal jackknife over clusters, t on log-odds",
    "ratio": "infinitesimal jackknife over clusters, t on logarithm",
}


def _estimate(  # noqa: PLR0913 - the fields of an Estimate
    value: float, low: float, high: float | None, *, confidence: float, n: int, method: str
) -> Estimate:
    return Estimate(value=value, low=low, high=high, confidence=confidence, n=n, method=method)
