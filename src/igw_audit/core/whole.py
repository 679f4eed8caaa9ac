"""Results appear whole or not at all: written aside, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path


def write_file_whole(path: Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` fill a temporary file beside ``path``, then rename it over ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # the ending stays, for writers that choose a format by it
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        write(aside)
        aside.chmod(0o666 & ~_umask())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def write_whole(folder: Path, contents: Mapping[str, str]) -> Path:
    """Write text files into ``folder`` so that a reader sees all of them or none.

    A new folder is filled aside and renamed into place. In a folder that exists each file is replaced as a whole,
    ``record.json`` last, since it is what others look for.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, text in contents.items():
                (aside / name).write_text(text, encoding="utf-8")
            aside.chmod(0o777 & ~_umask())
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return folder
    for name in sorted(contents, key=lambda name: name == "record.json"):
        text = contents[name]
        write_file_whole(folder / name, lambda path, text=text: _write_text(path, text))  # type: ignore[misc]
    return folder


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
