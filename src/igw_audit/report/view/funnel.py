"""Where in the process a difference grows: each group's ratio from step to step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from igw_audit.core.finding import Finding, Outcome
from igw_audit.report.charts.intervals import scale_of
from igw_audit.report.charts.steps import Ground, Point, span, steps
from igw_audit.report.scene import SELECTION, Scene
from igw_audit.report.view.apart import axis_of, cells, shown_line
from igw_audit.report.view.people import one, rest_rate

#: How a picture names the model itself, which may stand before or after any step.
MODEL = "M"
#: Groups that are drawn; the table has all.
_DRAWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    """One group at one step."""

    step: str
    reach: str
    rest: str
    ratio: str
    interval: str
    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step and how the pictures label it."""

    label: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelGroup:
    """One group's rows."""

    group: str
    rows: tuple[FunnelRow, ...]
    withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFunnel:
    """One attribute's part of the section."""

    heading: str
    steps: tuple[Step, ...]
    charts: tuple[Markup, ...]
    said: tuple[str, ...]
    more: str
    groups: tuple[FunnelGroup, ...]
    none: str


def funnel(scene: Scene) -> tuple[AttributeFunnel, ...]:
    """Give the section, one part an attribute; nothing where the record holds no steps."""
    attributes = scene.record.plan.attributes
    held = [scene.outcome(SELECTION, attribute) for attribute in attributes]
    if not any(_steps(outcome) for outcome in held if outcome):
        return ()
    return tuple(_attribute(scene, attribute, place) for place, attribute in enumerate(attributes, 1))


def _steps(outcome: Outcome) -> list[str]:
    return list(dict.fromkeys(f.step for f in outcome.select("selection_rate_ratio") if f.step is not None))


def _attribute(scene: Scene, attribute: str, place: int) -> AttributeFunnel:
    words = scene.words
    heading = words("people.for_attribute", attribute=words.attribute(attribute))
    outcome = scene.outcome(SELECTION, attribute)
    if outcome is None or not _steps(outcome):
        none = words("funnel.not_measured", attribute=words.attribute(attribute))
        return AttributeFunnel(heading=heading, steps=(), charts=(), said=(), more="", groups=(), none=none)
    ratios = [f for f in outcome.select("selection_rate_ratio") if f.group]
    places: list[str | None] = list(_steps(outcome))
    if any(finding.step is None for finding in ratios):
        places.insert(0, None)
    groups = scene.in_order(attribute, [str(finding.group) for finding in ratios])
    drawn = groups[:_DRAWN]
    return AttributeFunnel(
        heading=heading,
        steps=tuple(
            Step(
                label=MODEL if step is None else str(k),
                name=words("funnel.model") if step is None else words.step(step),
            )
            for k, step in enumerate(places, int(None not in places))
        ),
        charts=_charts(scene, outcome, drawn, places, place),
        said=_said(scene, outcome, groups, places),
        more=words("funnel.more", count=_DRAWN) if len(groups) > _DRAWN else "",
        groups=tuple(
            FunnelGroup(
                group=scene.group(group),
                rows=tuple(_row(scene, outcome, group, step) for step in places),
                withheld=not _shown(scene, outcome, group, places),
            )
            for group in groups
        ),
        none="",
    )


def _charts(
    scene: Scene, outcome: Outcome, groups: list[str], places: list[str | None], place: int
) -> tuple[Markup, ...]:
    found = [f for f in outcome.select("selection_rate_ratio") if f.group in groups]
    limits = {limit.rule: limit for finding in found for limit in scene.limits(outcome.audit, finding)}
    axis = axis_of(scene, list(limits.values()), ratio=True)
    bottom, top = span()
    scale = scale_of([shown_line(scene, outcome, finding) for finding in found], axis, bottom, top)
    ground = Ground(axis=axis, scale=scale)
    pictures = []
    for number, group in enumerate(groups, 1):
        points = [_point(scene, outcome, group, step, k) for k, step in enumerate(places, int(None not in places))]
        if all(point.value is None for point in points):
            continue
        title = scene.group(group)
        spoken = "; ".join(_spoken(scene, step, point) for step, point in zip(places, points, strict=True))
        pictures.append(steps(points, ground, name=f"funnel-{place}-{number}", title=title, description=f"{spoken}."))
    return tuple(pictures)


def _spoken(scene: Scene, step: str | None, point: Point) -> str:
    name = scene.words("funnel.model") if step is None else scene.words.step(step)
    if point.value is None:
        return scene.words("funnel.panel_step_none", step=name)
    return scene.words("funnel.panel_step", step=name, value=scene.numbers.of(point.value, "ratio"))


def _point(scene: Scene, outcome: Outcome, group: str, step: str | None, number: int) -> Point:
    rate = one(outcome, "selection_rate", group, step)
    ratio = one(outcome, "selection_rate_ratio", group, step)
    under = "–"
    if rate is not None and rate.estimate is not None and scene.disclosure.shows(outcome, rate):
        under = scene.numbers.per_thousand(rate.estimate.value)
    label = MODEL if step is None else str(number)
    if (
        ratio is None
        or ratio.estimate is None
        or not scene.disclosure.shows(outcome, ratio)
        or ratio.estimate.value <= 0
    ):
        return Point(label=label, under=under)
    estimate = ratio.estimate
    low = estimate.low if estimate.low is None or estimate.low > 0 else None
    side = scene.side(outcome.audit, ratio)
    return Point(
        label=label, under=under, value=estimate.value, low=low, high=estimate.high, side=side, joined=step is not None
    )


def _row(scene: Scene, outcome: Outcome, group: str, step: str | None) -> FunnelRow:
    rate = one(outcome, "selection_rate", group, step)
    ratio = one(outcome, "selection_rate_ratio", group, step)
    value, interval = cells(scene, outcome, ratio)
    reach, rest = scene.words("not_shown"), ""
    if rate is not None and scene.disclosure.shows(outcome, rate):
        reach = "" if rate.estimate is None else scene.numbers.per_thousand(rate.estimate.value)
        difference = one(outcome, "selection_rate_difference", group, step)
        share = rest_rate(rate, difference)
        if share is not None and (difference is None or scene.disclosure.shows(outcome, difference)):
            rest = scene.numbers.per_thousand(share)
    side = "none" if ratio is None else scene.side(outcome.audit, ratio)
    return FunnelRow(
        step=scene.words("funnel.model") if step is None else scene.words.step(step),
        reach=reach,
        rest=rest,
        ratio=value,
        interval=interval,
        side=scene.words(f"limits.side.{side}"),
    )


def _shown(scene: Scene, outcome: Outcome, group: str, places: list[str | None]) -> list[Finding]:
    """Give the group's ratios at the steps that may be shown, in the order of the process."""
    found = [one(outcome, "selection_rate_ratio", group, step) for step in places]
    return [ratio for ratio in found if ratio is not None and scene.disclosure.shows(outcome, ratio)]


def _said(scene: Scene, outcome: Outcome, groups: list[str], places: list[str | None]) -> tuple[str, ...]:
    """Say for each group where its gap grows most; groups without a gap, and those not shown, go together."""
    words = scene.words
    grows, steady, withheld = [], [], []
    for group in groups:
        shown = _shown(scene, outcome, group, [step for step in places if step is not None])
        sentence = _growth(scene, outcome, group, shown)
        if not shown:
            withheld.append(scene.group(group))
        elif sentence is None:
            steady.append(scene.group(group))
        else:
            grows.append(sentence)
    if steady:
        grows.append(words("funnel.no_gap", groups=words.names(steady)))
    if withheld:
        grows.append(words("funnel.withheld", groups=words.names(withheld)))
    return tuple(grows)


def _growth(scene: Scene, outcome: Outcome, group: str, shown: list[Finding]) -> str | None:
    """Say at which step the gap grows most; only a gap that chance does not explain is called one."""
    usable = [ratio for ratio in shown if ratio.estimate is not None and ratio.estimate.value > 0]
    apart = [ratio for ratio in usable if ratio.estimate and ratio.estimate.outside(1.0, 1.0)]
    if not apart:
        return None
    growth = [(_distance(ratio) - (_distance(usable[k - 1]) if k else 0.0), k) for k, ratio in enumerate(usable)]
    _, most = max((pair for pair in growth if usable[pair[1]] in apart), key=lambda pair: (pair[0], -pair[1]))
    found, previous = usable[most].estimate, usable[most - 1].estimate if most else None
    if found is None:
        return None
    about = scene.about(outcome.attribute, group)
    said = {
        "about": f"{about[0].upper()}{about[1:]}",
        "step": scene.words.step(usable[most].step or ""),
        "after": scene.numbers.of(found.value, "ratio"),
        "sure": scene.sure(found, "ratio"),
    }
    if previous is None:
        return scene.words("funnel.first", **said)
    return scene.words("funnel.grows", before=scene.numbers.of(previous.value, "ratio"), **said)


def _distance(finding: Finding) -> float:
    return abs(math.log(finding.estimate.value)) if finding.estimate else 0.0
