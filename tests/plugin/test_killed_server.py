"""A server whose workers are killed in the middle of requests: nothing half-written, and it goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from tests.plugin.material import Tag
from tests.plugin.served import Served, Version
from tests.plugin.test_concurrency import After, check_nothing_is_lost_or_contradicts_itself

CLIENTS = 4


@dataclass(slots=True, kw_only=True)
class Asking:
    """Clients of a server, each in a thread of its own; what they were told is kept, and when nobody answered too."""

    server: Served
    versions: list[Version]
    over: threading.Event = field(default_factory=threading.Event)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def client(self, seed: int) -> None:
        """Promote, take away, audit and review until it is over."""
        chance = random.Random(seed)
        while not self.over.is_set():
            version = chance.choice(self.versions)
            alias = chance.choice(("champion", "production"))
            what = chance.choice(("promote", "promote", "promote", "demote", "evidence", "reject"))
            about = {"name": version.name, "alias": alias}
            if what == "promote":
                path, body = "mlflow/registered-models/alias", {**about, "version": version.version}
                self.ask(what, version, alias, "POST", path, body)
            elif what == "demote":
                self.ask(what, version, alias, "DELETE", "mlflow/registered-models/alias", about)
            elif what == "evidence":
                for tag in self.server.people.approval(version):
                    self.tag(what, version, tag)
            elif chance.random() < 0.1:
                told = self.server.people.statement(version)
                self.tag(what, version, self.server.people.review(told, by="joost", word="reject", dissent="no"))

    def tag(self, what: str, version: Version, tag: Tag) -> None:
        """Set a tag and note what was said."""
        body = {"name": version.name, "version": version.version, "key": tag.key, "value": tag.value}
        self.ask(what, version, tag.key, "POST", "mlflow/model-versions/set-tag", body)

    def ask(self, what: str, version: Version, detail: str, method: str, path: str, body: dict[str, str]) -> None:  # noqa: PLR0917
        """Ask and note what was said; ``lost`` where the server was killed before it answered."""
        told = {"what": what, "name": version.name, "version": int(version.version), "detail": detail}
        began = time.monotonic()
        try:
            said = self.server.ask("ada", method, path, body)
            word = "done" if said.status == 200 else str(said.reason or f"error: {said.status} {json.dumps(said.body)}")
        except (OSError, HTTPException):
            word = "lost"
            time.sleep(0.2)
        self.notes.append({**told, "said": word, "began": began, "ended": time.monotonic()})


def workers(server: Served) -> list[int]:
    """Give the processes that answer, found below the process that was started here."""
    found, below = [], [server.process.pid]
    while below:
        here = below.pop()
        try:
            children = [int(one) for one in Path(f"/proc/{here}/task/{here}/children").read_text().split()]
            command = Path(f"/proc/{here}/cmdline").read_bytes()
        except OSError:
            continue
        below += children
        if b"spawn_main" in command:
            found.append(here)
    return found


def under_kills(server: Served, *, name: str, kills: int, seed: int) -> After:
    """Let clients ask while workers are killed, one after another."""
    server.model(name)
    versions = [server.version(name, f"models:/{server.told['source']}/1") for _ in range(3)]
    for version in versions[:2]:
        for tag in server.people.approval(version):
            assert server.tag("ada", version, tag).status == 200
    asking, chance = Asking(server=server, versions=versions), random.Random(seed)
    threads = [threading.Thread(target=asking.client, args=(seed * 100 + one,)) for one in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        seen = len(asking.notes)
        while len(asking.notes) < seen + CLIENTS or not workers(server):
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.3))
        os.kill(chance.choice(workers(server)), signal.SIGKILL)
    time.sleep(1)
    asking.over.set()
    for thread in threads:
        thread.join()
    return After(
        address=server.database,
        ledger=server.ledger,
        keys=server.people.trusted,
        notes=sorted(asking.notes, key=_began),
    )


def _began(note: dict[str, Any]) -> float:
    return float(note["began"])


@pytest.fixture(scope="module")
def asked(server: Served) -> Served:
    """Give the server, with a registered version that others are copies of."""
    if "source" not in server.told:
        experiment = server.experiment("source")
        made = {"experiment_id": experiment, "name": "model"}
        model_id = server.must("ada", "POST", "mlflow/logged-models", made)["model"]["info"]["model_id"]
        place = f"{experiment}/models/{model_id}/artifacts"
        server.must("ada", "PUT", f"mlflow-artifacts/artifacts/{place}/MLmodel", b"flavors: {}")
        server.model("source")
        server.version("source", f"mlflow-artifacts:/{place}", model_id=model_id)
        server.told["source"] = "source"
    return server


def test_workers_that_are_killed_leave_nothing_half_written_and_the_server_goes_on(asked: Served) -> None:
    after = under_kills(asked, name="killed", kills=2, seed=5)
    check_nothing_is_lost_or_contradicts_itself(after, ("killed",), kills=2)
    assert len(list(after.done("promote"))) >= 2
    assert asked.must("admin", "GET", "/igw/health")["status"] == "well"


@pytest.mark.slow
def test_twenty_five_killed_workers(asked: Served) -> None:
    after = under_kills(asked, name="often-killed", kills=25, seed=6)
    check_nothing_is_lost_or_contradicts_itself(after, ("often-killed",), kills=25)
    assert asked.must("admin", "GET", "/igw/health")["status"] == "well"


@pytest.mark.slow
def test_eight_clients_of_a_server_for_a_minute(asked: Served) -> None:
    asked.model("minute")
    versions = [asked.version("minute", f"models:/{asked.told['source']}/1") for _ in range(3)]
    asking = Asking(server=asked, versions=versions)
    threads = [threading.Thread(target=asking.client, args=(one,)) for one in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(60)
    asking.over.set()
    for thread in threads:
        thread.join()
    after = After(address=asked.database, ledger=asked.ledger, keys=asked.people.trusted, notes=asking.notes)
    check_nothing_is_lost_or_contradicts_itself(after, ("minute",))
    assert len(list(after.done("promote"))) >= 20
