"""A proposed schema as TOML text, with a comment wherever there is something to decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from igw_audit.core.foreign import toml_string, visible
from igw_audit.core.labels import LABEL_TYPES, UNKNOWN, undifferentiated_withdrawal
from igw_audit.core.schema import COLUMN_TYPES, ROLES, ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A role for one column, and why."""

    role: str
    why: str = ""
    type: ColumnType | None = None
    format: str | None = None


def schema_text(proposals: Mapping[str, Proposal], *, outcomes: Sequence[str], encoding: str | None) -> str:
    """Write a schema as TOML.

    Parameters
    ----------
    proposals : mapping
        What is proposed for each column, in the order of the table.
    outcomes : sequence of str
        The values of the label column, "" where one is missing; empty without a label.
    encoding : str or None
        The encoding of a file that is not UTF-8.
    """
    lines = [
        "# A first schema, proposed from the table's own columns. Read every line: a role is a decision, not a guess.",
        "# A model may use only what has role feature or declared (a feature with a written, lawful reason to differ).",
        f"# Roles: {', '.join(ROLES)} and step:<name>. Types: {', '.join(COLUMN_TYPES)}.",
    ]
    if encoding is not None:
        lines += [
            "",
            "# the file is not UTF-8; see whether names with accents come out right",
            f'encoding = "{encoding}"',
        ]
    lines += ["", "[columns]"]
    if not any(proposal.role == "id" for proposal in proposals.values()):
        lines.append('# no column tells one case from another: add one to the table and give it the role "id"')
    lines += [_line(name, proposal) for name, proposal in proposals.items()]
    if outcomes:
        lines += _label_lines(outcomes)
    return "\n".join(lines) + "\n"


def _line(name: str, proposal: Proposal) -> str:
    parts = [f'role = "{proposal.role}"']
    parts += [f'type = "{proposal.type}"'] if proposal.type else []
    parts += [f'format = "{proposal.format}"'] if proposal.format else []
    value = f'"{proposal.role}"' if len(parts) == 1 else f"{{ {', '.join(parts)} }}"
    why = visible(proposal.why, one_line=True)
    return f"{_key(name)} = {value}{f'  # {why}' if why else ''}"


def _label_lines(outcomes: Sequence[str]) -> list[str]:
    lines = [
        "",
        "# What each outcome means: administrative, deliberate_false_information, public_order, none, unknown, or a",
        '# type that you define under [label.types], such as: denial = "The officer refused the application for ..."',
        "[label.values]",
    ]
    for value in outcomes:
        kind = value if value in LABEL_TYPES else UNKNOWN
        why = "  # does not say why something was withdrawn: split it at the source" if _vague(value) else ""
        lines.append(f'{_key(value)} = "{kind}"{why}')
    return [*lines, "", "[label.types]"]


def _vague(value: str) -> bool:
    return bool(value) and undifferentiated_withdrawal(value)


def _key(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    return toml_string(name)
