"""Evidence for real registered versions: who signs in these tests, and the envelopes they sign."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.evidence.world import PEOPLE, answer, new_signing_key, reason

from igw_audit.core.rules import SignOff
from igw_audit.evidence.dsse import sign
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import stamp
from igw_audit.evidence.tags import audit_tag, review_tag
from igw_audit.evidence.trust import TrustedKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of a version, as it goes to MLflow."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who signs: ci audits, mira and joost review for ethics, ada is the author; nobody knows the stranger's key."""

    keys: dict[str, SigningKey]
    trusted: TrustedKeys
    file: Path

    @classmethod
    def settle(cls, file: Path) -> People:
        """Make keys for everyone and write the file of trusted keys."""
        began = datetime.now(UTC) - timedelta(days=30)
        keys, trusted = {name: new_signing_key() for name in (*PEOPLE, "stranger")}, TrustedKeys()
        for name, told in PEOPLE.items():
            trusted = trusted.trust(keys[name].public, at=began, **told)
        trusted.save(file)
        return cls(keys=keys, trusted=trusted, file=file)

    def revoke(self, who: str, because: str = "lost on a train") -> None:
        """Revoke a person's key, from now on."""
        self.trusted.revoke(self.keys[who].keyid, at=datetime.now(UTC), because=because).save(self.file)

    def restore(self) -> None:
        """Write the file of trusted keys as it was."""
        self.trusted.save(self.file)

    def audit(self, version: Any, *, by: str = "ci", decision: Any = "allow", **changed: Any) -> Tag:
        """Sign an audit of a version as MLflow gave it."""
        made = self.statement(version, decision=decision, **changed)
        return Tag(key=audit_tag(made.record_sha256), value=sign(made.payload(), self.keys[by]).to_json())

    def statement(self, version: Any, *, decision: Any = "allow", **changed: Any) -> AuditStatement:
        """State an audit of a version: made a minute ago, of a record of its own."""
        at = changed.pop("at", datetime.now(UTC) - timedelta(minutes=1))
        told = {
            "model_sha256": "a" * 64,
            "name": version.name,
            "version": str(version.version),
            "version_created": int(version.creation_timestamp),
            "record_sha256": secrets.token_hex(32),
            "pages": (),
            "cases_sha256": "b" * 64,
            "protected_sha256": "c" * 64,
            "plan_sha256": "d" * 64,
            "policy_sha256": "e" * 64,
            "code_version": "0",
            "pilot": "study",
            "author": "ada",
            "signed_at": stamp(at),
            "expires": stamp(at + timedelta(days=365)),
            "decision": decision,
            "reasons": () if decision == "allow" else (reason(1, decision),),
            "sign_off": SignOff(reviewers={"ethics": 1}),
            **changed,
        }
        return AuditStatement(**told)

    def review(self, about: AuditStatement, *, by: str = "mira", key: str | None = None, **changed: Any) -> Tag:
        """Sign a review of what an audit says."""
        at = changed.pop("at", datetime.now(UTC) - timedelta(seconds=30))
        told = {
            "word": "approve",
            "role": "ethics",
            "ethics": "right to do",
            "answers": tuple(answer(one) for one in about.reasons),
            "signed_as": "person",
            "expires": stamp(at + timedelta(days=180)),
            **changed,
        }
        made = ReviewStatement(
            name=about.name,
            version=about.version,
            version_created=about.version_created,
            model_sha256=about.model_sha256,
            record_sha256=about.record_sha256,
            at=stamp(at),
            by=by,
            **told,
        )
        text = sign(made.payload(), self.keys[key or by]).to_json()
        return Tag(key=review_tag(made.record_sha256, text), value=text)

    def approval(self, version: Any, **changed: Any) -> tuple[Tag, Tag]:
        """Sign an audit that allows, and a review that approves it."""
        about = self.statement(version, **changed)
        audit = Tag(key=audit_tag(about.record_sha256), value=sign(about.payload(), self.keys["ci"]).to_json())
        return audit, self.review(about)
