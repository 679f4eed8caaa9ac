"""A small world of evidence: keys of four people, an audit that refers, reviews, and the tags of one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from igw_audit.core.rules import SignOff
from igw_audit.core.text import Text
from igw_audit.evidence.dsse import sign
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.reasons import Answer, StatedReason
from igw_audit.evidence.standing import Standing, standing
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import stamp
from igw_audit.evidence.tags import audit_tag, review_tag
from igw_audit.evidence.trust import TrustedKeys

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(days=30)
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ci": {"holder": "ci", "roles": ("auditor",)},
    "mira": {"holder": "mira", "roles": ("reviewer",), "reviewer_roles": ("ethics", "legal")},
    "joost": {"holder": "joost", "roles": ("reviewer",), "reviewer_roles": ("ethics",)},
    "ada": {"holder": "ada", "roles": ("reviewer",), "reviewer_roles": ("ethics", "legal")},
    "server": {"holder": "igw-service", "roles": ("service",), "reviewer_roles": ("ethics", "legal")},
}


def new_signing_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


def reason(number: int, word: Any = "refer", *, overridable: bool = True) -> StatedReason:
    return StatedReason(
        id=f"{number:012x}",
        word=word,
        rule="proxy-use",
        audit="A007",
        attribute="nationality",
        group="B",
        step=None,
        statistic=None,
        features=("postcode",),
        overridable=overridable,
        text=Text(en=f"finding {number}", nl=f"bevinding {number}"),
    )


def answer(to: StatedReason, *, override: bool = False) -> Answer:
    return Answer(
        reason=to.id,
        aim="know who still studies",
        suitability="finds 3 in 100 against 1 in 100 at random",
        necessity="the law asks for it",
        alternatives="a letter to everyone was tried",
        proportionality="one call",
        override=override,
    )


@dataclass
class World:
    """Keys and tags of one version; the author of its model is ada."""

    keys: TrustedKeys = field(default_factory=TrustedKeys)
    private: dict[str, SigningKey] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=lambda: {"igw.decision": "refer"})

    def audit(self, decision: Any = "allow", *, by: str = "ci", minutes: float = 0, **changed: Any) -> AuditStatement:
        """Sign an audit and put it among the tags."""
        return self.keep(replace(self.statement(decision, minutes=minutes), **changed), by=by)

    def keep(self, made: AuditStatement, *, by: str = "ci") -> AuditStatement:
        """Sign a statement and put it among the tags."""
        self.tags[audit_tag(made.record_sha256)] = sign(made.payload(), self.private[by]).to_json()
        return made

    def statement(self, decision: Any = "allow", *, minutes: float = 0) -> AuditStatement:
        at = NOW - timedelta(days=1) + timedelta(minutes=minutes)
        return AuditStatement(
            model_sha256="a" * 64,
            name="study",
            version="3",
            version_created=1_700_000_000_000,
            record_sha256=f"{int(minutes) + 1000:064x}"[::-1],
            pages=(),
            cases_sha256="b" * 64,
            protected_sha256="c" * 64,
            plan_sha256="d" * 64,
            policy_sha256="e" * 64,
            code_version="1.0",
            pilot="study",
            author="ada",
            signed_at=stamp(at),
            expires=stamp(at + timedelta(days=365)),
            decision=decision,
            reasons=() if decision == "allow" else (reason(1, decision), reason(2, "refer")),
            sign_off=SignOff(reviewers={"ethics": 1}),
        )

    def review(self, about: AuditStatement, *, by: str = "mira", key: str | None = None, **changed: Any) -> str:
        """Sign a review with a person's key (or the one named) and put it among the tags; gives its tag."""
        at = changed.pop("moment", NOW - timedelta(hours=2))
        given = {
            "word": "approve",
            "role": "ethics",
            "ethics": "right to do, with the conditions named",
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
            record_sha256=given.pop("record_sha256", about.record_sha256),
            at=stamp(at),
            by=by,
            **given,
        )
        text = sign(made.payload(), self.private[key or by]).to_json()
        tag = review_tag(made.record_sha256, text)
        self.tags[tag] = text
        return tag

    def revoke(self, who: str) -> None:
        self.keys = self.keys.revoke(self.private[who].keyid, at=NOW - timedelta(minutes=1), because="lost on a train")

    def stands(self, **changed: Any) -> Standing:
        asked = {"name": "study", "version": "3", "created": 1_700_000_000_000, "keys": self.keys, "at": NOW, **changed}
        return standing(self.tags, **asked)

    def rules(self, **changed: Any) -> set[str]:
        """Give the words of all reasons that stand against opening."""
        return {one.rule for one in self.stands(**changed).reasons if one.word != "allow"}


def new_world() -> World:
    made = World()
    for name, told in PEOPLE.items():
        key = new_signing_key()
        made.private[name] = key
        made.keys = made.keys.trust(key.public, at=BEGAN, **told)
    return made
