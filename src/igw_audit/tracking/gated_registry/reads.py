"""The methods of the registry that read, and what each leaves out: aliases that do not stand, stages, mere claims.

What was written straight into the database is therefore inert: no address that goes through the registry leads there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.entities.model_registry.model_version_stages import ALL_STAGES, STAGE_NONE, get_canonical_stage
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.orm import Session

from igw_audit.core.lookalike import skeleton
from igw_audit.evidence.tags import in_our_name
from igw_audit.tracking.gated_registry.guard import WriteGuard
from igw_audit.tracking.gated_registry.keeper import HeldVersion, Keeper, held_version
from igw_audit.tracking.gated_registry.settings import GateSettings


class FilteredReads(SqlAlchemyStore):
    """What is shown: an alias that is guarded only where its version stands, a stage never."""

    def __init__(self, db_uri: str, read_db_uri: str | None = None) -> None:
        self.keeper = Keeper(GateSettings.from_surroundings(db_uri))
        super().__init__(db_uri, read_db_uri=read_db_uri)
        self.guard = WriteGuard(self.keeper)
        self._plain_session = self.ManagedSessionMaker
        self.ManagedSessionMaker = self._guarded_session

    @contextmanager
    def _guarded_session(self, read_only: bool = True) -> Iterator[Session]:
        plain: AbstractContextManager[Session] = self._plain_session(read_only=read_only)
        with plain as session:
            self.guard.watch(session)
            yield session

    def _populate_model_version_aliases(self, session: Session, name: str, version: ModelVersion) -> ModelVersion:
        shown = super()._populate_model_version_aliases(session, name, version)
        pairs = [(alias, int(version.version)) for alias in shown.aliases]
        shown.aliases = [alias for alias, _ in self._standing(session, name, pairs)]
        return self._told(shown)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Resolve an alias; a guarded one that does not stand says why."""
        found: ModelVersion = super().get_model_version_by_alias(name, alias)
        if self.keeper.settings.guards(alias) and alias not in found.aliases:
            with self.ManagedSessionMaker() as session:
                held = held_version(session, self._get_active_workspace(), name, int(found.version))
            raise self.keeper.not_standing(held, alias=alias, name=name, version=int(found.version))
        return found

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Give a model with the aliases that stand."""
        return self._shown(super().get_registered_model(name))

    def update_registered_model(
        self, name: str, description: str | None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        """Change a model's description."""
        return self._shown(super().update_registered_model(name, description, deployment_job_id))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Rename a model that has no evidence: evidence is about a name."""
        return self._shown(super().rename_registered_model(name, new_name))

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> Any:
        """Search models, each with the aliases that stand; what a tag in our name claims finds none."""
        found = super().search_registered_models(filter_string, max_results, order_by, page_token)
        kept = [model for model in found if not (_asks_us(filter_string) and _ours(model.tags))]
        return PagedList([self._shown(model) for model in kept], found.token)

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> Any:
        """Search versions; none is shown in a stage, and none is found by what a tag in our name falsely claims."""
        found = super().search_model_versions(filter_string, max_results, order_by, page_token)
        stored = [_ours(version.tags) for version in found]
        shown = [self._told(version) for version in found]
        true = [
            not _asks_us(filter_string) or claims == _ours(one.tags) for one, claims in zip(shown, stored, strict=True)
        ]
        return PagedList([one for one, told in zip(shown, true, strict=True) if told], found.token)

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """Give the latest version, as in stage None; no version is in any other."""
        wanted = {get_canonical_stage(stage) for stage in stages or ALL_STAGES}
        every = [self._told(version) for version in super().get_latest_versions(name, list(ALL_STAGES))]
        if STAGE_NONE not in wanted or not every:
            return []
        latest = max(every, key=lambda version: int(version.version))
        with self.ManagedSessionMaker() as session:
            return [self._populate_model_version_aliases(session, name, latest)]

    def _shown(self, model: RegisteredModel) -> RegisteredModel:
        guarded = any(self.keeper.settings.guards(alias) for alias in model.aliases)
        if guarded:
            pairs = [(alias, int(version)) for alias, version in model.aliases.items()]
            with self.ManagedSessionMaker() as session:
                standing = set(self._standing(session, model.name, pairs))
            for alias, version in pairs:
                if (alias, version) not in standing:
                    del model.aliases[alias]
        model.latest_versions = _latest([self._told(version) for version in model.latest_versions])
        # not .tags, which leaves out what makes a prompt of it
        model._tags = {key: value for key, value in model._tags.items() if not in_our_name(key)}
        return model

    def _told(self, version: ModelVersion) -> ModelVersion:
        """Show a version in no stage, with the tags in our name that evidence and ledger give."""
        version.current_stage = STAGE_NONE
        held = HeldVersion(
            name=str(version.name),
            version=int(version.version),
            created=int(version.creation_timestamp),
            source=str(version.source),
            tags=version.tags,
        )
        version._tags = self.keeper.told(held)
        return version

    def _standing(self, session: Session, name: str, pairs: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Give the aliases that may be shown: all that are not guarded, and of the guarded those that stand."""
        workspace, known = self._get_active_workspace(), dict[int, bool]()
        for version in {version for alias, version in pairs if self.keeper.settings.guards(alias)}:
            known[version] = self.keeper.stands(held_version(session, workspace, name, version))
        return [(alias, version) for alias, version in pairs if known.get(version, True) or not self._guards(alias)]

    def _guards(self, alias: str) -> bool:
        return self.keeper.settings.guards(alias)


def _asks_us(filter_string: str | None) -> bool:
    """Tell whether a search is by a tag in our name, which the database answers by what is stored there."""
    return filter_string is not None and skeleton("igw") in skeleton(filter_string)


def _ours(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if in_our_name(key)}


def _latest(versions: list[ModelVersion]) -> list[ModelVersion]:
    return [max(versions, key=lambda version: int(version.version))] if versions else []
