"""MLflow's server with sign-in, and with the checks that keep what evidence is about; made here, mounted by ``web``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer to a request that is refused: HTTP status and body."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerApp:
    """MLflow's application, and a check for the requests that it answers without passing Flask.

    ``refuse_artifact`` takes the method and path of a request.
    """

    app: Any
    refuse_artifact: Callable[[str, str], Refused | None]


def signed_in_app() -> ServerApp:
    """Make MLflow's application with basic sign-in and the gate's own checks behind it."""
    from flask import Response, request
    from mlflow.exceptions import MlflowException
    from mlflow.server import app as flask_app
    from mlflow.server.auth import create_app
    from mlflow.server.constants import ARTIFACTS_DESTINATION_ENV_VAR
    from mlflow.server.handlers import _get_model_registry_store, _get_tracking_store
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from igw_audit.tracking.server.behind import behind_evidence
    from igw_audit.tracking.server.guard import ServerGuard

    app = create_app()
    guard = ServerGuard(
        behind=lambda: behind_evidence(cast(SqlAlchemyStore, _get_model_registry_store())),
        run_of=lambda run_id: _get_tracking_store().get_run(run_id),
        model_of=lambda model_id: _get_tracking_store().get_logged_model(model_id),
        destination=os.environ.get(ARTIFACTS_DESTINATION_ENV_VAR, ""),
    )

    def refuse(check: Callable[[], None]) -> Refused | None:
        try:
            check()
        except MlflowException as error:
            return Refused(status=error.get_http_status_code(), body=json.loads(error.serialize_as_json()))
        return None

    @flask_app.before_request
    def keep_what_evidence_is_about() -> Response | None:
        # MLflow's own check came first and has answered whoever may not do this at all
        refused = refuse(lambda: guard.check_request(request))
        if refused is None:
            return None
        return Response(json.dumps(refused.body), refused.status, mimetype="application/json")

    return ServerApp(app=app, refuse_artifact=lambda method, path: refuse(lambda: guard.check_artifact(method, path)))


def run_mlflow(arguments: tuple[str, ...]) -> None:
    """Make the first administrator, then run MLflow's own command until it ends; settings are in the environment."""
    from mlflow.cli import cli
    from mlflow.server.auth import bootstrap_admin_user

    bootstrap_admin_user()
    os.environ["_MLFLOW_AUTH_ADMIN_BOOTSTRAPPED"] = "true"
    # workers sign people in by what is stored; none needs the administrator's password
    os.environ.pop("MLFLOW_AUTH_ADMIN_PASSWORD", None)
    cli.main(args=list(arguments), prog_name="mlflow", standalone_mode=False)
