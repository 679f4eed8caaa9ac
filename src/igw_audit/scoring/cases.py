"""A case table, a plan and scores -> scored cases in canonical order, as every audit takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.cases import Grouping, Label, ScoredCases, Step
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.plan import Plan
from igw_audit.core.schema import ARMS, CaseSchema
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.clusters import cluster_codes
from igw_audit.scoring.given import given_scores
from igw_audit.scoring.operate import operate
from igw_audit.scoring.outcomes import label_of_column, label_of_types
from igw_audit.scoring.sampling import Drawn, checked_sampling, sampling_of
from igw_audit.scoring.shown import shown_to_model
from igw_audit.scoring.source import ScoreSource

#: Among a plan's steps, the place of the model's own selection.
BY_MODEL = "score"

_SINGLE = ("label", "arm", "arm_probability", "cluster", "weight")


def score_cases(  # noqa: PLR0913 - the contract between the rooms
    cases: CaseTable | pd.DataFrame,
    plan: Plan,
    *,
    groupings: Mapping[str, Grouping],
    score: str | Sequence[float] | NDArray[np.float64] | pd.Series | None = None,
    predict: Any = None,
    label_types: NDArray[np.object_] | None = None,
) -> ScoredCases:
    """Score and decide on every case.

    Parameters
    ----------
    cases : CaseTable or pandas.DataFrame
        The held-out cases; a bare frame is indexed by case id. What the plan does not name is taken from the roles of
        the table's schema, and the plan inside the result names it.
    plan : Plan
        Its ``steps`` are names of 0/1 columns (or of the schema's steps); the entry ``score`` marks the place of the
        model's own selection among them.
    groupings : mapping of str to Grouping
        One for each attribute of the plan, cases in canonical order (by id as text).
    score : str, array or Series, optional
        Column that holds the scores, or the scores themselves in the order of ``cases``.
    predict : object, optional
        A fitted model, or a callable ``frame -> scores`` that is given the whole case frame. Without ``score`` and
        ``predict`` the schema's column with role ``score`` is taken. A model that decides by a protected attribute
        gets it as a feature, which the plan inside the result then names.
    label_types : ndarray of object, optional
        Type word (None: unknown) of each case in the order of ``cases``, instead of a label column.

    Raises
    ------
    InputError
        If a column that the plan names is not there or does not hold what it should (all of them at once), if the model
        cannot be used, if its score is no function of a case's features, or if the scores are not one finite number a
        case.
    """
    if score is not None and predict is not None:
        raise InputError("scores", ["both score and predict are given; give the scores or the model, not both"])
    schema = cases.schema if isinstance(cases, CaseTable) else None
    whole = complete_plan(plan, schema)
    table = _canonical(cases.frame if isinstance(cases, CaseTable) else cases)
    _check_columns(table.frame, whole, schema, groupings)
    shown = shown_to_model(cases, table.frame.index) if isinstance(cases, CaseTable) else None
    source = ScoreSource.of(table.frame, whole, groupings, predict, shown=shown)
    whole, arm = source.plan, _arm(table.frame, whole.arm)
    read = None if predict is not None else given_scores(table, schema, score, arm)
    own = source.own(None if read is None else read.numbers)
    drawn = Drawn(
        n=len(own),
        arm=arm,
        chance=_positive_numbers(table.frame, whole.arm_probability, most=1.0),
        weight=_positive_numbers(table.frame, whole.weight, most=None),
    )
    sampling = sampling_of(drawn, whole, np.ones(len(own), dtype=np.bool_) if read is None else read.scored)
    selected = operate(own, whole, table.frame.index, higher=source.higher, sampling=sampling)
    return ScoredCases(
        plan=whole,
        features=source.features,
        score=source.turned(own),
        selected=selected.selected,
        bands=selected.bands,
        groupings={name: groupings[name] for name in whole.attributes},
        steps=_steps(table.frame, whole, schema, selected.selected),
        label=_label(cases, table, whole, label_types),
        arm=arm,
        # of a sample the chance is in the weight: one weight a case, for every audit
        arm_probability=drawn.chance if sampling is None else None,
        cluster=None if whole.cluster is None else cluster_codes(table.frame[whole.cluster]),
        weight=drawn.weight if sampling is None else sampling.weight,
        sampling=checked_sampling(sampling, drawn, whole, selected.selected),
        predict=source.give,
        model=predict,
        shown=None if shown is None else shown.of,
        contract=source.contract(own, selected),
        edges=selected.edges,
    )


def complete_plan(plan: Plan, schema: CaseSchema | None) -> Plan:
    """Fill what a plan leaves open from the schema's roles; what the plan names stays as it is."""
    if schema is None:
        return plan
    given: dict[str, Any] = {name: schema.column(name) for name in _SINGLE if getattr(plan, name) is None}
    if not plan.features:
        given["features"] = tuple(name for name in schema.names("feature") if name not in plan.declared)
    if not plan.declared:
        given["declared"] = tuple(name for name in schema.names("declared") if name not in plan.features)
    if not plan.steps:
        given["steps"] = tuple(name for name, _ in schema.steps)
    return plan.model_copy(update=given)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    frame: pd.DataFrame
    order: NDArray[np.intp]
    index: pd.Index[Any]


def _canonical(frame: pd.DataFrame) -> _Table:
    ids = frame.index.astype(str)
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        raise InputError(
            "cases",
            [f"{len(twice)} case ids stand more than once, for example {twice[0]!r}; give one row a case"],
        )
    order = np.argsort(ids.to_numpy(dtype=object), kind="stable")
    ordered = frame.iloc[order]
    return _Table(frame=ordered.set_axis(ids[order].rename("id"), axis=0), order=order, index=frame.index)


def _check_columns(
    frame: pd.DataFrame, plan: Plan, schema: CaseSchema | None, groupings: Mapping[str, Grouping]
) -> None:
    columns = [str(name) for name in frame.columns]
    asked = [(key, getattr(plan, key)) for key in _SINGLE if getattr(plan, key) is not None]
    asked += [("features", name) for name in plan.features] + [("declared", name) for name in plan.declared]
    asked += [("steps", _step_column(name, schema)) for name in plan.steps if name != BY_MODEL]
    problems = [
        f"{key} names {name!r}, and the table has no such column; {did_you_mean(name, columns)}"
        for key, name in asked
        if name not in frame.columns
    ]
    for name in plan.attributes:
        found = groupings.get(name)
        if found is None:
            problems.append(f"attribute {name!r} has no groups; give the protected table a column with that name")
        elif len(found.codes) != len(frame):
            problems.append(
                f"attribute {name!r} has groups for {len(found.codes)} cases, and the table has {len(frame)}"
            )
    if problems:
        raise InputError("plan", problems)


def _step_column(name: str, schema: CaseSchema | None) -> str:
    return dict(schema.steps).get(name, name) if schema is not None else name


def _steps(frame: pd.DataFrame, plan: Plan, schema: CaseSchema | None, selected: NDArray[np.bool_]) -> tuple[Step, ...]:
    called = {} if schema is None else {column: name for name, column in schema.steps}
    found, problems = [], []
    for name in plan.steps:
        if name == BY_MODEL:
            found.append(Step(name=name, reached=selected, by_model=True))
            continue
        column = _step_column(name, schema)
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        strange = int((~np.isin(values, (0.0, 1.0))).sum())
        if strange:
            problems.append(
                f"step {name!r}: column {column!r} holds {strange} values that are not 0 or 1; a case reached a "
                "step or it did not"
            )
        found.append(Step(name=called.get(column, name), reached=values == 1.0))
    if problems:
        raise InputError("steps", problems)
    return tuple(found)


def _label(
    cases: CaseTable | pd.DataFrame, table: _Table, plan: Plan, label_types: NDArray[np.object_] | None
) -> Label | None:
    types = label_types
    if types is None and isinstance(cases, CaseTable) and plan.label in (None, cases.schema.column("label")):
        types = cases.label_types
    if types is not None:
        if len(types) != len(table.frame):
            raise InputError("label", [f"there are {len(types)} label types for {len(table.frame)} cases"])
        return label_of_types(np.asarray(types, dtype=object)[table.order], plan.positive)
    return None if plan.label is None else label_of_column(table.frame[plan.label], plan.positive)


def _arm(frame: pd.DataFrame, column: str | None) -> NDArray[np.object_] | None:
    if column is None:
        return None
    arms = np.array([None if pd.isna(arm) or arm == "" else str(arm) for arm in frame[column]], dtype=object)
    strange = sorted({arm for arm in arms if arm is not None} - set(ARMS))
    if strange:
        raise InputError(
            "arm",
            [
                f"column {column!r} holds {arm!r}; {did_you_mean(arm, ARMS)} Leave it empty if not investigated"
                for arm in strange
            ],
        )
    return arms


def _positive_numbers(frame: pd.DataFrame, column: str | None, *, most: float | None) -> NDArray[np.float64] | None:
    """Read probabilities (``most`` = 1, NaN where not investigated) or weights (any size, none missing)."""
    if column is None:
        return None
    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    missing = frame[column].isna().to_numpy(dtype=np.bool_)
    fits = np.isfinite(numbers) & (numbers > 0) & (most is None or numbers <= (most or 0))
    wrong = int((~(fits | (missing & (most is not None)))).sum())
    if wrong:
        wanted = "above 0 and up to 1, empty if the case was not investigated" if most else "finite and above 0"
        raise InputError(
            "cases", [f"column {column!r} holds {wrong} values that do not fit; expected numbers {wanted}"]
        )
    return numbers
