"""`igw-audit serve`: MLflow with sign-in, the gated registry and our pages, on one port."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from igw_audit.core.addresses import sqlite_address, without_password
from igw_audit.core.whole import write_file_whole
from igw_audit.tracking.artifacts import DESTINATION, DESTINATION_FILE
from igw_audit.tracking.doctor.modes import open_to_others, private_places
from igw_audit.tracking.server.routes import OPEN_ROUTES
from igw_audit.workflow.health import Health, health
from igw_audit.workflow.serve_checks import PASSWORD, SECRET, ServeChoices, look
from igw_audit.workflow.serve_secrets import secret_or_setting

if TYPE_CHECKING:
    from igw_audit.tracking.server.app import ServerApp

__all__ = ["Health", "Prepared", "ServeChoices", "health", "prepare", "server_app", "start"]

#: A worker that computes for longer than this is taken for dead and started anew; MLflow's own 5 s are too few.
_WORKER_SECONDS = 60
_OF_CLIENTS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
_SIGN_IN = """\
# Written by igw-audit serve at each start; to use another, set MLFLOW_AUTH_CONFIG_PATH.
# Who is given nothing sees nothing: rights are granted model by model, experiment by experiment.
[mlflow]
default_permission = NO_PERMISSIONS
database_uri = {database}
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
grant_default_workspace_access = false
# MLflow would work through each password four times a request; an account that is changed or deleted may be believed
# for these seconds longer
auth_cache_ttl_seconds = 10
"""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Prepared:
    """What the server is started with. Secrets are in the environment only; its repr shows none."""

    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    shown: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Prepared(arguments={self.arguments!r})"


def prepare(choices: ServeChoices, surroundings: Mapping[str, str] | None = None) -> Prepared:
    """Look at everything that the server needs, and say how it will be started.

    Raises
    ------
    InputError
        With everything that is missing or wrong; nothing was started or written.
    """
    told = os.environ if surroundings is None else surroundings
    found = look(choices, told)
    store = choices.project.resolve() / "mlruns"
    plain = _with_driver(found.database)
    artifacts = choices.artifacts or str(store / "artifacts")
    opened = told.get(OPEN_ROUTES, "")
    environment = {
        "MLFLOW_BACKEND_STORE_URI": plain,
        "MLFLOW_REGISTRY_STORE_URI": f"igw+{plain.replace('sqlite+pysqlite:', 'sqlite:', 1)}",
        DESTINATION: artifacts,
        "MLFLOW_AUTH_CONFIG_PATH": told.get("MLFLOW_AUTH_CONFIG_PATH") or str(store / "igw-sign-in.ini"),
        "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # takes the gateway, its playground and its judges out of the menu; their routes are closed anyway
        "MLFLOW_ENABLE_AI_GATEWAY": "false",
        OPEN_ROUTES: opened,
        "MLFLOW_UVICORN_OPTS": f"--timeout-worker-healthcheck {_WORKER_SECONDS}",
        "IGW_TRUSTED_KEYS": str(found.keys_file),
        "IGW_LEDGER": found.ledger,
        PASSWORD: found.password,
        SECRET: found.secret,
    }
    hosts = ("--allowed-hosts", choices.allowed_hosts) if choices.allowed_hosts else ()
    place = ("--host", choices.host, "--port", str(choices.port), "--workers", str(choices.workers))
    shown = (
        f"registry and runs: {without_password(found.database)}",
        f"models and pages: {artifacts}",
        f"ledger: {without_password(found.ledger)}",
        f"trusted keys: {found.keys_file}",
        *(() if not opened else (f"open on purpose, guarded by MLflow alone: {opened}",)),
    )
    wide = open_to_others(private_places(choices.project.resolve(), ledger=found.ledger))
    warned = tuple(
        f"others on this machine may read or write {path}; igw-audit doctor says how to close it" for path in wide
    )
    arguments = ("server", "--app-name", "igw", *place, *hosts)
    return Prepared(environment=environment, arguments=arguments, shown=(*shown, *warned))


def start(prepared: Prepared, choices: ServeChoices) -> None:
    """Start the server and stay until it ends.

    The administrator is made here, once: several workers at a time would be in each other's way, and what goes wrong
    in a worker is tried for ever.
    """
    # accounts, models and records are for the server, not for who else works on this machine
    os.umask(0o077)
    os.environ.update({name: value for name, value in prepared.environment.items() if name != SECRET})
    # what a person set for a client must not lead the server to itself, and no worker needs their password
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", *_OF_CLIENTS, SECRET):
        os.environ.pop(name, None)
    # the list of routes is for paths without a prefix
    os.environ.pop("_MLFLOW_STATIC_PREFIX", None)
    # a process shows its environment, and hands it on to all that it starts: workers read this one from its file
    os.environ[f"{SECRET}_FILE"] = str(_write_secret(prepared, choices))
    _write_sign_in(prepared, choices)
    _note_destination(prepared, choices)
    from igw_audit.tracking.server.app import run_mlflow

    run_mlflow(prepared.arguments)


def server_app() -> ServerApp:
    """Make MLflow's application for one worker, with the gate's checks behind its own."""
    from igw_audit.tracking.server.app import signed_in_app

    os.environ[SECRET] = secret_or_setting(SECRET, os.environ)
    try:
        return signed_in_app()
    finally:
        del os.environ[SECRET]


def _write_secret(prepared: Prepared, choices: ServeChoices) -> Path:
    """Keep a secret that came as a value in a private file, for the workers; one that came in a file stays there."""
    named = os.environ.get(f"{SECRET}_FILE")
    if named:
        return Path(named)
    return write_file_whole(
        choices.project.resolve() / "mlruns" / "igw-session-secret",
        lambda aside: _write_text(aside, prepared.environment[SECRET]),
        private=True,
    )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_sign_in(prepared: Prepared, choices: ServeChoices) -> None:
    path = choices.project.resolve() / "mlruns" / "igw-sign-in.ini"
    if prepared.environment["MLFLOW_AUTH_CONFIG_PATH"] != str(path):
        return
    database = prepared.environment["MLFLOW_BACKEND_STORE_URI"]
    if database.startswith("sqlite"):
        database = sqlite_address(path.with_name("igw-sign-in.db"))

    def write(aside: Path) -> None:
        aside.write_text(_SIGN_IN.format(database=database.replace("%", "%%")), encoding="utf-8")

    write_file_whole(path, write, private=True)


def _note_destination(prepared: Prepared, choices: ServeChoices) -> None:
    """Write down where artifacts are kept, for the doctor beside the database, whose tables have other addresses."""
    destination = prepared.environment[DESTINATION]
    if not urlparse(destination).scheme:
        destination = str(Path(destination).resolve())

    def write(aside: Path) -> None:
        aside.write_text(destination + "\n", encoding="utf-8")

    write_file_whole(choices.project.resolve() / "mlruns" / DESTINATION_FILE, write).chmod(0o600)


def _with_driver(address: str) -> str:
    return re.sub(r"^postgresql://", "postgresql+psycopg://", address)
