"""The decision and its reasons: gravest first, each with what it means and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igw_audit.core.decision import Reason
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.rules import LevelRule, Limit, Word
from igw_audit.report.scene import Scene

#: Groups that a card spells out; the others are named.
_SPELT_OUT = 6
_GENERIC = ("required", "no_rules", "nothing_judged", "too_little_data", "absent", "arm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One reason in words: a sentence, and below it where the numbers stand step by step."""

    sentence: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Reasons of one rule for one attribute."""

    word: Word
    tag: str
    title: str
    limit: str
    said: tuple[Said, ...]
    others: str
    means: str
    override: str
    look: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision as the page opens with it."""

    word: Word
    name: str
    sentence: str
    also: str
    next: str
    cards: tuple[Card, ...]
    met: tuple[str, ...]


def verdict(scene: Scene) -> Verdict:
    """Give the decision, its reasons grouped by rule and attribute, and what was met."""
    words, decision = scene.words, scene.record.decision
    count = {word: sum(reason.word == word for reason in decision.reasons) for word in ("allow", "refer", "refuse")}
    cards: dict[tuple[str, str, str | None, str], list[Reason]] = {}
    for reason in decision.reasons:
        if reason.word != "allow":
            # a reason about a group shares its card with the other groups of its rule
            alone = "" if reason.group is not None else reason.text.en
            cards.setdefault((reason.word, reason.rule, reason.attribute, alone), []).append(reason)
    also = words.counted("decision.also.refer", count["refer"]) if decision.word == "refuse" and count["refer"] else ""
    return Verdict(
        word=decision.word,
        name=words(f"decision.{decision.word}.word"),
        sentence=words.counted(f"decision.{decision.word}.sentence", count[decision.word]),
        also=also,
        next=words(f"decision.{decision.word}.next"),
        cards=tuple(_card(scene, reasons) for reasons in cards.values()),
        met=tuple(scene.text(reason.text) for reason in decision.reasons if reason.word == "allow"),
    )


def _card(scene: Scene, reasons: Sequence[Reason]) -> Card:
    words, first = scene.words, reasons[0]
    base = first.rule.partition(":")[0]
    rules: tuple[Limit | LevelRule, ...] = (*scene.record.policy.limits, *scene.record.policy.levels)
    rule = next((rule for rule in rules if rule.rule == base), None)
    attribute = first.attribute
    title = getattr(rule.title, words.language) if rule else scene.title(first.audit)
    if attribute is not None:
        title = f"{title} – {words.attribute(attribute)}"
    override = ""
    if first.word == "refuse":
        override = words("decision.override_yes" if first.overridable else "decision.override_no")
    order = {group: k for k, group in enumerate(scene.in_order(attribute or "", [r.group or "" for r in reasons]))}
    ordered = sorted(reasons, key=lambda reason: order[reason.group or ""])
    others = [scene.group(reason.group) for reason in ordered[_SPELT_OUT:] if reason.group]
    known = first.audit in scene.questions or any(o.audit == first.audit for o in scene.record.outcomes)
    return Card(
        word=first.word,
        tag=words(f"decision.{first.word}.word"),
        title=title,
        limit=words("decision.limit_is", limit=scene.limit(rule)) if isinstance(rule, Limit) else "",
        said=tuple(_said(scene, reason, rule) for reason in ordered[:_SPELT_OUT]),
        others=f"{words('decision.more_groups', count=len(others))} {words.listed(others)}." if others else "",
        means=_means(scene, first, rule),
        override=override,
        look=_look(scene, first) if known else words("decision.look_policy"),
        anchor=scene.anchor(first.audit, attribute) if known else "provenance",
    )


def _look(scene: Scene, reason: Reason) -> str:
    title = scene.title(reason.audit)
    if reason.attribute is None:
        return scene.words("decision.look_all", audit=reason.audit, title=title)
    attribute = scene.words.attribute(reason.attribute)
    return scene.words("decision.look", audit=reason.audit, title=title, attribute=attribute)


def _means(scene: Scene, reason: Reason, rule: Limit | LevelRule | None) -> str:
    base, _, suffix = reason.rule.partition(":")
    kind = (suffix or base).replace("-", "_")
    if kind in _GENERIC:
        return scene.words(f"decision.generic.{kind}")
    if rule is not None:
        return str(getattr(rule.rationale, scene.words.language))
    return scene.words("decision.generic.other")


def _said(scene: Scene, reason: Reason, rule: Limit | LevelRule | None) -> Said:
    outcome = scene.outcome(reason.audit, reason.attribute) if reason.attribute else None
    if reason.group is None or outcome is None or not isinstance(rule, Limit) or reason.word == "allow":
        return Said(sentence=_without_title(scene, reason, rule), numbers=())
    words = scene.words
    findings = _judged(scene, outcome, reason, rule)
    explained = (
        reason.word == "refer" and bool(findings) and all(scene.side(outcome.audit, f) == "outside" for f in findings)
    )
    stands = words("decision.verdict.explained" if explained else f"decision.verdict.{reason.word}")
    about = scene.about(outcome.attribute, reason.group)
    about = f"{about[0].upper()}{about[1:]} ({_n(scene, outcome.attribute, reason.group)})"
    if not findings:
        return Said(sentence=scene.text(reason.text), numbers=())
    if any(not scene.disclosure.shows(outcome, finding) for finding in findings):
        return Said(sentence=words("decision.small_reason", about=about, verdict=stands), numbers=())
    return Said(
        sentence=words("decision.stands", about=about, verdict=stands),
        numbers=tuple(_numbers(scene, finding) for finding in findings),
    )


def _n(scene: Scene, attribute: str, group: str) -> str:
    size = scene.size(attribute, group)
    return f"n = {size}" if size[0].isdigit() else f"n {size}"


def _without_title(scene: Scene, reason: Reason, rule: Limit | LevelRule | None) -> str:
    """Leave out the rule's title where the card already carries it."""
    text = scene.text(reason.text)
    title = getattr(rule.title, scene.words.language) if rule else ""
    rest = text.removeprefix(f"{title}: ") if title else text
    return f"{rest[0].upper()}{rest[1:]}"


def _judged(scene: Scene, outcome: Outcome, reason: Reason, limit: Limit) -> list[Finding]:
    """Give the findings of a reason's group that the limit judged with the reason's word."""
    held = [
        finding
        for finding in outcome.select(limit.statistic, group=reason.group)
        if limit in scene.limits(outcome.audit, finding)
    ]
    if reason.word == "refuse":
        return [f for f in held if f.estimate is not None and f.estimate.outside(limit.low, limit.high)]
    softened = limit.outside == "refer" or limit.when_explained == "refer"

    def refers(finding: Finding) -> bool:
        if finding.estimate is None:
            return True
        outside = finding.estimate.outside(limit.low, limit.high)
        return softened if outside else not finding.estimate.inside(limit.low, limit.high)

    return [finding for finding in held if refers(finding)]


def _numbers(scene: Scene, finding: Finding) -> str:
    words = scene.words
    step = words("model_itself") if finding.step is None else finding.step
    step = f"{step[0].upper()}{step[1:]}"
    if finding.estimate is None:
        reason = scene.text(finding.reason) if finding.reason else ""
        return words("decision.stands_not", step=step, reason=reason)
    unit = words.statistic(finding.statistic)[1]
    value, sure = scene.with_unit(finding.estimate.value, unit), scene.sure(finding.estimate, unit)
    return words("decision.stands_at", step=step, value=value, interval=sure)
