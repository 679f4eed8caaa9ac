"""A001: whether some groups are selected, or reach a step of the process, more often than others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Bools, Floats, ScoredCases, Step
from igw_audit.core.compared import About, RateQuestion, rate_findings, sure_of_population
from igw_audit.core.finding import Finding
from igw_audit.core.text import Text

_CASES = Text(en="cases", nl="zaken")
_NO_SCORE = Text(
    en="cases of the random arm have no score, so it is not known how many of them are in reach",
    nl="zaken uit de steekproef hebben geen score, dus het is niet bekend hoeveel ervan in aanmerking komen",
)
_SELECTION = ("selection_rate", "selection_rate_difference", "selection_rate_ratio")


def _unanswered(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups without an answer on selection itself, by the model or at a step."""
    names = dict.fromkeys(
        finding.group
        for finding in findings
        if finding.statistic in _SELECTION and finding.estimate is None and finding.group
    )
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A001",
    title=Text(en="Selection rate by group and process step", nl="Selectiegraad per groep en processtap"),
    asks=Text(
        en="Are some groups selected, or do they reach a step of the process, more often than others?",
        nl="Worden sommige groepen vaker geselecteerd, of bereiken ze vaker een stap in het proces, dan andere?",
    ),
    samples="any",
    conclude=_unanswered,
)
def selection_rate(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Rate, difference and ratio of selection; then of every process step, every score band, and other capacities.

    Of a sampled table the rates are those of the population; where its chances do not add up to that, there are none.
    """
    sure_of_population(cases)
    everyone = np.ones(cases.n, dtype=np.bool_)
    yield from rate_findings(
        cases,
        attribute,
        RateQuestion(statistic="selection_rate", event=cases.selected, among=everyone, base=_CASES, about="selection"),
    )
    yield from _funnel(cases, attribute, everyone)
    yield from _bands(cases, attribute, everyone)
    yield from _other_capacities(cases, attribute, everyone)


def _funnel(cases: ScoredCases, attribute: str, everyone: Bools) -> Iterator[Finding]:
    """Give the share of all cases that reach each step, and of those at the step before it that go on."""
    for position, step in enumerate(cases.steps):
        yield from rate_findings(
            cases,
            attribute,
            RateQuestion(
                statistic="selection_rate",
                event=step.reached,
                among=everyone,
                base=_CASES,
                step=step.name,
                about="selection" if step.by_model else "cases",
            ),
        )
        if position == 0:
            continue  # before the first step is everyone: its continuation is its selection rate
        before = cases.steps[position - 1]
        yield from rate_findings(
            cases,
            attribute,
            RateQuestion(
                statistic="continuation_rate",
                event=step.reached,
                among=before.reached,
                base=Text(
                    en=f"cases that reached the step {before.name!r}", nl=f"zaken die de stap {before.name!r} bereikten"
                ),
                step=step.name,
                about=_continuing(before, step),
            ),
        )


def _continuing(before: Step, step: Step) -> About:
    if before.by_model:
        return "selected"
    return "selection" if step.by_model else "cases"


def _bands(cases: ScoredCases, attribute: str, everyone: Bools) -> Iterator[Finding]:
    if cases.bands is None:
        return
    mildest = min(cases.bands.severity)
    for code, name in enumerate(cases.bands.names):
        selects = cases.bands.severity[code] > mildest
        if not selects and not cases.has("scores"):
            for group in cases.groups(attribute):
                yield Finding(statistic="band_rate", group=group.name, step=f"band:{name}", reason=_NO_SCORE)
            continue
        asked = RateQuestion(
            statistic="band_rate",
            event=cases.bands.codes == code,
            among=everyone,
            base=_CASES,
            step=f"band:{name}",
            about="selection" if selects else "cases",
        )
        yield from rate_findings(cases, attribute, asked)


def _other_capacities(cases: ScoredCases, attribute: str, everyone: Bools) -> Iterator[Finding]:
    """Give the ratio at half and at one and a half times the capacity, which varies by the year."""
    if cases.plan.capacity is None:
        return
    stands = np.ones(cases.n) if cases.sampling is None else cases.sampling.weight
    whose = cases.selected if cases.sampling is None else cases.sampling.chosen(cases.selected)
    at = float(stands[whose].sum())
    everyone_scored = cases.has("scores")
    for ending, taken in (
        ("at_half_capacity", max(1, round(at / 2))),
        (
            "at_one_and_a_half_capacity",
            min(cases.n, round(at * 3 / 2)) if cases.sampling is None else round(at * 3 / 2),
        ),
    ):
        if taken > at and not everyone_scored:
            for group in cases.groups(attribute):
                yield Finding(
                    statistic=f"selection_rate_ratio_{ending}",
                    group=group.name,
                    reference=group.reference,
                    reason=_NO_SCORE,
                )
            continue
        asked = RateQuestion(
            statistic="selection_rate",
            event=_first(cases, taken, stands),
            among=everyone,
            base=_CASES,
            note=f"{taken} cases",
            about="selection",
        )
        for finding in rate_findings(cases, attribute, asked):
            if finding.statistic == "selection_rate_ratio":
                yield replace(finding, statistic=f"{finding.statistic}_{ending}")


def _first(cases: ScoredCases, taken: int, stands: Floats) -> Bools:
    """Select cases that stand for ``taken``: those that the plan selects before others, then by score, ties by lot."""
    lot = np.random.default_rng(cases.plan.seed).permutation(cases.n)
    order = np.lexsort((lot, -cases.score, ~cases.selected))
    if cases.sampling is not None and cases.sampling.frame != "own_chance":
        order = order[~cases.sampling.by_lot[order]]
    first = np.zeros(cases.n, dtype=np.bool_)
    first[order[np.cumsum(stands[order]) - stands[order] / 2 < taken]] = True
    return first
