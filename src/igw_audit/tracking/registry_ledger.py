"""The registry's hand in the ledger: what it enters, and which policies it reads there as replaced by stricter ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Lock
from typing import Any

from igw_audit.errors import IgwAuditError
from igw_audit.evidence.entries import Entry
from igw_audit.evidence.keys import signing_key
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.registered import REGISTERED, tightened_policies

_log = logging.getLogger(__name__)


class LedgerBook:
    """Enters what the registry does and refuses, signed with the server's key where ``IGW_KEY_FILE`` names one."""

    def __init__(self, address: str) -> None:
        self._ledger = open_ledger(address)
        self._lock = Lock()
        self._seen = 0
        self._registered: list[Entry] = []

    def enter(self, kind: str, content: Mapping[str, Any]) -> None:
        """Append an entry; IgwAuditError where the ledger cannot be written."""
        self._ledger.append(kind, content, key=signing_key())

    def enter_if_possible(self, kind: str, content: Mapping[str, Any]) -> None:
        """Append an entry about something that stays so whether or not the ledger can be written."""
        try:
            self.enter(kind, content)
        except IgwAuditError:
            _log.exception("the ledger has no entry %s %s", kind, dict(content))

    def checkpoint(self) -> str | None:
        """Give the ledger's end as a signed envelope, to be kept at a version; None while nobody has signed."""
        envelope = self._ledger.checkpoint(signing_key())
        return None if envelope is None else envelope.to_json()

    def tightened(self) -> frozenset[str]:
        """Give the hashes of all policies that were replaced by stricter ones; only new entries are read each time."""
        with self._lock:
            for entry in self._ledger.entries(since=self._seen):
                self._seen = entry.seq
                if entry.kind == REGISTERED:
                    self._registered.append(entry)
            return tightened_policies(self._registered)
