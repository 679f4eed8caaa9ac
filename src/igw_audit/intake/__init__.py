"""Files, frames and lazy relations into a case table; groups from the protected table; synthetic pilots."""

from __future__ import annotations

from igw_audit.intake.apart import column_names, separate_columns
from igw_audit.intake.cases import read_cases, read_schema
from igw_audit.intake.counts import read_counts
from igw_audit.intake.features import check_features, check_values
from igw_audit.intake.groups import group_cases, values_without_region
from igw_audit.intake.propose import infer_schema
from igw_audit.intake.protected import read_protected

__all__ = [
    "check_features",
    "check_values",
    "column_names",
    "group_cases",
    "infer_schema",
    "read_cases",
    "read_counts",
    "read_protected",
    "read_schema",
    "separate_columns",
    "values_without_region",
]
