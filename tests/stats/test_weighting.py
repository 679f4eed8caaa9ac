"""Risk-adjusted regression: an over-weighted factor is found, a rightly weighted one is not, and intervals hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.weighting import FactorWeights, TrustedOutcomes, factor_weights

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class World:
    """Three declared factors and one that is not; the score adds ``over`` to the weight of the first."""

    score: Floats
    risk: Floats
    factors: list[Basis]
    outcomes: TrustedOutcomes


def world(seed: int, *, n: int = 12_000, over: float = 0.0, base: float = -2.2, clustered: bool = False) -> World:
    rng = np.random.default_rng([seed, 11])
    first = (rng.gamma(2, 1, n) - 2) / np.sqrt(2)
    second = rng.normal(size=n) + 0.4 * first
    third = rng.choice(3, n, p=[0.5, 0.3, 0.2]).astype(np.float64)
    linear = base + 0.6 * first + 0.4 * second + 0.3 * (third == 2) + 0.5 * rng.normal(size=n)
    cluster = rng.integers(0, 120, n) if clustered else None
    risk = expit(linear if cluster is None else linear + (0.5 * rng.normal(size=120))[cluster])
    score = linear + over * first
    listed = score >= np.quantile(score, 0.8)
    chance = np.where(listed, 0.04 + 0.96 * 0.4, 0.04)
    known = (rng.random(n) < 0.04) | (listed & (rng.random(n) < 0.4))
    frame = pd.DataFrame({"first": first, "second": second, "third": third})
    return World(
        score=score,
        risk=risk,
        factors=[spline_basis(frame[[name]]) for name in frame.columns],
        outcomes=TrustedOutcomes(
            known=known, positive=known & (rng.random(n) < risk), weight=1 / chance, cluster=cluster
        ),
    )


def measured(made: World) -> FactorWeights:
    found = factor_weights(made.score, made.factors, made.outcomes, confidence=0.95, seed=0)
    assert found is not None
    return found


def all_known(made: World) -> TrustedOutcomes:
    return TrustedOutcomes(
        known=np.ones(len(made.risk), dtype=bool),
        positive=np.random.default_rng(0).random(len(made.risk)) < made.risk,
    )


def test_a_factor_that_counts_for_more_than_its_risk_is_found_and_the_others_make_up_for_it() -> None:
    made = world(1, over=0.8, n=40_000)
    found = measured(made)
    assert found.low[0] > 0
    assert found.excess[1] < 0
    assert found.by_score[0] == pytest.approx(found.by_outcome[0] + found.excess[0])


def test_a_score_that_weighs_as_the_risk_does_has_no_excess() -> None:
    found = measured(world(2))
    assert (found.low < 0).all()
    assert (found.high > 0).all()


def test_only_the_order_of_the_scores_counts() -> None:
    made = world(3, n=4000, over=0.5)
    one = measured(made)
    bent = World(score=np.exp(made.score), risk=made.risk, factors=made.factors, outcomes=made.outcomes)
    assert measured(bent).excess == pytest.approx(one.excess, abs=1e-6)


def test_a_factor_that_the_score_leaves_out_is_not_used() -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"used": rng.normal(size=6000), "out": rng.normal(size=6000)})
    risk = expit(-1.5 + frame["used"].to_numpy())
    found = factor_weights(
        frame["used"].to_numpy(),
        [spline_basis(frame[[name]]) for name in frame.columns],
        TrustedOutcomes(known=np.ones(6000, dtype=bool), positive=rng.random(6000) < risk),
        confidence=0.95,
        seed=0,
    )
    assert found is not None
    assert found.used.tolist() == [True, False]
    assert (found.excess[1], found.low[1], found.high[1]) == (0.0, 0.0, 0.0)


def test_a_postcode_that_counts_for_too_much_is_found() -> None:
    rng = np.random.default_rng(8)
    n, effect = 30_000, rng.normal(size=150)
    place, other = rng.integers(0, 150, n), rng.normal(size=n)
    frame = pd.DataFrame({"other": other, "place": [f"p{k}" for k in place]})
    risk = expit(-1.5 + 0.2 * effect[place] + 0.5 * other)
    found = factor_weights(
        0.8 * effect[place] + 0.5 * other,
        [spline_basis(frame[[name]]) for name in frame.columns],
        TrustedOutcomes(known=np.ones(n, dtype=bool), positive=rng.random(n) < risk),
        confidence=0.95,
        seed=0,
    )
    assert found is not None
    assert found.low[1] > 0


def test_too_few_outcomes_are_no_ground() -> None:
    made = world(4, n=2000)
    few = made.outcomes.known & (np.cumsum(made.outcomes.positive) <= 19)
    seen = TrustedOutcomes(known=few, positive=made.outcomes.positive & few)
    assert factor_weights(made.score, made.factors, seen, confidence=0.95, seed=0) is None


@pytest.mark.statistics
@pytest.mark.parametrize("clustered", [False, True])
def test_false_alarms_over_all_factors_are_as_seldom_as_promised(clustered: bool) -> None:
    runs = 400
    alarms = sum(
        bool(((found.low > 0) | (found.high < 0)).any())
        for found in (measured(world(seed, clustered=clustered)) for seed in range(runs))
    )
    assert alarms <= 0.085 * runs
