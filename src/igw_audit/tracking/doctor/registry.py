"""What the registry holds that went round the gate: aliases, stages, versions, evidence and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from igw_audit.errors import EvidenceError
from igw_audit.evidence.signed import Evidence, read_evidence
from igw_audit.evidence.tags import RESERVED
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.clearance import Clearance
from igw_audit.tracking.doctor.around import Around
from igw_audit.tracking.gate import record_problems
from igw_audit.tracking.models import fetch_files, hash_model_directory
from igw_audit.tracking.store import Store
from igw_audit.tracking.uris import unless_absent

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

#: Where a version's source says one of these, it is a text for a language model and no model.
_PROMPT_SOURCES = ("prompt-template", "dummy-source")
_PROMPT_TAG = "mlflow.prompt.is_prompt"
_PAGE = 200
#: Asked for beyond the highest number that is known, where MLflow does not list a model's versions.
_BEYOND = 20
#: MLflow 3.17 does not keep the logged model with the version, so that training writes it here.
_MODEL_TAG = "igw.model.id"
#: Reasons that come with time, and not from somebody going round the gate.
_LAPSED = frozenset({"audit_expired", "review_expired", "policy_tightened", "key_expired", "key_revoked"})
#: What follows from a lapsed review: the sign-off or the answer that it was.
_FOLLOWS = frozenset({"sign_off_missing", "answer_missing", "refused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One version of a model as the registry holds it, and the aliases that lead to it."""

    version: ModelVersion
    aliases: tuple[str, ...]

    @property
    def uri(self) -> str:
        """Its address."""
        return f"models:/{self.version.name}/{self.version.version}"

    @property
    def is_prompt(self) -> bool:
        """Tell whether this is a prompt: by its source, for a tag can be set on anything."""
        return str(self.version.source) in _PROMPT_SOURCES

    @property
    def copied_from(self) -> str | None:
        """The version that this one is a copy of; None where it is none. MLflow copies the tags too."""
        source = str(self.version.source)
        return source if source.startswith("models:/") and not source.startswith("models:/m-") else None

    @property
    def has_evidence(self) -> bool:
        """Tell whether anything stands in the place reserved for evidence."""
        return any(key.startswith(RESERVED) for key in self.version.tags)

    def evidence(self, keys: TrustedKeys) -> Evidence:
        """Open the version's envelopes."""
        one = self.version
        bound = {"name": str(one.name), "version": str(one.version), "created": int(one.creation_timestamp)}
        return read_evidence(one.tags, **bound, keys=keys)  # type: ignore[arg-type]


def held_versions(store: Store) -> Iterator[Held]:
    """Give every version of every registered model, also of those that are tagged as prompts."""
    for model in _models(store):
        aliases: Mapping[str, str] = model.aliases
        for version in _versions(store, str(model.name), [int(number) for number in aliases.values()]):
            leading = sorted(alias for alias, number in aliases.items() if str(number) == str(version.version))
            yield Held(version=version, aliases=tuple(leading))


def _models(store: Store) -> Iterator[RegisteredModel]:
    for sought in ("!= 'true'", "= 'true'"):
        yield from _paged(store, store.client.search_registered_models, f"tags.`{_PROMPT_TAG}` {sought}")


def _versions(store: Store, name: str, led_to: Sequence[int]) -> list[ModelVersion]:
    """Give a model's versions; MLflow lists none of them where one is tagged as a prompt, so that each is asked for."""
    quoted = name.replace("'", "''")
    plain = list(_paged(store, store.client.search_model_versions, f"name = '{quoted}'"))
    tagged = list(
        _paged(store, store.client.search_model_versions, f"name = '{quoted}' AND tags.`{_PROMPT_TAG}` = 'true'")
    )
    if not tagged:
        return plain
    last = max([*(int(one.version) for one in tagged), *led_to])
    asked = [
        unless_absent(store, _registry(store).get_model_version, name, str(number))
        for number in range(1, last + _BEYOND)
    ]
    return [one for one in asked if one is not None]


def _registry(store: Store) -> Any:
    """Give MLflow's inner client, which does not deny a model that is tagged as a prompt."""
    return store.client._get_registry_client()


def _paged(store: Store, search: Callable[..., Any], sought: str) -> Iterator[Any]:
    token = None
    while True:
        found = store.call(search, sought, max_results=_PAGE, page_token=token)
        yield from found
        token = found.token
        if not token:
            return


def around_version(
    store: Store, held: Held, clearance: Clearance, *, guards: Callable[[str], bool], at: datetime
) -> Iterator[Around]:
    """Say what went round the gate at one version; ``guards`` tells which aliases stand for approval."""
    guarded = [alias for alias in held.aliases if guards(alias)]
    if held.is_prompt:
        yield from (
            Around(
                kind="alias_of_prompt",
                where=f"models:/{held.version.name}@{alias}",
                found=f"a prompt uses the alias {alias!r}, which stands for an approved model here; it is not checked",
                do=f"give the prompt another alias: mlflow will otherwise show {alias!r} for something nobody approved",
            )
            for alias in guarded
        )
        return
    yield from _aliases(held, guarded, clearance, at)
    yield from _stage(held)
    yield from _origin(held)
    if held.copied_from is not None:
        return
    if held.has_evidence:
        yield from _evidence(held, clearance.keys)
        yield from _record(store, held)
    if held.has_evidence or guarded:
        yield from _files(store, held, clearance.keys)
        yield from _behind(store, held)


def _aliases(held: Held, guarded: Sequence[str], clearance: Clearance, at: datetime) -> Iterator[Around]:
    if not guarded:
        return
    stands = clearance.standing(held.version, at=at)
    if stands.word == "open":
        return
    against = [reason for reason in stands.reasons if reason.word != "allow"]
    rules = {reason.rule for reason in against}
    if rules == {"evidence_missing"}:
        kind = "alias_unaudited"
    elif rules & _LAPSED and rules <= _LAPSED | _FOLLOWS:
        kind = "approval_lapsed"
    else:
        kind = "alias_not_approved"
    said = "; ".join(reason.text.en for reason in against[:3])
    more = f" (and {len(against) - 3} more reasons: igw-audit gate {held.uri})" if len(against) > 3 else ""
    for alias in guarded:
        yield Around(
            kind=kind,
            where=f"models:/{held.version.name}@{alias}",
            found=f"{alias!r} leads to {held.uri}, which does not stand: {said}{more}",
            do=f"take the alias away (mlflow: delete_registered_model_alias), or get the version approved and run: "
            f"igw-audit promote {held.uri} --alias {alias}",
        )


def _stage(held: Held) -> Iterator[Around]:
    stage = str(held.version.current_stage or "None")
    if stage in ("Staging", "Production"):
        yield Around(
            kind="stage_in_use",
            where=held.uri,
            found=f"the version has the stage {stage!r}; stages pass no gate, and MLflow deprecated them",
            do=f"set the stage back to None and promote to an alias instead: igw-audit promote {held.uri}",
        )


def _origin(held: Held) -> Iterator[Around]:
    if held.copied_from is not None:
        yield Around(
            kind="copied_version",
            where=held.uri,
            found=f"the version is a copy of {held.copied_from}; the evidence of that one says nothing about this one",
            do="train and audit it here under its own name, or delete the copy",
        )
    elif "igw.model.sha256" not in held.version.tags:
        yield Around(
            kind="registered_outside",
            where=held.uri,
            found="the version was registered by plain MLflow: nothing tells what it was trained on, or on which bytes",
            do="register it with igw-audit train PIPELINE, or delete it; it can be loaded by its number by anyone",
        )


def _evidence(held: Held, keys: TrustedKeys) -> Iterator[Around]:
    for refused in held.evidence(keys).refused:
        yield Around(
            kind="evidence_changed",
            where=held.uri,
            found=f"the evidence under {refused.detail} does not hold ({refused.reason}): somebody wrote to the "
            "registry's database, or signed with a key that is not trusted",
            do="find out who could write there; register the model as a new version and audit that",
        )


def _files(store: Store, held: Held, keys: TrustedKeys) -> Iterator[Around]:
    said = {one.statement.model_sha256 for one in held.evidence(keys).audits}
    number = str(held.version.version)
    place = store.call(_registry(store).get_model_version_download_uri, str(held.version.name), number)
    try:
        with TemporaryDirectory() as aside:
            found = hash_model_directory(fetch_files(store, place, Path(aside)))
    except EvidenceError as error:
        yield Around(
            kind="model_missing",
            where=held.uri,
            found=f"the model's files cannot be read: {error}",
            do="restore them from a backup (the hash in the signed audit tells whether they are the same)",
        )
        return
    if said and found not in said:
        yield Around(
            kind="model_changed",
            where=held.uri,
            found=f"the model's files ({found[:12]}...) are not those that were audited "
            f"({', '.join(one[:12] for one in sorted(said))}...)",
            do="take its aliases away, find out who could write to the files, and train and audit a new version",
        )


def _record(store: Store, held: Held) -> Iterator[Around]:
    for reason in record_problems(store, held.version):
        yield Around(
            kind="record_changed",
            where=held.uri,
            found=reason.text.en,
            do="restore the run's files from a backup, or audit the version again: "
            f"igw-audit audit {held.uri} --key FILE",
        )


def _behind(store: Store, held: Held) -> Iterator[Around]:
    run, model = held.version.run_id, held.version.model_id or held.version.tags.get(_MODEL_TAG)
    gone = unless_absent(store, store.client.get_run, str(run)) if run else None
    if run and (gone is None or gone.info.lifecycle_stage == "deleted"):
        yield Around(
            kind="run_gone",
            where=held.uri,
            found=f"the run {run} behind the version was deleted, and with it go the record and its pages",
            do=f"bring it back: mlflow runs restore --run-id {run}",
        )
    if model and unless_absent(store, store.client.get_logged_model, str(model)) is None:
        yield Around(
            kind="logged_model_gone",
            where=held.uri,
            found=f"the logged model {model} behind the version was deleted, and with it its files will go",
            do="have the administrator of the MLflow store bring it back before deleted things are cleaned up",
        )
