"""Exact and simulated coverage of every interval of rates, means and counts.

``interval_tables.py`` makes the tables of docs/explanation/intervals.md of it; ``tests/stats`` calls the same
functions on smaller grids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit
from scipy.stats import beta, binom

from igw_audit.stats.clusters import Design, effective_pair, side
from igw_audit.stats.compare import compare_counts, compare_means, compare_rates
from igw_audit.stats.exact import fisher, score_test
from igw_audit.stats.power import minimum_detectable_difference
from igw_audit.stats.proportions import Bounds, Fourfold, katz, mover_ratio, newcombe, wilson
from igw_audit.stats.score import difference_statistic, ratio_statistic

Z = 1.959963984540054
SIZES = (3, 5, 10, 20, 30, 50, 100, 300, 1000)
REFERENCES = (30, 100, 1000, 5000)
RATES = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
Holds = Callable[[Fourfold, float], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Coverage over a grid of rates."""

    mean: float
    lowest: float


def outcomes(n: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of events that can happen, with their chances; tails of 1e-9 are left off."""
    k = np.arange(max(int(binom.ppf(1e-9, n, p)) - 1, 0), min(int(binom.isf(1e-9, n, p)) + 1, n) + 1)
    return k, binom.pmf(k, n, p)


def exact_coverage(group: tuple[int, float], reference: tuple[int, float], holds: Holds, truth: float) -> float:
    """Chance that an interval holds the truth: a sum over all outcomes of two binomials."""
    (x, chance_x), (y, chance_y) = outcomes(*group), outcomes(*reference)
    chance = np.outer(chance_x, chance_y).ravel()
    kept = chance > 1e-10
    events, others = (part.ravel()[kept] for part in np.meshgrid(x, y, indexing="ij"))
    table = Fourfold.of(events, group[0], (others, reference[0]))
    return float((chance[kept] * holds(table, truth)).sum() / chance[kept].sum())


def within(interval: Callable[..., Bounds], z: float = Z) -> Holds:
    """Whether the interval's ends enclose the truth."""

    def holds(table: Fourfold, truth: float) -> np.ndarray:
        found = interval(table, z=z)
        return (found.low <= truth + 1e-12) & (found.high >= truth - 1e-12)

    return holds


def plain_newcombe(table: Fourfold, *, z: float) -> Bounds:
    """Newcombe's interval as published, on Wilson's own ends."""
    p, q = table.rate, table.reference_rate
    own, other = wilson(table.events, table.n, z=z), wilson(table.reference_events, table.reference_n, z=z)
    return Bounds(low=p - q - np.hypot(p - own.low, other.high - q), high=p - q + np.hypot(own.high - p, q - other.low))


def wald(table: Fourfold, *, z: float) -> Bounds:
    """The textbook interval."""
    p, q = table.rate, table.reference_rate
    half = z * np.sqrt(p * (1 - p) / table.n + q * (1 - q) / table.reference_n)
    return Bounds(low=p - q - half, high=p - q + half)


DIFFERENCES: dict[str, Holds] = {
    "**Newcombe on adjusted ends** (ours)": within(newcombe),
    "Newcombe": within(plain_newcombe),
    "Miettinen-Nurminen": lambda table, truth: np.abs(difference_statistic(table, truth)) <= Z,
    "Wald": within(wald),
}
RATIOS: dict[str, Holds] = {
    "**MOVER-R on adjusted ends** (ours)": within(mover_ratio),
    "Koopman (score)": lambda table, truth: np.abs(ratio_statistic(table, truth)) <= Z,
    "Katz (log)": within(katz),
}


def two_rates(n: int, holds: Holds, *, ratio: bool, references: tuple[int, ...] = REFERENCES) -> Coverage:
    """Coverage for one group size over reference sizes and all pairs of rates."""
    found = [
        exact_coverage((n, p), (m, q), holds, p / q if ratio else p - q)
        for m in references
        for p in RATES
        for q in RATES
    ]
    return Coverage(mean=float(np.mean(found)), lowest=float(np.min(found)))


def one_rate(n: int, interval: Callable[..., Bounds], *, points: int = 400) -> Coverage:
    """Coverage of one rate's interval over rates from .0005 to .5."""
    x = np.arange(n + 1)
    bounds = interval(x, n, z=Z)
    rates = np.linspace(0.0005, 0.5, points)[:, None]
    held = (bounds.low <= rates) & (bounds.high >= rates)
    found = (binom.pmf(x, n, rates) * held).sum(axis=1)
    return Coverage(mean=float(found.mean()), lowest=float(found.min()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Chance of a false alarm over a grid of rates."""

    mean: float
    highest: float


def false_alarms(n: int, m: int, level: float) -> dict[str, FalseAlarms]:
    """Chance of a false alarm of each test of equal rates, over rates from .002 to .5."""
    x, y = np.arange(n + 1), np.arange(m + 1)
    tests = {
        "Fisher": lambda a, b: fisher((a, n), (b, m)),
        "Fisher mid-p": lambda a, b: fisher((a, n), (b, m), mid=True),
        "score": lambda a, b: score_test((a, n), (b, m)),
    }
    found = {}
    for name, test in tests.items():
        alarm = np.array([[test(int(a), int(b)) <= level for b in y] for a in x])
        chances = [
            float((np.outer(binom.pmf(x, n, p), binom.pmf(y, m, p)) * alarm).sum()) for p in np.linspace(0.002, 0.5, 60)
        ]
        found[name] = FalseAlarms(mean=float(np.mean(chances)), highest=float(np.max(chances)))
    return found


def simultaneous(
    sizes: tuple[int, ...], rates: tuple[float, ...], *, reference: int | None = None, draws: int = 1000, seed: int = 0
) -> dict[str, float]:
    """How often all groups' intervals hold together; rates of independent groups, each against rest or reference."""
    n, p = np.array(sizes), np.array(rates)
    generator = np.random.default_rng(seed)
    truth = [
        (p[k], p[reference] if reference is not None else np.delete(n * p, k).sum() / np.delete(n, k).sum())
        for k in range(len(n))
        if k != reference
    ]
    held = np.zeros((draws, 2), dtype=bool)
    for draw in range(draws):
        found = compare_counts(generator.binomial(n, p).tolist(), n.tolist(), reference=reference)
        held[draw] = (
            all(
                part.difference.low <= a - b <= part.difference.high for part, (a, b) in zip(found, truth, strict=True)
            ),
            all(
                part.ratio is None
                or (part.ratio.low <= a / b and (part.ratio.high is None or a / b <= part.ratio.high))
                for part, (a, b) in zip(found, truth, strict=True)
            ),
        )
    return {"difference": float(held[:, 0].mean()), "ratio": float(held[:, 1].mean())}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Clusters with a beta-distributed level: how many, how large, how alike inside, and who sits where."""

    clusters: int
    alike: float
    rates: tuple[float, float] = (0.2, 0.2)
    heavy_tail: bool = False
    within: bool = False
    mean_size: int = 10

    def draw(self, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give event, member and cluster of each case."""
        count, mean = self.clusters, self.mean_size
        sizes = np.full(count, mean)
        if self.heavy_tail:
            sizes = np.minimum(np.ceil((generator.pareto(1.2, count) + 1) * mean / 4), mean * 30).astype(int)
        cluster = np.repeat(np.arange(count), sizes)
        by_cluster = generator.random(count) < 0.3 if count > 20 else np.arange(count) % 3 == 0
        member = by_cluster[cluster]
        if self.within:
            member = generator.random(len(cluster)) < generator.beta(1, 2, count)[cluster]
        position, spread = generator.random(count), (1 - self.alike) / max(self.alike, 1e-9)
        levels = [
            beta.ppf(position, rate * spread, (1 - rate) * spread) if self.alike else np.full(count, rate)
            for rate in self.rates
        ]
        chance = np.where(member, levels[0][cluster], levels[1][cluster])
        return generator.random(len(cluster)) < chance, member, cluster


def clustered(world: World, *, draws: int = 400, seed: int = 0) -> dict[str, float]:
    """Coverage of the cluster-robust intervals, and of the one that takes cases for independent."""
    generator, truth = np.random.default_rng(seed), world.rates
    held = []
    for _ in range(draws):
        event, member, cluster = world.draw(generator)
        if member.all() or not member.any():
            continue
        design = Design.of(len(event), cluster, None)
        pair = effective_pair(side(event * 1.0, member, design), side(event * 1.0, ~member, design))
        z = stdtrit(pair.freedom, 0.975)
        counts = (event[member].sum(), member.sum(), (event[~member].sum(), (~member).sum()))
        difference, ratio = truth[0] - truth[1], truth[0] / truth[1]
        held.append(
            (
                within(newcombe, z)(pair.difference, difference)[0],
                within(mover_ratio, z)(pair.ratio, ratio)[0],
                bool(within(newcombe)(Fourfold.of(*counts), difference)),
            )
        )
    found = np.mean(held, axis=0).tolist()
    return dict(zip(("difference", "ratio", "taken for independent"), found, strict=True))


def simultaneous_clustered(*, groups: int, draws: int, seed: int = 0) -> float:
    """Joint coverage of all groups against the rest where sponsors hold several groups."""
    generator, held = np.random.default_rng(seed), 0
    for _ in range(draws):
        cluster = np.repeat(np.arange(120), 8)
        group = (cluster + generator.integers(0, 2, len(cluster))) % groups
        level = generator.beta(0.2 * 9, 0.8 * 9, 120)
        event = generator.random(len(cluster)) < level[cluster]
        pairs = [(group == k, group != k) for k in range(groups)]
        found = compare_rates(event, np.ones(len(event), dtype=bool), pairs, cluster=cluster)
        held += all(part.difference.low <= 0 <= part.difference.high for part in found)
    return held / draws


def means(sizes: tuple[int, ...], *, skewed: bool, draws: int, seed: int = 0) -> float:
    """Joint coverage of differences of means against the rest, normal or exponential values."""
    generator, held = np.random.default_rng(seed), 0
    group = np.repeat(np.arange(len(sizes)), sizes)
    pairs = [(group == k, group != k) for k in range(len(sizes))]
    for _ in range(draws):
        values = generator.exponential(size=len(group)) if skewed else generator.normal(size=len(group))
        found = compare_means(values, pairs)
        held += all(part.difference.low <= 0 <= part.difference.high for part in found)
    return held / draws


def power_at_minimum(n: int, m: int, q: float, *, z: float = Z) -> float:
    """Exact chance that the interval excludes 0 at the minimum detectable difference."""
    gap = float(minimum_detectable_difference([n], ([q * (m + 1) - 0.5], [m]), z=z)[0])
    if not np.isfinite(gap):
        return 0.0
    p = min(q + gap, 1 - 1e-12) if q + gap <= 1 else q - gap
    return 1 - exact_coverage((n, p), (m, q), within(newcombe, z), 0.0)
