"""A004: whether scores are shifted between groups before any threshold, and whether the score ranks within each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Bools, Group, ScoredCases
from igw_audit.core.compared import noted, reason_text
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.text import Text
from igw_audit.core.trusted import TrustedLabels, trusted_labels
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.compare import MeanComparison, compare_means
from igw_audit.stats.ranking import RankingComparison, compare_aucs

_CASES = Text(en="cases", nl="zaken")


def _without_shift(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups whose shift could not be measured; ranking needs labels and is asked beside it."""
    names = dict.fromkeys(
        finding.group
        for finding in findings
        if finding.statistic == "score_mean_difference" and finding.estimate is None and finding.group
    )
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A004",
    title=Text(en="Scores before any threshold", nl="Scores vóór elke drempel"),
    asks=Text(
        en="Are the scores of some groups higher than those of others, and does the score rank equally well in each?",
        nl="Zijn de scores van sommige groepen hoger dan die van andere, en ordent de score in elke groep even goed?",
    ),
    samples="scored",
    conclude=_without_shift,
)
def score_shift(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Difference in mean score in standard deviations of the score; then the area under the ROC curve by group."""
    spread = float(cases.score.std())
    if not spread > 0:
        raise NotMeasurableError(
            "every case has the same score, so there is no shift to measure. Look at the model or the score column.",
            "elke zaak heeft dezelfde score, dus er valt geen verschil te meten. Kijk naar het model of de scorekolom.",
        )
    groups = tuple(cases.groups(attribute))
    shifts = compare_means(
        cases.score / spread,
        [(group.member, group.compared) for group in groups],
        confidence=cases.plan.confidence,
        cluster=cases.cluster,
        weight=cases.weight,
        seed=cases.plan.seed,
    )
    for group, shift in zip(groups, shifts, strict=True):
        yield _shift_finding(group, shift)
    yield from _ranking(cases, groups)


def _shift_finding(group: Group, shift: MeanComparison) -> Finding:
    measured = shift.difference is not None
    return Finding(
        statistic="score_mean_difference",
        group=group.name,
        reference=group.reference,
        estimate=shift.difference,
        reason=None if shift.reason is None or measured else reason_text(shift.reason, group=group, base=_CASES),
        p_value=shift.p_value if measured else None,
        p_adjusted=shift.p_adjusted if measured else None,
        minimum_detectable=shift.minimum_detectable,
    )


def _ranking(cases: ScoredCases, groups: Sequence[Group]) -> Iterator[Finding]:
    try:
        labels = trusted_labels(cases)
    except NotMeasurableError as error:
        yield Finding(statistic="auc", reason=Text(en=error.english, nl=error.dutch))
        return
    known = labels.known
    compared = compare_aucs(
        cases.score,
        labels.positive,
        [(group.member & known, group.compared & known) for group in groups],
        confidence=cases.plan.confidence,
        cluster=cases.cluster,
        weight=cases.weight if labels.weight is None else labels.weight,
    )
    for group, ranking in zip(groups, compared, strict=True):
        yield from _ranking_findings(group, ranking, labels)


def _ranking_findings(group: Group, ranking: RankingComparison, labels: TrustedLabels) -> Iterator[Finding]:
    def both_kinds(side: Bools, whose: Text) -> Text | None:
        positives = int((labels.positive & side).sum())
        if 0 < positives < int((labels.known & side).sum()):
            return None
        english, dutch = ("with", "met") if positives == 0 else ("without", "zonder")
        return Text(
            en=f"{whose.en} has no {labels.base.en} {english} a violation, and a ranking needs both kinds",
            nl=f"{whose.nl} heeft geen {labels.base.nl} {dutch} overtreding, en een volgorde heeft beide nodig",
        )

    own = both_kinds(group.member, Text(en="this group", nl="deze groep"))
    other = both_kinds(group.compared, Text(en=f"the comparison ({group.reference})", nl="de vergelijkingsgroep"))
    counts = Counts(
        events=int((labels.positive & group.member).sum()),
        n=int((labels.known & group.member).sum()),
        reference_events=int((labels.positive & group.compared).sum()),
        reference_n=int((labels.known & group.compared).sum()),
    )
    area = Finding(
        statistic="auc",
        group=group.name,
        estimate=noted(ranking.auc, labels.note),
        counts=counts,
        reason=own if ranking.auc is None else None,
    )
    yield area
    yield replace(
        area,
        statistic="auc_difference",
        reference=group.reference,
        estimate=noted(ranking.difference, labels.note),
        reason=(own or other) if ranking.difference is None else None,
    )
