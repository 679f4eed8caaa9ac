"""What an audit reads, made ready: cases with or without a schema, and the protected table beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from igw_audit.core.canonical import sha256_of_frame
from igw_audit.core.cases import Grouping
from igw_audit.core.dossier import DossierFiles
from igw_audit.core.plan import Plan
from igw_audit.core.record import TableDigest
from igw_audit.core.registration import Registrations
from igw_audit.core.rules import Policy
from igw_audit.core.schema import CaseSchema
from igw_audit.core.settings import read_settings
from igw_audit.core.tables import CaseTable, ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake import column_names, group_cases, read_cases, read_protected

#: Where nobody names the id column, these names are looked for, in this order, before a frame's index.
ID_NAMES = ("id", "case_id")
_SCORE_STEP = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What an audit reads, ready: the tables, the plan, the policy, and what lies beside them.

    A bare frame is indexed by case id.
    """

    cases: CaseTable | pd.DataFrame
    protected: ProtectedTable
    plan: Plan
    policy: Policy
    dossier: DossierFiles | None = None
    registrations: Registrations | None = None

    @property
    def ids(self) -> pd.Index[str]:
        """Case ids as text, in canonical order."""
        table = self.cases
        frame = table.frame if isinstance(table, CaseTable) else table
        ids: pd.Index[str] = pd.Index(sorted(frame.index.astype(str)), dtype=object, name="id")
        return ids

    def groupings(self) -> Mapping[str, Grouping]:
        """Put every case in one group of each attribute of the plan."""
        return group_cases(self.protected, self.ids, self.plan)

    def cases_digest(self) -> TableDigest:
        """Hash the cases by content."""
        if isinstance(self.cases, CaseTable):
            return TableDigest(sha256=self.cases.content_sha256, rows=len(self.cases))
        return TableDigest(sha256=sha256_of_frame(self.cases), rows=len(self.cases))

    def protected_digest(self) -> TableDigest:
        """Hash the protected table by content."""
        return TableDigest(sha256=self.protected.content_sha256, rows=len(self.protected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Cases and protected table, read and joined by the same id."""

    cases: CaseTable | pd.DataFrame
    protected: ProtectedTable


def read_tables(
    cases: Any,
    protected: Any,
    *,
    plan: Plan,
    schema: CaseSchema | Mapping[str, Any] | str | Path | None,
    score: str | None,
) -> Tables:
    """Read both tables: by a schema; or, without one, by what the plan names.

    A pandas frame without a schema is taken as it is, so that a model sees the types that it was trained on.

    Raises
    ------
    InputError
        With every problem of a table, by row and column.
    """
    if schema is not None:
        table = read_cases(cases, read_settings(CaseSchema, schema, what="schema").scored_by(score))
        return Tables(cases=table, protected=read_protected(protected, id_column=_shared_id(protected, table.schema)))
    if isinstance(cases, pd.DataFrame):
        return _bare(cases, protected)
    names = column_names(cases)
    id_column = _id_name(names)
    if id_column is None:
        raise InputError("cases", [f"no column is called {' or '.join(ID_NAMES)}; rename yours, or give a schema"])
    table = read_cases(cases, _schema_of(plan, names, id_column=id_column, score=score))
    return Tables(cases=table, protected=read_protected(protected, id_column=_shared_id(protected, table.schema)))


def _bare(cases: pd.DataFrame, protected: Any) -> Tables:
    id_column = _id_name(cases.columns)
    indexed = cases if id_column is None else cases.set_index(id_column)
    if isinstance(protected, pd.DataFrame) and (id_column is None or id_column not in protected.columns):
        name = _id_name(protected.columns)
        apart = protected.set_index(name) if name is not None else protected
        return Tables(cases=indexed, protected=read_protected(apart.rename_axis("id"), id_column="id"))
    if id_column is None:
        id_column = _id_name(column_names(protected)) or "id"
    return Tables(cases=indexed, protected=read_protected(protected, id_column=id_column))


def _id_name(names: Any) -> str | None:
    return next((name for name in ID_NAMES if name in set(names)), None)


def _shared_id(protected: Any, schema: CaseSchema) -> str:
    """Find the protected table's id column: called as in the cases, else by a usual name."""
    if isinstance(protected, pd.DataFrame) and schema.id_column not in protected.columns:
        return str(protected.index.name or schema.id_column)
    names = column_names(protected)
    return schema.id_column if schema.id_column in names else (_id_name(names) or schema.id_column)


def _schema_of(plan: Plan, names: tuple[str, ...], *, id_column: str, score: str | None) -> CaseSchema:
    """Make the schema that a plan implies; a column that the plan does not name is ignored."""
    roles: dict[str, Any] = dict.fromkeys(names, "ignore")
    roles.update(dict.fromkeys(plan.features, "feature") | dict.fromkeys(plan.declared, "declared"))
    roles.update({name: f"step:{name}" for name in plan.steps if name != _SCORE_STEP})
    single = {key: getattr(plan, key) for key in ("label", "arm", "arm_probability", "cluster", "weight")}
    roles.update({name: key for key, name in single.items() if name is not None})
    if score is not None:
        roles[score] = "score"
    roles[id_column] = "id"
    content: dict[str, Any] = {"columns": roles}
    if plan.label is not None:
        yes, no = plan.positive[0], "none"
        spelt = {"1": yes, "1.0": yes, "true": yes, "True": yes, "0": no, "0.0": no, "false": no, "False": no}
        content["label"] = {"values": {**spelt, "": "unknown"}}
    return read_settings(CaseSchema, content, what="plan")
