"""What a training run leaves in MLflow, and what it never does."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from igw_audit.core.record import TableDigest
from igw_audit.errors import TrackingError
from igw_audit.stats.estimate import Estimate
from igw_audit.tracking.runs import log_texts, log_training, metrics_of
from igw_audit.tracking.store import Store


def test_a_run_tells_what_went_in_and_what_came_out(store: Store, material: Any) -> None:
    estimator, features = material.fitted()
    described = material.training_run()
    model = log_training(store, described, estimator=estimator, features=features)
    run = store.client.get_run(model.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"estimator": "logistic", "C": "1.0"}
    assert run.data.metrics == {"auc": 0.7, "auc_low": 0.65, "auc_high": 0.75}
    expected = {
        "igw.model.sha256": model.sha256,
        "igw.cases.sha256": "a" * 64,
        "igw.plan.sha256": material.PLAN.sha256(),
        "igw.policy.sha256": material.POLICY.sha256(),
        "igw.pipeline.file.sha256": hashlib.sha256(b"pilot = 'study'\n").hexdigest(),
        "igw.code.version": "0",
        "igw.seed": "0",
    }
    assert expected.items() <= run.data.tags.items()
    assert run.inputs is not None
    (dataset,) = [each.dataset for each in run.inputs.dataset_inputs]
    assert (dataset.digest, dataset.source) == ("a" * 36, '{"sha256": "' + "a" * 64 + '"}')
    kept = Path(run.info.artifact_uri) / "inputs" / "pipeline.toml"
    assert kept.read_text() == "pilot = 'study'\n"


def test_an_open_interval_has_one_end_in_the_metrics() -> None:
    ratio = Estimate(value=2.0, low=1.5, high=None, confidence=0.95, n=9, method="open")
    assert {metric.key: metric.value for metric in metrics_of({"ratio": ratio})} == {"ratio": 2.0, "ratio_low": 1.5}


def test_many_parameters_and_metrics_are_all_logged(store: Store, material: Any) -> None:
    estimator, features = material.fitted()
    one = Estimate(value=0.5, low=0.4, high=0.6, confidence=0.95, n=9, method="known")
    described = material.training_run(
        parameters={f"p{n}": n for n in range(250)}, metrics={f"m{n}": one for n in range(400)}
    )
    model = log_training(store, described, estimator=estimator, features=features)
    data = store.client.get_run(model.run_id).data
    assert (len(data.params), len(data.metrics)) == (250, 1200)


@pytest.mark.parametrize("name", ["../plan.toml", "/plan.toml", "a/b", "", ".."])
def test_a_file_name_with_a_folder_is_refused(store: Store, name: str) -> None:
    run = store.client.create_run(store.experiment("study"))
    with pytest.raises(TrackingError, match="no plain file name"):
        log_texts(store, run.info.run_id, {name: "x"}, "inputs")


def test_a_run_is_stopped_by_its_own_error_and_says_so(store: Store, material: Any) -> None:
    estimator, features = material.fitted()
    with pytest.raises(TrackingError):
        log_training(store, material.training_run(files={"a/b": "x"}), estimator=estimator, features=features)
    (run,) = store.client.search_runs([store.experiment("study")])
    assert run.info.status == "FAILED"


def test_no_value_of_any_case_and_no_protected_word_is_under_mlruns(store: Store, material: Any) -> None:
    """Cases have telling ids and the protected table a nationality that stands nowhere else."""
    from igw_audit.tracking.registry import attach_record, register

    estimator, features = material.fitted()
    features = features.assign(hours=features["hours"].fillna(0.0))
    features.index = [f"CASE-{n:04d}-TELLTALE" for n in range(len(features))]
    features.loc[features.index[5], "hours"] = 31.4159265
    digest = TableDigest(sha256=hashlib.sha256(b"Zembla").hexdigest(), rows=200)
    model = log_training(store, material.training_run(), estimator=estimator, features=features)
    register(store, model, name="study", tags={})
    held = material.make_record(model.sha256, group="Zembla")
    held = dataclasses.replace(held, provenance=dataclasses.replace(held.provenance, protected=digest))
    attach_record(store, "study", 1, record=held, pages={"report.en.html": "<p>Zembla: 1 of 10</p>"})
    naming = set()
    for file in (file for file in (store.root / "mlruns").rglob("*") if file.is_file()):
        content = file.read_bytes()
        assert b"TELLTALE" not in content, file
        assert b"31.41592" not in content, file
        if b"Zembla" in content:
            naming.add(file.name)
    # a group's name is part of the answer, and stands nowhere else than in it
    assert naming == {"record.json", "report.en.html"}
