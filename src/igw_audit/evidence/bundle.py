"""A bundle: a folder with record.json, its pages, and evidence.json - all that is needed to verify it anywhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.errors import EvidenceError
from igw_audit.evidence.digest import FileDigest
from igw_audit.evidence.dsse import LIMIT
from igw_audit.evidence.strict import PLAIN_FILE, SHA256, canonical_bytes, read_canonical

RECORD_FILE = "record.json"
EVIDENCE_FILE = "evidence.json"
#: Largest file of a bundle that is read, in bytes, and most files; what is larger was not written by igw-audit.
LARGEST = 64_000_000
MOST = 200
_MOST_REVIEWS = 1_000
_KEYS = {"schema_version", "audit", "reviews", "model"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """What evidence.json holds: the envelopes as their canonical lines, and the list of the model's files."""

    audit: str
    reviews: tuple[str, ...] = ()
    model: tuple[FileDigest, ...] = ()

    def to_bytes(self) -> bytes:
        """Write the file: one canonical line."""
        content = {
            "schema_version": 1,
            "audit": self.audit,
            "reviews": list(self.reviews),
            "model": [{"name": file.name, "sha256": file.sha256} for file in self.model],
        }
        return canonical_bytes(content) + b"\n"

    @classmethod
    def read(cls, content: bytes) -> EvidenceFile:
        """Read the file; EvidenceError where it is not written as ``to_bytes`` writes it."""
        try:
            held = read_canonical(content.removesuffix(b"\n"))
            made = cls(
                audit=_envelope(held["audit"]),
                reviews=tuple(map(_envelope, held["reviews"][:_MOST_REVIEWS])),
                model=tuple(_file(one) for one in held["model"]),
            )
            same = set(held) == _KEYS and made.to_bytes() == content
        except (ValueError, KeyError, TypeError) as error:
            raise EvidenceError(f"{EVIDENCE_FILE} cannot be read ({type(error).__name__}: {error})") from None
        if not same:
            raise EvidenceError(f"{EVIDENCE_FILE} is not written as igw-audit writes it: it was changed")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle's bytes, each file read once: what is verified is what is then used.

    ``odd`` names what stands in the folder and was not read: a link, a folder, a pipe, something too large.
    """

    files: Mapping[str, bytes]
    odd: tuple[str, ...]


def read_bundle(folder: str | Path) -> Bundle:
    """Read a folder's plain files, never through a link.

    Raises
    ------
    EvidenceError
        If there is no such folder, or it holds more than a bundle can.
    """
    path = Path(folder)
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read as a folder: {error.strerror}; give the bundle's folder") from None
    if len(names) > MOST:
        raise EvidenceError(f"{path} holds {len(names)} files, and a bundle at most {MOST}; give the bundle's folder")
    files: dict[str, bytes] = {}
    odd = []
    for name in names:
        content = read_plain(path / name) if PLAIN_FILE.fullmatch(name) else None
        if content is None:
            odd.append(name)
        else:
            files[name] = content
    return Bundle(files=files, odd=tuple(odd))


def read_plain(path: Path) -> bytes | None:
    """Read a plain file once; None where it is a link, a folder, a pipe or too large."""
    try:
        # without waiting: a pipe would keep us for ever
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode) or told.st_size > LARGEST:
            return None
        with os.fdopen(handle, "rb", closefd=False) as stream:
            content = stream.read(LARGEST + 1)
    finally:
        os.close(handle)
    return content if len(content) <= LARGEST else None


def _envelope(text: Any) -> str:
    if not isinstance(text, str) or len(text) > LIMIT:
        raise ValueError(f"an envelope is a text of at most {LIMIT:,} characters")
    return text


def _file(held: Mapping[str, Any]) -> FileDigest:
    made = FileDigest(name=held["name"], sha256=held["sha256"])
    if not SHA256.fullmatch(made.sha256) or not made.name or "\n" in made.name:
        raise ValueError("a model's file has a name and a hash")
    return made


def evidence_file(audit: str, reviews: Sequence[str], model: Sequence[FileDigest]) -> EvidenceFile:
    """Put envelopes and the list of the model's files together, reviews in one order whatever theirs was."""
    return EvidenceFile(audit=audit, reviews=tuple(sorted(reviews)), model=tuple(model))
