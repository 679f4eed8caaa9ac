"""Through which features a group's score moves: sentences, the largest shifts as a picture, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from igw_audit.core.finding import LEVELS, Finding, Outcome
from igw_audit.report.charts.intervals import MOST, Axis, Line, intervals
from igw_audit.report.scene import Scene
from igw_audit.report.view.apart import cells
from igw_audit.report.view.elsewhere import elsewhere
from igw_audit.report.view.moves import (
    STRONG,
    USED,
    WEAK,
    direct,
    feature_order,
    moves,
    named,
    selection_shift,
)
from igw_audit.report.view.people import one

#: The audits that say through which features, what is left after the declared factors, and what is used outright.
USE, DECLARED, PRESENCE = "A007", "A005", "A008"
BEFORE, AFTER = "marginal_delta_total", "delta_total"
#: Rows of the table: those in the picture, and every shift that is strong or weak, as far as this goes.
_ROWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """What a feature does to one group's score; texts, ready to be shown."""

    group: str
    shift: str
    interval: str
    selection: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRows:
    """One feature's or pair's rows."""

    features: str
    rows: tuple[ShiftRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRow:
    """One group's whole score, before and after the declared factors."""

    group: str
    before: str
    before_interval: str
    after: str
    after_interval: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFeatures:
    """One attribute's part of the section."""

    heading: str
    level: str
    direct: tuple[str, ...]
    moved: tuple[str, ...]
    more: str
    others: tuple[str, ...]
    elsewhere: tuple[str, ...]
    charts: tuple[Markup, ...]
    table: tuple[FeatureRows, ...]
    link: str
    whole_charts: tuple[Markup, ...]
    whole_rows: tuple[WholeRow, ...]
    none: str


def features(scene: Scene) -> tuple[AttributeFeatures, ...]:
    """Give the section, one part an attribute of the plan."""
    return tuple(_attribute(scene, attribute, place) for place, attribute in enumerate(scene.record.plan.attributes, 1))


def _attribute(scene: Scene, attribute: str, place: int) -> AttributeFeatures:
    words, outcome = scene.words, scene.outcome(USE, attribute)
    measured = outcome if outcome is not None and outcome.status == "measured" else None
    said = moves(scene, measured) if measured else None
    largest = _largest(scene, measured) if measured else []
    whole, presence = scene.outcome(DECLARED, attribute), scene.outcome(PRESENCE, attribute)
    return AttributeFeatures(
        heading=words("people.for_attribute", attribute=words.attribute(attribute)),
        level=words(f"levels.{measured.level or 'no_level'}") if measured else "",
        direct=direct(scene, presence) if presence else (),
        moved=said.moved if said else (),
        more=said.more if said else "",
        others=said.others if said else (),
        elsewhere=elsewhere(scene, attribute),
        charts=_shift_chart(scene, measured, largest, place) if measured else (),
        table=_table(scene, measured, largest) if measured else (),
        link=scene.anchor(USE, attribute) if measured else "",
        whole_charts=_whole_chart(scene, whole, place) if whole else (),
        whole_rows=_whole_rows(scene, whole) if whole else (),
        none="" if measured else _none(scene, attribute, outcome),
    )


def _none(scene: Scene, attribute: str, outcome: Outcome | None) -> str:
    if outcome is None or outcome.reason is None:
        return scene.words("features.not_asked", attribute=scene.words.attribute(attribute))
    key = "audits.failed_because" if outcome.status == "failed" else "audits.because"
    return scene.words(key, reason=scene.text(outcome.reason).rstrip("."))


def _grave(finding: Finding) -> int:
    return LEVELS.index(finding.level) if finding.level in USED else len(LEVELS)


def _size(finding: Finding) -> float:
    return abs(finding.estimate.value) if finding.estimate else 0.0


def _largest(scene: Scene, outcome: Outcome) -> list[Finding]:
    """Choose the shifts to draw: used ones first, then the largest. They are drawn by feature, groups by size."""
    shown = [f for f in outcome.select("delta") if f.estimate and scene.disclosure.shows(outcome, f)]
    shown = [finding for finding in shown if not outcome.both_ways(finding)]
    chosen = sorted(shown, key=lambda f: (_grave(f), -_size(f), f.features, f.group or ""))[:MOST]
    return _by_feature(scene, outcome, chosen)


def _by_feature(scene: Scene, outcome: Outcome, chosen: Sequence[Finding]) -> list[Finding]:
    order = feature_order(outcome.select("delta"))
    groups = scene.in_order(outcome.attribute, [str(finding.group) for finding in chosen])
    return sorted(chosen, key=lambda finding: (order.index(finding.features), groups.index(str(finding.group))))


def _table(scene: Scene, outcome: Outcome, largest: Sequence[Finding]) -> tuple[FeatureRows, ...]:
    """Give what the picture shows, and the strong and weak shifts that it has no room for."""
    used = [f for f in outcome.select("delta") if f.level in ("strong_use", "weak_use") and f not in largest]
    used.sort(key=lambda finding: (_grave(finding), -_size(finding), finding.features, finding.group or ""))
    held: dict[tuple[str, ...], list[ShiftRow]] = {}
    for finding in _by_feature(scene, outcome, [*largest, *used[: _ROWS - len(largest)]]):
        held.setdefault(finding.features, []).append(_shift_row(scene, outcome, finding))
    return tuple(FeatureRows(features=named(scene, names), rows=tuple(rows)) for names, rows in held.items())


def _shift_row(scene: Scene, outcome: Outcome, finding: Finding) -> ShiftRow:
    value, interval = cells(scene, outcome, finding)
    if outcome.both_ways(finding):
        value, interval = scene.words("features.up_and_down"), ""
    more = selection_shift(scene, outcome, finding)
    numbers = scene.numbers
    return ShiftRow(
        group=scene.group(str(finding.group)),
        shift=value,
        interval=interval,
        selection="" if more is None else numbers.signed_per_thousand(more.value),
        level=scene.words(f"features.level.{finding.level or 'none'}"),
    )


def _axis(scene: Scene, label: str) -> Axis:
    return Axis(
        label=label,
        write=lambda value: scene.numbers.of(value, "sd"),
        limit_word="",
        middle=0.0,
        limits=(-STRONG, -WEAK, WEAK, STRONG),
        beyond_low=-STRONG,
        beyond_high=STRONG,
    )


def _shift_chart(scene: Scene, outcome: Outcome, largest: Sequence[Finding], place: int) -> tuple[Markup, ...]:
    words = scene.words
    if not largest:
        return ()
    sides = {"strong_use": "outside", "weak_use": "across"}
    lines = [
        Line(
            label=named(scene, finding.features, short=True),
            note=scene.group(str(finding.group)),
            text=_text(scene, finding),
            value=finding.estimate.value,
            low=finding.estimate.low,
            high=finding.estimate.high,
            side=sides.get(finding.level or "", "inside"),
        )
        for finding in largest
        if finding.estimate is not None
    ]
    called = words.attribute(outcome.attribute)
    return intervals(
        lines,
        _axis(scene, words("features.axis")),
        name=f"features-{place}",
        title=words("features.chart_title", attribute=called),
        description=words("features.chart_desc"),
    )


def _text(scene: Scene, finding: Finding) -> str:
    if finding.estimate is None:
        return scene.words("audits.not_measurable")
    ends = scene.numbers.interval(finding.estimate, "sd")
    return f"{scene.numbers.of(finding.estimate.value, 'sd')} ({ends})"


def _whole_chart(scene: Scene, outcome: Outcome, place: int) -> tuple[Markup, ...]:
    words = scene.words
    lines = []
    for finding in _wholes(scene, outcome):
        label, before = scene.group(str(finding.group)), one(outcome, BEFORE, str(finding.group))
        if finding.estimate is None or not scene.disclosure.shows(outcome, finding):
            lines.append(Line(label=label, text=words("not_shown" if finding.estimate else "audits.not_measurable")))
            continue
        estimate = finding.estimate
        marked = before.estimate if before and scene.disclosure.shows(outcome, before) else None
        lines.append(
            Line(
                label=label,
                text=_text(scene, finding),
                value=estimate.value,
                low=estimate.low,
                high=estimate.high,
                reference=marked.value if marked else None,
            )
        )
    if all(line.value is None for line in lines):
        return ()
    return intervals(
        lines,
        _axis(scene, words("features.whole_axis")),
        name=f"whole-{place}",
        title=words("features.whole_title", attribute=words.attribute(outcome.attribute)),
        description=words("features.whole_desc"),
    )


def _wholes(scene: Scene, outcome: Outcome) -> list[Finding]:
    found = {str(finding.group): finding for finding in outcome.select(AFTER) if finding.group}
    return [found[group] for group in scene.in_order(outcome.attribute, list(found))]


def _whole_rows(scene: Scene, outcome: Outcome) -> tuple[WholeRow, ...]:
    rows = []
    for finding in _wholes(scene, outcome):
        before, before_interval = cells(scene, outcome, one(outcome, BEFORE, str(finding.group)))
        after, after_interval = cells(scene, outcome, finding)
        rows.append(
            WholeRow(
                group=scene.group(str(finding.group)),
                before=before,
                before_interval=before_interval,
                after=after,
                after_interval=after_interval,
                level=scene.words(f"levels.short.{finding.level}") if finding.level else "",
            )
        )
    return tuple(rows)
