"""The use case that everything else serves: cases and a protected table in, a record out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from igw_audit._version import __version__
from igw_audit.audits import all_audits
from igw_audit.core.audit import Audit
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord, ModelDigest, Provenance, TableDigest
from igw_audit.core.rules import Policy
from igw_audit.core.schema import CaseSchema
from igw_audit.core.settings import read_settings
from igw_audit.core.tables import CaseTable, ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake import group_cases, read_cases, read_protected
from igw_audit.policy import decide, read_policy
from igw_audit.workflow.pages import presenter

Progress = Callable[[str], None]
#: The packages whose version a number in a record may depend on.
COUNTED = ("numpy", "scipy", "pandas", "scikit-learn", "fairlearn", "shap", "statsmodels")


def silent(stage: str) -> None:
    """Say nothing: the progress of those who did not ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What an audit reads, ready: the tables, the plan and the policy."""

    cases: CaseTable
    protected: ProtectedTable
    plan: Plan
    policy: Policy


def measure(
    scored: ScoredCases, sources: Sources, *, model: ModelDigest, pilot: str, progress: Progress = silent
) -> AuditRecord:
    """Run every audit of the plan on scored cases, judge the outcomes, and keep where it all came from."""
    plan, policy = sources.plan, sources.policy
    outcomes = tuple(
        _run(one, scored, attribute, progress) for attribute in plan.attributes for one in chosen_audits(plan)
    )
    return AuditRecord(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pilot=pilot,
        plan=plan,
        policy=policy,
        decision=decide(outcomes, policy=policy, plan=plan),
        outcomes=outcomes,
        provenance=Provenance(
            model=model,
            cases=TableDigest(sha256=sources.cases.content_sha256, rows=len(sources.cases.frame)),
            protected=TableDigest(sha256=sources.protected.content_sha256, rows=len(sources.protected.frame)),
            plan_sha256=plan.sha256(),
            policy_sha256=policy.sha256(),
            code_version=__version__,
            seed=plan.seed,
            packages=(("python", platform.python_version()), *((name, version(name)) for name in COUNTED)),
        ),
        presenter=presenter(),
    )


def chosen_audits(plan: Plan) -> Sequence[Audit]:
    """Give the audits that a plan asks for; all of them where it names none."""
    known = all_audits()
    if plan.audits is None:
        return tuple(known.values())
    unknown = [code for code in plan.audits if code not in known]
    if unknown:
        raise InputError(
            "plan", [f"audits: {code!r} is no audit; there are {', '.join(known)}" for code in unknown]
        )
    return tuple(known[code] for code in sorted(set(plan.audits)))


def _run(one: Audit, scored: ScoredCases, attribute: str, progress: Progress) -> Outcome:
    outcome = one.run(scored, attribute)
    progress(f"{one.code} {one.title.en}, {attribute}: {outcome.status.replace('_', ' ')}")
    return outcome
