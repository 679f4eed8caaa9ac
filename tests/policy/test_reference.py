"""The reference page of policies keeps up with the default, and its example is a policy."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from igw_audit.core.rules import Policy
from igw_audit.policy import read_policy

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/policy.md").read_text(encoding="utf-8")


def test_every_rule_of_the_default_policy_stands_in_its_table_with_its_audit() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (A\d{3}) \|", PAGE, flags=re.MULTILINE))
    assert told == {rule.rule: rule.audit for rule in read_policy(None).rules}


def test_the_example_on_the_page_is_a_rule_that_can_be_added_to_the_default() -> None:
    shipped = read_policy(None).model_dump()
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    added = Policy.model_validate({**shipped, "limits": [*shipped["limits"], *tomllib.loads(example)["limits"]]})
    assert added.limits[-1].rule == "over-weighting"
