"""The gate: whether a registered version may be promoted, from its files and its record alone."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from igw_audit.core.decision import Decision, Reason
from igw_audit.core.limits import parse_json
from igw_audit.core.record import AuditRecord
from igw_audit.core.rules import Word
from igw_audit.core.text import Text
from igw_audit.errors import EvidenceError, InputError
from igw_audit.evidence.derived import PAGES_TAG, RECORD_TAG
from igw_audit.evidence.standing import Standing
from igw_audit.tracking.artifacts import UnreachableError, fetch_files
from igw_audit.tracking.models import hash_model_directory
from igw_audit.tracking.registry import RECORD_FILE, record_folder, tags_of
from igw_audit.tracking.uris import find_version, locate, parse_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from igw_audit.tracking.store import Store

_log = logging.getLogger(__name__)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """Whether a version may be promoted, with all reasons in both languages.

    Where the evidence does not hold, ``word`` is ``refuse``, the reasons (audit ``gate``) say what does not hold, and
    ``record`` is None: a record that does not hold says nothing. ``standing`` is where the signed evidence stands; None
    where only the record was looked at, and word and reasons are then the record's.
    """

    uri: str
    word: Word
    reasons: tuple[Reason, ...]
    record_sha256: str | None
    record: AuditRecord | None
    standing: Standing | None = None


class _RefusedError(Exception):
    """What follows cannot be checked for lack of this."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.text.en)


def gate_version(
    store: Store, name: str, version: str | int, *, redecide: Callable[[AuditRecord], Decision]
) -> GateVerdict:
    """Check a version's files against its record, and the record against itself.

    Parameters
    ----------
    redecide : callable
        Decides anew over the outcomes of a record by the policy inside it.

    Raises
    ------
    TrackingError
        If there is no such version. All that is wrong with its evidence is a verdict, not an error.
    """
    uri = f"models:/{name}/{version}"
    held = find_version(store, parse_uri(uri))
    sha256 = held.tags.get(RECORD_TAG)
    try:
        record, broken = _read_record(store, held, uri)
    except _RefusedError as refused:
        return GateVerdict(uri=uri, word="refuse", reasons=(refused.reason,), record_sha256=sha256, record=None)
    broken += [
        *_wrong_hashes(record),
        *_wrong_model(store, record, uri),
        *_wrong_decision(record, redecide),
        *_wrong_tags(record, held.tags),
    ]
    if broken:
        return GateVerdict(uri=uri, word="refuse", reasons=tuple(broken), record_sha256=sha256, record=None)
    decision = record.decision
    return GateVerdict(uri=uri, word=decision.word, reasons=decision.reasons, record_sha256=sha256, record=record)


def record_problems(store: Store, held: ModelVersion) -> tuple[Reason, ...]:
    """Say what is wrong with a version's record file and the pages beside it, as files."""
    try:
        _, broken = _record_bytes(store, held, f"models:/{held.name}/{held.version}")
    except _RefusedError as refused:
        return (refused.reason,)
    return tuple(broken)


def read_record_of(store: Store, held: ModelVersion) -> AuditRecord:
    """Read the record that a version's tag points at, if its bytes are those of the tag.

    Raises
    ------
    EvidenceError
        If it is not there, or was changed.
    """
    try:
        return _read_record(store, held, f"models:/{held.name}/{held.version}")[0]
    except _RefusedError as refused:
        raise EvidenceError(refused.reason.text.en) from None


def _read_record(store: Store, held: ModelVersion, uri: str) -> tuple[AuditRecord, list[Reason]]:
    """Read the record that the version's tag points at, and check the pages beside it."""
    content, broken = _record_bytes(store, held, uri)
    return _parsed(content, uri), broken


def _record_bytes(store: Store, held: ModelVersion, uri: str) -> tuple[bytes, list[Reason]]:
    """Give the record's bytes, which have the hash that the tag says, and what is wrong with the pages beside it."""
    sha256 = held.tags.get(RECORD_TAG)
    if sha256 is None:
        _refuse(
            "record_missing",
            f"no audit record is attached to {uri}; run igw-audit audit {uri}",
            f"bij {uri} hoort nog geen auditverslag; voer uit: igw-audit audit {uri}",
        )
    if not _SHA256.fullmatch(sha256) or not held.run_id:
        _refuse(
            "record_missing",
            f"the tag {RECORD_TAG} of {uri} points at no record; audit the version again",
            f"het label {RECORD_TAG} van {uri} wijst niet naar een verslag; voer de audit opnieuw uit",
        )
    root = store.call(store.client.get_run, held.run_id).info.artifact_uri
    with TemporaryDirectory() as aside:
        try:
            folder = fetch_files(store, f"{root.rstrip('/')}/{record_folder(sha256)}", Path(aside))
            content = (folder / RECORD_FILE).read_bytes()
        except UnreachableError as error:
            raise _RefusedError(_unreachable("the record", "het verslag", error)) from error
        except (EvidenceError, OSError):
            _refuse(
                "record_missing",
                f"the record that {uri} points at is not among the run's files; audit the version again",
                f"het verslag waar {uri} naar wijst is er niet; voer de audit opnieuw uit",
            )
        broken = list(_wrong_pages(folder, held.tags.get(PAGES_TAG + sha256)))
    if hashlib.sha256(content).hexdigest() != sha256:
        _refuse(
            "record_changed",
            f"the record of {uri} was changed after it was attached; audit the version again",
            f"het verslag van {uri} is veranderd nadat het is toegevoegd; voer de audit opnieuw uit",
        )
    return content, broken


def _parsed(content: bytes, uri: str) -> AuditRecord:
    try:
        return AuditRecord.from_dict(parse_json(content))
    except (InputError, ValueError, TypeError, KeyError) as error:
        _log.warning("the record of %s cannot be read: %s", uri, error)
        _refuse(
            "record_broken",
            f"the record of {uri} is not as record.json must be ({type(error).__name__}); audit the version again",
            f"het verslag van {uri} heeft niet de juiste vorm ({type(error).__name__}); voer de audit opnieuw uit",
        )


def _wrong_pages(folder: Path, tag: str | None) -> Iterator[Reason]:
    if tag is None:
        yield shut(
            "page_changed",
            "the list of pages that belong to the record is gone; audit the version again",
            "de lijst met pagina's bij het verslag is weg; voer de audit opnieuw uit",
        )
        return
    for line in tag.splitlines():
        sha256, _, name = line.partition("  ")
        file = folder / name
        plain = Path(name).name == name and file.is_file()
        if not plain or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield shut(
                "page_changed",
                f"the page {name} is not the one that was attached; audit the version again",
                f"de pagina {name} is niet de pagina die is toegevoegd; voer de audit opnieuw uit",
            )


def _wrong_hashes(record: AuditRecord) -> Iterator[Reason]:
    for what, dutch, said, found in (
        ("plan", "het plan", record.provenance.plan_sha256, record.plan.sha256()),
        ("policy", "het beleid", record.provenance.policy_sha256, record.policy.sha256()),
    ):
        if said != found:
            yield shut(
                f"{what}_changed",
                f"the {what} inside the record is not the one that the record was made with",
                f"{dutch} in het verslag is niet hetzelfde als bij het maken van het verslag",
            )


def _wrong_model(store: Store, record: AuditRecord, uri: str) -> Iterator[Reason]:
    said = record.provenance.model
    try:
        with TemporaryDirectory() as aside:
            place = locate(store, uri).artifact_uri
            found = hash_model_directory(fetch_files(store, place, Path(aside)))
    except UnreachableError as error:
        yield _unreachable("the model's files", "de bestanden van het model", error)
        return
    except EvidenceError as error:
        yield shut(
            "model_missing",
            f"the model's files cannot be read: {error}",
            "de bestanden van het model zijn er niet of zijn niet te lezen",
        )
        return
    if said.kind != "directory" or said.sha256 != found:
        yield shut(
            "model_changed",
            f"the model's files ({found[:12]}...) are not those that were audited ({said.sha256[:12]}...)",
            f"de bestanden van het model ({found[:12]}...) zijn niet die van de audit ({said.sha256[:12]}...)",
        )


def _wrong_decision(record: AuditRecord, redecide: Callable[[AuditRecord], Decision]) -> Iterator[Reason]:
    try:
        again = redecide(record)
    except Exception:
        # whatever goes wrong here, the gate stays shut
        _log.exception("the decision cannot be made again")
        again = None
    if again is None or _bare(again) != _bare(record.decision):
        said = record.decision.word
        found = again.word if again else "?"
        yield shut(
            "decision_changed",
            f"the record says {said!r}, and its policy over its outcomes gives {found!r} or other reasons",
            f"het verslag zegt {said!r}, maar het beleid geeft bij deze uitkomsten {found!r} of andere redenen",
        )


def _wrong_tags(record: AuditRecord, tags: Mapping[str, str]) -> Iterator[Reason]:
    for key, value in tags_of(record).items():
        if tags.get(key) != value:
            yield shut(
                "tag_changed",
                f"the tag {key} says {tags.get(key)!r} and the record {value!r}; audit the version again",
                f"het label {key} zegt {tags.get(key)!r} en het verslag {value!r}; voer de audit opnieuw uit",
            )


def _unreachable(what: str, dutch: str, error: Exception) -> Reason:
    return shut(
        "files_unreachable",
        f"{what} cannot be looked at from here, so that nothing is known of it: {error}",
        f"{dutch} kan vanaf hier niet worden bekeken, dus er is niets over bekend; doe dit waar het wel kan, of noem "
        "de plek waar de server de bestanden bewaart (MLFLOW_ARTIFACTS_DESTINATION)",
    )


def _bare(decision: Decision) -> tuple[object, ...]:
    """Give a decision without its sentences, whose wording may better with a later version of this package."""
    return decision.word, tuple(
        (r.word, r.rule, r.audit, r.attribute, r.group, r.step, r.statistic, r.features, r.overridable)
        for r in decision.reasons
    )


def shut(rule: str, english: str, dutch: str) -> Reason:
    """Say in both languages why the gate is shut."""
    return Reason(word="refuse", rule=rule, audit="gate", text=Text(en=english, nl=dutch), overridable=False)


def _refuse(rule: str, english: str, dutch: str) -> NoReturn:
    raise _RefusedError(shut(rule, english, dutch))
