"""The registry's hand in the ledger: what it enters, and what it reads there of policies and of signed evidence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Lock
from typing import Any

from igw_audit.errors import IgwAuditError
from igw_audit.evidence.entries import Entry, Head
from igw_audit.evidence.keys import signing_key
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.origin import CREATED, Origin, Place, origins
from igw_audit.evidence.registered import REGISTERED, tightened_policies
from igw_audit.evidence.taken import KINDS as SIGNED

_log = logging.getLogger(__name__)


class LedgerBook:
    """Enters what the registry does and refuses, signed with the server's key where ``IGW_KEY_FILE`` names one."""

    def __init__(self, address: str) -> None:
        self._ledger = open_ledger(address)
        self._lock = Lock()
        self._seen = 0
        self._registered: list[Entry] = []
        self._hashes: dict[int, str] = {}
        self._signed: dict[tuple[str, str], list[Entry]] = {}
        self._origins: dict[Place, Origin] = {}

    def enter(self, kind: str, content: Mapping[str, Any]) -> None:
        """Append an entry; IgwAuditError where the ledger cannot be written."""
        self._ledger.append(kind, content, key=signing_key())

    def enter_if_possible(self, kind: str, content: Mapping[str, Any]) -> None:
        """Append an entry about something that stays so whether or not the ledger can be written."""
        try:
            self.enter(kind, content)
        except IgwAuditError:
            _log.exception("the ledger has no entry %s about %.200s", kind, content.get("name"))

    def checkpoint(self) -> str | None:
        """Give the ledger's end as a signed envelope, to be kept at a version; None while nobody has signed."""
        envelope = self._ledger.checkpoint(signing_key())
        return None if envelope is None else envelope.to_json()

    def tightened(self) -> frozenset[str]:
        """Give the hashes of all policies that were replaced by stricter ones; only new entries are read each time."""
        with self._lock:
            self._read_on()
            return tightened_policies(self._registered)

    def signed_about(self, name: str, version: str) -> tuple[Entry, ...]:
        """Give the entries about audits and reviews of a version, in order."""
        with self._lock:
            self._read_on()
            return tuple(self._signed.get((name, version), ()))

    def origin(self, name: str, version: str, created: int) -> Origin | None:
        """Return what was entered when a version was registered; None where nobody entered it."""
        with self._lock:
            self._read_on()
            return self._origins.get((name, version, created))

    def had(self, head: Head) -> bool:
        """Tell whether the ledger once ended like this."""
        with self._lock:
            self._read_on()
            return self._hashes.get(head.seq) == head.hash

    def _read_on(self) -> None:
        for entry in self._ledger.entries(since=self._seen):
            self._seen = entry.seq
            self._hashes[entry.seq] = entry.hash
            if entry.kind == REGISTERED:
                self._registered.append(entry)
            elif entry.kind == CREATED:
                for made, origin in origins([entry]).items():
                    self._origins.setdefault(made, origin)
            elif entry.kind in SIGNED:
                place = str(entry.content.get("name")), str(entry.content.get("version"))
                self._signed.setdefault(place, []).append(entry)
