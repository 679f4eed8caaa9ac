"""The ledger's word about trusted keys: which were trusted or revoked through the front door, and which were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from igw_audit.evidence.entries import Entry
from igw_audit.evidence.trust import TrustedKey, TrustedKeys

if TYPE_CHECKING:
    from igw_audit.evidence.keys import SigningKey
    from igw_audit.evidence.ledger import Ledger

KIND = "key"
Gap = Literal["unknown", "other", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGap:
    """A trusted key of which the ledger says something else than the file.

    Attributes
    ----------
    gap : str
        ``unknown``: the ledger has no word of it; ``other``: another holder or other roles; ``revoked``: the ledger
        has that it was revoked, and the file lets it count.
    entry : Entry or None
        What the ledger has of it last.
    """

    key: TrustedKey
    gap: Gap
    entry: Entry | None = None


def enter_key(ledger: Ledger, key: TrustedKey, *, doing: str, by: str, signer: SigningKey | None = None) -> None:
    """Enter in the ledger that somebody trusted or revoked a key."""
    content = {"doing": doing, "keyid": key.keyid, "holder": key.holder, "roles": _roles(key)}
    ledger.append(KIND, {**content, "by": by}, key=signer)


def key_gaps(keys: TrustedKeys, entries: Sequence[Entry]) -> Iterator[KeyGap]:
    """Give every key that counts by the file of trusted keys and not by the ledger.

    Whoever can change that file decides who is believed; a key that came in past `igw-audit keys trust` shows here.
    """
    last = {str(entry.content.get("keyid")): entry for entry in entries if entry.kind == KIND}
    for key in keys.key:
        if key.revoked is not None:
            continue
        entry = last.get(key.keyid)
        if entry is None:
            yield KeyGap(key=key, gap="unknown")
        elif entry.content.get("doing") == "revoked":
            yield KeyGap(key=key, gap="revoked", entry=entry)
        elif (entry.content.get("holder"), entry.content.get("roles")) != (key.holder, _roles(key)):
            yield KeyGap(key=key, gap="other", entry=entry)


def _roles(key: TrustedKey) -> list[str]:
    return [*key.roles, *key.reviewer_roles]
