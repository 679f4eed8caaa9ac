"""What the model does to whom: natural frequencies per group, with intervals in words."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from igw_audit.core.cases import ALL_OTHER, NOT_RECORDED, REST
from igw_audit.core.disclosure import SUPPRESS_BELOW
from igw_audit.core.finding import Finding, Outcome
from igw_audit.report.charts.dots import dots
from igw_audit.report.charts.intervals import Axis, Line, intervals
from igw_audit.report.scene import SELECTION, Scene

#: Groups whose sentence is written out; the table has all.
_WRITTEN_OUT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group's line in the table; texts, ready to be shown."""

    group: str
    cases: str
    selected: str
    between: str
    rest: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributePeople:
    """One attribute's part of the section."""

    heading: str
    rows: tuple[GroupRow, ...]
    written: tuple[str, ...]
    more: str
    dots: Markup | None
    charts: tuple[Markup, ...]
    none: str


def operating(scene: Scene) -> str:
    """Say when a case is selected, from the plan."""
    plan, words, numbers = scene.record.plan, scene.words, scene.numbers
    score = scene.record.provenance.score
    way = "_safer" if score is not None and score.higher == "safer" else ""
    if plan.capacity is not None:
        if isinstance(plan.capacity, int):
            return words(f"people.operating_capacity{way}", capacity=numbers.whole(plan.capacity))
        return words(f"people.operating_share{way}", capacity=numbers.exact_percent(plan.capacity))
    if plan.threshold is not None:
        return words(f"people.operating_threshold{way}", threshold=numbers.setting(plan.threshold))
    bands = [f"{band.name} ({numbers.decimal(band.at_least, 2)}+)" for band in plan.bands or () if band.severity > 0]
    return words("people.operating_bands", bands=", ".join(bands))


def people(scene: Scene) -> tuple[AttributePeople, ...]:
    """Give the section, one part an attribute of the plan."""
    return tuple(_attribute(scene, attribute, place) for place, attribute in enumerate(scene.record.plan.attributes, 1))


def rest_rate(rate: Finding, difference: Finding | None) -> float | None:
    """Give the rate of the compared cases: what is left of the group's rate without the difference."""
    if rate.estimate is not None and difference is not None and difference.estimate is not None:
        return min(1.0, max(0.0, rate.estimate.value - difference.estimate.value))
    counts = rate.counts
    if counts is None or counts.reference_events is None or not counts.reference_n:
        return None
    return counts.reference_events / counts.reference_n


def one(outcome: Outcome, statistic: str, group: str, step: str | None = None) -> Finding | None:
    """Give the finding with exactly this statistic, group and step."""
    for finding in outcome.findings:
        if (finding.statistic, finding.group, finding.step) == (statistic, group, step):
            return finding
    return None


def _attribute(scene: Scene, attribute: str, place: int) -> AttributePeople:
    words = scene.words
    heading = words("people.for_attribute", attribute=words.attribute(attribute))
    outcome = scene.outcome(SELECTION, attribute)
    rates = [f for f in outcome.select("selection_rate") if f.step is None and f.group] if outcome else []
    if outcome is None or not rates:
        none = words("people.none", attribute=words.attribute(attribute))
        return AttributePeople(heading=heading, rows=(), written=(), more="", dots=None, charts=(), none=none)
    named = {str(finding.group): finding for finding in rates}
    groups = scene.in_order(attribute, list(named))
    rows = tuple(_row(scene, outcome, named[group]) for group in groups)
    left = len(groups) - _WRITTEN_OUT
    return AttributePeople(
        heading=heading,
        rows=rows,
        written=tuple(row.sentence for row in rows[:_WRITTEN_OUT]),
        more=words("people.more", count=scene.numbers.whole(left)) if left > 0 else "",
        dots=_dots(scene, outcome, [named[group] for group in groups]) if place == 1 else None,
        charts=_charts(scene, outcome, [named[group] for group in groups], place),
        none="",
    )


def _row(scene: Scene, outcome: Outcome, rate: Finding) -> GroupRow:
    words, numbers, group = scene.words, scene.numbers, str(rate.group)
    hidden = words("not_shown_small") if scene.disclosure.is_small(rate) else words("not_shown")
    selected, between, rest = hidden, "", ""
    if scene.disclosure.shows(outcome, rate):
        selected = "" if rate.estimate is None else numbers.per_thousand(rate.estimate.value)
        between = "" if rate.estimate is None else _between(scene, rate)
        share = _shown_rest(scene, outcome, rate)
        rest = "" if share is None else numbers.per_thousand(share)
    return GroupRow(
        group=scene.group(group),
        cases=scene.size(outcome.attribute, group),
        selected=selected,
        between=between,
        rest=rest,
        sentence=_sentence(scene, outcome, rate),
    )


def _between(scene: Scene, rate: Finding) -> str:
    if rate.estimate is None or rate.estimate.low is None or rate.estimate.high is None:
        return scene.words("no_interval")
    numbers = scene.numbers
    return f"{numbers.per_thousand(rate.estimate.low)} {scene.words('and')} {numbers.per_thousand(rate.estimate.high)}"


def _shown_rest(scene: Scene, outcome: Outcome, rate: Finding) -> float | None:
    difference = one(outcome, "selection_rate_difference", str(rate.group))
    if difference is not None and not scene.disclosure.shows(outcome, difference):
        return None
    return rest_rate(rate, difference)


def _sentence(scene: Scene, outcome: Outcome, rate: Finding) -> str:
    words, numbers = scene.words, scene.numbers
    attribute, group = outcome.attribute, str(rate.group)
    about = scene.about(attribute, group)
    if not scene.disclosure.shows(outcome, rate):
        return _withheld(scene, attribute, rate)
    if rate.estimate is None:
        reason = scene.text(rate.reason) if rate.reason else ""
        return words("people.missing", about=f"{about[0].upper()}{about[1:]}", reason=f"{reason}.")
    events = numbers.per_thousand(rate.estimate.value)
    open_ended = rate.estimate.low is None and rate.estimate.high is None
    said = (
        words("people.sentence_point", about=about, events=events)
        if open_ended
        else words("people.sentence", about=about, events=events, sure=scene.sure(rate.estimate, "thousand"))
    )
    rest = _shown_rest(scene, outcome, rate)
    if rest is None:
        return said
    difference = one(outcome, "selection_rate_difference", group)
    reference = difference.reference if difference else None
    if reference in (None, REST):
        return f"{said} {words('people.sentence_rest', rest=numbers.per_thousand(rest))}"
    compared = scene.about(attribute, str(reference))
    return f"{said} {words('people.sentence_reference', about=compared, rest=numbers.per_thousand(rest))}"


def _withheld(scene: Scene, attribute: str, rate: Finding) -> str:
    words, about = scene.words, scene.about(attribute, str(rate.group))
    size = scene.disclosure.size(attribute, str(rate.group))
    exact = scene.disclosure.sizes.get(attribute, {}).get(str(rate.group), SUPPRESS_BELOW)
    if size is None and exact < SUPPRESS_BELOW:
        return words("people.tiny", about=about)
    if size is not None and scene.disclosure.is_small(rate):
        most = scene.numbers.per_thousand(SUPPRESS_BELOW / size)
        return words("people.small", about=about, n=scene.numbers.whole(size), most=most)
    return words("people.withheld", about=about)


def _dots(scene: Scene, outcome: Outcome, rates: list[Finding]) -> Markup | None:
    words = scene.words
    for rate in rates:
        rest = _shown_rest(scene, outcome, rate)
        usable = rate.group not in (NOT_RECORDED, ALL_OTHER) and scene.disclosure.shows(outcome, rate)
        if rate.estimate is None or rest is None or not usable:
            continue
        difference = one(outcome, "selection_rate_difference", str(rate.group))
        first = scene.group(str(rate.group))
        compared = difference.reference if difference else None
        second = words("others") if compared in (None, REST) else scene.group(str(compared))
        events, others = round(rate.estimate.value * 1000), round(rest * 1000)
        numbers = scene.numbers
        description = words(
            "people.dots_desc",
            first=first,
            second=second,
            events=numbers.whole(events),
            rest=numbers.whole(others),
        )
        labels = [(f"{first}: {numbers.whole(events)}", events), (f"{second}: {numbers.whole(others)}", others)]
        return dots(labels, name="dots", title=words("people.dots_title"), description=description)
    return None


def _charts(scene: Scene, outcome: Outcome, rates: list[Finding], place: int) -> tuple[Markup, ...]:
    words = scene.words
    lines = [_line(scene, outcome, rate) for rate in rates]
    if all(line.value is None for line in lines):
        return ()
    axis = Axis(label=words("people.axis"), write=scene.numbers.per_thousand, limit_word="")
    title = words("people.rates_title", attribute=words.attribute(outcome.attribute))
    return intervals(lines, axis, name=f"rates-{place}", title=title, description=words("people.rates_desc"))


def _line(scene: Scene, outcome: Outcome, rate: Finding) -> Line:
    label = scene.group(str(rate.group))
    if rate.estimate is None or not scene.disclosure.shows(outcome, rate):
        return Line(label=label, text=scene.words("not_shown" if rate.estimate else "audits.not_measurable"))
    numbers, estimate = scene.numbers, rate.estimate
    ends = [numbers.per_thousand(end) for end in (estimate.low, estimate.high) if end is not None]
    between = f" {scene.words('to')} ".join(ends)
    text = f"{numbers.per_thousand(estimate.value)} ({between})"
    return Line(
        label=label,
        text=text,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        reference=_shown_rest(scene, outcome, rate),
    )
