"""A001: whether some groups are selected, or reach a step of the process, more often than others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Bools, ScoredCases
from igw_audit.core.compared import RateQuestion, rate_findings
from igw_audit.core.finding import Finding
from igw_audit.core.text import Text

_CASES = Text(en="cases", nl="zaken")
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
    conclude=_unanswered,
)
def selection_rate(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Rate, difference and ratio of selection; then of every process step, every score band, and other capacities."""
    everyone = np.ones(cases.n, dtype=np.bool_)
    yield from rate_findings(
        cases,
        attribute,
        RateQuestion(statistic="selection_rate", event=cases.selected, among=everyone, base=_CASES),
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
            RateQuestion(statistic="selection_rate", event=step.reached, among=everyone, base=_CASES, step=step.name),
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
            ),
        )


def _bands(cases: ScoredCases, attribute: str, everyone: Bools) -> Iterator[Finding]:
    if cases.bands is None:
        return
    for code, name in enumerate(cases.bands.names):
        asked = RateQuestion(
            statistic="band_rate",
            event=cases.bands.codes == code,
            among=everyone,
            base=_CASES,
            step=f"band:{name}",
        )
        yield from rate_findings(cases, attribute, asked)


def _other_capacities(cases: ScoredCases, attribute: str, everyone: Bools) -> Iterator[Finding]:
    """Give the ratio at half and at one and a half times the capacity, which varies by the year."""
    if cases.plan.capacity is None:
        return
    at = int(cases.selected.sum())
    for ending, taken in (
        ("at_half_capacity", max(1, round(at / 2))),
        ("at_one_and_a_half_capacity", min(cases.n, round(at * 3 / 2))),
    ):
        asked = RateQuestion(
            statistic="selection_rate", event=_first(cases, taken), among=everyone, base=_CASES, note=f"{taken} cases"
        )
        for finding in rate_findings(cases, attribute, asked):
            if finding.statistic == "selection_rate_ratio":
                yield replace(finding, statistic=f"{finding.statistic}_{ending}")


def _first(cases: ScoredCases, taken: int) -> Bools:
    """Select the first ``taken`` cases: those that the plan selects before others, then by score, ties by lot."""
    lot = np.random.default_rng(cases.plan.seed).permutation(cases.n)
    order = np.lexsort((lot, -cases.score, ~cases.selected))
    first = np.zeros(cases.n, dtype=np.bool_)
    first[order[:taken]] = True
    return first
