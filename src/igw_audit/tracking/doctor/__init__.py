"""What went round the gate: in the registry, on disk, in the ledger and in the table of who was scored."""

from igw_audit.tracking.doctor.examine import examine

__all__ = ["examine"]
