"""Planted truths: nothing there, explained, or a known shift."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from igw_audit.stats.basis import spline_basis
from igw_audit.stats.conditional import ConditionalEffects, conditional_effects

SHARES = np.log([0.5, 0.25, 0.15, 0.1])


class World:
    """Declared factors, groups, and the true shares that made them."""

    def __init__(self, seed: int, n: int, bend: Callable[[np.ndarray], np.ndarray]) -> None:
        self.rng = np.random.default_rng([seed, 20261123])
        self.x = self.rng.normal(size=(n, 2))
        self.route = self.rng.choice(3, n, p=[0.6, 0.3, 0.1])
        self.bent = bend(self.x)
        tilt = np.outer(self.bent, [-1.0, 0.0, 0.5, 1.0]) + 0.4 * (self.route[:, None] == np.arange(4))
        self.shares = softmax(SHARES + tilt, axis=1)
        self.groups = (self.rng.random((n, 1)) > np.cumsum(self.shares, axis=1)[:, :-1]).sum(axis=1)

    def effects(self, score: np.ndarray, *, seed: int = 0, draws: int = 499) -> ConditionalEffects:
        declared = pd.DataFrame({"a": self.x[:, 0], "b": self.x[:, 1], "route": np.array(["x", "y", "z"])[self.route]})
        decision = score > np.quantile(score, 0.85)
        return conditional_effects(
            np.column_stack([score, decision]), self.groups, spline_basis(declared), seed=seed, draws=draws
        )


BENDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "no dependence": lambda x: np.zeros(len(x)),
    "explained linearly": lambda x: x[:, 0] + 0.5 * x[:, 1],
    "explained non-linearly": lambda x: np.abs(x[:, 0]) + np.sin(2 * x[:, 1]),
    "explained by a product": lambda x: x[:, 0] * x[:, 1],
}


def _false_alarms(bend: Callable[[np.ndarray], np.ndarray], runs: int, n: int = 2000) -> int:
    alarms = 0
    for seed in range(runs):
        world = World(seed, n, bend)
        score = 1.5 * world.bent + 0.4 * (world.route == 1) + world.rng.normal(size=n)
        alarms += bool(world.effects(score, seed=seed).rejected(alpha=0.04).any())
    return alarms


@pytest.mark.parametrize("name", BENDS)
def test_few_false_alarms_where_nothing_is_there_or_all_is_explained(name: str) -> None:
    # 25 runs at 5.5 % give more than five alarms once in 340 times
    assert _false_alarms(BENDS[name], 25) <= 5


@pytest.mark.statistics
@pytest.mark.parametrize("name", BENDS)
def test_family_wise_error_stays_below_seven_and_a_half_percent(name: str) -> None:
    assert _false_alarms(BENDS[name], 400) / 400 <= 0.075


def test_without_the_declared_factor_the_same_world_alarms() -> None:
    world = World(0, 2000, BENDS["explained linearly"])
    score = (world.bent + world.rng.normal(size=2000))[:, None]
    found = conditional_effects(score, world.groups, np.empty((2000, 0)), seed=0, draws=199)
    assert found.rejected(alpha=0.04).sum() >= 3


def _planted(seed: int, n: int) -> tuple[World, np.ndarray, np.ndarray]:
    """Shift the score by a known amount per group; the truth is its overlap-weighted mean against the rest."""
    world = World(seed, n, BENDS["explained non-linearly"])
    shift = np.array([0.0, 0.3, -0.2, 0.4])
    score = world.bent + shift[world.groups] + world.rng.standard_t(5, size=n)
    p = world.shares
    truth = (p * (shift - (p @ shift)[:, None])).sum(axis=0) / (p * (1 - p)).sum(axis=0)
    return world, score, truth


def test_recovers_a_planted_shift() -> None:
    world, score, truth = _planted(0, 40_000)
    found = world.effects(score)
    assert np.abs(found.effect[0] - truth).max() < 0.04
    assert found.rejected(alpha=0.04)[0, np.abs(truth) > 0.1].all()


def _coverage(runs: int, n: int) -> float:
    held = 0
    for seed in range(runs):
        world, score, truth = _planted(seed, n)
        found = world.effects(score, seed=seed, draws=299)
        judged = np.bincount(world.groups, minlength=4) >= 30
        held += bool(((found.low[0] <= truth) & (truth <= found.high[0]))[judged].all())
    return held / runs


def test_joint_intervals_hold_all_planted_shifts_at_once() -> None:
    assert _coverage(30, 400) >= 0.9


@pytest.mark.statistics
@pytest.mark.parametrize("n", [400, 1000, 4000])
def test_joint_coverage_is_at_least_93_percent(n: int) -> None:
    assert _coverage(400, n) >= 0.93


def test_a_postcode_that_explains_all_is_neither_missed_nor_an_excuse() -> None:
    alarms = found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        place = rng.integers(0, 500, 5000)
        share = 1 / (1 + np.exp(-rng.normal(-1, 1.2, 500)))
        level = rng.normal(size=500) + 1.5 * share
        group = (rng.random(5000) < share[place]).astype(np.int64)
        noise = rng.normal(size=5000)
        basis = spline_basis(pd.DataFrame({"postcode": place.astype(str)}))
        both = np.column_stack([level[place] + noise, level[place] + 0.3 * group + noise])
        for outcome in (0, 1):
            effects = conditional_effects(both[:, [outcome]], group, basis, seed=seed, draws=199)
            if outcome == 0:
                alarms += bool(effects.rejected(alpha=0.04).any())
            else:
                found += bool(effects.rejected(alpha=0.04).all() and effects.low[0, 1] < 0.3 < effects.high[0, 1])
    assert alarms <= 4
    assert found >= 16


def test_clusters_of_like_cases_raise_no_alarm() -> None:
    alarms = naive = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        sponsor = np.repeat(np.arange(120), 10)
        group = (rng.random(1200) < rng.beta(0.4, 0.6, 120)[sponsor]).astype(np.int64)
        score = (rng.normal(size=120)[sponsor] + 0.3 * rng.normal(size=1200))[:, None]
        alarms += bool(
            conditional_effects(score, group, np.empty((1200, 0)), seed=seed, draws=299, cluster=sponsor)
            .rejected(alpha=0.04)
            .any()
        )
        naive += bool(
            conditional_effects(score, group, np.empty((1200, 0)), seed=seed, draws=299).rejected(alpha=0.04).any()
        )
    assert alarms <= 5
    assert naive >= 10


def test_same_seed_same_numbers_and_scale_does_not_matter() -> None:
    world, score, _ = _planted(1, 600)
    one, again, scaled = world.effects(score), world.effects(score), world.effects(1000 * score - 7)
    assert np.array_equal(one.effect, again.effect)
    assert np.array_equal(one.p_adjusted, again.p_adjusted)
    assert np.allclose(one.effect[0] / one.scale[0], scaled.effect[0] / scaled.scale[0])
    assert np.array_equal(one.p_adjusted, scaled.p_adjusted)


def test_two_people_are_not_measured_and_three_get_a_wide_interval() -> None:
    rng = np.random.default_rng(0)
    groups = np.zeros(500, dtype=np.int64)
    groups[:3], groups[3:5] = 1, 2
    found = conditional_effects(rng.normal(size=(500, 1)), groups, np.empty((500, 0)), seed=0, draws=199)
    assert found.measurable[0].tolist() == [True, True, False]
    assert found.high[0, 1] - found.low[0, 1] > 5
    assert np.isfinite(found.low).all()


def test_a_score_that_the_declared_factor_gives_exactly_shifts_nobody() -> None:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 4, 2000)
    group = (rng.random(2000) < 0.2 + 0.15 * kind).astype(np.int64)
    basis = spline_basis(pd.DataFrame({"kind": kind.astype(float)}))
    found = conditional_effects(kind[:, None].astype(np.float64), group, basis, seed=0, draws=199)
    assert np.abs(found.effect).max() < 1e-3
    assert (found.high - found.low).max() < 1e-2


def test_an_outcome_that_never_varies_shifts_nobody() -> None:
    found = conditional_effects(np.ones((100, 1)), np.arange(100) % 2, np.empty((100, 0)), seed=0, draws=99)
    assert (found.high == 0).all()
    assert (found.p_adjusted == 1).all()


@pytest.mark.parametrize(
    ("outcomes", "groups", "says"),
    [
        (np.ones(10), np.arange(10) % 2, "same cases"),
        (np.ones((10, 1)), np.zeros(10, dtype=np.int64), "K at least 2"),
        (np.full((10, 1), np.nan), np.arange(10) % 2, "finite"),
    ],
)
def test_says_what_is_wrong_with_its_input(outcomes: np.ndarray, groups: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        conditional_effects(outcomes, groups, np.empty((10, 0)), seed=0)
