from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from igw_audit.audits.a007_proxy_use import proxy_use_of_model
from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan

Frame = pd.DataFrame


def _frame(*, n: int = 6000, seed: int = 0) -> tuple[Frame, np.ndarray]:
    """Ten neutral features: one proxy to use, one to leave, and a pair that only together tells the origin."""
    rng = np.random.default_rng(seed)
    far = rng.random(n) < 0.35
    columns = {
        name: rng.normal(size=n) for name in ("age", "delay", "gap", "income", "jobs", "mail", "region", "visits")
    }
    columns["region"] += 1.5 * far
    columns["mail"] += 1.5 * far
    sign = np.where(far, 1, -1) * np.where(rng.random(n) < 0.82, 1, -1)
    columns["delay"] = np.abs(columns["delay"]) * sign * np.sign(columns["gap"])
    frame = pd.DataFrame(columns, index=pd.Index([f"c{number:06}" for number in range(n)], name="id"))
    return frame[sorted(frame.columns)], np.where(far, "far", "near")


def _rule(frame: Frame) -> np.ndarray:
    together = np.tanh(2 * frame["gap"]) * np.tanh(2 * frame["delay"])
    return np.asarray(0.5 * frame["region"] + 0.5 * together + 0.7 * frame["age"] + 0.7 * frame["income"])


def _cases(
    frame: Frame,
    origin: np.ndarray,
    predict: Callable[[Frame], Any] | None,
    *,
    score: np.ndarray | None = None,
    model: Any = None,
    **plan: Any,
) -> ScoredCases:
    values = np.asarray(predict(frame) if predict else score, dtype=np.float64)
    return ScoredCases(
        plan=Plan.model_validate({"attributes": ("origin",), "capacity": 0.2, **plan}),
        features=frame,
        score=values,
        selected=values >= np.quantile(values, 0.8),
        groupings={"origin": Grouping.of("origin", pd.Series(origin, index=frame.index))},
        predict=predict,
        model=model,
    )


def _used(outcome: Outcome) -> set[tuple[str, ...]]:
    return {finding.features for finding in outcome.select("delta") if finding.level in ("strong_use", "weak_use")}


@pytest.fixture(scope="module")
def planted() -> Outcome:
    frame, origin = _frame()
    return proxy_use_of_model.run(_cases(frame, origin, _rule), "origin")


def test_the_used_proxy_and_the_pair_are_named_and_the_unused_proxy_is_not(planted: Outcome) -> None:
    assert planted.status == "measured"
    assert planted.level == "strong_use"
    assert _used(planted) == {("region",), ("delay",), ("gap",), ("delay", "gap")}
    unused = [finding for finding in planted.select("delta") if finding.features == ("mail",)]
    assert {finding.level for finding in unused} == {"present_unused"}


def test_every_feature_and_group_has_its_shift_flagged_or_not(planted: Outcome) -> None:
    singles = {
        (finding.features[0], finding.group) for finding in planted.select("delta") if len(finding.features) == 1
    }
    assert len(singles) == 8 * 2
    (total,) = planted.select("delta_total", group="far")
    assert total.estimate is not None
    assert total.estimate.low > 0.3  # type: ignore[operator]


def test_use_is_said_in_cases_selected_as_well(planted: Outcome) -> None:
    shifts = [finding for finding in planted.select("selection_shift", group="far") if finding.features == ("region",)]
    assert shifts[0].estimate is not None
    assert 0.05 < shifts[0].estimate.value < 0.3


def test_trees_and_a_callable_lead_to_the_same_features() -> None:
    frame, origin = _frame(n=4000)
    trees = HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=12, random_state=0).fit(frame, _rule(frame))
    outcome = proxy_use_of_model.run(_cases(frame, origin, trees.predict, model=trees), "origin")
    # what the trees have learnt of mail, they use: here only the rule itself leaves it out
    assert {("region",), ("delay", "gap")} <= _used(outcome)
    assert not {("age",), ("income",), ("jobs",), ("visits",)} & _used(outcome)


def test_what_the_declared_factor_explains_is_no_use() -> None:
    rng = np.random.default_rng(3)
    frame, _ = _frame(n=12_000)
    origin = np.where(rng.random(12_000) < 1 / (1 + np.exp(-1.5 * frame["income"])), "far", "near")
    outcome = proxy_use_of_model.run(
        _cases(frame, origin, lambda other: 0.8 * other["age"] + other["income"], declared=("income",)), "origin"
    )
    assert outcome.level == "explained_by_declared"
    assert not _used(outcome)


@pytest.mark.parametrize("share", [0.004, 0.03])
def test_explained_holds_for_every_group_that_gates_or_not_at_all(share: float) -> None:
    rng = np.random.default_rng(4)
    frame, _ = _frame(n=12_000, seed=4)
    origin = np.where(rng.random(12_000) < 1 / (1 + np.exp(-1.5 * frame["income"])), "far", "near")
    origin = np.where(rng.random(12_000) < share, "few", origin)
    rule = lambda other: 0.8 * other["age"] + other["income"]  # noqa: E731
    gating = proxy_use_of_model.run(_cases(frame, origin, rule, declared=("income",)), "origin")
    shown = proxy_use_of_model.run(
        _cases(frame, origin, rule, declared=("income",), shown={"origin": ("few",)}), "origin"
    )
    assert gating.level in ("inconclusive", "use_not_excluded")
    assert shown.level == "explained_by_declared"


def test_without_a_model_the_whole_is_still_measured_and_nothing_is_called_a_feature() -> None:
    frame, origin = _frame(n=3000)
    outcome = proxy_use_of_model.run(_cases(frame, origin, None, score=_rule(frame)), "origin")
    assert outcome.level == "unexplained"
    assert not outcome.select("delta")


def test_scores_alone_say_what_the_shift_goes_along_with_and_never_call_it_use() -> None:
    frame, origin = _frame(n=6000)
    frame = frame.drop(columns=["delay", "gap"])
    score = np.asarray(0.6 * frame["region"] + 0.7 * frame["age"])
    outcome = proxy_use_of_model.run(_cases(frame, origin, None, score=score, declared=("income",)), "origin")
    parts = {f.features[0]: f.estimate for f in outcome.select("associated_shift", group="far") if f.estimate}
    assert set(parts) == {"age", "jobs", "mail", "region", "visits"}
    (whole,) = outcome.select("delta_total", group="far")
    assert whole.estimate is not None
    assert parts["region"].value == pytest.approx(whole.estimate.value, abs=0.1)
    assert all(abs(parts[name].value) < 0.1 for name in ("mail", "jobs", "visits"))
    for finding in outcome.select("associated_shift"):
        assert (finding.level, finding.p_value, finding.p_adjusted) == (None, None, None)
        # without counts a small group's numbers would not be withheld from the page
        assert finding.counts is not None
        assert finding.counts.n == int((origin == finding.group).sum())
        assert finding.estimate is not None
        assert finding.estimate.method.startswith("association with the score, no contribution")


def test_with_scores_alone_a_copy_that_the_model_never_saw_shares_the_part_of_what_it_copies() -> None:
    frame, origin = _frame(n=4000)
    frame["copy"] = frame["region"]
    score = np.asarray(0.6 * frame["region"] + 0.7 * frame["age"])
    outcome = proxy_use_of_model.run(_cases(frame, origin, None, score=score), "origin")
    parts = {f.features[0]: f.estimate.value for f in outcome.select("associated_shift", group="far") if f.estimate}
    assert parts["copy"] == pytest.approx(parts["region"], rel=0.2)


def test_a_category_with_many_levels_has_its_part_too() -> None:
    rng = np.random.default_rng(8)
    frame, origin = _frame(n=5000)
    postcode = np.where(origin == "far", rng.integers(0, 60, 5000), rng.integers(30, 90, 5000))
    effect = np.where(np.arange(90) < 45, 0.5, -0.5)
    frame["postcode"] = postcode.astype(str)
    score = effect[postcode] + np.asarray(0.5 * frame["age"])
    outcome = proxy_use_of_model.run(_cases(frame, origin, None, score=score), "origin")
    parts = {f.features[0]: f.estimate.value for f in outcome.select("associated_shift", group="far") if f.estimate}
    assert parts["postcode"] > 0.3
    assert max(abs(value) for name, value in parts.items() if name != "postcode") < 0.15


def test_too_little_data_never_reads_as_no_use() -> None:
    frame, origin = _frame(n=150)
    quiet = _cases(frame, origin, lambda other: other["age"])
    assert proxy_use_of_model.run(quiet, "origin").level in ("inconclusive", "trace_use", "weak_use", "unexplained")


def test_a_person_alone_in_a_group_is_listed_not_dropped() -> None:
    frame, origin = _frame(n=2000)
    origin = origin.astype(object)
    origin[0] = "alone"
    outcome = proxy_use_of_model.run(_cases(frame, origin, _rule), "origin")
    alone = outcome.select(group="alone")
    assert "alone" in outcome.inconclusive_groups
    assert {finding.estimate for finding in alone if finding.statistic.startswith("delta")} == {None}


def test_names_of_groups_and_order_of_columns_do_not_matter_and_scale_neither() -> None:
    frame, origin = _frame(n=1500)
    plain = proxy_use_of_model.run(_cases(frame, origin, _rule), "origin")
    renamed = proxy_use_of_model.run(_cases(frame, np.where(origin == "far", "a", "z"), _rule), "origin")
    back = {"a": "far", "z": "near"}
    assert tuple(replace(finding, group=back[str(finding.group)]) for finding in renamed.findings) == plain.findings
    scaled = proxy_use_of_model.run(_cases(frame, origin, lambda other: 50 * _rule(other) + 3), "origin")
    assert [finding.level for finding in scaled.findings] == [finding.level for finding in plain.findings]


def test_a_scorecard_is_taken_apart_on_log_odds() -> None:
    frame, origin = _frame(n=4000)
    rng = np.random.default_rng(0)
    target = rng.random(4000) < 1 / (1 + np.exp(-_rule(frame)))
    model = LogisticRegression().fit(frame[["age", "income", "region"]], target)
    predict = lambda other: model.predict_proba(other[["age", "income", "region"]])[:, 1]  # noqa: E731
    outcome = proxy_use_of_model.run(_cases(frame, origin, predict, model=model), "origin")
    assert _used(outcome) == {("region",)}
    finding = outcome.select("delta", group="far")[0]
    assert finding.estimate is not None
    assert finding.estimate.method.startswith("linear")


def test_of_more_cases_than_can_be_taken_apart_a_part_is_drawn_small_groups_whole_and_it_says_so() -> None:
    rng = np.random.default_rng(9)
    n = 20_000
    frame = pd.DataFrame(
        rng.normal(size=(n, 20)),
        columns=[f"f{position:02d}" for position in range(20)],
        index=pd.Index([f"c{number:06}" for number in range(n)], name="id"),
    )
    origin = np.where(rng.random(n) < 0.25, "far", "near").astype(object)
    origin[:60] = "few"
    frame["f03"] += 1.0 * (origin == "far")
    frame["f04"] += 3.0 * (origin == "few")
    outcome = proxy_use_of_model.run(
        _cases(frame, origin, lambda other: 0.6 * other["f03"] + 0.6 * other["f04"] + other["f05"]), "origin"
    )
    part = {finding.group: finding for finding in outcome.select("share_measured")}
    taken = {name: finding.counts.events for name, finding in part.items() if finding.counts}
    assert taken["few"] == 60
    assert taken["far"] == int((origin == "far").sum())
    assert sum(taken.values()) == 18_750
    assert sum(finding.counts.n for finding in part.values() if finding.counts) == n
    for finding in outcome.select("delta"):
        assert finding.estimate is not None
        assert finding.estimate.n == 18_750
        assert "18750 of 20000 cases drawn" in finding.estimate.method
    assert _used(outcome) == {("f03",), ("f04",)}
    (few,) = (f for f in outcome.select("delta", group="few") if f.features == ("f04",))
    assert few.estimate is not None
    assert few.estimate.value == pytest.approx(0.6 * 3 / np.std(_score(frame)), rel=0.25)


def _score(frame: Frame) -> np.ndarray:
    return np.asarray(0.6 * frame["f03"] + 0.6 * frame["f04"] + frame["f05"])


def test_all_cases_are_measured_where_they_can_be_and_no_share_is_told() -> None:
    frame, origin = _frame(n=1200)
    assert not proxy_use_of_model.run(_cases(frame, origin, _rule), "origin").select("share_measured")
