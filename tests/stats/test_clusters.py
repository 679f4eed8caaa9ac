"""Cases that share a sponsor count for what they are worth."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from igw_audit.stats.clusters import Design, effective, effective_pair, side
from igw_audit.stats.compare import compare_rates, rate


def _planted(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.random(n) < 0.3, generator.random(n) < 0.4


def test_clusters_of_one_case_change_nothing_but_the_quantile() -> None:
    event, member = _planted()
    everyone = np.ones(400, dtype=bool)
    (plain,) = compare_rates(event, everyone, [(member, ~member)])
    (alone,) = compare_rates(event, everyone, [(member, ~member)], cluster=np.arange(400))
    assert plain.difference is not None
    assert alone.difference is not None
    assert alone.difference.value == pytest.approx(plain.difference.value)
    assert alone.difference.low == pytest.approx(plain.difference.low or 0, abs=0.002)


def test_five_copies_of_each_case_are_worth_one() -> None:
    event, _ = _planted(100)
    once = rate(event, np.ones(100, dtype=bool))
    copied = rate(np.repeat(event, 5), np.ones(500, dtype=bool), cluster=np.repeat(np.arange(100), 5))
    assert copied.value == pytest.approx(once.value)
    assert copied.n == 500
    assert copied.low == pytest.approx(once.low or 0, abs=0.005)
    assert copied.high == pytest.approx(once.high or 0, abs=0.005)


def test_copies_that_weigh_a_fifth_are_worth_one_too() -> None:
    event, _ = _planted(100)
    clusters = np.repeat(np.arange(100), 5)
    whole = rate(np.repeat(event, 5), np.ones(500, dtype=bool), cluster=clusters)
    fifth = rate(np.repeat(event, 5), np.ones(500, dtype=bool), cluster=clusters, weight=np.full(500, 0.2))
    assert (fifth.value, fifth.low, fifth.high) == pytest.approx((whole.value, whole.low, whole.high))


def test_group_within_one_cluster_says_almost_nothing() -> None:
    generator = np.random.default_rng(1)
    cluster = np.concatenate([np.zeros(50, dtype=int), np.repeat(np.arange(1, 101), 5)])
    member = cluster == 0
    event = generator.random(550) < np.where(member, 0.5, 0.1)
    (found,) = compare_rates(event, np.ones(550, dtype=bool), [(member, ~member)], cluster=cluster)
    assert found.rate is not None
    assert found.difference is not None
    assert (found.rate.high or 0) - (found.rate.low or 0) > 0.9
    assert (found.difference.high or 0) - (found.difference.low or 0) > 0.9
    assert found.p_value is not None
    assert found.p_value > 0.2


def test_no_events_in_few_clusters_is_no_proof_of_a_low_rate() -> None:
    nothing = np.zeros(200, dtype=bool)
    found = rate(nothing, np.ones(200, dtype=bool), cluster=np.repeat(np.arange(4), 50))
    alone = rate(nothing, np.ones(200, dtype=bool))
    assert alone.high is not None
    assert found.high is not None
    assert alone.high < 0.02
    assert found.high > 0.5


def test_clusters_never_make_an_interval_narrower_than_that_of_people() -> None:
    event, member = _planted(600, seed=5)
    generator = np.random.default_rng(2)
    design = Design.of(600, generator.integers(0, 300, 600), None)
    pair = effective_pair(side(event * 1.0, member, design), side(event * 1.0, ~member, design))
    assert pair.difference.n[0] <= member.sum()
    assert pair.difference.reference_n[0] <= (~member).sum()
    assert effective(side(event * 1.0, member, design)).n <= member.sum()


def test_sponsors_on_both_sides_are_compared_within_themselves() -> None:
    generator = np.random.default_rng(7)
    cluster = np.repeat(np.arange(200), 20)
    level = generator.beta(0.4, 0.6, 200)
    event = generator.random(4000) < level[cluster]
    split = np.tile(np.arange(20) < 10, 200)
    apart = cluster < 100
    everyone = np.ones(4000, dtype=bool)
    (inside,) = compare_rates(event, everyone, [(split, ~split)], cluster=cluster)
    (across,) = compare_rates(event, everyone, [(apart, ~apart)], cluster=cluster)
    widths = [(part.difference.high or 0) - (part.difference.low or 0) for part in (inside, across) if part.difference]
    assert widths[0] < widths[1] / 2


def test_case_of_weight_zero_does_not_count() -> None:
    event, member = _planted(100)
    weight = np.where(np.arange(100) < 60, 1.0, 0.0)
    kept = np.arange(100) < 60
    (found,) = compare_rates(event, np.ones(100, dtype=bool), [(member, ~member)], weight=weight)
    assert found.counts.n == int((member & kept).sum())


def test_weights_that_are_no_weights_are_refused() -> None:
    event, _ = _planted(10)
    with pytest.raises(ValueError, match="zero or more"):
        rate(event, np.ones(10, dtype=bool), weight=np.full(10, -1.0))
    with pytest.raises(ValueError, match="weights"):
        rate(event, np.ones(10, dtype=bool), weight=np.ones(9))


@pytest.mark.parametrize("heavy", [False, True])
def test_cluster_intervals_cover_where_those_of_cases_do_not(coverage: ModuleType, heavy: bool) -> None:
    found = coverage.clustered(coverage.World(clusters=60, alike=0.3, heavy_tail=heavy), draws=250, seed=1)
    # 250 draws: .91 is three standard errors below .95
    assert found["difference"] >= 0.91
    assert found["ratio"] >= 0.91
    assert found["taken for independent"] < 0.8


@pytest.mark.statistics
@pytest.mark.parametrize("clusters", [8, 30, 150])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("heavy", [False, True])
def test_cluster_intervals_cover_on_the_whole_grid(
    coverage: ModuleType, clusters: int, inside: bool, heavy: bool
) -> None:
    for alike in (0.0, 0.05, 0.3):
        for rates in ((0.2, 0.2), (0.05, 0.02)):
            world = coverage.World(clusters=clusters, alike=alike, rates=rates, heavy_tail=heavy, within=inside)
            found = coverage.clustered(world, draws=800, seed=2)
            assert found["difference"] >= 0.91, world
            assert found["ratio"] >= 0.90, world


@pytest.mark.statistics
def test_all_groups_hold_together_where_sponsors_hold_several(coverage: ModuleType) -> None:
    assert coverage.simultaneous_clustered(groups=6, draws=600) >= 0.93
