"""A003: whether a score means the same for every group: the violations it predicts, and the same at the same score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Bools, Floats, ScoredCases
from igw_audit.core.compared import RateQuestion, group_findings, rate_comparisons, rate_findings
from igw_audit.core.finding import Finding
from igw_audit.core.text import Text
from igw_audit.core.trusted import TrustedLabels, trusted_labels
from igw_audit.stats.estimate import Estimate

#: Classes of score in which groups are compared; five keep cells large enough to say something.
CLASSES = 5

_NO_PROBABILITY = Text(
    en="the score is no probability between 0 and 1, so it does not say how many violations to expect",
    nl="de score is geen kans tussen 0 en 1, dus die zegt niet hoeveel overtredingen te verwachten zijn",
)


def _unassessed(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:
    """Name the groups without a single case whose label is known."""
    measured = {finding.group for finding in findings if finding.estimate is not None}
    names = [group.name for group in cases.groups(attribute) if group.name not in measured]
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A003",
    title=Text(en="Calibration by group", nl="Kalibratie per groep"),
    asks=Text(
        en="Does the same score mean the same chance of a violation in every group?",
        nl="Betekent dezelfde score in elke groep dezelfde kans op een overtreding?",
    ),
    needs=("label",),
    samples="scored",
    conclude=_unassessed,
)
def calibration(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Violations found less violations expected from the score; then the violations found in each class of score.

    ``calibration_gap`` is above zero where a group has more violations than its scores say (its risk is
    underrated), below zero where it has fewer (overrated). ``outcome_rate`` compares groups at the same score, and
    holds for any score, probability or points.
    """
    labels = trusted_labels(cases)
    yield from _gaps(cases, attribute, labels)
    for name, inside in _classes(cases, labels):
        asked = RateQuestion(
            statistic="outcome_rate",
            event=labels.positive,
            among=labels.known & inside,
            base=Text(
                en=f"{labels.base.en} in this class of score", nl=f"{labels.base.nl} in deze klasse van de score"
            ),
            step=name,
            weight=labels.weight,
            note=labels.note,
        )
        yield from rate_findings(cases, attribute, asked)


def _gaps(cases: ScoredCases, attribute: str, labels: TrustedLabels) -> Iterator[Finding]:
    """Shift the rate of violations by the mean score, which is known and not estimated: the interval moves with it."""
    asked = RateQuestion(
        statistic="calibration_gap",
        event=labels.positive,
        among=labels.known,
        base=labels.base,
        weight=labels.weight,
        note=labels.note,
    )
    groups = tuple(cases.groups(attribute))
    probability = bool(((cases.score >= 0) & (cases.score <= 1)).all())
    weight = cases.weight if labels.weight is None else labels.weight
    for group, compared in zip(groups, rate_comparisons(cases, groups, asked), strict=True):
        own, other = (_mean_score(cases, labels.known & side, weight) for side in (group.member, group.compared))
        for finding in group_findings(group, compared, asked):
            if finding.statistic.endswith("_ratio"):
                continue
            yield _shifted(finding, own if finding.reference is None else own - other, probability=probability)


def _shifted(finding: Finding, by: float, *, probability: bool) -> Finding:
    found = finding.estimate
    if found is None:
        return finding
    if not probability:
        return replace(
            finding, estimate=None, reason=_NO_PROBABILITY, p_value=None, p_adjusted=None, minimum_detectable=None
        )
    moved = Estimate(
        value=found.value - by,
        low=None if found.low is None else found.low - by,
        high=None if found.high is None else found.high - by,
        confidence=found.confidence,
        n=found.n,
        method=f"{found.method}; less the mean score",
    )
    # the test of equal rates is not a test of equal gaps
    return replace(finding, estimate=moved, p_value=None, p_adjusted=None)


def _mean_score(cases: ScoredCases, among: Bools, weight: Floats | None) -> float:
    if not among.any():
        return 0.0
    return float(np.average(cases.score[among], weights=None if weight is None else weight[among]))


def _classes(cases: ScoredCases, labels: TrustedLabels) -> Iterator[tuple[str, Bools]]:
    """Cut the score where it parts the trusted cases evenly; fewer classes where many have the same score."""
    known = cases.score[labels.known]
    cuts = np.unique(np.quantile(known, np.arange(1, CLASSES) / CLASSES, method="inverted_cdf"))
    cuts = cuts[cuts < known.max()]
    found = np.searchsorted(cuts, cases.score, side="left")
    for code in range(len(cuts) + 1):
        yield f"score class {code + 1} of {len(cuts) + 1}", found == code
