"""What features do to the score of whom, in sentences: the gravest first, pairs as pairs, nobody left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igw_audit.core.finding import LEVELS, Finding, Outcome
from igw_audit.report.scene import SELECTION, Scene
from igw_audit.report.view.people import one
from igw_audit.stats.estimate import Estimate

#: Shifts in standard deviations of the score from which use is weak, and strong (METHODS, levels).
WEAK, STRONG = 0.05, 0.20
#: Levels that say that a feature moves a score.
USED = ("direct_use", "strong_use", "weak_use", "trace_use")
#: Sentences written out, and features named in one sentence; the tables have all.
_WRITTEN_OUT = 12
_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The sentences about one attribute: what moves scores, how many more there are, and what else was found."""

    moved: tuple[str, ...]
    more: str
    others: tuple[str, ...]


def moves(scene: Scene, outcome: Outcome) -> Moves:
    """Say what features do to the score of whom."""
    order = feature_order(outcome.select("delta"))
    shifts = [finding for finding in outcome.select("delta") if finding.group]
    groups = scene.in_order(outcome.attribute, [str(finding.group) for finding in shifts])
    shifts.sort(key=lambda f: (order.index(f.features), groups.index(str(f.group))))
    both = [finding for finding in shifts if outcome.both_ways(finding)]
    shifts = [f for f in shifts if f not in both]
    moved = [f for level in ("strong_use", "weak_use") for f in shifts if f.level == level]
    left = len(moved) - _WRITTEN_OUT
    return Moves(
        moved=tuple(_moved(scene, outcome, finding) for finding in moved[:_WRITTEN_OUT]),
        more=scene.words.counted("features.more", left) if left > 0 else "",
        others=(
            *_by_feature(scene, both, "features.both_ways"),
            *_wholes(scene, outcome),
            *_small(scene, shifts),
            *_undecided(scene, outcome, shifts),
        ),
    )


def direct(scene: Scene, outcome: Outcome) -> tuple[str, ...]:
    """Name the features that are the attribute itself or give it away one to one."""
    found = dict.fromkeys(f.features for f in outcome.findings if f.level == "direct_use" and f.features)
    called = scene.words.attribute(outcome.attribute)
    return tuple(scene.words("features.direct", features=named(scene, names), attribute=called) for names in found)


def feature_order(shifts: Sequence[Finding]) -> list[tuple[str, ...]]:
    """Order features and pairs: the gravest level first, then by the largest shift, then by name."""
    place: dict[tuple[str, ...], tuple[int, float, tuple[str, ...]]] = {}
    for finding in shifts:
        grave = LEVELS.index(finding.level) if finding.level in USED else len(LEVELS)
        size = -abs(finding.estimate.value) if finding.estimate else 0.0
        place[finding.features] = min(
            place.get(finding.features, (grave, size, finding.features)), (grave, size, finding.features)
        )
    return sorted(place, key=lambda features: place[features])


def named(scene: Scene, features: tuple[str, ...], *, short: bool = False) -> str:
    """Name a feature, or a pair as a pair: both, together; ``short`` leaves the names of columns out."""
    listed = scene.words.listed([scene.called(name) if short else scene.feature(name) for name in features])
    return listed if len(features) == 1 else scene.words("features.pair", features=listed)


def selection_shift(scene: Scene, outcome: Outcome, shift: Finding) -> Estimate | None:
    """Give how many more of the group are selected by a shift, where that is known and its selection may be shown."""
    for finding in outcome.select("selection_shift", group=shift.group):
        if finding.features == shift.features and scene.disclosure.shows(outcome, finding):
            return finding.estimate if selection_shown(scene, outcome.attribute, str(shift.group)) else None
    return None


def selection_shown(scene: Scene, attribute: str, group: str) -> bool:
    """Tell whether the number of selected cases of a group is open: what follows from it is withheld with it."""
    outcome = scene.outcome(SELECTION, attribute)
    rate = one(outcome, "selection_rate", group) if outcome else None
    return outcome is None or rate is None or scene.disclosure.shows(outcome, rate)


def _moved(scene: Scene, outcome: Outcome, finding: Finding) -> str:
    words, pair = scene.words, len(finding.features) > 1
    said = {
        "about": scene.about(outcome.attribute, str(finding.group)),
        "features": scene.features(finding.features),
    }
    if finding.estimate is None or not scene.disclosure.shows(outcome, finding):
        return words("features.moves_pair_withheld" if pair else "features.moves_withheld", **said)
    sentence = words("features.moves_pair" if pair else "features.moves", shift=_shift(scene, finding.estimate), **said)
    more = selection_shift(scene, outcome, finding)
    return sentence if more is None else f"{sentence} {_selected(scene, more)}"


def _shift(scene: Scene, estimate: Estimate) -> str:
    """Say a shift: up or down, by how much, between what; ends on both sides of zero keep their signs."""
    words, numbers, value = scene.words, scene.numbers, estimate.value
    way = words("features.up" if value > 0 else "features.down", size=numbers.shift(abs(value)))
    low, high = estimate.low, estimate.high
    if low is None or high is None:
        return way
    if low * high < 0:
        sure = words("how_sure", low=numbers.of(low, "sd"), high=numbers.of(high, "sd"))
    else:
        near, far = sorted((abs(low), abs(high)))
        sure = words("how_sure", low=numbers.shift(near), high=numbers.shift(far))
    return f"{way} ({sure})"


def _selected(scene: Scene, more: Estimate) -> str:
    words = scene.words
    if more.value == 0:
        return words("features.selected_same")
    count = _count(scene, more.value)
    key = "features.selected_more" if more.value > 0 else "features.selected_fewer"
    low, high = more.low, more.high
    if low is None or high is None or low * high < 0:
        return words(key, count=count)
    near, far = sorted((abs(low), abs(high)))
    sure = words("how_sure", low=_count(scene, near), high=_count(scene, far))
    return f"{words(key, count=count).removesuffix('.')} ({sure})."


def _count(scene: Scene, share: float) -> str:
    """Say a share of 1,000 as a count of people: whole, unless that would read as none."""
    share = abs(share)
    return scene.numbers.whole(share * 1000) if share * 1000 >= 1 else scene.numbers.per_thousand(share)


def _wholes(scene: Scene, outcome: Outcome) -> list[str]:
    """Say what holds of whole scores: several features together, differences without a known way, no difference."""
    words, attribute = scene.words, outcome.attribute
    found = {str(finding.group): finding for finding in outcome.select("delta_total") if finding.group}
    groups = scene.in_order(attribute, list(found))
    said = []
    for level in ("joint_use", "unexplained"):
        for group in (group for group in groups if found[group].level == level):
            finding, about = found[group], scene.about(attribute, group)
            if finding.estimate is None or not scene.disclosure.shows(outcome, finding):
                said.append(words(f"features.{level}_withheld", about=about))
                continue
            if level == "unexplained" and _by_decision(outcome, finding):
                said.append(words("features.unexplained_selection", about=about))
                continue
            sentence = words(f"features.{level}", about=about, shift=_shift(scene, finding.estimate))
            low, high = finding.estimate.low, finding.estimate.high
            if low is not None and high is not None and low * high < 0:
                # the omnibus found it, and not the mean
                sentence = f"{sentence} {words('features.may_cancel')}"
            said.append(f"{sentence} {_standing_out(scene, outcome, group)}" if level == "joint_use" else sentence)
    for level in ("explained_by_declared", "no_disparity_shown"):
        held = [scene.group(group) for group in groups if found[group].level == level]
        if held:
            said.append(words(f"features.{level}", groups=words.names(held)))
    unsure = dict.fromkeys(str(f.group) for f in outcome.select("explainer_inconsistency") if f.group)
    if unsure:
        groups_named = [scene.group(group) for group in scene.in_order(attribute, list(unsure))]
        said.append(words("features.inconsistent", groups=words.names(groups_named)))
    drawn = [finding.counts for finding in outcome.select("share_measured") if finding.counts]
    if drawn:
        taken, everyone = (scene.numbers.whole(sum(of)) for of in zip(*((c.events, c.n) for c in drawn), strict=True))
        said.append(words("features.drawn", taken=taken, everyone=everyone))
    return said


def _by_decision(outcome: Outcome, whole: Finding) -> bool:
    """Tell whether the selection, and not the score as a whole, tells the group from the others."""
    decision = one(outcome, "delta_decision", str(whole.group))
    if decision is None or decision.p_adjusted is None or whole.p_adjusted is None:
        return False
    return decision.p_adjusted < whole.p_adjusted


def _standing_out(scene: Scene, outcome: Outcome, group: str) -> str:
    names = [named(scene, f.features) for f in outcome.select("delta", group=group) if f.level in USED]
    if not names:
        return scene.words("features.none_stands_out")
    return scene.words("features.stand_out", features=_some(scene, names))


def _small(scene: Scene, shifts: Sequence[Finding]) -> list[str]:
    """Say of each feature for whom it leaves a trace, and for whom it is there and not used."""
    return [
        sentence
        for level in ("trace_use", "present_unused")
        for sentence in _by_feature(scene, [f for f in shifts if f.level == level], f"features.{level}")
    ]


def _by_feature(scene: Scene, shifts: Sequence[Finding], key: str) -> list[str]:
    """Say one thing of each feature or pair, with all the groups it holds for."""
    held: dict[tuple[str, ...], list[str]] = {}
    for finding in shifts:
        held.setdefault(finding.features, []).append(scene.group(str(finding.group)))
    return [
        scene.words(
            f"{key}_pair" if len(features) > 1 else key,
            features=scene.features(features),
            groups=scene.words.names(groups),
        )
        for features, groups in held.items()
    ]


def _undecided(scene: Scene, outcome: Outcome, shifts: Sequence[Finding]) -> list[str]:
    """Name what is not excluded, and the groups with too little data; and say what is sure of all the others."""
    words, attribute = scene.words, outcome.attribute
    said = []
    open_ended: dict[str, list[str]] = {}
    for finding in shifts:
        if finding.level in ("use_not_excluded", "inconclusive"):
            open_ended.setdefault(str(finding.group), []).append(named(scene, finding.features))
    alike: dict[tuple[str, ...], list[str]] = {}
    for group in scene.in_order(attribute, list(open_ended)):
        alike.setdefault(tuple(open_ended[group]), []).append(scene.group(group))
    for names, groups in alike.items():
        listed = words.names(groups)
        said.append(words("features.use_not_excluded", groups=listed, features=_some(scene, names)))
    if outcome.inconclusive_groups:
        few = [scene.group(group) for group in scene.in_order(attribute, outcome.inconclusive_groups)]
        said.append(words("features.inconclusive", groups=words.names(few)))
    if any(finding.level is None and finding.estimate for finding in shifts):
        said.append(words("features.rest"))
    return said


def _some(scene: Scene, names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(scene.words.counted("features.and_more", len(names) - _NAMED))
    return scene.words.names(shown)
