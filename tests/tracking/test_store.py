"""One SQLite file and one folder, made whole, and nobody else's settings touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from igw_audit.errors import TrackingError
from igw_audit.tracking.store import Store, open_store

#: Tables of MLflow, their files, and the ledger with its end, in which each registration is entered.
MADE = ["artifacts", "igw-ledger.db", "igw-ledger.db.end", "igw.db"]


def test_everything_lies_under_mlruns(store: Store, material: Any) -> None:
    material.train(store)
    assert sorted(entry.name for entry in store.root.iterdir()) == ["mlruns"]
    assert sorted(entry.name for entry in (store.root / "mlruns").iterdir()) == MADE
    assert store.tracking_uri == store.registry_uri == f"sqlite:///{store.root}/mlruns/igw.db"


@pytest.mark.parametrize("name", ["a b", "hundred % of it", "d'Eau #1", "ë+&=:@", "what?", "Team%20A"])
def test_any_folder_name_will_do(template: Path, tmp_path: Path, material: Any, name: str) -> None:
    from igw_audit.tracking.gate import gate_version
    from igw_audit.tracking.registry import attach_record

    store = material.copy_store(template, tmp_path / name)
    _, version = material.train(store)
    attach_record(store, "study", 1, record=material.make_record(version.model_sha256), pages=material.PAGES)
    assert gate_version(store, "study", 1, redecide=material.redecide).word == "allow"
    assert sorted(entry.name for entry in (store.root / "mlruns").iterdir()) == MADE


def test_addresses_in_the_environment_win(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{template}/mlruns/igw.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    store = open_store(tmp_path)
    assert (store.tracking_uri, store.registry_uri, store.artifacts) == (address, address, None)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_does_not_open_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://here")
    with pytest.raises(TrackingError, match="nonsense://here cannot be opened"):
        open_store(tmp_path)


def test_a_password_in_an_address_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://igw:s3cret@server/db")
    with pytest.raises(TrackingError, match=r"nonsense://igw:\*\*\*@server/db") as caught:
        open_store(tmp_path)
    assert "s3cret" not in str(caught.value)


def test_a_broken_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "igw.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(TrackingError, match="cannot be opened"):
        open_store(tmp_path)


def test_the_callers_own_mlflow_stays_as_it_was(store: Store, material: Any, tmp_path: Path) -> None:
    import mlflow

    def settings() -> tuple[object, ...]:
        active = mlflow.active_run()
        named = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW")}
        return mlflow.get_tracking_uri(), mlflow.get_registry_uri(), active and active.info.run_id, named

    before = settings()
    material.train(store)
    assert settings() == before


def test_an_experiment_is_made_once_and_a_deleted_one_is_named(store: Store) -> None:
    first = store.experiment("study")
    assert store.experiment("study") == first
    store.client.delete_experiment(first)
    with pytest.raises(TrackingError, match=f"mlflow experiments restore -x {first}"):
        store.experiment("study")


FIRST_USE = """
import sys
from igw_audit.tracking import open_store
assert "mlflow" not in sys.modules, "importing the room imports MLflow"
store = open_store(sys.argv[1])
store.client.create_registered_model(sys.argv[2])
print(store.experiment("study"))
"""


def test_first_use_by_two_at_once_is_quiet_and_makes_one_store(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", FIRST_USE, str(tmp_path)]
    runs = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert {text for _, text in said} == {""}
    assert {number for number, _ in said} == {said[0][0]}
    assert {model.name for model in open_store(tmp_path).client.search_registered_models()} == {"one", "two"}
    assert [entry.name for entry in (tmp_path / "mlruns").iterdir()] == ["igw.db"]
