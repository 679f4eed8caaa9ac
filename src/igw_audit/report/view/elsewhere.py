"""What other audits say of the same question, each in a sentence or two: leakage, flips, outcomes, the human step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from igw_audit.core.finding import Finding, Outcome
from igw_audit.report.scene import Scene
from igw_audit.report.view.moves import feature_order, named, selection_shown
from igw_audit.report.view.people import one
from igw_audit.stats.estimate import Estimate

#: Sentences of one audit that are written out; the tables have all.
_WRITTEN_OUT = 8
#: Where a test has a p-value, it decides what is said of a group; the same level as in the audits.
_ALPHA = 0.05
_LOST = "lost_selection_share"


def elsewhere(scene: Scene, attribute: str) -> tuple[str, ...]:
    """Say what the other audits of cause found for one attribute; nothing of those that were not measured."""
    said: list[str] = []
    for audit, sentences in (("A006", _leakage), ("A009", _flips), ("A011", _outcomes), ("A013", _people)):
        outcome = scene.outcome(audit, attribute)
        if outcome is not None and outcome.status == "measured":
            said.extend(sentences(scene, outcome))
    return tuple(said)


def _shown(scene: Scene, outcome: Outcome, statistic: str) -> dict[str, Finding]:
    """Give the findings of one statistic by group, in order of size, as far as they may be shown."""
    found = {
        str(finding.group): finding
        for finding in outcome.select(statistic)
        if finding.group and finding.estimate and scene.disclosure.shows(outcome, finding)
    }
    return {group: found[group] for group in scene.in_order(outcome.attribute, list(found))}


def _leakage(scene: Scene, outcome: Outcome) -> Iterator[str]:
    words, numbers = scene.words, scene.numbers
    for statistic, source in (("features_auc", "by_features"), ("score_auc", "by_score")):
        areas = [(f.estimate.value, group) for group, f in _shown(scene, outcome, statistic).items() if f.estimate]
        if areas:
            most, group = max(areas, key=lambda pair: pair[0])
            lines = {"count": numbers.whole(most * 100), "about": scene.about(outcome.attribute, group)}
            yield words(f"features.leak_{source}", **lines)


def _flips(scene: Scene, outcome: Outcome) -> Iterator[str]:
    """Say for whom selections fall away: all undeclared features together first, then feature by feature."""
    words = scene.words
    found = [f for f in outcome.select("lost_selection_share_difference") if f.group]
    order = feature_order([finding for finding in found if finding.features])
    groups = scene.in_order(outcome.attribute, [str(finding.group) for finding in found])
    found.sort(key=lambda f: (order.index(f.features) + 1 if f.features else 0, groups.index(str(f.group))))
    told: list[str] = []
    steady: list[str] = []
    for finding in found:
        lost = next((f for f in outcome.select(_LOST, group=finding.group) if f.features == finding.features), None)
        if lost is None or not _open(scene, outcome, (finding, lost)):
            continue
        if finding.estimate is not None and finding.estimate.outside(0.0, 0.0):
            told.append(_flip(scene, outcome, finding, lost))
        elif finding.estimate is not None and not finding.features:
            steady.append(scene.group(str(finding.group)))
    yield from told[:_WRITTEN_OUT]
    if len(told) > _WRITTEN_OUT:
        yield words("features.in_table", title=scene.title(outcome.audit))
    if steady:
        yield words("features.flips_none", groups=words.names(steady))


def _flip(scene: Scene, outcome: Outcome, finding: Finding, lost: Finding) -> str:
    words, numbers, gap = scene.words, scene.numbers, finding.estimate
    if gap is None or lost.estimate is None:
        return ""
    features = named(scene, finding.features) if finding.features else ""
    return words(
        "features.flips_more" if gap.value > 0 else "features.flips_fewer",
        about=scene.about(outcome.attribute, str(finding.group)),
        lost=numbers.per_thousand(lost.estimate.value),
        own=numbers.per_thousand(min(1.0, max(0.0, lost.estimate.value - gap.value))),
        gap=numbers.per_thousand(abs(gap.value)),
        sure=_apart(scene, gap),
        what=words("features.flip_feature", feature=features) if features else words("features.flip_all"),
    )


def _open(scene: Scene, outcome: Outcome, findings: Sequence[Finding]) -> bool:
    group = str(findings[0].group)
    shown = all(scene.disclosure.shows(outcome, finding) for finding in findings)
    return shown and selection_shown(scene, outcome.attribute, group)


def _apart(scene: Scene, gap: Estimate) -> str:
    """Say an interval that lies on one side of zero, without its sign."""
    if gap.low is None or gap.high is None:
        return scene.words("no_interval")
    near, far = sorted((abs(gap.low), abs(gap.high)))
    return scene.words("how_sure", low=scene.numbers.per_thousand(near), high=scene.numbers.per_thousand(far))


def _outcomes(scene: Scene, outcome: Outcome) -> Iterator[str]:
    words, numbers = scene.words, scene.numbers
    steady = []
    for group, finding in _shown(scene, outcome, "label_distortion_difference").items():
        gap, alone = finding.estimate, one(outcome, "label_distortion", group)
        if gap is None or alone is None or alone.estimate is None or not scene.disclosure.shows(outcome, alone):
            continue
        if not gap.outside(0.0, 0.0):
            steady.append(scene.group(group))
            continue
        yield words(
            "features.labels_worse" if gap.value > 0 else "features.labels_better",
            about=scene.about(outcome.attribute, group),
            gap=numbers.per_thousand(abs(gap.value)),
            sure=_apart(scene, gap),
        )
    if steady:
        yield words("features.labels_none", groups=words.names(steady))


def _people(scene: Scene, outcome: Outcome) -> Iterator[str]:
    words, numbers = scene.words, scene.numbers
    followed = [f for f in outcome.select("follow_rate") if f.group is None and f.estimate and f.step]
    followed = [f for f in followed if not scene.disclosure.is_small(f)]
    if followed:
        steps = [f"{words.step(f.step or '')} {numbers.per_thousand(f.estimate.value)}" for f in followed if f.estimate]
        yield words("features.followed", steps=words.names(steps))
    ratios = [f for f in outcome.select("selection_rate_ratio") if f.group and f.estimate]
    apart, compared = [], False
    for group in scene.in_order(outcome.attribute, [str(finding.group) for finding in ratios]):
        own = [f for f in ratios if f.group == group and scene.disclosure.shows(outcome, f)]
        compared = compared or bool(own)
        first = next((f for f in own if f.estimate and f.estimate.outside(1.0, 1.0) and _told(f)), None)
        if first is not None and first.estimate is not None:
            apart.append(
                words(
                    "features.people_apart",
                    about=scene.about(outcome.attribute, group),
                    step=words.step(first.step or ""),
                    ratio=numbers.of(first.estimate.value, "ratio"),
                    sure=scene.sure(first.estimate, "ratio"),
                )
            )
    if compared:
        yield from apart[:_WRITTEN_OUT]
        if len(apart) > _WRITTEN_OUT:
            yield words("features.in_table", title=scene.title(outcome.audit))
        yield words("features.people_cause" if apart else "features.people_alike")


def _told(finding: Finding) -> bool:
    return finding.p_adjusted is None or finding.p_adjusted <= _ALPHA
