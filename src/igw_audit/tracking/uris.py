"""Which model is meant: ``models:/name/1``, ``models:/name@alias``, ``models:/m-...`` and ``runs:/id/name``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from igw_audit.errors import TrackingError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from igw_audit.tracking.store import Store

Answer = TypeVar("Answer")

FORMS = "models:/<name>/<version>, models:/<name>@<alias>, models:/m-<id> or runs:/<run id>/<model name>"
_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUri:
    """A model address taken apart; the parts that its form does not have are None."""

    text: str
    name: str | None = None
    version: str | None = None
    alias: str | None = None
    model_id: str | None = None
    run_id: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLocation:
    """Where a model's files are, and which version and run it belongs to (None where it has none)."""

    uri: str
    artifact_uri: str
    name: str | None
    version: str | None
    run_id: str | None


def is_model_uri(text: str) -> bool:
    """Tell whether a text is meant as a model address and not as a path."""
    return text.startswith(("models:", "runs:"))


def parse_uri(text: str) -> ModelUri:
    """Take a model address apart.

    Raises
    ------
    TrackingError
        If it has none of the four forms; the message lists them.

    Examples
    --------
    >>> parse_uri("models:/study/3").version
    '3'
    >>> parse_uri("models:/study@champion").alias
    'champion'
    """
    if found := re.fullmatch(r"models:/(m-[0-9a-f]{8,})", text):
        return ModelUri(text=text, model_id=found[1])
    if found := re.fullmatch(r"models:/([^/@]+)/([1-9][0-9]*)", text):
        return ModelUri(text=text, name=found[1], version=found[2])
    if found := re.fullmatch(r"models:/([^/@]+)@([^/@]+)", text):
        return ModelUri(text=text, name=found[1], alias=found[2])
    if found := re.fullmatch(r"runs:/([0-9a-f]{32})/(.+)", text):
        return ModelUri(text=text, run_id=found[1], path=found[2].rstrip("/"))
    if found := re.fullmatch(r"models:/([^/@]+)(?:/(.*))?", text):
        said = f"names {found[2]!r} where a version number belongs" if found[2] else "names no version"
        raise TrackingError(
            f"{text!r} {said}: an audit and a gate are about one version, "
            f"so give its number or an alias, for example models:/{found[1]}/1"
        )
    raise TrackingError(f"{text!r} is not a model address; expected {FORMS}")


def locate(store: Store, text: str) -> ModelLocation:
    """Find the files of the model that an address means.

    Raises
    ------
    TrackingError
        If there is no such model, version, alias or run; the message lists those that there are.
    """
    uri = parse_uri(text)
    if uri.model_id is not None:
        return _logged(store, uri.text, uri.model_id)
    if uri.run_id is not None and uri.path is not None:
        return _of_run(store, uri, uri.run_id, uri.path)
    version = find_version(store, uri)
    return ModelLocation(
        uri=f"models:/{version.name}/{version.version}",
        artifact_uri=store.call(store.client.get_model_version_download_uri, version.name, str(version.version)),
        name=version.name,
        version=str(version.version),
        run_id=version.run_id or None,
    )


def find_version(store: Store, uri: ModelUri) -> ModelVersion:
    """Find the registered version that an address with a name means; errors as ``locate``."""
    name = uri.name or ""
    model = unless_absent(store, store.client.get_registered_model, name)
    if model is None:
        known = sorted(model.name for model in store.call(store.client.search_registered_models))
        raise TrackingError(f"no model named {name!r} is registered; {_listed('registered models', known)}")
    if uri.alias is not None:
        number = model.aliases.get(uri.alias)
        if number is None:
            raise TrackingError(
                f"model {name!r} has no alias {uri.alias!r}; {_listed('its aliases', sorted(model.aliases))}"
            )
    else:
        number = uri.version
    version = unless_absent(store, store.client.get_model_version, name, str(number))
    if version is None:
        quoted = name.replace("'", "''")
        held = store.call(store.client.search_model_versions, f"name = '{quoted}'")
        numbers = [str(number) for number in sorted(int(one.version) for one in held)]
        raise TrackingError(f"model {name!r} has no version {number}; {_listed('its versions', numbers)}")
    return version


def _logged(store: Store, text: str, model_id: str) -> ModelLocation:
    model = unless_absent(store, store.client.get_logged_model, model_id)
    if model is None:
        raise TrackingError(f"no logged model {model_id} at {store.address}; look it up in the run that made it")
    if str(model.status) != "READY":
        raise TrackingError(f"logged model {model_id} is {model.status}: its run did not finish; train it again")
    return ModelLocation(
        uri=text, artifact_uri=model.artifact_location, name=None, version=None, run_id=model.source_run_id
    )


def _of_run(store: Store, uri: ModelUri, run_id: str, path: str) -> ModelLocation:
    run = unless_absent(store, store.client.get_run, run_id)
    if run is None:
        raise TrackingError(f"no run {run_id} at {store.address}")
    made = run.outputs.model_outputs if run.outputs else []
    models = [store.call(store.client.get_logged_model, output.model_id) for output in made]
    named = [model for model in models if model.name == path]
    if named:
        return _logged(store, uri.text, named[-1].model_id)
    if any(file.path == f"{path}/MLmodel" for file in store.call(store.client.list_artifacts, run_id, path)):
        place = f"{run.info.artifact_uri.rstrip('/')}/{path}"
        return ModelLocation(uri=uri.text, artifact_uri=place, name=None, version=None, run_id=run_id)
    raise TrackingError(f"run {run_id} has no model {path!r}; {_listed('its models', [m.name for m in models])}")


def unless_absent(store: Store, function: Callable[..., Answer], *args: str) -> Answer | None:
    """Call MLflow, giving None where it says that the thing asked for does not exist."""
    try:
        return store.call(function, *args)
    except TrackingError as error:
        if getattr(error.__cause__, "error_code", None) in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            return None
        raise


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return f"{what}: none yet"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{what}: {', '.join(names[:_LISTED])}{more}"
