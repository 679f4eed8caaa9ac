"""The methods of the registry that must lock before they read, or leave something out; the rest the guard looks at."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from mlflow.entities.model_registry import ModelVersionTag
from mlflow.prompt.constants import _PROMPT_SOURCE_PLACEHOLDERS
from mlflow.store.model_registry.dbmodels.models import SqlModelVersionTag, SqlRegisteredModelAlias
from mlflow.utils.validation import (
    _validate_model_alias_name,
    _validate_model_alias_name_reserved,
    _validate_model_name,
    _validate_model_version,
    _validate_model_version_tag,
)

from igw_audit.errors import IgwAuditError
from igw_audit.evidence.derived import CLAIMS, REGISTERED_BY
from igw_audit.evidence.origin import CREATED, entry_of_origin
from igw_audit.evidence.tags import in_our_name
from igw_audit.tracking.gated_registry.admission import (
    claimed,
    refuse_other_maker,
    refuse_words,
    reserves,
    tag_reserved,
)
from igw_audit.tracking.gated_registry.guard import lock, refuse_moving_source, refuse_stage
from igw_audit.tracking.gated_registry.reads import FilteredReads
from igw_audit.tracking.gated_registry.refusal import acting_user, no_answer, signed_in_user

_COPIED = re.compile(r"models:/[^/]+/\d+", re.IGNORECASE)
_MODEL_ID = "igw.model.id"


class GuardedWrites(FilteredReads):
    """What may not be changed, and by nobody, whatever rights MLflow gives."""

    def create_model_version(  # noqa: PLR0913, PLR0917 - MLflow's own parameters
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Any = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,
        model_id: str | None = None,
    ) -> Any:
        """Register a version, and keep in the ledger which account did, from where, and what it said of it.

        A copy comes without the evidence of what it was copied from, which is about that one.
        """
        refuse_moving_source(source)
        maker, prompt = signed_in_user(), source in _PROMPT_SOURCE_PLACEHOLDERS
        told = {str(tag.key): str(tag.value) for tag in tags or []}
        refuse_words(told, source=source, run_link=run_link)
        tags = [tag for tag in tags or [] if _kept(str(tag.key), name, copied=_COPIED.fullmatch(source) is not None)]
        tags += [ModelVersionTag(REGISTERED_BY, maker)] if maker and not prompt else []
        made = super().create_model_version(
            name, source, run_id, tags, run_link, description, local_model_path, model_id
        )
        if not prompt:
            entry = entry_of_origin(
                name=str(made.name),
                version=str(made.version),
                created=int(made.creation_timestamp),
                by=acting_user(),
                source=source,
                run_id=str(made.run_id or ""),
                model_id=str(model_id or told.get(_MODEL_ID, "")),
                claims=claimed(told),
            )
            self._enter_origin(made, entry)
        return made

    def _enter_origin(self, made: Any, entry: dict[str, Any]) -> None:
        """Enter where a version came from; one of which the ledger cannot know that is not kept."""
        try:
            self.keeper.book.enter(CREATED, entry)
        except IgwAuditError as error:
            super().delete_model_version(made.name, made.version)
            raise no_answer(error) from error

    def transition_model_version_stage(
        self,
        name: str,  # noqa: ARG002 - no stage of any version
        version: Any,  # noqa: ARG002
        stage: str,
        archive_existing_versions: bool,  # noqa: ARG002
    ) -> NoReturn:
        """Refuse: there are no stages."""
        raise refuse_stage(stage)

    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
        """Set an alias; a guarded one only on a version that stands, in the transaction that looks."""
        _validate_model_name(name)
        _validate_model_alias_name(alias)
        _validate_model_alias_name_reserved(alias)
        number = _validate_model_version(version)
        workspace = self._get_active_workspace()
        with self.ManagedSessionMaker(read_only=False) as session:
            lock(session, workspace, name)
            self._get_sql_model_version(session, name, number)
            row = SqlRegisteredModelAlias(workspace=workspace, name=name, alias=alias, version=number)
            self.guard.promote(session, row)
            session.merge(row)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Take an alias away; whoever comes second finds it gone."""
        _validate_model_name(name)
        _validate_model_alias_name(alias)
        with self.ManagedSessionMaker(read_only=False) as session:
            lock(session, self._get_active_workspace(), name)
            self._get_registered_model(session, name)
            row = self._get_registered_model_alias(session, name, alias)
            if row is not None:
                session.delete(row)

    def delete_model_version_tag(self, name: str, version: Any, key: str) -> None:
        """Delete a tag that is neither evidence nor the server's own word on who registered the version."""
        refuse_other_maker(key, f"models:/{name}/{version}")
        super().delete_model_version_tag(name, version, key)

    def set_model_version_tag(self, name: str, version: Any, tag: Any) -> None:
        """Set a tag, one writer at a time (MLflow fails the second of two at once); evidence once, if it holds."""
        refuse_other_maker(tag.key, f"models:/{name}/{version}")
        _validate_model_name(name)
        _validate_model_version_tag(tag.key, tag.value)
        number = _validate_model_version(version)
        workspace = self._get_active_workspace()
        with self.ManagedSessionMaker(read_only=False) as session:
            lock(session, workspace, name)
            self._get_sql_model_version(session, name, number)
            session.merge(
                SqlModelVersionTag(workspace=workspace, name=name, version=number, key=tag.key, value=tag.value)
            )


def _kept(key: str, name: str, *, copied: bool) -> bool:
    """Tell whether a tag goes to the version that is registered; refuse one that says more in our name than it may."""
    if not in_our_name(key) or (reserves(key) and not copied):
        return True
    if copied or key == REGISTERED_BY or key in CLAIMS:
        return False
    raise tag_reserved(key, f"a version of {name!r}")
