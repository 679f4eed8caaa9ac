"""A store opens in a folder of any name, and one that cannot be opened says so at once."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from igw_audit.core.addresses import folder_address, sqlite_address, sqlite_file
from igw_audit.errors import TrackingError
from igw_audit.tracking import open_store

NAMES = ["Team%20A", "what?", "a#b & c", "100%", 'o\'brien "x"', "é ü", "a+b=c;d", "%2e%2e"]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_kept_and_read_back_in_a_folder_called(name: str, tmp_path: Path) -> None:
    root = tmp_path / name
    root.mkdir()
    store = open_store(root)
    run = store.client.create_run(store.experiment("pilot"))
    store.client.log_text(run.info.run_id, "kept", "note.txt")
    again = open_store(root)
    found = Path(again.client.download_artifacts(run.info.run_id, "note.txt"))
    assert found.read_text(encoding="utf-8") == "kept"
    assert len(list((root / "mlruns" / "artifacts").rglob("note.txt"))) == 1
    # no folder was made beside it under another reading of its name
    assert [path.name for path in tmp_path.iterdir()] == [name]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_an_address_leads_back_to_the_very_file_that_it_was_made_of(name: str) -> None:
    path = Path("/srv") / name / "igw.db"
    assert sqlite_file(sqlite_address(path)) == path
    address = folder_address(path.parent)
    assert address == str(path.parent) or address.startswith("file:///srv/")


def no_database(folder: Path) -> str:
    (folder / "igw.db").write_bytes(b"not a database, and long enough to be looked at as one" * 20)
    return f"sqlite:///{folder}/igw.db"


def under_a_file(folder: Path) -> str:
    (folder / "file").write_text("", encoding="utf-8")
    return f"sqlite:///{folder}/file/igw.db"


def read_with_its_percent(folder: Path) -> str:
    (folder / "Team%20A").mkdir()
    return f"sqlite:///{folder}/Team%20A/igw.db"


@pytest.mark.parametrize(
    ("make", "useful"),
    [
        (no_database, "cannot be opened as an SQLite database"),
        (under_a_file, "is not a directory"),
        (read_with_its_percent, "written %25"),
    ],
)
def test_a_store_that_cannot_be_opened_says_so_at_once(
    make: object, useful: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", make(tmp_path))  # type: ignore[operator]
    start = time.monotonic()
    with pytest.raises(TrackingError, match=useful):
        open_store(tmp_path)
    assert time.monotonic() - start < 10


def test_a_database_that_another_program_is_writing_is_not_taken_for_a_broken_one(tmp_path: Path) -> None:
    open_store(tmp_path)
    with sqlite3.connect(tmp_path / "mlruns" / "igw.db") as busy:
        busy.execute("BEGIN IMMEDIATE")
        assert open_store(tmp_path).experiment is not None
