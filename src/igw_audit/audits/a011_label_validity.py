"""A011: whether the known outcomes stand for all cases of every group: where they come from, and what it distorts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from igw_audit.audits.stated_chances import sampling_of, stands_for_population, stated_chances
from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Bools, Group, Label, ScoredCases
from igw_audit.core.compared import (
    RateQuestion,
    noted,
    rate_findings,
    reason_text,
    unweighted,
)
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.sampling import RANDOM
from igw_audit.core.schema import ARMS
from igw_audit.core.text import Text
from igw_audit.core.trusted import TrustedLabels, has_random_arm, trusted_labels
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.compare import rate
from igw_audit.stats.distortion import Outcomes, distortions, equal_rates_by_lot
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.proportions import normal_quantile

#: How precisely a random arm should tell the rate of violations: two points up or down.
PRECISION = 0.02
#: A rate that was found outside a random arm is taken to lie in here when one is planned.
_PLAUSIBLE = (0.05, 0.5)

_KNOWN = Text(en="cases with a known label", nl="zaken met een bekende uitkomst")
_FOUND = Text(en="cases in which something was found", nl="zaken waarin iets is gevonden")
_LOT = Text(en="cases from the random arm", nl="zaken uit de willekeurige steekproef")
_NONE = "none"


def _unanswered(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups whose distortion is not known."""
    names = dict.fromkeys(
        finding.group
        for finding in findings
        if finding.statistic == "label_distortion" and finding.estimate is None and finding.group
    )
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A011",
    title=Text(en="Validity of the outcomes", nl="Geldigheid van de uitkomsten"),
    asks=Text(
        en="Do the known outcomes stand for all cases of every group, or only for those that somebody chose?",
        nl="Staan de bekende uitkomsten voor alle zaken van elke groep, of alleen voor de zaken die iemand uitkoos?",
    ),
    needs=("label",),
    samples="any",
    conclude=_unanswered,
)
def label_validity(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Origin of the outcomes, violation rates on three bases, the distortion of inspected cases, and types by group."""
    label = cases.label
    if label is None or not label.known.any() or not has_random_arm(cases):
        raise _not_assessable(cases)
    trusted = trusted_labels(cases)
    groups = tuple(cases.groups(attribute))
    yield from _arms(cases, attribute, label)
    yield from _rates(cases, attribute, trusted, label)
    yield unweighted(_equal_by_lot(cases, attribute, label), cases)
    yield from _distortions(cases, groups, trusted, label)
    if sampling_of(cases) is not None:
        yield from stands_for_population(cases)
    elif trusted.by_chance:
        yield from (unweighted(finding, cases) for finding in stated_chances(cases, groups, label))
    yield from _types(cases, attribute, label)


def _not_assessable(cases: ScoredCases) -> NotMeasurableError:
    label = cases.label
    if label is None or not label.known.any():
        return NotMeasurableError(
            "no case has a known label, so there are no outcomes to look at. Give the outcomes of investigated cases.",
            "van geen enkele zaak is de uitkomst bekend, dus er zijn geen uitkomsten om naar te kijken. "
            "Geef de uitkomsten van onderzochte zaken.",
        )
    found = float(label.positive.sum() / label.known.sum())
    n = cases_for_precision(found, confidence=cases.plan.confidence)
    return NotMeasurableError(
        "not assessable: no case with a known label was drawn by lot, so nobody knows what would have been found among "
        f"the cases that were not chosen. A random arm of about {n} cases would tell the rate of violations to within "
        f"two points, over all or in a group that has {n} of them; give the plan its arm and the chance of each case.",
        "niet te beoordelen: geen enkele zaak met een bekende uitkomst is door loting gekozen, dus niemand weet wat er "
        f"gevonden was in de zaken die niet zijn uitgekozen. Een willekeurige steekproef van ongeveer {n} zaken geeft "
        f"het deel overtredingen op twee punten nauwkeurig, voor iedereen of voor een groep met {n} van die zaken; "
        "geef het plan de route (arm) en de kans van elke zaak.",
    )


def cases_for_precision(rate_found: float, *, confidence: float) -> int:
    """Count the cases drawn by lot that tell a rate to within two percentage points.

    >>> cases_for_precision(0.10, confidence=0.95), cases_for_precision(0.5, confidence=0.95)
    (865, 2401)
    """
    p = min(max(rate_found, _PLAUSIBLE[0]), _PLAUSIBLE[1])
    return math.ceil(normal_quantile(confidence) ** 2 * p * (1 - p) / PRECISION**2)


def _arms(cases: ScoredCases, attribute: str, label: Label) -> Iterator[Finding]:
    """Say which share of the known outcomes comes from each arm, over all and by group."""
    for arm in sorted(ARMS, key=lambda name: name != RANDOM):
        drawn = np.asarray(cases.arm == arm, dtype=np.bool_)
        asked = RateQuestion(statistic=f"{arm}_arm_share", event=drawn, among=label.known, base=_KNOWN, about="table")
        yield _overall(cases, asked)
        yield from rate_findings(cases, attribute, asked)


def _overall(cases: ScoredCases, asked: RateQuestion) -> Finding:
    event = asked.event & asked.among
    return Finding(
        statistic=asked.statistic,
        step=asked.step,
        estimate=rate(
            event,
            asked.among,
            confidence=cases.plan.confidence,
            cluster=cases.cluster,
            weight=None if asked.about == "table" and cases.sampling is not None else cases.weight,
        ),
        counts=Counts(events=int(event.sum()), n=int(asked.among.sum())),
    )


def _rates(cases: ScoredCases, attribute: str, trusted: TrustedLabels, label: Label) -> Iterator[Finding]:
    """Give the violation rate by inspected cases only, by the random arm only, and carried over to all cases."""
    asked = [
        RateQuestion(
            statistic="inspected_violation_rate",
            event=label.positive,
            among=label.known,
            base=_KNOWN,
            note="inspected cases only",
            about="table",
        ),
        RateQuestion(
            statistic="random_arm_violation_rate",
            event=label.positive,
            among=label.known & _by_lot(cases),
            base=_LOT,
            note="random arm only",
        ),
    ]
    if sampling_of(cases) is not None:
        yield _overall(cases, asked[1])
    if trusted.by_chance:
        asked.append(
            RateQuestion(
                statistic="weighted_violation_rate",
                event=label.positive,
                among=trusted.known,
                base=trusted.base,
                weight=trusted.weight,
                note=trusted.note,
            )
        )
    for one in asked:
        yield from rate_findings(cases, attribute, one)


def _by_lot(cases: ScoredCases) -> Bools:
    return np.asarray(cases.arm == RANDOM, dtype=np.bool_)


def _equal_by_lot(cases: ScoredCases, attribute: str, label: Label) -> Finding:
    """Test that the random arm finds as much in every group; the value is Cramer's V, 0 for equal rates."""
    drawn = label.known & _by_lot(cases)
    codes, found = cases.groupings[attribute].codes[drawn], label.positive[drawn]
    cluster = None if cases.cluster is None else cases.cluster[drawn]
    p_value = equal_rates_by_lot(codes, found, cluster=cluster, seed=cases.plan.seed)
    statistic = "random_arm_equal_rates"
    counts = Counts(events=int(found.sum()), n=int(drawn.sum()))
    if p_value is None:
        return Finding(
            statistic=statistic,
            counts=counts,
            reason=Text(
                en="the random arm holds one group only, or found the same in every case: there is nothing to compare",
                nl="de steekproef heeft maar één groep, of vond in elke zaak hetzelfde: er valt niets te vergelijken",
            ),
        )
    sizes = np.bincount(codes).astype(np.float64)
    shares = np.bincount(codes, found, minlength=len(sizes)) / np.maximum(sizes, 1.0)
    pooled = found.mean()
    value = float(np.sqrt((sizes * (shares - pooled) ** 2).sum() / (len(codes) * pooled * (1 - pooled))))
    return Finding(
        statistic=statistic,
        estimate=Estimate(
            value=min(value, 1.0),
            low=None,
            high=None,
            confidence=cases.plan.confidence,
            n=len(codes),
            method="Cramer's V; chi-square by redrawn outcomes"
            if cluster is None
            else "Cramer's V; chi-square on effective counts",
        ),
        counts=counts,
        p_value=p_value,
    )


def _distortions(
    cases: ScoredCases, groups: Sequence[Group], trusted: TrustedLabels, label: Label
) -> Iterator[Finding]:
    """Give inspected-only less all cases for each group, and how that differs from its reference's."""
    weight = np.where(trusted.known, 1.0 if trusted.weight is None else trusted.weight, 0.0)
    sampling = sampling_of(cases)
    outcomes = Outcomes(
        event=label.positive,
        inspected=label.known,
        weight=weight if sampling is None else np.where(sampling.base(cases.selected), weight, 0.0),
        own=cases.weight if sampling is None else None,
        cluster=cases.cluster,
    )
    pairs = [(group.member, group.compared) for group in groups]
    measured = distortions(outcomes, pairs, confidence=cases.plan.confidence, seed=cases.plan.seed)
    note = f"all cases by {trusted.note}"
    for group, found in zip(groups, measured, strict=True):
        known, others = label.known & group.member, label.known & group.compared
        counts = Counts(events=int((label.positive & known).sum()), n=int(known.sum()))
        why = None if found.reason is None else reason_text(found.reason, group=group, base=trusted.base)
        alone = Finding(
            statistic="label_distortion",
            group=group.name,
            estimate=noted(found.distortion, note),
            counts=counts,
            reason=why if found.distortion is None else None,
        )
        yield alone
        yield replace(
            alone,
            statistic="label_distortion_difference",
            reference=group.reference,
            estimate=noted(found.difference, note),
            counts=replace(
                counts, reference_events=int((label.positive & others).sum()), reference_n=int(others.sum())
            ),
            reason=why if found.difference is None else None,
        )


def _types(cases: ScoredCases, attribute: str, label: Label) -> Iterator[Finding]:
    """Give the share of each type among known outcomes, and among those in which something was found."""
    words, counts = np.unique(label.types[label.known].astype(str), return_counts=True)
    found = label.known & (label.types != _NONE)
    for word in sorted(words, key=lambda name: (-int(counts[words == name][0]), name)):
        of_type = np.asarray(label.types == word, dtype=np.bool_)
        bases = [("label_type_share", label.known, _KNOWN)]
        if word != _NONE:
            bases.append(("found_type_share", found, _FOUND))
        for statistic, among, base in bases:
            asked = RateQuestion(statistic=statistic, event=of_type, among=among, base=base, step=str(word))
            yield from rate_findings(cases, attribute, asked)
