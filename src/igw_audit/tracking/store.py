"""Where runs and models are kept: by default one SQLite file and one artifact folder under ``mlruns/``.

Everything goes through an ``MlflowClient`` with its own addresses, so that a caller's ``mlflow.set_tracking_uri``
and active run stay as they were.
"""

from __future__ import annotations

import getpass
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from igw_audit.core.addresses import folder_address, sqlite_address, sqlite_file, without_password
from igw_audit.core.whole import private_file, private_folder
from igw_audit.errors import TrackingError
from igw_audit.tracking.quiet import quiet_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

#: SQLite answers "busy" at once where two writers wait for one another; a rolled-back call is safe to repeat.
_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An open MLflow store.

    Attributes
    ----------
    root : Path
        The project's folder.
    tracking_uri, registry_uri : str
        MLflow's addresses of runs and of registered models.
    artifacts : str or None
        The folder in which new experiments keep their files; None leaves it to the server.
    """

    root: Path
    tracking_uri: str = field(repr=False)
    registry_uri: str = field(repr=False)
    artifacts: str | None
    client: MlflowClient = field(repr=False, compare=False)

    @property
    def address(self) -> str:
        """The address of runs as people may see it: without a password."""
        return without_password(self.tracking_uri)

    def call(self, function: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """Call MLflow; repeat where another writer is in the way, raise TrackingError for any other refusal."""
        from mlflow.exceptions import MlflowException

        for attempt in range(1, _TRIES + 1):
            try:
                return function(*args, **kwargs)
            except MlflowException as error:
                if not _meets_another(error) or attempt == _TRIES:
                    raise TrackingError(f"MLflow at {self.address} says: {without_password(error.message)}") from error
                # random waits, so that two writers do not meet again; nothing measured depends on it
                time.sleep(random.uniform(0.05, 0.1) * 2**attempt)  # noqa: S311  # nosec B311
        raise AssertionError("the last attempt returns or raises")

    def _place(self) -> str | None:
        return None if self.artifacts is None else folder_address(self.artifacts)

    def experiment(self, name: str) -> str:
        """Give the id of the experiment ``name``, made if it is not there yet."""
        found = self.call(self.client.get_experiment_by_name, name)
        if found is None:
            if self.artifacts is not None and Path(self.artifacts).parent.stat().st_mode & 0o077:
                # its files are MLflow's, with the mode that MLflow gives them; a private mlruns/ closes them already
                private_folder(Path(self.artifacts))
            try:
                return self.call(self.client.create_experiment, name, artifact_location=self._place())
            except TrackingError:
                # another process made it in between
                found = self.call(self.client.get_experiment_by_name, name)
                if found is None:
                    raise
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"experiment {name!r} was deleted, and MLflow keeps its name; bring it back with "
                f"`mlflow experiments restore -x {found.experiment_id}`"
            )
        return str(found.experiment_id)


def refused_for(error: TrackingError) -> str | None:
    """Return the one word for which the gate refused; None where it was not the gate."""
    return word_of(error.__cause__)


def word_of(error: BaseException | None) -> str | None:
    """Return the one word for which the gate refused, from MLflow's own error; None where it was not the gate."""
    cause: Any = error
    told = getattr(cause, "json_kwargs", None) or getattr(cause, "json", None) or {}
    word = told.get("igw_reason") if isinstance(told, dict) else None
    return str(word) if word else None


def account() -> str:
    """Return the name of the account that runs this, for the ledger."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # an account without a name, as in some containers
        return "(no name)"


def open_store(root: str | Path) -> Store:
    """Open the store of the project in ``root``; on first use it is made.

    ``MLFLOW_TRACKING_URI`` and ``MLFLOW_REGISTRY_URI`` win where they are set. Otherwise runs and registered models
    are in ``<root>/mlruns/igw.db`` and their files in ``<root>/mlruns/artifacts``.

    Raises
    ------
    TrackingError
        If the store cannot be made or opened; the message says what to do.
    """
    root = Path(root).resolve()
    tracking = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    registry = os.environ.get("MLFLOW_REGISTRY_URI", "").strip()
    artifacts = None
    if not tracking:
        database, artifacts = root / "mlruns" / "igw.db", str(root / "mlruns" / "artifacts")
        tracking = sqlite_address(database)
        if not database.exists():
            _make_database(database, artifacts)
    registry = registry or tracking
    for address in dict.fromkeys((tracking, registry)):
        _check_file(address.removeprefix("igw+"))
    try:
        with quiet_mlflow():
            client = _client(tracking, registry)
    except Exception as error:
        # MLflow's own sentence names the address too
        said = without_password(f"the MLflow store at {tracking} cannot be opened: {error}")
        raise TrackingError(said) from error
    return Store(root=root, tracking_uri=tracking, registry_uri=registry, artifacts=artifacts, client=client)


def _meets_another(error: MlflowException) -> bool:
    """Tell whether a call was rolled back for another writer: the database is busy, or that one made the same row."""
    return error.error_code == "TEMPORARILY_UNAVAILABLE" or type(error.__cause__).__name__ == "IntegrityError"


def _client(tracking: str, registry: str) -> MlflowClient:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking, registry_uri=registry)
    # both stores connect and check their schema here, not somewhere in the middle of a run
    client.search_experiments(max_results=1)
    client.search_registered_models(max_results=1)
    return client


def _check_file(address: str) -> None:
    """Open an SQLite file once before MLflow does, which would try for two minutes what cannot come right.

    Raises
    ------
    TrackingError
        If the file is not a database, or it or its folder cannot be opened or made.
    """
    database = sqlite_file(address)
    if database is None:
        return
    problem = None
    if database.exists():
        try:
            with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") not in {"SQLITE_BUSY", "SQLITE_LOCKED"}:
                problem = f"{database} cannot be opened as an SQLite database ({error}); move it away or name another"
    else:
        above = next(one for one in (database.parent, *database.parent.absolute().parents) if one.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            problem = f"no file can be made in {above}: it is not a directory, or this account may not write there"
        elif not database.parent.exists() and sqlite_address(database) != address:
            problem = (
                f"the address names the folder {database.parent}, which is not there; a % in a folder's name is "
                "written %25 in an address"
            )
    if problem is not None:
        raise TrackingError(f"the MLflow store at {without_password(address)} cannot be opened: {problem}")


def _make_database(database: Path, artifacts: str) -> None:
    """Migrate a new database aside and link it into place: a run killed meanwhile leaves no half-migrated file."""
    try:
        private_folder(database.parent)
    except OSError as error:
        raise TrackingError(f"no store can be made at {database}: {error.strerror}") from error
    with tempfile.TemporaryDirectory(prefix=".igw-", dir=database.parent) as folder, quiet_mlflow():
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        aside = private_file(Path(folder) / database.name)
        try:
            opened: Any = SqlAlchemyStore
            made = opened(sqlite_address(aside), folder_address(artifacts))
            made.engine.dispose()
            # a link, for it fails where another process was first; that one's database then counts
            database.hardlink_to(aside)
        except FileExistsError:
            pass
        except Exception as error:
            raise TrackingError(f"no store can be made at {database}: {error}") from error
