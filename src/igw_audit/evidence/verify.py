"""Verifying a bundle offline: every byte against what was signed, and what the signatures allow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.decision import Reason
from igw_audit.core.text import Text
from igw_audit.errors import EvidenceError
from igw_audit.evidence.bundle import EVIDENCE_FILE, RECORD_FILE, Bundle, EvidenceFile, read_bundle
from igw_audit.evidence.digest import digest_of, model_files
from igw_audit.evidence.dsse import Envelope, EnvelopeError
from igw_audit.evidence.intoto import Statement
from igw_audit.evidence.reasons import StatedReason, same_text, state
from igw_audit.evidence.standing import Standing, standing
from igw_audit.evidence.statement import AuditStatement
from igw_audit.evidence.tags import audit_tag, review_tag
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.evidence.words import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying found.

    Attributes
    ----------
    uri : str
        The version that it is about, as the evidence says; empty where that cannot be read.
    holds : bool
        Whether every byte is as it was signed, by keys that we trust and that are in force.
    broken : tuple of Reason
        What does not hold, each with one word as its rule.
    standing : Standing or None
        What the evidence allows; None where it does not hold.
    unsigned : tuple of str
        What else stands in the folder: nobody signed it, so it says nothing.
    """

    uri: str
    holds: bool
    broken: tuple[Reason, ...]
    standing: Standing | None
    unsigned: tuple[str, ...] = ()


def verify_folder(folder: str | Path, keys: TrustedKeys, *, at: datetime, model: str | Path | None = None) -> Verdict:
    """Verify a bundle's folder, and a model's folder against it where one is given; no network, no MLflow.

    A bundle shows that nothing in it was changed. That a review was left out of it altogether shows only in the
    registry and the ledger.

    Raises
    ------
    EvidenceError
        If there is no such folder. All that is wrong with what is in it is a verdict, not an error.
    """
    bundle = read_bundle(folder)
    found = None if model is None else digest_of(model_files(Path(model)))
    return verify_bundle(bundle, keys, at=at, model_sha256=found)


def verify_bundle(bundle: Bundle, keys: TrustedKeys, *, at: datetime, model_sha256: str | None = None) -> Verdict:
    """Verify a bundle's bytes; ``model_sha256`` is the hash of the model's folder that is going to be used."""
    content = bundle.files.get(EVIDENCE_FILE)
    if content is None:
        rule = "file_not_plain" if EVIDENCE_FILE in bundle.odd else "bundle_unsigned"
        return _nothing(said("refuse", rule, uri="", detail=EVIDENCE_FILE))
    try:
        evidence = EvidenceFile.read(content)
        statement = AuditStatement.read(Envelope.from_json(evidence.audit).payload)
        stands = _standing(evidence, statement, keys, at)
    except EnvelopeError as error:
        return _nothing(said("refuse", error.reason, uri=EVIDENCE_FILE, detail="audit"))
    except EvidenceError:
        return _nothing(said("refuse", "bundle_changed", uri="", detail=EVIDENCE_FILE))
    if stands.audit is None:
        return Verdict(uri=_uri(statement), holds=False, broken=stands.reasons, standing=None)
    verdict = verify_files(stands, bundle, model_sha256=model_sha256)
    if digest_of(evidence.model) == statement.model_sha256:
        return verdict
    changed = said("refuse", "model_list_changed", uri=_uri(statement), detail=EVIDENCE_FILE)
    return replace(verdict, holds=False, broken=(*verdict.broken, changed), standing=None)


def verify_files(stands: Standing, files: Bundle, *, model_sha256: str | None = None) -> Verdict:
    """Hold the files of a record, and a model's hash, against the audit that counts in a standing."""
    audit = stands.audit
    if audit is None:
        raise ValueError("no audit counts, so there is nothing to hold files against")
    broken = [*stands.broken, *file_problems(audit, files.files, odd=files.odd)]
    if model_sha256 is not None and model_sha256 != audit.model_sha256:
        detail = f"{model_sha256[:12]}, {audit.model_sha256[:12]}"
        broken.append(said("refuse", "model_changed", uri=_uri(audit), detail=detail))
    signed = {EVIDENCE_FILE, RECORD_FILE, *(page.name for page in audit.pages)}
    return Verdict(
        uri=_uri(audit),
        holds=not broken,
        broken=tuple(broken),
        standing=None if broken else stands,
        unsigned=tuple(sorted({*files.files, *files.odd} - signed)),
    )


def file_problems(
    statement: AuditStatement, files: Mapping[str, bytes], *, odd: Sequence[str] = ()
) -> Iterator[Reason]:
    """Yield what is wrong with the record and its pages, held against the signed statement about them."""
    uri = _uri(statement)
    signed = {RECORD_FILE: statement.record_sha256, **{page.name: page.sha256 for page in statement.pages}}
    for name, sha256 in signed.items():
        content = files.get(name)
        if content is None:
            yield said("refuse", "file_not_plain" if name in odd else "file_missing", uri=uri, detail=name)
        elif hashlib.sha256(content).hexdigest() != sha256:
            yield said("refuse", "file_changed", uri=uri, detail=name)
        elif name == RECORD_FILE:
            yield from _wrong_record(statement, content, uri)


def _standing(evidence: EvidenceFile, statement: AuditStatement, keys: TrustedKeys, at: datetime) -> Standing:
    tags = {audit_tag(statement.record_sha256): evidence.audit}
    for text in evidence.reviews:
        # a review stands under the record that it says it is about; whether that is true, the standing finds out
        record = Statement.read(Envelope.from_json(text).payload).predicate.get("record_sha256")
        tags[review_tag(str(record), text)] = text
    return standing(
        tags, name=statement.name, version=statement.version, created=statement.version_created, keys=keys, at=at
    )


def _wrong_record(statement: AuditStatement, content: bytes, uri: str) -> Iterator[Reason]:
    """Yield where record and statement say different things although both are signed."""
    try:
        differing = _differing(statement, json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield said("refuse", "record_broken", uri=uri, detail=RECORD_FILE)
        return
    for name in differing:
        yield said("refuse", "record_disagrees", uri=uri, detail=name)


def _differing(statement: AuditStatement, record: Mapping[str, Any]) -> list[str]:
    where = record["provenance"]
    policy = record["policy"]
    reasons = [Reason(**{**one, "text": Text(**one["text"])}) for one in record["decision"]["reasons"]]
    direct = {(one["audit"], one["attribute"]) for one in record["outcomes"] if one["level"] == "direct_use"}
    stated = state(reasons, direct)
    sign_off = policy["sign_off"]
    held = {
        "model": (statement.model_sha256, where["model"]["sha256"]),
        "cases": (statement.cases_sha256, where["cases"]["sha256"]),
        "protected": (statement.protected_sha256, where["protected"]["sha256"]),
        "plan": (statement.plan_sha256, where["plan"]["sha256"], sha256_of_json(record["plan"])),
        "policy": (statement.policy_sha256, where["policy"]["sha256"], sha256_of_json(policy)),
        "dossier": (statement.dossier_sha256, (record.get("dossier") or {}).get("sha256")),
        "registration": (statement.registration, (record.get("registrations") or {}).get("entry")),
        "code": (statement.code_version, where["code"]["version"]),
        "pilot": (statement.pilot, record["pilot"]),
        "decision": (statement.decision, record["decision"]["word"]),
        "reasons": (True, _same_reasons(statement.reasons, stated)),
        "sign_off": tuple(
            (one["reviewers"], one["personal_signature"], one["valid_days"])
            for one in (statement.sign_off.model_dump(mode="json"), sign_off)
        ),
    }
    return [name for name, values in held.items() if any(value != values[0] for value in values)]


def _same_reasons(signed: Sequence[StatedReason], whole: Sequence[StatedReason]) -> bool:
    return len(signed) == len(whole) and all(
        (one.id, one.word, one.overridable) == (other.id, other.word, other.overridable)
        and same_text(one.text, other.text)
        for one, other in zip(signed, whole, strict=True)
    )


def _uri(statement: AuditStatement) -> str:
    return f"models:/{statement.name}/{statement.version}"


def _nothing(reason: Reason) -> Verdict:
    return Verdict(uri="", holds=False, broken=(reason,), standing=None)
