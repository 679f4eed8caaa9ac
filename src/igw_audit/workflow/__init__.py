"""The use cases as plain functions; doors call these and nothing else."""

from igw_audit.workflow.audit import audit, audit_files
from igw_audit.workflow.demo import demo
from igw_audit.workflow.exposure import exposed, exposed_by
from igw_audit.workflow.pages import read_record
from igw_audit.workflow.promotion import (
    doctor,
    examination,
    examination_to_dict,
    gate,
    promote,
    told_reasons,
    verdict_to_dict,
)
from igw_audit.workflow.score import ScoreChoices, score
from igw_audit.workflow.tables import funnel, propose_schema, separate, synthesize
from igw_audit.workflow.train import train
from igw_audit.workflow.versions import AuditChoices, audit_version

__all__ = [
    "AuditChoices",
    "ScoreChoices",
    "audit",
    "audit_files",
    "audit_version",
    "demo",
    "doctor",
    "examination",
    "examination_to_dict",
    "exposed",
    "exposed_by",
    "funnel",
    "gate",
    "promote",
    "propose_schema",
    "read_record",
    "score",
    "separate",
    "synthesize",
    "told_reasons",
    "train",
    "verdict_to_dict",
]
