"""What a server with the gate refuses beside the registry: to delete or overwrite what signed evidence is about.

The evidence names the model's bytes, so that a changed model is always found out when it is loaded; here it is kept
from being changed through the server at all. MLflow has looked first at who asks: these checks run after its own.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from mlflow.exceptions import MlflowException
from mlflow.utils.uri import validate_path_is_safe

from igw_audit.tracking.gated_registry.refusal import refusal
from igw_audit.tracking.server.behind import Behind
from igw_audit.tracking.server.tags import check_tags

if TYPE_CHECKING:
    from flask import Request

_ARTIFACT = re.compile(
    r".*/mlflow-artifacts/(?:artifacts|mpu/(?:create|complete|abort)|presigned(?:/[^/]+)?)/(.+)", re.DOTALL
)
_SERVED = re.compile(r".*/mlflow-artifacts/artifacts/(.+)", re.DOTALL)
_OF_RUN = re.compile(r"runs:/+([0-9a-f]{32})/(.+)")
_LOGGED = re.compile(r".*/mlflow/logged-models/([^/]+)")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_CHANGING = frozenset({"PUT", "POST", "PATCH", "DELETE"})
#: A copy of the tags for those who only have the files; it grows with each review, and counts for nothing itself.
_GROWING = "evidence.json"


class ServerGuard:
    """Refuses requests that would delete or overwrite what stands behind a version with evidence.

    ``behind`` reads what that is; ``run_root`` and ``model_root`` give the address of a run's or logged model's files;
    ``destination`` is where the server keeps the artifacts that it serves.
    """

    def __init__(
        self,
        *,
        behind: Callable[[], list[Behind]],
        run_of: Callable[[str], Any],
        model_of: Callable[[str], Any],
        destination: str,
    ) -> None:
        self._behind = behind
        self._run_of = run_of
        self._model_of = model_of
        self._destination = destination
        self._roots: dict[str, str] = {}

    def check_artifact(self, method: str, path: str) -> None:
        """Refuse to write or delete artifacts behind evidence; ``path`` is that of the request."""
        found = _ARTIFACT.fullmatch(path) if method in _CHANGING else None
        if found:
            safe = validate_path_is_safe(found[1])
            self._check_place(f"mlflow-artifacts:/{safe}", deleting=method == "DELETE")

    def check_request(self, request: Request) -> None:
        """Refuse any request of MLflow's own API that would delete or overwrite what is behind evidence."""
        path, method = request.path, request.method
        self.check_artifact(method, path)
        check_tags(request)
        if method in ("DELETE", "PATCH") and (found := _LOGGED.fullmatch(path)):
            self._check_model(found[1])
        elif method == "POST" and path.endswith("/mlflow/upload-artifact"):
            root = self._run_of(request.args.get("run_uuid", "")).info.artifact_uri
            self._check_place(f"{root}/{validate_path_is_safe(request.args.get('path', ''))}", deleting=False)
        elif method == "POST" and path.endswith("/mlflow/artifacts/presigned-upload-url"):
            self._check_presigned(request)
        elif method == "POST" and path.endswith("/mlflow/runs/delete"):
            self._check_run(request)
        elif method == "POST" and path.endswith("/mlflow/experiments/delete"):
            self._check_experiment(request)

    def _check_place(self, location: str, *, deleting: bool) -> None:
        place = self.place(location)
        for one in self._behind():
            for kept in self._places(one):
                inside = _within(place, kept) and kept != "/"
                if inside or (deleting and _within(kept, place)):
                    raise _kept(one.uri, "the model's files")
            for kept in self._records(one, place):
                growing = place == f"{kept}/{_GROWING}" and not deleting
                if (_within(place, kept) and not growing) or (deleting and _within(kept, place)):
                    raise _kept(one.uri, "its audit record")

    def _records(self, one: Behind, place: str) -> Iterator[str]:
        """Give the folders of the records of one version; their names are known by how they start."""
        root = self._root(one.run_id)
        for start in one.records if root else ():
            folder = place.removeprefix(f"{root}/igw/").split("/")[0]
            yield f"{root}/igw/{folder if folder.startswith(start) else start}"

    def _root(self, run_id: str) -> str | None:
        """Give where a run's files are; None for a run that is gone, which has none that could be kept."""
        if run_id and run_id not in self._roots:
            try:
                self._roots[run_id] = self.place(self._run_of(run_id).info.artifact_uri)
            except MlflowException:
                return None
        return self._roots.get(run_id)

    def _check_model(self, model_id: str) -> None:
        behind = self._behind()
        if not behind:
            return
        place = self.place(self._model_of(model_id).artifact_location)
        for one in behind:
            if model_id in _ids(one) or any(_within(kept, place) for kept in self._places(one)):
                raise _kept(one.uri, "the logged model")

    def _check_run(self, request: Request) -> None:
        from mlflow.protos.service_pb2 import DeleteRun
        from mlflow.server.handlers import _get_request_message

        run_id = _get_request_message(DeleteRun(), request).run_id
        for one in self._behind():
            if run_id and run_id == one.run_id:
                raise _kept(one.uri, "the run, which holds its audit record,")

    def _check_experiment(self, request: Request) -> None:
        from mlflow.protos.service_pb2 import DeleteExperiment
        from mlflow.server.handlers import _get_request_message

        experiment = _get_request_message(DeleteExperiment(), request).experiment_id
        for one in self._behind():
            if experiment in {self._experiment_of(one.run_id), *map(self._experiment_of_model, _ids(one))}:
                raise _kept(one.uri, "the experiment, which holds its run or its files,")

    def _experiment_of_model(self, model_id: str) -> str | None:
        try:
            return str(self._model_of(model_id).experiment_id)
        except MlflowException:
            return None

    def _experiment_of(self, run_id: str) -> str | None:
        try:
            return str(self._run_of(run_id).info.experiment_id)
        except MlflowException:
            return None

    def _check_presigned(self, request: Request) -> None:
        from mlflow.protos.service_pb2 import CreatePresignedUploadUrl
        from mlflow.server.handlers import _get_request_message

        asked = _get_request_message(CreatePresignedUploadUrl(), request)
        if asked.model_id:
            root = self._model_of(asked.model_id).artifact_location
        else:
            root = self._run_of(asked.run_id).info.artifact_uri
        self._check_place(f"{root}/{validate_path_is_safe(asked.path)}", deleting=False)

    def _places(self, one: Behind) -> Iterator[str]:
        """Give every place where the files of a version are; for runs:/ MLflow looks at the run's logged models too."""
        for location in one.files:
            yield self.place(location)
            if found := _OF_RUN.fullmatch(location):
                outputs = self._run_of(found[1]).outputs if self._root(found[1]) else None
                models = [self._model_of(output.model_id) for output in (outputs.model_outputs if outputs else ())]
                named = [model for model in models if f"{found[2]}/".startswith(f"{model.name}/")]
                yield from (self.place(model.artifact_location) for model in named)

    def place(self, location: str) -> str:
        """Give the one form of an address of artifacts by which two are compared."""
        parsed = urlparse(location)
        if (found := _OF_RUN.fullmatch(location)) and (root := self._root(found[1])):
            return posixpath.normpath(f"{root}/{found[2]}")
        if found := _SERVED.fullmatch(parsed.path) if parsed.scheme in ("http", "https") else None:
            return self.place(f"mlflow-artifacts:/{found[1]}")
        if parsed.scheme == "mlflow-artifacts":
            return self.place(f"{self._destination.rstrip('/')}/{_decoded(parsed.path).lstrip('/')}")
        if parsed.scheme in ("", "file"):
            path = unquote(parsed.path) if parsed.scheme else parsed.path
            return posixpath.normpath(os.path.realpath(path))
        return f"{parsed.scheme}://{parsed.netloc}{posixpath.normpath('/' + parsed.path.lstrip('/'))}"


def _decoded(path: str) -> str:
    """Decode as MLflow does with the path of a request: until nothing is left to decode."""
    while (once := unquote(path)) != path:
        path = once
    return path


def _within(place: str, around: str) -> bool:
    return place == around or place.startswith(around.rstrip("/") + "/")


def _ids(one: Behind) -> set[str]:
    return {found for place in one.files for found in _MODEL_ID.findall(place)}


def _kept(uri: str, what: str) -> MlflowException:
    return refusal(
        "evidence_kept",
        f"{uri} has signed evidence, so {what} can be neither deleted nor overwritten; a version that should no longer "
        "be used loses its alias, and a better model is registered as a new version",
    )
