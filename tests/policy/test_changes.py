"""Which policy is stricter than which, as a table; and what changed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from igw_audit.core.plan import Band, Plan
from igw_audit.core.rules import Policy
from igw_audit.policy import stricter, what_changed

SAID = {"en": "said", "nl": "gezegd"}
LIMIT: dict[str, Any] = {
    "rule": "ratio", "audit": "A001", "statistic": "selection_rate_ratio", "low": 0.8, "high": 1.25, "at": "model",
    "title": SAID, "rationale": SAID,
}  # fmt: skip
LEVEL: dict[str, Any] = {
    "rule": "proxy", "audit": "A007", "refuse": ["strong_use"], "refer": ["weak_use"], "title": SAID, "rationale": SAID,
}  # fmt: skip
BASE: dict[str, Any] = {
    "name": "p", "version": "1", "limits": [LIMIT], "levels": [LEVEL], "required": [{"audit": "A001"}],
}  # fmt: skip


def policy(**changed: Any) -> Policy:
    return Policy.model_validate({**BASE, **changed})


def limit(**changed: Any) -> Policy:
    return policy(limits=[{**LIMIT, **changed}])


def level(**changed: Any) -> Policy:
    return policy(levels=[{**LEVEL, **changed}])


#: (other policy, whether it is stricter than the base, whether the base is stricter than it)
TABLE = [
    (policy(), False, False),
    (policy(name="q", version="2"), False, False),
    (limit(low=0.9), True, False),
    (limit(high=1.2), True, False),
    (limit(high=None), False, True),
    (limit(low=0.9, high=1.5), True, True),
    (limit(at="anywhere"), True, False),
    (limit(at="steps"), True, True),
    (limit(outside="refer"), False, True),
    (limit(rests_on_labels=True), True, False),
    (limit(overridable=False), True, False),
    (limit(explained_by="A005", when_explained="refer"), False, True),
    (limit(statistic="selection_rate_difference"), True, True),
    (limit(title={"en": "other words", "nl": "andere woorden"}), False, False),
    (policy(limits=[]), False, True),
    (level(refuse=["strong_use", "weak_use"], refer=[]), True, False),
    (level(refer=[]), False, True),
    (level(refer=["weak_use", "inconclusive"]), True, False),
    (policy(required=[{"audit": "A001"}, {"audit": "A005", "when": "declared"}]), True, False),
    (policy(required=[{"audit": "A001", "when": "label"}]), False, True),
    (policy(random_arm_minimum=1000), True, False),
    (policy(sign_off={"reviewers": {"ethics": 2}}), True, False),
    (policy(sign_off={"reviewers": {"legal": 1}}), True, True),
    (policy(sign_off={"personal_signature": True}), True, False),
    (policy(sign_off={"valid_days": 90}), True, False),
    (policy(dossier={"required": True}), True, False),
    (policy(registration={"required": True}), True, False),
]


@pytest.mark.parametrize(("other", "is_stricter", "base_is"), TABLE)
def test_stricter_is_what_would_stop_something_that_passed(other: Policy, is_stricter: bool, base_is: bool) -> None:
    assert stricter(policy(), other) is is_stricter
    assert stricter(other, policy()) is base_is


def test_a_limit_on_named_steps_is_stricter_when_it_holds_for_more_of_them() -> None:
    some, all_steps = limit(at="steps", steps=["signal"]), limit(at="steps")
    assert stricter(some, all_steps)
    assert not stricter(all_steps, some)


def test_every_setting_that_differs_is_named_and_nothing_else() -> None:
    told = [text.en for text in what_changed(policy(), policy(version="2", limits=[{**LIMIT, "high": 1.2}], levels=[]))]
    assert "limits.ratio.high: 1.25 became 1.2" in told
    assert "version: 1 became 2" in told
    assert any(text.startswith("levels.proxy.refuse: without strong_use") for text in told)
    assert not [text for text in told if text.startswith(("limits.ratio.low", "required", "sign_off"))]


def test_words_that_people_read_are_no_change_in_what_is_judged_and_are_told_as_words() -> None:
    told = what_changed(policy(), limit(rationale={"en": "because", "nl": "omdat"}))
    assert [text.nl for text in told] == ["limits.ratio.rationale: andere woorden"]


def test_a_changed_plan_says_what_came_and_what_went() -> None:
    old = Plan(attributes=("sex",), features=("a", "b"), capacity=0.1)
    bands = (Band(name="low", at_least=0.0, severity=0), Band(name="high", at_least=0.5, severity=3))
    new = Plan(attributes=("sex", "region"), features=("b", "a"), bands=bands)
    told = {text.en for text in what_changed(old, new)}
    assert {"attributes: with region", "capacity: 0.1, taken out", "features: another order"} <= told
    assert "bands.high.at_least: 0.5, new" in told
