"""An alias is set where the gate is open, and nothing changes where it is not."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from igw_audit.errors import EvidenceError, TrackingError
from igw_audit.evidence.tags import CHECKPOINT
from igw_audit.tracking.approved import load_approved
from igw_audit.tracking.promote import Promoter, Promotion, promote_version
from igw_audit.tracking.store import Store


def promote(store: Store, people: Any, material: Any, version: int = 1, **more: Any) -> Promotion:
    key = people.key("auditor") if more.pop("signed", True) else None
    return promote_version(
        store,
        "study",
        version,
        alias="champion",
        clearance=people.clearance(),
        redecide=material.redecide,
        promoter=Promoter(by="lead", key=key),
    )


def aliases(store: Store) -> dict[str, str]:
    return {name: str(number) for name, number in store.client.get_registered_model("study").aliases.items()}


def test_what_is_open_is_promoted_and_the_ledger_has_it_with_its_end_kept_at_the_version(
    store: Store, people: Any, material: Any, attached: Any
) -> None:
    version, record = attached()
    audit = people.audit(store, version, record)
    people.review(store, audit)
    done = promote(store, people, material)
    assert (done.verdict.word, done.previous) == ("allow", None)
    assert aliases(store) == {"champion": "1"}
    (entry,) = people.ledger.entries("promoted")
    assert entry.content["record_sha256"] == audit.record_sha256
    assert (entry.content["by"], entry.content["previous"]) == ("lead", None)
    held = store.client.get_model_version("study", "1")
    kept = [text for key, text in held.tags.items() if key.startswith(CHECKPOINT)]
    assert len(kept) == 1
    assert not people.ledger.verify(people.trusted, checkpoints=kept)


@pytest.mark.parametrize(("ratio", "word", "rule"), [(1.25, "refer", "answer_missing"), (3.0, "refuse", "refused")])
def test_what_is_not_open_leaves_the_former_alias_and_says_every_reason(  # noqa: PLR0917
    store: Store, people: Any, material: Any, attached: Any, ratio: float, word: str, rule: str
) -> None:
    first, record = attached()
    people.review(store, people.audit(store, first, record))
    promote(store, people, material)
    second, worse = attached(ratio)
    people.audit(store, second, worse)
    done = promote(store, people, material, version=2)
    assert done.verdict.word == word
    assert rule in {reason.rule for reason in done.verdict.reasons}
    assert aliases(store) == {"champion": "1"}
    (entry,) = people.ledger.entries("refused")
    assert rule in entry.content["rules"]


def test_a_better_version_takes_the_alias_over_and_the_ledger_says_from_which(
    store: Store, people: Any, material: Any, attached: Any
) -> None:
    for number in (1, 2):
        version, record = attached()
        people.review(store, people.audit(store, version, record))
        done = promote(store, people, material, version=number)
    assert done.previous == "1"
    assert aliases(store) == {"champion": "2"}
    assert [entry.content["previous"] for entry in people.ledger.entries("promoted")] == [None, "1"]


def test_a_registry_that_refuses_leaves_no_alias_and_a_ledger_that_says_so(
    store: Store, people: Any, material: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    database = sqlite3.connect(store.root / "mlruns" / "igw.db")
    database.execute(
        "CREATE TRIGGER no_alias BEFORE INSERT ON registered_model_aliases BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    database.commit()
    with pytest.raises(TrackingError):
        promote(store, people, material)
    assert aliases(store) == {}
    kinds = [entry.kind for entry in people.ledger.entries() if entry.kind not in ("key", "created")]
    assert kinds == ["audited", "promoted", "refused"]
    database.execute("DROP TRIGGER no_alias")
    database.commit()
    database.close()
    assert promote(store, people, material).verdict.word == "allow"


def test_a_ledger_that_cannot_be_written_means_no_promotion(
    store: Store, people: Any, material: Any, attached: Any
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    people.ledger.append("scored", {"cases": 1})
    database = sqlite3.connect(people.folder / "ledger.db")
    (table,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%entr%'").fetchone()
    database.execute(f"CREATE TRIGGER shut BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'full'); END")
    database.commit()
    database.close()
    with pytest.raises(EvidenceError):
        promote(store, people, material)
    assert aliases(store) == {}


def test_what_was_promoted_loads_by_its_alias_in_its_project(
    store: Store, people: Any, material: Any, attached: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, record = attached()
    people.review(store, people.audit(store, version, record))
    promote(store, people, material)
    people.trusted.save(store.root / "audits" / "trusted_keys.toml")
    monkeypatch.setenv("IGW_LEDGER", f"sqlite:///{people.folder / 'ledger.db'}")
    model = load_approved("study", project=store.root)
    assert (model.version, model.audit.author) == ("1", "author")
