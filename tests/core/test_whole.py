"""What holds cases, evidence, accounts or scores is its owner's alone, whatever the umask."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from igw_audit.core.whole import private_file, private_folder, write_file_whole, write_whole

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files say nothing on Windows")


@pytest.fixture(params=[0o000, 0o022, 0o077], autouse=True)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_private_also_while_it_is_written(tmp_path: Path) -> None:
    during: list[int] = []

    def write(aside: Path) -> None:
        aside.write_text("x", encoding="utf-8")
        during.append(mode(aside))

    path = write_file_whole(tmp_path / "one.csv", write, private=True)
    assert (during, mode(path)) == ([0o600], 0o600)


def test_a_new_folder_is_private_and_in_it_all_but_pages(tmp_path: Path) -> None:
    folder = write_whole(tmp_path / "out", {"record.json": "{}", "evidence.json": "{}", "report.nl.html": "<p>"})
    assert mode(folder) == 0o700
    assert {path.name: mode(path) & 0o077 for path in folder.glob("*.json")} == {"record.json": 0, "evidence.json": 0}


def test_a_folder_that_was_there_keeps_its_mode_and_its_record_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(0o755)
    write_whole(folder, {"record.json": "{}", "report.nl.html": "<p>"})
    assert (mode(folder), mode(folder / "record.json")) == (0o755, 0o600)
    write_whole(folder, {"record.json": "{1}"})
    assert mode(folder / "record.json") == 0o600


def test_journals_of_a_private_database_are_private(tmp_path: Path) -> None:
    path = private_file(private_folder(tmp_path / "store") / "one.db")
    for kind in ("wal", "persist"):
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA journal_mode = {kind}")
            connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
            connection.execute("INSERT INTO t VALUES (1)")
            connection.commit()
            made = {one.name: mode(one) for one in path.parent.iterdir()}
        connection.close()
        assert len(made) > 1
        assert set(made.values()) == {0o600}
    assert mode(path.parent) == 0o700
