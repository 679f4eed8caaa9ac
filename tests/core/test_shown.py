from __future__ import annotations

from dataclasses import replace

from igw_audit.core.cases import REST
from igw_audit.core.decision import Reason
from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.core.rules import Limit, Sentence
from igw_audit.core.shown import shown_reasons
from igw_audit.core.text import Text
from igw_audit.policy.sentences import against_limit
from igw_audit.stats.estimate import Estimate

SIZES = {"large": (5000, 400), "middle": (600, 50), "small": (90, 4)}


def _finding(group: str) -> Finding:
    n, events = SIZES[group]
    estimate = Estimate(value=0.4321, low=0.3, high=0.6, confidence=0.95, n=n, method="none")
    counts = Counts(events=events, n=n)
    return Finding(statistic="selection_rate_ratio", group=group, reference=REST, estimate=estimate, counts=counts)


def _reasons() -> tuple[tuple[Reason, ...], Outcome]:
    words = Sentence(en="How often", nl="Hoe vaak")
    limit = Limit(
        rule="ratio", audit="A001", statistic="selection_rate_ratio", low=0.8, high=1.25, title=words, rationale=words
    )
    findings = {group: _finding(group) for group in SIZES}
    reasons = tuple(
        Reason(
            word="refuse",
            rule="ratio",
            audit="A001",
            attribute="region",
            group=group,
            statistic="selection_rate_ratio",
            text=against_limit(limit, "refuse", "region", [found]),
        )
        for group, found in findings.items()
    )
    outcome = Outcome(audit="A001", attribute="region", status="measured", findings=tuple(findings.values()))
    return reasons, outcome


def test_a_small_group_keeps_its_verdict_and_loses_its_numbers() -> None:
    reasons, outcome = _reasons()
    large, middle, small = shown_reasons(reasons, [outcome])
    assert large == reasons[0]
    for reason in (middle, small):
        assert "0.43" not in reason.text.en
        assert "0,43" not in reason.text.nl
        assert "n = " not in reason.text.en + reason.text.nl
        assert f"group {reason.group} lies wholly outside the limit (from 0.80 to 1.25)." in reason.text.en
        assert "withheld" in reason.text.en
        assert "verslag" in reason.text.nl


def test_a_sentence_that_was_cut_off_after_the_limit_is_not_mangled() -> None:
    reasons, outcome = _reasons()
    cut = "not answered yet: 1a2b How often: region, group small lies wholly outside the limit (from 0.80 to 1.25)"
    quoting = replace(reasons[2], text=Text(en=f"{cut}.\u2026", nl=f"{cut}."))
    (shown,) = shown_reasons([quoting], [outcome])
    for text in (shown.text.en, shown.text.nl):
        assert text.startswith(f"{cut}. ")
        assert "\u2026" not in text


def test_a_reason_about_no_group_stays_as_it_is() -> None:
    _, outcome = _reasons()
    reason = Reason(word="refer", rule="required", audit="A007", attribute="region", text=Text(en="not run", nl="niet"))
    assert shown_reasons([reason], [outcome]) == (reason,)
