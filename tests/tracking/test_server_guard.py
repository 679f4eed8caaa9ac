"""However the source of a version is written, the files behind its evidence are not overwritten through the server."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

RUN = "0" * 32
API = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def guard(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Give a guard of one version, whose source is written as the test says."""
    from igw_audit.tracking.server.behind import Behind
    from igw_audit.tracking.server.guard import ServerGuard

    source = request.param.format(folder=tmp_path)
    outputs = SimpleNamespace(model_outputs=[SimpleNamespace(model_id="m-1"), SimpleNamespace(model_id="m-2")])
    info = SimpleNamespace(artifact_uri=f"mlflow-artifacts:/7/{RUN}/artifacts")
    run = SimpleNamespace(info=info, outputs=outputs)

    def model_of(model_id: str) -> Any:
        name = {"m-1": "model", "m-2": "other"}[model_id]
        return SimpleNamespace(name=name, artifact_location=f"mlflow-artifacts:/7/models/{model_id}/artifacts")

    return ServerGuard(
        behind=lambda: [Behind(uri="models:/study/1", files=(source,), run_id=RUN, records=("ab",))],
        run_of=lambda _: run,
        model_of=model_of,
        destination=str(tmp_path),
    )


WRITTEN = (
    f"runs:/{RUN}/model",
    f"mlflow-artifacts:/7/{RUN}/artifacts/model",
    f"mlflow-artifacts://somewhere:5000/7/{RUN}/art%69facts/%256dodel",
    f"https://somewhere{API}/7/{RUN}/artifacts/model",
    f"{{folder}}/7/{RUN}/artifacts/model",
    f"file://{{folder}}/7/{RUN}/%61rtifacts/./model",
)


@pytest.mark.parametrize("guard", WRITTEN, indirect=True)
@pytest.mark.parametrize("name", ["MLmodel", "model.skops", "more/deep", "MLmodel\n", "\nMLmodel"])
def test_no_way_of_writing_a_source_leaves_its_files_open(guard: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="has signed evidence"):
        guard.check_artifact("PUT", f"{API}/7/{RUN}/artifacts/model/{name}")


@pytest.mark.parametrize("guard", WRITTEN[:1], indirect=True)
def test_the_logged_model_that_a_run_names_is_kept_too_and_its_other_models_are_not(guard: Any) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="has signed evidence"):
        guard.check_artifact("PUT", f"{API}/7/models/m-1/artifacts/model.skops")
    guard.check_artifact("PUT", f"{API}/7/models/m-2/artifacts/model.skops")


@pytest.mark.parametrize("guard", WRITTEN, indirect=True)
def test_what_lies_beside_the_model_can_be_written(guard: Any) -> None:
    guard.check_artifact("PUT", f"{API}/7/{RUN}/artifacts/models/MLmodel")
    guard.check_artifact("PUT", f"{API}/7/{'1' * 32}/artifacts/model/MLmodel")
    guard.check_artifact("GET", f"{API}/7/{RUN}/artifacts/model/MLmodel")
