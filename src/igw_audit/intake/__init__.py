"""Files, frames and lazy relations into a case table; groups from the protected table; synthetic pilots."""

from __future__ import annotations

from igw_audit.intake.cases import read_cases, read_schema
from igw_audit.intake.protected import read_protected

__all__ = ["read_cases", "read_protected", "read_schema"]
