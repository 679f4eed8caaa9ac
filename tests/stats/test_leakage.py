from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from igw_audit.stats.drawing import draw_cases
from igw_audit.stats.encoding import encode
from igw_audit.stats.leakage import leakage

Codes = NDArray[np.int64]


def world(seed: int, *, clustered: bool, n: int = 300) -> tuple[NDArray[np.float64], Codes, Codes | None]:
    """Draw columns that say nothing of the groups; with clusters of very unequal size both hang on the cluster."""
    rng = np.random.default_rng([seed, clustered])
    columns = rng.normal(size=(n, 4))
    shares = [0.6, 0.3, 0.1]
    if not clustered:
        return columns, rng.choice(3, n, p=shares), None
    sizes = np.minimum(40, 1 + (rng.pareto(1.2, n) * 3).astype(np.int64))
    cluster = rng.permutation(np.repeat(np.arange(n), sizes)[:n])
    columns = columns * 0.6 + rng.normal(size=(n, 4))[cluster]
    typical = rng.choice(3, n, p=shares)[cluster]
    return columns, np.where(rng.random(n) < 0.7, typical, rng.choice(3, n, p=shares)), cluster


def fires_and_covers(*, clustered: bool, worlds: int) -> tuple[float, float]:
    fired, held, areas = 0, 0, 0
    for seed in range(worlds):
        columns, groups, cluster = world(seed, clustered=clustered)
        found = leakage(columns, groups, seed=seed, cluster=cluster)
        fired += bool(found.p_adjusted.min() <= 0.05)
        for area in found.areas:
            if area is not None:
                areas += 1
                held += bool((area.low or 0.0) <= 0.5 <= (1.0 if area.high is None else area.high))
    return fired / worlds, held / areas


@pytest.mark.parametrize("clustered", [False, True])
def test_nothing_to_tell_is_told_in_five_of_a_hundred_worlds_at_most(clustered: bool) -> None:
    fired, held = fires_and_covers(clustered=clustered, worlds=60)
    assert fired <= 0.12  # 7 of 60: more has chance 1 in 100 at 5 %
    assert held >= 0.88


@pytest.mark.statistics
@pytest.mark.parametrize("clustered", [False, True])
def test_error_rate_and_coverage_hold_over_many_worlds(clustered: bool) -> None:
    fired, held = fires_and_covers(clustered=clustered, worlds=1000)
    assert fired <= 0.065
    assert held >= 0.93


def test_ignoring_clusters_would_give_false_alarms() -> None:
    fired = 0
    for seed in range(20):
        columns, groups, _ = world(seed, clustered=True)
        fired += bool(leakage(columns, groups, seed=seed).p_adjusted.min() <= 0.05)
    assert fired >= 15


def test_the_area_is_that_of_the_rule_on_cases_it_never_saw() -> None:
    rng = np.random.default_rng(2)
    groups = (rng.random(4000) < 0.3).astype(np.int64)
    (_, told) = leakage(rng.normal(size=(4000, 1)) + groups[:, None], groups, seed=0).areas
    assert told is not None
    assert told.value == pytest.approx(0.7602, abs=0.02)  # the normal distribution at 1 / sqrt(2)


def test_more_columns_than_the_cases_bear_tell_nothing() -> None:
    rng = np.random.default_rng(3)
    found = leakage(rng.normal(size=(120, 100)), rng.integers(0, 2, 120), seed=0)
    assert found.p_adjusted.min() > 0.05
    assert all(area is not None and area.value < 0.65 for area in found.areas)


def test_products_of_numbers_enter_whole_or_not_at_all() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 6))).add_prefix("f")
    assert (encode(frame).owner == -1).sum() == 15
    assert (encode(frame.head(100)).owner == -1).sum() == 0
    assert (encode(frame, bends=False).owner >= 0).all()


def test_a_date_counts_its_days_and_a_constant_has_no_column() -> None:
    days = pd.Series(pd.date_range("2024-01-01", periods=50, freq="D"))
    found = encode(pd.DataFrame({"day": days, "same": ["x"] * 50}), bends=False)
    assert found.owner.tolist() == [0]
    assert np.corrcoef(found.matrix[:, 0], np.arange(50))[0, 1] > 0.99


def test_areas_among_cases_drawn_unevenly_are_those_among_all() -> None:
    rng = np.random.default_rng(0)
    groups = rng.choice(4, 60_000, p=[0.7, 0.27, 0.02, 0.01]).astype(np.int64)
    # group 1 is easily told from group 0, and not at all from the two small ones
    columns = rng.normal(size=(60_000, 2))
    columns[:, 0] += 1.2 * (groups > 0)
    whole = leakage(columns, groups, seed=0).areas[1]
    drawn = draw_cases(groups, most=8_000, seed=0)
    some, codes = columns[drawn.rows], groups[drawn.rows]
    part = leakage(some, codes, seed=0, weight=drawn.weight).areas[1]
    naive = leakage(some, codes, seed=0).areas[1]
    assert whole is not None
    assert part is not None
    assert naive is not None
    assert part.low is not None
    assert part.high is not None
    assert part.low < whole.value < part.high
    assert abs(part.value - whole.value) < 0.015
    assert abs(naive.value - whole.value) > 0.03
    assert part.n == int(drawn.rows.sum())
