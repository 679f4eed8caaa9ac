"""A real `igw-audit serve` for tests: started once, asked as people ask it."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conftest import free_port
from tests.plugin.material import People, Tag

WORD = "correct-horse-battery"
#: Who has which right on every model and experiment: the author made them, the editor may change, the reader may look.
RIGHTS = {"ada": "MANAGE", "erik": "MANAGE", "rita": "READ"}
_PATIENCE = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the server answered."""

    status: int
    body: Any

    @property
    def reason(self) -> str | None:
        """The one word for a refusal by the gate; None for any other answer."""
        return self.body.get("igw_reason") if isinstance(self.body, dict) else None


@dataclass(slots=True, kw_only=True)
class Served:
    """A running server, its project folder, who signs, and its databases as their owner reaches them."""

    url: str
    project: Path
    people: People
    database: str
    ledger: str
    process: subprocess.Popen[bytes]
    log: Path
    told: dict[str, Any] = field(default_factory=dict)

    def ask(
        self, who: str | None, method: str, path: str, body: Any = None, *, api: str = "api", version: str = "2.0"
    ) -> Said:
        """Ask as somebody (None: nobody); ``path`` comes after ``/api/2.0/``, or starts with a slash at the root."""
        address = f"{self.url}{path}" if path.startswith("/") else f"{self.url}/{api}/{version}/{path}"
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, raw, method=method)
        if raw is not None:
            request.add_header("Content-Type", "application/json")
        if who is not None:
            request.add_header("Authorization", credentials(who))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Said(status=answer.status, body=_read(answer.read()))
        except urllib.error.HTTPError as error:
            return Said(status=error.code, body=_read(error.read()))

    def must(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask what is allowed, and give the answer's body."""
        said = self.ask(who, method, path, body, **more)
        assert said.status == 200, (path, said)
        return said.body

    def grant(self, who: str, kind: str, name: str) -> None:
        """Give somebody their right on a model or experiment."""
        body = {"username": who, "resource_type": kind, "resource_id": name, "permission": RIGHTS[who]}
        self.must("admin", "POST", "mlflow/users/permissions/grant", body, version="3.0")

    def experiment(self, name: str) -> str:
        """Make an experiment as the author, open to the others by their rights; give its id."""
        made = str(self.must("ada", "POST", "mlflow/experiments/create", {"name": name})["experiment_id"])
        for who in ("erik", "rita"):
            self.grant(who, "experiment", made)
        return made

    def model(self, name: str) -> None:
        """Give the author a name, and make a registered model as the author, open to the others by their rights."""
        self.grant("ada", "registered_model", name)
        self.must("ada", "POST", "mlflow/registered-models/create", {"name": name})
        for who in ("erik", "rita"):
            self.grant(who, "registered_model", name)

    def version(self, name: str, source: str, **more: str) -> Version:
        """Register a version as the author; ``more``: ``run_id`` and ``model_id``."""
        body = {"name": name, "source": source, **more}
        return Version(self.must("ada", "POST", "mlflow/model-versions/create", body)["model_version"])

    def tag(self, who: str, version: Any, tag: Tag) -> Said:
        """Set a tag of a version."""
        body = {"name": version.name, "version": version.version, "key": tag.key, "value": tag.value}
        return self.ask(who, "POST", "mlflow/model-versions/set-tag", body)

    def promote(self, who: str | None, version: Any, alias: str = "champion") -> Said:
        """Set an alias."""
        body = {"name": version.name, "version": version.version, "alias": alias}
        return self.ask(who, "POST", "mlflow/registered-models/alias", body)


class Version:
    """A version as the REST interface gave it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.name = str(told["name"])
        self.version = str(told["version"])
        self.creation_timestamp = int(told["creation_timestamp"])


def credentials(who: str) -> str:
    """Give the header by which somebody signs in."""
    return "Basic " + base64.b64encode(f"{who}:{WORD}".encode()).decode()


def passfile_of(address: str) -> str:
    """Give what stands in the file of passwords that an address names; nothing where it names none."""
    file = dict(parse_qsl(urlsplit(address).query)).get("passfile")
    return Path(file).read_text(encoding="utf-8") if file else ""


@contextmanager
def served(project: Path, *, database: str, ledger: str, workers: int = 1, by_value: bool = False) -> Iterator[Served]:
    """Start `igw-audit serve` on a project of its own; people sign in with one and the same word.

    ``by_value`` hands the secrets over themselves, not in files.
    """
    project.mkdir(parents=True, exist_ok=True)
    people = People.settle(project / "audits" / "trusted_keys.toml")
    for name, word in (("word", WORD), ("secret", secrets.token_hex(32)), ("database", database), ("ledger", ledger)):
        (project / name).touch(mode=0o600)
        (project / name).write_text(word, encoding="utf-8")
    port, log = free_port(), project / "server.log"
    made = Served(
        url=f"http://127.0.0.1:{port}",
        project=project,
        people=people,
        database=database,
        ledger=ledger,
        process=start(project, port=port, workers=workers, log=log, by_value=by_value),
        log=log,
    )
    try:
        wait_until_up(made)
        for who in RIGHTS:
            made.must("admin", "POST", "mlflow/users/create", {"username": who, "password": WORD})
        yield made
    finally:
        stop(made)


def start(project: Path, *, port: int, workers: int, log: Path, by_value: bool = False) -> subprocess.Popen[bytes]:
    """Start the server's process, with all that is secret in files."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "IGW_"))}
    surroundings |= {
        "MLFLOW_AUTH_ADMIN_PASSWORD_FILE": str(project / "word"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY_FILE": str(project / "secret"),
        "IGW_DATABASE_FILE": str(project / "database"),
        "IGW_LEDGER_FILE": str(project / "ledger"),
    }
    if by_value:
        for name in ("MLFLOW_AUTH_ADMIN_PASSWORD", "MLFLOW_FLASK_SERVER_SECRET_KEY"):
            surroundings[name] = Path(surroundings.pop(f"{name}_FILE")).read_text(encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "igw_audit", "serve", "--project", str(project)]
    with log.open("ab") as stream:
        return subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(workers)],
            env=surroundings,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )


def wait_until_up(server: Served) -> None:
    """Wait until the server answers; if it ends, show what it said."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/igw/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not come up:\n{server.log.read_text()[-4000:]}")


def stop(server: Served) -> None:
    """End the server and everything that it started: only its own process group."""
    for word, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(server.process.pid, word)
        except ProcessLookupError:
            return
        try:
            server.process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
