"""From group comparisons to findings: rate, difference and ratio of every group, or the reason why one is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from igw_audit.core.audit import Conclusion
from igw_audit.core.cases import REST, Bools, Floats, Group, ScoredCases
from igw_audit.core.finding import LEVELS, Counts, Finding
from igw_audit.core.sampling import Sampling
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.compare import RateComparison, Unmeasured, compare_rates
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.sampled import Totals, compare_sampled_rates

#: Why a comparison given the declared factors has no number.
TOO_FEW_TO_COMPARE = Text(
    en="fewer than three independent cases, or nobody else with the same declared factors: nothing to compare with",
    nl="minder dan drie losse zaken, of niemand anders met dezelfde verklaarde factoren: er valt niets te vergelijken",
)
#: Added to the method of a number that the plan's case weights do not enter.
UNWEIGHTED = "case weights do not enter"


#: What a share is about, which says who stands for whom in a sampled table. ``cases``: something that is known of every
#: case of ``among``, selected or not. ``selection``: the event is, or implies, being selected by the model.
#: ``missed``: it is not being selected. ``selected``: all of ``among`` are selected. ``table``: the rows of
#: the table, and nobody else.
About = Literal["cases", "selection", "missed", "selected", "table"]


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
    about : About
    """

    statistic: str
    event: Bools
    among: Bools
    base: Text
    step: str | None = None
    weight: Floats | None = None
    note: str = ""
    about: About = "cases"


def rate_comparisons(cases: ScoredCases, groups: Sequence[Group], asked: RateQuestion) -> tuple[RateComparison, ...]:
    """Compare the rate of every group with its reference, simultaneously over the groups.

    Raises
    ------
    NotMeasurableError
        If the cases are a sample whose chances do not add up to the population.
    """
    pairs = [(group.member, group.compared) for group in groups]
    weight = cases.weight if asked.weight is None else asked.weight
    sampling = cases.sampling
    if sampling is None or sampling.frame == "unclear":
        return compare_rates(
            asked.event & asked.among,
            asked.among,
            pairs,
            confidence=cases.plan.confidence,
            cluster=cases.cluster,
            weight=weight,
            seed=cases.plan.seed,
        )
    return _of_the_population(cases, pairs, asked, sampling)


def sure_of_population(cases: ScoredCases) -> None:
    """Refuse a figure about the population where the table is not, and does not stand for, the population."""
    if cases.sampling is not None and cases.sampling.problem is not None:
        raise NotMeasurableError(cases.sampling.problem.en, cases.sampling.problem.nl)


def _of_the_population(
    cases: ScoredCases, pairs: Sequence[tuple[Bools, Bools]], asked: RateQuestion, sampling: Sampling
) -> tuple[RateComparison, ...]:
    """Let each case stand for as many as were as likely to be drawn; see docs/decisions/0019."""
    plan, among, event = cases.plan, asked.among, asked.event & asked.among
    if asked.about == "table":
        return compare_rates(
            event, among, pairs, confidence=plan.confidence, cluster=cases.cluster, weight=None, seed=plan.seed
        )
    sure_of_population(cases)
    weight = sampling.weight if asked.weight is None else asked.weight
    base, chosen = sampling.base(cases.selected), sampling.chosen(cases.selected)
    if asked.about in ("cases", "selected"):
        among = among & (base if asked.about == "cases" else chosen)
        held = weight[among]
        alike = not len(held) or bool(np.ptp(held) == 0)
        return compare_rates(
            event & among,
            among,
            pairs,
            confidence=plan.confidence,
            cluster=cases.cluster,
            weight=None if alike else np.where(among, weight, 1.0),
            seed=plan.seed,
        )
    inverted = asked.about == "missed"
    happened = among & ~event & chosen if inverted else event & chosen
    totals = Totals(
        numerator=np.where(happened, weight, 0.0), denominator=np.where(among & base, weight, 0.0), inverted=inverted
    )
    return compare_sampled_rates(totals, pairs, confidence=plan.confidence, cluster=cases.cluster, seed=plan.seed)


def rate_findings(cases: ScoredCases, attribute: str, asked: RateQuestion) -> Iterator[Finding]:
    """Give rate, difference and ratio for every group of an attribute; nobody is left out."""
    groups = tuple(cases.groups(attribute))
    compared_groups = rate_comparisons(cases, groups, asked)
    told = replace(asked, note=sampled_note(cases, asked))
    for group, compared in zip(groups, compared_groups, strict=True):
        yield from group_findings(group, compared, told)


_STANDS_FOR = {
    "own_chance": "each case stands for 1/chance cases",
    "all_cases": "the random arm stands for all cases by 1/chance",
    "not_selected": "the random arm stands for the cases not selected by 1/chance",
}


def sampled_note(cases: ScoredCases, asked: RateQuestion) -> str:
    """Return the question's note, with what a sampled table's cases stand for."""
    sampling = cases.sampling
    if sampling is None or sampling.frame == "unclear" or asked.about == "table":
        return asked.note
    stands = _STANDS_FOR[sampling.frame] if asked.about != "selected" else "selected cases, by 1/chance"
    return "; ".join(part for part in (asked.note, stands) if part)


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
    if cases.weight is None and cases.sampling is None:
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
    if reason is Unmeasured.OVERFULL:
        return Text(
            en="more cases were selected than the random sample says there are in this group, or beside it: too few of "
            "them were drawn at random to tell",
            nl="er zijn meer zaken geselecteerd dan er volgens de steekproef in deze groep zijn, of "
            "daarbuiten: er zijn te "
            "weinig zaken willekeurig getrokken om dit te kunnen zeggen",
        )
    return Text(
        en=f"fewer than two independent cases among the {base.en}, so the spread cannot be known",
        nl=f"minder dan twee losse zaken onder de {base.nl}, dus de spreiding is niet te bepalen",
    )


def _compared_en(group: Group) -> str:
    return "the rest" if group.reference == REST else f"the reference group {group.reference!r}"


def _compared_nl(group: Group) -> str:
    return "de rest" if group.reference == REST else f"de referentiegroep {group.reference!r}"
