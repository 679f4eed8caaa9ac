"""What people do with a served copy every day works behind the wall: by the client, and in the browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.plugin.served import WORD, Served

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: A day of the author, in a process of its own as hers is: runs in one another, data, a model, and all of it again.
_DAY = r"""
import json, pathlib, sys, tempfile
import mlflow, pandas as pd
from sklearn.linear_model import LogisticRegression

frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
experiment = mlflow.set_experiment("everyday").experiment_id
with mlflow.start_run(run_name="parent") as parent:
    mlflow.log_input(mlflow.data.from_pandas(frame, name="cases"), context="training")
    mlflow.log_params({"C": 1.0})
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metrics({"auc": 0.7, "share": 0.1})
        mlflow.log_text("hello", "notes/hello.txt")
        fitted = LogisticRegression().fit(frame, [0, 0, 1, 1])
        made = mlflow.sklearn.log_model(fitted, name="model", input_example=frame.head(1))
    mlflow.log_metric("auc", 0.6)
version = mlflow.register_model(f"models:/{made.model_id}", "everyday").version
client, runs = mlflow.MlflowClient(), (parent.info.run_id, child.info.run_id)
found = client.search_runs([experiment], filter_string="metrics.auc > 0.65")
got = client.download_artifacts(runs[1], "notes/hello.txt", tempfile.mkdtemp())
again = mlflow.pyfunc.load_model(f"models:/everyday/{version}")
print(json.dumps({
    "experiment": experiment, "runs": runs, "model_id": made.model_id, "version": str(version),
    "searched runs": [one.info.run_id for one in found],
    "parent of the child": found[0].data.tags["mlflow.parentRunId"],
    "data of the parent": client.get_run(runs[0]).inputs.dataset_inputs[0].dataset.name,
    "searched versions": [str(one.version) for one in client.search_model_versions("name = 'everyday'")],
    "searched models": [one.name for one in client.search_registered_models("name = 'everyday'")],
    "searched logged models": [one.model_id for one in client.search_logged_models([experiment])],
    "history": [one.value for one in client.get_metric_history(runs[1], "auc")],
    "listed": [one.path for one in client.list_artifacts(runs[1], "notes")],
    "downloaded": pathlib.Path(got).read_text(),
    "scores": len(again.predict(frame)),
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the author's client made, and what it found again."""

    server: Served
    experiment: str
    runs: tuple[str, str]
    model_id: str
    version: str
    told: dict[str, Any]


@pytest.fixture(scope="module")
def day(server: Served) -> Day:
    """Let the author train, register, search and load through the server; a reader may look."""
    server.grant("ada", "registered_model", "everyday")
    signed_in = {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": WORD}
    addresses = {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_REGISTRY_URI": server.url}
    command = [sys.executable, "-W", "ignore", "-c", _DAY]
    given = os.environ | addresses | signed_in
    ran = subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr[-4000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    server.grant("rita", "experiment", told["experiment"])
    server.grant("rita", "registered_model", "everyday")
    one, other = told["runs"]
    return Day(
        server=server,
        experiment=told["experiment"],
        runs=(one, other),
        model_id=told["model_id"],
        version=told["version"],
        told=told,
    )


def test_what_a_client_made_is_found_and_loaded_again(day: Day) -> None:
    told = day.told
    assert told["searched runs"] == [day.runs[1]]
    assert told["parent of the child"] == day.runs[0]
    assert told["data of the parent"] == "cases"
    assert told["searched versions"] == [day.version]
    assert told["searched models"] == ["everyday"]
    assert told["searched logged models"] == [day.model_id]
    assert told["history"] == [0.7]
    assert told["listed"] == ["notes/hello.txt"]
    assert told["downloaded"] == "hello"
    assert told["scores"] == 4


@pytest.mark.browser
def test_mlflows_pages_load_without_a_failed_request(day: Day) -> None:
    """Each address is opened as people open it, and the browser notes every answer of 400 or above."""
    from playwright.sync_api import sync_playwright

    if BROWSER is None:
        pytest.skip("no chromium on this machine: install the package chromium to look at the page in a browser")
    at, server = day, day.server
    pair = "%5B%22" + "%22%2C%22".join(at.runs) + "%22%5D"
    pages = {
        "experiments": "/#/experiments",
        "runs": f"/#/experiments/{at.experiment}/runs",
        "models of an experiment": f"/#/experiments/{at.experiment}/models",
        "chart": f"/#/experiments/{at.experiment}/runs?compareRunsMode=CHART",
        "run": f"/#/experiments/{at.experiment}/runs/{at.runs[1]}",
        "metrics of a run": f"/#/experiments/{at.experiment}/runs/{at.runs[1]}/model-metrics",
        "artifacts": f"/#/experiments/{at.experiment}/runs/{at.runs[1]}/artifacts/notes/hello.txt",
        "compare": f"/#/compare-runs?runs={pair}&experiments=%5B%22{at.experiment}%22%5D",
        "logged model": f"/#/experiments/{at.experiment}/models/{at.model_id}",
        "files of a logged model": f"/#/experiments/{at.experiment}/models/{at.model_id}/artifacts",
        "models": "/#/models",
        "model": "/#/models/everyday",
        "version": f"/#/models/everyday/versions/{at.version}",
        "ours": "/igw/",
    }
    failed: list[str] = []
    words: dict[str, int] = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        for who in ("ada",) if "postgresql" in server.database else ("admin", "rita"):
            context = browser.new_context(http_credentials={"username": who, "password": WORD, "send": "always"})
            # what the pages would look up elsewhere a team's browser may not reach either
            context.route(lambda url: not url.startswith(server.url), lambda route: route.abort())
            for name, address in pages.items():
                page = context.new_page()
                watch = Watch(ours=server.url)
                watch.on(page)
                page.goto(server.url + address)
                watch.settle(page)
                failed += [f"{who}, {name}: {one}" for one in watch.failed]
                words[f"{who}, {name}"] = len(page.inner_text("body").split())
                page.close()
            context.close()
        browser.close()
    assert failed == []
    assert min(words.values()) >= 5, words


@dataclass(kw_only=True)
class Watch:
    """The requests of one page to this server: which are under way, and which failed."""

    ours: str
    pending: set[Any] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)

    def on(self, page: Any) -> None:
        """Listen to a page."""
        page.on("request", self._asked)
        page.on("requestfinished", self._done)
        page.on("requestfailed", self._lost)
        page.on("response", self._answered)

    def settle(self, page: Any, *, quiet: int = 6, most: int = 150) -> None:
        """Wait until nothing was under way for ``quiet`` looks, a tenth of a second each."""
        still = 0
        for _ in range(most):
            page.wait_for_timeout(100)
            still = 0 if self.pending else still + 1
            if still >= quiet:
                return
        raise AssertionError(f"still waiting for {[one.url for one in self.pending]}")

    def _asked(self, asked: Any) -> None:
        # of a shared worker's script the browser does not say when it came
        if asked.url.startswith(self.ours) and not asked.url.endswith(".worker.js"):
            self.pending.add(asked)

    def _done(self, asked: Any) -> None:
        self.pending.discard(asked)

    def _answered(self, got: Any) -> None:
        if got.status >= 400:
            self.failed.append(f"{got.request.method} {got.url} {got.status}")

    def _lost(self, asked: Any) -> None:
        self.pending.discard(asked)
        # what a page asked for and then no longer wanted is no failure
        if asked.url.startswith(self.ours) and asked.failure != "net::ERR_ABORTED":
            self.failed.append(f"{asked.method} {asked.url} {asked.failure}")
