"""Who was scored and selected by which version can be found again, and only by whoever holds the secret."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from igw_audit.errors import InputError
from igw_audit.tracking.exposure import Batch, CaseSecret, Rows, read_secret
from igw_audit.tracking.exposure_files import TABLE, open_exposure

SECRET = CaseSecret(b"a secret of thirty-two characters or more")
KINDS = ["exposure.sqlite", "exposure.duckdb", "exposure"]


def batch(number: int = 1, version: str = "1") -> Batch:
    return Batch(
        batch=f"{number:032x}",
        model="study",
        version=version,
        model_sha256="c" * 64,
        scored_at=f"2026-11-{number:02d}T09:00:00.000Z",
        approved=True,
        secret=SECRET.name,
    )


def rows(ids: list[str], *, selected: int = 1, bands: bool = False) -> Rows:
    return Rows(
        cases=tuple(SECRET.hash_of(one) for one in ids),
        score=np.linspace(0.9, 0.1, len(ids)) / 3,
        selected=np.arange(len(ids)) < selected,
        bands=tuple("letter" if bands else None for _ in ids),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_that_scored_a_case_is_found_and_what_it_decided(tmp_path: Path, kind: str) -> None:
    table = open_exposure(tmp_path / kind, make=True)
    table.append(batch(1, "1"), rows(["x1", "x2", "x3"]))
    table.append(batch(2, "2"), rows(["x2", "x9"], bands=True))
    found = open_exposure(tmp_path / kind, make=False).find(SECRET.hash_of("x2"))
    assert [(one.batch.version, one.selected, one.band) for one in found] == [("1", False, None), ("2", True, "letter")]
    assert found[0].score == (np.linspace(0.9, 0.1, 3) / 3)[1], "the score to its last bit"
    assert not table.find(SECRET.hash_of("x4"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_reads_back_with_the_hash_that_the_ledger_holds(tmp_path: Path, kind: str) -> None:
    table = open_exposure(tmp_path / kind, make=True)
    content = rows(["b", "a", "c"], selected=2)
    table.append(batch(), content)
    assert table.heads() == (batch(),)
    (held,) = table.batches()
    assert (held.batch, held.cases, held.selected, held.rows_sha256) == (batch(), 3, 2, content.sha256())


@pytest.mark.parametrize("kind", KINDS)
def test_no_case_id_and_no_secret_stands_in_the_table(tmp_path: Path, kind: str) -> None:
    open_exposure(tmp_path / kind, make=True).append(batch(), rows(["V-1234567890", "V-1234567891"]))
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert b"V-123456789" not in file.read_bytes()
        assert SECRET.raw not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0, "pseudonymised, and still nobody else's to read"


def test_sqlite_refuses_to_change_or_delete_a_row(tmp_path: Path) -> None:
    path = tmp_path / "exposure.sqlite"
    open_exposure(path, make=True).append(batch(), rows(["a", "b"]))
    connection = sqlite3.connect(path)
    for statement in (f"DELETE FROM {TABLE}", f"UPDATE {TABLE} SET selected = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_batch_does_not_go_in_twice_nor_by_half(tmp_path: Path, kind: str) -> None:
    table = open_exposure(tmp_path / kind, make=True)
    table.append(batch(), rows(["a"]))
    broken = rows(["b", "c"])
    object.__setattr__(broken, "cases", (broken.cases[0], None))
    if kind != "exposure":
        with pytest.raises(InputError, match="exposure table"):
            table.append(batch(2), broken)
    else:
        with pytest.raises(InputError, match="written twice"):
            table.append(batch(), rows(["a"]))
    assert [held.cases for held in table.batches()] == [1]


def test_the_keyed_hash_is_another_with_another_secret_and_the_secret_has_a_name() -> None:
    other = CaseSecret(b"another secret of thirty-two characters")
    assert SECRET.hash_of("1") != other.hash_of("1")
    assert SECRET.name != other.name
    assert SECRET.hash_of("1") == CaseSecret(SECRET.raw).hash_of("1")
    assert "secret of" not in repr(SECRET)


def test_a_secret_that_is_short_open_or_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IGW_CASE_SECRET_FILE", raising=False)
    with pytest.raises(InputError, match="none is named; give --secret FILE or set"):
        read_secret()
    with pytest.raises(InputError, match="cannot be read"):
        read_secret(tmp_path / "none")
    file = tmp_path / "secret"
    file.write_text("short\n")
    file.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600") as caught:
        read_secret(file)
    assert len(caught.value.problems) == (2 if os.name == "posix" else 1)
    file.write_bytes(SECRET.raw + b"\n")
    file.chmod(0o600)
    monkeypatch.setenv("IGW_CASE_SECRET_FILE", str(file))
    assert read_secret() == SECRET


def test_what_is_no_exposure_table_is_said_so(tmp_path: Path) -> None:
    for name in ("foreign.sqlite", "foreign.duckdb", "foreign.csv"):
        (tmp_path / name).write_text("id,score\n1,2\n" * 200)
        with pytest.raises(InputError, match="exposure table"):
            open_exposure(tmp_path / name, make=True).append(batch(), rows(["a", "b"]))
    with pytest.raises(InputError, match="it is not there"):
        open_exposure(tmp_path / "nowhere", make=False)
