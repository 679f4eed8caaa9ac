"""Selective labels: what inspected cases alone say, what all cases would say, and how often the interval holds both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from igw_audit.stats.comparison import Unmeasured
from igw_audit.stats.distortion import Outcomes, distortions, equal_rates_by_lot
from igw_audit.stats.proportions import adjusted_wilson

Floats = NDArray[np.float64]
#: Group 2 gets on the list whatever its risk; group 4 is one case in a hundred.
SHARES = (0.50, 0.28, 0.15, 0.06, 0.01)


@dataclass(frozen=True, kw_only=True)
class World:
    """Cases with a violation or not, a list of which half is inspected, and a share drawn by lot from all."""

    groups: NDArray[np.int64]
    event: NDArray[np.bool_]
    chance: Floats
    outcomes: Outcomes

    def pairs(self) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        return [(self.groups == code, self.groups != code) for code in range(len(SHARES))]


def world(seed: int, *, n: int = 12_000, share: float = 0.02, base: float = -2.0, clustered: bool = False) -> World:
    rng = np.random.default_rng([seed, 5])
    groups = rng.choice(len(SHARES), n, p=SHARES)
    groups[: len(SHARES)] = range(len(SHARES))
    cluster = rng.integers(0, n // 40, n) if clustered else None
    risk = rng.normal(size=n) + (0.0 if cluster is None else rng.normal(size=n // 40)[cluster] * 0.6)
    event = rng.random(n) < expit(base + 0.9 * risk)
    score = 0.7 * risk + 0.7 * rng.normal(size=n) + (groups == 2)
    listed = score >= np.quantile(score, 0.8)
    chance = np.where(listed, share + (1 - share) * 0.5, share)
    inspected = (rng.random(n) < share) | (listed & (rng.random(n) < 0.5))
    return World(
        groups=groups,
        event=event,
        chance=chance,
        outcomes=Outcomes(event=event, inspected=inspected, weight=1 / chance, cluster=cluster),
    )


def truth(**settings: float | bool) -> Floats:
    """Distortion of each group in a very large world."""
    sums = np.zeros((len(SHARES), 4))
    for seed in range(10**6, 10**6 + 20):
        made = world(seed, n=100_000, **settings)  # type: ignore[arg-type]
        for code in range(len(SHARES)):
            member = made.groups == code
            event, chance = made.event[member], made.chance[member]
            sums[code] += (event * chance).sum(), chance.sum(), event.sum(), member.sum()
    return np.asarray(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])


def test_inspected_cases_alone_hide_the_truth_that_weights_bring_back() -> None:
    differences = []
    for seed in range(30):
        made = world(seed)
        member = made.groups == 2
        inspected = made.outcomes.inspected

        def hajek(kept: NDArray[np.bool_], made: World = made) -> float:
            return float(np.average(made.event[kept], weights=1 / made.chance[kept]))

        true = made.event[member].mean() - made.event[~member].mean()
        alone = made.event[member & inspected].mean() - made.event[~member & inspected].mean()
        differences.append((alone - true, hajek(member & inspected) - hajek(~member & inspected) - true))
    alone, weighted = np.mean(differences, axis=0)
    assert alone < -0.03
    assert abs(weighted) < 0.01


def test_distortions_are_as_large_as_they_were_planted() -> None:
    wanted = truth()
    made = world(3, n=60_000)
    for found, true in zip(distortions(made.outcomes, made.pairs()), wanted, strict=True):
        assert found.distortion is not None
        assert found.distortion.low is not None
        assert found.distortion.high is not None
        assert found.distortion.low < true < found.distortion.high
        assert found.distortion.high - found.distortion.low < 0.5


def test_everything_inspected_distorts_nothing() -> None:
    made = world(5, n=3000)
    seen = Outcomes(event=made.event, inspected=np.ones(3000, dtype=bool), weight=np.ones(3000))
    for found in distortions(seen, made.pairs()):
        assert found.distortion is not None
        assert found.distortion.value == pytest.approx(0.0, abs=1e-12)


def test_an_empty_group_and_a_group_of_one_have_a_reason() -> None:
    made = world(6, n=2000)
    nobody, alone = np.zeros(2000, dtype=bool), np.zeros(2000, dtype=bool)
    alone[np.flatnonzero(made.outcomes.inspected)[0]] = True
    empty, single = distortions(made.outcomes, [(nobody, ~nobody), (alone, ~alone)])
    assert (empty.distortion, empty.reason) == (None, Unmeasured.EMPTY_GROUP)
    assert (single.distortion, single.reason) == (None, Unmeasured.TOO_FEW)


def test_the_test_of_equal_rates_is_exact_in_tiny_tables_and_sees_a_planted_gap() -> None:
    groups = np.repeat([0, 1, 2], [60, 30, 10])
    rng = np.random.default_rng(0)
    few = [equal_rates_by_lot(groups, rng.random(100) < 0.05, seed=seed) for seed in range(300)]
    assert np.mean([p is not None and p <= 0.05 for p in few]) <= 0.08
    assert equal_rates_by_lot(groups, np.zeros(100, dtype=bool)) is None
    told = equal_rates_by_lot(np.repeat([0, 1], 200), np.arange(400) % 10 < np.repeat([1, 4], 200))
    assert told is not None
    assert told < 0.001


def test_clusters_make_the_test_of_equal_rates_less_sure() -> None:
    cluster = np.arange(400) // 20
    groups = (cluster % 2).astype(np.int64)
    event = np.isin(cluster, (1, 3, 5, 7))
    alone, together = (equal_rates_by_lot(groups, event, cluster=part) for part in (None, cluster))
    assert alone is not None
    assert together is not None
    assert alone < 0.001 < together


def test_an_interval_with_hardly_a_degree_of_freedom_is_wide_and_a_number() -> None:
    bounds = adjusted_wilson([0.149], [5.22], z=21.0)
    assert 0.0 <= bounds.low[0] < 1e-9
    assert bounds.high[0] > 0.9


@pytest.mark.statistics
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize(("share", "base"), [(0.02, -2.0), (0.05, -3.0)])
def test_distortions_of_all_groups_hold_together(clustered: bool, share: float, base: float) -> None:
    runs, whole = 400, 0
    wanted = truth(share=share, base=base, clustered=clustered)
    for seed in range(runs):
        made = world(seed, share=share, base=base, clustered=clustered)
        ends = [found.distortion for found in distortions(made.outcomes, made.pairs())]
        whole += all(
            end is None or float(end.low or 0.0) <= true <= float(end.high or 0.0)
            for end, true in zip(ends, wanted, strict=True)
        )
    assert whole >= 0.92 * runs
