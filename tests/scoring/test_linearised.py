from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, brier_score_loss

from igw_audit.errors import NotMeasurableError
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

Measure = Callable[[np.ndarray, Sample], Linear]
MEASURES: dict[str, tuple[Measure, Scale]] = {
    "average_precision": (average_precision, "share"),
    "brier": (brier, "share"),
    "calibration_intercept": (calibration_intercept, "plain"),
    "calibration_slope": (calibration_slope, "plain"),
}


def draw(n: int, seed: int, *, per_cluster: int = 1) -> tuple[np.ndarray, Sample]:
    """Scores that are calibrated probabilities; with clusters, a cluster's cases share most of their odds and luck."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(n) // per_cluster
    odds = rng.normal(-1, 1, cluster.max() + 1)[cluster] + (rng.normal(0, 0.3, n) if per_cluster > 1 else 0)
    luck = rng.random(cluster.max() + 1)[cluster] if per_cluster > 1 else rng.random(n)
    return expit(odds), Sample(positive=luck < expit(odds), weight=np.ones(n), cluster=cluster)


def weighted(sample: Sample, weight: np.ndarray) -> Sample:
    return Sample(positive=sample.positive, weight=weight, cluster=sample.cluster)


@pytest.mark.parametrize("levels", [None, 7])
def test_point_values_are_those_of_scikit_learn(levels: int | None) -> None:
    score, sample = draw(500, 0)
    score = score if levels is None else np.round(score * levels) / levels
    weight = np.random.default_rng(1).uniform(0.5, 3, 500)
    for given in (sample, weighted(sample, weight)):
        expected = average_precision_score(sample.positive, score, sample_weight=given.weight)
        assert average_precision(score, given).value == pytest.approx(expected)
        assert brier(score, given).value == pytest.approx(
            brier_score_loss(sample.positive, score, sample_weight=given.weight)
        )


def test_the_calibration_line_is_that_of_statsmodels_with_its_robust_errors() -> None:
    score, sample = draw(800, 3)
    odds = logit(np.clip(score, 1 / 1600, 1 - 1 / 1600))
    both = sm.GLM(sample.positive.astype(float), sm.add_constant(odds), family=sm.families.Binomial()).fit(
        cov_type="HC0"
    )
    alone = sm.GLM(sample.positive.astype(float), np.ones_like(odds), offset=odds, family=sm.families.Binomial()).fit(
        cov_type="HC0"
    )
    slope, shift = calibration_slope(score, sample), calibration_intercept(score, sample)
    assert slope.value == pytest.approx(both.params[1], abs=1e-6)
    assert shift.value == pytest.approx(alone.params[0], abs=1e-6)
    assert np.sqrt((slope.influence**2).sum()) == pytest.approx(both.bse[1], rel=1e-4)
    assert np.sqrt((shift.influence**2).sum()) == pytest.approx(alone.bse[0], rel=1e-4)


@pytest.mark.parametrize("name", MEASURES)
def test_an_influence_is_the_derivative_by_a_cases_weight(name: str) -> None:
    measure = MEASURES[name][0]
    score, sample = draw(60, 5)
    whole = measure(score, sample)
    for row in range(0, 60, 7):
        step = np.ones(60)
        step[row] += 1e-5
        slope = (measure(score, weighted(sample, step)).value - whole.value) / 1e-5
        assert slope == pytest.approx(whole.influence[row], abs=2e-4 * np.abs(whole.influence).max() + 1e-6)


def test_the_influence_of_a_lift_is_its_derivative_also_where_the_sides_overlap() -> None:
    score, sample = draw(80, 6)
    selected, base = score > 0.3, np.arange(80) % 3 == 0
    whole = lift(selected, base, sample)
    assert whole.value == pytest.approx(sample.positive[selected].mean() / sample.positive[base].mean())
    for row in range(0, 80, 9):
        step = np.ones(80)
        step[row] += 1e-6
        slope = (lift(selected, base, weighted(sample, step)).value - whole.value) / 1e-6
        assert slope == pytest.approx(whole.influence[row], abs=1e-5)


def coverage(name: str, *, n: int, runs: int, per_cluster: int = 1) -> float:
    measure, scale = MEASURES[name]
    truth = measure(*draw(200_000, 12345, per_cluster=per_cluster)).value
    held = 0
    for run in range(runs):
        score, sample = draw(n, 1000 + run, per_cluster=per_cluster)
        found = interval(measure(score, sample), sample, scale=scale, confidence=0.95)
        held += found.inside(None, None) and (found.low or 0) <= truth <= (found.high or 0)
    return held / runs


@pytest.mark.parametrize("name", MEASURES)
def test_intervals_hold_the_truth_as_often_as_they_say(name: str) -> None:
    assert coverage(name, n=300, runs=150) >= 0.90


@pytest.mark.statistics
@pytest.mark.parametrize("per_cluster", [1, 5])
@pytest.mark.parametrize("n", [150, 600])
@pytest.mark.parametrize("name", MEASURES)
def test_coverage_is_near_nominal_also_with_clusters(name: str, n: int, per_cluster: int) -> None:
    assert coverage(name, n=n, runs=1000, per_cluster=per_cluster) >= 0.92


def test_cases_of_one_cluster_widen_the_interval() -> None:
    score, sample = draw(600, 8, per_cluster=6)
    alone = Sample(positive=sample.positive, weight=sample.weight, cluster=np.arange(600))
    for measure, scale in MEASURES.values():
        wide = interval(measure(score, sample), sample, scale=scale, confidence=0.95)
        narrow = interval(measure(score, alone), alone, scale=scale, confidence=0.95)
        assert (wide.high or 0) - (wide.low or 0) > 1.5 * ((narrow.high or 0) - (narrow.low or 0))


def test_a_perfect_ranking_of_few_cases_is_not_certain() -> None:
    positive = np.arange(20) >= 15
    sample = Sample(positive=positive, weight=np.ones(20), cluster=np.arange(20))
    found = interval(average_precision(np.arange(20.0), sample), sample, scale="share", confidence=0.95)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 5))


def test_a_lift_without_finds_is_zero_and_open_above() -> None:
    positive = np.arange(40) < 4
    sample = Sample(positive=positive, weight=np.ones(40), cluster=np.arange(40))
    everyone = np.ones(40, dtype=bool)
    found = interval(lift(~positive, everyone, sample), sample, scale="ratio", confidence=0.95)
    assert (found.value, found.low, found.high) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: average_precision(np.arange(4.0), sample_of([1, 0, 0, 0])), "1 positive and 3 negative cases"),
        (lambda: calibration_slope(np.full(6, 0.3), sample_of([1, 1, 0, 0, 0, 0])), "scores are all equal"),
        (
            lambda: calibration_slope(np.linspace(0.01, 0.99, 12), sample_of([0] * 6 + [1] * 6)),
            "separate positive from negative cases wholly",
        ),
        (lambda: lift(mask([0, 0]), mask([1, 1]), sample_of([1, 0])), "no case with a known outcome"),
        (lambda: lift(mask([1, 0]), mask([0, 1]), sample_of([1, 0])), "holds no positive case"),
    ],
)
def test_a_question_without_an_answer_says_why(make: Callable[[], Linear], words: str) -> None:
    with pytest.raises(NotMeasurableError, match=words):
        make()


def mask(bits: list[int]) -> np.ndarray:
    return np.array(bits, dtype=bool)


def sample_of(bits: list[int]) -> Sample:
    return Sample(positive=mask(bits), weight=np.ones(len(bits)), cluster=np.arange(len(bits)))
