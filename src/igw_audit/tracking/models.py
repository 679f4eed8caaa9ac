"""Models as files: written in skops format, hashed byte by byte, read back with our own list of trusted types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from igw_audit.core.limits import SETTINGS, read_within
from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.evidence.digest import digest_of, model_files
from igw_audit.evidence.strict import SHA256
from igw_audit.tracking.artifacts import fetch_files
from igw_audit.tracking.interface import nobodys_row, signature
from igw_audit.tracking.model_limits import check_archive, check_model_files
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.trusted import TRUSTED_TYPES, check_trees

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import LoggedModel as MlflowModel

    from igw_audit.tracking.store import Store
    from igw_audit.tracking.uris import ModelLocation

_MODEL_FILE = "model.skops"
_METADATA = "igw_training"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """A model in the store: its id, the hash of its folder, and the run that made it."""

    model_id: str
    sha256: str
    run_id: str
    experiment_id: str

    @property
    def uri(self) -> str:
        """Its address, ``models:/m-...``."""
        return f"models:/{self.model_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """What a model's own files say of its training: hashes of the case table and of pipeline.toml.

    It is the word of who trained it, bound by the model's hash: it cannot be another one after the audit.
    """

    cases_sha256: str | None = None
    pipeline_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model read back: the estimator, the hash of exactly the bytes that it was read from, and what those say."""

    estimator: Any
    sha256: str
    location: ModelLocation
    trained_on: TrainedOn


def hash_model_directory(path: Path) -> str:
    """Hash a model's folder: every file but ``registered_model_meta``, by name and bytes.

    The same as ``find . -type f ! -path ./registered_model_meta | sed 's|^./||' | LC_ALL=C sort | xargs -d '\\n'
    sha256sum | sha256sum`` inside the folder, so that anyone can check it without this package.

    Raises
    ------
    EvidenceError
        If the folder is missing or empty, or holds a link or another thing that is no plain file.
    """
    return digest_of(model_files(path))


def log_model(
    store: Store, estimator: Any, features: pd.DataFrame, *, run_id: str, trained_on: TrainedOn | None = None
) -> LoggedModel:
    """Write a fitted scikit-learn classifier into the store, as an output of a run.

    Parameters
    ----------
    estimator : fitted estimator
        Takes a frame with the columns of ``features`` and has ``predict_proba``.
    features : pandas.DataFrame
        Only the names and types of its columns are used: signature and example row hold no value of any case.
    run_id : str
        The run that trained it.
    trained_on : TrainedOn, optional
        Written into the model's own files.

    Raises
    ------
    TrackingError
        If it holds a type that is not trusted (nobody could load it again), or MLflow refuses.
    """
    from mlflow.entities import LoggedModelOutput

    client = store.client
    experiment_id = store.call(client.get_run, run_id).info.experiment_id
    needed = _trusted_types_of(estimator)
    made = store.call(client.create_logged_model, experiment_id, name="model", source_run_id=run_id)
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            _write(path, estimator, features, made, needed, trained_on or TrainedOn())
            sha256 = hash_model_directory(path)
            with quiet_mlflow():
                store.call(client.log_model_artifacts, made.model_id, str(path))
        store.call(client.finalize_logged_model, made.model_id, "READY")
        store.call(client.log_outputs, run_id, [LoggedModelOutput(made.model_id, step=0)])
    except BaseException:
        store.call(client.finalize_logged_model, made.model_id, "FAILED")
        raise
    return LoggedModel(model_id=made.model_id, sha256=sha256, run_id=run_id, experiment_id=experiment_id)


def open_model(store: Store, location: ModelLocation, *, load: Callable[[Path], Any] | None = None) -> LoadedModel:
    """Copy a model from the store, hash the copy and load it from there, by ``load_model`` unless ``load`` is given.

    Raises
    ------
    EvidenceError
        If the files are not there, are not in skops format, bring code, or hold a type that is not trusted.
    """
    with TemporaryDirectory() as folder:
        path = fetch_files(store, location.artifact_uri, Path(folder))
        estimator, sha256 = (load or load_model)(path), hash_model_directory(path)
        return LoadedModel(estimator=estimator, sha256=sha256, location=location, trained_on=_read_trained_on(path))


def load_model(path: Path) -> Any:
    """Load a scikit-learn model from its folder, trusting our list of types and nothing that the folder says.

    Raises
    ------
    EvidenceError
        If it is a pickle, brings code, holds an untrusted type, or cannot be read.
    """
    import skops.io

    check_model_files(path)
    check_flavors(path)
    file = path / _MODEL_FILE
    check_archive(file)
    try:
        untrusted = sorted(set(skops.io.get_untrusted_types(file=file)) - TRUSTED_TYPES)
        if untrusted:
            raise EvidenceError(
                f"the model at {path.name!r} holds {', '.join(untrusted)}, which is not among the types that may be "
                "loaded; nothing of it was run. Train it with the estimators that the documentation lists"
            )
        estimator = skops.io.load(file, trusted=sorted(TRUSTED_TYPES))
    except EvidenceError:
        raise
    except Exception as error:
        raise EvidenceError(f"{_MODEL_FILE} cannot be read ({type(error).__name__}: {error}); it is damaged") from error
    check_trees(estimator)
    return estimator


def _read_trained_on(path: Path) -> TrainedOn:
    """Read what a model's files say of its training; nothing where they say nothing, as before it was written there."""
    said = _described(path).get("metadata")
    told = said.get(_METADATA) if isinstance(said, dict) else None
    hashes = {key: value for key, value in told.items() if _is_hash(value)} if isinstance(told, dict) else {}
    return TrainedOn(**{one.name: hashes[one.name] for one in fields(TrainedOn) if one.name in hashes})


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def _described(path: Path) -> dict[str, Any]:
    """Read a model's MLmodel file, which whoever made it wrote as they liked.

    Raises
    ------
    EvidenceError
        If it holds no settings, or what no reader of YAML understands.
    """
    import yaml

    try:
        return dict(yaml.safe_load(read_within(path / "MLmodel", SETTINGS, subject="MLmodel")))
    except Exception as error:
        # a date, a number or an anchor that is none ends in an error of its own kind each
        raise EvidenceError(
            f"the MLmodel file does not describe a scikit-learn model ({type(error).__name__}); log the model with "
            "`igw-audit train` or mlflow.sklearn.log_model"
        ) from error


def check_flavors(path: Path) -> None:
    """Raise EvidenceError unless a model's folder holds a scikit-learn model in skops format that brings no code."""
    try:
        flavors = dict(_described(path)["flavors"])
        flavor = dict(flavors["sklearn"])
        bringing = [name for name, settings in flavors.items() if dict(settings).get("code")]
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(
            f"the MLmodel file does not describe a scikit-learn model ({type(error).__name__}); log the model with "
            "`igw-audit train` or mlflow.sklearn.log_model"
        ) from error
    kind = flavor.get("serialization_format", "pickle")
    if kind != "skops" or flavor.get("pickled_model") != _MODEL_FILE:
        # the file is the model's own: a few references in it can stand for gigabytes of text
        said = [
            repr(one)[:80] if isinstance(one, str) else type(one).__name__
            for one in (kind, flavor.get("pickled_model"))
        ]
        raise EvidenceError(
            f"the model is stored as {said[0]} in {said[1]}; loading that can run any code, so "
            f"only skops in {_MODEL_FILE} is loaded. Log it again with serialization_format='skops'"
        )
    if bringing:
        raise EvidenceError(
            f"the model brings its own code (flavor {', '.join(bringing)}), which would run on loading; log it again "
            "without code_paths"
        )


def _trusted_types_of(estimator: Any) -> list[str]:
    import skops.io

    try:
        needed = skops.io.get_untrusted_types(data=skops.io.dumps(estimator))
    except Exception as error:
        raise TrackingError(f"a {type(estimator).__name__} cannot be written in skops format: {error}") from error
    foreign = sorted(set(needed) - TRUSTED_TYPES)
    if foreign:
        raise TrackingError(
            f"the model holds {', '.join(foreign)}, which may not be loaded again; use the estimators that the "
            "documentation lists, or have the type reviewed and added to igw_audit.tracking.trusted"
        )
    return sorted(needed)


def _write(  # noqa: PLR0913, PLR0917 - all that is in the folder
    path: Path, estimator: Any, features: pd.DataFrame, made: MlflowModel, types: list[str], trained_on: TrainedOn
) -> None:
    from importlib.metadata import version

    with quiet_mlflow():
        import mlflow.sklearn
        from mlflow.models import Model

        mlflow.sklearn.save_model(
            estimator,
            str(path),
            mlflow_model=Model(model_uuid=made.model_id, model_id=made.model_id, run_id=made.source_run_id),
            serialization_format="skops",
            skops_trusted_types=types,
            signature=signature(features, classes=len(estimator.classes_)),
            input_example=nobodys_row(features),
            pyfunc_predict_fn="predict_proba",
            metadata={_METADATA: {key: value for key, value in asdict(trained_on).items() if value}},
            # given, so that MLflow does not start a second process to guess them
            pip_requirements=[f"{name}=={version(name)}" for name in ("scikit-learn", "skops", "numpy", "pandas")],
        )
