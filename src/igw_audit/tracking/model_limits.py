"""How much of a model's files is taken: what is declared is looked at before anything is unpacked or built."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import IO

from igw_audit.core.limits import MEGABYTE, MODEL, parse_json
from igw_audit.errors import EvidenceError

#: Parts of the archive: more than any model of tens of thousands of trees has.
_MOST_PARTS = 200_000
#: The text that describes the parts is read whole.
_DESCRIPTION = "schema.json"
_LARGEST_DESCRIPTION = 256 * MEGABYTE
_LARGEST_HEADER = 64 * 1024


def check_model_files(folder: Path) -> None:
    """Refuse a folder whose files are together larger than the limit.

    Raises
    ------
    EvidenceError
        If they are.
    """
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if size > MODEL.value * MEGABYTE:
        raise EvidenceError(MODEL.exceeded(f"the model's files hold {size / MEGABYTE:,.0f} megabytes"))


def check_archive(file: Path) -> None:
    """Refuse a skops file that unpacks to more than the limit, or whose arrays claim more than it holds.

    Raises
    ------
    EvidenceError
        If it does, or is no archive at all.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, MODEL.value * MEGABYTE)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise EvidenceError(f"{file.name} cannot be taken ({type(error).__name__}: {error}); it is damaged") from None


def _check(archive: zipfile.ZipFile, left: int) -> int:
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        raise EvidenceError(f"the model is an archive of {len(parts):,} parts, more than any model has")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > left:
        raise EvidenceError(MODEL.exceeded(f"the model unpacks to {unpacked / MEGABYTE:,.0f} megabytes"))
    names = [part.filename for part in parts]
    if len(set(names)) < len(names):
        raise EvidenceError("the model is an archive in which a name stands twice; nothing of it was run")
    for part in parts:
        if part.filename == _DESCRIPTION:
            if part.file_size > _LARGEST_DESCRIPTION:
                raise EvidenceError(f"the model's description has {part.file_size:,} bytes, more than any model's")
            parse_json(_bytes(archive, part))
        elif part.filename.endswith(".npy"):
            with archive.open(part) as stream:
                _check_array(stream, part)
        elif part.filename.endswith(".npz"):
            with zipfile.ZipFile(io.BytesIO(_bytes(archive, part))) as inner:
                unpacked += _check(inner, left - unpacked)
    return unpacked


def _bytes(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    with archive.open(part) as stream:
        return stream.read(part.file_size)


def _check_array(stream: IO[bytes], part: zipfile.ZipInfo) -> None:
    """Refuse an array whose shape claims more bytes than stand in its part: numpy would set them all aside."""
    from numpy.lib import format as written

    major, _ = written.read_magic(stream)
    read = written.read_array_header_1_0 if major == 1 else written.read_array_header_2_0
    shape, _, kind = read(stream, max_header_size=_LARGEST_HEADER)
    claimed = math.prod(shape) * kind.itemsize
    if kind.hasobject or any(length < 0 for length in shape) or claimed > part.file_size:
        raise EvidenceError(
            f"an array of the model claims {claimed:,} bytes where {part.file_size:,} stand; nothing of it was run"
        )
