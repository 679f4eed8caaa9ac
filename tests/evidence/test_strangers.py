"""Whatever a stranger puts where evidence belongs is refused with a reason; nothing else happens."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.evidence.world import NOW, World, new_world

from igw_audit.core.canonical import canonical_json
from igw_audit.errors import EvidenceError
from igw_audit.evidence.bundle import Bundle, EvidenceFile
from igw_audit.evidence.dsse import Envelope, EnvelopeError, sign
from igw_audit.evidence.entries import read_head
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.tags import RESERVED, audit_tag, review_tag
from igw_audit.evidence.verify import verify_bundle

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("a" * 64)
ANY_JSON = st.recursive(LEAVES, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=8), one))
WORLD = new_world()


def refused(read: Callable[[Any], object], given: Any) -> str | None:
    """Give the word with which something is refused; None where it is read."""
    try:
        read(given)
    except EnvelopeError as error:
        return error.reason
    return None


def altered(content: Any, data: st.DataObject) -> Any:
    """Replace one part of JSON, somewhere deep, with something else."""
    if isinstance(content, dict) and content and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(content)))
        if data.draw(st.booleans()):
            return {name: value for name, value in content.items() if name != key}
        return {**content, key: altered(content[key], data)}
    if isinstance(content, list) and content and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content) - 1))
        return [*content[:at], altered(content[at], data), *content[at + 1 :]]
    return data.draw(ANY_JSON)


@given(ANY_JSON, st.text(max_size=40))
@example({"payload": "", "payloadType": "", "signatures": [{}]}, "")
@example({"payload": "é", "payloadType": "", "signatures": []}, "{}")
def test_any_json_and_any_text_is_refused_as_an_envelope(content: Any, text: str) -> None:
    for one in (canonical_json(content), json.dumps(content), text):
        assert refused(Envelope.from_json, one) == "payload_broken"


@settings(max_examples=200)
@given(data=st.data())
def test_a_signed_statement_of_any_other_shape_is_broken_and_shuts(data: st.DataObject) -> None:
    """Also what a trusted auditor signs: the key may be right and the content wrong."""
    audit = WORLD.statement("refer")
    content = json.loads(audit.payload())
    payload = canonical_json(altered(content, data)).encode(errors="surrogatepass")
    for kind in (AuditStatement, ReviewStatement):
        assert refused(kind.read, payload) == "payload_broken" or kind.read(payload).payload() == payload
    tags = {audit_tag(audit.record_sha256): sign(payload, WORLD.private["ci"]).to_json()}
    found = World(keys=WORLD.keys, private=WORLD.private, tags=tags).stands()
    assert found.word != "open"


@given(st.dictionaries(st.text(max_size=30).map(lambda text: RESERVED + text), st.text(max_size=60), min_size=1))
@example({f"{RESERVED}{'a' * 16}.audit": ""})
@example({f"{RESERVED}{'a' * 16}.review.{'b' * 16}": "{}"})
@example({review_tag("a" * 64, "{}"): "{}"})
def test_any_tag_in_the_reserved_place_shuts(tags: dict[str, str]) -> None:
    found = World(keys=WORLD.keys, private=WORLD.private, tags=tags).stands()
    assert (found.word, found.audit) == ("shut", None)


@given(ANY_JSON)
def test_any_json_is_refused_as_evidence_json_and_as_a_head(content: Any) -> None:
    written = canonical_json(content).encode(errors="surrogatepass")
    with pytest.raises(EvidenceError):
        EvidenceFile.read(written)
    assert not verify_bundle(Bundle(files={"evidence.json": written}, odd=()), WORLD.keys, at=NOW).holds
    assert refused(read_head, Envelope(payload=written, payload_type="x", signatures=())) == "payload_broken"


@pytest.fixture(scope="module")
def signed_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    for number in range(3):
        ledger.append("audited", {"number": number}, key=WORLD.private["ci"])
    return path


@settings(max_examples=60)
@given(
    column=st.sampled_from(["at", "kind", "content", "previous", "hash", "keyid", "signature"]),
    value=st.text(max_size=20) | st.binary(max_size=20) | st.floats(allow_nan=False) | st.integers(-(2**63), 2**63 - 1),
    table=st.sampled_from(["entry", "head"]),
)
def test_any_value_in_any_column_of_a_ledger_shows_and_stops_nothing(
    signed_ledger: Path, column: str, value: Any, table: str
) -> None:
    copy = signed_ledger.with_name(f"{table}.db")
    copy.write_bytes(signed_ledger.read_bytes())
    connection = sqlite3.connect(copy)
    try:
        columns = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        if column not in columns:
            return
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE seq = 2", (value,))
        connection.commit()
    finally:
        connection.close()
    problems = open_ledger(f"sqlite:///{copy}").verify(WORLD.keys)
    # a head's key and signature count for the last head only; for the others the entry's own do
    assert problems or (table == "head" and column in ("keyid", "signature"))
