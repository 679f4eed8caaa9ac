"""Whether stated chances of investigation add up: to each group of a whole table, or to the population of a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from igw_audit.core.cases import Group, Label, ScoredCases
from igw_audit.core.compared import sure_of_population
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.sampling import Sampling
from igw_audit.core.text import Text
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.multiplicity import max_t_critical
from igw_audit.stats.proportions import normal_quantile

_NO_LABEL = Text(
    en="nobody in this group has a known label, so there is no weight to add up",
    nl="van niemand in deze groep is de uitkomst bekend, dus er valt geen gewicht op te tellen",
)


def stated_chances(cases: ScoredCases, groups: Sequence[Group], label: Label) -> Iterator[Finding]:
    """Check the stated chances: investigated cases weighted by one over them should add up to the group."""
    if cases.arm_probability is None:
        return
    weight = np.where(label.known, 1 / np.where(label.known, cases.arm_probability, 1.0), 0.0)
    critical = max_t_critical(np.eye(len(groups)), confidence=cases.plan.confidence, seed=cases.plan.seed)
    for group in groups:
        held = weight[group.member]
        # each case is investigated with its own chance, independently (Horvitz and Thompson's variance)
        half = critical * float(np.sqrt((held * np.maximum(held - 1, 0.0)).sum())) / group.n
        known = int((held > 0).sum())
        value = float(held.sum()) / group.n
        yield Finding(
            statistic="stated_chances_add_up",
            group=group.name,
            estimate=Estimate(
                value=value,
                low=max(value - half, 0.0),
                high=value + half,
                confidence=cases.plan.confidence,
                n=group.n,
                method=f"Horvitz-Thompson, simultaneous over {len(groups)} groups",
            )
            if known
            else None,
            counts=Counts(events=known, n=group.n),
            reason=None if known else _NO_LABEL,
        )


def stands_for_population(cases: ScoredCases) -> Iterator[Finding]:
    """Hold what a sample's cases stand for against the population that the plan gives; by group nobody knows it."""
    sampling, population = sampling_of(cases), cases.plan.population
    if sampling is None or population is None:
        return
    weight = sampling.weight[sampling.base(cases.selected)]
    value = float(weight.sum()) / population
    spread = float(np.sqrt((weight * np.maximum(weight - 1, 0.0)).sum())) / population
    half = normal_quantile(cases.plan.confidence) * spread
    yield Finding(
        statistic="stated_chances_add_up",
        estimate=Estimate(
            value=value,
            low=max(value - half, 0.0),
            high=value + half,
            confidence=cases.plan.confidence,
            n=len(weight),
            method="Horvitz-Thompson, against the plan's population",
        ),
        counts=Counts(events=len(weight), n=len(weight)),
    )


def sampling_of(cases: ScoredCases) -> Sampling | None:
    """Return how the cases were drawn, where they are a sample; its chances must add up."""
    if cases.sampling is None or cases.sampling.frame == "unclear":
        return None
    sure_of_population(cases)
    return cases.sampling
