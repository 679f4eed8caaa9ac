"""Many at once, some killed: no review is lost, nothing contradicts itself, nothing is promoted without evidence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from igw_audit.evidence.entries import Entry
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.standing import Standing, standing
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.tracking.quiet import quiet_mlflow

ROOT = Path(__file__).resolve().parents[2]
GUARDED = ("champion", "production")


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """A registry after many clients: its tables without the gate, its ledger, its keys, and what clients were told."""

    address: str
    ledger: str
    keys: TrustedKeys
    notes: list[dict[str, Any]]

    @property
    def plain(self) -> Any:
        """Open the tables as who owns the database can."""
        from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

        from igw_audit.tracking.gated_registry.store import plain_address

        opened: Any = SqlAlchemyStore
        with quiet_mlflow():
            return opened(plain_address(self.address))

    def standing(self, version: Any) -> Standing:
        """Say where a version stands, by its tags alone."""
        return standing(
            version.tags,
            name=version.name,
            version=str(version.version),
            created=int(version.creation_timestamp),
            keys=self.keys,
            at=datetime.now(UTC),
        )

    def done(self, *what: str) -> Iterator[dict[str, Any]]:
        """Give what clients were told is done."""
        yield from (note for note in self.notes if note["what"] in what and note["said"] == "done")


def check_nothing_is_lost_or_contradicts_itself(after: After, names: tuple[str, ...], *, kills: int = 0) -> None:
    """Hold tables, ledger and what clients were told against one another."""
    plain, ledger = after.plain, open_ledger(after.ledger)
    assert ledger.verify(after.keys) == ()
    versions = {
        (one.name, int(one.version)): one for name in names for one in plain.search_model_versions(f"name = '{name}'")
    }
    # every piece of evidence that a client was told is stored is there, and all that is there holds
    for note in after.done("evidence", "reject"):
        assert note["detail"] in versions[note["name"], note["version"]].tags, note
    assert all(after.standing(one).holds or not _evidence(one) for one in versions.values())
    assert not list(after.done("rogue"))
    # an alias leads where the ledger says last; who is killed between the two leaves an entry without its alias
    for name in names:
        held = plain.get_registered_model(name).aliases
        for alias in GUARDED:
            led: list[str | None] = [None, *_led(ledger.entries(), name, alias)]
            version = held.get(alias)
            assert (None if version is None else str(version)) in led[-kills - 1 :], (name, alias, led[-5:])
    # nothing was promoted that had no evidence, or after it was rejected
    rejected = {(note["name"], note["version"]): note["ended"] for note in after.done("reject")}
    for note in after.done("promote"):
        place = (note["name"], note["version"])
        assert _evidence(versions[place]), note
        assert note["began"] < rejected.get(place, float("inf")), note
    wrong = [note for note in after.notes if note["said"].startswith("error")]
    assert not wrong, wrong[:5]


def _led(entries: tuple[Entry, ...], name: str, alias: str) -> Iterator[str | None]:
    """Give where an alias led after each entry of the ledger about it."""
    for entry in entries:
        told = entry.content
        if entry.kind in ("promoted", "demoted") and (told["name"], told["alias"]) == (name, alias):
            yield str(told["version"]) if entry.kind == "promoted" else None


def _evidence(version: Any) -> bool:
    return any(key.endswith(".audit") for key in version.tags)


def run_clients(address: str, folder: Path, *, seconds: float, kills: int = 0, seed: int = 1) -> After:
    """Run eight clients, each in a process of its own with the gated registry in it."""
    ledger = f"sqlite:///{folder}/ledger.db"
    surroundings = {**os.environ, "IGW_TRUSTED_KEYS": str(folder / "trusted_keys.toml"), "IGW_LEDGER": ledger}
    command = [sys.executable, "-W", "ignore", "-m", "tests.plugin.load", address, str(folder), str(seconds)]
    ran = subprocess.run(
        [*command, str(kills), str(seed)], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert set(json.loads(ran.stdout.splitlines()[-1])["codes"]) == {0}, ran.stderr[-4000:]
    notes = [json.loads(line) for path in folder.glob("notes-*.jsonl") for line in path.read_text().splitlines()]
    keys = TrustedKeys.read(folder / "trusted_keys.toml")
    return After(address=address, ledger=ledger, keys=keys, notes=notes)


def _checked(after: After, *, least: int, kills: int = 0) -> None:
    check_nothing_is_lost_or_contradicts_itself(after, ("study", "talent"), kills=kills)
    assert len(list(after.done("promote"))) >= least
    assert len(after.notes) >= 8 * least


@pytest.mark.xdist_group("load")
def test_eight_clients_at_once_lose_no_review_and_promote_nothing_without_evidence(
    address: str, tmp_path: Path
) -> None:
    _checked(run_clients(address, tmp_path, seconds=5), least=2)


@pytest.mark.xdist_group("load")
def test_clients_that_are_killed_leave_nothing_half_written(address: str, tmp_path: Path) -> None:
    _checked(run_clients(address, tmp_path, seconds=5, kills=5, seed=2), least=2, kills=5)


@pytest.mark.slow
def test_eight_clients_for_a_minute(address: str, tmp_path: Path) -> None:
    _checked(run_clients(address, tmp_path, seconds=60, seed=3), least=50)


@pytest.mark.slow
def test_fifty_killed_clients(address: str, tmp_path: Path) -> None:
    _checked(run_clients(address, tmp_path, seconds=60, kills=50, seed=4), least=50, kills=50)
