"""A model that is trained through the server, as people train: what the doctor beside the database sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.plugin.served import WORD, Served
from tests.tracking.conftest import fitted, forget_writers, training_run

from igw_audit.tracking import RegisteredVersion, log_training, open_store, register
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.workflow.promotion import doctor


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A version that the author trained through the server, and the folder of its files there."""

    server: Served
    version: RegisteredVersion
    files: Path

    @property
    def held(self) -> Any:
        """The version as the registry has it."""
        path = f"mlflow/model-versions/get?name=trained&version={self.version.version}"
        return self.server.must("ada", "GET", path)["model_version"]


@pytest.fixture
def trained(server: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trained:
    """Train as the author does, with the server's address and no other store, ledger or key."""
    forget_writers()
    if server.ask("ada", "GET", "mlflow/registered-models/get?name=trained").status != 200:
        server.grant("ada", "registered_model", "trained")
    for name, value in {
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_TRACKING_USERNAME": "ada",
        "MLFLOW_TRACKING_PASSWORD": WORD,
        "IGW_LEDGER": f"sqlite:///{tmp_path / 'own-ledger.db'}",
    }.items():
        monkeypatch.setenv(name, value)
    with quiet_mlflow():
        store = open_store(tmp_path)
        estimator, features = fitted()
        model = log_training(store, training_run(pilot="trained"), estimator=estimator, features=features)
        version = register(store, model, name="trained", tags={"igw.cases.sha256": "a" * 64})
    root = server.project / "mlruns" / "artifacts"
    (files,) = root.glob(f"*/models/{model.model_id}/artifacts")
    return Trained(server=server, version=version, files=files)


def beside_the_database(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Run the doctor with the database alone: no server is asked."""
    from igw_audit.tracking.gated_registry.store import plain_address

    plain = plain_address(trained.server.database)
    for name, value in {
        "MLFLOW_TRACKING_URI": plain,
        "MLFLOW_REGISTRY_URI": f"igw+{plain}",
        "IGW_LEDGER": trained.server.ledger,
        "IGW_TRUSTED_KEYS": str(trained.server.people.file),
    }.items():
        monkeypatch.setenv(name, value)
    with quiet_mlflow():
        told = doctor(project=trained.server.project)
    return {(one.kind, one.where) for one in told if one.where == trained.version.uri}


def test_a_file_that_was_tampered_with_after_training_is_found(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert beside_the_database(trained, monkeypatch) == set(), "it was registered through us, and is what it was"
    file = trained.files / "model.skops"
    file.write_bytes(file.read_bytes() + b"\x00")
    assert beside_the_database(trained, monkeypatch) == {("model_changed", trained.version.uri)}
    file.unlink()
    assert beside_the_database(trained, monkeypatch) == {("model_changed", trained.version.uri)}


def test_a_file_that_was_tampered_with_after_the_audit_is_found_and_not_hidden_as_missing(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.plugin.served import Version

    server, version = trained.server, Version(trained.held)
    sha256 = trained.version.model_sha256
    for tag in server.people.approval(version, model_sha256=sha256):
        assert server.tag("ada", version, tag).status == 200
    tags = {one["key"]: one["value"] for one in trained.held["tags"]}
    assert (tags["igw.decision"], tags["igw.model.sha256"], tags["igw.registered_by"]) == ("allow", sha256, "ada")
    before = beside_the_database(trained, monkeypatch)
    assert not {kind for kind, _ in before} & {"model_changed", "model_missing", "files_unreachable"}
    file = trained.files / "model.skops"
    content = file.read_bytes()
    file.write_bytes(content + b"\x00")
    assert beside_the_database(trained, monkeypatch) - before == {("model_changed", trained.version.uri)}
    file.write_bytes(content)
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(server.project / "not-mounted"))
    assert ("files_unreachable", trained.version.uri) in beside_the_database(trained, monkeypatch)


def test_what_training_writes_at_its_run_is_there_to_read_without_a_tag_in_our_name(trained: Trained) -> None:
    run = trained.server.must("ada", "GET", f"mlflow/runs/get?run_id={trained.version.run_id}")
    data = run["run"]["data"]
    params = {one["key"]: one["value"] for one in data["params"]}
    assert params["inputs.cases.sha256"] == "a" * 64
    assert params["inputs.model.sha256"] == trained.version.model_sha256
    assert not [one for one in data["tags"] if one["key"].startswith("igw")]
