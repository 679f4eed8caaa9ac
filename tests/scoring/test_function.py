from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from igw_audit.core.cases import ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.core.scores import ScoreContract
from igw_audit.errors import InputError
from igw_audit.scoring import score_cases
from igw_audit.scoring.clocks import later
from igw_audit.scoring.function import MOST_ROWS

N = 240


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "a": rng.normal(size=N),
            "b": rng.normal(size=N),
            "sponsor": rng.choice(["s1", "s2", "s3"], N),
            "seen": pd.Timestamp("2025-03-01") + pd.to_timedelta(rng.integers(0, 400, N), unit="D"),
            "other": rng.normal(size=N),
        },
        index=pd.Index([f"c{number:05d}" for number in range(N)], name="id"),
    )


def scored(model: Any, frame: pd.DataFrame, **changes: Any) -> ScoredCases:
    plan: dict[str, Any] = {"attributes": ["x"], "features": ["a", "b", "sponsor", "seen"], "capacity": 40, **changes}
    return score_cases(
        frame, Plan.model_validate(plan).model_copy(update={"attributes": ()}), groupings={}, predict=model
    )


def contract_of(model: Any, frame: pd.DataFrame, **changes: Any) -> ScoreContract:
    found = scored(model, frame, **changes).contract
    assert found is not None
    return found


def drawn() -> Callable[[pd.DataFrame], Any]:
    dice = np.random.default_rng(0)
    return lambda cases: dice.normal(size=len(cases))


def sometimes() -> Callable[[pd.DataFrame], Any]:
    dice = np.random.default_rng(0)
    return lambda cases: cases["a"] + 0.1 * (dice.random(len(cases)) < 0.02)


def remembering() -> Callable[[pd.DataFrame], Any]:
    calls: list[int] = []

    def score(cases: pd.DataFrame) -> Any:
        calls.append(1)
        return cases["a"] + len(calls)

    return score


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (drawn(), "a second time"),
        (sometimes(), "a second time"),
        (remembering(), "a second time"),
        (lambda cases: cases["a"] + np.random.default_rng(0).normal(size=len(cases)), "in another order"),
        (lambda cases: cases["a"] + np.arange(len(cases)), "in another order"),
        (lambda cases: cases["a"].cumsum(), "in another order"),
        (lambda cases: cases["a"] - cases["a"].shift(fill_value=0), "in another order"),
        (lambda cases: cases["a"].rank(pct=True), "without the rest of the table"),
        (lambda cases: (cases["a"] - cases["a"].mean()) / cases["a"].std(), "without the rest of the table"),
        (lambda cases: (cases["a"] >= cases["a"].quantile(0.9)).astype(float), "without the rest of the table"),
        (lambda cases: cases.groupby("sponsor")["a"].transform("size"), "without the rest of the table"),
        (lambda cases: cases["a"] / len(cases), "without the rest of the table"),
        (lambda cases: (pd.Timestamp.now() - cases["seen"]).dt.days, "at a later date"),
        (lambda cases: cases["a"] + datetime.datetime.now(datetime.UTC).hour, "at a later date"),
        (lambda cases: cases["a"] + date.today().toordinal(), "at a later date"),
        (lambda cases: cases["a"] + time.localtime().tm_yday, "at a later date"),
    ],
)
def test_a_score_that_is_no_function_of_a_cases_features_is_refused_in_words(
    model: Any, words: str, frame: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        scored(model, frame)
    assert 'score="column"' in str(caught.value)


def test_scores_of_a_fixed_table_are_no_answer_about_some_of_its_cases(frame: pd.DataFrame) -> None:
    kept = frame["a"].to_numpy()
    with pytest.raises(InputError, match="asked about the same cases in another order"):
        scored(lambda _cases: kept, frame)
    wide = frame.loc[frame.index.repeat(40)].set_axis([f"d{number:05d}" for number in range(40 * N)], axis=0)
    long = wide["a"].to_numpy()
    with pytest.raises(InputError, match="expected one number for each of"):
        scored(lambda _cases: long, wide)


@settings(max_examples=25, deadline=None)
@given(
    slopes=st.tuples(st.floats(-5, 5), st.floats(-5, 5)).filter(lambda two: abs(two[0]) > 1e-3),
    noise=st.sampled_from([0.0, 1e-15, 1e-13, 1e-12]),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 5),
)
def test_rounding_is_not_taken_for_another_score(
    slopes: tuple[float, float], noise: float, scale: float, seed: int, frame: pd.DataFrame
) -> None:
    dice = np.random.default_rng(seed)

    def model(cases: pd.DataFrame) -> Any:
        plain = scale * (slopes[0] * cases["a"] + slopes[1] * cases["b"])
        return plain * (1 + noise * dice.normal(size=len(cases)))

    found = contract_of(model, frame)
    assert found.function_of_features == "yes"
    assert found.test is not None
    assert found.test.largest_difference < 1e-9


def test_a_decision_that_hangs_on_rounding_is_counted(frame: pd.DataFrame) -> None:
    dice = np.random.default_rng(1)
    on_the_limit = frame.assign(a=np.where(frame["a"] > 0, 0.5, 0.1))
    found = contract_of(
        lambda cases: cases["a"] + 1e-13 * dice.normal(size=len(cases)), on_the_limit, threshold=0.5, capacity=None
    )
    assert found.test is not None
    assert found.test.decisions_changed > 0


def test_the_test_asks_about_a_bounded_number_of_rows_and_says_how_many() -> None:
    rng = np.random.default_rng(0)
    n = 30_000
    large = pd.DataFrame(
        {"a": rng.normal(size=n)}, index=pd.Index([f"c{number:06d}" for number in range(n)], name="id")
    )
    rows: list[int] = []

    def model(cases: pd.DataFrame) -> Any:
        rows.append(len(cases))
        return cases["a"]

    found = contract_of(model, large, features=["a"])
    assert found.test is not None
    assert sum(rows) == n + found.test.rows
    assert found.test.rows == 5 * MOST_ROWS + MOST_ROWS // 2
    assert found.test.asked == ("twice", "order", "company", "clock", "features")


@pytest.mark.parametrize(
    ("model", "reads"),
    [
        (lambda cases: cases["a"] + cases["b"], ()),
        (lambda cases: cases["a"] + cases["other"], ("other",)),
        (lambda cases: cases["a"] + pd.Series(cases.index).str[-2:].astype(float).to_numpy(), ("(case id)",)),
    ],
)
def test_what_a_callable_reads_beside_the_features_is_named(
    model: Any, reads: tuple[str, ...], frame: pd.DataFrame
) -> None:
    found = contract_of(model, frame)
    assert found.reads == reads
    assert found.function_of_features == ("other_columns" if reads else "yes")


def test_a_fitted_model_is_a_function_of_its_features(frame: pd.DataFrame) -> None:
    model = LogisticRegression().fit(frame[["a", "b"]], frame["a"] > 0)
    found = contract_of(model, frame)
    assert (found.kind, found.higher, found.known_from, found.classes) == (
        "probability",
        "riskier",
        "estimator",
        ("True",),
    )
    assert found.function_of_features == "yes"


def test_a_step_that_standardises_within_the_table_is_found_in_a_pipeline(frame: pd.DataFrame) -> None:
    from sklearn.pipeline import make_pipeline

    step = FunctionTransformer(lambda cases: cases - cases.mean())
    model = make_pipeline(step, LogisticRegression()).fit(frame[["a", "b"]], frame["a"] > 0)
    with pytest.raises(InputError, match="without the rest of the table"):
        scored(model, frame)


def test_a_column_of_scores_says_that_nobody_tested_it(frame: pd.DataFrame) -> None:
    plan = Plan.model_validate({"attributes": ["x"], "capacity": 40}).model_copy(update={"attributes": ()})
    found = score_cases(frame.astype({"a": "float32"}), plan, groupings={}, score="a").contract
    assert found == ScoreContract(kind="points", higher="riskier", known_from="convention", dtype="float32")


def test_the_later_clock_is_gone_when_the_question_is_answered_also_by_an_error() -> None:
    before = datetime.datetime.now(datetime.UTC)

    def asked() -> None:
        with later():
            assert datetime.datetime.now(datetime.UTC).year > before.year
            assert pd.Timestamp.now("UTC").year > before.year
            assert isinstance(before, datetime.datetime)
            raise ValueError("whatever")

    with pytest.raises(ValueError, match="whatever"):
        asked()
    assert datetime.datetime.now(datetime.UTC) - before < datetime.timedelta(hours=1)
    assert abs(pd.Timestamp.now("UTC") - before) < datetime.timedelta(hours=1)
