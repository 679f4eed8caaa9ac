"""What was registered before there were results: plan, policy and dossier, by hash, time and author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from igw_audit.core.text import Text

Registered = Literal["before", "replaced", "after", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One entry of the ledger: which plan, policy and dossier, when, by whom, and what differs from the one before.

    ``plan_sha256`` is that of the plan as it was written; a record's own plan has what the schema fills in. ``entry``
    is the ledger's hash of the entry, and ``signed_by`` the id of the key that signed it, if one did.
    """

    entry: str
    at: str
    by: str
    plan_sha256: str
    policy_sha256: str
    dossier_sha256: str | None = None
    signed_by: str | None = None
    changed: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """Every registration of a pilot up to an audit, oldest first, and where the audit's own plan and policy stand.

    ``word`` is ``before`` where this plan and policy were registered before the first result on the same cases existed,
    ``replaced`` where another was registered in their place before that, ``after`` where results came first, ``never``
    where they were not registered. ``entry`` is their registration; ``first_result`` is when the first result on these
    cases was written down, where it came first.
    """

    word: Registered
    history: tuple[Registration, ...]
    entry: str | None = None
    first_result: str | None = None
