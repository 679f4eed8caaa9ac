"""The one place that every write of the gated registry passes: just before SQLAlchemy sends it to the database.

Methods of MLflow change rows; whatever method it was, the rows are looked at here, after the model's row was locked
and in the transaction that writes. Who comes in between waits, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlparse

import sqlalchemy as sa
from mlflow.entities.model_registry.model_version_stages import STAGE_DELETED_INTERNAL, STAGE_NONE
from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersion,
    SqlModelVersionTag,
    SqlRegisteredModel,
    SqlRegisteredModelAlias,
    SqlRegisteredModelTag,
)
from sqlalchemy.orm import ORMExecuteState, Session

from igw_audit.evidence.tags import CHECKPOINT, checkpoint_tag, in_our_name
from igw_audit.tracking.gated_registry.admission import (
    admit,
    admit_told,
    kept,
    refuse_other_maker,
    refuse_place,
    refuse_untold,
    reserves,
)
from igw_audit.tracking.gated_registry.keeper import HeldVersion, Keeper, first_with_evidence, held_version
from igw_audit.tracking.gated_registry.refusal import refusal

_WATCHED = (SqlModelVersion, SqlModelVersionTag, SqlRegisteredModel, SqlRegisteredModelAlias, SqlRegisteredModelTag)
_OURS = "igw_lock"
_CHECKED = "igw_checked"


class WriteGuard:
    """Looks at what a session is about to write, and refuses what would go round the gate."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def watch(self, session: Session) -> None:
        """Look at everything that this session writes."""
        sa.event.listen(session, "before_flush", self._before_flush)
        sa.event.listen(session, "do_orm_execute", _refuse_bulk)

    def promote(self, session: Session, row: SqlRegisteredModelAlias) -> None:
        """Let a guarded alias pass once: its version stands and the ledger has it, or the request is refused."""
        workspace, name, alias, version = str(row.workspace), str(row.name), str(row.alias), int(row.version)
        mark = (workspace, name, alias, version)
        if not self._keeper.settings.guards(alias) or mark in session.info.setdefault(_CHECKED, set()):
            return
        lock(session, workspace, name)
        held = held_version(session, workspace, name, version)
        before = _leads_to(session, workspace, name, alias)
        self._keeper.promote(held, alias=alias, name=name, version=version)
        session.info[_CHECKED].add(mark)
        if before != version and held is not None and not held.is_prompt:
            self._keep_checkpoint(session, workspace, name, version)

    def _keep_checkpoint(self, session: Session, workspace: str, name: str, version: int) -> None:
        """Keep the end of the ledger at the version, where a ledger that is shortened later shows against it."""
        if text := self._keeper.book.checkpoint():
            self._put(session, workspace, name, version, (checkpoint_tag(text), text))

    def _before_flush(self, session: Session, _context: Any, _instances: Any) -> None:
        for row in _changed(session, SqlRegisteredModelAlias):
            self.promote(session, row)
        for row in _changed(session, SqlRegisteredModelTag):
            refuse_place(str(row.key), str(row.name))
        for row in _changed(session, SqlModelVersionTag):
            self._tag(session, row)
        for row in _changed(session, SqlModelVersion):
            self._version(session, row)
        for row in _dirty(session, SqlRegisteredModel):
            if (before := _before(row, "name")) is not None:
                self._keep(session, str(row.workspace), before, None, "renamed")
        self._deleted(session)

    def _tag(self, session: Session, row: SqlModelVersionTag) -> None:
        if row not in session.new:
            refuse_other_maker(str(row.key), f"models:/{row.name}/{row.version}")
        workspace, name, version = str(row.workspace), str(row.name), int(row.version)
        key, value = str(row.key), str(row.value or "")
        if not in_our_name(key) or (key, version) in session.info.get(_CHECKED, ()):
            return
        lock(session, workspace, name)
        held, uri = held_version(session, workspace, name, version), f"models:/{name}/{version}"
        if not reserves(key):
            admit_told(self._keeper, held, uri=uri, key=key, value=value)
            return
        admit(self._keeper, held, uri=uri, key=key, value=value)
        if held is not None and not key.startswith(CHECKPOINT):
            self._tell(session, workspace, replace(held, tags={**held.tags, key: value}))

    def _tell(self, session: Session, workspace: str, held: HeldVersion) -> None:
        """Write what the evidence says where people look for it; whoever reads through the gate sees it anew anyway."""
        for key, value in self._keeper.derived(held).items():
            self._put(session, workspace, held.name, held.version, (key, value))

    def _put(self, session: Session, workspace: str, name: str, version: int, tag: tuple[str, str]) -> None:
        """Write a tag of the registry's own."""
        key, value = tag
        session.info.setdefault(_CHECKED, set()).add((key, version))
        session.merge(SqlModelVersionTag(workspace=workspace, name=name, version=version, key=key, value=value))

    def _version(self, session: Session, row: SqlModelVersion) -> None:
        stage = str(row.current_stage or STAGE_NONE)
        if stage == STAGE_DELETED_INTERNAL:
            self._keep(session, str(row.workspace), str(row.name), int(row.version), "deleted")
        elif stage != STAGE_NONE and (row in session.new or _before(row, "current_stage") is not None):
            raise refuse_stage(stage)

    def _deleted(self, session: Session) -> None:
        gone = [one for one in session.deleted if isinstance(one, SqlRegisteredModel | SqlModelVersion)]
        whole = {(str(one.name), getattr(one, "version", None)) for one in gone}
        for row in [one for one in session.deleted if isinstance(one, SqlModelVersionTag)]:
            if reserves(str(row.key)):
                raise kept(str(row.name), int(row.version), "deleted")
            # where the version goes too, and may, its tags go with it
            if in_our_name(str(row.key)) and not {(str(row.name), None), (str(row.name), row.version)} & whole:
                lock(session, str(row.workspace), str(row.name))
                held = held_version(session, str(row.workspace), str(row.name), int(row.version))
                refuse_untold(self._keeper, held, uri=f"models:/{row.name}/{row.version}", key=str(row.key))
        for row in gone:
            version = int(row.version) if isinstance(row, SqlModelVersion) else None
            self._keep(session, str(row.workspace), str(row.name), version, "deleted")
        for row in [one for one in session.deleted if isinstance(one, SqlRegisteredModelAlias)]:
            if self._keeper.settings.guards(str(row.alias)):
                # under the lock, so that the ledger has takings and givings in the order in which they happened
                lock(session, str(row.workspace), str(row.name))
                self._keeper.demoted(str(row.name), str(row.alias), int(row.version))

    def _keep(self, session: Session, workspace: str, name: str, version: int | None, what: str) -> None:
        """Refuse where there is evidence at a version, or at any version of a model."""
        lock(session, workspace, name)
        found = first_with_evidence(session, workspace, name, version)
        if found is not None:
            raise kept(name, found, what)


def lock(session: Session, workspace: str, name: str) -> None:
    """Lock a model's row until the transaction ends, by an update that changes nothing: both databases know that."""
    here = (SqlRegisteredModel.workspace == workspace, SqlRegisteredModel.name == name)
    session.execute(
        sa.update(SqlRegisteredModel).where(*here).values(creation_time=SqlRegisteredModel.creation_time),
        execution_options={_OURS: True, "synchronize_session": False},
    )


def refuse_stage(stage: str) -> Exception:
    """Make the refusal of a stage, whichever it is."""
    return refusal(
        "stage_refused",
        f"stage {stage!r} is not set: this registry knows no stages, which MLflow deprecated in 2.9. Promote a version "
        "to an alias instead: igw-audit promote models:/<name>/<version> --alias champion",
    )


def refuse_moving_source(source: str) -> None:
    """Refuse a source that can come to mean other files: what is approved is these bytes, in this place.

    Behind ``runs:/`` MLflow 3.17 loads whichever model of that name was logged last in the run, laid over the run's own
    files, so that logging a second one changes what an approved version loads.
    """
    if urlparse(source.strip()).scheme.lower() == "runs":
        raise refusal(
            "source_moves",
            f"{source!r} can come to mean another model, when the run logs a second one under that name; register the "
            "logged model itself (models:/m-..., as mlflow.register_model does) or the folder of its files",
        )


def _leads_to(session: Session, workspace: str, name: str, alias: str) -> int | None:
    kind = SqlRegisteredModelAlias
    here = (kind.workspace == workspace, kind.name == name, kind.alias == alias)
    return session.execute(sa.select(kind.version).where(*here)).scalar_one_or_none()


def _refuse_bulk(state: ORMExecuteState) -> None:
    """Refuse a statement that changes rows without passing the flush; MLflow 3.17 has none for the registry."""
    changes = state.is_update or state.is_delete or state.is_insert
    mapper = state.bind_mapper
    if changes and mapper is not None and mapper.class_ in _WATCHED and not state.execution_options.get(_OURS):
        raise refusal(
            "bulk_refused", f"{mapper.class_.__tablename__} is not changed by bulk statements in this registry"
        )


def _changed(session: Session, kind: type[Any]) -> Iterator[Any]:
    yield from [row for row in session.new if isinstance(row, kind)]
    yield from _dirty(session, kind)


def _dirty(session: Session, kind: type[Any]) -> Iterable[Any]:
    return [row for row in session.dirty if isinstance(row, kind) and session.is_modified(row)]


def _before(row: Any, attribute: str) -> str | None:
    """Give what an attribute held before it was changed, None where it was not."""
    history = sa.inspect(row).attrs[attribute].history
    return str(history.deleted[0]) if history.has_changes() and history.deleted else None
