"""What holds for every audit: this test finds new ones by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from igw_audit.audits import all_audits
from igw_audit.core.audit import Audit
from igw_audit.core.cases import NOT_RECORDED, Grouping, ScoredCases
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan
from igw_audit.scoring.cases import score_cases

Make = Callable[..., ScoredCases]
AUDITS = tuple(all_audits().values())
each_audit = pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.code)


def columns(seed: int, n: int, *, tied: bool, extras: bool) -> dict[str, Any]:
    """Draw a case table with all that audits can ask for: unrecorded groups, unknown labels, missing values."""
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 4, n) / 4 if tied else rng.random(n)
    selected = score >= np.quantile(score, 0.6)
    reached = selected & (rng.random(n) < 0.7)
    known = rng.random(n) < 0.7
    positive = rng.random(n) < 0.2 + 0.5 * score
    numbers = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    drawn = rng.choice(["a", "b", "c", "d"], n, p=[0.5, 0.3, 0.15, 0.05])
    arms = rng.choice(["risk", "random", "signal"], n)
    return {
        "origin": [None if u < 0.05 else str(name) for u, name in zip(rng.random(n), drawn, strict=True)],
        "score": score.tolist(),
        "selected": selected.tolist(),
        "positive": [bool(p) if k else None for p, k in zip(positive, known, strict=True)],
        "arm": [str(a) if k else None for a, k in zip(arms, known, strict=True)],
        "arm_probability": rng.uniform(0.05, 1.0, n).tolist() if extras else None,
        "steps": {"signal": (rng.random(n) < 0.8).tolist(), "high": selected.tolist(), "visit": reached.tolist()},
        "bands": np.minimum(score * 3, 2).astype(int).tolist() if extras else None,
        "cluster": rng.integers(0, max(2, n // 3), n).tolist() if extras else None,
        "features": {
            "ects": numbers.tolist(),
            "level": rng.choice(["low", "high"], n).tolist(),
            "gap": rng.integers(0, 5, n).astype(float).tolist(),
        },
        "declared": ("gap", "level"),
    }


def with_model(audit: Audit, table: dict[str, Any]) -> dict[str, Any]:
    """Give a model to the audits that need one: it leans on a feature, and gives the real cases the table's scores."""
    if "model" not in audit.needs:
        return table
    score, ects = np.array(table["score"]), np.nan_to_num(np.array(table["features"]["ects"]))
    rest = pd.Series(score - 0.2 * ects, index=[f"c{position:05d}" for position in range(len(score))])

    def predict(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.asarray(rest.loc[frame.index] + 0.2 * np.nan_to_num(frame["ects"]))

    return {**table, "predict": predict}


def numbers_in(content: Any) -> Iterator[float]:
    """Go through every float of a result, however deep."""
    if isinstance(content, float):
        yield content
    elif is_dataclass(content) and not isinstance(content, type):
        for field in fields(content):
            yield from numbers_in(getattr(content, field.name))
    elif isinstance(content, tuple):
        for part in content:
            yield from numbers_in(part)


def told(outcome: Outcome, names: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    """Give what an outcome says, in no order, with group names translated."""
    translate = names or {}

    def name(group: str | None) -> str | None:
        return translate.get(group or "", group)

    return sorted(
        (
            finding.statistic,
            str(name(finding.group)),
            str(name(finding.reference)),
            str(finding.step),
            finding.features,
            finding.level or "",
            *(round(number, 6) for number in numbers_in((finding.estimate, finding.p_value, finding.p_adjusted))),
        )
        for finding in outcome.findings
    )


def renamed(cases: ScoredCases, names: dict[str, str]) -> ScoredCases:
    grouping = cases.groupings["origin"]
    changed = Grouping(
        attribute="origin", names=tuple(names.get(name, name) for name in grouping.names), codes=grouping.codes
    )
    return replace(cases, groupings={"origin": changed})


tables = st.builds(columns, st.integers(0, 10**6), st.integers(8, 90), tied=st.booleans(), extras=st.booleans())
checked = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def test_every_audit_is_found() -> None:
    assert {"A000", "A001", "A002", "A003", "A004", "A005", "A006", "A007", "A008", "A009", "A010"} <= {
        audit.code for audit in AUDITS
    }


@each_audit
@given(table=tables)
@checked
def test_nobody_is_left_out_and_no_number_is_nan(make: Make, audit: Audit, table: dict[str, Any]) -> None:
    cases = make(**with_model(audit, table))
    outcome = audit.run(cases, "origin")
    assert outcome.status != "failed"
    assert all(math.isfinite(number) for number in numbers_in(outcome))
    assert set(outcome.inconclusive_groups) <= set(cases.groupings["origin"].names)
    if outcome.status == "measured":
        families: dict[tuple[str, str | None, tuple[str, ...]], set[str]] = {}
        for finding in outcome.findings:
            if finding.group is not None:
                families.setdefault((finding.statistic, finding.step, finding.features), set()).add(finding.group)
        assert families
        for family, groups in families.items():
            assert groups == set(cases.groupings["origin"].names), family
    else:
        assert outcome.reason is not None


@each_audit
def test_an_unrecorded_group_of_one_is_answered_for(make: Make, audit: Audit) -> None:
    table = columns(3, 120, tied=False, extras=False)
    table["origin"] = ["a"] * 60 + ["b"] * 59 + [None]
    outcome = audit.run(make(**with_model(audit, table)), "origin")
    assert outcome.status == "measured"
    assert outcome.select(group=NOT_RECORDED)


@each_audit
def test_group_names_and_column_order_change_nothing(make: Make, audit: Audit) -> None:
    table = columns(11, 150, tied=False, extras=True)
    cases = make(**with_model(audit, table))
    names = {"a": "zz", "b": "y", "c": "0", "d": "Ω"}
    plain = told(audit.run(cases, "origin"), names)
    assert told(audit.run(renamed(cases, names), "origin")) == plain
    turned = make(**{**with_model(audit, table), "features": dict(reversed(table["features"].items()))})
    assert told(audit.run(turned, "origin"), names) == plain


@each_audit
def test_the_order_of_rows_changes_nothing(audit: Audit) -> None:
    table = columns(13, 160, tied=True, extras=True)
    ids = pd.Index([f"c{k:04d}" for k in range(160)], name="id")
    frame = pd.DataFrame({name: table[name] for name in ("score", "cluster", "arm", "arm_probability")}, index=ids)
    frame = frame.assign(
        **table["features"],
        visit=np.array(table["steps"]["visit"], dtype=float),
        outcome=["unknown" if p is None else "public_order" if p else "none" for p in table["positive"]],
    )
    plan = Plan(
        attributes=("origin",), declared=("gap", "level"), features=("ects",), capacity=40, label="outcome",
        arm="arm", arm_probability="arm_probability", cluster="cluster", steps=("score", "visit"),
    )  # fmt: skip
    groupings = {"origin": Grouping.of("origin", pd.Series(table["origin"], index=ids))}
    scores: dict[str, Any] = {"score": "score"}
    if "model" in audit.needs:
        scores = {"predict": lambda table: table["score"] + table["gap"] / 10}
    plain, shuffled = (
        audit.run(score_cases(rows, plan, groupings=groupings, **scores), "origin")
        for rows in (frame, frame.sample(frac=1.0, random_state=1))
    )
    assert plain.status == ("not_measurable" if "bands" in audit.needs else "measured")
    assert shuffled == plain


@each_audit
def test_the_same_cases_give_the_same_answer_twice(make: Make, audit: Audit) -> None:
    table = columns(5, 100, tied=True, extras=False)
    cases = make(**with_model(audit, table))
    assert audit.run(cases, "origin") == audit.run(make(**with_model(audit, table)), "origin")


@each_audit
def test_a_question_without_what_it_needs_has_a_reason_in_both_languages(make: Make, audit: Audit) -> None:
    cases = make(origin=["a", "b", None] * 10, score=[k / 30 for k in range(30)], selected=[False] * 20 + [True] * 10)
    outcome = audit.run(cases, "origin")
    assert outcome.status == ("not_measurable" if audit.needs else "measured")
    if audit.needs:
        assert outcome.reason is not None
        assert outcome.reason.en != outcome.reason.nl


@each_audit
def test_one_group_alone_is_answered_with_reasons_and_never_with_a_failure(make: Make, audit: Audit) -> None:
    table = columns(7, 60, tied=False, extras=False)
    table["origin"] = ["a"] * 60
    outcome = audit.run(make(**with_model(audit, table)), "origin")
    assert outcome.status in {"measured", "not_measurable"}
