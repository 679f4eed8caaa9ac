"""Use cases about evidence: sign the record of a version, and verify all of it again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from igw_audit.core.record import AuditRecord
from igw_audit.core.whole import write_whole
from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.evidence.bundle import EVIDENCE_FILE, RECORD_FILE, Bundle, EvidenceFile, evidence_file
from igw_audit.evidence.digest import FileDigest, digest_of
from igw_audit.evidence.dsse import sign
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.statement import AuditStatement
from igw_audit.evidence.strict import ACCOUNT
from igw_audit.evidence.tags import audit_tag, evidence_tags
from igw_audit.evidence.trust import TrustedKeys, check_in_force, trusted_keys_file
from igw_audit.evidence.verify import Verdict, verify_files
from igw_audit.tracking import (
    Attachment,
    Store,
    author_of,
    files_of_model,
    files_of_record,
    keep_evidence_file,
    locate,
    open_store,
    version_created,
    write_evidence,
)
from igw_audit.tracking.clearance import clearance_of
from igw_audit.tracking.uris import find_version, parse_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Who signs an audit: a key that the project trusts as an auditor's, and who made the model, if it was said.

    ``author`` None takes the account that the model's run was logged by.
    """

    key: SigningKey
    keys: TrustedKeys
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """What was signed, and evidence.json with it."""

    statement: AuditStatement
    evidence: EvidenceFile


def auditor(key: SigningKey, *, project: str | Path = ".", author: str | None = None) -> Auditor:
    """Check, before hours of work, that a key may sign an audit in this project.

    Raises
    ------
    EvidenceError
        If it is not trusted as an auditor's now, or the author is no account name.
    """
    path = trusted_keys_file(project)
    keys = TrustedKeys.read(path) if path.exists() else TrustedKeys()
    known = keys.find(key.keyid)
    if known is None or "auditor" not in known.roles:
        found = "not among the trusted keys" if known is None else f"trusted as {', '.join(known.roles)} only"
        raise EvidenceError(
            f"key {key.keyid[:12]} is {found} in {path}, and an audit is signed with an auditor's; have it trusted: "
            "igw-audit keys trust FILE.pub --holder NAME --role auditor"
        )
    check_in_force(known, datetime.now(UTC))
    if author is not None:
        _check_account(author)
    return Auditor(key=key, keys=keys, author=author)


def sign_record(
    store: Store, attachment: Attachment, *, signer: Auditor, record: AuditRecord, pages: Mapping[str, str]
) -> SignedRecord:
    """Sign the audit of a version whose record is attached: evidence.json beside it, the ledger, and last the tag.

    The ledger comes before the tag: an audit that counts was always entered, and one whose tag somebody took away
    still stands there.

    Raises
    ------
    EvidenceError
        If the statement does not fit an envelope, nobody is known to have made the model, or the ledger is closed.
    TrackingError
        If MLflow refuses, or the tag's place is taken.
    """
    statement = _statement(store, attachment, signer, record, pages)
    envelope = sign(statement.payload(), signer.key)
    text, tag = envelope.to_json(), audit_tag(statement.record_sha256)
    model = files_of_model(store, statement.name, statement.version)
    if digest_of(model) != statement.model_sha256:
        raise EvidenceError(f"the files of {attachment.uri} changed while they were audited; audit the version again")
    evidence = evidence_file(text, (), model)
    keep_evidence_file(store, attachment.run_id, record_sha256=statement.record_sha256, evidence=evidence)
    open_ledger(ledger_address(store.root)).append("audited", _entry(statement, tag, envelope.sha256()), key=signer.key)
    write_evidence(store, statement.name, statement.version, key=tag, text=text)
    return SignedRecord(statement=statement, evidence=evidence)


def verify_version(uri: str, *, project: str | Path = ".", out: str | Path | None = None) -> Verdict:
    """Verify a registered version: its evidence, its record and pages, its model's files, and the ledger's word of it.

    ``out`` names a folder to write the bundle into, as it was verified.

    Raises
    ------
    TrackingError
        If there is no such version. All that is wrong with its evidence is a verdict, not an error.
    """
    store = open_store(project)
    location = locate(store, uri)
    if location.name is None or location.version is None:
        raise TrackingError(f"{uri} is no registered version; verify models:/NAME/VERSION, or a bundle's folder")
    held, clearance = find_version(store, parse_uri(location.uri)), clearance_of(project)
    stands = clearance.standing(held)
    against = clearance.ledger_reasons(held, stands.audit)
    if stands.audit is None:
        return Verdict(uri=location.uri, holds=False, broken=(*against, *stands.reasons), standing=None)
    files, model = _fetched(store, stands.audit)
    verdict = verify_files(stands, files, model_sha256=digest_of(model))
    if out is not None:
        _write_bundle(Path(out), stands.audit, held.tags, files=files, model=model)
    return replace(verdict, holds=verdict.holds and not against, broken=(*verdict.broken, *against))


def _fetched(store: Store, audit: AuditStatement) -> tuple[Bundle, tuple[FileDigest, ...]]:
    """Fetch what was signed; what is not there is missing from the answer, and so from what holds."""
    files = Bundle(files={}, odd=())
    model: tuple[FileDigest, ...] = ()
    with suppress(EvidenceError):
        files = files_of_record(store, audit.name, audit.version, record_sha256=audit.record_sha256)
    with suppress(EvidenceError):
        model = files_of_model(store, audit.name, audit.version)
    return files, model


def _statement(
    store: Store, attachment: Attachment, signer: Auditor, record: AuditRecord, pages: Mapping[str, str]
) -> AuditStatement:
    author = signer.author or author_of(store, attachment.name, attachment.version)
    if author is None:
        raise EvidenceError(f"nobody is named as the maker of {attachment.uri}; say who with --author")
    _check_account(author)
    return AuditStatement.of(
        record,
        name=attachment.name,
        version=attachment.version,
        version_created=version_created(store, attachment.name, attachment.version),
        record_sha256=attachment.record_sha256,
        pages={page: content.encode() for page, content in pages.items()},
        author=author,
        signed_at=datetime.now(UTC),
    )


def _entry(statement: AuditStatement, tag: str, envelope_sha256: str) -> dict[str, Any]:
    names = ("name", "version", "version_created", "model_sha256", "record_sha256", "decision", "author")
    hashes = ("cases_sha256", "plan_sha256", "policy_sha256")
    told = {name: getattr(statement, name) for name in (*names, *hashes)}
    return {**told, "tag": tag, "envelope_sha256": envelope_sha256}


def _check_account(author: str) -> None:
    if not ACCOUNT.fullmatch(author):
        raise EvidenceError(
            f"the maker is named as {author!r}, and an account's name has plain letters, digits and . _ @ + - only, "
            "for letters of other alphabets look the same; name the account with --author"
        )


def _write_bundle(
    folder: Path, audit: AuditStatement, tags: Mapping[str, str], *, files: Bundle, model: tuple[FileDigest, ...]
) -> None:
    """Write what was verified, from the same bytes, with every review that stands at the version."""
    reviews = [tag.text for tag in evidence_tags(tags) if tag.kind == "review"]
    evidence = evidence_file(tags[audit_tag(audit.record_sha256)], reviews, model)
    signed = {RECORD_FILE, *(page.name for page in audit.pages)}
    content = {name: files.files[name].decode() for name in sorted(signed & set(files.files))}
    write_whole(folder, {**content, EVIDENCE_FILE: evidence.to_bytes().decode()})
