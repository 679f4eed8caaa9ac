"""What evidence is about, fetched as bytes: a record with its pages, a model's files, and who made it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from igw_audit.errors import TrackingError
from igw_audit.evidence.bundle import EVIDENCE_FILE, Bundle, EvidenceFile, read_bundle
from igw_audit.evidence.digest import FileDigest, model_files
from igw_audit.evidence.strict import person
from igw_audit.tracking.artifacts import fetch_files
from igw_audit.tracking.registry import record_folder
from igw_audit.tracking.runs import log_texts
from igw_audit.tracking.uris import find_version, locate, parse_uri

if TYPE_CHECKING:
    from mlflow.entities import Run

    from igw_audit.tracking.store import Store

_USER = "mlflow.user"
#: What MLflow's client writes where a run names no account.
_NOBODY = "unknown"


def author_of(store: Store, name: str, version: str) -> str | None:
    """Give who made a version's model: the account that its run was logged by; None where nobody is named.

    MLflow takes this name from whoever logs the run, so whoever signs the audit vouches for it.

    Raises
    ------
    TrackingError
        If the run's tag names another account than the one that began the run: anyone who may write to the run can
        change the tag, and would so be free to review their own model.
    """
    run = _run(store, name, version)
    if run is None:
        return None
    said, began = run.data.tags.get(_USER), run.info.user_id
    if said and began and began != _NOBODY and person(said) != person(began):
        raise TrackingError(
            f"the run of models:/{name}/{version} was begun by {began!r}, and its tag {_USER} now says {said!r}; find "
            "out who made the model, and say so with --author"
        )
    return said or (began if began != _NOBODY else None) or None


def files_of_record(store: Store, name: str, version: str, *, record_sha256: str) -> Bundle:
    """Fetch a record with its pages from the run's artifacts.

    Raises
    ------
    EvidenceError
        If it is not there.
    TrackingError
        If the version has no run.
    """
    run = _run(store, name, version)
    if run is None:
        raise TrackingError(f"models:/{name}/{version} was registered without a run, so it has no record")
    with TemporaryDirectory() as aside:
        place = f"{run.info.artifact_uri.rstrip('/')}/{record_folder(record_sha256)}"
        return read_bundle(fetch_files(store, place, Path(aside)))


def files_of_model(store: Store, name: str, version: str) -> tuple[FileDigest, ...]:
    """Fetch and hash the files of a version's model; EvidenceError where they are not there."""
    place = locate(store, f"models:/{name}/{version}").artifact_uri
    with TemporaryDirectory() as aside:
        return model_files(fetch_files(store, place, Path(aside)))


def keep_evidence_file(store: Store, run_id: str, *, record_sha256: str, evidence: EvidenceFile) -> None:
    """Keep evidence.json beside the record among the run's artifacts, as a copy for people; the tags count."""
    texts: Mapping[str, str] = {EVIDENCE_FILE: evidence.to_bytes().decode()}
    log_texts(store, run_id, texts, record_folder(record_sha256))


def _run(store: Store, name: str, version: str) -> Run | None:
    held = find_version(store, parse_uri(f"models:/{name}/{version}"))
    return store.call(store.client.get_run, held.run_id) if held.run_id else None
