"""MLflow's model registry with a gate in it: behind ``igw+sqlite://`` and ``igw+postgresql://`` addresses.

Registered as ``mlflow.model_registry_store`` plug-in; MLflow imports this module, nothing of ours does. The registry
keeps MLflow's own tables, so that taking the prefix away gives an ordinary registry with the same content - which is
why everything that counts is signed and checked again on reading.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

from igw_audit.core.addresses import sqlite_address, sqlite_file
from igw_audit.errors import IgwAuditError
from igw_audit.tracking.gated_registry.settings import PREFIX
from igw_audit.tracking.gated_registry.writes import GuardedWrites


class GatedStore(GuardedWrites):
    """The registry of a server without workspaces."""


class GatedWorkspaceStore(GuardedWrites, WorkspaceAwareSqlAlchemyStore):
    """The registry of a server with workspaces."""


def open_registry_store(store_uri: str, tracking_uri: str | None = None) -> SqlAlchemyStore:  # noqa: ARG001
    """Open the gated registry at an ``igw+...`` address; MLflow calls this.

    It chooses as MLflow's own server does: workspaces where they are switched on, and its read replica.
    """
    # the server's package looks for plug-ins while it is imported, so that it would find this module half-made
    from mlflow.server.constants import READ_REPLICA_BACKEND_STORE_URI_ENV_VAR

    database = plain_address(store_uri)
    kind = GatedWorkspaceStore if MLFLOW_ENABLE_WORKSPACES.get() else GatedStore
    try:
        return kind(database, read_db_uri=os.environ.get(READ_REPLICA_BACKEND_STORE_URI_ENV_VAR))
    except IgwAuditError as error:
        raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from error


def plain_address(store_uri: str) -> str:
    """Take the prefix off, and name a PostgreSQL driver that is there.

    Examples
    --------
    >>> plain_address("igw+sqlite:////srv/igw/mlruns/igw.db")
    'sqlite:////srv/igw/mlruns/igw.db'
    """
    database = store_uri.removeprefix(PREFIX)
    # SQLAlchemy takes a bare postgresql:// for psycopg2, which is no longer developed; ours is psycopg
    if database.startswith("postgresql://") and find_spec("psycopg2") is None:
        database = database.replace("postgresql://", "postgresql+psycopg://", 1)
    file = sqlite_file(database)
    return database if file is None else sqlite_address(file)
