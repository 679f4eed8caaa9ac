"""Rules, their loading, and the three-way decision."""

from igw_audit.policy.changes import stricter, what_changed
from igw_audit.policy.decide import decide
from igw_audit.policy.dossier import read_dossier
from igw_audit.policy.load import read_policy

__all__ = ["decide", "read_dossier", "read_policy", "stricter", "what_changed"]
