"""The decision and its reasons: gravest first, each with what it means and where to look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from igw_audit.core.decision import Reason
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.rules import LevelRule, Limit, Word
from igw_audit.report.scene import Scene

#: Groups that a card spells out; the others are named.
_SPELT_OUT = 10
_GENERIC = ("required", "no_rules", "nothing_judged", "too_little_data", "absent", "arm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What holds for several groups, and below it where each of them stands."""

    verdict: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Reasons of one rule for one attribute."""

    word: Word
    tag: str
    title: str
    limit: str
    blocks: tuple[Block, ...]
    sentences: tuple[str, ...]
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
    cards: dict[tuple[str, str, str, str | None], list[Reason]] = {}
    for reason in decision.reasons:
        if reason.word != "allow":
            key = (reason.word, reason.audit, _base(reason), reason.attribute)
            cards.setdefault(key, []).append(reason)
    also = words.counted("decision.also.refer", count["refer"]) if decision.word == "refuse" and count["refer"] else ""
    return Verdict(
        word=decision.word,
        name=words(f"decision.{decision.word}.word"),
        sentence=words.counted(f"decision.{decision.word}.sentence", count[decision.word]),
        also=also,
        next=words(f"decision.{decision.word}.next", cards=words.counted("decision.boxes", len(cards))),
        cards=tuple(_card(scene, reasons) for reasons in cards.values()),
        met=tuple(_met(scene, reason) for reason in decision.reasons if reason.word == "allow"),
    )


def _met(scene: Scene, reason: Reason) -> str:
    """Say what was met: the rule, the attribute and the limit as the cards say them."""
    words, rule = scene.words, _rule(scene, reason)
    if rule is None or reason.attribute is None:
        return scene.text(reason.text)
    about = f"{getattr(rule.title, words.language)} – {words.attribute(reason.attribute)}"
    if not isinstance(rule, Limit):
        return f"{about}. {_plain(scene, reason, rule)}"
    outcome = scene.outcome(reason.audit, reason.attribute)
    found = outcome.select(rule.statistic) if outcome is not None else ()
    held = [finding for finding in found if rule in scene.limits(reason.audit, finding)]
    groups = {finding.group for finding in held if finding.group is not None}
    key = "decision.met_groups" if groups else "decision.met_together"
    return f"{about}. {words(key, limit=scene.limit(rule), count=scene.numbers.whole(len(groups)))}"


def _rule(scene: Scene, reason: Reason) -> Limit | LevelRule | None:
    rules: tuple[Limit | LevelRule, ...] = (*scene.record.policy.limits, *scene.record.policy.levels)
    return next((rule for rule in rules if rule.rule == _base(reason)), None)


def _base(reason: Reason) -> str:
    return reason.rule.partition(":")[0]


def _card(scene: Scene, reasons: Sequence[Reason]) -> Card:
    words, first = scene.words, reasons[0]
    rule, attribute = _rule(scene, first), first.attribute
    beside = words.table("beside")
    title = getattr(rule.title, words.language) if rule else str(beside.get(first.audit) or scene.title(first.audit))
    if attribute is not None:
        title = f"{title} – {words.attribute(attribute)}"
    override = ""
    if first.word == "refuse":
        override = words("decision.override_yes" if first.overridable else "decision.override_no")
    outcome = scene.outcome(first.audit, attribute) if attribute else None
    grouped = [reason for reason in reasons if reason.group is not None]
    about_groups = isinstance(rule, Limit) and outcome is not None and bool(grouped)
    known = first.audit in scene.questions or any(o.audit == first.audit for o in scene.record.outcomes)
    return Card(
        word=first.word,
        tag=words(f"decision.{first.word}.word"),
        title=title,
        limit=words("decision.limit_is", limit=scene.limit(rule)) if isinstance(rule, Limit) else "",
        blocks=_blocks(scene, outcome, grouped, rule) if isinstance(rule, Limit) and outcome is not None else (),
        sentences=tuple(_plain(scene, r, rule) for r in reasons if r.group is None or not about_groups),
        means=_means(scene, grouped[0] if grouped else first, rule),
        override=override,
        look=_look(scene, first) if known else str(beside.get(first.audit) or words("decision.look_policy")),
        anchor=scene.anchor(first.audit, attribute) if known else _place(scene, first.audit),
    )


def _look(scene: Scene, reason: Reason) -> str:
    title = scene.title(reason.audit)
    if reason.attribute is None:
        return scene.words("decision.look_all", audit=reason.audit, title=title)
    attribute = scene.words.attribute(reason.attribute)
    return scene.words("decision.look", audit=reason.audit, title=title, attribute=attribute)


def _place(scene: Scene, audit: str) -> str:
    """Give where on the page stands what lies beside the audits; plan and policy where there is no such part."""
    held = {"dossier": (scene.record.dossier, "dossier"), "registration": (scene.record.registrations, "registered")}
    part, place = held.get(audit, (None, "provenance"))
    return place if part is not None else "provenance"


def _means(scene: Scene, reason: Reason, rule: Limit | LevelRule | None) -> str:
    base, _, suffix = reason.rule.partition(":")
    kind = (suffix or base).replace("-", "_")
    if kind in _GENERIC:
        return scene.words(f"decision.generic.{kind}")
    policy = scene.record.policy
    beside = {"dossier": policy.dossier.rationale, "registration": policy.registration.rationale}
    rationale = beside.get(reason.audit, rule.rationale if rule is not None else None)
    if rationale is not None:
        return rationale.within(scene.words.language)
    return scene.words("decision.generic.other")


def _blocks(scene: Scene, outcome: Outcome, reasons: Sequence[Reason], limit: Limit) -> tuple[Block, ...]:
    """Say once what holds for several groups, then where each stands; those not shown are named together."""
    words = scene.words
    order = scene.in_order(outcome.attribute, [str(reason.group) for reason in reasons])
    held: dict[str, list[str]] = {}
    withheld: dict[str, list[str]] = {}
    for reason in sorted(reasons, key=lambda reason: order.index(str(reason.group))):
        findings = _judged(scene, outcome, reason, limit)
        outside = bool(findings) and all(scene.side(outcome.audit, finding) == "outside" for finding in findings)
        kind: str = reason.word
        if reason.word == "refer" and outside:
            # a limit may itself refer what lies outside it; else declared factors have softened a refusal
            kind = "refuse" if limit.outside == "refer" else "explained"
        verdict = words(f"decision.verdict.{kind}")
        if all(scene.disclosure.shows(outcome, finding) for finding in findings):
            held.setdefault(verdict, []).append(_stands(scene, outcome, str(reason.group), findings))
        else:
            withheld.setdefault(verdict, []).append(scene.group(str(reason.group)))
    blocks = []
    for verdict in dict.fromkeys((*held, *withheld)):
        groups = held.get(verdict, [])
        said = groups[:_SPELT_OUT]
        if len(groups) > _SPELT_OUT:
            said.append(words("decision.more_groups", count=len(groups) - _SPELT_OUT))
        if withheld.get(verdict):
            said.append(words("decision.withheld", groups=words.names(withheld[verdict])))
        blocks.append(Block(verdict=verdict, groups=tuple(said)))
    return tuple(blocks)


def _stands(scene: Scene, outcome: Outcome, group: str, findings: Sequence[Finding]) -> str:
    about = scene.about(outcome.attribute, group)
    n = next((finding.counts.n for finding in findings if finding.counts is not None), None)
    size = scene.size(outcome.attribute, group) if n is None else scene.numbers.whole(n)
    said = "; ".join(_numbers(scene, finding) for finding in findings)
    return f"{about[0].upper()}{about[1:]} (n = {size}): {said}."


def _plain(scene: Scene, reason: Reason, rule: Limit | LevelRule | None) -> str:
    """Give the reason's own sentence, without the rule's title and the attribute that the card already carries."""
    text = scene.text(reason.text)
    title = getattr(rule.title, scene.words.language) if rule else ""
    text = text.removeprefix(f"{title}: ").removeprefix(f"{reason.attribute}, ") if title else text
    if reason.attribute is not None and reason.group is None:
        text = _with_groups(scene, reason.attribute, text)
    text = _with_called(scene, reason.features, text)
    return f"{text[0].upper()}{text[1:]}"


def _with_groups(scene: Scene, attribute: str, text: str) -> str:
    """Say whose cases the groups are that a sentence names."""
    names = sorted(scene.disclosure.sizes.get(attribute, {}), key=len, reverse=True)
    if not names:
        return text
    alone = re.compile(rf"(?<!\w)({'|'.join(re.escape(name) for name in names)})(?!\w)")
    return alone.sub(lambda found: scene.about(attribute, found[1]), text)


def _with_called(scene: Scene, features: Sequence[str], text: str) -> str:
    """Say what people call the features that a sentence names."""
    if not features:
        return text
    alone = re.compile(rf"(?<!\w)({'|'.join(re.escape(name) for name in features)})(?!\w)")
    return alone.sub(lambda found: scene.feature(found[1]), text)


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
    step = words("model_itself") if finding.step is None else words.step(finding.step)
    if finding.estimate is None:
        reason = scene.text(finding.reason) if finding.reason else ""
        return words("decision.stands_not", step=step, reason=reason)
    unit = words.statistic(finding.statistic)[1]
    value, sure = scene.with_unit(finding.estimate.value, unit), scene.sure(finding.estimate, unit)
    return words("decision.stands_at", step=step, value=value, interval=sure)
