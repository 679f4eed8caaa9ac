"""A store made once and copied for each test, a small fitted pipeline, and records with a known decision."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.decision import Decision
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord, ModelDigest, Provenance, TableDigest
from igw_audit.core.rules import Policy
from igw_audit.policy.decide import decide
from igw_audit.stats.estimate import Estimate
from igw_audit.tracking.models import LoggedModel
from igw_audit.tracking.registry import RegisteredVersion, attach_record, register
from igw_audit.tracking.runs import TrainingRun, log_training
from igw_audit.tracking.store import Store, open_store

TEXT = {"en": "how often", "nl": "hoe vaak"}
POLICY = Policy.model_validate(
    {
        "name": "test",
        "version": "1",
        "limits": [
            {
                "rule": "ratio",
                "audit": "A001",
                "statistic": "selection_rate_ratio",
                "low": 0.8,
                "high": 1.25,
                "title": TEXT,
                "rationale": TEXT,
            }
        ],
    }
)
PLAN = Plan(attributes=("nationality",), features=("hours", "subject"), capacity=10)
PAGES = {"report.nl.html": "<p>verslag</p>", "report.en.html": "<p>report</p>"}
CASES = TableDigest(sha256="a" * 64, rows=200)


def make_record(
    model_sha256: str, *, ratio: float = 1.0, group: str = "elsewhere", created: str = "now"
) -> AuditRecord:
    """Make a record whose one ratio has a narrow interval around ``ratio``, and the decision that follows."""
    estimate = Estimate(value=ratio, low=ratio * 0.99, high=ratio * 1.01, confidence=0.95, n=200, method="known")
    finding = Finding(statistic="selection_rate_ratio", group=group, reference="rest", estimate=estimate)
    outcomes = (Outcome(audit="A001", attribute="nationality", status="measured", findings=(finding,)),)
    return AuditRecord(
        created=created,
        pilot="study",
        plan=PLAN,
        policy=POLICY,
        decision=decide(outcomes, policy=POLICY, plan=PLAN),
        outcomes=outcomes,
        provenance=Provenance(
            model=ModelDigest(sha256=model_sha256, kind="directory"),
            cases=CASES,
            protected=TableDigest(sha256="b" * 64, rows=200),
            plan_sha256=PLAN.sha256(),
            policy_sha256=POLICY.sha256(),
            code_version="0",
            seed=0,
        ),
    )


def redecide(record: AuditRecord) -> Decision:
    """Decide again, as the workflow does."""
    return decide(record.outcomes, policy=record.policy, plan=record.plan)


def make_cases() -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.int64]]]:
    """Make 200 cases with a number and a text column, both with gaps, and labels that follow the number."""
    rng = np.random.default_rng(7)
    hours = rng.normal(size=200)
    frame = pd.DataFrame({"hours": hours, "subject": rng.choice(["arts", "law", "physics"], 200).astype(object)})
    frame.iloc[3, 0] = np.nan
    frame.iloc[4, 1] = None
    return frame, (hours + rng.normal(size=200) > 0).astype(np.int64)


def make_pipeline(estimator: Any, encoder: Any = None) -> Any:
    """Put an estimator behind ordinary preprocessing."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = Pipeline([("fill", SimpleImputer(add_indicator=True)), ("scale", StandardScaler())])
    texts = Pipeline(
        [
            ("fill", SimpleImputer(strategy="constant", fill_value="(missing)")),
            ("encode", encoder or OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    columns = ColumnTransformer([("numbers", numbers, ["hours"]), ("texts", texts, ["subject"])])
    return Pipeline([("columns", columns), ("estimator", estimator)])


def fitted() -> tuple[Any, pd.DataFrame]:
    """Fit a small logistic pipeline."""
    from sklearn.linear_model import LogisticRegression

    frame, label = make_cases()
    return make_pipeline(LogisticRegression()).fit(frame, label), frame


def training_run(**changed: Any) -> TrainingRun:
    """Describe a training run."""
    content: dict[str, Any] = {
        "pilot": "study",
        "parameters": {"estimator": "logistic", "C": 1.0},
        "metrics": {"auc": Estimate(value=0.7, low=0.65, high=0.75, confidence=0.95, n=200, method="DeLong")},
        "cases": CASES,
        "files": {"pipeline.toml": "pilot = 'study'\n", "plan.toml": "capacity = 10\n"},
        "plan_sha256": PLAN.sha256(),
        "policy_sha256": POLICY.sha256(),
        "code_version": "0",
        "seed": 0,
    }
    return TrainingRun(**{**content, **changed})


def train(store: Store) -> tuple[LoggedModel, RegisteredVersion]:
    """Train, log and register, as the workflow does."""
    estimator, features = fitted()
    model = log_training(store, training_run(), estimator=estimator, features=features)
    return model, register(store, model, name="study", tags={"igw.pilot": "study"})


PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def copy_store(template: Path, root: Path) -> Store:
    """Copy a store to another project folder, which is quicker than making one, and open it."""
    shutil.copytree(template / "mlruns", root / "mlruns")
    connection = sqlite3.connect(root / "mlruns" / "igw.db")
    for table, column in PLACES:
        statement = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
        connection.execute(statement, (str(template), str(root)))
    connection.commit()
    connection.close()
    forget_writers()
    return open_store(root)


def forget_writers() -> None:
    """Forget MLflow's writers, one a run id for the whole process: a copied store holds the same run ids."""
    from mlflow.tracking._tracking_service import utils

    utils._artifact_repos_cache.clear()


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project folder with an empty store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_REGISTRY_URI", raising=False)
        return open_store(tmp_path_factory.mktemp("template")).root


@pytest.fixture(scope="session")
def audited_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project folder with one version to which a record that allows is attached."""
    store = copy_store(template, tmp_path_factory.mktemp("audited") / "project")
    _, version = train(store)
    attach_record(store, "study", version.version, record=make_record(version.model_sha256), pages=PAGES)
    return store.root


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Store:
    """Open an empty store."""
    return copy_store(template, tmp_path / "project")


@pytest.fixture
def audited(audited_template: Path, tmp_path: Path) -> tuple[Store, RegisteredVersion]:
    """Give a store with one version to which a record that allows is attached."""
    store = copy_store(audited_template, tmp_path / "project")
    held = store.client.get_model_version("study", "1")
    sha256 = held.tags["igw.model.sha256"]
    return store, RegisteredVersion(name="study", version="1", run_id=str(held.run_id), model_sha256=sha256)


@pytest.fixture(scope="session")
def material() -> Any:
    """Give this module, for tests that need its makers."""
    import sys

    return sys.modules[__name__]
