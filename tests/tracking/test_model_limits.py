"""A model's archive that stands for far more than it is, is refused before anything of it is unpacked or built."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from igw_audit.errors import EvidenceError
from igw_audit.tracking.model_limits import check_archive, check_model_files
from igw_audit.tracking.models import load_model

LISTING = b"flavors:\n  sklearn:\n    serialization_format: skops\n    pickled_model: model.skops\n"


def archive(folder: Path, **parts: bytes) -> Path:
    path = folder / "model.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in {"schema.json": b"{}", **{k.replace("_", "."): v for k, v in parts.items()}}.items():
            made.writestr(name, content)
    return path


def array(shape: tuple[int, ...], content: bytes = b"") -> bytes:
    """Write an array whose header claims a shape."""
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + content


def test_a_bomb_is_refused_by_what_it_unpacks_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path, big_bin=bytes(20_000_000))
    assert path.stat().st_size < 100_000
    check_archive(path)
    monkeypatch.setenv("IGW_MOST_MODEL_MB", "10")
    with pytest.raises(EvidenceError, match="set IGW_MOST_MODEL_MB higher"):
        check_archive(path)


def test_a_bomb_inside_an_archive_inside_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("data.npy", array((2_500_000,), bytes(20_000_000)))
    path = archive(tmp_path, sparse_npz=inner.getvalue())
    check_archive(path)
    monkeypatch.setenv("IGW_MOST_MODEL_MB", "10")
    with pytest.raises(EvidenceError, match="IGW_MOST_MODEL_MB"):
        check_archive(path)


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (-1,)])
def test_an_array_that_claims_more_than_it_holds_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = archive(tmp_path, a_npy=array(shape))
    with pytest.raises(EvidenceError, match=r"claims|cannot be taken"):
        check_archive(path)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as made:
        made.writestr("schema.json", b"{}")
    with pytest.raises(EvidenceError, match="stands twice"):
        check_archive(path)


def test_a_description_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nested"):
        check_archive(archive(tmp_path, schema_json=b"[" * 100_000 + b"]" * 100_000))


def test_files_beyond_the_limit_are_refused_before_one_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more.bin").write_bytes(bytes(3_000_000))
    monkeypatch.setenv("IGW_MOST_MODEL_MB", "2")
    with pytest.raises(EvidenceError, match="3 megabytes"):
        check_model_files(tmp_path)


def test_a_listing_that_is_nested_without_end_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_bytes(b"a: " + b"[" * 20_000)
    with pytest.raises(EvidenceError, match="does not describe"):
        load_model(tmp_path)


def test_the_limits_are_looked_at_on_the_way_to_a_model(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_bytes(LISTING)
    archive(tmp_path, a_npy=array((10**12,)))
    with pytest.raises(EvidenceError, match="claims"):
        load_model(tmp_path)
