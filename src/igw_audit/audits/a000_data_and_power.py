"""A000: whether the cases can answer at all: how many of each group, what is missing, whose labels, what would show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Bools, Floats, Group, ScoredCases
from igw_audit.core.compared import RateQuestion, group_findings, rate_comparisons, rate_findings, unweighted
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.text import Text
from igw_audit.stats.basis import spline_basis
from igw_audit.stats.compare import rate
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.proportions import normal_quantile
from igw_audit.stats.residuals import residualise

#: A gap of five percentage points in selection is what the default policy would not let pass in error rates, and what a
#: gate that waits for significance lets through in 78 % of cases with groups of a hundred: smaller than that must show.
DETECTABLE = 0.05
#: Features whose missing values are shown group by group; all of them are counted.
WORST_FEATURES = 3

_ALL = Text(en="cases", nl="zaken")
_NO_ARM = Text(
    en="the plan names no column for the arm, so it is not known which labels come from cases drawn by lot",
    nl="het plan noemt geen kolom voor de route (arm), dus het is niet bekend welke uitkomsten uit een loting komen",
)
_NO_FEATURES = Text(en="the case table names no features", nl="de zakentabel noemt geen kenmerken")


def _assessable(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:
    """Name the groups for which a gap of five percentage points in selection could go unseen."""
    held = [
        finding.group
        for finding in findings
        if finding.statistic == "minimum_detectable_difference"
        and finding.group
        and (finding.estimate is None or finding.estimate.value > DETECTABLE)
    ]
    gating = any(cases.gates(attribute, group) for group in held)
    return Conclusion(level="inconclusive" if gating else None, inconclusive_groups=tuple(held))


@audit(
    code="A000",
    title=Text(en="Data and power", nl="Gegevens en onderscheidend vermogen"),
    asks=Text(
        en="Can these cases answer the question, for every group?",
        nl="Kunnen deze zaken de vraag beantwoorden, voor elke groep?",
    ),
    samples="any",
    conclude=_assessable,
)
def data_and_power(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Size and smallest detectable difference of every group; missing values, labels, arms, overlap."""
    groups = tuple(cases.groups(attribute))
    yield from _sizes(cases, groups)
    yield from _power(cases, groups)
    yield from _missing(cases, groups)
    yield from _labels(cases, attribute)
    yield from _arms(cases, groups)
    yield from (unweighted(finding, cases) for finding in _overlap(cases, attribute))


def _sizes(cases: ScoredCases, groups: Sequence[Group]) -> Iterator[Finding]:
    for group in groups:
        yield Finding(
            statistic="group_size",
            group=group.name,
            estimate=_number(group.n, cases, n=group.n, method="count"),
            counts=Counts(events=group.n, n=group.n),
        )


def _power(cases: ScoredCases, groups: Sequence[Group]) -> Iterator[Finding]:
    asked = RateQuestion(
        statistic="selection_rate",
        event=cases.selected,
        among=np.ones(cases.n, dtype=np.bool_),
        base=_ALL,
        about="selection",
    )
    for group, compared in zip(groups, rate_comparisons(cases, groups, asked), strict=True):
        smallest = compared.minimum_detectable
        yield Finding(
            statistic="minimum_detectable_difference",
            group=group.name,
            reference=group.reference,
            estimate=None if smallest is None else _number(smallest, cases, n=group.n, method="80 % power, two-sided"),
            counts=Counts(
                events=compared.counts.events,
                n=compared.counts.n,
                reference_events=compared.counts.reference_events,
                reference_n=compared.counts.reference_n,
            ),
            reason=None
            if smallest is not None
            else Text(
                en="with so few cases no difference in selection, however large, would surely be found",
                nl="met zo weinig zaken wordt geen enkel verschil in selectie zeker gevonden, hoe groot ook",
            ),
            minimum_detectable=smallest,
        )


def _number(value: float, cases: ScoredCases, *, n: int, method: str) -> Estimate:
    """Give a number that is computed and not estimated: it has no interval."""
    return Estimate(value=value, low=None, high=None, confidence=cases.plan.confidence, n=n, method=method)


def _missing(cases: ScoredCases, groups: Sequence[Group]) -> Iterator[Finding]:
    """Count all features; show those in which missing values differ most between a group and its reference."""
    absent = {str(name): cases.features[name].isna().to_numpy(dtype=np.bool_) for name in cases.features.columns}
    if not absent:
        yield Finding(statistic="features_with_missing_share", reason=_NO_FEATURES)
        return
    gappy = [name for name, missing in absent.items() if missing.any()]
    yield Finding(
        statistic="features_with_missing_share",
        features=tuple(gappy),
        estimate=_number(len(gappy) / len(absent), cases, n=len(absent), method="count of features"),
        counts=Counts(events=len(gappy), n=len(absent)),
    )
    worst = sorted(gappy, key=lambda name: (-_largest_gap(absent[name], groups), name))[:WORST_FEATURES]
    everyone = np.ones(cases.n, dtype=np.bool_)
    for name in worst:
        asked = RateQuestion(statistic="missing_share", event=absent[name], among=everyone, base=_ALL)
        for group, compared in zip(groups, rate_comparisons(cases, groups, asked), strict=True):
            for finding in group_findings(group, compared, asked):
                if not finding.statistic.endswith("_ratio"):
                    yield replace(finding, features=(name,))


def _largest_gap(missing: Bools, groups: Sequence[Group]) -> float:
    """Give the largest difference with the reference over groups, in standard errors: a group of two proves little."""
    overall = float(missing.mean())
    sizes = [(int(group.member.sum()), int(group.compared.sum())) for group in groups]
    return max(
        (
            abs(float(missing[group.member].mean()) - float(missing[group.compared].mean()))
            / np.sqrt(max(overall * (1 - overall), 1e-12) * (1 / n + 1 / m))
            for group, (n, m) in zip(groups, sizes, strict=True)
            if n and m
        ),
        default=0.0,
    )


def _labels(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    if cases.label is None:
        return
    asked = RateQuestion(
        statistic="label_known_share",
        event=cases.label.known,
        among=np.ones(cases.n, dtype=np.bool_),
        base=_ALL,
        about="table",
    )
    yield from (f for f in rate_findings(cases, attribute, asked) if not f.statistic.endswith("_ratio"))


def _arms(cases: ScoredCases, groups: Sequence[Group]) -> Iterator[Finding]:
    """Give the share of known labels by arm, over all cases (where the policy looks) and for every group."""
    if cases.label is None:
        return
    known = cases.label.known
    if cases.arm is None:
        yield Finding(statistic="random_arm_share", reason=_NO_ARM)
        return
    if not known.any():
        yield Finding(
            statistic="random_arm_share",
            counts=Counts(events=0, n=0),
            reason=Text(en="no case has a known label", nl="van geen enkele zaak is de uitkomst bekend"),
        )
        return
    for arm in ("random", "risk", "signal"):
        drawn = np.asarray(cases.arm == arm, dtype=np.bool_)
        statistic = f"{arm}_arm_share"
        yield Finding(
            statistic=statistic,
            estimate=rate(
                drawn & known,
                known,
                confidence=cases.plan.confidence,
                cluster=cases.cluster,
                weight=None if cases.sampling is not None else cases.weight,
            ),
            counts=Counts(events=int((drawn & known).sum()), n=int(known.sum())),
        )
        asked = RateQuestion(
            statistic=statistic,
            event=drawn,
            among=known,
            base=Text(en="cases with a known label", nl="zaken met een bekende uitkomst"),
            about="table",
        )
        for group, compared in zip(groups, rate_comparisons(cases, groups, asked), strict=True):
            yield next(group_findings(group, compared, asked))


def _overlap(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Give what is left of each group's comparison once declared factors are known: 1 all of it, 0 nothing."""
    grouping = cases.groupings[attribute]
    declared = [name for name in cases.features.columns if name in cases.plan.declared]
    if not declared or len(grouping.names) < 2:
        return
    left = residualise(
        np.zeros((cases.n, 1)),
        grouping.codes,
        spline_basis(cases.features[declared]),
        seed=cases.plan.seed,
        cluster=cases.cluster,
    ).member
    share = grouping.sizes() / cases.n
    squares: Floats = left**2 / (share * (1 - share))
    half = normal_quantile(cases.plan.confidence) * squares.std(axis=0) / np.sqrt(cases.n)
    for code, name in enumerate(grouping.names):
        value = min(float(squares[:, code].mean()), 1.0)
        yield Finding(
            statistic="overlap_share",
            group=name,
            features=tuple(declared),
            estimate=Estimate(
                value=value,
                low=max(value - float(half[code]), 0.0),
                high=min(value + float(half[code]), 1.0),
                confidence=cases.plan.confidence,
                n=cases.n,
                method="variance of membership left after declared factors, cross-fitted",
            ),
        )
