from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.cases import complete_plan, score_cases

NUMBER = 40


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "salary": rng.normal(size=NUMBER),
            "late": rng.integers(0, 2, NUMBER),
            "risk": rng.random(NUMBER),
            "found": np.where(rng.random(NUMBER) < 0.2, np.nan, rng.integers(0, 2, NUMBER)),
            "route": np.array(["risk", "random", None], dtype=object)[rng.integers(0, 3, NUMBER)],
            "chance": rng.uniform(0.1, 1, NUMBER),
            "signal": rng.integers(0, 2, NUMBER),
            "investigated": rng.integers(0, 2, NUMBER),
            "sponsor": np.array([f"s{number % 7}" for number in range(NUMBER)], dtype=object),
            "share": rng.uniform(1, 2, NUMBER),
        },
        index=[f"p{number}" for number in range(NUMBER)],
    )


def plan(**changes: Any) -> Plan:
    return Plan.model_validate(
        {
            "attributes": ("sex",),
            "declared": ("salary",),
            "features": ("late",),
            "capacity": 10,
            "label": "found",
            "arm": "route",
            "arm_probability": "chance",
            "steps": ("signal", "score", "investigated"),
            "cluster": "sponsor",
            "weight": "share",
            **changes,
        }
    )


def groups(n: int) -> Mapping[str, Grouping]:
    return {"sex": Grouping.of("sex", pd.Series(["f", "m"] * (n // 2) + ["f"] * (n % 2)))}


def scored(frame: pd.DataFrame, asked: Plan | None = None, **scores: Any) -> ScoredCases:
    return score_cases(frame, asked or plan(), groupings=groups(len(frame)), **(scores or {"score": "risk"}))


def problems(frame: pd.DataFrame, asked: Plan, **scores: Any) -> str:
    with pytest.raises(InputError) as caught:
        scored(frame, asked, **scores)
    return str(caught.value)


def test_a_bare_frame_gives_what_the_plan_names_in_the_order_of_ids(frame: pd.DataFrame) -> None:
    cases = scored(frame)
    ordered = frame.sort_index()
    assert list(cases.features.columns) == ["late", "salary"]
    assert list(cases.features.index) == sorted(frame.index)
    np.testing.assert_array_equal(cases.score, ordered["risk"])
    assert cases.selected.sum() == 10
    assert cases.label is not None
    np.testing.assert_array_equal(cases.label.known, ordered["found"].notna())
    np.testing.assert_array_equal(cases.label.positive, ordered["found"] == 1)
    assert cases.arm is not None
    assert set(cases.arm) == {"risk", "random", None}
    assert cases.arm_probability is not None
    np.testing.assert_array_equal(cases.arm_probability, ordered["chance"])
    assert cases.cluster is not None
    assert len(np.unique(cases.cluster)) == 7
    assert cases.weight is not None
    np.testing.assert_array_equal(cases.weight, ordered["share"])
    assert cases.predict is None


def test_the_entry_score_marks_where_the_models_own_selection_stands(frame: pd.DataFrame) -> None:
    steps = scored(frame).steps
    assert [(step.name, step.by_model) for step in steps] == [
        ("signal", False),
        ("score", True),
        ("investigated", False),
    ]
    np.testing.assert_array_equal(steps[1].reached, scored(frame).selected)
    without = scored(frame, plan(steps=("investigated",))).steps
    assert [step.name for step in without] == ["investigated"]


def test_the_order_of_rows_and_columns_does_not_matter(frame: pd.DataFrame) -> None:
    tied = frame.assign(risk=frame["risk"].round(1))
    one = scored(tied)
    other = scored(tied.sample(frac=1, random_state=3)[tied.columns[::-1]])
    pd.testing.assert_frame_equal(one.features, other.features)
    for name in ("score", "selected", "cluster", "weight"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_model_a_callable_a_column_and_the_scores_themselves_agree(frame: pd.DataFrame) -> None:
    target = (frame["salary"] > 0).to_numpy(dtype=np.int64)
    model = LogisticRegression().fit(frame[["salary", "late"]], target)
    given = pd.Series(model.predict_proba(frame[["salary", "late"]])[:, 1], index=frame.index)
    ways = [
        {"predict": model},
        {"predict": lambda whole: model.predict_proba(whole[["salary", "late"]])[:, 1]},
        {"score": given},
        {"score": given.sample(frac=1, random_state=0)},
        {"score": given.to_numpy()},
        {"score": list(given)},
    ]
    found = [scored(frame, **way).score for way in ways] + [scored(frame.assign(own=given), score="own").score]
    for scores in found:
        np.testing.assert_allclose(scores, given.sort_index(), rtol=1e-12)


def test_a_model_can_be_asked_about_changed_cases(frame: pd.DataFrame) -> None:
    cases = scored(frame, predict=lambda whole: whole["salary"] + whole["share"])
    assert cases.predict is not None
    np.testing.assert_allclose(cases.predict(cases.features.assign(salary=0.0)), frame.sort_index()["share"])


def test_numbers_as_ids_are_ordered_as_text(frame: pd.DataFrame) -> None:
    cases = scored(frame.set_axis(range(NUMBER), axis=0))
    assert list(cases.features.index[:4]) == ["0", "1", "10", "11"]


def test_roles_of_the_schema_fill_what_the_plan_leaves_open(table: CaseTable) -> None:
    bare = Plan(attributes=("sex",), capacity=100)
    cases = score_cases(table, bare, groupings=groups(len(table)), predict=lambda whole: whole["noise"])
    assert cases.plan.declared == ("salary",)
    assert cases.plan.features == ("late", "sector", "postcode", "noise")
    assert (cases.plan.label, cases.plan.arm, cases.plan.cluster) == ("outcome", "arm", "sponsor")
    assert [step.name for step in cases.steps] == ["investigated"]
    assert cases.label is not None
    assert cases.label.positive.sum() == (table.frame["outcome"] == "deliberate_false_information").sum()
    assert cases.arm_probability is not None
    assert np.isnan(cases.arm_probability).sum() == table.frame["chance"].isna().sum()


def test_what_the_plan_names_stays_as_it_is(table: CaseTable) -> None:
    asked = Plan(attributes=("sex",), capacity=100, features=("noise", "salary"), steps=("score",))
    whole = complete_plan(asked, table.schema)
    assert whole.features == ("noise", "salary")
    assert whole.declared == ()
    assert whole.steps == ("score",)
    assert complete_plan(asked, None) is asked


def test_every_column_that_is_not_there_is_named_at_once(frame: pd.DataFrame) -> None:
    asked = plan(declared=("salery",), label="fund", steps=("signal", "visited"), attributes=("sex", "origin"))
    text = problems(frame, asked)
    assert "4 problems" in text
    assert "declared names 'salery', and the table has no such column; did you mean 'salary'?" in text
    assert "did you mean 'found'?" in text
    assert "attribute 'origin' has no groups" in text


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("signal", 2, "step 'signal': column 'signal' holds 40 values that are not 0 or 1"),
        ("signal", np.nan, "holds 40 values that are not 0 or 1"),
        ("route", "randm", "holds 'randm'; did you mean 'random'?"),
        ("chance", 1.5, "expected numbers above 0 and up to 1"),
        ("chance", 0.0, "expected numbers above 0 and up to 1"),
        ("share", np.nan, "expected numbers finite and above 0"),
        ("risk", np.inf, "40 of 40 scores are missing or infinite"),
        ("risk", "high", "the scores are not numbers"),
    ],
)
def test_a_column_that_does_not_hold_what_it_should_is_refused(
    frame: pd.DataFrame, column: str, values: Any, words: str
) -> None:
    assert words in problems(frame.assign(**{column: values}), plan())


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"score": "risc"}, "did you mean 'risk'?"),
        ({"score": None}, "neither a model nor a score"),
        ({"score": "risk", "predict": lambda whole: whole["risk"]}, "both score and predict are given"),
        ({"score": [0.1, 0.2]}, "the scores have shape (2,), expected one number for each of 40 cases"),
        ({"score": pd.Series([0.1], index=["p0"])}, "39 cases have no score under their id"),
    ],
)
def test_scores_that_cannot_be_read_are_refused(frame: pd.DataFrame, scores: dict[str, Any], words: str) -> None:
    assert words in problems(frame, plan(), **scores)


def test_an_id_that_stands_twice_is_refused(frame: pd.DataFrame) -> None:
    assert "1 case ids stand more than once, for example 'p0'" in problems(pd.concat([frame, frame.head(1)]), plan())


def test_label_types_given_beside_a_frame_follow_its_order(frame: pd.DataFrame) -> None:
    types = np.where(np.arange(NUMBER) % 2, "public_order", "unknown").astype(object)
    cases = score_cases(frame, plan(label=None), groupings=groups(NUMBER), score="risk", label_types=types)
    assert cases.label is not None
    expected = pd.Series(types, index=frame.index).sort_index() == "public_order"
    np.testing.assert_array_equal(cases.label.positive, expected)


def test_without_a_label_there_is_none(frame: pd.DataFrame) -> None:
    assert scored(frame, plan(label=None)).label is None
