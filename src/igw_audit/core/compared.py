"""From group comparisons to findings: rate, difference and ratio of every group, or the reason why one is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from igw_audit.core.audit import Conclusion
from igw_audit.core.cases import REST, Bools, Floats, Group, ScoredCases
from igw_audit.core.finding import LEVELS, Counts, Finding
from igw_audit.core.text import Text
from igw_audit.stats.compare import RateComparison, Unmeasured, compare_rates
from igw_audit.stats.estimate import Estimate

#: Why a comparison given the declared factors has no number.
TOO_FEW_TO_COMPARE = Text(
    en="fewer than three independent cases, or nobody else with the same declared factors: nothing to compare with",
    nl="minder dan drie losse zaken, of niemand anders met dezelfde verklaarde factoren: er valt niets te vergelijken",
)
#: Added to the method of a number that the plan's case weights do not enter.
UNWEIGHTED = "case weights do not enter"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateQuestion:
    """Of which cases, which share has the event.

    Attributes
    ----------
    statistic : str
        Name of the rate, for example ``selection_rate``; the comparisons add ``_difference`` and ``_ratio``.
    event, among : ndarray of bool, shape (n_cases,)
        Events count only among the cases of ``among``.
    base : Text
        What the cases of ``among`` are, for the reason where a group has none: "cases with a known label".
    step : str or None
        The process step or score band, None for the model's own selection.
    weight : ndarray of float64 or None
        Weight of each case; None takes the plan's.
    note : str
        Added to the name of the method, for example "random arm".
    """

    statistic: str
    event: Bools
    among: Bools
    base: Text
    step: str | None = None
    weight: Floats | None = None
    note: str = ""


def rate_comparisons(cases: ScoredCases, groups: Sequence[Group], asked: RateQuestion) -> tuple[RateComparison, ...]:
    """Compare the rate of every group with its reference, simultaneously over the groups."""
    return compare_rates(
        asked.event & asked.among,
        asked.among,
        [(group.member, group.compared) for group in groups],
        confidence=cases.plan.confidence,
        cluster=cases.cluster,
        weight=cases.weight if asked.weight is None else asked.weight,
        seed=cases.plan.seed,
    )


def rate_findings(cases: ScoredCases, attribute: str, asked: RateQuestion) -> Iterator[Finding]:
    """Give rate, difference and ratio for every group of an attribute; nobody is left out."""
    groups = tuple(cases.groups(attribute))
    for group, compared in zip(groups, rate_comparisons(cases, groups, asked), strict=True):
        yield from group_findings(group, compared, asked)


def group_findings(group: Group, compared: RateComparison, asked: RateQuestion) -> Iterator[Finding]:
    """Give the three findings of one group from its comparison."""
    counts = Counts(
        events=compared.counts.events,
        n=compared.counts.n,
        reference_events=compared.counts.reference_events,
        reference_n=compared.counts.reference_n,
    )
    why = None if compared.reason is None else reason_text(compared.reason, group=group, base=asked.base)
    for ending, estimate in (("", compared.rate), ("_difference", compared.difference), ("_ratio", compared.ratio)):
        against = ending != ""
        tested = against and estimate is not None
        yield Finding(
            statistic=asked.statistic + ending,
            group=group.name,
            reference=group.reference if against else None,
            step=asked.step,
            estimate=noted(estimate, asked.note),
            counts=counts,
            reason=why if estimate is None else None,
            p_value=compared.p_value if tested else None,
            p_adjusted=compared.p_adjusted if tested else None,
            minimum_detectable=compared.minimum_detectable if ending == "_difference" else None,
        )


def group_counts(event: Bools, group: Group) -> Counts:
    """Count the events among all of a group, and among everyone else."""
    others = ~group.member
    return Counts(
        events=int((event & group.member).sum()),
        n=group.n,
        reference_events=int((event & others).sum()),
        reference_n=int(others.sum()),
    )


def gravest_level(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:
    """Take the gravest level among the groups that gate; name every group that has too little data."""
    totals = [finding for finding in findings if finding.statistic == "delta_total"]
    unclear = tuple(finding.group for finding in totals if finding.level == "inconclusive" and finding.group)
    gating = {finding.level for finding in totals if finding.group and cases.gates(attribute, finding.group)}
    level = next((level for level in LEVELS if level in gating), "inconclusive")
    if level == "explained_by_declared" and "use_not_excluded" in gating:
        # explained holds for every group that gates, or not at all
        level = "use_not_excluded"
    return Conclusion(level=level, inconclusive_groups=unclear)


def noted(estimate: Estimate | None, note: str) -> Estimate | None:
    """Add a note to the method of an estimate, so that the number says what it rests on."""
    if estimate is None or not note:
        return estimate
    return replace(estimate, method=f"{estimate.method}; {note}")


def unweighted(finding: Finding, cases: ScoredCases) -> Finding:
    """Add to the method that the plan's case weights do not enter this number, where there are any."""
    if cases.weight is None:
        return finding
    return replace(finding, estimate=noted(finding.estimate, UNWEIGHTED))


def reason_text(reason: Unmeasured, *, group: Group, base: Text) -> Text:
    """Say in both languages why a comparison has no number."""
    if reason is Unmeasured.EMPTY_GROUP:
        return Text(
            en=f"this group has no {base.en}, so there is nothing to take a share of",
            nl=f"deze groep heeft geen {base.nl}, dus er is niets om een aandeel van te nemen",
        )
    if reason is Unmeasured.EMPTY_REFERENCE:
        return Text(
            en=f"{_compared_en(group)} has no {base.en}, so there is nothing to compare this group with",
            nl=f"{_compared_nl(group)} heeft geen {base.nl}, dus er is niets om deze groep mee te vergelijken",
        )
    if reason is Unmeasured.NO_REFERENCE_EVENTS:
        return Text(
            en=f"it happened to nobody in {_compared_en(group)}, so a ratio has no meaning; see the difference",
            nl=f"het gebeurde bij niemand in {_compared_nl(group)}, dus een verhouding zegt niets; zie het verschil",
        )
    return Text(
        en=f"fewer than two independent cases among the {base.en}, so the spread cannot be known",
        nl=f"minder dan twee losse zaken onder de {base.nl}, dus de spreiding is niet te bepalen",
    )


def _compared_en(group: Group) -> str:
    return "the rest" if group.reference == REST else f"the reference group {group.reference!r}"


def _compared_nl(group: Group) -> str:
    return "de rest" if group.reference == REST else f"de referentiegroep {group.reference!r}"
