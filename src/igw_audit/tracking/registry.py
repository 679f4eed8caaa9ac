"""Registered versions, and the audit record that is attached to them.

A version appears in one step, after everything that it needs is there. A record is attached from the outside in: files
under their own hash, numbers, tags that people read, and last the one tag that the gate goes by.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from igw_audit.core.record import AuditRecord
from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.evidence.derived import (
    AUDITED_AT_TAG,
    DECISION_TAG,
    MODEL_TAG,
    PAGES_TAG,
    PLAN_TAG,
    POLICY_TAG,
    RECORD_TAG,
)
from igw_audit.evidence.ledger import ledger_address, open_ledger
from igw_audit.evidence.origin import CREATED, entry_of_origin, origins
from igw_audit.tracking.artifacts import fetch_files
from igw_audit.tracking.headlines import headlines
from igw_audit.tracking.models import LoggedModel, hash_model_directory
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.runs import log_texts, metrics_of
from igw_audit.tracking.store import account, refused_for
from igw_audit.tracking.uris import ModelLocation, find_version, locate, parse_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from igw_audit.tracking.store import Store

_log = logging.getLogger(__name__)

RECORD_FILE = "record.json"
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVersion:
    """One version of a registered model."""

    name: str
    version: str
    run_id: str
    model_sha256: str

    @property
    def uri(self) -> str:
        """Its address, ``models:/<name>/<version>``."""
        return f"models:/{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Where a record was attached: the version, the record's hash, and the folder among the run's artifacts."""

    name: str
    version: str
    record_sha256: str
    run_id: str
    folder: str

    @property
    def uri(self) -> str:
        """The version's address, ``models:/<name>/<version>``."""
        return f"models:/{self.name}/{self.version}"


def register(store: Store, model: LoggedModel, *, name: str, tags: Mapping[str, str]) -> RegisteredVersion:
    """Register a logged model as the next version of ``name``, with all its tags, in one step.

    Raises
    ------
    TrackingError
        If the model is not finished or MLflow refuses.
    """
    client = store.client
    logged = store.call(client.get_logged_model, model.model_id)
    if str(logged.status) != "READY":
        raise TrackingError(f"model {model.model_id} is {logged.status}, and only a finished one is registered")
    _ensure_registered_model(store, name)
    told = {**tags, "igw.model.id": model.model_id, MODEL_TAG: model.sha256}
    with quiet_mlflow():
        made = store.call(
            client.create_model_version,
            name,
            # its folder and not models:/m-..., which MLflow 3.17 would look up at the caller's global address
            source=logged.artifact_location,
            run_id=model.run_id,
            model_id=model.model_id,
            tags=told,
        )
    _enter_origin(store, made, told)
    return RegisteredVersion(name=name, version=str(made.version), run_id=model.run_id, model_sha256=model.sha256)


def _enter_origin(store: Store, made: ModelVersion, told: Mapping[str, str]) -> None:
    """Enter in the ledger that a version was registered, unless the registry did so itself.

    A ledger that cannot be written takes nothing back: the version is there, and the doctor names it until its audit.
    """
    place = (str(made.name), str(made.version), int(made.creation_timestamp))
    entry = entry_of_origin(
        name=place[0],
        version=place[1],
        created=place[2],
        by=account(),
        source=str(made.source),
        run_id=str(made.run_id or ""),
        model_id=told["igw.model.id"],
        claims=told,
    )
    try:
        ledger = open_ledger(ledger_address(store.root))
        if place not in origins(ledger.entries(CREATED)):
            ledger.append(CREATED, entry)
    except EvidenceError:
        _log.exception("the ledger has no word of models:/%s/%s", place[0], place[1])


def attach_record(
    store: Store, name: str, version: str | int, *, record: AuditRecord, pages: Mapping[str, str]
) -> Attachment:
    """Attach a record and its pages to a version; files of earlier records stay where they are.

    Raises
    ------
    EvidenceError
        If the record is about another model than this version's, by bytes.
    TrackingError
        If there is no such version, it has no run, or MLflow refuses.
    """
    location = locate(store, f"models:/{name}/{version}")
    if location.run_id is None:
        raise TrackingError(
            f"{location.uri} was registered without a run, so there is no place for its record; register the model "
            "from its run (igw-audit train does)"
        )
    _check_model(store, location.artifact_uri, record, location.uri)
    text = record.to_json()
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    folder = record_folder(sha256)
    log_texts(store, location.run_id, {**pages, RECORD_FILE: text}, folder)
    store.call(store.client.log_batch, location.run_id, metrics=metrics_of(headlines(record)))
    _check_written(store, location.run_id, folder, {**pages, RECORD_FILE: text})
    listed = _listed({page: content.encode() for page, content in pages.items()})
    _tag(store, location, {PAGES_TAG + sha256: listed, **tags_of(record), RECORD_TAG: sha256})
    return Attachment(
        name=str(location.name),
        version=str(location.version),
        record_sha256=sha256,
        run_id=location.run_id,
        folder=folder,
    )


def version_tags(store: Store, name: str, version: str | int) -> dict[str, str]:
    """Give all tags of a version; TrackingError if there is no such version."""
    return dict(find_version(store, parse_uri(f"models:/{name}/{version}")).tags)


def record_folder(sha256: str) -> str:
    """Give the folder of a record among the run's artifacts."""
    return f"igw/{sha256}"


def tags_of(record: AuditRecord) -> dict[str, str]:
    """Give the tags that people see on a version; the gate holds them against the record."""
    return {
        DECISION_TAG: record.decision.word,
        MODEL_TAG: record.provenance.model.sha256,
        PLAN_TAG: record.provenance.plan_sha256,
        POLICY_TAG: record.provenance.policy_sha256,
    }


def _listed(pages: Mapping[str, bytes]) -> str:
    """Give name and hash of each page, one a line, in order of name."""
    return "\n".join(f"{hashlib.sha256(pages[name]).hexdigest()}  {name}" for name in sorted(pages))


def _tag(store: Store, location: ModelLocation, tags: Mapping[str, str]) -> None:
    """Set a version's tags, and again where another audit of it wrote its own in between but ended earlier.

    A gated registry writes them itself when the audit is signed, and takes them from nobody.
    """
    name, version = str(location.name), str(location.version)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for _ in range(_ROUNDS):
        try:
            for key, value in {AUDITED_AT_TAG: now, **tags}.items():
                store.call(store.client.set_model_version_tag, name, version, key, value)
        except TrackingError as error:
            if refused_for(error) == "tag_reserved":
                return
            raise
        held = store.call(store.client.get_model_version, name, version).tags
        if held.get(RECORD_TAG) != tags[RECORD_TAG] or all(held.get(key) == value for key, value in tags.items()):
            return


def _ensure_registered_model(store: Store, name: str) -> None:
    try:
        store.call(store.client.create_registered_model, name)
    except TrackingError as error:
        if getattr(error.__cause__, "error_code", None) != "RESOURCE_ALREADY_EXISTS":
            raise


def _check_model(store: Store, artifact_uri: str, record: AuditRecord, uri: str) -> None:
    with TemporaryDirectory() as folder:
        found = hash_model_directory(fetch_files(store, artifact_uri, Path(folder)))
    said = record.provenance.model
    if said.kind != "directory" or said.sha256 != found:
        raise EvidenceError(
            f"the record is about a model with {said.kind} hash {said.sha256[:12]}..., and the files of {uri} have "
            f"{found[:12]}...; audit this version itself: igw-audit audit {uri}"
        )


def _check_written(store: Store, run_id: str, folder: str, texts: Mapping[str, str]) -> None:
    """Read back what was written, before any tag says that it is there."""
    root = store.call(store.client.get_run, run_id).info.artifact_uri
    with TemporaryDirectory() as aside:
        found = fetch_files(store, f"{root.rstrip('/')}/{folder}", Path(aside))
        for name, text in texts.items():
            file = found / name
            if not file.is_file() or file.read_bytes() != text.encode():
                raise TrackingError(f"{folder}/{name} in run {run_id} does not read back as written; attach it again")
