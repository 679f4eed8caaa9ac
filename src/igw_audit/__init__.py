"""Audits of risk-scoring models for singling people out by nationality or ethnicity.

>>> import igw_audit as igw
>>> record = igw.audit(cases, protected=people, score="risk", plan={...})  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from igw_audit._version import __version__

if TYPE_CHECKING:
    from igw_audit.core.plan import Plan
    from igw_audit.core.record import AuditRecord
    from igw_audit.core.rules import Policy
    from igw_audit.core.schema import CaseSchema
    from igw_audit.tracking.approved import load_approved
    from igw_audit.workflow import audit, funnel, read_record

__all__ = [
    "AuditRecord",
    "CaseSchema",
    "Plan",
    "Policy",
    "__version__",
    "audit",
    "funnel",
    "load_approved",
    "read_record",
]

_HOMES = {
    "audit": "igw_audit.workflow",
    "funnel": "igw_audit.workflow",
    "load_approved": "igw_audit.tracking.approved",
    "read_record": "igw_audit.workflow",
    "AuditRecord": "igw_audit.core.record",
    "CaseSchema": "igw_audit.core.schema",
    "Plan": "igw_audit.core.plan",
    "Policy": "igw_audit.core.rules",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that the command line's help stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'igw_audit' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
