"""Clients that promote, audit, review and tag the same models at once, some of them killed; each notes what it is told.

Run by test_concurrency in a process of its own, which imports MLflow once and forks. A client notes a thing done only
after the registry said so, in one write, so that a note outlives the client.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plugin.material import People, Tag

NAMES = ("study", "talent")
CLIENTS = 8


@dataclass(slots=True, kw_only=True)
class Client:
    """One client: its registry, who signs, where it notes, and its own chance."""

    store: Any
    people: People
    notes: int
    chance: random.Random

    def one_thing(self) -> None:
        """Do one of the things that clients do."""
        name = self.chance.choice(NAMES)
        version = self.chance.choice(self.store.search_model_versions(f"name = '{name}'"))
        actions: list[Callable[[Any], None]] = [self.promote] * 6 + [self.approve] * 3
        actions += [self.demote, self.reject, self.register, self.write, self.write]
        self.chance.choice(actions)(version)

    def promote(self, version: Any) -> None:
        """Ask for a guarded alias."""
        alias = self.chance.choice(("champion", "production"))
        self._note(
            "promote", version, alias, self.store.set_registered_model_alias, version.name, alias, version.version
        )

    def demote(self, version: Any) -> None:
        """Take a guarded alias away."""
        alias = self.chance.choice(("champion", "production"))
        self._note("demote", version, alias, self.store.delete_registered_model_alias, version.name, alias)

    def approve(self, version: Any) -> None:
        """Audit a version, and review that."""
        for tag in self.people.approval(version):
            self._tag("evidence", version, tag)

    def reject(self, version: Any) -> None:
        """Review a version as somebody who rejects it, for good."""
        about = self.people.statement(version)
        if self.chance.random() < 0.5:
            tag = self.people.review(about, by="joost", word="reject", dissent="not so")
            self._tag("reject", version, tag)

    def write(self, version: Any) -> None:
        """Set a tag that is free, and one that is not."""
        self._tag("free", version, Tag(key=f"note.{self.chance.randrange(5)}", value=str(self.chance.random())))
        self._tag("rogue", version, self.people.audit(version, by="stranger"))

    def register(self, version: Any) -> None:
        """Register one more version."""
        self._note("register", version, "", self.store.create_model_version, version.name, "/models/more")

    def _tag(self, what: str, version: Any, tag: Tag) -> None:
        from mlflow.entities.model_registry import ModelVersionTag

        held = ModelVersionTag(tag.key, tag.value)
        self._note(what, version, tag.key, self.store.set_model_version_tag, version.name, version.version, held)

    def _note(self, what: str, version: Any, detail: str, action: Callable[..., Any], *given: Any) -> None:
        from mlflow.exceptions import MlflowException

        began, said = time.monotonic(), "done"
        try:
            action(*given)
        except MlflowException as error:
            said = str(error.json_kwargs.get("igw_reason") or f"error: {error.error_code}: {error.message}")
        told = {"what": what, "name": version.name, "version": int(version.version), "detail": detail, "said": said}
        line = json.dumps({**told, "began": began, "ended": time.monotonic()}) + "\n"
        os.write(self.notes, line.encode())


def settle(people: People, address: str) -> None:
    """Make two models with three versions each, two of which are approved."""
    from mlflow.entities.model_registry import ModelVersionTag

    from igw_audit.tracking.gated_registry.store import open_registry_store

    store: Any = open_registry_store(f"igw+{address}")
    for name in NAMES:
        store.create_registered_model(name)
        for number in range(3):
            made = store.create_model_version(name, f"/models/{name}")
            for tag in people.approval(made) if number else ():
                store.set_model_version_tag(name, made.version, ModelVersionTag(tag.key, tag.value))


def child(number: int, *, address: str, people: People, folder: Path) -> None:
    """Be one client until all are told to stop."""
    from igw_audit.tracking.gated_registry.store import open_registry_store

    notes = os.open(notes_of(folder, number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    client = Client(
        store=open_registry_store(f"igw+{address}"), people=people, notes=notes, chance=random.Random(number)
    )
    while not (folder / "stop").exists():
        client.one_thing()


def notes_of(folder: Path, number: int) -> Path:
    """Give the file in which a client notes what it was told."""
    return folder / f"notes-{number}.jsonl"


def fork(action: Callable[[], None]) -> int:
    """Run an action in a process of its own; give its number."""
    made = os.fork()
    if made:
        return made
    code = 1
    try:
        action()
        code = 0
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


class Crowd:
    """The clients that run: eight at any time, and whoever is killed is replaced."""

    def __init__(self, *, address: str, folder: Path, people: People, seed: int) -> None:
        self._address = address
        self._folder = folder
        self._people = people
        self._number = seed * 10_000
        self._running: dict[int, int] = {}
        for _ in range(CLIENTS):
            self.begin()

    def begin(self) -> None:
        """Start one more client."""
        self._number += 1
        number = self._number
        self._running[number] = fork(
            lambda: child(number, address=self._address, people=self._people, folder=self._folder)
        )

    def at_work(self) -> list[int]:
        """Give the clients that have noted something."""
        files = {number: notes_of(self._folder, number) for number in self._running}
        return [number for number, file in files.items() if file.exists() and file.stat().st_size]

    def kill(self, chance: random.Random) -> None:
        """Kill a client in the middle of its work, and start another."""
        while not self.at_work():
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.4))
        victim = self._running.pop(chance.choice(self.at_work()))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        self.begin()

    def end(self) -> list[int]:
        """Tell all to stop when each has done something, and give how they ended."""
        until = time.monotonic() + 120
        while len(self.at_work()) < CLIENTS and time.monotonic() < until:
            time.sleep(0.05)
        (self._folder / "stop").touch()
        return [os.waitpid(one, 0)[1] for one in self._running.values()]


def main() -> None:
    """Take the address, a folder, seconds of work together, how many clients are killed meanwhile, and a seed."""
    address, folder, seconds, kills = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    import mlflow.server  # noqa: F401
    import sqlalchemy

    import igw_audit.tracking.gated_registry.store as gated

    # what opening a database imports is imported before the forks; nothing is connected
    sqlalchemy.create_engine(gated.plain_address(address)).dispose()
    people = People.settle(folder / "trusted_keys.toml")
    os.waitpid(fork(lambda: settle(people, address)), 0)
    chance = random.Random(int(sys.argv[5]))
    crowd = Crowd(address=address, folder=folder, people=people, seed=int(sys.argv[5]))
    while len(crowd.at_work()) < CLIENTS // 2:
        time.sleep(0.05)
    until = time.monotonic() + seconds
    for _ in range(kills):
        crowd.kill(chance)
    time.sleep(max(0.0, until - time.monotonic()))
    print(json.dumps({"codes": crowd.end()}))  # noqa: T201


if __name__ == "__main__":
    main()
