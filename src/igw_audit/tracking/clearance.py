"""What a project goes by when it asks whether a version stands: trusted keys, stricter policies, guarded aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from igw_audit.core.decision import WORDS, Decision, Reason
from igw_audit.core.record import AuditRecord
from igw_audit.core.rules import Word
from igw_audit.evidence.ledger import Ledger, ledger_address, open_ledger
from igw_audit.evidence.ledger_check import Problem
from igw_audit.evidence.reasons import stated_reasons
from igw_audit.evidence.registered import REGISTERED, tightened_policies
from igw_audit.evidence.standing import Standing, standing
from igw_audit.evidence.statement import AuditStatement
from igw_audit.evidence.tags import CHECKPOINT
from igw_audit.evidence.taken import taken_away
from igw_audit.evidence.trust import TrustedKeys, trusted_keys_file
from igw_audit.tracking.gate import GateVerdict, gate_version, shut
from igw_audit.tracking.uris import find_version, parse_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from igw_audit.tracking.store import Store

#: A ledger that was rewritten has a problem at every entry; a few of them say enough.
_TOLD = 5
_WORDS: dict[str, Word] = {"open": "allow", "refer": "refer", "shut": "refuse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """Whose signatures count, and the ledger that says which policies a stricter one replaced.

    Attributes
    ----------
    keys : TrustedKeys
        None of them where the project has no file of trusted keys: no signature counts then.
    tightened : frozenset of str
        SHA-256 of every policy that a stricter one replaced.
    """

    keys: TrustedKeys
    ledger: Ledger
    tightened: frozenset[str] = frozenset()

    def standing(self, held: ModelVersion, *, at: datetime | None = None) -> Standing:
        """Say where a version stands at a moment (now, unless one is given), from its evidence alone."""
        return standing(
            held.tags,
            name=str(held.name),
            version=str(held.version),
            created=int(held.creation_timestamp),
            keys=self.keys,
            at=at or datetime.now(UTC),
            tightened=self.tightened,
        )

    def ledger_reasons(self, held: ModelVersion, audit: AuditStatement | None) -> tuple[Reason, ...]:
        """Say what is wrong with the ledger, also against the heads of it that this version keeps.

        A ledger that was changed vouches for nothing. One that does not know the version's audit is another ledger, or
        none: it would not know of a stricter policy either. What it knows and the version lacks was taken away.
        """
        kept = [text for key, text in sorted(held.tags.items()) if key.startswith(CHECKPOINT)]
        found = self.ledger.verify(self.keys, checkpoints=kept)
        if found or audit is None:
            return tuple(_broken(self.ledger, problem) for problem in found[:_TOLD])
        place = (audit.name, audit.version, audit.record_sha256)
        names = ("name", "version", "record_sha256")
        entries = self.ledger.entries()
        known = (tuple(entry.content.get(name) for name in names) for entry in entries if entry.kind == "audited")
        if place not in known:
            return (_unknown(self.ledger, audit),)
        name, version, created = audit.name, audit.version, audit.version_created
        return tuple(taken_away(entries, held.tags, name=name, version=version, created=created))


def clearance_of(project: str | Path) -> Clearance:
    """Read whose signatures count in a project, and which of its policies were replaced by stricter ones.

    Raises
    ------
    InputError
        If the file of trusted keys is not as it should be. Where there is none, no signature counts.
    EvidenceError
        If the ledger cannot be read.
    """
    file = trusted_keys_file(project)
    keys = TrustedKeys.read(file) if file.exists() else TrustedKeys()
    ledger = open_ledger(ledger_address(project))
    return Clearance(keys=keys, ledger=ledger, tightened=tightened_policies(ledger.entries(REGISTERED)))


def clear_version(
    store: Store,
    name: str,
    version: str | int,
    *,
    redecide: Callable[[AuditRecord], Decision],
    clearance: Clearance,
) -> GateVerdict:
    """Say whether a version may be promoted: its files, its record, its signed evidence and the ledger all hold.

    Raises
    ------
    TrackingError
        If there is no such version. All that is wrong with its evidence is a verdict, not an error.
    """
    checked = gate_version(store, name, version, redecide=redecide)
    held = find_version(store, parse_uri(f"models:/{name}/{version}"))
    stands = clearance.standing(held)
    against = [*clearance.ledger_reasons(held, stands.audit)]
    if checked.record is None:
        against += _not_twice(checked.reasons, stands)
    elif stands.audit is not None:
        against += _unlike(checked, checked.record, stands.audit)
    reasons = tuple(sorted((*against, *stands.reasons), key=lambda reason: WORDS.index(reason.word)))
    word: Word = "refuse" if against else _WORDS[stands.word]
    return GateVerdict(
        uri=checked.uri,
        word=word,
        reasons=reasons,
        record_sha256=checked.record_sha256,
        record=None if against else checked.record,
        standing=stands,
    )


def _broken(ledger: Ledger, problem: Problem) -> Reason:
    return shut(
        "ledger_broken",
        f"the ledger at {ledger.address} was changed ({problem.word}): {problem.text}; find out who could write to it, "
        "and put back a copy that is whole",
        f"het logboek op {ledger.address} is veranderd ({problem.word}, plaats {problem.seq}); zoek uit wie erin kon "
        "schrijven, en zet een goede kopie terug",
    )


def _unknown(ledger: Ledger, audit: AuditStatement) -> Reason:
    uri = f"models:/{audit.name}/{audit.version}"
    return shut(
        "ledger_unknown",
        f"the ledger at {ledger.address} does not know the audit of {uri}: name the ledger that it was entered in "
        "($IGW_LEDGER), or audit the version again",
        f"het logboek op {ledger.address} kent de audit van {uri} niet: noem het logboek waar die in staat "
        "($IGW_LEDGER), of voer de audit opnieuw uit",
    )


def _not_twice(reasons: tuple[Reason, ...], stands: Standing) -> Iterator[Reason]:
    """Leave out that there is no record where there is no signed audit either: one command makes both."""
    unsigned = {reason.rule for reason in stands.reasons} == {"evidence_missing"}
    yield from (reason for reason in reasons if not (unsigned and reason.rule == "record_missing"))


def _unlike(checked: GateVerdict, record: AuditRecord, audit: AuditStatement) -> Iterator[Reason]:
    """Yield what the signed statement and the record say differently: what was signed must be what people read."""
    if audit.record_sha256 != checked.record_sha256:
        yield shut(
            "record_unsigned",
            f"the record at {checked.uri} is a later one than the signed audit; sign it too: "
            f"igw-audit audit {checked.uri} --key FILE",
            f"het verslag bij {checked.uri} is van na de ondertekende audit; onderteken ook dat: "
            f"igw-audit audit {checked.uri} --key BESTAND",
        )
        return
    where, asked = record.provenance, record.policy.sign_off
    said = {
        "model": (audit.model_sha256, where.model.sha256),
        "cases": (audit.cases_sha256, where.cases.sha256),
        "plan": (audit.plan_sha256, where.plan_sha256),
        "policy": (audit.policy_sha256, where.policy_sha256),
        "decision": (audit.decision, record.decision.word),
        "reasons": ([one.id for one in audit.reasons], [one.id for one in stated_reasons(record)]),
        "reviewers": (audit.sign_off.reviewers, asked.reviewers),
        "personal signature": (audit.sign_off.personal_signature, asked.personal_signature),
    }
    for what, (signed, held) in said.items():
        if signed != held:
            yield shut(
                "statement_unlike",
                f"what was signed says another {what} than the record; audit {checked.uri} again, and ask who signed",
                f"in de ondertekende verklaring staat iets anders over {what} dan in het verslag; voer de audit van "
                f"{checked.uri} opnieuw uit, en vraag wie er heeft getekend",
            )
