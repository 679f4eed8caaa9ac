"""Reviews: what a person answers to each reason of a decision, signed, kept beside the version and never edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from igw_audit.core.record import AuditRecord, Review
from igw_audit.core.settings import read_settings
from igw_audit.core.shown import shown_reasons
from igw_audit.core.whole import write_whole
from igw_audit.errors import EvidenceError, InputError, TrackingError
from igw_audit.evidence.dsse import sign
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.reasons import StatedReason
from igw_audit.evidence.signed import check_tag
from igw_audit.evidence.standing import Standing, standing
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import person
from igw_audit.evidence.tags import review_tag
from igw_audit.evidence.trust import TrustedKey, TrustedKeys, trusted_keys_file
from igw_audit.report import yield_sentence
from igw_audit.tracking import (
    GateVerdict,
    Store,
    gate_version,
    locate,
    open_store,
    version_created,
    version_tags,
    write_evidence,
)
from igw_audit.tracking.clearance import clearance_of
from igw_audit.workflow.answers import AnswersFile, written_answers
from igw_audit.workflow.pages import presenter, read_record
from igw_audit.workflow.promotion import told_reasons
from igw_audit.workflow.reviewing import ReviewForm, as_review, problems_of, statements_of
from igw_audit.workflow.versions import decide_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What was signed and where the version stands since; ``parts`` envelopes carry it."""

    uri: str
    review: Review
    parts: int
    standing: Standing

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        from igw_audit.core.serial import plain

        told = {"uri": self.uri, "parts": self.parts, "standing": self.standing.word}
        return {**told, "review": plain(self.review), "reasons": plain(self.standing.reasons)}


def open_form(uri: str, *, project: str | Path = ".") -> ReviewForm:
    """Read what there is to review of a version.

    Raises
    ------
    EvidenceError
        If no signed audit of the version counts, or its files are not those that were signed.
    TrackingError
        If there is no such version.
    """
    store, name, version = _version(uri, project)
    stands = _standing(store, name, version, project)
    if stands.audit is None:
        raise EvidenceError(f"{uri} cannot be reviewed: {'; '.join(reason.text.en for reason in stands.reasons)}")
    verdict = gate_version(store, name, version, redecide=decide_again)
    if verdict.record is None or verdict.record_sha256 != stands.audit.record_sha256:
        said = "; ".join(reason.text.en for reason in verdict.reasons if verdict.record is None)
        raise EvidenceError(
            f"{uri} cannot be reviewed: {said or 'its record is not the one that was signed'}; audit it again with "
            "a key"
        )
    return ReviewForm(
        uri=uri,
        audit=stands.audit,
        record=verdict.record,
        measured=yield_sentence(verdict.record.suitability),
        standing=stands,
        shown=_shown(stands.audit, verdict.record),
    )


def _shown(audit: AuditStatement, record: AuditRecord) -> tuple[StatedReason, ...]:
    against = [reason for reason in record.decision.reasons if reason.word != "allow"]
    texts = [reason.text for reason in shown_reasons(against, record.outcomes)]
    return tuple(replace(stated, text=text) for stated, text in zip(audit.reasons, texts, strict=True))


def review(
    uri: str,
    answers: AnswersFile | Mapping[str, Any] | str | Path,
    *,
    key: SigningKey,
    project: str | Path = ".",
    at: datetime | None = None,
) -> Reviewed:
    """Sign a review of a version and keep it beside the version and in the ledger.

    Raises
    ------
    InputError
        With everything that is wrong with the answers: empty fields, reasons that are none, too late an expiry.
    EvidenceError
        If the key may not sign it, its holder made the model, or nothing can be reviewed.
    """
    form = open_form(uri, project=project)
    told = read_settings(AnswersFile, written_answers(answers), what="answers")
    keys = _keys(project)
    signer = keys.find(key.keyid)
    if signer is None:
        raise EvidenceError(
            f"key {key.keyid[:12]} is not among the trusted keys; have it trusted first: igw-audit keys trust FILE.pub"
        )
    by = _reviewer(told, signer, form)
    now = at or datetime.now(UTC)
    problems = list(problems_of(told, form, now))
    if problems:
        raise InputError(f"review of {uri}", problems)
    statements = statements_of(told, form, by=by, service="reviewer" not in signer.roles, at=now)
    store, name, version = _version(uri, project)
    for statement in statements:
        _keep(store, statement, key=key, keys=keys, author=form.audit.author, project=project)
    return Reviewed(
        uri=uri,
        review=as_review(statements, form),
        parts=len(statements),
        standing=_told(form, _standing(store, name, version, project)),
    )


def _told(form: ReviewForm, stands: Standing) -> Standing:
    """Leave out of the gate's reasons the numbers of small cells, which no page shows either."""
    verdict = GateVerdict(
        uri=form.uri,
        word="refer",
        reasons=stands.reasons,
        record_sha256=form.audit.record_sha256,
        record=form.record,
        standing=stands,
    )
    return replace(stands, reasons=told_reasons(verdict))


def reviewed_record(uri: str, *, project: str | Path = ".") -> AuditRecord:
    """Give a version's record with the reviews that count on it; the signed record itself stays as it is.

    A record that nobody signed yet has no reviews, and is given as it is.

    Raises
    ------
    EvidenceError
        If the version has no record, or its files are not those that belong to it.
    """
    store, name, version = _version(uri, project)
    if _standing(store, name, version, project).audit is None:
        verdict = gate_version(store, name, version, redecide=decide_again)
        if verdict.record is None:
            raise EvidenceError(f"{uri} cannot be shown: {'; '.join(reason.text.en for reason in verdict.reasons)}")
        return replace(verdict.record, presenter=presenter())
    form = open_form(uri, project=project)
    people = dict.fromkeys((person(one.by), one.role, one.at, one.word) for one in form.standing.reviews)
    grouped = [
        [one for one in form.standing.reviews if (person(one.by), one.role, one.at, one.word) == key] for key in people
    ]
    reviews = tuple(as_review(parts, form) for parts in grouped)
    return replace(form.record, reviews=reviews, presenter=presenter())


def write_pages(target: str, *, out: str | Path, project: str | Path = ".") -> Path:
    """Write record and pages again: of a version with its reviews, or of a record that lies in a folder.

    The record that is written for a version is a copy for people; the signed one stays as it is.
    """
    version = target.startswith("models:")
    record = reviewed_record(target, project=project) if version else read_record(target)
    return write_whole(Path(out), {"record.json": record.to_json(), **presenter().pages(record)})


def _version(uri: str, project: str | Path) -> tuple[Store, str, str]:
    store = open_store(project)
    location = locate(store, uri)
    if location.name is None or location.version is None:
        raise TrackingError(f"{uri} is no registered version; a review is about models:/NAME/VERSION")
    return store, location.name, str(location.version)


def _keys(project: str | Path) -> TrustedKeys:
    path = trusted_keys_file(project)
    if not path.exists():
        raise EvidenceError(f"there is no file of trusted keys at {path}; make one: igw-audit keys trust FILE.pub")
    return TrustedKeys.read(path)


def _standing(store: Store, name: str, version: str, project: str | Path) -> Standing:
    cleared = clearance_of(project)
    return standing(
        version_tags(store, name, version),
        name=name,
        version=version,
        created=version_created(store, name, version),
        keys=cleared.keys,
        at=datetime.now(UTC),
        tightened=cleared.tightened,
    )


def _reviewer(told: AnswersFile, signer: TrustedKey, form: ReviewForm) -> str:
    """Say who reviews: the holder of the key, or whom a service names; never who made the model."""
    own = "reviewer" in signer.roles
    by = told.by or (signer.holder if own else "")
    if own and person(by) != person(signer.holder):
        raise EvidenceError(
            f"the answers are by {by!r}, and the key is {signer.holder!r}'s; everyone signs for themselves"
        )
    if not own and "service" not in signer.roles:
        raise EvidenceError(
            f"the key of {signer.holder} is trusted as {', '.join(signer.roles)}, and not to review with"
        )
    if not by:
        raise EvidenceError("the key is a service's, and the answers do not say whose they are; fill in by")
    if person(by) == person(form.audit.author):
        raise EvidenceError(f"{by} made this model, and nobody reviews their own; ask somebody else")
    if told.role not in signer.reviewer_roles:
        raise EvidenceError(
            f"the key of {signer.holder} may review as {', '.join(signer.reviewer_roles)}, and not as {told.role!r}"
        )
    return by


def _keep(  # noqa: PLR0913 - keywords only
    store: Store, statement: ReviewStatement, *, key: SigningKey, keys: TrustedKeys, author: str, project: str | Path
) -> None:
    """Sign, check as the registry does, and keep in the ledger and beside the version."""
    signed = sign(statement.payload(), key)
    envelope = signed.to_json()
    tag = review_tag(statement.record_sha256, envelope)
    check_tag(
        tag,
        envelope,
        name=statement.name,
        version=statement.version,
        created=statement.version_created,
        author=author,
        keys=keys,
        at=datetime.now(UTC),
    )
    content = {
        "name": statement.name,
        "version": statement.version,
        "record_sha256": statement.record_sha256,
        "tag": tag,
        "envelope_sha256": signed.sha256(),
        "model_sha256": statement.model_sha256,
        "version_created": statement.version_created,
        "by": statement.by,
        "role": statement.role,
        "word": statement.word,
    }
    # the ledger first: a review whose tag somebody took away still stands there
    open_ledger(ledger_address(project)).append("reviewed", content, key=key)
    write_evidence(store, statement.name, statement.version, key=tag, text=envelope)
