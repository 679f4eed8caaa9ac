"""What an audit reads, made ready: cases with or without a schema, and the protected table beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.core.cases import Grouping
from igw_audit.core.dossier import DossierFiles
from igw_audit.core.labels import LABEL_TYPES
from igw_audit.core.plan import Plan
from igw_audit.core.record import TableDigest
from igw_audit.core.registration import Registrations
from igw_audit.core.rules import Policy
from igw_audit.core.schema import CaseSchema
from igw_audit.core.settings import read_settings
from igw_audit.core.tables import CaseTable, ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake import group_cases, read_cases, read_protected
from igw_audit.scoring.cases import BY_MODEL
from igw_audit.scoring.outcomes import UNTYPED
from igw_audit.workflow.identity import check_identity, named_cases, named_protected

#: Plan keys that name one column each.
_SINGLE = ("label", "cluster", "arm", "arm_probability", "weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What an audit reads, ready: the tables, the plan, the policy, and what lies beside them."""

    cases: CaseTable
    protected: ProtectedTable
    plan: Plan
    policy: Policy
    dossier: DossierFiles | None = None
    registrations: Registrations | None = None

    def groupings(self) -> Mapping[str, Grouping]:
        """Put every case in one group of each attribute of the plan."""
        return group_cases(self.protected, self.cases.ids, self.plan)

    def cases_digest(self) -> TableDigest:
        """Hash the cases by content."""
        return TableDigest(sha256=self.cases.content_sha256, rows=len(self.cases))

    def protected_digest(self) -> TableDigest:
        """Hash the protected table by content."""
        return TableDigest(sha256=self.protected.content_sha256, rows=len(self.protected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Cases and protected table, read and joined by the same id."""

    cases: CaseTable
    protected: ProtectedTable


def read_tables(  # noqa: PLR0913 - what igw.audit is given
    cases: Any,
    protected: Any,
    *,
    plan: Plan,
    schema: CaseSchema | Mapping[str, Any] | str | Path | None,
    score: str | None,
    for_model: bool = False,
) -> Tables:
    """Read both tables by one intake: by a schema; or, without one, by what the plan names.

    With ``for_model`` the case table also keeps its columns in the types in which they came.

    Raises
    ------
    InputError
        With every problem of a table, by row and column.
    """
    if schema is None:
        found = named_cases(cases)
        roles, asked = _schema_of(plan, id_column=found.id_column, score=score)
    else:
        roles, asked = read_settings(CaseSchema, schema, what="schema").scored_by(score), None
        found = named_cases(cases, id_column=roles.id_column)
    apart = named_protected(protected, cases=found)
    table = read_cases(found.table, roles, asked=asked, for_model=for_model)
    people = read_protected(apart.table, id_column=apart.id_column, wanted=attributes_read(plan))
    check_identity(found, table.ids, protected=apart, protected_ids=people.frame.index)
    return Tables(cases=table, protected=people)


def attributes_read(plan: Plan) -> tuple[str, ...]:
    """Return the columns of the protected table that a plan needs."""
    return (*plan.attributes, *(derived.source for derived in plan.derived.values()))


def _schema_of(plan: Plan, *, id_column: str, score: str | None) -> tuple[CaseSchema, dict[str, str]]:
    """Make the schema that a plan implies, and say which of its keys names each column; no other column is read."""
    asked = dict(_asked(plan, score))
    roles: dict[str, Any] = {
        name: {"features": "feature", "steps": f"step:{name}"}.get(key, key) for name, key in asked.items()
    }
    if id_column in roles:
        raise InputError(
            "plan",
            [f"{asked[id_column]} names {id_column!r}, which tells one case from another; remove it from the plan"],
        )
    content: dict[str, Any] = {"columns": {id_column: "id", **roles}}
    if plan.label is not None and roles[plan.label] == "label":
        yes = dict.fromkeys(("1", "true", "True", "TRUE", *(w for w in plan.positive if w not in LABEL_TYPES)), UNTYPED)
        no = dict.fromkeys(("0", "false", "False", "FALSE"), "none")
        types = {UNTYPED: "something was found; the table does not say what"}
        content["label"] = {"values": {**yes, **no, "": "unknown"}, "types": types}
    return read_settings(CaseSchema, content, what="plan"), asked


def _asked(plan: Plan, score: str | None) -> Iterator[tuple[str, str]]:
    """Go through the columns that a plan names; of a column that is named twice the last key says how it is read."""
    yield from ((name, "features") for name in plan.features)
    yield from ((name, "declared") for name in plan.declared)
    yield from ((getattr(plan, key), key) for key in _SINGLE if getattr(plan, key) is not None)
    yield from ((name, "steps") for name in plan.steps if name != BY_MODEL)
    if score is not None:
        yield score, "score"
