"""Decision tables: what a policy says of findings whose truth is typed here."""

from __future__ import annotations

import pytest

from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.rules import Policy
from igw_audit.core.text import Text
from igw_audit.policy import decide, read_policy
from igw_audit.stats.estimate import Estimate

PLAN = Plan(attributes=("nationality",), capacity=100)
WORDS = {"en": "selected", "nl": "geselecteerd"}


def ratio(low: float | None, high: float | None, *, group: str = "a", step: str | None = None) -> Finding:
    ends = [end for end in (low, high) if end is not None] or [1.0]
    estimate = Estimate(value=sum(ends) / len(ends), low=low, high=high, confidence=0.95, n=100, method="Wilson")
    return Finding(statistic="selection_rate_ratio", group=group, reference="rest", step=step, estimate=estimate)


def outcome(*findings: Finding, audit: str = "A001", level: str | None = None) -> Outcome:
    return Outcome(audit=audit, attribute="nationality", status="measured", findings=findings, level=level)


def policy(**limit: object) -> Policy:
    base = {"rule": "ratio", "audit": "A001", "statistic": "selection_rate_ratio", "low": 0.8, "high": 1.25}
    return Policy.model_validate(
        {"name": "test", "version": "1", "limits": [{**base, **limit, "title": WORDS, "rationale": WORDS}]}
    )


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.81, 1.24, "allow"),
        (0.8, 1.25, "allow"),
        (0.79, 1.2, "refer"),
        (0.9, 1.3, "refer"),
        (0.5, 3.0, "refer"),
        (1.26, 1.5, "refuse"),
        (0.4, 0.79, "refuse"),
        (1.3, None, "refuse"),
        (None, 0.7, "refuse"),
        (None, 1.0, "refer"),
        (0.9, None, "refer"),
        (None, None, "refer"),
    ],
)
def test_inside_allows_outside_refuses_and_straddling_refers(low: float | None, high: float | None, word: str) -> None:
    assert decide([outcome(ratio(low, high))], policy=policy(), plan=PLAN).word == word


def test_one_group_in_doubt_among_many_that_pass_is_no_approval() -> None:
    findings = [ratio(0.9, 1.1, group=str(n)) for n in range(9)]
    decision = decide([outcome(*findings, ratio(0.7, 1.1, group="last"))], policy=policy(), plan=PLAN)
    assert (decision.word, [reason.group for reason in decision.reasons]) == ("refer", ["last"])


def test_a_group_that_cannot_be_measured_refers_by_name() -> None:
    reason = Text(en="nobody was selected", nl="niemand is geselecteerd")
    finding = Finding(statistic="selection_rate_ratio", group="three people", reference="rest", reason=reason)
    decision = decide([outcome(finding)], policy=policy(), plan=PLAN)
    assert decision.word == "refer"
    assert "three people" in decision.reasons[0].text.en
    assert "nobody was selected" in decision.reasons[0].text.en


@pytest.mark.parametrize("status", ["not_measurable", "failed", None])
def test_a_required_audit_without_an_answer_refers(status: str | None) -> None:
    held = [outcome(ratio(0.9, 1.1))]
    if status:
        held.append(
            Outcome(
                audit="A009",
                attribute="nationality",
                status="failed" if status == "failed" else "not_measurable",
                reason=Text(en="no model", nl="geen model"),
            )
        )
    judged = Policy.model_validate({**policy().model_dump(), "required": [{"audit": "A009"}]})
    decision = decide(held, policy=judged, plan=PLAN)
    assert (decision.word, decision.reasons[0].rule, decision.reasons[0].audit) == ("refer", "required", "A009")


def test_a_rule_whose_audit_was_not_run_refers_even_if_the_policy_does_not_require_it() -> None:
    assert decide([outcome(ratio(0.9, 1.1), audit="A002")], policy=policy(), plan=PLAN).word == "refer"


def test_a_misspelt_statistic_or_step_never_passes_in_silence() -> None:
    measured = [outcome(ratio(0.9, 1.1), ratio(0.9, 1.1, step="investigated"))]
    assert decide(measured, policy=policy(statistic="selection_rate_ration"), plan=PLAN).word == "refer"
    assert decide(measured, policy=policy(at="steps", steps=["investigatd"]), plan=PLAN).word == "refer"
    assert decide(measured, policy=policy(at="steps", steps=["investigated"]), plan=PLAN).word == "allow"


def test_a_policy_without_rules_only_refers() -> None:
    empty = Policy(name="empty", version="1")
    assert decide([outcome(ratio(0.9, 1.1))], policy=empty, plan=PLAN).word == "refer"


def test_a_step_can_refuse_what_the_model_alone_would_pass() -> None:
    measured = [outcome(ratio(0.9, 1.1), ratio(2.0, 4.0, step="selected by hand"))]
    assert decide(measured, policy=policy(at="model"), plan=PLAN).word == "allow"
    decision = decide(measured, policy=policy(), plan=PLAN)
    assert (decision.word, decision.reasons[0].step) == ("refuse", "selected by hand")


def test_a_disparity_that_declared_factors_explain_goes_to_people() -> None:
    softened = policy(explained_by="A005", when_explained="refer")
    apart = outcome(ratio(1.5, 2.0))
    explained = outcome(audit="A005", level="explained_by_declared")
    unexplained = outcome(audit="A005", level="unexplained")
    assert decide([apart, explained], policy=softened, plan=PLAN).word == "refer"
    assert decide([apart, unexplained], policy=softened, plan=PLAN).word == "refuse"


@pytest.mark.parametrize(("cases", "word"), [(0, "refer"), (99, "refer"), (100, "allow"), (5000, "allow")])
def test_a_rule_on_labels_needs_a_random_arm(cases: int, word: str) -> None:
    share = Estimate(value=0.1, low=0.0, high=0.2, confidence=0.95, n=10_000, method="Wilson")
    arm = Finding(statistic="random_arm_share", estimate=share, counts=Counts(events=cases, n=10_000))
    held = [outcome(ratio(0.9, 1.1)), outcome(arm, audit="A000")]
    assert decide(held, policy=policy(rests_on_labels=True), plan=PLAN).word == word


def test_groups_that_are_only_shown_are_accepted_by_name_and_can_still_refuse() -> None:
    shown = Plan(attributes=("nationality",), capacity=100, shown={"nationality": ("few", "fewer")})
    unclear = [ratio(0.9, 1.1), ratio(0.2, 4.0, group="few"), ratio(0.1, 9.0, group="fewer")]
    decision = decide([outcome(*unclear)], policy=policy(), plan=shown)
    assert decision.word == "refer"
    assert [reason.rule for reason in decision.reasons] == ["ratio:too-little-data"]
    assert "few, fewer" in decision.reasons[0].text.en
    certain = [ratio(0.9, 1.1), ratio(2.0, 4.0, group="few")]
    assert decide([outcome(*certain)], policy=policy(), plan=shown).word == "refuse"


def test_direct_use_is_refused_by_the_default_policy_and_cannot_be_overridden() -> None:
    direct = Finding(
        statistic="direct_use",
        features=("nationality",),
        level="direct_use",
        reason=Text(en="by name", nl="door de naam"),
    )
    decision = decide([outcome(direct, audit="A008", level="direct_use")], policy=read_policy(None), plan=PLAN)
    gravest = decision.reasons[0]
    assert (decision.word, gravest.rule, gravest.features) == ("refuse", "direct-use", ("nationality",))
    assert not gravest.overridable


def test_the_default_policy_names_itself_and_gives_each_limit_a_rationale_in_both_languages() -> None:
    shipped = read_policy(None)
    assert shipped.name == "default"
    assert all(rule.rationale.en and rule.rationale.nl for rule in shipped.rules)
