"""Every version that the registry holds, as the doctor looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from igw_audit.evidence.signed import Evidence, read_evidence
from igw_audit.evidence.tags import RESERVED
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.store import Store
from igw_audit.tracking.uris import unless_absent

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

    from igw_audit.evidence.origin import Place

#: Where a version's source says one of these, it is a text for a language model and no model.
_PROMPT_SOURCES = ("prompt-template", "dummy-source")
_PROMPT_TAG = "mlflow.prompt.is_prompt"
_PAGE = 200
#: Asked for beyond the highest number that is known, where MLflow does not list a model's versions.
_BEYOND = 20


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
    def place(self) -> Place:
        """Its name, number and time of creation, by which the ledger knows it."""
        return str(self.version.name), str(self.version.version), int(self.version.creation_timestamp)

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
    for model in held_models(store):
        aliases: Mapping[str, str] = model.aliases
        known = [*aliases.values(), *(one.version for one in model.latest_versions or ())]
        for version in _versions(store, str(model.name), [int(number) for number in known]):
            leading = sorted(alias for alias, number in aliases.items() if str(number) == str(version.version))
            yield Held(version=version, aliases=tuple(leading))


def held_models(store: Store) -> Iterator[RegisteredModel]:
    """Return every registered model, also those that are tagged as prompts."""
    for sought in ("!= 'true'", "= 'true'"):
        yield from _paged(store, store.client.search_registered_models, f"tags.`{_PROMPT_TAG}` {sought}")


def _versions(store: Store, name: str, known: Sequence[int]) -> list[ModelVersion]:
    """Return a model's versions; ``known`` numbers are the highest, and those that aliases lead to.

    MLflow lists none of them where one is tagged as a prompt, and takes no name with both kinds of quotes: there each
    is asked for by its number.
    """
    quote = next((one for one in "'\"" if one not in name), None)
    if quote is not None:
        search, mine = store.client.search_model_versions, f"name = {quote}{name}{quote}"
        plain = list(_paged(store, search, mine))
        tagged = list(_paged(store, search, f"{mine} AND tags.`{_PROMPT_TAG}` = 'true'"))
        if not tagged and len({str(one.version) for one in plain} & {str(number) for number in known}) == len(
            set(known)
        ):
            return plain
        known = [*known, *(int(one.version) for one in (*plain, *tagged))]
    asked = [
        unless_absent(store, inner_registry(store).get_model_version, name, str(number))
        for number in range(1, max(known, default=0) + _BEYOND)
    ]
    return [one for one in asked if one is not None]


def inner_registry(store: Store) -> Any:
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
