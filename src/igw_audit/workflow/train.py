"""From a pipeline's folder to a registered version: split, fit, measure on held-out cases, log, register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from igw_audit._version import __version__
from igw_audit.core.canonical import canonical_json
from igw_audit.core.plan import Plan
from igw_audit.core.record import TableDigest
from igw_audit.core.schema import CaseSchema
from igw_audit.core.serial import plain
from igw_audit.core.settings import read_settings
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.intake import check_features, check_values, column_names, read_cases
from igw_audit.policy import read_policy
from igw_audit.scoring import (
    FittedModel,
    PipelineFile,
    Split,
    complete_plan,
    fit_pipeline,
    held_out_metrics,
    read_pipeline,
    split_cases,
)
from igw_audit.stats.estimate import Estimate
from igw_audit.tracking import RegisteredVersion, TrainingRun, log_training, open_store, register
from igw_audit.workflow.audit import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A registered version, and how well it ranks held-out cases. Registered is not approved."""

    uri: str
    name: str
    version: str
    run_id: str
    training_cases: int
    held_out_cases: int
    metrics: Mapping[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        told = {name: getattr(self, name) for name in ("uri", "name", "version", "run_id")}
        counts = {"training_cases": self.training_cases, "held_out_cases": self.held_out_cases}
        return {**told, **counts, "metrics": {name: plain(number) for name, number in self.metrics.items()}}

    def lines(self) -> list[str]:
        """Give one line a metric, as people read it."""
        return [
            f"{name}: {number.value:.3f} ({number.confidence:.0%} interval {_end(number.low)} to {_end(number.high)}, "
            f"n = {number.n}, {number.method})"
            for name, number in self.metrics.items()
        ]


def _end(number: float | None) -> str:
    return "open" if number is None else f"{number:.3f}"


def train(  # noqa: PLR0913 - what may be named instead of the pipeline's own, all by keyword
    pipeline: str | Path,
    *,
    project: str | Path = ".",
    cases: str | Path | None = None,
    protected: str | Path | None = None,
    name: str | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train the pipeline of a folder and register a version.

    ``cases`` and ``protected`` may be named instead of what pipeline.toml names; of the protected table only the column
    names are read, so that none of them is a feature.

    The run and its artifacts are written first and the version last, in one step: a run that is killed leaves no
    half-registered version.

    Raises
    ------
    InputError
        If a settings file, the case table or the target is not as it should be; everything wrong with a file at once.
    TrackingError
        If the MLflow store refuses.
    """
    file = read_pipeline(pipeline)
    policy = read_policy(file.policy)
    table = read_pipeline_cases(file, cases=cases, protected=protected)
    plan = complete_plan(read_plan(file), table.schema)
    progress(f"read {len(table)} cases")
    split = split_cases(table, file.config.split, positive=file.config.target.positive)
    fitted = fit_pipeline(table, file.config, split.train)
    progress(f"trained on {fitted.facts.n} cases with a known outcome; {len(split.test)} cases are held out")
    metrics = held_out_metrics(fitted, table, split.test, plan=plan, positive=file.config.target.positive)
    progress("measured on the held-out cases")
    run = TrainingRun(
        pilot=name or file.config.pilot,
        parameters=_parameters(file, split, fitted),
        metrics=metrics,
        cases=TableDigest(sha256=table.content_sha256, rows=len(table)),
        files=_files(file, plan, policy),
        plan_sha256=plan.sha256(),
        policy_sha256=policy.sha256(),
        code_version=__version__,
        seed=file.config.estimator.seed,
        pipeline_sha256=file.config.sha256(),
    )
    store = open_store(project)
    model = log_training(store, run, estimator=fitted.estimator, features=_features(table, fitted))
    made = register(store, model, name=name or file.config.pilot, tags=_version_tags(file, run))
    progress(f"registered {made.uri}")
    return _trained(made, fitted, split, metrics)


def _trained(made: RegisteredVersion, fitted: FittedModel, split: Split, metrics: Mapping[str, Estimate]) -> Trained:
    return Trained(
        uri=made.uri,
        name=made.name,
        version=made.version,
        run_id=made.run_id,
        training_cases=fitted.facts.n,
        held_out_cases=len(split.test),
        metrics=metrics,
    )


def read_plan(file: PipelineFile) -> Plan:
    """Read the plan that a pipeline names: it is written before there are results, so training needs it too."""
    if file.plan is None:
        raise InputError(
            f"pipeline {file.folder / 'pipeline.toml'}",
            [
                "[audit] names no plan; write what will be audited before the model exists, and name it "
                "under [audit] plan"
            ],
        )
    return read_settings(Plan, file.plan, what="plan")


def read_pipeline_cases(
    file: PipelineFile, *, cases: str | Path | None = None, protected: str | Path | None = None
) -> CaseTable:
    """Read a pipeline's case table; a feature that gives away nationality or origin is refused before training."""
    schema = read_settings(CaseSchema, file.schema, what="schema")
    problems = check_features(schema, _protected_columns(protected or file.protected))
    if problems:
        raise InputError(f"schema {file.schema}", problems)
    table = read_cases(Path(cases) if cases is not None else file.cases, schema)
    told = check_values(table)
    if told:
        raise InputError(f"schema {file.schema}", told)
    return table


def _protected_columns(path: str | Path | None) -> tuple[str, ...]:
    """Name the columns of the protected table without reading its values; none where there is no table yet."""
    return column_names(Path(path)) if path is not None and Path(path).exists() else ()


def _features(table: CaseTable, fitted: FittedModel) -> pd.DataFrame:
    return table.frame[list(fitted.features)]


def _parameters(file: PipelineFile, split: Split, fitted: FittedModel) -> dict[str, str | int | float | bool]:
    settings = file.config.estimator
    return {
        "estimator": settings.kind,
        "calibration": settings.calibration,
        "weighting": settings.weighting,
        **{f"estimator.{key}": value for key, value in settings.parameters.items()},
        "positive": ", ".join(file.config.target.positive),
        "split.by_time": split.by_time,
        "split.test_share": round(split.test_share, 4),
        "split.test_first": split.test_first or "",
        "training.cases": fitted.facts.n,
        "training.positives": fitted.facts.positives,
        "training.unknown_outcome": fitted.facts.unknown,
        "features": len(fitted.features),
    }


def _files(file: PipelineFile, plan: Plan, policy: Any) -> dict[str, str]:
    return {
        "pipeline.toml": (file.folder / "pipeline.toml").read_text(encoding="utf-8"),
        "schema.toml": file.schema.read_text(encoding="utf-8"),
        "plan.json": canonical_json(plan.model_dump(mode="json")),
        "policy.json": canonical_json(policy.model_dump(mode="json")),
    }


def _version_tags(file: PipelineFile, run: TrainingRun) -> dict[str, str]:
    return {
        "igw.pipeline.sha256": file.config.sha256(),
        "igw.cases.sha256": run.cases.sha256,
        "igw.plan.sha256": run.plan_sha256,
        "igw.policy.sha256": run.policy_sha256,
    }
