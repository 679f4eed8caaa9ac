"""The settings of a training pipeline, as pipeline.toml holds them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.settings import Strict, read_settings
from igw_audit.errors import InputError

#: Types that say somebody did wrong: mixed with ``administrative`` they are an undifferentiated withdrawal.
CULPABLE = ("deliberate_false_information", "public_order")

_KEPT = {
    "random_state": "the seed is [estimator] seed",
    "categorical_features": "categories are one-hot or target-encoded before the model, since shap explains native "
    "categories wrongly (shap#3436)",
    "monotonic_cst": "columns are encoded before the model, so a constraint would land on another column",
    "interaction_cst": "columns are encoded before the model, so a constraint would land on another column",
    "warm_start": "training starts anew each time, so that the same inputs give the same model",
}


class DataSettings(Strict):
    """Where the tables are; paths are relative to the folder of pipeline.toml."""

    cases: str
    protected: str | None = None
    schema_: str = Field(alias="schema")


class TargetSettings(Strict):
    """The label types that count as positive; every type that is known and not named here is negative."""

    positive: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _differentiated(self) -> Self:
        both = [name for name in CULPABLE if name in self.positive]
        if "administrative" in self.positive and both:
            raise ValueError(
                f"positive holds administrative together with {' and '.join(both)}: that is an undifferentiated "
                "withdrawal, and a model trained on it cannot tell an ended job from a false statement. "
                "Name one or the other"
            )
        never = [name for name in ("none", "unknown") if name in self.positive]
        if never:
            raise ValueError(
                f"positive holds {' and '.join(never)}: these types say that nothing was found, or that nobody knows"
            )
        twice = sorted({name for name in self.positive if self.positive.count(name) > 1})
        if twice:
            raise ValueError(f"positive names {', '.join(twice)} more than once; name each type once")
        return self


class EstimatorSettings(Strict):
    """Which model is trained, and how.

    Attributes
    ----------
    kind
        ``logistic`` (a scorecard: logistic regression, L2) or ``boosting`` (histogram gradient boosting).
    calibration
        ``none``, ``sigmoid`` or ``isotonic``, learnt on five folds that keep a cluster together.
    weighting
        ``arm_probability``: each case counts 1 / its probability of being investigated, where the schema has that
        column, so that the training rows stand for all cases and not for those whom somebody chose to look at. A case
        without a probability (a signal) counts once. ``none``: every case counts once.
    parameters
        Passed on to the scikit-learn class; names and values are checked against it.
    """

    kind: Literal["logistic", "boosting"]
    calibration: Literal["none", "sigmoid", "isotonic"] = "none"
    weighting: Literal["arm_probability", "none"] = "arm_probability"
    seed: int = Field(default=0, ge=0, lt=2**32)
    parameters: dict[str, bool | int | float | str] = {}

    @model_validator(mode="after")
    def _parameters_of_the_class(self) -> Self:
        from igw_audit.scoring.estimators import bare_estimator

        known = set(bare_estimator(self.kind).get_params()) - set(_KEPT)
        problems = [_unknown_parameter(self.kind, name, known) for name in self.parameters if name not in known]
        if not problems:
            problems = _refused_values(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self


class SplitSettings(Strict):
    """How cases are held out: the latest ones, whole clusters on one side; without a time column by hashed ids."""

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    seed: int = Field(default=0, ge=0, lt=2**32)


class AuditPaths(Strict):
    """Which plan and policy the trained model is audited with, relative to the folder of pipeline.toml."""

    plan: str
    policy: str | None = None


class PipelineConfig(Strict):
    """Everything that pipeline.toml says.

    Examples
    --------
    ::

        pilot = "study"                   # also the name of the registered model

        [data]                            # paths relative to this file's folder
        cases = "data/cases.parquet"
        protected = "data/protected.parquet"
        schema = "schema.toml"

        [target]
        positive = ["deliberate_false_information"]

        [estimator]
        kind = "logistic"                 # or "boosting"
        calibration = "none"              # or "sigmoid", "isotonic"
        weighting = "arm_probability"     # or "none"
        seed = 0

        [estimator.parameters]            # as scikit-learn names them
        C = 0.5

        [split]
        test_share = 0.3

        [audit]
        plan = "../../audits/study/plan.toml"
        policy = "../../audits/study/policy.toml"

    ``protected``, ``[split]``, ``[audit]`` and all of ``[estimator]`` but ``kind`` may be left out.
    """

    pilot: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    data: DataSettings
    target: TargetSettings
    estimator: EstimatorSettings
    split: SplitSettings = SplitSettings()
    audit: AuditPaths | None = None

    def sha256(self) -> str:
        """Hash the settings' canonical JSON."""
        return sha256_of_json(self.model_dump(mode="json", by_alias=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFile:
    """A pipeline.toml that was read, and the folder that its paths start from."""

    config: PipelineConfig
    folder: Path

    @property
    def cases(self) -> Path:
        """Path of the case table."""
        return self.folder / self.config.data.cases

    @property
    def protected(self) -> Path | None:
        """Path of the protected table, if the pipeline names one."""
        return None if self.config.data.protected is None else self.folder / self.config.data.protected

    @property
    def schema(self) -> Path:
        """Path of the schema file."""
        return self.folder / self.config.data.schema_

    @property
    def plan(self) -> Path | None:
        """Path of the audit plan, if the pipeline names one."""
        return None if self.config.audit is None else self.folder / self.config.audit.plan

    @property
    def policy(self) -> Path | None:
        """Path of the policy, if the pipeline names one."""
        audit = self.config.audit
        return None if audit is None or audit.policy is None else self.folder / audit.policy


def read_pipeline(source: str | Path) -> PipelineFile:
    """Read pipeline.toml, given its path or the folder that holds it.

    Raises
    ------
    InputError
        If the file is missing or breaks the settings; every problem is listed.
    """
    path = Path(source)
    if path.is_dir():
        path = path / "pipeline.toml"
    if not path.exists():
        raise InputError(
            f"pipeline {path}",
            ["there is no such file; give the path of a pipeline.toml, or of the folder that holds it"],
        )
    return PipelineFile(config=read_settings(PipelineConfig, path, what="pipeline"), folder=path.parent)


def _unknown_parameter(kind: str, name: str, known: set[str]) -> str:
    if name in _KEPT:
        return f"parameters.{name} cannot be set: {_KEPT[name]}"
    return f"parameters.{name}: a {kind} estimator has no such parameter; {did_you_mean(name, sorted(known))}"


def _refused_values(settings: EstimatorSettings) -> list[str]:
    """Try the values on twenty rows: scikit-learn says itself which it does not take."""
    import numpy as np

    from igw_audit.scoring.estimators import bare_estimator

    estimator = bare_estimator(settings.kind).set_params(**settings.parameters)
    rounds = settings.parameters.get("max_iter")
    if isinstance(rounds, int) and rounds > 5:
        estimator.set_params(max_iter=5)
    rows = np.linspace(-1.0, 1.0, 20).reshape(-1, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(rows, np.arange(20) % 2)
    except (ValueError, TypeError) as error:
        return [f"parameters: scikit-learn does not take these values: {error}"]
    return []
