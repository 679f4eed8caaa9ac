"""The evaluator plug-in runs inside MLflow's own `evaluate`, shows the audit, and says that it is no evidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.errors import InputError
from igw_audit.tracking.evaluator import NAME, AuditEvaluator
from igw_audit.tracking.models import log_model
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.store import Store
from igw_audit.workflow.evaluator import IgwEvaluator

PLAN = {
    "attributes": ["origin"],
    "features": ["hours", "subject"],
    "positive": ["1"],
    "capacity": 0.2,
    "audits": ["A000", "A001"],
}

# what MLflow's evaluation imports and does, not ours to mend
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def cases(seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give 1,200 cases of which the model selects the `b` far more often, and four people of a group `c`."""
    rng = np.random.default_rng(seed)
    origin = np.array(["a"] * 500 + ["b"] * 396 + ["d"] * 300 + ["c"] * 4, dtype=object)
    hours = rng.normal(size=1_200) + 1.5 * (origin == "b")
    frame = pd.DataFrame(
        {
            "id": [f"case-{number:04d}" for number in range(1_200)],
            "hours": hours,
            "subject": rng.choice(["arts", "law", "physics"], 1_200).astype(object),
            "found": (hours + rng.normal(size=1_200) > 1).astype(int),
        }
    )
    return frame, pd.DataFrame({"id": frame["id"], "origin": origin})


@pytest.fixture(scope="module")
def here(template: Path, material: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Point MLflow's own functions at a store, as somebody who uses MLflow does, and put them back."""
    store = material.copy_store(template, tmp_path_factory.mktemp("evaluated") / "project")
    with quiet_mlflow():
        import mlflow

        mlflow.set_tracking_uri(store.tracking_uri)
        mlflow.set_registry_uri(store.registry_uri)
        mlflow.set_experiment(experiment_id=store.experiment("evaluations"))
        yield store
        mlflow.end_run()
        # MLflow keeps both in the surroundings too, and takes only the first out of them
        unset: Any = None
        mlflow.set_tracking_uri(unset)
        mlflow.set_registry_uri(unset)
        os.environ.pop("MLFLOW_REGISTRY_URI")


def evaluate(model: Any, data: pd.DataFrame, **settings: Any) -> Any:
    with quiet_mlflow():
        import mlflow

        mlflow_evaluate: Any = mlflow.models.evaluate
        with mlflow.start_run() as run:
            result = mlflow_evaluate(
                model,
                data,
                targets="found",
                model_type="classifier",
                evaluators=[NAME],
                evaluator_config={NAME: settings},
            )
    return result, mlflow.MlflowClient().get_run(run.info.run_id)


@pytest.fixture(scope="module")
def logged(here: Store, material: Any) -> str:
    estimator, features = material.fitted()
    run = here.client.create_run(here.experiment("study"))
    return str(log_model(here, estimator, features, run_id=run.info.run_id).uri)


@pytest.fixture(scope="module")
def evaluated(here: Store, logged: str) -> Any:
    frame, people = cases()
    return evaluate(logged, frame, plan=PLAN, protected=people)


def test_mlflow_finds_it_by_its_name_and_logs_what_it_measured(here: Store, evaluated: Any) -> None:
    result, run = evaluated
    ratio = result.metrics["igw/origin/selection_rate_ratio_largest"]
    assert ratio > 1.5
    assert run.data.metrics["igw/origin/selection_rate_ratio_largest"] == ratio
    assert run.data.metrics["igw/origin/selection_rate_ratio_largest_low"] > 1
    assert result.metrics["igw/reasons_to_refuse"] + result.metrics["igw/reasons_to_refer"] >= 1
    names = {file.path for file in here.client.list_artifacts(run.info.run_id, NAME)}
    assert names == {f"{NAME}/{name}" for name in ("findings.csv", "decision.json", "report.en.html", "report.nl.html")}


def test_it_says_that_it_is_a_convenience_and_no_evidence(evaluated: Any) -> None:
    result, run = evaluated
    said = result.artifacts[f"{NAME}/decision.json"].content
    assert said["is_evidence"] is False
    assert "not evidence" in said["what_this_is"]
    assert "not evidence" in run.data.tags["igw.evaluator"]


def test_the_numbers_of_four_people_are_withheld_from_the_table(here: Store, evaluated: Any) -> None:
    path = here.client.download_artifacts(evaluated[1].info.run_id, f"{NAME}/findings.csv")
    table = pd.read_csv(path)
    small = table[(table["group"] == "c") & (table["statistic"] == "selection_rate")]
    assert len(small) >= 1
    assert small["value"].isna().all()
    assert small["n"].isna().all()
    assert small["reason"].str.contains("withheld").all()
    shown = table[(table["group"] == "b") & (table["statistic"] == "selection_rate_ratio")]
    assert shown["value"].notna().all()


@pytest.mark.usefixtures("evaluated")
def test_no_case_and_no_protected_value_by_case_is_logged(here: Store) -> None:
    texts = [file.read_bytes() for file in (here.root / "mlruns" / "artifacts").rglob("*") if file.is_file()]
    assert len(texts) > 5
    assert not [text for text in texts if b"case-0" in text]


@pytest.mark.usefixtures("here")
def test_a_table_of_predictions_is_audited_without_a_model() -> None:
    import mlflow

    frame, people = cases()
    frame["risk"] = frame["hours"]
    mlflow_evaluate: Any = mlflow.models.evaluate
    with quiet_mlflow(), mlflow.start_run():
        result = mlflow_evaluate(
            data=frame,
            predictions="risk",
            targets="found",
            model_type="classifier",
            evaluators=NAME,
            evaluator_config={"plan": PLAN, "protected": people},
        )
    assert result.metrics["igw/origin/selection_rate_ratio_largest"] > 1.5


def test_without_our_settings_it_stands_aside() -> None:
    people = cases()[1]
    for settings in (None, {}, {"plan": PLAN}, {"protected": people}, people, "plan and protected"):
        assert not IgwEvaluator.can_evaluate(model_type="classifier", evaluator_config=settings)
    # a frame among the settings has no truth value, and none is asked
    assert IgwEvaluator.can_evaluate(model_type=None, evaluator_config={"plan": PLAN, "protected": people})


def test_whoever_asks_for_every_evaluator_does_not_get_us_unasked() -> None:
    with quiet_mlflow():
        from mlflow.models.evaluation import base

        resolve: Any = base.resolve_evaluators_and_configs
        everyone = [one.name for one in resolve(None, None, "classifier")]
        with_us = [one.name for one in resolve(None, {NAME: {"plan": PLAN, "protected": cases()[1]}}, "classifier")]
    assert everyone
    assert NAME not in everyone
    assert NAME in with_us


def test_a_setting_that_is_not_known_is_named(logged: str) -> None:
    frame, people = cases()
    with pytest.raises(InputError, match="'polcy' is no setting of this evaluator"):
        evaluate(logged, frame, plan=PLAN, protected=people, polcy="x")


def test_the_plug_in_is_the_one_that_the_package_names() -> None:
    from importlib.metadata import entry_points

    (found,) = [point for point in entry_points(group="mlflow.model_evaluator") if point.name == NAME]
    assert found.load() is IgwEvaluator
    assert issubclass(IgwEvaluator, AuditEvaluator)
