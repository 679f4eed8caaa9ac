"""A model from the registry scores in a process of its own, alike to the last bit, and no longer than it may."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from igw_audit.errors import EvidenceError
from igw_audit.tracking.confined import Confined, asking, load_confined
from igw_audit.tracking.models import load_model
from igw_audit.tracking.quiet import quiet_mlflow

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a model has a process of its own on POSIX systems")


def cases(n: int = 500) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    return pd.DataFrame({"a": draw.normal(size=n), "b": draw.normal(size=n)}, index=[f"case {k}" for k in range(n)])


def saved(folder: Path, estimator: Any) -> Path:
    from igw_audit.tracking.models import _trusted_types_of

    frame = cases()
    made = make_pipeline(StandardScaler().set_output(transform="pandas"), estimator)
    made.fit(frame, (frame["a"] > 0).astype(int))
    with quiet_mlflow():
        import mlflow.sklearn

        types = _trusted_types_of(made)
        path = folder / "model"
        mlflow.sklearn.save_model(made, str(path), serialization_format="skops", skops_trusted_types=types)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("logistic"), LogisticRegression())


@pytest.fixture
def process(path: Path) -> Iterator[Confined]:
    made = Confined(path)
    yield made
    made.close()


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), HistGradientBoostingClassifier(max_iter=5), RandomForestClassifier(5, random_state=0)],
    ids=lambda one: type(one).__name__,
)
def test_scores_from_its_own_process_are_alike_to_the_last_bit(estimator: Any, tmp_path: Path) -> None:
    place = saved(tmp_path, estimator)
    here, there = load_model(place), load_confined(place)
    np.testing.assert_array_equal(here.predict_proba(cases()), there.predict_proba(cases()))
    np.testing.assert_array_equal(here.predict(cases()), there.predict(cases()))


def test_what_asks_a_model_for_its_kind_and_its_parts_hears_the_same(path: Path, process: Confined) -> None:
    here = load_model(path)
    there = asking(here, process)
    assert isinstance(there, Pipeline)
    assert (type(there).__name__, type(there).__module__) == ("Pipeline", "sklearn.pipeline")
    assert list(there.feature_names_in_) == ["a", "b"]
    np.testing.assert_array_equal(there[-1].coef_, here[-1].coef_)


def test_a_clone_is_nobodys_file_and_is_fitted_here(path: Path, process: Confined) -> None:
    frame = cases()
    again = clone(asking(load_model(path), process)).fit(frame, (frame["b"] > 0).astype(int))
    process.close()
    assert again.predict_proba(frame).shape == (500, 2)
    assert copy.deepcopy(process) is process


def test_the_process_gave_its_network_away(process: Confined) -> None:
    import platform
    import sys

    assert process.locked == (sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64"))


def test_no_secret_of_the_surroundings_reaches_the_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IGW_KEY_FILE", "IGW_LEDGER", "MLFLOW_TRACKING_PASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hush-hush")
    made = Confined(path)
    held = Path(f"/proc/{made._process.pid}/environ")
    if held.exists():
        # a process that gave itself up is not even read by its own account, unless that is root
        with contextlib.suppress(PermissionError):
            assert b"hush-hush" not in held.read_bytes()
    from igw_audit.tracking.confined import _surroundings

    assert "hush-hush" not in str(_surroundings())
    made.close()


def test_a_model_that_takes_too_long_is_ended_and_the_limit_named(
    path: Path, process: Confined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IGW_MODEL_SECONDS", "1")
    os.kill(process._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(EvidenceError, match="set IGW_MODEL_SECONDS higher"):
        asking(load_model(path), process).predict_proba(cases())
    assert time.monotonic() - began < 20
    assert process._process.poll() is not None


def test_a_model_that_does_not_read_its_cases_is_ended_too(
    path: Path, process: Confined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IGW_MODEL_SECONDS", "1")
    os.kill(process._process.pid, signal.SIGSTOP)
    with pytest.raises(EvidenceError, match="IGW_MODEL_SECONDS"):
        asking(load_model(path), process).predict_proba(cases(200_000))


def test_a_model_that_ends_its_process_ends_the_audit_with_a_sentence(path: Path, process: Confined) -> None:
    os.kill(process._process.pid, signal.SIGSEGV)
    with pytest.raises(EvidenceError, match="ended by signal 11"):
        asking(load_model(path), process).predict_proba(cases())


def test_a_model_that_takes_too_much_memory_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IGW_MODEL_MEMORY_MB", "64")
    with pytest.raises(EvidenceError):
        Confined(path).ask("predict_proba", (cases(100_000),), {})


def test_a_refusal_of_the_file_is_the_same_sentence_as_without_a_process(path: Path, tmp_path: Path) -> None:
    import shutil

    place = tmp_path / "model"
    shutil.copytree(path, place)
    (place / "model.skops").write_bytes(b"no archive")
    with pytest.raises(EvidenceError) as here:
        load_model(place)
    with pytest.raises(EvidenceError) as there:
        load_confined(place)
    assert str(here.value) == str(there.value)


def test_what_the_model_refuses_is_told_with_its_kind(path: Path, process: Confined) -> None:
    with pytest.raises(ValueError, match="feature names"):
        asking(load_model(path), process).predict_proba(cases().rename(columns={"a": "z"}))


def test_nothing_that_comes_from_the_process_is_built_into_an_object(process: Confined, path: Path) -> None:
    """The answer is numbers: a pickle in its place stays bytes."""

    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(path.parent / "trapped"),)

    head, content = {"dtype": "|O", "shape": [1]}, pickle.dumps(Trap())
    process._ask = lambda *_: (head, content)  # type: ignore[method-assign]
    with pytest.raises(EvidenceError, match="nothing of it was used"):
        process.ask("predict_proba", (cases(),), {})
    assert not (path.parent / "trapped").exists()


def test_the_process_ends_with_its_estimator(path: Path) -> None:
    made = load_confined(path)
    process = made.__dict__["_igw_process"]._process
    del made
    assert process.poll() is not None
