"""Standardised rates and their ratio: the truth they find, how they agree with differences, how often they hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from igw_audit.stats.basis import spline_basis
from igw_audit.stats.conditional import ConditionalEffects, effects_of
from igw_audit.stats.residuals import residualise
from igw_audit.stats.standardised import StandardisedRatios, standardised_ratios

Floats = NDArray[np.float64]
#: Groups 3 and 4 (30 cases) are picked this often more at every score; the others not.
FAVOURED = (3, 4)


@dataclass(frozen=True, kw_only=True)
class World:
    """Five groups with different scores, a list that ends at a cutoff, and two steps after it."""

    groups: NDArray[np.int64]
    design: pd.DataFrame
    chance: Floats
    events: Floats
    cluster: NDArray[np.int64] | None


def world(seed: int, *, n: int = 2000, ratio: float = 1.0, clustered: bool = False) -> World:
    rng = np.random.default_rng([seed, 7])
    sizes = np.array([0.45 * n, 0.30 * n, 0.15 * n, 0.10 * n - 30, 30]).astype(int)
    sizes[0] += n - sizes.sum()
    groups = rng.permutation(np.repeat(np.arange(5), sizes))
    score = rng.normal(size=n) + np.array([0.0, 0.5, -0.4, 0.8, 0.3])[groups]
    cutoff = np.quantile(score, 0.85)
    chance = np.where(score >= cutoff, 0.35 + 0.1 * np.tanh(score - cutoff), 0.03)
    cluster = rng.integers(0, 200, n) if clustered else None
    if cluster is not None:
        chance = np.clip(chance * np.exp(rng.normal(size=200) * 0.5 - 0.125)[cluster], 0.0, 0.45)
    picked = rng.random(n) < chance * np.where(np.isin(groups, FAVOURED), ratio, 1.0)
    found = picked & (rng.random(n) < 0.3)
    return World(
        groups=groups,
        design=pd.DataFrame({"score": score, "selected": (score >= cutoff) * 1.0}),
        chance=chance,
        events=np.column_stack([picked, found]).astype(np.float64),
        cluster=cluster,
    )


def measured(made: World) -> tuple[ConditionalEffects, StandardisedRatios]:
    residuals = residualise(made.events, made.groups, spline_basis(made.design), seed=0, cluster=made.cluster)
    effects = effects_of(residuals, seed=0, draws=199)
    return effects, standardised_ratios(made.events, residuals, effects)


def test_rates_differ_by_exactly_the_effect() -> None:
    effects, ratios = measured(world(1))
    assert ratios.rate - ratios.reference_rate == pytest.approx(effects.effect, abs=1e-12)


def test_at_the_same_score_a_group_that_is_picked_twice_as_often_has_a_ratio_of_two() -> None:
    rng = np.random.default_rng(5)
    n = 60_000
    score = rng.normal(size=n)
    groups = (rng.random(n) < 1 / (1 + np.exp(1.5 - score))).astype(np.int64)
    base = 0.05 + 0.15 / (1 + np.exp(-2 * score))
    picked = (rng.random(n) < base * np.where(groups == 1, 2.0, 1.0)).astype(np.float64)[:, None]
    residuals = residualise(picked, groups, spline_basis(pd.DataFrame({"score": score})), seed=0)
    effects = effects_of(residuals, seed=0, draws=199)
    ratios = standardised_ratios(picked, residuals, effects)
    overlap = residuals.shares[:, 1] * residuals.shares[:, 0]
    assert ratios.ratio[0, 1] == pytest.approx(2.0, abs=0.08)
    assert ratios.reference_rate[0, 1] == pytest.approx((overlap * base).sum() / overlap.sum(), abs=0.005)
    crude = picked[groups == 1].mean() / picked[groups == 0].mean()
    assert crude > 2.3


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_ratio_excludes_one_exactly_where_the_difference_excludes_zero(ratio: float, clustered: bool) -> None:
    for seed in range(8):
        effects, ratios = measured(world(seed, n=800, ratio=ratio, clustered=clustered))
        apart = (effects.low > 0) | (effects.high < 0)
        told = (ratios.low > 1) | (ratios.high < 1)
        assert (apart == told)[ratios.measurable].all()
        assert (ratios.low <= ratios.ratio).all()
        assert (ratios.ratio <= ratios.high).all()


def test_where_nobody_else_has_the_event_there_is_no_ratio() -> None:
    made = world(3)
    made.events[made.groups != 0, 0] = 0.0
    _, ratios = measured(made)
    assert not ratios.measurable[0, 0]


def test_a_group_without_events_in_clusters_is_no_false_alarm() -> None:
    made = world(4, n=3000, clustered=True)
    rare = np.zeros(3000)
    rare[np.flatnonzero(made.groups == 0)[:12]] = 1.0
    made.events[:, 1] = rare
    effects, _ = measured(made)
    assert effects.p_adjusted[1, 4] > 0.2


def test_arguments_about_other_cases_are_refused() -> None:
    made = world(6, n=500)
    residuals = residualise(made.events, made.groups, spline_basis(made.design), seed=0)
    with pytest.raises(ValueError, match="not about the same cases"):
        standardised_ratios(made.events[:, :1], residuals, effects_of(residuals, seed=0, draws=99))


@pytest.mark.statistics
@pytest.mark.parametrize("clustered", [False, True])
def test_the_ratio_holds_for_all_groups_together(clustered: bool) -> None:
    runs = 400
    whole = alarms = 0
    for seed in range(runs):
        effects, ratios = measured(world(seed, clustered=clustered))
        alarms += bool((effects.p_adjusted[effects.measurable] <= 0.05).any())
        whole += bool((((ratios.low <= 1) & (ratios.high >= 1)) | ~ratios.measurable).all())
    assert whole >= 0.93 * runs
    assert alarms <= 0.075 * runs
