"""Where files may be: the server says where it keeps them, and no request says otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import _PROMPT_SOURCE_PLACEHOLDERS

from igw_audit.tracking.gated_registry.refusal import refusal

if TYPE_CHECKING:
    from flask import Request

#: What MLflow resolves to a place of this server, or to a version that has been checked itself.
_BY_NAME = re.compile(r"(?:models|runs):/[^/].*", re.DOTALL)
_OF_A_RUN = ("/get-artifact", "/mlflow/artifacts/list", "/mlflow/upload-artifact")
_OF_A_MODEL = re.compile(r".*/mlflow/logged-models/([^/]+)/artifacts/(?:directories|files)")
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_OF_A_VERSION = "/model-versions/get-artifact"


class ServedLocations:
    """Refuses places outside of where the server keeps its files.

    ``place`` brings an address to one normal form, ``destination`` is the server's own, and the others look up where a
    run, a logged model or a registered version has its files.
    """

    def __init__(
        self,
        *,
        destination: str,
        place: Callable[[str], str],
        run_of: Callable[[str], Any],
        model_of: Callable[[str], Any],
        source_of: Callable[[str, str], str],
    ) -> None:
        self._destination = destination
        self._place = place
        self._run_of = run_of
        self._model_of = model_of
        self._source_of = source_of

    def check_request(self, request: Request) -> None:
        """Refuse a request that names a place of its own, or that reads or writes at a foreign one."""
        path, method = request.path, request.method
        if method == "POST" and path.endswith("/mlflow/experiments/create"):
            self._check_new_experiment(request)
        elif method == "POST" and path.endswith("/mlflow/model-versions/create"):
            self._check_new_version(request)
        elif path == _OF_A_VERSION:
            name, version = request.args.get("name", ""), request.args.get("version", "")
            self._check_kept(lambda: self._source_of(name, version), "version")
        elif path.endswith(_OF_A_RUN):
            # whichever of them MLflow takes
            for run_id in (*request.args.getlist("run_id"), *request.args.getlist("run_uuid")):
                self._check_run(run_id)
        elif path == "/graphql":
            self._check_query(request.get_json(silent=True))
        elif found := _OF_A_MODEL.fullmatch(path):
            self._check_kept(lambda: self._model_of(found[1]).artifact_location, "logged model")

    def holds(self, location: str) -> bool:
        """Tell whether an address is one that this server keeps files at, itself and not by another's name."""
        parsed = urlsplit(location)
        if parsed.netloc:
            return False
        place, kept = self._place(location), self._place(self._destination)
        return kept not in ("", "/") and (place == kept or place.startswith(kept.rstrip("/") + "/"))

    def _check_new_experiment(self, request: Request) -> None:
        from mlflow.protos.service_pb2 import CreateExperiment
        from mlflow.server.handlers import _get_request_message

        asked = _get_request_message(CreateExperiment(), request).artifact_location
        if asked:
            # not even inside of its own place: the folders of other experiments are there
            raise refusal(
                "location_refused",
                f"an experiment is not made with artifact_location={asked!r}: this server alone says where files go; "
                "leave it out",
            )

    def _check_new_version(self, request: Request) -> None:
        from mlflow.protos.model_registry_pb2 import CreateModelVersion
        from mlflow.server.handlers import _get_request_message

        source = _get_request_message(CreateModelVersion(), request).source
        if source in _PROMPT_SOURCE_PLACEHOLDERS or _BY_NAME.fullmatch(source) or self.holds(source):
            return
        raise refusal(
            "location_refused",
            f"a version is not registered from {source!r}: its files must be where this server keeps them. Log the "
            "model to a run of this server, and register models:/<model id>",
        )

    def _check_query(self, asked: Any) -> None:
        """Refuse a query that lists the files of a run at a foreign place; its ids stand in the query or beside it."""
        query = str(asked.get("query", "")) if isinstance(asked, dict) else ""
        if "ListArtifacts" not in query:
            return
        if "\\" in query:
            raise refusal("location_refused", "a query that lists files spells its run out, without escapes")
        for run_id in sorted(set(_RUN_ID.findall(json.dumps(asked)))):
            self._check_run(run_id)

    def _check_run(self, run_id: str) -> None:
        self._check_kept(lambda: self._run_of(run_id).info.artifact_uri, "run")

    def _check_kept(self, find: Callable[[], str], what: str) -> None:
        try:
            location = find()
        except MlflowException:
            # MLflow says itself that there is no such thing
            return
        if location and not _BY_NAME.fullmatch(location) and not self.holds(location):
            raise refusal(
                "location_refused",
                f"the files of this {what} are not where this server keeps files, so it neither reads nor writes them",
            )
