"""The three-way decision: inside allows, outside refuses, straddling refers - and doubt is never approval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from igw_audit.core.decision import WORDS, Decision, Reason
from igw_audit.core.dossier import DossierRecord
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.registration import Registrations
from igw_audit.core.rules import LevelRule, Limit, Policy, Required, Word
from igw_audit.core.text import Text
from igw_audit.policy import sentences
from igw_audit.policy.dossier import dossier_reasons
from igw_audit.policy.registered import registration_reasons


def decide(
    outcomes: Sequence[Outcome],
    *,
    policy: Policy,
    plan: Plan,
    dossier: DossierRecord | None = None,
    registrations: Registrations | None = None,
) -> Decision:
    """Judge outcomes by a policy, and what lies beside them: the dossier, and what was registered when.

    Against a limit, an interval wholly inside allows, wholly outside refuses, straddling refers. What was not measured,
    failed or was not run refers. A rule that rests on labels allows nothing without a random arm of the policy's size.
    A policy without rules only refers.
    """
    reasons = [
        *_unmeasured(outcomes, policy, plan),
        *(
            reason
            for limit in policy.limits
            if _applies(limit, plan)
            for reason in _by_limit(limit, outcomes, policy, plan)
        ),
        *(reason for rule in policy.levels for reason in _by_level(rule, outcomes)),
    ]
    if not policy.limits and not policy.levels:
        reasons.append(Reason(word="refer", rule="no-rules", audit="policy", text=sentences.no_rules(policy.name)))
    elif not reasons:
        reasons.append(Reason(word="refer", rule="nothing-judged", audit="policy", text=sentences.nothing_judged()))
    reasons += [
        *dossier_reasons(dossier, policy=policy, plan=plan),
        *registration_reasons(registrations, policy=policy),
    ]
    return Decision.of(tuple(reasons))


def _unmeasured(outcomes: Sequence[Outcome], policy: Policy, plan: Plan) -> Iterator[Reason]:
    held = {(outcome.audit, outcome.attribute): outcome for outcome in outcomes}
    named = {required.audit for required in policy.required}
    # an audit that a rule rests on is required even where the policy forgot to say so
    implied = dict.fromkeys(rule.audit for rule in policy.rules if rule.audit not in named)
    for required in (*policy.required, *(Required(audit=audit) for audit in implied)):
        if not _applies(required, plan):
            continue
        for attribute in plan.attributes:
            outcome = held.get((required.audit, attribute))
            if outcome is None:
                text = sentences.not_run(required.audit, attribute)
            elif outcome.status != "measured" and outcome.reason is not None:
                text = sentences.not_answered(required.audit, attribute, outcome.reason)
            else:
                continue
            yield Reason(word="refer", rule="required", audit=required.audit, attribute=attribute, text=text)


def _applies(rule: Required | Limit, plan: Plan) -> bool:
    return rule.when == "always" or bool(getattr(plan, rule.when))


def _by_limit(limit: Limit, outcomes: Sequence[Outcome], policy: Policy, plan: Plan) -> Iterator[Reason]:
    trusted = not limit.rests_on_labels or _random_arm(outcomes) >= policy.random_arm_minimum
    for outcome in outcomes:
        if outcome.audit != limit.audit or outcome.status != "measured":
            continue
        held = [finding for finding in outcome.findings if _concerns(limit, finding)]
        yield from _absent(limit, outcome, held)
        judged = [(_judge(limit, finding, outcome, outcomes), finding) for finding in held]
        yield from _group_reasons(limit, outcome, judged, plan)
        if held and not trusted:
            yield _reason(limit, outcome, "refer", sentences.no_random_arm(limit, policy.random_arm_minimum), "arm")


def _absent(limit: Limit, outcome: Outcome, held: Sequence[Finding]) -> Iterator[Reason]:
    """Refer where a limit meets nothing to judge: a misspelt statistic or step must not pass in silence."""
    if not held and limit.at != "steps":
        yield _reason(limit, outcome, "refer", sentences.nothing_to_hold(limit, limit.statistic), "absent")
    for step in sorted(set(limit.steps) - {finding.step for finding in held if finding.step}):
        yield _reason(limit, outcome, "refer", sentences.nothing_to_hold(limit, step), "absent")


def _concerns(limit: Limit, finding: Finding) -> bool:
    if finding.statistic != limit.statistic:
        return False
    if finding.step is None:
        return limit.at != "steps"
    return limit.at != "model" and (not limit.steps or finding.step in limit.steps)


def _judge(limit: Limit, finding: Finding, outcome: Outcome, outcomes: Sequence[Outcome]) -> Word:
    if finding.estimate is None:
        return "refer"
    if finding.estimate.inside(limit.low, limit.high):
        return "allow"
    if not finding.estimate.outside(limit.low, limit.high):
        return "refer"
    if limit.when_explained and _explained(limit, outcome.attribute, outcomes):
        return limit.when_explained
    return limit.outside


def _explained(limit: Limit, attribute: str, outcomes: Sequence[Outcome]) -> bool:
    return any(
        (other.audit, other.attribute, other.level) == (limit.explained_by, attribute, "explained_by_declared")
        for other in outcomes
    )


def _group_reasons(
    limit: Limit, outcome: Outcome, judged: Sequence[tuple[Word, Finding]], plan: Plan
) -> Iterator[Reason]:
    """Give a reason a group that does not pass, one for the shown groups together, one for all that pass."""
    shown = set(plan.shown.get(outcome.attribute, ()))
    passed = [finding for word, finding in judged if word == "allow"]
    unclear = [(word, finding) for word, finding in judged if word == "refer" and finding.group in shown]
    stopped = [(word, finding) for word, finding in judged if word != "allow" and (word, finding) not in unclear]
    order = {finding.group: position for position, (_, finding) in enumerate(stopped[::-1])}
    stopped.sort(key=lambda pair: (WORDS.index(pair[0]), -order[pair[1].group]))
    for (word, group), pairs in groupby(stopped, key=lambda pair: (pair[0], pair[1].group)):
        findings = [finding for _, finding in pairs]
        yield _reason(
            limit,
            outcome,
            word,
            sentences.against_limit(limit, word, outcome.attribute, findings),
            "",
            findings[0],
            group,
        )
    if unclear:
        groups = tuple(dict.fromkeys(str(finding.group) for _, finding in unclear))
        yield _reason(
            limit, outcome, "refer", sentences.too_little_data(limit, outcome.attribute, groups), "too-little-data"
        )
    if passed and len(passed) == len(judged):
        groups = tuple(dict.fromkeys(finding.group for finding in passed if finding.group is not None))
        yield _reason(limit, outcome, "allow", sentences.inside(limit, outcome.attribute, groups))


def _reason(  # noqa: PLR0913, PLR0917
    limit: Limit,
    outcome: Outcome,
    word: Word,
    text: Text,
    suffix: str = "",
    finding: Finding | None = None,
    group: str | None = None,
) -> Reason:
    return Reason(
        word=word,
        rule=f"{limit.rule}:{suffix}" if suffix else limit.rule,
        audit=outcome.audit,
        attribute=outcome.attribute,
        group=group,
        step=finding.step if finding else None,
        statistic=limit.statistic,
        features=finding.features if finding else (),
        overridable=limit.overridable,
        text=text,
    )


def _by_level(rule: LevelRule, outcomes: Sequence[Outcome]) -> Iterator[Reason]:
    for outcome in outcomes:
        if outcome.audit != rule.audit or outcome.status != "measured":
            continue
        word: Word = "refuse" if outcome.level in rule.refuse else "refer" if outcome.level in rule.refer else "allow"
        features = tuple(
            dict.fromkeys(
                name for finding in outcome.findings if finding.level == outcome.level for name in finding.features
            )
        )
        yield Reason(
            word=word,
            rule=rule.rule,
            audit=outcome.audit,
            attribute=outcome.attribute,
            features=features if word != "allow" else (),
            overridable=rule.overridable,
            text=sentences.at_level(rule, word, outcome, features),
        )


def _random_arm(outcomes: Sequence[Outcome]) -> int:
    """Count the investigated cases of the random arm with a known label, as A000 reports them; 0 where it does not."""
    counts = [
        finding.counts.events
        for outcome in outcomes
        if outcome.audit == "A000"
        for finding in outcome.select("random_arm_share")
        if finding.counts is not None and finding.group is None
    ]
    return max(counts, default=0)
