from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.audits.a005_conditional_disparity import conditional_disparity
from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.plan import Plan


def _cases(frame: pd.DataFrame, declared: tuple[str, ...], **plan: Any) -> ScoredCases:
    """Rows in canonical order by id; ``score``, ``origin`` and declared columns come with the frame."""
    frame = frame.sort_index()
    settings = {"attributes": ("origin",), "declared": declared, "capacity": 0.2, **plan}
    score = frame["score"].to_numpy(dtype=np.float64)
    return ScoredCases(
        plan=Plan.model_validate(settings),
        features=frame[sorted(declared)],
        score=score,
        selected=frame["selected"].to_numpy(dtype=bool) if "selected" in frame else score >= np.quantile(score, 0.8),
        groupings={"origin": Grouping.of("origin", frame["origin"])},
    )


def _world(*, n: int = 12_000, seed: int = 0, shift: float = 0.0, pull: float = 1.0) -> pd.DataFrame:
    """Two large groups that differ in a declared factor, and a score that follows it, bent."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=n)
    other = rng.random(n) < 1 / (1 + np.exp(-pull * factor))
    score = np.abs(factor + 1) + shift * other + rng.normal(size=n)
    return pd.DataFrame(
        {"factor": factor, "origin": np.where(other, "one", "two"), "score": score},
        index=pd.Index([f"c{number:06}" for number in range(n)], name="id"),
    )


def _total(outcome: Outcome, group: str) -> Finding:
    (finding,) = outcome.select("delta_total", group=group)
    return finding


def test_a_disparity_that_the_declared_factor_explains_is_said_to_be_explained() -> None:
    outcome = conditional_disparity.run(_cases(_world(), ("factor",)), "origin")
    assert outcome.status == "measured"
    assert outcome.level == "explained_by_declared"
    (before,) = outcome.select("marginal_delta_total", group="one")
    assert before.estimate is not None
    assert before.estimate.low > 0.2  # type: ignore[operator]


def test_a_planted_shift_is_found_measured_and_called_unexplained() -> None:
    frame = _world(shift=0.3)
    outcome = conditional_disparity.run(_cases(frame, ("factor",)), "origin")
    truth = 0.3 / frame["score"].std()
    finding = _total(outcome, "one")
    assert outcome.level == "unexplained"
    assert finding.estimate is not None
    assert finding.estimate.low < truth < finding.estimate.high  # type: ignore[operator]
    assert finding.p_adjusted is not None
    assert finding.p_adjusted <= 0.01


def test_nothing_there_is_no_disparity_shown_where_the_data_can_tell() -> None:
    outcome = conditional_disparity.run(_cases(_world(pull=0.0), ("factor",)), "origin")
    assert outcome.level == "no_disparity_shown"


def test_too_little_data_is_inconclusive_by_name_and_never_explained() -> None:
    outcome = conditional_disparity.run(_cases(_world(n=300, pull=0.3), ("factor",)), "origin")
    assert outcome.level == "inconclusive"
    assert set(outcome.inconclusive_groups) == {"one", "two"}


def test_a_small_group_that_is_only_shown_does_not_decide_but_is_named() -> None:
    frame = _world()
    frame.loc[frame.index[::400], "origin"] = "few"
    gating = conditional_disparity.run(_cases(frame, ("factor",)), "origin")
    shown = conditional_disparity.run(_cases(frame, ("factor",), shown={"origin": ("few",)}), "origin")
    assert gating.level == "inconclusive"
    assert shown.level == "explained_by_declared"
    assert shown.inconclusive_groups == ("few",)


def test_the_selection_shift_is_a_rate_and_in_its_own_standard_deviations() -> None:
    cases = _cases(_world(shift=0.5), ("factor",))
    outcome = conditional_disparity.run(cases, "origin")
    (decision,) = outcome.select("delta_decision", group="one")
    (rate,) = outcome.select("conditional_selection_rate_difference", group="one")
    assert decision.estimate is not None
    assert rate.estimate is not None
    assert rate.estimate.value == pytest.approx(decision.estimate.value * cases.selected.std())
    assert 0.05 < rate.estimate.value < 0.2


def _simpson(*, n: int = 6000) -> pd.DataFrame:
    """Within each route group "one" is selected less; it applies mostly for the route with many selections."""
    rng = np.random.default_rng(1)
    strict = rng.random(n) < 0.5
    one = rng.random(n) < np.where(strict, 0.75, 0.25)
    selected = rng.random(n) < np.where(strict, 0.5, 0.1) - 0.07 * one
    return pd.DataFrame(
        {
            "route": np.where(strict, "strict", "light"),
            "origin": np.where(one, "one", "two"),
            "score": selected + 0.1 * rng.random(n),
            "selected": selected,
        },
        index=pd.Index([f"c{number:06}" for number in range(n)], name="id"),
    )


def test_a_reversal_between_all_cases_and_like_cases_is_flagged() -> None:
    outcome = conditional_disparity.run(_cases(_simpson(), ("route",)), "origin")
    (reversal,) = outcome.select("simpson_reversal", group="one")
    (before,) = outcome.select("marginal_selection_rate_difference", group="one")
    assert reversal.estimate is not None
    assert before.estimate is not None
    assert reversal.estimate.high < 0 < before.estimate.low  # type: ignore[operator]


def test_no_reversal_is_flagged_where_the_factor_only_explains() -> None:
    outcome = conditional_disparity.run(_cases(_world(), ("factor",)), "origin")
    assert not outcome.select("simpson_reversal")


def test_few_strata_give_a_mantel_haenszel_difference_that_agrees_with_the_shift() -> None:
    outcome = conditional_disparity.run(_cases(_simpson(), ("route",)), "origin")
    (exact,) = outcome.select("mantel_haenszel_difference", group="one")
    (shift,) = outcome.select("conditional_selection_rate_difference", group="one")
    assert exact.estimate is not None
    assert shift.estimate is not None
    assert exact.estimate.value == pytest.approx(shift.estimate.value, abs=0.005)
    assert exact.p_adjusted is not None
    assert exact.p_adjusted < 0.001


def test_row_order_and_group_names_do_not_matter() -> None:
    frame = _world(n=1500, shift=0.2)
    cases = _cases(frame, ("factor",))
    shuffled = _cases(frame.sample(frac=1, random_state=3), ("factor",))
    renamed = _cases(frame.assign(origin=frame["origin"].map({"one": "zz", "two": "a"})), ("factor",))
    plain = conditional_disparity.run(cases, "origin")
    assert conditional_disparity.run(shuffled, "origin") == plain
    other = conditional_disparity.run(renamed, "origin")
    back = {"zz": "one", "a": "two"}
    assert tuple(replace(finding, group=back[str(finding.group)]) for finding in other.findings) == plain.findings


def test_nobody_is_left_out_and_people_without_a_record_are_a_group() -> None:
    frame = _world(n=1500)
    frame.loc[frame.index[::30], "origin"] = None
    frame.loc[frame.index[0], "origin"] = "alone"
    outcome = conditional_disparity.run(_cases(frame, ("factor",)), "origin")
    groups = {finding.group for finding in outcome.select("delta_total")}
    assert groups == {"one", "two", "(not recorded)", "alone"}
    alone = _total(outcome, "alone")
    assert alone.estimate is None
    assert alone.level == "inconclusive"
    assert alone.reason is not None


def test_a_factor_that_equals_the_group_leaves_nothing_to_compare() -> None:
    frame = _world(n=2000)
    outcome = conditional_disparity.run(_cases(frame.assign(factor=frame["origin"]), ("factor",)), "origin")
    assert outcome.level == "inconclusive"
    (overlap,) = outcome.select("overlap_given_declared", group="one")
    assert overlap.estimate is not None
    assert overlap.estimate.value < 0.02


def test_one_group_only_is_not_measurable() -> None:
    outcome = conditional_disparity.run(_cases(_world(n=100).assign(origin="one"), ("factor",)), "origin")
    assert outcome.status == "not_measurable"


def test_without_declared_factors_the_question_is_not_measurable() -> None:
    frame = _world(n=100)
    assert conditional_disparity.run(_cases(frame, ()), "origin").status == "not_measurable"
