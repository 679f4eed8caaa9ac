"""Signed envelopes: DSSE v1 (Dead Simple Signing Envelope) around in-toto statements, one signature each.

https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from igw_audit.errors import EvidenceError
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.strict import canonical_bytes, read_canonical

IN_TOTO = "application/vnd.in-toto+json"
#: Longest text of an envelope: a tag of a registered version holds 100,000 characters.
LIMIT = 90_000


class EnvelopeError(EvidenceError):
    """An envelope does not count; ``reason`` is one word for why.

    The words: ``payload_broken``, ``payload_type``, ``signature_count``, ``signature_wrong``, ``key_unknown``,
    ``key_role``, ``key_not_yet``, ``key_expired``, ``key_revoked``.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who says that they signed (the key's id is only a hint until it is verified), and the raw signature."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload with its type and signatures; nothing here is trusted before ``trust.check`` has looked at it."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def to_json(self) -> str:
        """Write the envelope as its one canonical line."""
        content = {
            "payload": _coded(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": one.keyid, "sig": _coded(one.sig)} for one in self.signatures],
        }
        return canonical_bytes(content).decode()

    @classmethod
    def from_json(cls, text: str) -> Envelope:
        """Read an envelope from its canonical line.

        Raises
        ------
        EnvelopeError
            ``payload_broken``: too long, no envelope, or written in another than its one way.
        """
        if len(text) > LIMIT:
            raise EnvelopeError(
                "payload_broken", f"the envelope has {len(text):,} characters, and at most {LIMIT:,} are read"
            )
        try:
            envelope = cls._of(read_canonical(text.encode()))
            same = envelope.to_json() == text
        except (ValueError, KeyError, TypeError) as error:
            raise EnvelopeError(
                "payload_broken", f"this is no signed envelope ({error}); copy it again from where it was signed"
            ) from None
        if not same:
            raise EnvelopeError("payload_broken", "the envelope is not written in its one canonical form")
        return envelope

    @classmethod
    def _of(cls, content: Any) -> Envelope:
        kind = content["payloadType"]
        signatures = tuple(
            Signature(keyid=_text(one["keyid"]), sig=_decoded(one["sig"])) for one in content["signatures"]
        )
        return cls(payload=_decoded(content["payload"]), payload_type=_text(kind), signatures=signatures)

    def sha256(self) -> str:
        """Hash the envelope's canonical line."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def pae(payload_type: str, payload: bytes) -> bytes:
    """Give the bytes that are signed: DSSE's pre-authentication encoding.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: SigningKey, *, payload_type: str = IN_TOTO) -> Envelope:
    """Sign a payload.

    Raises
    ------
    EvidenceError
        If the envelope would be longer than a registry's tag can hold.
    """
    made = Signature(keyid=key.keyid, sig=key.sign(pae(payload_type, payload)))
    envelope = Envelope(payload=payload, payload_type=payload_type, signatures=(made,))
    length = len(envelope.to_json())
    if length > LIMIT:
        raise EvidenceError(
            f"the signed envelope would have {length:,} characters, and a registry holds at most {LIMIT:,}; shorten "
            "what people wrote, or let the plan ask about fewer groups and features at once"
        )
    return envelope


def _coded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(_text(text), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"found a {type(value).__name__} where a text belongs")
    return value


__all__ = ["IN_TOTO", "LIMIT", "Envelope", "EnvelopeError", "Signature", "pae", "sign"]
