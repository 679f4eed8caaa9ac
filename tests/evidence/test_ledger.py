"""The ledger: whatever is done to it afterwards shows, whoever writes at once and whoever is killed."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sqlite3
import time
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.world import BEGAN, NOW, World
from tests.evidence.writers import append

from igw_audit.errors import EvidenceError
from igw_audit.evidence.dsse import Envelope
from igw_audit.evidence.entries import NOTHING, make_entry
from igw_audit.evidence.keys import SigningKey, load_key, new_key
from igw_audit.evidence.ledger import Ledger, ledger_address, open_ledger
from igw_audit.evidence.ledger_sqlite import entry_of, entry_row, head_row
from igw_audit.evidence.trust import TrustedKeys

# a server forks the writers: quick, and safe where pytest itself runs threads
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.evidence.writers", "psycopg"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mlruns" / "ledger.db"


@pytest.fixture
def ledger(path: Path, world: World) -> Ledger:
    """Six entries: signed by ci, but for the first and the fifth, which nobody signed."""
    made = open_ledger(f"sqlite:///{path}")
    for number in range(6):
        key = None if number in (0, 4) else world.private["ci"]
        made.append("audited" if key else "scored", {"number": number}, key=key)
    return made


def words(ledger: Ledger, world: World, **more: Any) -> set[str]:
    return {one.word for one in ledger.verify(world.keys, **more)}


def change(path: Path, *statements: str) -> None:
    """Do what somebody with access to the file can do: take the triggers away, then change rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_entries_stand_in_a_chain_from_nothing(ledger: Ledger, world: World) -> None:
    held = ledger.entries()
    assert [one.seq for one in held] == [1, 2, 3, 4, 5, 6]
    assert [one.previous for one in held] == [NOTHING, *(one.hash for one in held[:-1])]
    assert [one.content["number"] for one in ledger.entries("audited", since=2)] == [2, 3, 5]
    assert ledger.verify(world.keys) == ()
    assert ledger.verify() == ()


def test_an_empty_ledger_is_whole_and_not_made_by_looking_at_it(path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{path}")
    assert (ledger.entries(), ledger.verify(), ledger.checkpoint()) == ((), (), None)
    assert not path.exists()


@pytest.mark.parametrize("table", ["entry", "head"])
@pytest.mark.parametrize("doing", ["UPDATE {} SET at = ''", "DELETE FROM {}"])
def test_no_statement_changes_what_is_written(ledger: Ledger, path: Path, table: str, doing: str) -> None:
    refused = pytest.raises(sqlite3.IntegrityError, match="only added to")
    with closing(sqlite3.connect(path)) as connection, refused:
        connection.execute(doing.format(table))


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE entry SET content = '{\"number\":9}' WHERE seq = 3", "entry_changed"),
        ("UPDATE entry SET content = '{\"number\": 2}' WHERE seq = 3", "entry_changed"),
        ("UPDATE entry SET content = x'00' WHERE seq = 3", "entry_changed"),
        ("UPDATE entry SET kind = 'promoted' WHERE seq = 3", "entry_changed"),
        ("UPDATE entry SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 3", "entry_changed"),
        ("UPDATE entry SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 3", "time_backwards"),
        ("UPDATE entry SET at = x'00' WHERE seq = 3", "entry_changed"),
        ("UPDATE entry SET hash = previous WHERE seq = 1", "entry_changed"),
        ("DELETE FROM entry WHERE seq = 3", "entry_missing"),
        ("DELETE FROM entry WHERE seq = 1", "entry_missing"),
        ("DELETE FROM entry WHERE seq = 6", "truncated"),
        ("DELETE FROM entry", "truncated"),
        ("DELETE FROM head WHERE seq = 3", "head_missing"),
        ("UPDATE head SET hash = 'a' WHERE seq = 3", "head_disagrees"),
        ("UPDATE entry SET signature = NULL, keyid = NULL WHERE seq = 3", "signature_missing"),
        ("UPDATE head SET signature = NULL, keyid = NULL WHERE seq = 3", "signature_missing"),
        ("UPDATE entry SET signature = 'AAAA' WHERE seq = 3", "signature_wrong"),
        ("UPDATE entry SET signature = '?' WHERE seq = 3", "signature_wrong"),
        ("UPDATE head SET signature = 'AAAA' WHERE seq = 6", "signature_wrong"),
        ("UPDATE entry SET keyid = 'somebody' WHERE seq = 3", "key_unknown"),
    ],
)
def test_a_changed_row_shows(ledger: Ledger, path: Path, world: World, statement: str, word: str) -> None:
    change(path, statement)
    assert word in words(ledger, world)


def test_two_entries_that_changed_places_show(ledger: Ledger, path: Path, world: World) -> None:
    swap = ("SET seq = 90 WHERE seq = 3", "SET seq = 3 WHERE seq = 4", "SET seq = 4 WHERE seq = 90")
    change(path, *(f"UPDATE {table} {one}" for table in ("entry", "head") for one in swap))
    assert {"entry_changed", "chain_broken"} <= words(ledger, world)


def test_an_entry_put_in_between_shows(ledger: Ledger, path: Path, world: World) -> None:
    held = ledger.entries()
    forged = make_entry(held[2], "promoted", {"by": "nobody"}, at=held[2].at, key=None)
    moved = [f"UPDATE {table} SET seq = seq + 1 WHERE seq = {n}" for n in (6, 5, 4) for table in ("entry", "head")]
    # the place of the hash before it is taken, so the forger gives it up where it stands
    change(path, *moved, "UPDATE entry SET previous = 'x' WHERE seq = 5")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", entry_row(forged.entry))
        connection.execute("INSERT INTO head VALUES (?, ?, ?, ?, ?)", head_row(forged.head))
    connection.close()
    assert {"entry_changed", "chain_broken"} <= words(ledger, world)


def rewritten(path: Path, first: int, *, key: SigningKey | None = None) -> None:
    """Change entry ``first`` and compute every hash after it anew, heads too, as the file's owner can."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = [entry_of(row) for row in connection.execute("SELECT * FROM entry ORDER BY seq").fetchall()]
        kept = rows[: first - 1]
        last = kept[-1] if kept else None
        made = []
        for old in rows[first - 1 :]:
            content = {"number": 99} if old.seq == first else old.content
            one = make_entry(last, old.kind, content, at=old.at, key=key if old.kind == "audited" else None)
            made.append(one)
            last = one.entry
    connection.close()
    change(path, f"DELETE FROM entry WHERE seq >= {first}", f"DELETE FROM head WHERE seq >= {first}")
    with closing(sqlite3.connect(path)) as connection, connection:
        for one in made:
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", entry_row(one.entry))
            connection.execute("INSERT INTO head VALUES (?, ?, ?, ?, ?)", head_row(one.head))
    connection.close()


def test_a_chain_that_was_computed_anew_shows_by_the_signatures_in_it(
    ledger: Ledger, path: Path, world: World, stranger: SigningKey
) -> None:
    rewritten(path, 3)
    assert words(ledger, world) == {"signature_missing"}
    rewritten(path, 3, key=stranger)
    assert words(ledger, world) == {"key_unknown"}


def test_unsigned_entries_computed_anew_show_only_against_a_checkpoint_kept_elsewhere(
    ledger: Ledger, path: Path, world: World
) -> None:
    for number in (7, 8):
        ledger.append("scored", {"number": number})
    kept = ledger.checkpoint(world.private["ci"])
    assert kept is not None
    rewritten(path, 7)
    assert words(ledger, world) == set()
    assert words(ledger, world, checkpoints=[kept.to_json()]) == {"rewritten"}


def test_a_ledger_cut_off_with_its_heads_shows_only_against_a_checkpoint_kept_elsewhere(
    ledger: Ledger, path: Path, world: World
) -> None:
    kept = ledger.checkpoint()
    assert kept is not None
    change(path, "DELETE FROM entry WHERE seq > 3", "DELETE FROM head WHERE seq > 3")
    assert words(ledger, world) == set()
    assert words(ledger, world, checkpoints=[kept.to_json()]) == {"truncated"}
    path.unlink()
    assert words(ledger, world, checkpoints=[kept.to_json()]) == {"truncated"}


def test_a_checkpoint_is_the_last_signed_head_and_holds_while_the_ledger_grows(ledger: Ledger, world: World) -> None:
    ledger.append("scored", {})
    kept = ledger.checkpoint()
    assert kept is not None
    assert b'"seq":6' in kept.payload
    ledger.append("scored", {})
    assert words(ledger, world, checkpoints=[kept.to_json()]) == set()


def test_a_checkpoint_is_no_signature_under_an_entry(ledger: Ledger, path: Path, world: World) -> None:
    ledger.append("scored", {"n": 7})
    kept = ledger.checkpoint(world.private["mira"])
    assert kept is not None
    (signature,) = kept.signatures
    told = f"SET keyid = '{signature.keyid}', signature = '{b64encode(signature.sig).decode()}' WHERE seq = 7"
    change(path, f"UPDATE entry {told}", f"UPDATE head {told}")
    assert words(ledger, world) == {"signature_wrong"}


def test_a_forged_checkpoint_is_none(ledger: Ledger, world: World, stranger: SigningKey) -> None:
    forged = ledger.checkpoint(stranger)
    assert forged is not None
    assert words(ledger, world, checkpoints=[forged.to_json(), "{}"]) == {"checkpoint_broken"}
    other = Envelope(payload=b"[1]", payload_type=forged.payload_type, signatures=forged.signatures)
    assert words(ledger, world, checkpoints=[other.to_json()]) == {"checkpoint_broken"}


def test_a_key_that_was_revoked_later_leaves_the_past_and_signs_nothing_new(ledger: Ledger, world: World) -> None:
    keyid = world.private["ci"].keyid
    key = world.keys.find(keyid)
    assert key is not None
    for word, moment in (("key_revoked", NOW - timedelta(days=400)), ("key_expired", NOW - timedelta(days=400))):
        name = "revoked" if word == "key_revoked" else "expires"
        changed = key.model_copy(update={name: moment, "revoked_because": "lost"})
        keys = world.keys.model_copy(update={"key": tuple(changed if one is key else one for one in world.keys.key)})
        assert {one.word for one in ledger.verify(keys)} == {word}


def test_time_in_the_ledger_never_runs_back(ledger: Ledger) -> None:
    last = ledger.entries()[-1]
    late = make_entry(last, "scored", {}, at="2001-01-01T00:00:00.000Z", key=None)
    assert (late.entry.at, late.head.at) == (last.at, last.at)


def test_a_key_that_was_trusted_by_a_clock_a_little_ahead_counts_at_once(path: Path, stranger: SigningKey) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=4)
    keys = TrustedKeys().trust(stranger.public, holder="ci", roles=("auditor",), at=soon)
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.append("scored", {}, key=stranger)
    assert ledger.verify(keys) == ()


def test_what_cannot_be_written_in_one_way_is_refused(ledger: Ledger, world: World) -> None:
    for wrong, said in (
        ({"share": 0.5}, "whole numbers"),
        ({"at": NOW}, "cannot stand"),
        ({"long": "x" * 100_001}, "write its hash"),
        ({"half": "\ud800"}, "cannot stand"),
    ):
        with pytest.raises(EvidenceError, match=said):
            ledger.append("scored", wrong)
    with pytest.raises(EvidenceError, match="no kind of entry"):
        ledger.append("approved", {})
    with pytest.raises(EvidenceError, match="is signed with the key"):
        ledger.append("audited", {})
    assert len(ledger.entries()) == 6


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IGW_LEDGER", raising=False)
    assert ledger_address(tmp_path) == f"sqlite:///{tmp_path}/mlruns/igw-ledger.db"
    monkeypatch.setenv("IGW_LEDGER", "postgresql://igw:secret@db/igw")
    assert "secret" not in open_ledger(ledger_address(tmp_path)).address
    assert "secret" not in repr(open_ledger(ledger_address(tmp_path)))
    with pytest.raises(EvidenceError, match="no address of a ledger") as caught:
        open_ledger("mysql://igw:secret@db/igw")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_ledger_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("no database at all, but long enough to be read as one" * 50)
    with pytest.raises(EvidenceError, match="cannot be used"):
        open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}").append("scored", {})


def _eight_at_once(address: str, key: Path) -> None:
    writers = [PROCESSES.Process(target=append, args=(address, who, 15, key)) for who in range(8)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0] * 8


def _eight_leave_it_whole(address: str, world: World, tmp_path: Path) -> None:
    _eight_at_once(address, _key_file(world, tmp_path))
    ledger = open_ledger(address)
    held = ledger.entries()
    assert [one.seq for one in held] == list(range(1, 121))
    assert {(one.content["who"], one.content["number"]) for one in held} == set(product(range(8), range(15)))
    assert ledger.verify(world.keys) == ()


def _fifty_killed_leave_it_whole(address: str, world: World, tmp_path: Path) -> None:
    """Kill a writer fifty times at changing moments: what it was told is written is there, and nothing by half."""
    key, said = _key_file(world, tmp_path), set()
    open_ledger(address).append("scored", {})
    for number in range(50):
        reading, writing = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=append, args=(address, number, 10_000, key, writing))
        writer.start()
        writing.close()
        # every third is killed on its way in, the others at some moment after their first entry
        assert number % 3 == 0 or reading.poll(30)
        time.sleep(0.0007 * (number % 17))
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        told = b""
        while chunk := os.read(reading.fileno(), 65536):
            told += chunk
        reading.close()
        said |= {told[at : at + 64].decode() for at in range(0, len(told) - 63, 64)}
    ledger = open_ledger(address)
    assert said
    assert said <= {one.hash for one in ledger.entries()}
    assert ledger.verify(world.keys) == ()
    ledger.append("scored", {"after": "all"})
    assert ledger.verify(world.keys) == ()


def _key_file(world: World, tmp_path: Path) -> Path:
    """Have a key in a file trusted, for processes to read."""
    path = new_key("writer", tmp_path / "keys")
    world.keys = world.keys.trust(load_key(path).public, at=BEGAN, holder="writer", roles=("auditor",))
    return path


def test_eight_processes_append_to_a_file_at_once(path: Path, world: World, tmp_path: Path) -> None:
    _eight_leave_it_whole(f"sqlite:///{path}", world, tmp_path)


def test_fifty_writers_of_a_file_are_killed_in_the_middle(path: Path, world: World, tmp_path: Path) -> None:
    _fifty_killed_leave_it_whole(f"sqlite:///{path}", world, tmp_path)


@pytest.mark.xdist_group("postgres")
def test_eight_processes_append_to_a_team_database_at_once(postgres: str, world: World, tmp_path: Path) -> None:
    _eight_leave_it_whole(postgres, world, tmp_path)


@pytest.mark.xdist_group("postgres")
def test_fifty_writers_of_a_team_database_are_killed_in_the_middle(postgres: str, world: World, tmp_path: Path) -> None:
    _fifty_killed_leave_it_whole(postgres.replace("postgresql://", "postgresql+psycopg://"), world, tmp_path)


@pytest.mark.xdist_group("postgres")
def test_a_team_database_takes_no_change_and_shows_one_made_by_its_owner(postgres: str, world: World) -> None:
    import psycopg

    ledger = open_ledger(postgres)
    assert (ledger.entries(), ledger.verify(), ledger.checkpoint()) == ((), (), None)
    for number in range(3):
        ledger.append("audited", {"number": number}, key=world.private["ci"])
    for doing in ("UPDATE igw_ledger_entry SET at = ''", "DELETE FROM igw_ledger_head", "TRUNCATE igw_ledger_entry"):
        with (
            pytest.raises(psycopg.errors.RaiseException, match="only added to"),
            psycopg.connect(postgres) as connection,
        ):
            connection.execute(doing)
    with psycopg.connect(postgres) as connection:
        connection.execute("ALTER TABLE igw_ledger_entry DISABLE TRIGGER stays")
        connection.execute("UPDATE igw_ledger_entry SET content = '{}' WHERE seq = 2")
    assert {one.word for one in ledger.verify(world.keys)} == {"entry_changed"}
    with psycopg.connect(postgres) as connection:
        connection.execute("DELETE FROM igw_ledger_entry WHERE seq > 1")
    assert {one.word for one in ledger.verify(world.keys)} == {"truncated"}


@pytest.mark.xdist_group("postgres")
def test_a_role_that_may_only_add_and_read_is_enough_and_can_do_no_more(postgres: str, world: World) -> None:
    import psycopg

    open_ledger(postgres).append("scored", {})
    name = f"writer_{os.getpid()}"
    with psycopg.connect(postgres) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'writer'".encode())
        for table in ("igw_ledger_entry", "igw_ledger_head"):
            connection.execute(f"GRANT SELECT, INSERT ON {table} TO {name}".encode())
    address = re.sub(r"//[^@]+@", f"//{name}:writer@", postgres)
    open_ledger(address).append("audited", {"number": 2}, key=world.private["ci"])
    assert open_ledger(address).verify(world.keys) == ()
    for doing in ("UPDATE igw_ledger_entry SET at = ''", "DROP TABLE igw_ledger_head"):
        with psycopg.connect(address) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(doing)
    with psycopg.connect(postgres) as connection:
        connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def test_a_database_that_is_not_there_is_a_message_without_the_password() -> None:
    pytest.importorskip("psycopg", reason="needs the extra igw-audit[postgres]")
    with pytest.raises(EvidenceError, match="cannot be used") as caught:
        open_ledger("postgresql://igw:secret@127.0.0.1:1/igw").append("scored", {})
    assert "secret" not in str(caught.value)
