"""A training run in MLflow: what was chosen, what came out, and the hashes of all that went in - never a case."""

from __future__ import annotations

import getpass
import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from igw_audit.core.record import TableDigest
from igw_audit.errors import TrackingError
from igw_audit.evidence.derived import MODEL_TAG
from igw_audit.evidence.tags import in_our_name
from igw_audit.stats.estimate import Estimate
from igw_audit.tracking.models import LoggedModel, TrainedOn, log_model
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.store import refused_for

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Metric

    from igw_audit.tracking.store import Store

#: MLflow's length for a dataset's digest; the whole hash is in the run's tags.
_DIGEST_LENGTH = 36
#: MLflow takes at most 100 parameters and tags, or 1,000 metrics, at a time.
_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """What a training run says of itself.

    Attributes
    ----------
    pilot : str
        The pilot; its name is the experiment's.
    parameters : mapping of str to str, int, float or bool
        Settings of estimator, split and operating point.
    metrics : mapping of str to Estimate
        Each becomes ``name``, ``name_low`` and ``name_high``; an open end is left out.
    cases : TableDigest
        The training table, as hash and number of rows.
    files : mapping of str to str
        File name -> text of pipeline, schema, plan and policy; each is kept, and its hash is a tag.
    plan_sha256, policy_sha256 : str
        Canonical hashes of plan and policy, the ones that a record will carry.
    pipeline_sha256 : str or None
        Canonical hash of pipeline.toml. With that of the case table it goes into the model's own files.
    """

    pilot: str
    parameters: Mapping[str, str | int | float | bool]
    metrics: Mapping[str, Estimate]
    cases: TableDigest
    files: Mapping[str, str]
    plan_sha256: str
    policy_sha256: str
    code_version: str
    seed: int
    pipeline_sha256: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def trained_on(self) -> TrainedOn:
        """Return what the model's own files say of what it was trained on."""
        return TrainedOn(cases_sha256=self.cases.sha256, pipeline_sha256=self.pipeline_sha256)

    def all_tags(self) -> dict[str, str]:
        """Return what people may see at the run of what it came from; nothing reads it back."""
        hashed = {
            f"igw.{Path(name).stem}.file.sha256": hashlib.sha256(text.encode()).hexdigest()
            for name, text in self.files.items()
        }
        return {
            **hashed,
            "igw.pilot": self.pilot,
            "igw.cases.sha256": self.cases.sha256,
            "igw.cases.rows": str(self.cases.rows),
            "igw.plan.sha256": self.plan_sha256,
            "igw.policy.sha256": self.policy_sha256,
            "igw.code.version": self.code_version,
            "igw.seed": str(self.seed),
            **self.tags,
        }


def log_training(store: Store, run: TrainingRun, *, estimator: Any, features: pd.DataFrame) -> LoggedModel:
    """Log a training run with its model; one that stops in the middle holds no model that can be registered.

    Parameters
    ----------
    estimator : fitted scikit-learn classifier
        Takes a frame with the columns of ``features``.
    features : pandas.DataFrame
        Only its columns' names and types are used.

    Raises
    ------
    TrackingError
        If MLflow refuses, or the model holds a type that may not be loaded again.
    """
    with _running(store, run) as run_id:
        _log_numbers(store, run, run_id)
        _log_dataset(store, run, run_id)
        log_texts(store, run_id, run.files, "inputs")
        model = log_model(store, estimator, features, run_id=run_id, trained_on=run.trained_on())
        _show(store, run_id, {MODEL_TAG: model.sha256})
    return model


def log_texts(store: Store, run_id: str, texts: Mapping[str, str], folder: str) -> None:
    """Write text files into a folder of the run's artifacts, each whole or not at all."""
    with TemporaryDirectory() as aside:
        for name, text in texts.items():
            if Path(name).name != name or name in ("", ".", ".."):
                raise TrackingError(f"{name!r} is no plain file name; give a name without folders")
            path = Path(aside) / name
            path.write_bytes(text.encode())
            store.call(store.client.log_artifact, run_id, str(path), folder)


def metrics_of(estimates: Mapping[str, Estimate]) -> list[Metric]:
    """Give each estimate as MLflow metrics: its value, and the ends of its interval where they are closed."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    numbers = {
        f"{metric_name(name)}{ending}": number
        for name, estimate in estimates.items()
        for ending, number in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high))
        if number is not None
    }
    return [Metric(key, float(number), now, 0) for key, number in numbers.items()]


def metric_name(text: str) -> str:
    """Replace what MLflow does not take in a metric's name."""
    return re.sub(r"[^\w.\- :/]", "_", text)[:240]


@contextmanager
def _running(store: Store, run: TrainingRun) -> Iterator[str]:
    tags = {"mlflow.source.name": "igw-audit", "mlflow.source.type": "LOCAL"}
    if user := _user():
        tags["mlflow.user"] = user
    made = store.call(store.client.create_run, store.experiment(run.pilot), tags=tags, run_name=f"train {run.pilot}")
    run_id = str(made.info.run_id)
    try:
        _show(store, run_id, run.all_tags())
        yield run_id
    except BaseException as error:
        ended = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        _end(store, run_id, ended)
        raise
    _end(store, run_id, "FINISHED")


def _show(store: Store, run_id: str, told: Mapping[str, str]) -> None:
    """Write for people what a run came from: as tags, or as parameters where a server takes no tags in our name."""
    from mlflow.entities import Param, RunTag

    ours = {key: value for key, value in told.items() if in_our_name(key)}
    others = [RunTag(key, value) for key, value in told.items() if key not in ours]
    if others:
        store.call(store.client.log_batch, run_id, tags=others)
    try:
        store.call(store.client.log_batch, run_id, tags=[RunTag(key, value) for key, value in ours.items()])
    except TrackingError as error:
        if refused_for(error) != "tag_reserved":
            raise
        inputs = [Param(f"inputs.{key.removeprefix('igw.')}", value) for key, value in ours.items()]
        store.call(store.client.log_batch, run_id, params=inputs)


def _end(store: Store, run_id: str, status: str) -> None:
    with quiet_mlflow():
        store.call(store.client.set_terminated, run_id, status)


def _log_numbers(store: Store, run: TrainingRun, run_id: str) -> None:
    from mlflow.entities import Param

    parameters = [Param(metric_name(name), str(value)) for name, value in run.parameters.items()]
    for start in range(0, len(parameters), _BATCH):
        store.call(store.client.log_batch, run_id, params=parameters[start : start + _BATCH])
    metrics = metrics_of(run.metrics)
    for start in range(0, len(metrics), _BATCH):
        store.call(store.client.log_batch, run_id, metrics=metrics[start : start + _BATCH])


def _log_dataset(store: Store, run: TrainingRun, run_id: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=f"{run.pilot} cases",
        digest=run.cases.sha256[:_DIGEST_LENGTH],
        source_type="igw_audit",
        # no path and no address: where the table lies is nobody's business here
        source=json.dumps({"sha256": run.cases.sha256}),
        profile=json.dumps({"num_rows": run.cases.rows}),
    )
    store.call(store.client.log_inputs, run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # an account without a name, as in some containers
        return None
