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

from igw_audit.tracking.gated_registry.admission import REGISTERED_BY, refuse_other_maker, reserves
from igw_audit.tracking.gated_registry.guard import lock, refuse_stage
from igw_audit.tracking.gated_registry.reads import FilteredReads
from igw_audit.tracking.gated_registry.refusal import signed_in_user

_COPIED = re.compile(r"models:/[^/]+/\d+")


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
        """Register a version, and keep which account did, where the server saw it sign in.

        A copy comes without the evidence of what it was copied from, which is about that one.
        """
        maker = signed_in_user()
        tags = [tag for tag in tags or [] if tag.key != REGISTERED_BY]
        tags += [ModelVersionTag(REGISTERED_BY, maker)] if maker and source not in _PROMPT_SOURCE_PLACEHOLDERS else []
        if _COPIED.fullmatch(source):
            tags = [tag for tag in tags if not reserves(tag.key)]
        return super().create_model_version(
            name, source, run_id, tags, run_link, description, local_model_path, model_id
        )

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
