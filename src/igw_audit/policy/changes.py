"""What changed between two plans or policies, and whether a policy became stricter anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from igw_audit.core.plan import Plan
from igw_audit.core.rules import LevelRule, Limit, Policy, SignOff
from igw_audit.core.text import Text

#: Keys by which the entries of a list are the same entry in both files.
_NAMED_BY = ("rule", "audit", "name")
#: What people read; a change in it changes nothing that is measured or judged.
_WORDING = ("title", "rationale")
_GRAVITY = ("allow", "refer", "refuse")


def what_changed(old: Plan | Policy, new: Plan | Policy) -> tuple[Text, ...]:
    """Name every setting that differs, in order of its place in the file.

    >>> before = Plan(attributes=("sex",), capacity=0.1, features=("a", "b"))
    >>> after = before.model_copy(update={"capacity": 0.2, "features": ("b", "c")})
    >>> [text.en for text in what_changed(before, after)]
    ['capacity: 0.1 became 0.2', 'features: without a, with c']
    """
    was, now = (dict(_flat(settings.model_dump(mode="json"))) for settings in (old, new))
    places = dict.fromkeys([*was, *now])
    return tuple(
        _said(place, was.get(place), now.get(place)) for place in sorted(places) if was.get(place) != now.get(place)
    )


def stricter(old: Policy, new: Policy) -> bool:
    """Tell whether the new policy would stop something that the old one lets through; a mixed change counts as such."""
    return any(
        (
            any(_limit(_rule(old.limits, limit), limit) for limit in new.limits),
            any(_level(_rule(old.levels, rule), rule) for rule in new.levels),
            any(_required(old, one.audit, one.when) for one in new.required),
            new.random_arm_minimum > old.random_arm_minimum,
            _sign_off(old.sign_off, new.sign_off),
            new.dossier.required and not old.dossier.required,
            new.registration.required and not old.registration.required,
        )
    )


def _rule(rules: tuple[Any, ...], wanted: Limit | LevelRule) -> Any:
    return next((rule for rule in rules if rule.rule == wanted.rule), None)


def _limit(old: Limit | None, new: Limit) -> bool:
    if old is None or (old.audit, old.statistic) != (new.audit, new.statistic):
        return True
    return any(
        (
            _end(new.low, -math.inf) > _end(old.low, -math.inf),
            _end(new.high, math.inf) < _end(old.high, math.inf),
            new.at not in (old.at, *(("model", "steps") if old.at == "anywhere" else ())),
            bool(old.steps) and (not new.steps or not set(new.steps) <= set(old.steps)),
            _GRAVITY.index(new.outside) > _GRAVITY.index(old.outside),
            old.when_explained is not None
            and (new.when_explained, new.explained_by) != (old.when_explained, old.explained_by),
            new.rests_on_labels and not old.rests_on_labels,
            old.overridable and not new.overridable,
        )
    )


def _end(value: float | None, open_end: float) -> float:
    return open_end if value is None else value


def _level(old: LevelRule | None, new: LevelRule) -> bool:
    if old is None or old.audit != new.audit:
        return True
    graver = any(_word(new, level) > _word(old, level) for level in (*new.refer, *new.refuse))
    return graver or (old.overridable and not new.overridable)


def _word(rule: LevelRule, level: str) -> int:
    return _GRAVITY.index("refuse" if level in rule.refuse else "refer" if level in rule.refer else "allow")


def _required(old: Policy, audit: str, when: str) -> bool:
    return not any(one.audit == audit and one.when in ("always", when) for one in old.required)


def _sign_off(old: SignOff, new: SignOff) -> bool:
    return any(
        (
            any(count > old.reviewers.get(role, 0) for role, count in new.reviewers.items()),
            new.personal_signature and not old.personal_signature,
            new.valid_days < old.valid_days,
        )
    )


def _flat(content: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Name every setting by its place; entries of a list of tables go by their name."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            inner = f"{place}.{key}" if place else str(key)
            yield from [(inner, value)] if key in _WORDING else _flat(value, inner)
    elif isinstance(content, list) and content and isinstance(content[0], Mapping):
        for position, entry in enumerate(content):
            name = next((entry[key] for key in _NAMED_BY if key in entry), position)
            yield from _flat(entry, f"{place}.{name}")
    elif content is not None and content not in ([], {}):
        yield place, content


def _said(place: str, was: Any, now: Any) -> Text:
    if place.rpartition(".")[2] in _WORDING:
        return Text(en=f"{place}: other words", nl=f"{place}: andere woorden")
    if isinstance(was, list) or isinstance(now, list):
        gone = ", ".join(str(one) for one in was or [] if one not in (now or []))
        come = ", ".join(str(one) for one in now or [] if one not in (was or []))
        if not gone and not come:
            return Text(en=f"{place}: another order", nl=f"{place}: een andere volgorde")
        return Text(
            en=f"{place}: " + ", ".join(part for part in (gone and f"without {gone}", come and f"with {come}") if part),
            nl=f"{place}: " + ", ".join(part for part in (gone and f"zonder {gone}", come and f"met {come}") if part),
        )
    if was is None:
        return Text(en=f"{place}: {now}, new", nl=f"{place}: {now}, nieuw")
    if now is None:
        return Text(en=f"{place}: {was}, taken out", nl=f"{place}: {was}, eruit gehaald")
    return Text(en=f"{place}: {was} became {now}", nl=f"{place}: {was} werd {now}")
