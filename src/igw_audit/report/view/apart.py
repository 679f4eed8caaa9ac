"""How far apart groups are: ratio and difference per group, against the policy's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from igw_audit.core.disclosure import SUPPRESS_BELOW
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.rules import Limit
from igw_audit.report.charts.intervals import Axis, Line, intervals
from igw_audit.report.scene import SELECTION, Scene

_RATIO, _DIFFERENCE = "selection_rate_ratio", "selection_rate_difference"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApartRow:
    """One group's line in the table."""

    group: str
    ratio: str
    ratio_interval: str
    difference: str
    difference_interval: str
    ratio_side: str
    difference_side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeApart:
    """One attribute's part of the section."""

    heading: str
    compared: str
    limits: tuple[str, ...]
    ratio: tuple[Markup, ...]
    difference: tuple[Markup, ...]
    rows: tuple[ApartRow, ...]
    none: str


def apart(scene: Scene) -> tuple[AttributeApart, ...]:
    """Give the section, one part an attribute of the plan."""
    return tuple(_attribute(scene, attribute, place) for place, attribute in enumerate(scene.record.plan.attributes, 1))


def axis_of(scene: Scene, limits: Sequence[Limit], *, ratio: bool) -> Axis:
    """Give the axis of a ratio or a difference with the tightest limits that hold on it."""
    words = scene.words
    lows = [limit.low for limit in limits if limit.low is not None]
    highs = [limit.high for limit in limits if limit.high is not None]
    return Axis(
        label=words("limits.ratio_axis" if ratio else "limits.difference_axis"),
        write=(lambda value: _tick(value, scene)) if ratio else (lambda value: scene.numbers.of(value, "points")),
        limit_word=words("limits.limit_mark", value="").strip(),
        log=ratio,
        middle=1.0 if ratio else 0.0,
        limits=tuple(sorted({*lows, *highs})),
        beyond_low=max(lows, default=None),
        beyond_high=min(highs, default=None),
    )


def shown_line(scene: Scene, outcome: Outcome, finding: Finding) -> Line:
    """Give a finding's line in a picture; without its numbers where they are withheld."""
    label, unit = scene.group(str(finding.group)), scene.words.statistic(finding.statistic)[1]
    if not scene.disclosure.shows(outcome, finding):
        return Line(label=label, text=scene.words("not_shown"))
    if finding.estimate is None:
        return Line(label=label, text=scene.words("audits.not_measurable"))
    estimate = finding.estimate
    return Line(
        label=label,
        text=f"{scene.numbers.of(estimate.value, unit)} ({scene.numbers.interval(estimate, unit)})",
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        side=scene.side(outcome.audit, finding),
    )


def cells(scene: Scene, outcome: Outcome, finding: Finding | None) -> tuple[str, str]:
    """Give a finding's value and interval as texts; what is withheld says so."""
    if finding is None:
        return "", ""
    if not scene.disclosure.shows(outcome, finding):
        return scene.words("not_shown"), ""
    if finding.estimate is None:
        return scene.words("audits.not_measurable"), ""
    unit = scene.words.statistic(finding.statistic)[1]
    return scene.numbers.of(finding.estimate.value, unit), scene.numbers.interval(finding.estimate, unit)


def _attribute(scene: Scene, attribute: str, place: int) -> AttributeApart:
    words, called = scene.words, scene.words.attribute(attribute)
    heading = words("people.for_attribute", attribute=called)
    outcome = scene.outcome(SELECTION, attribute)
    found: dict[str, dict[str, Finding]] = {}
    for finding in outcome.findings if outcome else ():
        if finding.step is None and finding.group and finding.statistic in (_RATIO, _DIFFERENCE):
            found.setdefault(finding.group, {})[finding.statistic] = finding
    if outcome is None or not found:
        none = words("limits.none", attribute=called)
        return AttributeApart(heading=heading, compared="", limits=(), ratio=(), difference=(), rows=(), none=none)
    groups = scene.in_order(attribute, list(found))
    references = list(dict.fromkeys(f.reference for held in found.values() for f in held.values()))
    said = [scene.compared(reference, attribute) for reference in references]
    return AttributeApart(
        heading=heading,
        compared=words("audits.compared", reference=words.listed(said)),
        limits=tuple(
            f"{words.statistic(limit.statistic)[0]}: {scene.limit(limit)}. {getattr(limit.rationale, words.language)}"
            for limit in _limits(scene, found)
        ),
        ratio=_chart(scene, outcome, [found[g][_RATIO] for g in groups if _RATIO in found[g]], f"ratio-{place}"),
        difference=_chart(
            scene, outcome, [found[g][_DIFFERENCE] for g in groups if _DIFFERENCE in found[g]], f"difference-{place}"
        ),
        rows=tuple(_row(scene, outcome, group, found[group]) for group in groups),
        none="",
    )


def _limits(scene: Scene, found: dict[str, dict[str, Finding]]) -> list[Limit]:
    held = {f.statistic: f for findings in found.values() for f in findings.values()}
    return [limit for finding in held.values() for limit in scene.limits(SELECTION, finding)]


def _chart(scene: Scene, outcome: Outcome, findings: list[Finding], name: str) -> tuple[Markup, ...]:
    lines = [shown_line(scene, outcome, finding) for finding in findings]
    if all(line.value is None for line in lines):
        return ()
    words, ratio = scene.words, findings[0].statistic == _RATIO
    limits = scene.limits(outcome.audit, findings[0])
    axis = axis_of(scene, limits, ratio=ratio)
    title = words(
        "limits.ratio_title" if ratio else "limits.difference_title", attribute=words.attribute(outcome.attribute)
    )
    statistic = words.statistic(findings[0].statistic)[0].lower()
    description = (
        words("limits.desc", statistic=statistic, limit="; ".join(scene.limit(limit) for limit in limits))
        if limits
        else words("limits.desc_none", statistic=statistic)
    )
    return intervals(lines, axis, name=name, title=title, description=description)


def _row(scene: Scene, outcome: Outcome, group: str, held: dict[str, Finding]) -> ApartRow:
    ratio, ratio_interval = cells(scene, outcome, held.get(_RATIO))
    difference, difference_interval = cells(scene, outcome, held.get(_DIFFERENCE))
    sides = {statistic: scene.side(outcome.audit, finding) for statistic, finding in held.items()}
    size = scene.size(outcome.attribute, group)
    return ApartRow(
        group=f"{scene.group(group)} ({size})"
        if size[0].isdigit() or size == f"<{SUPPRESS_BELOW}"
        else scene.group(group),
        ratio=ratio,
        ratio_interval=ratio_interval,
        difference=difference,
        difference_interval=difference_interval,
        ratio_side=scene.words(f"limits.side.{sides.get(_RATIO, 'none')}"),
        difference_side=scene.words(f"limits.side.{sides.get(_DIFFERENCE, 'none')}"),
    )


def _tick(value: float, scene: Scene) -> str:
    text = f"{value:g}"
    return text.replace(".", ",") if scene.words.language == "nl" else text
