"""in-toto statements as bytes: written in one way, and read in no other.

https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/statement.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from igw_audit.evidence.dsse import EnvelopeError
from igw_audit.evidence.strict import canonical_bytes, read_canonical

STATEMENT = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement about one registered version: its kind, its subject taken apart, and what is said of it."""

    kind: str
    name: str
    version: str
    sha256: str
    predicate: Mapping[str, Any]

    def payload(self) -> bytes:
        """Give the bytes to sign."""
        subject = {"digest": {"sha256": self.sha256}, "name": f"models:/{self.name}/{self.version}"}
        content = {
            "_type": STATEMENT,
            "predicate": self.predicate,
            "predicateType": self.kind,
            "subject": [subject],
        }
        return canonical_bytes(content)

    @classmethod
    def read(cls, payload: bytes) -> Statement:
        """Read what was signed; EnvelopeError ``payload_broken`` where it is not written as ``payload`` writes it."""
        try:
            content = read_canonical(payload)
            (subject,) = content["subject"]
            scheme, name, version = subject["name"].split("/")
            made = cls(
                kind=content["predicateType"],
                name=name,
                version=version,
                sha256=subject["digest"]["sha256"],
                predicate=dict(content["predicate"]),
            )
            same = scheme == "models:" and made.payload() == payload
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EnvelopeError(
                "payload_broken", f"what was signed is no statement ({type(error).__name__}: {error})"
            ) from None
        if not same:
            raise EnvelopeError("payload_broken", "what was signed is no in-toto statement about one version")
        return made
