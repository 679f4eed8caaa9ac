from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from igw_audit.core.cases import Grouping, Label, ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.config import PipelineConfig
from igw_audit.scoring.fit import fit_pipeline
from igw_audit.scoring.metrics import Metric, held_out_metrics, measure
from igw_audit.scoring.split import split_cases

Build = Callable[..., CaseTable]
Settings = Callable[..., dict[str, object]]


def world(n: int = 4000, seed: int = 0, *, drawn: float = 0.2) -> ScoredCases:
    """Calibrated scores; the service looked at a random arm and, outside it, only at high scores."""
    rng = np.random.default_rng(seed)
    score = expit(rng.normal(-2, 1, n))
    wrong = rng.random(n) < score
    routes = np.array([None, "risk", "random"], dtype=object)
    arm = routes[np.where(rng.random(n) < drawn, 2, (score > 0.25).astype(int))]
    known = np.array([route is not None for route in arm])
    types = np.where(known, np.where(wrong, "public_order", "none"), "unknown").astype(object)
    selected = np.zeros(n, dtype=bool)
    selected[np.argsort(-score)[:400]] = True
    return ScoredCases(
        plan=Plan(attributes=("sex",), capacity=400),
        features=pd.DataFrame(index=pd.Index([f"c{row:05d}" for row in range(n)], name="id")),
        score=score,
        selected=selected,
        groupings={"sex": Grouping.of("sex", pd.Series(["f"] * n))},
        label=Label(types=types, positive=wrong & known, known=known),
        arm=arm,
        arm_probability=np.where(known, np.where(arm == "random", drawn, 1.0), np.nan),
    )


def found(cases: ScoredCases) -> dict[str, Metric]:
    return {metric.key: metric for metric in measure(cases)}


def value(metric: Metric) -> float:
    assert metric.estimate is not None, metric.reason
    return metric.estimate.value


def test_numbers_are_those_that_anyone_would_count() -> None:
    cases = world()
    assert cases.label is not None
    metrics = found(cases)
    known, positive, selected = cases.label.known, cases.label.positive, cases.selected
    drawn = cases.arm == "random"
    assert value(metrics["auc"]) == pytest.approx(roc_auc_score(positive[known], cases.score[known]))
    assert value(metrics["precision"]) == pytest.approx(positive[known & selected].mean())
    assert value(metrics["recall"]) == pytest.approx(selected[positive].mean())
    assert value(metrics["yield"]) == pytest.approx(400 * positive[known & selected].mean())
    assert value(metrics["rate_random_arm"]) == pytest.approx(positive[drawn].mean())
    assert value(metrics["lift"]) == pytest.approx(positive[known & selected].mean() / positive[drawn].mean())
    assert value(metrics["lift_random_arm"]) == pytest.approx(
        positive[drawn & selected].mean() / positive[drawn].mean()
    )


def test_the_random_arm_tells_what_cases_at_large_are_like_and_the_others_do_not() -> None:
    # the whole truth is known to the world only: the rate of positives among all its cases
    cases = world(n=20_000)
    truth = cases.score.mean()
    metrics = found(cases)
    rate = metrics["rate_random_arm"].estimate
    assert rate is not None
    assert (rate.low or 0) <= truth <= (rate.high or 0)
    assert cases.label is not None
    assert cases.label.positive[cases.label.known].mean() - truth > 0.05
    assert value(metrics["auc"]) < value(metrics["auc_random_arm"]) + 0.02


def test_a_calibrated_score_shows_slope_one_and_intercept_nil() -> None:
    metrics = found(world(n=20_000))
    for key, truth in (("calibration_slope_random_arm", 1.0), ("calibration_intercept_random_arm", 0.0)):
        estimate = metrics[key].estimate
        assert estimate is not None
        assert (estimate.low or 0) <= truth <= (estimate.high or 0)


def test_draws_with_unequal_chances_are_weighted_back() -> None:
    cases = world(n=30_000, drawn=0.5)
    assert cases.label is not None
    rng = np.random.default_rng(4)
    chance = np.where(cases.score > 0.2, 0.9, 0.3)
    drawn = (cases.arm == "random") & (rng.random(cases.n) < chance)
    arm = np.array([None, "random"], dtype=object)[drawn.astype(int)]
    known = cases.label.known & drawn
    cases = replace(
        cases,
        arm=arm,
        arm_probability=np.where(drawn, 0.5 * chance, np.nan),
        label=Label(types=cases.label.types, positive=cases.label.positive & known, known=known),
    )
    rate = found(cases)["rate_random_arm"].estimate
    assert rate is not None
    assert (rate.low or 0) <= cases.score.mean() <= (rate.high or 0)
    assert cases.label is not None
    assert cases.label.positive[drawn].mean() - cases.score.mean() > 0.02
    metrics = found(cases)
    for basis in ("", "_random_arm"):
        ratio = value(metrics[f"precision{basis}"]) / value(metrics["rate_random_arm"])
        assert value(metrics[f"lift{basis}"]) == pytest.approx(ratio)


def test_without_a_random_arm_nothing_is_said_about_it() -> None:
    assert not [key for key in found(replace(world(), arm=None)) if "random" in key or key == "lift"]


def test_scores_that_are_no_probabilities_have_no_calibration_and_say_why() -> None:
    cases = world()
    metrics = found(replace(cases, score=100 * cases.score))
    assert value(metrics["auc"]) == value(found(cases)["auc"])
    assert metrics["brier"].estimate is None
    assert metrics["brier"].reason is not None
    assert "no probabilities" in metrics["brier"].reason.en


def test_three_people_without_positives_are_not_measurable() -> None:
    cases = world()
    assert cases.label is not None
    three = np.arange(cases.n) < 3
    none = Label(types=cases.label.types, positive=np.zeros(cases.n, dtype=bool), known=three)
    metrics = found(replace(cases, label=none, selected=~three))
    for key in ("auc", "average_precision", "precision", "recall", "yield", "calibration_slope"):
        assert metrics[key].estimate is None, key
        assert metrics[key].reason is not None


def test_cases_without_a_label_are_refused() -> None:
    with pytest.raises(InputError, match="have no label"):
        measure(replace(world(), label=None))


def test_a_trained_model_is_measured_on_held_out_cases_only(build: Build, config_of: Settings) -> None:
    table = build(n=4000)
    config = PipelineConfig.model_validate(config_of())
    split = split_cases(table, config.split, positive=config.target.positive)
    fitted = fit_pipeline(table, config, split.train)
    plan = Plan(attributes=("sex",), capacity=0.1, label="outcome")
    metrics = held_out_metrics(fitted, table, split.test, plan=plan, positive=config.target.positive)
    held = table.frame.loc[split.test]
    known = held["outcome"] != "unknown"
    assert metrics["auc"].n == known.sum()
    assert metrics["auc"].value > 0.7
    assert (metrics["lift_random_arm"].low or 0) > 1
    again = held_out_metrics(fitted, table, split.test, plan=plan, positive=config.target.positive)
    assert metrics == again
