"""Stores, ledgers and tables of scores are their owner's alone, and the doctor names those that are not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.tracking.test_exposure import batch, rows

from igw_audit import workflow
from igw_audit.evidence.ledger import open_ledger
from igw_audit.tracking import open_store
from igw_audit.tracking.doctor.modes import KIND
from igw_audit.tracking.exposure_files import open_exposure

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files say nothing on Windows")


@pytest.fixture(autouse=True)
def _widest_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077)


def test_a_new_store_with_its_ledger_and_scores_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "project" / "mlruns").mkdir(parents=True)  # as a checkout has it
    open_store(tmp_path / "project").experiment("study")
    (tmp_path / "project" / "mlruns").chmod(0o700)
    open_ledger(f"sqlite:///{tmp_path}/project/mlruns/igw-ledger.db").append("scored", {"name": "x"})
    for name in ("scores.sqlite", "scores.duckdb", "scores"):
        open_exposure(tmp_path / "owner" / name, make=True).append(batch(), rows(["a", "b"]))
    (tmp_path / "project").chmod(0o700)
    (tmp_path / "owner").chmod(0o700)
    assert open_to_others(tmp_path) == []


def test_the_doctor_names_each_file_that_others_may_read_and_how_to_close_it(tmp_path: Path) -> None:
    project, table = tmp_path / "project", tmp_path / "scores.sqlite"
    (project / "mlruns").mkdir(parents=True)
    open_store(project).experiment("study")
    open_exposure(table, make=True).append(batch(), rows(["a"]))
    for path, wide in ((project / "mlruns/igw.db", 0o644), (project / "mlruns/artifacts", 0o755), (table, 0o660)):
        path.chmod(wide)
    found = [one for one in workflow.doctor(project=project, exposure=table) if one.kind == KIND]
    assert [(Path(one.where).name, one.do.split(";")[0].split(" ")[1]) for one in found] == [
        ("igw.db", "600"),
        ("scores.sqlite", "600"),
        ("artifacts", "700"),
    ]
    for one in found:
        Path(one.where).chmod(int(one.do.split(" ")[1], 8))
    assert KIND not in {one.kind for one in workflow.doctor(project=project, exposure=table)}
