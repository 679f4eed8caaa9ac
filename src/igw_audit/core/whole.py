"""Results appear whole or not at all: written aside, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

#: Pages are written for people who get them handed: their numbers are those that may be shown. All else is private.
_FOR_PEOPLE = ".html"


def write_file_whole(path: Path, write: Callable[[Path], None], *, private: bool = False) -> Path:
    """Let ``write`` fill a temporary file beside ``path``, then rename it over ``path``.

    A ``private`` file is its owner's alone (mode 600), whatever the umask, also while it is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # the ending stays, for writers that choose a format by it
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        write(aside)
        aside.chmod(0o600 if private else 0o666 & ~_umask())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def write_whole(folder: Path, contents: Mapping[str, str]) -> Path:
    """Write text files into ``folder`` so that a reader sees all of them or none.

    A new folder is filled aside and renamed into place, and is its owner's alone (mode 700). In a folder that exists
    each file is replaced as a whole, ``record.json`` last, since it is what others look for. All but pages is private.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, text in contents.items():
                (aside / name).write_text(text, encoding="utf-8")
                (aside / name).chmod(0o666 & ~_umask() if name.endswith(_FOR_PEOPLE) else 0o600)
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return folder
    for name in sorted(contents, key=lambda name: name == "record.json"):
        text, private = contents[name], not name.endswith(_FOR_PEOPLE)
        write_file_whole(folder / name, lambda path, text=text: _write_text(path, text), private=private)  # type: ignore[misc]
    return folder


def private_folder(folder: Path) -> Path:
    """Make a folder that is its owner's alone (mode 700), whatever the umask; one that exists keeps its mode."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    return folder


def private_file(path: Path) -> Path:
    """Make an empty file that is its owner's alone (mode 600) before a database fills it; one that exists stays.

    SQLite gives its journals the mode of the file that they belong to.
    """
    private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return path


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
