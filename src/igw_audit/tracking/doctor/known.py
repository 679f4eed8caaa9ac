"""What the doctor holds a version against: the ledger's word of where it comes from, and which aliases are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from igw_audit.evidence.entries import Entry
from igw_audit.evidence.origin import Origin, Place, origins
from igw_audit.tracking.doctor.held import Held
from igw_audit.tracking.gated_registry.settings import AliasRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the registry, at one moment.

    Attributes
    ----------
    origins : mapping of Place to Origin
        What the ledger has of each registration.
    audited : frozenset of Place
        The versions of which the ledger has a signed audit; 0 for a time of creation that an old entry lacks.
    """

    rule: AliasRule
    at: datetime
    origins: Mapping[Place, Origin]
    audited: frozenset[Place]

    @classmethod
    def of(cls, entries: Sequence[Entry], *, rule: AliasRule, at: datetime) -> Known:
        """Read it from the ledger's entries."""
        told = [one.content for one in entries if one.kind == "audited"]
        audited = frozenset(
            (str(one.get("name")), str(one.get("version")), int(one.get("version_created") or 0)) for one in told
        )
        return cls(rule=rule, at=at, origins=origins(entries), audited=audited)

    def origin(self, held: Held) -> Origin | None:
        """Return the ledger's word of a version's registration; None where it has none."""
        return self.origins.get(held.place)

    def was_audited(self, held: Held) -> bool:
        """Tell whether the ledger has a signed audit of a version."""
        return held.place in self.audited or (*held.place[:2], 0) in self.audited
