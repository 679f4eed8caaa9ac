"""The hash of a model's folder: of every file by name and bytes, so that anyone can check it with sha256sum."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from igw_audit.core.canonical import sha256_of_file
from igw_audit.errors import EvidenceError

#: MLflow writes this file into a model's folder when it downloads a registered version, locally into the store itself.
WRITTEN_ON_DOWNLOAD = "registered_model_meta"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file of a model by its name within the folder (with ``/`` between folders) and the hash of its bytes."""

    name: str
    sha256: str


def model_files(path: Path) -> tuple[FileDigest, ...]:
    """Hash every file of a model's folder but ``registered_model_meta``, in order of name (as bytes).

    Raises
    ------
    EvidenceError
        If the folder is missing or empty, or holds a link or another thing that is no plain file.
    """
    if not path.is_dir():
        raise EvidenceError(f"{path} is no folder, and a model is a folder with an MLmodel file; give that folder")
    named = sorted((file.relative_to(path).as_posix().encode(), file) for file in _files(path))
    found = tuple(
        FileDigest(name=name.decode(), sha256=sha256_of_file(file))
        for name, file in named
        if name != WRITTEN_ON_DOWNLOAD.encode()
    )
    if not found:
        raise EvidenceError(f"{path} holds no files, and a model has at least its MLmodel file")
    return found


def digest_of(files: Sequence[FileDigest]) -> str:
    """Hash the list of a model's files: lines of hash, two spaces and name, as ``sha256sum`` writes them."""
    return hashlib.sha256("".join(f"{file.sha256}  {file.name}\n" for file in files).encode()).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    for entry in path.iterdir():
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _files(entry)
        elif stat.S_ISREG(mode) and _one_line(entry.name):
            yield entry
        else:
            raise EvidenceError(f"{entry.name!r} in the model's folder is no plain file (a link?); remove it")


def _one_line(name: str) -> bool:
    """Tell whether a name stands on one line of the list, so that no list of other files is written the same."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\n" not in name
