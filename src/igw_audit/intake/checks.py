"""What must hold of a case table's cells beyond their type: ids, arms, weights, steps, labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.labels import MAR_01, undifferentiated_withdrawal
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.sampling import RANDOM
from igw_audit.core.schema import ARMS, CaseSchema
from igw_audit.intake.rows import Rows, quoted
from igw_audit.intake.values import Typed


def id_problems(ids: Any, *, column: str, rows: Rows, show: bool) -> list[str]:
    """Say which ids are blank or stand twice; ``ids`` is an object array, None for blank."""
    problems = []
    missing = pd.isna(ids)
    blank = np.flatnonzero(missing)
    if len(blank):
        problems.append(f"column {column!r}: {rows.hold(blank)} no id; every case needs one, give it or remove the row")
    codes = pd.factorize(ids, use_na_sentinel=True)[0]
    known = np.flatnonzero(~missing)
    counts = np.bincount(codes[known]) if len(known) else np.empty(0, dtype=np.int64)
    twice = known[counts[codes[known]] > 1]
    if len(twice):
        # rows of one id stand together, in the order of its first row
        twice = twice[np.argsort(codes[twice], kind="stable")]
        found = rows.quote(twice, ids[twice[:5]]) if show else rows.list(twice)
        distinct = int((counts > 1).sum())
        what = "1 id stands" if distinct == 1 else f"{distinct} ids stand"
        problems.append(
            f"column {column!r}: {what} in more than one row ({found}); one case is one row: merge them or remove "
            "all but one"
        )
    return problems


def cell_problems(columns: Mapping[str, Typed], schema: CaseSchema, rows: Rows) -> list[str]:
    """Say which cells break what their role promises."""
    problems: list[str] = []
    for role, (find, advice) in _NUMBER_RULES.items():
        name = schema.column(role)
        if name is not None and name in columns:
            problems += _outside(columns[name].cells, name, find, advice, rows)
    arm = schema.column("arm")
    if arm is not None and arm in columns:
        problems += _arm_problems(columns[arm].cells, arm, rows)
    for name, advice in _never_missing(schema):
        if name in columns:
            excused = _drawn_at_random(columns, schema) if schema.columns[name].role == "score" else None
            problems += _missing_problems(columns[name], name, advice, rows, excused)
    label = schema.column("label")
    if label is not None and label in columns:
        problems += _label_problems(columns[label].cells, label, schema, rows)
    return problems


_NUMBER_RULES: dict[str, tuple[Any, str]] = {
    "weight": (lambda x: x < 0, "a weight says how many cases a row stands for, and is never below 0"),
    "arm_probability": (
        lambda x: (x <= 0) | (x > 1),
        "the probability with which a case was taken into its arm is above 0 and at most 1 (0.05 for 5%)",
    ),
}


def _never_missing(schema: CaseSchema) -> list[tuple[str, str]]:
    found = [
        (name, f"write 1 where the case reached step {step!r} and 0 where it did not") for step, name in schema.steps
    ]
    found += [(name, "give every case its weight (1 where it stands for itself)") for name in schema.names("weight")]
    return found + [
        (name, "give every case its score (only one of the random arm may lack it), or leave those without one out")
        for name in schema.names("score")
    ]


def _outside(values: Any, name: str, find: Any, advice: str, rows: Rows) -> list[str]:
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(find(values) & np.isfinite(values))
    if not len(wrong):
        return []
    found = rows.quote(wrong, [f"{value:g}" for value in values[wrong[:5]]])
    return [f"column {name!r}: found {found}; {advice}"]


def _drawn_at_random(columns: Mapping[str, Typed], schema: CaseSchema) -> Any:
    """Tell which cases are of the random arm, which may be unscored; None where nobody knows."""
    arm = schema.column("arm")
    return None if arm is None or arm not in columns else columns[arm].cells == RANDOM


def _missing_problems(column: Typed, name: str, advice: str, rows: Rows, excused: Any = None) -> list[str]:
    # a cell that could not be read has been reported as such, and is not missing
    unread = np.concatenate([np.empty(0, dtype=np.int64), *(misfit.positions for misfit in column.misfits)])
    empty = np.isnan(column.cells) if excused is None else np.isnan(column.cells) & ~excused
    missing = np.setdiff1d(np.flatnonzero(empty), unread)
    return [f"column {name!r}: {rows.hold(missing)} nothing; {advice}"] if len(missing) else []


def _arm_problems(values: Any, name: str, rows: Rows) -> list[str]:
    codes, words = pd.factorize(values, use_na_sentinel=True)
    wrong = np.array([word not in ARMS for word in words] + [False])
    places = np.flatnonzero(wrong[codes])
    if not len(places):
        return []
    hint = did_you_mean(str(values[places[0]]), ARMS)
    return [
        f"column {name!r}: found {rows.quote(places, values[places[:5]])}; {hint} An arm says why a case was "
        f"investigated: {', '.join(ARMS)}; leave it empty where it was not"
    ]


def _label_problems(values: Any, name: str, schema: CaseSchema, rows: Rows) -> list[str]:
    codes, words = pd.factorize(values, use_na_sentinel=False)
    problems = []
    for code, word in enumerate(words):
        own = None if pd.isna(word) else str(word)
        if schema.label.type_of(own) is None:
            positions = np.flatnonzero(codes == code)
            places = rows.hold(positions) if own is None else rows.list(positions)
            problems.append(f"column {name!r}: {_label_sentence(own, places, schema)}")
    if len(problems) > _MOST_LABELS:
        more = len(problems) - _MOST_LABELS
        problems = [
            *problems[:_MOST_LABELS],
            f"column {name!r}: and {more} more values without a type; is this the column with the outcome?",
        ]
    return problems


_MOST_LABELS = 10


def _label_sentence(own: str | None, places: str, schema: CaseSchema) -> str:
    if own is None:
        return (
            f'{places} no outcome, and the schema does not say what that means; add "" = "unknown" (or the type '
            "that it stands for) under [label.values]"
        )
    if undifferentiated_withdrawal(own):
        return (
            f"the value {quoted(own)} ({places}) does not say why something was withdrawn: {MAR_01}. Split it where "
            f'the data comes from, or add {_toml(own)} = "unknown" under [label.values]'
        )
    types = schema.label.known
    return (
        f"the value {quoted(own)} ({places}) has no type; {did_you_mean(own, types)} Add {_toml(own)} = "
        '"<type>" under [label.values]; a further type needs a definition under [label.types]'
    )


def _toml(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
