"""Files of models and runs, fetched from where a store keeps them, also beside the server that serves them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from igw_audit.core.addresses import without_password
from igw_audit.errors import EvidenceError
from igw_audit.tracking.quiet import quiet_mlflow

if TYPE_CHECKING:
    from igw_audit.tracking.store import Store

#: Where the server keeps what it serves, by MLflow's own name; and the file in which a server of ours writes it down.
DESTINATION = "MLFLOW_ARTIFACTS_DESTINATION"
DESTINATION_FILE = "igw-artifacts"
_SERVED = "mlflow-artifacts"
_ABSENT_CODES = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
_ABSENT_STATUS = 404


class UnreachableError(EvidenceError):
    """Files that cannot be looked at from here: whether they are there, and which they are, is not known."""


def fetch_files(store: Store, artifact_uri: str, into: Path) -> Path:
    """Copy a model's or a run's files into a folder of one's own, so that what is hashed is what is then read.

    Raises
    ------
    EvidenceError
        If the files are not there or cannot be read.
    UnreachableError
        If the place where they are cannot be looked at from here.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    place = place_of(store, artifact_uri)
    try:
        repository: Any = get_artifact_repository(place, tracking_uri=store.tracking_uri)
        with quiet_mlflow():
            found = Path(repository.download_artifacts("", dst_path=str(into)))
        empty = not any(found.iterdir())
    except Exception as error:
        # each kind of store has errors of its own, and a missing driver is one more
        said = f"the files at {without_password(artifact_uri)} cannot be read: {without_password(str(error))}"
        raise (EvidenceError(said) if _is_absent(error, place) else UnreachableError(said)) from error
    if empty:
        raise EvidenceError(
            f"there are no files at {artifact_uri}: they were removed, or the project's folder was moved"
        )
    return found


def place_of(store: Store, artifact_uri: str) -> str:
    """Return where files are for who looks from here: beside a server, the place that it serves them from.

    Raises
    ------
    UnreachableError
        If the server's place is not there, so that it is another one, or on another machine.
    EvidenceError
        If the address leads out of the server's place.
    """
    parsed = urlparse(artifact_uri)
    if parsed.scheme != _SERVED or store.tracking_uri.startswith(("http://", "https://")):
        return artifact_uri
    parts = [part for part in unquote(parsed.path).split("/") if part not in ("", ".")]
    if ".." in parts:
        raise EvidenceError(f"{artifact_uri} leads out of the folder that the server serves; nothing was read")
    root = destination(store.root)
    if (folder := _folder(root)) is not None and not folder.is_dir():
        raise UnreachableError(
            f"the server's files should be in {folder}, which is not here; say where it keeps them with {DESTINATION}"
        )
    return "/".join((root.rstrip("/"), *parts))


def destination(project: Path) -> str:
    """Return where a server of this project keeps artifacts: as set, as it wrote down itself, or in the project."""
    if named := os.environ.get(DESTINATION, "").strip():
        return named
    noted = project / "mlruns" / DESTINATION_FILE
    if noted.is_file() and (text := noted.read_text(encoding="utf-8").strip()):
        return text
    return str(project / "mlruns" / "artifacts")


def _folder(address: str) -> Path | None:
    parsed = urlparse(address)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path))
    return Path(address) if not parsed.scheme else None


def _is_absent(error: BaseException, place: str) -> bool:
    """Tell whether a place was looked at and the files were not there, rather than the place not reached."""
    if isinstance(error, PermissionError):
        return False
    if (folder := _folder(place)) is not None:
        return not folder.exists() or isinstance(error, OSError)
    status = getattr(getattr(error, "response", None), "status_code", None)
    return getattr(error, "error_code", None) in _ABSENT_CODES or status == _ABSENT_STATUS
