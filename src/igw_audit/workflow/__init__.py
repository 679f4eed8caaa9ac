"""The use cases as plain functions; doors call these and nothing else."""

from igw_audit.workflow.audit import audit, audit_files
from igw_audit.workflow.demo import demo
from igw_audit.workflow.pages import read_record
from igw_audit.workflow.tables import funnel, propose_schema, separate, synthesize
from igw_audit.workflow.train import train
from igw_audit.workflow.versions import AuditChoices, audit_version, gate, verdict_to_dict

__all__ = [
    "AuditChoices",
    "audit",
    "audit_files",
    "audit_version",
    "demo",
    "funnel",
    "gate",
    "propose_schema",
    "read_record",
    "separate",
    "synthesize",
    "train",
    "verdict_to_dict",
]
