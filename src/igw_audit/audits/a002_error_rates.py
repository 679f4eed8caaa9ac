"""A002: whether the model is wrong about some groups more often than about others, where labels are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from igw_audit.audits.fairlearn_points import GroupPoints, compress, fairlearn_points
from igw_audit.core.audit import audit
from igw_audit.core.cases import Bools, ScoredCases
from igw_audit.core.compared import (
    About,
    RateQuestion,
    noted,
    rate_findings,
    sampled_note,
    sure_of_population,
)
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.text import Text
from igw_audit.core.trusted import TrustedLabels, trusted_labels
from igw_audit.stats.compare import rate


@audit(
    code="A002",
    title=Text(en="Error rates by group", nl="Foutpercentages per groep"),
    asks=Text(
        en="Is the model wrong about some groups more often than about others?",
        nl="Vergist het model zich bij sommige groepen vaker dan bij andere?",
    ),
    needs=("label",),
    samples="any",
)
def error_rates(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Rate, difference and ratio of five kinds of error, over cases whose label is known.

    Point values are Fairlearn's, intervals are our own. The method of every estimate says which labels it rests on;
    labels of selected cases say nothing about those who were never investigated, and a policy caps what rests on them.
    """
    labels = trusted_labels(cases)
    grouping = cases.groupings[attribute]
    if cases.sampling is not None and cases.sampling.frame != "own_chance":
        # rates of two samples: no table of cases has them
        for asked in _questions(cases, labels):
            if asked.statistic == "precision":
                yield from _over_all(cases, asked)
            yield from rate_findings(cases, attribute, asked)
        return
    table = compress(grouping.codes, labels.positive, cases.selected, among=labels.known, weight=labels.weight)
    points = {grouping.names[found.group]: found for found in fairlearn_points(table)}
    for asked in _questions(cases, labels):
        for finding in rate_findings(cases, attribute, asked):
            yield _with_point(finding, asked.statistic, points)


def _over_all(cases: ScoredCases, asked: RateQuestion) -> Iterator[Finding]:
    """Return the share over all groups, where anybody counts."""
    sure_of_population(cases)
    if not asked.among.any():
        return
    found = rate(
        asked.event & asked.among,
        asked.among,
        confidence=cases.plan.confidence,
        cluster=cases.cluster,
        weight=None if asked.weight is None or np.ptp(asked.weight[asked.among]) == 0 else asked.weight,
    )
    counts = Counts(events=int((asked.event & asked.among).sum()), n=int(asked.among.sum()))
    yield Finding(statistic=asked.statistic, estimate=noted(found, sampled_note(cases, asked)), counts=counts)


def _questions(cases: ScoredCases, labels: TrustedLabels) -> Iterator[RateQuestion]:
    known, positive, selected = labels.known, labels.positive, cases.selected
    negative = known & ~positive
    flawless = Text(en=f"{labels.base.en} without a violation", nl=f"{labels.base.nl} zonder overtreding")
    violation = Text(en=f"{labels.base.en} with a violation", nl=f"{labels.base.nl} met een overtreding")
    chosen = Text(en=f"selected {labels.base.en}", nl=f"geselecteerde {labels.base.nl}")
    asked: tuple[tuple[str, Bools, Bools, Text, About], ...] = (
        ("false_positive_rate", selected, negative, flawless, "selection"),
        ("false_negative_rate", ~selected, positive, violation, "missed"),
        ("false_discovery_rate", negative, known & selected, chosen, "selected"),
        ("precision", positive, known & selected, chosen, "selected"),
        ("wrongly_selected_share", selected & negative, known, labels.base, "selection"),
    )
    for statistic, event, among, base, about in asked:
        yield RateQuestion(
            statistic=statistic,
            event=event,
            among=among,
            base=base,
            weight=labels.weight,
            note=labels.note,
            about=about,
        )


def _with_point(finding: Finding, statistic: str, points: Mapping[str, GroupPoints]) -> Finding:
    """Put Fairlearn's point value in the place of our own; the estimate refuses a value outside its interval."""
    if finding.statistic != statistic or finding.estimate is None or finding.group is None:
        return finding
    value = points[finding.group].value(statistic)
    if value is None:
        raise ValueError(f"{statistic} has cases here and none in the compressed table")
    return replace(finding, estimate=replace(finding.estimate, value=value))
