"""MLflow's server with sign-in, and with the checks that keep what evidence is about; made here, mounted by ``web``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from igw_audit.tracking.server.routes import OPEN_ROUTES, RouteList


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer to a request that is refused: HTTP status and body."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerApp:
    """MLflow's application, which requests go on to it, and a check for those that it answers without passing Flask.

    ``refuse_artifact`` takes the method and path of a request.
    """

    app: Any
    routes: RouteList
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

    from igw_audit.tracking.server.accounts import check_accounts
    from igw_audit.tracking.server.behind import behind_evidence
    from igw_audit.tracking.server.guard import ServerGuard
    from igw_audit.tracking.server.locations import ServedLocations

    app = create_app()
    destination = os.environ.get(ARTIFACTS_DESTINATION_ENV_VAR, "")
    run_of: Callable[[str], Any] = lambda run_id: _get_tracking_store().get_run(run_id)  # noqa: E731
    model_of: Callable[[str], Any] = lambda model_id: _get_tracking_store().get_logged_model(model_id)  # noqa: E731
    guard = ServerGuard(
        behind=lambda: behind_evidence(cast(SqlAlchemyStore, _get_model_registry_store())),
        run_of=run_of,
        model_of=model_of,
        destination=destination,
    )
    locations = ServedLocations(
        destination=destination,
        place=guard.place,
        run_of=run_of,
        model_of=model_of,
        source_of=lambda name, version: _get_model_registry_store().get_model_version_download_uri(name, version),
    )
    checks = (check_accounts, locations.check_request, guard.check_request)

    def refuse(*asked: Callable[[], None]) -> Refused | None:
        try:
            for check in asked:
                check()
        except MlflowException as error:
            return Refused(status=error.get_http_status_code(), body=json.loads(error.serialize_as_json()))
        return None

    @flask_app.before_request
    def keep_what_evidence_is_about() -> Response | None:
        # MLflow's own check came first and has answered whoever may not do this at all
        refused = refuse(*(partial(check, request) for check in checks))
        if refused is None:
            return None
        return Response(json.dumps(refused.body), refused.status, mimetype="application/json")

    return ServerApp(
        app=app,
        routes=RouteList.read(os.environ.get(OPEN_ROUTES, "")),
        refuse_artifact=lambda method, path: refuse(lambda: guard.check_artifact(method, path)),
    )


def run_mlflow(arguments: tuple[str, ...]) -> None:
    """Make the first administrator, then run MLflow's own command until it ends; settings are in the environment."""
    from mlflow.cli import cli
    from mlflow.server.auth import bootstrap_admin_user

    bootstrap_admin_user()
    os.environ["_MLFLOW_AUTH_ADMIN_BOOTSTRAPPED"] = "true"
    # workers sign people in by what is stored; none needs the administrator's password
    os.environ.pop("MLFLOW_AUTH_ADMIN_PASSWORD", None)
    cli.main(args=list(arguments), prog_name="mlflow", standalone_mode=False)
