"""What the gate and the wall add to a request: the same requests to this server and to MLflow's own, in turn.

    python benchmarks/served_requests.py [--requests 400]

Prints a line a kind of request: median and 95th percentile with and without the gate, in milliseconds by the clock, and
their ratio; then how long health takes while 60 connections hang half open.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.conftest import free_port
from tests.plugin.served import WORD, credentials, served

#: Headers that never end, a body that never comes, a request line in its middle.
_HALF = (
    b"GET /hea",
    b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n{",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One kind of request; ``body`` as JSON."""

    name: str
    method: str
    path: str
    body: Any = None


class Client:
    """One connection that stays open, as an administrator's."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)

    def ask(self, asked: Asked) -> Any:
        """Ask, and return the answer's body; anything but 200 ends the benchmark."""
        body = None if asked.body is None else json.dumps(asked.body)
        headers = {"Authorization": credentials("admin"), "Content-Type": "application/json"}
        self._connection.request(asked.method, asked.path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{asked.method} {asked.path}: {answer.status} {content[:300]!r}")
        return json.loads(content) if content.startswith(b"{") else content

    def time(self, asked: Asked) -> float:
        """Return the milliseconds of one request."""
        before = time.perf_counter()
        self.ask(asked)
        return (time.perf_counter() - before) * 1000


def main() -> None:
    """Measure each kind of request at both servers in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=400, help="requests of each kind at each server")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        database, ledger = f"sqlite:///{folder}/igw.db", f"sqlite:///{folder}/ledger.db"
        with served(folder / "project", database=database, ledger=ledger) as gated, _plain(folder / "plain") as url:
            ours, plain = Client(gated.url), Client(url)
            kinds = [_settle(one) for one in (ours, plain)]
            for mine, theirs in zip(*kinds, strict=True):
                pairs = [(ours.time(mine), plain.time(theirs)) for _ in range(given.requests + 20)][20:]
                with_gate, without = ([pair[side] for pair in pairs] for side in (0, 1))
                print(
                    f"{mine.name:28s} p50 {_at(with_gate, 50):6.2f} / {_at(without, 50):6.2f} ms, "
                    f"p95 {_at(with_gate, 95):6.2f} / {_at(without, 95):6.2f} ms, "
                    f"ratio of p95 {_at(with_gate, 95) / _at(without, 95):.2f}"
                )
            _half_open(gated.url, given.requests)


def _settle(client: Client) -> list[Asked]:
    """Make an experiment, a run and a model with a version; return what is asked about them."""
    post = "/api/2.0/mlflow"
    made = client.ask(Asked(name="", method="POST", path=f"{post}/experiments/create", body={"name": "timed"}))
    experiment = made["experiment_id"]
    run = client.ask(Asked(name="", method="POST", path=f"{post}/runs/create", body={"experiment_id": experiment}))[
        "run"
    ]["info"]["run_id"]
    client.ask(Asked(name="", method="POST", path=f"{post}/registered-models/create", body={"name": "timed"}))
    body = {"name": "timed", "source": f"runs:/{run}/model", "run_id": run}
    client.ask(Asked(name="", method="POST", path=f"{post}/model-versions/create", body=body))
    tag = {"name": "timed", "version": "1", "key": "note", "value": "x"}
    metric = {"run_id": run, "key": "auc", "value": 0.5, "timestamp": 1}
    return [
        Asked(name="read an experiment", method="GET", path=f"{post}/experiments/get?experiment_id={experiment}"),
        Asked(name="log a metric", method="POST", path=f"{post}/runs/log-metric", body=metric),
        Asked(name="read a registered model", method="GET", path=f"{post}/registered-models/get?name=timed"),
        Asked(name="search versions", method="GET", path=f"{post}/model-versions/search"),
        Asked(name="set a tag of a version", method="POST", path=f"{post}/model-versions/set-tag", body=tag),
        Asked(name="list artifacts", method="GET", path=f"{post}/artifacts/list?run_id={run}"),
    ]


@contextmanager
def _plain(folder: Path) -> Iterator[str]:
    """Start MLflow's own server with its own sign-in, set up as ours is."""
    folder.mkdir()
    config = folder / "sign-in.ini"
    config.write_text(
        f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{folder}/sign-in.db\n"
        "admin_username = admin\nauth_cache_ttl_seconds = 10\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        encoding="utf-8",
    )
    port = free_port()
    told = {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_AUTH_ADMIN_PASSWORD": WORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "0" * 32,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--app-name", "basic-auth", "--workers", "1"]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/igw.db", "--artifacts-destination", str(folder / "files")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *stores, "--port", str(port)],
            env=os.environ | told,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait(port: int) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("MLflow's own server did not come up")


def _half_open(url: str, requests: int) -> None:
    address = urlsplit(url)
    hanging = [socket.create_connection((str(address.hostname), int(address.port or 0))) for _ in range(60)]
    for number, one in enumerate(hanging):
        one.sendall(_HALF[number % len(_HALF)])
    try:
        client = Client(url)
        for path in ("/health", "/igw/health"):
            waits = [client.time(Asked(name="", method="GET", path=path)) for _ in range(requests)]
            print(
                f"{path} with 60 half-open connections: p50 {_at(waits, 50):.2f} ms, p95 {_at(waits, 95):.2f} ms, "
                f"most {max(waits):.2f} ms"
            )
    finally:
        for one in hanging:
            one.close()


def _at(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    main()
