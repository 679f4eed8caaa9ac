"""What the gated registry knows of a version: its evidence as the database holds it, and where it stands by that."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from mlflow.entities.model_registry.model_version_stages import STAGE_DELETED_INTERNAL
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import _PROMPT_SOURCE_PLACEHOLDERS
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlModelVersionTag, SqlRegisteredModelAlias
from sqlalchemy.orm import Session

from igw_audit.errors import IgwAuditError
from igw_audit.evidence.derived import REGISTERED_BY, derived_tags, told_tags
from igw_audit.evidence.origin import Origin
from igw_audit.evidence.signed import read_evidence
from igw_audit.evidence.standing import Standing, standing
from igw_audit.evidence.tags import RESERVED, in_our_name
from igw_audit.evidence.taken import taken_away
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.gated_registry.ledger import LedgerBook
from igw_audit.tracking.gated_registry.refusal import acting_user, no_answer, refusal
from igw_audit.tracking.gated_registry.settings import GateSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVersion:
    """A version as the database holds it at this moment of a transaction; ``created`` in ms since 1970.

    ``among_models`` tells whether another version of its name has files, as a model has and a prompt has not.
    """

    name: str
    version: int
    created: int
    source: str
    tags: Mapping[str, str]
    among_models: bool = False

    @property
    def uri(self) -> str:
        """Its address, ``models:/<name>/<version>``."""
        return f"models:/{self.name}/{self.version}"

    @property
    def is_prompt(self) -> bool:
        """Tell whether this is a prompt, by where its files would be: a tag could be set by anyone.

        A version without files under a model's name is none: it would take the alias from what was approved.
        """
        return self.source in _PROMPT_SOURCE_PLACEHOLDERS and not self.among_models


class Keeper:
    """Judges versions by their evidence, with the keys and the ledger that the settings name."""

    def __init__(self, settings: GateSettings) -> None:
        self.settings = settings
        self.book = LedgerBook(settings.ledger)

    def keys(self) -> TrustedKeys:
        """Read the trusted keys, each time anew: a key that was revoked counts no more from that moment."""
        path = self.settings.keys_file
        return TrustedKeys.read(path) if path.exists() else TrustedKeys()

    def standing(self, held: HeldVersion) -> Standing:
        """Say where a version stands at this moment.

        Raises
        ------
        IgwAuditError
            If keys or ledger cannot be read, so that nothing can be said.
        """
        name, version = held.name, str(held.version)
        found = standing(
            held.tags,
            name=name,
            version=version,
            created=held.created,
            keys=self.keys(),
            at=datetime.now(UTC),
            tightened=self.book.tightened(),
        )
        entered = self.book.signed_about(name, version)
        gone = tuple(taken_away(entered, held.tags, name=name, version=version, created=held.created))
        return replace(found, word="shut", reasons=(*gone, *found.reasons)) if gone else found

    def origin(self, held: HeldVersion) -> Origin | None:
        """Return what the ledger has of the version's registration; None where it has nothing."""
        return self.book.origin(held.name, str(held.version), held.created)

    def told(self, held: HeldVersion) -> dict[str, str]:
        """Return a version's tags as they are shown: in our name only what evidence and ledger have.

        Where keys or ledger cannot be read, nothing is shown in our name but the evidence itself.
        """
        if not any(in_our_name(key) and not key.startswith(RESERVED) for key in held.tags):
            return dict(held.tags)
        try:
            return told_tags(held.tags, self.derived(held))
        except IgwAuditError:
            _log.exception("tags in the name of igw-audit are not shown at %s, for nothing vouches for them", held.uri)
            return told_tags(held.tags, {})

    def derived(self, held: HeldVersion) -> dict[str, str]:
        """Return the tags that a version has by its evidence, and who registered it by the ledger.

        Raises
        ------
        IgwAuditError
            If keys or ledger cannot be read, so that nothing can be said.
        """
        # before the ledger kept it, only the tag said who registered a version, and no client could write that one
        origin, noted = self.origin(held), held.tags.get(REGISTERED_BY)
        maker = origin.by if origin is not None else noted
        evidence = read_evidence(
            held.tags, name=held.name, version=str(held.version), created=held.created, keys=self.keys()
        )
        return {**derived_tags(evidence), **({REGISTERED_BY: maker} if maker and noted else {})}

    def stands(self, held: HeldVersion | None) -> bool:
        """Tell whether a guarded alias of this version may be shown; no answer is a no."""
        if held is None:
            return False
        try:
            return held.is_prompt or self.standing(held).word == "open"
        except IgwAuditError:
            _log.exception("guarded aliases of %s are not shown, for its standing cannot be found", held.uri)
            return False

    def promote(self, held: HeldVersion | None, *, alias: str, name: str, version: int) -> None:
        """Enter a promotion in the ledger, before it is written; or enter that it was refused, and refuse it.

        The ledger comes first: a server killed in between leaves an entry without an alias, which a second attempt
        completes, and never an alias without an entry.
        """
        if held is None:
            raise refusal("version_missing", f"there is no models:/{name}/{version} to be promoted to {alias!r}")
        if held.is_prompt:
            return
        told = {"name": name, "version": str(version), "alias": alias, "by": acting_user()}
        try:
            found = self.standing(held)
            if found.word == "open" and found.audit is not None:
                audit = found.audit
                about = {"record_sha256": audit.record_sha256, "model_sha256": audit.model_sha256}
                self.book.enter("promoted", {**told, **about})
                return
        except IgwAuditError as error:
            raise no_answer(error) from error
        self.book.enter_if_possible("refused", {**told, "rules": rules_against(found)})
        raise not_open(found, f"{held.uri} is not promoted to {alias!r}, for it is not approved")

    def demoted(self, name: str, alias: str, version: int) -> None:
        """Enter in the ledger that a guarded alias is taken away; a ledger that fails does not keep it there."""
        told = {"name": name, "version": str(version), "alias": alias, "by": acting_user()}
        self.book.enter_if_possible("demoted", told)

    def not_standing(self, held: HeldVersion | None, *, alias: str, name: str, version: int) -> MlflowException:
        """Say why a guarded alias does not resolve."""
        if held is None:
            return refusal("version_missing", f"{name}@{alias} leads to version {version}, which is not there")
        try:
            return not_open(self.standing(held), f"{name}@{alias} leads nowhere, for {held.uri} is not approved")
        except IgwAuditError as error:
            return no_answer(error)


def rules_against(found: Standing) -> list[str]:
    """Give the rules that keep a version from standing, each once."""
    return sorted({one.rule for one in found.reasons if one.word != "allow"})


def not_open(found: Standing, sentence: str) -> MlflowException:
    """Refuse for what the standing says, all of it."""
    return refusal("not_approved", sentence, because=found.reasons)


def held_version(session: Session, workspace: str, name: str, version: int) -> HeldVersion | None:
    """Read a version and its tags from the database itself, whatever the session remembers; None if there is none."""
    here = _here(SqlModelVersion, workspace, name, version)
    kept: Any = SqlModelVersion.current_stage != STAGE_DELETED_INTERNAL
    columns = (SqlModelVersion.creation_time, SqlModelVersion.source)
    row: Any = session.execute(sa.select(*columns).where(*here, kept)).one_or_none()
    if row is None:
        return None
    there = _here(SqlModelVersionTag, workspace, name, version)
    tags: Any = session.execute(sa.select(SqlModelVersionTag.key, SqlModelVersionTag.value).where(*there)).all()
    files: Any = SqlModelVersion.source.not_in(sorted(_PROMPT_SOURCE_PLACEHOLDERS))
    models: Any = sa.select(SqlModelVersion.version).where(*_here(SqlModelVersion, workspace, name, None), files, kept)
    return HeldVersion(
        name=name,
        version=version,
        created=int(row[0]),
        source=str(row[1]),
        tags={str(key): str(value) for key, value in tags},
        among_models=session.execute(models.limit(1)).first() is not None,
    )


def first_with_evidence(session: Session, workspace: str, name: str, version: int | None) -> int | None:
    """Give the first version of a model that has evidence, looking at one version or at all; None if none has."""
    here = _here(SqlModelVersionTag, workspace, name, version)
    evidence: Any = SqlModelVersionTag.key.startswith(RESERVED, autoescape=True)
    found = session.execute(sa.select(sa.func.min(SqlModelVersionTag.version)).where(*here, evidence)).scalar_one()
    return None if found is None else int(found)


def _here(
    kind: type[SqlModelVersion] | type[SqlModelVersionTag] | type[SqlRegisteredModelAlias],
    workspace: str,
    name: str,
    version: int | None,
) -> list[Any]:
    model: list[Any] = [kind.workspace == workspace, kind.name == name]
    return model if version is None else [*model, kind.version == version]
