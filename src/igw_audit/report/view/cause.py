"""The five steps of the test for indirect distinction, each filled from the record or "not done because"."""

from __future__ import annotations

from dataclasses import dataclass

from igw_audit.core.cases import NOT_RECORDED
from igw_audit.report.scene import Scene
from igw_audit.report.view.people import operating

_OUTCOME_AUDITS = ("A001",)
_ERROR_AUDITS = ("A002", "A003")
_CAUSE_AUDITS = ("A005", "A006", "A007", "A008", "A009", "A012", "A013")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its state in a word, sentences, and a list."""

    title: str
    state: str
    said: tuple[str, ...]
    listed: tuple[str, ...] = ()


def cause(scene: Scene) -> tuple[Step, ...]:
    """Give the five steps in their order."""
    return (_groups(scene), _treatment(scene), _data(scene), _compute(scene), _explain(scene))


def _attributes(scene: Scene) -> str:
    return scene.words.listed([scene.words.attribute(name) for name in scene.record.plan.attributes])


def _groups(scene: Scene) -> Step:
    words, plan = scene.words, scene.record.plan
    listed = []
    for name in plan.attributes:
        called = words.attribute(name)
        sizes = scene.disclosure.sizes.get(name)
        if not sizes:
            listed.append(words("cause.groups.unknown", attribute=called))
            continue
        names = [f"{scene.group(group)} ({scene.size(name, group)})" for group in scene.in_order(name, list(sizes))]
        said = words("cause.groups.groups", attribute=_upper(called), count=len(names), names=words.names(names))
        extra = []
        if name in plan.derived:
            source = words.attribute(plan.derived[name].source)
            extra.append(words("cause.groups.derived", attribute=_upper(called), source=source))
        if name in plan.largest:
            extra.append(words("cause.groups.largest", attribute=called, count=plan.largest[name]))
        if plan.shown.get(name):
            groups = words.names([scene.group(group) for group in plan.shown[name]])
            extra.append(words("cause.groups.shown", attribute=called, groups=groups))
        listed.append(" ".join([said, *extra]))
    return Step(
        title=words("cause.groups.title"),
        state=words("cause.partly"),
        said=(words("cause.groups.text", attributes=_attributes(scene)), words("cause.groups.people")),
        listed=tuple(listed),
    )


def _treatment(scene: Scene) -> Step:
    words, policy = scene.words, scene.record.policy
    limits = [f"{getattr(limit.title, words.language)}: {scene.limit(limit)}" for limit in policy.limits]
    state = words("cause.done") if limits else words("cause.not_done", reason=words("cause.treatment.no_limits"))
    said = [
        words("cause.treatment.text", operating=operating(scene)),
        words("cause.treatment.outcomes", state=_measured(scene, _OUTCOME_AUDITS)),
        words("cause.treatment.errors", state=_measured(scene, _ERROR_AUDITS)),
    ]
    if limits:
        said.append(words("cause.treatment.limits"))
    return Step(title=words("cause.treatment.title"), state=state, said=tuple(said), listed=tuple(limits))


def _measured(scene: Scene, codes: tuple[str, ...]) -> str:
    held = [
        f"{code} {scene.title(code)}".strip() if code in scene.questions else code
        for code in codes
        if any(o.audit == code and o.status == "measured" for o in scene.record.outcomes)
    ]
    return (
        scene.words("cause.treatment.state_measured", audits=scene.words.listed(held))
        if held
        else scene.words("cause.treatment.state_not")
    )


def _data(scene: Scene) -> Step:
    words, plan = scene.words, scene.record.plan
    rows = scene.numbers.whole(scene.record.provenance.cases.rows)
    said = [words("cause.data.text", rows=rows)]
    if plan.label:
        said.append(words("cause.data.label", label=plan.label, positive=words.listed(list(plan.positive))))
    else:
        said.append(words("cause.data.no_label"))
    said.append(words("cause.data.arm", arm=plan.arm) if plan.arm else words("cause.data.no_arm"))
    missing = []
    for name in plan.attributes:
        if NOT_RECORDED not in scene.disclosure.sizes.get(name, {}):
            continue
        called = _upper(words.attribute(name))
        size = scene.disclosure.size(name, NOT_RECORDED)
        missing.append(
            words("cause.data.missing_hidden", attribute=called)
            if size is None
            else words("cause.data.missing", attribute=called, n=scene.numbers.whole(size))
        )
    done = words("cause.done") if plan.label and plan.arm else words("cause.partly")
    return Step(title=words("cause.data.title"), state=done, said=tuple(said), listed=tuple(missing))


def _compute(scene: Scene) -> Step:
    words, outcomes = scene.words, scene.record.outcomes
    if not outcomes:
        reason = words("cause.compute.no_outcomes")
        return Step(title=words("cause.compute.title"), state=words("cause.not_done", reason=reason), said=())
    measured = sum(outcome.status == "measured" for outcome in outcomes)
    said = words(
        "cause.compute.text",
        measured=scene.numbers.whole(measured),
        asked=scene.numbers.whole(len(outcomes)),
        unanswered=scene.numbers.whole(len(outcomes) - measured),
    )
    state = words("cause.done" if measured == len(outcomes) else "cause.partly")
    return Step(title=words("cause.compute.title"), state=state, said=(said,))


def _explain(scene: Scene) -> Step:
    words = scene.words
    found = [outcome for outcome in scene.record.outcomes if outcome.audit in _CAUSE_AUDITS]
    people = words("cause.explain.people")
    if not any(outcome.status == "measured" for outcome in found):
        known = [code for code in _CAUSE_AUDITS if code in scene.questions] or list(_CAUSE_AUDITS)
        reason = words("cause.explain.reason", audits=", ".join(known))
        if found and found[0].reason:
            reason = scene.text(found[0].reason).rstrip(".")
        state = words("cause.not_done", reason=reason)
        return Step(title=words("cause.explain.title"), state=state, said=(people,))
    listed = tuple(_cause_line(scene, code) for code in _CAUSE_AUDITS if any(o.audit == code for o in found))
    return Step(
        title=words("cause.explain.title"),
        state=words("cause.partly"),
        said=(people, words("cause.explain.used")),
        listed=listed,
    )


def _cause_line(scene: Scene, code: str) -> str:
    words = scene.words
    said = []
    for outcome in scene.record.outcomes:
        if outcome.audit == code:
            key = (
                f"levels.short.{outcome.level or 'no_level'}"
                if outcome.status == "measured"
                else f"audits.{outcome.status}"
            )
            said.append(f"{words.attribute(outcome.attribute)}: {words(key)}")
    name = f"{code} {scene.title(code)}" if code in scene.questions else code
    return f"{name} – {'; '.join(said)}."


def _upper(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
