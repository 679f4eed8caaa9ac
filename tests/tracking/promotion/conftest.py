"""People with keys: an auditor, reviewers, the author, and somebody whom nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from igw_audit.core.record import AuditRecord
from igw_audit.evidence.derived import RECORD_TAG
from igw_audit.evidence.dsse import sign
from igw_audit.evidence.keys import SigningKey, load_key, new_key
from igw_audit.evidence.known_keys import enter_key
from igw_audit.evidence.ledger import Ledger, open_ledger
from igw_audit.evidence.reasons import Answer
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import stamp
from igw_audit.evidence.tags import audit_tag, review_tag
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.clearance import Clearance
from igw_audit.tracking.registry import RegisteredVersion
from igw_audit.tracking.store import Store

NOW = datetime.now(UTC)


@dataclass
class People:
    """The keys of everyone, and what they sign; ``trusted`` is whom we know."""

    folder: Path
    trusted: TrustedKeys = field(default_factory=TrustedKeys)

    def key(self, who: str) -> SigningKey:
        path = self.folder / f"{who}.pem"
        return load_key(path if path.exists() else new_key(who, self.folder))

    def trust(self, who: str, *roles: str, reviews: tuple[str, ...] = (), **more: Any) -> None:
        at, entered = more.pop("at", NOW - timedelta(days=30)), more.pop("entered", True)
        self.trusted = self.trusted.trust(
            self.key(who).public, holder=who, roles=roles, reviewer_roles=reviews or None, at=at, **more
        )
        if entered:
            enter_key(self.ledger, self.trusted.named(self.key(who).keyid), doing="trusted", by="lead")

    @property
    def ledger(self) -> Ledger:
        return open_ledger(f"sqlite:///{self.folder / 'ledger.db'}")

    def clearance(self, **more: Any) -> Clearance:
        return Clearance(**{"keys": self.trusted, "ledger": self.ledger, **more})

    def audit(self, store: Store, version: RegisteredVersion, record: AuditRecord, **changed: Any) -> AuditStatement:
        """Sign the record that is attached to a version, enter it in the ledger, and put the envelope where it belongs.

        Without ``entered`` the ledger does not hear of it.
        """
        entered = changed.pop("entered", True)
        who, at = changed.pop("who", "auditor"), changed.pop("at", NOW - timedelta(hours=2))
        held = store.client.get_model_version(version.name, version.version)
        sha256 = changed.pop("record_sha256", held.tags.get(RECORD_TAG))
        statement = AuditStatement.of(
            record,
            name=version.name,
            version=version.version,
            version_created=held.creation_timestamp,
            record_sha256=sha256,
            pages={},
            author="author",
            signed_at=at,
        )
        envelope = sign(statement.payload(), self.key(who)).to_json()
        if entered:
            place = {"name": version.name, "version": version.version, "record_sha256": sha256}
            self.ledger.append("audited", {**place, "tag": audit_tag(sha256)}, key=self.key(who))
        store.client.set_model_version_tag(version.name, version.version, audit_tag(sha256), envelope)
        return statement

    def review(self, store: Store, audit: AuditStatement, who: str = "reviewer", **changed: Any) -> ReviewStatement:
        """Sign a review of an audited version, answering every reason, and put it where it belongs."""
        at = changed.pop("at", NOW - timedelta(hours=1))
        words = dict.fromkeys(("aim", "suitability", "necessity", "alternatives", "proportionality"), "said why")
        answers = tuple(Answer(reason=reason.id, override=reason.word == "refuse", **words) for reason in audit.reasons)
        content: dict[str, Any] = {
            "name": audit.name,
            "version": audit.version,
            "version_created": audit.version_created,
            "model_sha256": audit.model_sha256,
            "record_sha256": audit.record_sha256,
            "at": stamp(at),
            "by": who,
            "role": "ethics",
            "word": "approve",
            "answers": answers,
            "ethics": "right to do",
            "expires": stamp(at + timedelta(days=90)),
            "signed_as": "person",
        }
        statement = ReviewStatement(**{**content, **changed})
        envelope = sign(statement.payload(), self.key(who)).to_json()
        key = review_tag(audit.record_sha256, envelope)
        store.client.set_model_version_tag(audit.name, audit.version, key, envelope)
        return statement


@pytest.fixture
def people(tmp_path: Path) -> People:
    """Know an auditor and two reviewers; the author and the stranger have keys that are not trusted."""
    them = People(folder=tmp_path / "keys")
    them.trust("auditor", "auditor")
    them.trust("reviewer", "reviewer", reviews=("ethics",))
    them.trust("second", "reviewer", reviews=("ethics", "legal"))
    return them


@pytest.fixture
def attached(store: Store, material: Any) -> Any:
    """Give a function that trains a version and attaches a record whose ratio gives the wanted word."""
    from igw_audit.tracking.registry import attach_record

    def make(ratio: float = 1.0) -> tuple[RegisteredVersion, AuditRecord]:
        _, version = material.train(store)
        record = material.make_record(version.model_sha256, ratio=ratio)
        attach_record(store, version.name, version.version, record=record, pages=material.PAGES)
        return version, record

    return make
