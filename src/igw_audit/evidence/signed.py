"""A version's envelopes opened: each is a signed audit, a signed review, or refused with one word for why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from igw_audit.evidence.dsse import Envelope, EnvelopeError
from igw_audit.evidence.intoto import Statement
from igw_audit.evidence.statement import AUDIT, REVIEW, AuditStatement, ReviewStatement
from igw_audit.evidence.strict import moment, person
from igw_audit.evidence.tags import EvidenceTag, evidence_tags
from igw_audit.evidence.trust import SKEW, TrustedKey, TrustedKeys, check_in_force, signer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a piece of evidence does not count: one word, and what it is about in words of no language."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAudit:
    """An audit statement, and the trusted key that signed it."""

    statement: AuditStatement
    signer: TrustedKey

    def not_counted(self, at: datetime) -> Refusal | None:
        """Say why the audit does not count at this moment, whatever it says, if so."""
        if "auditor" not in self.signer.roles:
            return Refusal(reason="key_role", detail=_key(self.signer))
        if moment(self.statement.signed_at) > at + SKEW:
            return Refusal(reason="signed_in_future", detail=self.statement.signed_at)
        return _key_refused(self.signer, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReview:
    """A review, the trusted key that signed it, and the tag that it stands under."""

    statement: ReviewStatement
    signer: TrustedKey
    tag: str

    def not_a_reviewer(self, author: str) -> Refusal | None:
        """Say why this signer's word never counts for a model of this author, if so."""
        told, signer = self.statement, self.signer
        detail = f"{told.by}, {told.role}, {told.at[:10]}"
        if person(told.by) == person(author):
            return Refusal(reason="review_by_author", detail=detail)
        if told.signed_as == "person" and person(told.by) != person(signer.holder):
            return Refusal(reason="signed_for_another", detail=f"{detail}; {_key(signer)}")
        needed = "service" if told.signed_as == "service" else "reviewer"
        if needed not in signer.roles or told.role not in signer.reviewer_roles:
            return Refusal(reason="key_role", detail=f"{detail}; {_key(signer)}")
        return None

    def not_counted(self, audit: AuditStatement, at: datetime) -> Refusal | None:
        """Say why the review does not count towards this audit at this moment, if so."""
        told = self.statement
        detail = f"{told.by}, {told.role}, {told.at[:10]}"
        refusal = self.not_a_reviewer(audit.author)
        if refusal is not None:
            return refusal
        if told.model_sha256 != audit.model_sha256:
            return Refusal(reason="evidence_foreign", detail=detail)
        if audit.sign_off.personal_signature and told.signed_as != "person":
            return Refusal(reason="personal_signature_missing", detail=detail)
        if moment(told.at) > at + SKEW:
            return Refusal(reason="signed_in_future", detail=detail)
        if min(moment(told.expires), moment(told.at) + timedelta(days=audit.sign_off.valid_days)) <= at:
            return Refusal(reason="review_expired", detail=detail)
        return _key_refused(self.signer, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All evidence of one version: what is truly signed and bound to it, and what is refused."""

    audits: tuple[SignedAudit, ...]
    reviews: tuple[SignedReview, ...]
    refused: tuple[Refusal, ...]


def read_evidence(tags: Mapping[str, str], *, name: str, version: str, created: int, keys: TrustedKeys) -> Evidence:
    """Open every envelope among a version's tags; whether keys are still in force is asked later, by time."""
    audits, reviews, refused = [], [], []
    for tag in evidence_tags(tags):
        try:
            made = open_envelope(tag, keys)
            bound = _bound(made.statement, tag, name=name, version=version, created=created)
        except EnvelopeError as error:
            refused.append(Refusal(reason=error.reason, detail=tag.key))
            continue
        if not bound:
            refused.append(Refusal(reason="evidence_foreign", detail=tag.key))
        elif isinstance(made, SignedAudit):
            audits.append(made)
        else:
            reviews.append(made)
    return Evidence(audits=tuple(audits), reviews=tuple(reviews), refused=tuple(refused))


def open_envelope(tag: EvidenceTag, keys: TrustedKeys) -> SignedAudit | SignedReview:
    """Open one envelope: its signature, the signer's role, and what it says.

    Raises
    ------
    EnvelopeError
        Its ``reason`` says in one word what does not hold.
    """
    if tag.kind == "foreign":
        raise EnvelopeError("evidence_foreign", f"{tag.key} is no place for evidence")
    envelope = Envelope.from_json(tag.text)
    signer = signer_of(envelope, keys)
    kind = Statement.read(envelope.payload).kind
    if kind != {"audit": AUDIT, "review": REVIEW}[tag.kind]:
        raise EnvelopeError("payload_type", f"{tag.key} holds a statement of the type {kind}")
    if tag.kind == "audit":
        return SignedAudit(statement=AuditStatement.read(envelope.payload), signer=signer)
    return SignedReview(statement=ReviewStatement.read(envelope.payload), signer=signer, tag=tag.key)


def check_tag(  # noqa: PLR0913 - keywords only
    key: str, text: str, *, name: str, version: str, created: int, author: str, keys: TrustedKeys, at: datetime
) -> SignedAudit | SignedReview:
    """Check one tag of evidence before it is stored: a place is written once, and a stranger must not take it.

    ``author`` is who made the model, as the store knows it; for an audit it is not looked at.

    Raises
    ------
    EnvelopeError
        Its ``reason`` says in one word why the tag must not be stored.
    """
    (tag,) = evidence_tags({key: text})
    made = open_envelope(tag, keys)
    if not _bound(made.statement, tag, name=name, version=version, created=created):
        raise EnvelopeError("evidence_foreign", f"the statement under {key} is not about models:/{name}/{version}")
    refusal = made.not_counted(at) if isinstance(made, SignedAudit) else made.not_a_reviewer(author)
    refusal = refusal or _key_refused(made.signer, at)
    if refusal is not None:
        raise EnvelopeError(refusal.reason, f"{key} cannot be stored: {refusal.reason} ({refusal.detail})")
    return made


def _bound(
    statement: AuditStatement | ReviewStatement, tag: EvidenceTag, *, name: str, version: str, created: int
) -> bool:
    mine = (statement.name, statement.version, statement.version_created) == (name, str(version), created)
    return mine and statement.record_sha256.startswith(tag.record)


def _key_refused(signer: TrustedKey, at: datetime) -> Refusal | None:
    try:
        check_in_force(signer, at)
    except EnvelopeError as error:
        return Refusal(reason=error.reason, detail=_key(signer))
    return None


def _key(signer: TrustedKey) -> str:
    return f"{signer.keyid[:12]}, {signer.holder}"
