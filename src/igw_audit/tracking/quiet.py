"""MLflow's own notices, kept out of the way of results and of messages that are ours."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_SETTINGS = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # results go to standard output, and MLflow would write a run's address among them
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_TALKATIVE = (
    "alembic.runtime.migration",
    "mlflow.store.artifact.artifact_repo",
    "mlflow.store.db.utils",
    "mlflow.store.model_registry.abstract_store",
)


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Keep away logs of migrations and waiting, progress bars, addresses of runs, and warnings not ours to mend."""
    # MLflow sends usage statistics to its makers unless told otherwise before its first import; nobody agreed to that
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(_SETTINGS)
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # MLflow 3.17 maps a relation with a strategy that SQLAlchemy 2.1 deprecates
            warnings.filterwarnings("ignore", message="The ``noload`` loader strategy", category=DeprecationWarning)
            # MLflow 3.17 compares column names with a range when it saves an input example (pandas 3)
            warnings.filterwarnings("ignore", message="Operation with range is deprecated")
            # MLflow 3.17 says this of its own type hints while it imports its model module
            warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
