"""Plan, policy and provenance: what was fixed before the results, and where every number comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from igw_audit.report.scene import Scene
from igw_audit.report.view.people import operating


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and its value; ``code`` where it is a fingerprint or an address."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the policy."""

    name: str
    title: str
    limit: str
    rationale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The section."""

    plan: tuple[Fact, ...]
    policy: str
    rules: tuple[Rule, ...]
    facts: tuple[Fact, ...]


def origin(scene: Scene) -> Origin:
    """Give the section."""
    policy = scene.record.policy
    return Origin(
        plan=_plan(scene),
        policy=scene.words("provenance.policy_named", name=policy.name, version=policy.version),
        rules=_rules(scene),
        facts=_facts(scene),
    )


def _plan(scene: Scene) -> tuple[Fact, ...]:
    words, plan = scene.words, scene.record.plan
    none = words("none")
    reference = "; ".join(f"{words.attribute(name)}: {group}" for name, group in sorted(plan.reference.items()))
    said = (
        ("attributes", ", ".join(words.attribute(name) for name in plan.attributes)),
        ("operating", operating(scene)),
        ("features", ", ".join(plan.features) or none),
        ("declared", ", ".join(plan.declared) or none),
        ("asked", ", ".join(plan.audits) if plan.audits else words("provenance.all_audits")),
        ("reference", reference or words("others")),
        ("label", f"{plan.label} ({', '.join(plan.positive)})" if plan.label else none),
        ("arm", plan.arm or none),
        ("steps", " → ".join(plan.steps) or none),
        ("cluster", plan.cluster or none),
        ("weight", plan.weight or none),
        ("confidence", scene.numbers.exact_percent(plan.confidence)),
        ("seed", str(plan.seed)),
    )
    return tuple(Fact(name=words(f"provenance.{key}"), value=value) for key, value in said)


def _rules(scene: Scene) -> tuple[Rule, ...]:
    words, policy = scene.words, scene.record.policy
    limits = [
        Rule(
            name=limit.rule,
            title=getattr(limit.title, words.language),
            limit=f"{scene.limit(limit)} ({words(f'provenance.at_{limit.at}')})",
            rationale=getattr(limit.rationale, words.language),
        )
        for limit in policy.limits
    ]
    levels = [
        Rule(
            name=rule.rule,
            title=getattr(rule.title, words.language),
            limit=words(
                "provenance.level_rule",
                refuse=", ".join(words(f"levels.short.{level}") for level in rule.refuse) or words("none"),
                refer=", ".join(words(f"levels.short.{level}") for level in rule.refer) or words("none"),
            ),
            rationale=getattr(rule.rationale, words.language),
        )
        for rule in policy.levels
    ]
    return (*limits, *levels)


def _facts(scene: Scene) -> tuple[Fact, ...]:
    words, held = scene.words, scene.record.provenance
    kind = words.table("provenance.kind").get(held.model.kind, held.model.kind)
    said = (
        ("created", scene.record.created, False),
        ("code", held.code_version, False),
        ("model", held.model.sha256, True),
        ("model_kind", str(kind), False),
        ("model_uri", held.model.uri or "", True),
        ("estimator", held.model.estimator or "", False),
        *((key, value, False) for key, value in _score(scene)),
        ("cases", held.cases.sha256, True),
        ("protected", held.protected.sha256, True),
        ("plan_hash", held.plan_sha256, True),
        ("policy_hash", held.policy_sha256, True),
        ("seed", str(held.seed), False),
        ("packages", ", ".join(f"{name} {version}" for name, version in held.packages), False),
    )
    return tuple(Fact(name=words(f"provenance.{key}"), value=value, code=code) for key, value, code in said if value)


def _score(scene: Scene) -> Iterator[tuple[str, str]]:
    """Say what the score is; records of before it was kept say nothing."""
    words, held = scene.words, scene.record.provenance.score
    if held is None:
        return
    kind, known = words(f"provenance.score_kind.{held.kind}"), words(f"provenance.score_known.{held.known_from}")
    yield "score", words(f"provenance.score_{held.higher}", kind=kind, known=known)
    yield "score_precision", held.dtype
    yield "score_classes", ", ".join(held.classes)
    if held.function_of_features == "yes" and held.test is not None:
        answer = words("provenance.score_yes", rows=scene.numbers.whole(held.test.rows))
        changed = held.test.decisions_changed
        more = " " + words("provenance.score_rounding", times=scene.numbers.whole(changed)) if changed else ""
        yield "score_function", answer + more
    elif held.function_of_features == "other_columns":
        yield "score_function", words("provenance.score_other_columns", reads=", ".join(held.reads))
    else:
        yield "score_function", words("provenance.score_untested")
