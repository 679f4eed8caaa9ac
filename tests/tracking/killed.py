"""Run the real registration and attachment, killed at the k-th call into MLflow, and tell what was left behind.

Run by test_killed in a process of its own: it imports MLflow once and forks for each k. The kill comes from a profile
function of the interpreter, so that nothing in the product knows of it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from igw_audit.core.record import AuditRecord

#: In these files of MLflow the events are counted: what reaches a store, a database session or an artifact folder.
WATCHED = (
    "/mlflow/tracking/client.py",
    "/mlflow/store/db/utils.py",
    "/mlflow/store/artifact/local_artifact_repo.py",
    "/mlflow/store/model_registry/sqlalchemy_store.py",
)


def count_events(action: Callable[[], object], *, kill_at: int | None = None) -> int:
    """Run an action, counting calls and returns in the watched files; at the given one the process dies."""
    seen = 0

    def watch(frame: Any, event: str, _: object) -> None:
        nonlocal seen
        if event in ("call", "return") and frame.f_code.co_filename.endswith(WATCHED):
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    try:
        action()
    finally:
        sys.setprofile(None)
    return seen


def in_a_child(action: Callable[[], object]) -> Any:
    """Run an action in a forked process and give what it returns, or "killed"."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            os.write(writing, json.dumps(action()).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    if status != 0:
        raise RuntimeError(f"the child failed with status {status}")
    return json.loads(text)


class Scene:
    """One way of being killed: what is there before, what is done, and what is found after."""

    def __init__(self, template: Path, ratio: float) -> None:
        conftest = importlib.import_module("conftest")

        self.made = conftest
        self.template = template
        self.ratio = ratio
        self.material = conftest.fitted()

    def whole(self, root: Path) -> None:
        """Train, register and attach; where a version is there already, attach a newer record to it."""
        from igw_audit.tracking import attach_record, log_training, open_store, register, version_tags

        store = open_store(root)
        if store.client.search_model_versions("name = 'study'"):
            sha256 = version_tags(store, "study", 1)["igw.model.sha256"]
        else:
            estimator, features = self.material
            model = log_training(store, self.made.training_run(), estimator=estimator, features=features)
            register(store, model, name="study", tags={"igw.pilot": "study"})
            sha256 = model.sha256
        record = self.made.make_record(sha256, ratio=self.ratio)
        attach_record(store, "study", 1, record=record, pages={"report.en.html": f"<p>{self.ratio}</p>"})

    def found(self, root: Path) -> dict[str, Any]:
        """Tell what is there after the kill."""
        from igw_audit.tracking import gate_version, locate, open_model, open_store, version_tags

        store = open_store(root)
        versions = store.client.search_model_versions("name = 'study'")
        verdict = gate_version(store, "study", 1, redecide=self.made.redecide) if versions else None
        tags = version_tags(store, "study", 1) if versions else {}
        loaded = open_model(store, locate(store, "models:/study/1")).sha256 if versions else None
        return {
            "versions": len(versions),
            "whole_version": {"igw.pilot", "igw.model.id", "igw.model.sha256"} <= tags.keys(),
            "model_fits": loaded == tags.get("igw.model.sha256"),
            "word": verdict and verdict.word,
            "held": verdict is not None and verdict.record is not None,
            "value": _value(verdict.record) if verdict and verdict.record else None,
            "rules": sorted({reason.rule for reason in verdict.reasons}) if verdict else [],
        }

    def at(self, kill_at: int | None) -> dict[str, Any]:
        """Copy the store, run until killed, tell what is found, then try again and tell that too."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "project"

            def act() -> int:
                self.made.copy_store(self.template, root)
                return count_events(lambda: self.whole(root), kill_at=kill_at)

            ended = in_a_child(act)
            return {"kill_at": kill_at, "ended": ended, **in_a_child(lambda: self.tried_again(root))}

    def tried_again(self, root: Path) -> dict[str, Any]:
        """Tell what is there, run it all once more, and tell what is there then."""
        self.made.forget_writers()
        after = self.found(root)
        self.whole(root)
        return {"after": after, "again": self.found(root)}


def _value(record: AuditRecord) -> float:
    estimate = record.outcomes[0].findings[0].estimate
    assert estimate is not None
    return estimate.value


def main() -> None:
    """Take the template's folder, the ratio of the record to attach, and how many points to be killed at."""
    sys.path.insert(0, str(Path(__file__).parent))
    template, ratio, points = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    import mlflow.pyfunc
    import mlflow.sklearn  # noqa: F401

    scene = Scene(template, ratio)
    with tempfile.TemporaryDirectory() as folder:
        # whatever MLflow imports on first use is imported before the forks
        scene.made.copy_store(template, Path(folder) / "project")
        scene.tried_again(Path(folder) / "project")
    total = scene.at(None)["ended"]
    # evenly spread, and each of the last ones, where records come to count
    chosen = sorted({*range(1, total, max(1, total // points)), *range(max(1, total - 4), total + 1)})
    print(json.dumps([scene.at(number) for number in chosen]))  # noqa: T201


if __name__ == "__main__":
    main()
