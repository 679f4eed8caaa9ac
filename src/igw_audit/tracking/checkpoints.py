"""Ends of the ledger that versions in the registry keep: a ledger that was cut off shows against them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from igw_audit.core.addresses import sqlite_address, sqlite_file
from igw_audit.errors import TrackingError
from igw_audit.evidence.tags import CHECKPOINT


def kept_checkpoints(project: str | Path) -> tuple[str, ...]:
    """Return the signed ends of the ledger that the project's registry keeps, each once; none without a registry.

    The project's own SQLite file is read as it is, which needs no MLflow and takes milliseconds.

    Raises
    ------
    TrackingError
        If the registry cannot be read.
    """
    root = Path(project).resolve()
    addresses = [os.environ.get(name, "").strip() for name in ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI")]
    address = next((one for one in addresses if one), sqlite_address(root / "mlruns" / "igw.db"))
    plain = address.removeprefix("igw+")
    if (file := sqlite_file(plain)) is not None:
        return _in_file(file)
    return _in_registry(root)


def _in_file(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    asked = "SELECT DISTINCT value FROM model_version_tags WHERE substr(key, 1, ?) = ? ORDER BY value"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return tuple(str(value) for (value,) in connection.execute(asked, (len(CHECKPOINT), CHECKPOINT)))
    except sqlite3.Error as error:
        raise TrackingError(f"the registry in {path} cannot be read: {error}") from error


def _in_registry(root: Path) -> tuple[str, ...]:
    from igw_audit.tracking.doctor.examine import behind_the_gate
    from igw_audit.tracking.doctor.held import held_versions
    from igw_audit.tracking.store import open_store

    versions = held_versions(behind_the_gate(open_store(root)))
    tags = [pair for one in versions for pair in sorted(one.version.tags.items())]
    return tuple(dict.fromkeys(text for key, text in tags if key.startswith(CHECKPOINT)))
