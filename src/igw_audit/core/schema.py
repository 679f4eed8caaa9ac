"""The case schema: one role a column, and what every value of the label means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

from pydantic import (
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from igw_audit.core.labels import LABEL_TYPES, UNKNOWN, LabelRules, undifferentiated_withdrawal
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.settings import Strict

__all__ = [
    "ARMS",
    "COLUMN_TYPES",
    "LABEL_TYPES",
    "ROLES",
    "STEP",
    "UNKNOWN",
    "CaseSchema",
    "ColumnRole",
    "ColumnType",
    "LabelRules",
    "undifferentiated_withdrawal",
]

ColumnType = Literal["number", "category", "flag", "date", "text"]

COLUMN_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)
#: Every role but ``step:<name>``, which carries the step's own name.
ROLES = (
    "id",
    "time",
    "cluster",
    "feature",
    "declared",
    "label",
    "score",
    "arm",
    "arm_probability",
    "weight",
    "ignore",
)
STEP = "step:"
#: Roles that at most one column has.
SINGLE_ROLES = ("id", "time", "cluster", "label", "score", "arm", "arm_probability", "weight")
#: The type that a role brings with it; a feature or declared factor has its own, given here or read from the values.
ROLE_TYPES: Mapping[str, ColumnType] = {
    "id": "text",
    "time": "date",
    "cluster": "category",
    "label": "category",
    "score": "number",
    "arm": "category",
    "arm_probability": "number",
    "weight": "number",
}
ARMS = ("risk", "random", "signal")


class ColumnRole(Strict):
    """What one column is for; written as ``"role"`` or as ``{role = "...", type = "...", format = "..."}``.

    ``format`` is the strptime form of a date that is not written as 2026-11-23; ``missing`` are words that stand for no
    value in this column, such as ``"NA"``.
    """

    role: str
    type: ColumnType | None = None
    format: str | None = None
    missing: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, content: Any) -> Any:
        if isinstance(content, str):
            content = {"role": content}
        if isinstance(content, ColumnRole):
            return content
        if not isinstance(content, Mapping):
            raise ValueError(
                f'found {content!r}; expected a role such as "feature", or {{ role = "feature", type = "number" }}'
            )
        for key in content:
            if key not in cls.model_fields:
                raise ValueError(f"key {key!r} is not known; {did_you_mean(str(key), cls.model_fields)}")
        kind = content.get("type")
        if kind is not None and kind not in COLUMN_TYPES:
            raise ValueError(f"type {kind!r} is not known; {did_you_mean(str(kind), COLUMN_TYPES)}")
        return content

    @model_validator(mode="after")
    def _role_and_type_agree(self) -> Self:
        if self.role.startswith(STEP):
            if not self.role.removeprefix(STEP).strip():
                raise ValueError(f"role {self.role!r} names no step; write for example {STEP + 'investigated'!r}")
        elif self.role == "step":
            raise ValueError(f"a step carries its name; write for example {STEP + 'investigated'!r}")
        elif self.role not in ROLES:
            raise ValueError(f"role {self.role!r} is not known; {did_you_mean(self.role, (*ROLES, STEP + '<name>'))}")
        fixed = _type_of_role(self.role)
        if fixed is not None and self.type not in {None, fixed} and {self.type, fixed} != {"category", "text"}:
            raise ValueError(f"a column with role {self.role!r} is a {fixed}, and type says {self.type!r}; remove type")
        if self.format is not None and (self.type or fixed) != "date":
            raise ValueError('format is for dates only; add type = "date" or remove format')
        return self

    @property
    def known_type(self) -> ColumnType | None:
        """The type as written or as the role brings it; None where only the values can tell."""
        return self.type or _type_of_role(self.role)

    @property
    def read(self) -> bool:
        """Tell whether the column is read at all."""
        return self.role != "ignore"


def _type_of_role(role: str) -> ColumnType | None:
    return "flag" if role.startswith(STEP) else ROLE_TYPES.get(role)


class CaseSchema(Strict):
    """One role for every column of a case table, as ``schema.toml`` or a mapping holds it.

    ``columns`` maps a column's name to its role; ``label`` says what the label's values mean; ``encoding`` is for CSV
    files that are not UTF-8 (for example ``"windows-1252"``).
    """

    columns: dict[str, ColumnRole]
    label: LabelRules = LabelRules()
    encoding: str | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _all_problems_at_once(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Add what is wrong between keys to what is wrong within them, so that a reader sees everything in one go."""
        found: list[InitErrorDetails] = []
        schema: Self | None = None
        try:
            schema = handler(content)
        except ValidationError as error:
            found = [_again(dict(detail)) for detail in error.errors(include_url=False)]
        between = _problems_between(content if schema is None else schema.model_dump())
        found += [_problem(place, text) for place, text in between]
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        assert schema is not None  # noqa: S101 - no problem was found, so the handler gave one  # nosec B101
        return schema

    def names(self, role: str) -> tuple[str, ...]:
        """Give the columns with this role, in the order of the schema; ``step`` gives every step's column."""
        return tuple(
            name
            for name, column in self.columns.items()
            if column.role == role or (role == "step" and column.role.startswith(STEP))
        )

    def column(self, role: str) -> str | None:
        """Give the one column with this role, or None."""
        names = self.names(role)
        return names[0] if names else None

    @property
    def id_column(self) -> str:
        """The name of the column that holds the case id."""
        return self.names("id")[0]

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """Every step's name with its column, in the order of the schema."""
        return tuple((self.columns[name].role.removeprefix(STEP), name) for name in self.names("step"))

    @property
    def model_columns(self) -> tuple[str, ...]:
        """The columns that a model may use (features and declared factors), by name."""
        return tuple(sorted((*self.names("feature"), *self.names("declared"))))

    def scored_by(self, column: str | None) -> CaseSchema:
        """Give the schema in which a column that it ignores holds the score, for whoever names that column."""
        if column is None or column not in self.columns or self.columns[column].read:
            return self
        roles = {
            name: ColumnRole(role="ignore") if held.role == "score" else held for name, held in self.columns.items()
        }
        return self.model_copy(update={"columns": {**roles, column: ColumnRole(role="score")}})

    @property
    def read_columns(self) -> tuple[str, ...]:
        """The columns that are read from a table: all but those to ignore."""
        return tuple(name for name, column in self.columns.items() if column.read)


def _problems_between(content: Any) -> list[tuple[tuple[str, ...], str]]:
    columns = content.get("columns") if isinstance(content, Mapping) else None
    if columns is not None and not columns:
        return [(("columns",), 'no column is named; give every column of the table a role: name = "feature"')]
    if not isinstance(columns, Mapping):
        return []
    roles = {name: role.get("role") if isinstance(role, Mapping) else role for name, role in columns.items()}
    found: list[tuple[tuple[str, ...], str]] = []
    for role, count in Counter(str(role) for role in roles.values()).items():
        if count > 1 and (role in SINGLE_ROLES or role.startswith(STEP)):
            held = ", ".join(repr(name) for name, other in roles.items() if other == role)
            found.append((("columns",), f"{held} all have role {role!r}, and only one column can; change the others"))
    if "id" not in roles.values():
        found.append((("columns",), 'no column has role "id"; give it to the column that tells one case from another'))
    label = content.get("label")
    if isinstance(label, Mapping) and any(label.values()) and "label" not in roles.values():
        found.append((("label",), '[label] is given, and no column has role "label"; add the column or remove [label]'))
    if isinstance(label, Mapping):
        values, types = label.get("values") or {}, label.get("types") or {}
        if isinstance(values, Mapping) and isinstance(types, Mapping):
            rules = LabelRules.model_construct(
                values={str(key): str(value) for key, value in values.items()},
                types={str(key): str(value) for key, value in types.items()},
            )
            found += [(("label", "values"), text) for text in rules.problems()]
    return found


def _problem(place: tuple[str, ...], text: str) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=place, input=None, ctx={"error": ValueError(text)})


def _again(detail: dict[str, Any]) -> InitErrorDetails:
    # pydantic marks a problem of a key itself; the key is in the sentence
    place = tuple(part for part in detail["loc"] if part != "[key]")
    again = InitErrorDetails(type=detail["type"], loc=place, input=detail["input"])
    if "ctx" in detail:
        again["ctx"] = detail["ctx"]
    return again
