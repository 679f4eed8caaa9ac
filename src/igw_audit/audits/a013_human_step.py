"""A013: whether people follow the model's selection, and whether they treat groups alike at the same score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import REST, Group, ScoredCases, Step
from igw_audit.core.compared import TOO_FEW_TO_COMPARE, RateQuestion, group_counts, noted, rate_findings, unweighted
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.sampling import RANDOM
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.basis import spline_basis
from igw_audit.stats.compare import rate
from igw_audit.stats.conditional import ConditionalEffects, effects_of
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.residuals import residualise
from igw_audit.stats.standardised import StandardisedRatios, standardised_ratios

#: Family-wise level at which the minimum detectable difference counts as found; METHODS, part 2.
ALPHA = 0.04
DRAWS = 999

_NO_VARIATION = Text(
    en="every case reached this step, or none did, so groups cannot differ in it",
    nl="elke zaak bereikte deze stap, of geen enkele, dus groepen kunnen er niet in verschillen",
)
_GIVEN_SCORE = ("selection_rate_difference", "selection_rate_ratio")
_SAMPLED = Text(
    en="the table is a sample of investigated cases, and a comparison at the same score cannot weigh "
    "them back to all cases",
    nl="de tabel is een steekproef van onderzochte zaken, en een vergelijking bij gelijke score kan ze niet terugwegen",
)
_NOBODY_ELSE = Text(
    en="at these scores nobody in the rest reached this step, so a ratio has no meaning; see the difference",
    nl="bij deze scores bereikte niemand in de rest deze stap, dus een verhouding zegt niets; zie het verschil",
)
_SELECTED = Text(en="cases that the model selected", nl="zaken die het model selecteerde")
_PASSED_OVER = Text(en="cases that the model did not select", nl="zaken die het model niet selecteerde")
_UNPLACED = "the plan does not say where the model's selection stands among the steps"


def _unanswered(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups that cannot be compared at the same score, at a step that varies."""
    names = dict.fromkeys(
        finding.group
        for finding in findings
        if finding.statistic == "selection_rate_difference" and finding.reason is TOO_FEW_TO_COMPARE and finding.group
    )
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A013",
    title=Text(en="The human step", nl="De menselijke stap"),
    asks=Text(
        en="Do people follow the model's selection, and do they treat groups alike at the same score?",
        nl="Volgen mensen de selectie van het model, en behandelen ze groepen bij dezelfde score gelijk?",
    ),
    needs=("steps",),
    samples="scored",
    conclude=_unanswered,
)
def human_step(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Follow rate, rate of added cases, and each group's selection given the score, at every step after the model's.

    The word ``score`` among the plan's steps marks where the model's selection stands. Without it no step can be said
    to come before it, so all of them count, and the method of the follow rate says so.
    """
    groups = cases.groups_to_compare(attribute)
    steps, note = _human_steps(cases)
    for step in steps:
        yield from _following(cases, attribute, step, note=note)
    yield from _given_score(cases, attribute, groups, steps)


def _human_steps(cases: ScoredCases) -> tuple[tuple[Step, ...], str]:
    marked = [position for position, step in enumerate(cases.steps) if step.by_model]
    if not marked:
        return cases.steps, _UNPLACED
    after = cases.steps[marked[0] + 1 :]
    if not after:
        raise NotMeasurableError(
            "the plan's steps end with the model's own selection, so there is no human step to look at. "
            "Name the steps that follow it.",
            "de stappen in het plan eindigen met de selectie door het model, dus er is geen menselijke stap om naar te "
            "kijken. Noem de stappen die erna komen.",
        )
    return after, ""


def _following(cases: ScoredCases, attribute: str, step: Step, *, note: str) -> Iterator[Finding]:
    """Give how many of the model's selections reach the step, and how many of the others, over all and by group.

    Cases drawn by lot are left out: nobody chose them.
    """
    chosen = np.ones(cases.n, dtype=np.bool_) if cases.arm is None else np.asarray(cases.arm != RANDOM, dtype=np.bool_)
    notes = [note, "" if chosen.all() else "without cases drawn by lot"]
    for statistic, among, base in (
        ("follow_rate", cases.selected & chosen, _SELECTED),
        ("added_rate", ~cases.selected & chosen, _PASSED_OVER),
    ):
        asked = RateQuestion(
            statistic=statistic,
            event=step.reached,
            among=among,
            base=base,
            step=step.name,
            note="; ".join(part for part in notes if part),
            about="selected" if statistic == "follow_rate" else "cases",
        )
        yield _overall(cases, asked)
        yield from rate_findings(cases, attribute, asked)


def _overall(cases: ScoredCases, asked: RateQuestion) -> Finding:
    event = asked.event & asked.among
    counted = bool(asked.among.any())
    estimate = (
        rate(event, asked.among, confidence=cases.plan.confidence, cluster=cases.cluster, weight=cases.weight)
        if counted
        else None
    )
    return Finding(
        statistic=asked.statistic,
        step=asked.step,
        estimate=noted(estimate, asked.note),
        counts=Counts(events=int(event.sum()), n=int(asked.among.sum())),
        reason=None
        if counted
        else Text(
            en=f"there are no {asked.base.en}, so there is nothing to take a share of",
            nl=f"er zijn geen {asked.base.nl}, dus er is niets om een aandeel van te nemen",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    effects: ConditionalEffects
    ratios: StandardisedRatios


def _given_score(
    cases: ScoredCases, attribute: str, groups: Sequence[Group], steps: Sequence[Step]
) -> Iterator[Finding]:
    """Compare each group with the rest among cases with the same score, as a difference and as a ratio."""
    if cases.sampling is not None and cases.sampling.frame != "unclear":
        for step in steps:
            for group in groups:
                for name in _GIVEN_SCORE:
                    yield Finding(statistic=name, group=group.name, reference=REST, step=step.name, reason=_SAMPLED)
        return
    measured = _measure(cases, attribute, steps)
    for outcome, step in enumerate(steps):
        for position, group in enumerate(groups):
            counts = group_counts(step.reached, group)
            for finding in _pair(measured, (outcome, position)):
                found = replace(finding, group=group.name, reference=REST, step=step.name, counts=counts)
                yield unweighted(found, cases)


def _measure(cases: ScoredCases, attribute: str, steps: Sequence[Step]) -> _Measured:
    # the work list ends at the cutoff and each band has its own treatment, so the rate may jump there
    given = {"score": cases.score, "selected": cases.selected.astype(np.float64)}
    if cases.bands is not None:
        given["band"] = cases.bands.codes.astype(np.float64)
    events = np.column_stack([step.reached.astype(np.float64) for step in steps])
    residuals = residualise(
        events,
        cases.groupings[attribute].codes,
        spline_basis(pd.DataFrame(given)),
        seed=cases.plan.seed,
        cluster=cases.cluster,
    )
    effects = effects_of(residuals, seed=cases.plan.seed, draws=DRAWS, confidence=cases.plan.confidence, alpha=ALPHA)
    return _Measured(effects=effects, ratios=standardised_ratios(events, residuals, effects))


def _pair(measured: _Measured, place: tuple[int, int]) -> Iterator[Finding]:
    effects, ratios = measured.effects, measured.ratios
    names = _GIVEN_SCORE
    if effects.scale[place[0]] == 0 or not effects.measurable[place]:
        why = _NO_VARIATION if effects.scale[place[0]] == 0 else TOO_FEW_TO_COMPARE
        yield from (Finding(statistic=name, reason=why) for name in names)
        return
    p_value, p_adjusted = float(effects.p[place]), float(effects.p_adjusted[place])
    yield Finding(
        statistic=names[0],
        estimate=_estimate(effects, float(effects.effect[place]), (effects.low[place], effects.high[place])),
        p_value=p_value,
        p_adjusted=p_adjusted,
        minimum_detectable=float(effects.minimum_detectable[place]),
    )
    if not ratios.measurable[place]:
        yield Finding(statistic=names[1], reason=_NOBODY_ELSE)
        return
    yield Finding(
        statistic=names[1],
        estimate=_estimate(effects, float(ratios.ratio[place]), (ratios.low[place], ratios.high[place])),
        p_value=p_value,
        p_adjusted=p_adjusted,
    )


def _estimate(effects: ConditionalEffects, value: float, ends: tuple[float, float]) -> Estimate:
    low, high = (float(end) if np.isfinite(end) else None for end in ends)
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=effects.confidence,
        n=effects.cases,
        method=f"given the score, overlap-weighted, simultaneous over {effects.measurable.sum()} comparisons",
    )
