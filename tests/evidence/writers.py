"""Processes that append to a ledger; in a file of their own, for a process to import."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

from igw_audit.evidence.keys import load_key
from igw_audit.evidence.ledger import open_ledger


def append(address: str, who: int, count: int, key: Path, told: Connection | None = None) -> None:
    """Append entries, and say each one's hash through the pipe once it is written."""
    ledger, signer = open_ledger(address), load_key(key)
    for number in range(count):
        entry = ledger.append("audited", {"who": who, "number": number}, key=signer)
        if told is not None:
            os.write(told.fileno(), entry.hash.encode())
