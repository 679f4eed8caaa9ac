"""What stands behind the versions that have evidence: their files, their runs and their records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from mlflow.entities.model_registry.model_version_stages import STAGE_DELETED_INTERNAL
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlModelVersionTag

from igw_audit.evidence.tags import RESERVED, evidence_tags

if TYPE_CHECKING:
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind one version: addresses of its files, its run, and how the hashes of its records start."""

    uri: str
    files: tuple[str, ...]
    run_id: str
    records: tuple[str, ...]


def behind_evidence(registry: SqlAlchemyStore) -> list[Behind]:
    """Give what stands behind each version with evidence, in every workspace."""
    tag, version = SqlModelVersionTag, SqlModelVersion
    same = sa.and_(tag.workspace == version.workspace, tag.name == version.name, tag.version == version.version)
    columns = (version.workspace, version.name, version.version, version.source, version.storage_location)
    asked: Any = (
        sa.select(*columns, version.run_id, tag.key)
        .join(tag, same)
        .where(tag.key.startswith(RESERVED, autoescape=True), version.current_stage != STAGE_DELETED_INTERNAL)
    )
    with registry.ManagedSessionMaker() as session:
        rows = session.execute(asked).all()
    found: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        found.setdefault(tuple(row[:6]), []).append(str(row[6]))
    return [_behind(row, keys) for row, keys in found.items()]


def _behind(row: tuple[Any, ...], keys: list[str]) -> Behind:
    _, name, number, source, storage, run_id = row
    places = tuple(dict.fromkeys(str(place) for place in (storage, source) if place))
    records = {one.record for one in evidence_tags(dict.fromkeys(keys, "")) if one.kind == "audit"}
    return Behind(
        uri=f"models:/{name}/{number}", files=places, run_id=str(run_id or ""), records=tuple(sorted(records))
    )
