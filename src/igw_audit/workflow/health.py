"""How a server stands: what it guards, whom it believes, and whether its ledger is whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from igw_audit._version import __version__
from igw_audit.core.addresses import without_password
from igw_audit.errors import IgwAuditError
from igw_audit.evidence.dsse import EnvelopeError
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.trust import TrustedKey, TrustedKeys, check_in_force

_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """A trusted key and whether it counts today: ``in_force`` or the one word for why not."""

    keyid: str
    holder: str
    roles: tuple[str, ...]
    reviewer_roles: tuple[str, ...]
    expires: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the server goes by and how that is; ``problems`` is empty where all is well.

    Every alias leads to approved versions only, but for the ``free_aliases``; those in ``protected`` can never be free.
    """

    version: str
    registry: str
    protected: tuple[str, ...]
    free_aliases: tuple[str, ...]
    keys: tuple[KeyState, ...]
    ledger: str
    ledger_entries: int | None
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON shows it."""
        return {"status": "troubled" if self.problems else "well", **asdict(self)}


def health() -> Health:
    """Look at what this server goes by, at this moment."""
    from igw_audit.tracking.gated_registry.settings import server_settings

    settings = server_settings()
    problems: list[str] = []
    trusted, entries = None, None
    try:
        trusted = TrustedKeys.read(settings.gate.keys_file)
    except IgwAuditError as error:
        problems.append(str(error))
    try:
        ledger = open_ledger(settings.gate.ledger)
        problems += [f"{one.text} ({one.word})" for one in ledger.verify(trusted)][:_TOLD]
        entries = len(ledger.entries())
    except IgwAuditError as error:
        problems.append(str(error))
    return Health(
        version=__version__,
        registry=settings.kind,
        protected=tuple(sorted(settings.gate.aliases.protected)),
        free_aliases=tuple(sorted(settings.gate.aliases.free)),
        keys=tuple(_state(key) for key in trusted.key) if trusted else (),
        ledger=without_password(settings.gate.ledger),
        ledger_entries=entries,
        problems=tuple(problems),
    )


def _state(key: TrustedKey) -> KeyState:
    try:
        check_in_force(key, datetime.now(UTC))
        state = "in_force"
    except EnvelopeError as error:
        state = error.reason
    return KeyState(
        keyid=key.keyid,
        holder=key.holder,
        roles=key.roles,
        reviewer_roles=key.reviewer_roles,
        expires=f"{key.expires:%Y-%m-%d}",
        state=state,
    )
