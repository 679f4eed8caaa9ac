"""What went round the gate: in the registry, on disk, in the ledger and in the table of who was scored."""

from igw_audit.tracking.doctor.examine import Examination, examine, examine_all

__all__ = ["Examination", "examine", "examine_all"]
