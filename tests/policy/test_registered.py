"""Only what was registered before the first result, and was not replaced, lets a policy that asks for it allow."""

from __future__ import annotations

import pytest

from igw_audit.core.registration import Registered, Registrations
from igw_audit.core.rules import AskedRegistration, Policy
from igw_audit.policy.registered import registration_reasons

ASKS = Policy(name="asks", version="1", registration=AskedRegistration(required=True))


@pytest.mark.parametrize(
    ("word", "said"),
    [("before", "allow"), ("replaced", "refer"), ("after", "refer"), ("never", "refer"), (None, "refer")],
)
def test_all_but_before_refer(word: Registered | None, said: str) -> None:
    held = None if word is None else Registrations(word=word, history=())
    (reason,) = registration_reasons(held, policy=ASKS)
    assert (reason.word, reason.rule) == (said, "registration")


def test_a_policy_that_does_not_ask_says_nothing() -> None:
    assert not list(registration_reasons(None, policy=Policy(name="silent", version="1")))
