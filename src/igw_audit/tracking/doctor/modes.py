"""Files with cases, evidence, accounts or scores that other accounts on this machine may read or write."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from igw_audit.tracking.doctor.around import Around

KIND = "file_open_to_others"
#: SQLite keeps what is not in the file yet beside it.
_BESIDE = ("", "-journal", "-wal", "-shm")
_SQLITE = "sqlite:///"


def open_to_others(places: list[Path]) -> tuple[Path, ...]:
    """Return those files and folders whose mode lets other accounts in; empty where modes say nothing (Windows)."""
    return tuple(dict.fromkeys(path for path in places if os.name == "posix" and _lets_in(path)))


def private_places(root: Path, *, ledger: str, exposure: Path | None = None) -> list[Path]:
    """List what must be its owner's alone in a project: databases with their journals, files of models, its tables."""
    store = root / "mlruns"
    databases = [*sorted(store.glob("*.db")), *_sqlite_file(ledger)]
    tables = [] if exposure is None else [exposure]
    beside = [Path(f"{path}{ending}") for path in (*databases, *tables) for ending in _BESIDE]
    # MLflow makes its files with the mode that it likes; a private mlruns/ closes them
    files = [store / "artifacts"] if _lets_in(store) else []
    return [*beside, *files, store / "igw-sign-in.ini", *_parquet_files(exposure)]


def around_modes(root: Path, *, ledger: str, exposure: Path | None = None) -> tuple[Around, ...]:
    """List each such file that others may read or write, with the command that closes it."""
    return tuple(
        Around(
            kind=KIND,
            where=str(path),
            found=f"other accounts on this machine may enter (mode {stat.S_IMODE(path.stat().st_mode):o})",
            do=f"chmod {'700' if path.is_dir() else '600'} {path}; then ask who may have read it",
        )
        for path in open_to_others(private_places(root, ledger=ledger, exposure=exposure))
    )


def _lets_in(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _sqlite_file(address: str) -> Iterator[Path]:
    if address.startswith(_SQLITE):
        yield Path(address.removeprefix(_SQLITE))


def _parquet_files(exposure: Path | None) -> list[Path]:
    return [] if exposure is None or not exposure.is_dir() else sorted(exposure.glob("*.parquet"))
