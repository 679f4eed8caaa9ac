"""What is signed: in-toto statements about one registered version - its audit, and what a person says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from igw_audit.core.decision import WORDS
from igw_audit.core.rules import SignOff, Word
from igw_audit.errors import InputError
from igw_audit.evidence.dsse import EnvelopeError
from igw_audit.evidence.intoto import Statement
from igw_audit.evidence.reasons import ANSWERED, Answer, StatedReason, fitting, stated_reasons
from igw_audit.evidence.strict import ACCOUNT, PLAIN_FILE, SHA256, is_stamp, stamp

if TYPE_CHECKING:
    from igw_audit.core.record import AuditRecord

AUDIT = "urn:igw-audit:audit:v1"
REVIEW = "urn:igw-audit:review:v1"
#: These names in a bundle's folder are not pages.
NOT_PAGES = frozenset({"record.json", "evidence.json"})
#: Bytes that the reasons may take, so that the envelope (a third longer, in base64) fits with all that is around them.
_REASONS_FIT = 62_000
Made = TypeVar("Made", "AuditStatement", "ReviewStatement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the record: its file name and the hash of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditStatement:
    """The audit of one version: bound to its name, number, time of creation (ms since 1970) and the model's bytes.

    ``reasons`` are those of the record's decision that do not allow; ``expires`` is when the audit stops to count.
    """

    model_sha256: str
    name: str
    version: str
    version_created: int
    record_sha256: str
    pages: tuple[Page, ...]
    cases_sha256: str
    protected_sha256: str
    plan_sha256: str
    policy_sha256: str
    code_version: str
    pilot: str
    author: str
    signed_at: str
    expires: str
    decision: Word
    reasons: tuple[StatedReason, ...]
    sign_off: SignOff
    registration: str | None = None
    dossier_sha256: str | None = None

    def __post_init__(self) -> None:
        problems = [
            *_wrong_hashes(self),
            *_wrong_times(self, "signed_at", "expires"),
            *_wrong_account("author", self.author),
        ]
        names = [page.name for page in self.pages]
        problems += [
            f"page {name!r}: a page is one plain file, named once, with letters, digits, dot and dash"
            for name in names
            if not PLAIN_FILE.fullmatch(name) or name in NOT_PAGES or names.count(name) > 1
        ]
        found = min((reason.word for reason in self.reasons), key=WORDS.index, default="allow")
        if found != self.decision or any(reason.word == "allow" for reason in self.reasons):
            problems.append(f"decision is {self.decision!r}, and the gravest of the reasons against it says {found!r}")
        if len({reason.id for reason in self.reasons}) != len(self.reasons):
            problems.append("two reasons have one id, so that one answer would pass for both")
        if problems:
            raise InputError("audit statement", problems)

    @classmethod
    def of(  # noqa: PLR0913 - keywords only; each is said of the version and not of the record
        cls,
        record: AuditRecord,
        *,
        name: str,
        version: str,
        version_created: int,
        record_sha256: str,
        pages: Mapping[str, bytes],
        author: str,
        signed_at: datetime,
    ) -> AuditStatement:
        """State what a record says of a version; it counts for as long as the record's policy lets an audit count."""
        where = record.provenance
        return cls(
            model_sha256=where.model.sha256,
            name=name,
            version=version,
            version_created=version_created,
            record_sha256=record_sha256,
            pages=tuple(
                Page(name=page, sha256=hashlib.sha256(content).hexdigest()) for page, content in sorted(pages.items())
            ),
            cases_sha256=where.cases.sha256,
            protected_sha256=where.protected.sha256,
            plan_sha256=where.plan_sha256,
            policy_sha256=where.policy_sha256,
            code_version=where.code_version,
            pilot=record.pilot,
            author=author,
            signed_at=stamp(signed_at),
            expires=stamp(signed_at + timedelta(days=record.policy.sign_off.valid_days)),
            decision=record.decision.word,
            reasons=fitting(stated_reasons(record), _REASONS_FIT),
            sign_off=record.policy.sign_off,
            registration=record.registrations.entry if record.registrations else None,
            dossier_sha256=record.dossier.sha256 if record.dossier else None,
        )

    def payload(self) -> bytes:
        """Give the bytes to sign."""
        # by name, so that a policy can learn a new word without old statements reading as broken
        sign_off = {word: getattr(self.sign_off, word) for word in ("reviewers", "personal_signature", "valid_days")}
        return _payload(self, AUDIT, sign_off=sign_off)

    @classmethod
    def read(cls, payload: bytes) -> AuditStatement:
        """Read what was signed; EnvelopeError ``payload_broken`` where it is no audit statement."""
        return _read(cls, payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStatement:
    """What one person says of one record of one version: approve, reject or abstain; appended, never edited.

    ``signed_as``: ``person`` with a key of their own, or ``service`` where a server signs for whom it saw sign in.
    """

    name: str
    version: str
    version_created: int
    model_sha256: str
    record_sha256: str
    at: str
    by: str
    role: str
    word: Literal["approve", "reject", "abstain"]
    answers: tuple[Answer, ...] = ()
    ethics: str = ""
    dissent: str = ""
    conditions: tuple[str, ...] = ()
    expires: str
    signed_as: Literal["person", "service"]

    def __post_init__(self) -> None:
        problems = [
            *_wrong_hashes(self),
            *_wrong_times(self, "at", "expires"),
            *_wrong_account("by", self.by),
        ]
        answered = [answer.reason for answer in self.answers]
        problems += [
            f"the answer to reason {answer.reason} leaves "
            f"{', '.join(name for name in ANSWERED if not getattr(answer, name).strip())} empty; fill every field"
            for answer in self.answers
            if not answer.complete
        ]
        problems += [f"reason {one} is answered twice" for one in sorted(set(answered)) if answered.count(one) > 1]
        if self.word == "approve" and not self.ethics.strip():
            problems.append("ethics is empty; who approves says whether this is right to do, apart from whether it may")
        if self.word == "reject" and not (self.dissent.strip() or self.ethics.strip()):
            problems.append("dissent is empty; who rejects says why")
        if problems:
            raise InputError("review", problems)

    def payload(self) -> bytes:
        """Give the bytes to sign."""
        return _payload(self, REVIEW)

    @classmethod
    def read(cls, payload: bytes) -> ReviewStatement:
        """Read what was signed; EnvelopeError ``payload_broken`` where it is no review."""
        return _read(cls, payload)


def _payload(statement: AuditStatement | ReviewStatement, kind: str, **instead: Any) -> bytes:
    predicate = {**asdict(statement), **instead}
    name, version, sha256 = (predicate.pop(part) for part in ("name", "version", "model_sha256"))
    return Statement(kind=kind, name=name, version=version, sha256=sha256, predicate=predicate).payload()


def _read(kind: type[Made], payload: bytes) -> Made:
    """Read strictly: whatever would not be written back to the same bytes is broken."""
    held = Statement.read(payload)
    told = {**held.predicate, "name": held.name, "version": held.version, "model_sha256": held.sha256}
    try:
        made: Made = _adapter(AUDIT if kind is AuditStatement else REVIEW).validate_python(told)
        same = made.payload() == payload
    except (ValidationError, InputError, ValueError) as error:
        raise EnvelopeError("payload_broken", f"what was signed is no {kind.__name__}: {error}") from None
    if not same:
        raise EnvelopeError("payload_broken", f"what was signed is no {kind.__name__} as it is written here")
    return made


@cache
def _adapter(predicate_type: str) -> TypeAdapter[Any]:
    return TypeAdapter(AuditStatement if predicate_type == AUDIT else ReviewStatement)


def _wrong_hashes(statement: AuditStatement | ReviewStatement) -> Iterator[str]:
    held = {field.name: getattr(statement, field.name) for field in fields(statement)}
    pages: Sequence[Page] = held.get("pages", ())
    held.update({f"page {page.name}": page.sha256 for page in pages})
    for name, value in held.items():
        hashed = name.endswith("_sha256") or name.startswith("page ") or name == "registration"
        if hashed and value is not None and not SHA256.fullmatch(value):
            yield f"{name} is {value!r}, and a SHA-256 has 64 hex digits"
    if "/" in statement.name or not statement.name or not statement.name.isprintable():
        yield f"name {statement.name!r} cannot be that of a registered model"
    if not (statement.version.isascii() and statement.version.isdigit()):
        yield f"version {statement.version!r} is no version number"


def _wrong_times(statement: AuditStatement | ReviewStatement, *names: str) -> Iterator[str]:
    times = [getattr(statement, name) for name in names]
    for name, text in zip(names, times, strict=True):
        if not is_stamp(text):
            yield f"{name} is {text!r}, expected a time as 2026-11-23T09:30:00.000Z (evidence.strict.stamp writes it)"
    if all(map(is_stamp, times)) and times[0] >= times[1]:
        yield f"{names[1]} ({times[1]}) is not after {names[0]} ({times[0]})"


def _wrong_account(name: str, account: str) -> Iterator[str]:
    if not ACCOUNT.fullmatch(account):
        yield (
            f"{name} is {account!r}; give the name of an account in plain letters and digits, for letters of other "
            "alphabets look the same, and nobody may review their own model"
        )
