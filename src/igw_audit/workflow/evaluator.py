"""The evaluator that MLflow finds as ``igw_audit``: the plug-in of the tracking room, with our audit in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord
from igw_audit.core.settings import read_settings
from igw_audit.tracking.evaluator import AuditEvaluator
from igw_audit.workflow.audit import audit

if TYPE_CHECKING:
    import pandas as pd


class IgwEvaluator(AuditEvaluator):
    """Audits a model inside ``mlflow.models.evaluate``; see ``AuditEvaluator`` for its settings."""

    @classmethod
    def audit(cls, cases: pd.DataFrame, settings: Mapping[str, Any]) -> AuditRecord:
        """Audit as ``igw_audit.audit`` does; the target is the label unless the plan names one."""
        given = {name: value for name, value in settings.items() if value is not None}
        target, plan = given.pop("target", None), read_settings(Plan, given.pop("plan"), what="plan")
        if plan.label is None and "schema" not in given:
            plan = plan.model_copy(update={"label": target})
        return audit(cases, plan=plan, **given)
