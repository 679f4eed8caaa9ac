"""Entries of the ledger and its heads: what stands in one, how it is hashed, and how it is signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from igw_audit.evidence.dsse import Envelope, EnvelopeError, Signature, pae
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.strict import SHA256, canonical_bytes, is_stamp, read_canonical

KINDS = ("registered", "created", "audited", "reviewed", "promoted", "demoted", "refused", "scored", "key", "measured")
#: Whoever writes these has just signed an envelope, so an entry without a signature was not written by them.
SIGNED_KINDS = frozenset({"audited", "reviewed"})
#: What the first entry stands on.
NOTHING = "0" * 64
#: Two kinds, so that a head that somebody signs for keeping does not pass for their signature under the entry.
ENTRY = "application/vnd.igw-audit.ledger-entry+json"
HEAD = "application/vnd.igw-audit.ledger-head+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its place, time, kind and content, the hash of the entry before it, and its own.

    ``keyid`` and ``signature`` (base64) are None where nobody signed it.
    """

    seq: int
    at: str
    kind: str
    content: Mapping[str, Any]
    previous: str
    hash: str
    keyid: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the ledger as it was after one entry, kept apart from the entries."""

    seq: int
    at: str
    hash: str
    keyid: str | None = None
    signature: str | None = None

    def envelope(self) -> Envelope | None:
        """Give the head as a signed envelope, to be kept outside the ledger; None where nobody signed it."""
        if self.keyid is None or self.signature is None:
            return None
        raw = base64.b64decode(self.signature, validate=True)
        signatures = (Signature(keyid=self.keyid, sig=raw),)
        return Envelope(payload=head_bytes(self), payload_type=HEAD, signatures=signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An entry and the head after it, to be written together."""

    entry: Entry
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All entries and heads, as they were at one moment."""

    entries: tuple[Entry, ...]
    heads: tuple[Head, ...]


def entry_bytes(seq: int, at: str, kind: str, content: Mapping[str, Any], previous: str) -> bytes:
    """Give the bytes of an entry that are hashed and signed."""
    return canonical_bytes({"at": at, "content": content, "kind": kind, "previous": previous, "seq": seq})


def head_bytes(head: Head) -> bytes:
    """Give the bytes of a head that are signed."""
    return canonical_bytes({"at": head.at, "hash": head.hash, "seq": head.seq})


def read_head(envelope: Envelope) -> Head:
    """Read a head that was kept outside the ledger; who signed it is checked by ``signer_of``.

    Raises
    ------
    EnvelopeError
        ``payload_broken`` where it is none.
    """
    return head_of_bytes(envelope.payload)


def head_of_bytes(payload: bytes) -> Head:
    """Read a head from the bytes that are signed; errors as ``read_head``."""
    try:
        content = read_canonical(payload)
        head = Head(seq=content["seq"], at=content["at"], hash=content["hash"])
        right = isinstance(head.seq, int) and is_stamp(head.at) and SHA256.fullmatch(head.hash) is not None
        same = head_bytes(head) == payload
    except (ValueError, KeyError, TypeError) as error:
        raise EnvelopeError("payload_broken", f"this is no head of a ledger: {error}") from None
    if not (right and same):
        raise EnvelopeError("payload_broken", "this is no head of a ledger")
    return head


def make_entry(last: Entry | None, kind: str, content: Mapping[str, Any], *, at: str, key: SigningKey | None) -> Made:
    """Make the entry that follows ``last``, and the head after it; time never runs back."""
    seq, previous = (last.seq + 1, last.hash) if last else (1, NOTHING)
    at = max(at, last.at) if last else at
    written = entry_bytes(seq, at, kind, content, previous)
    digest = hashlib.sha256(written).hexdigest()
    head = Head(seq=seq, at=at, hash=digest, keyid=key.keyid if key else None)
    entry = Entry(
        seq=seq,
        at=at,
        kind=kind,
        content=content,
        previous=previous,
        hash=digest,
        keyid=head.keyid,
        signature=_signed(key, ENTRY, written),
    )
    return Made(entry=entry, head=replace(head, signature=_signed(key, HEAD, head_bytes(head))))


def signature_bytes(text: str | None) -> bytes:
    """Decode a signature as the ledger holds it; what is none gives no bytes, which fit no message."""
    try:
        return base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signed(key: SigningKey | None, kind: str, content: bytes) -> str | None:
    return None if key is None else base64.b64encode(key.sign(pae(kind, content))).decode()
