from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import BaseModel

from igw_audit.core.settings import read_settings
from igw_audit.errors import InputError
from igw_audit.scoring.config import (
    AuditPaths,
    DataSettings,
    EstimatorSettings,
    PipelineConfig,
    SplitSettings,
    TargetSettings,
    read_pipeline,
)

Settings = Callable[..., dict[str, object]]
TABLES: dict[str, type[BaseModel]] = {
    "data": DataSettings,
    "target": TargetSettings,
    "estimator": EstimatorSettings,
    "split": SplitSettings,
    "audit": AuditPaths,
}


def refused(settings: dict[str, object]) -> str:
    with pytest.raises(InputError) as caught:
        read_settings(PipelineConfig, settings, what="pipeline")
    return str(caught.value)


def documented_example() -> str:
    text = PipelineConfig.__doc__ or ""
    return dedent(text.split("::\n")[1].split("``protected``")[0])


def test_the_documented_example_is_a_pipeline_and_its_paths_start_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "pipeline.toml").write_text(documented_example(), encoding="utf-8")
    file = read_pipeline(tmp_path)
    assert file.config.estimator.parameters == {"C": 0.5}
    assert file.cases == tmp_path / "data/cases.parquet"
    assert file.schema == tmp_path / "schema.toml"
    assert file.protected == tmp_path / "data/protected.parquet"
    assert file.plan == tmp_path / "../../audits/study/plan.toml"
    assert file.policy == tmp_path / "../../audits/study/policy.toml"
    assert file.config == read_pipeline(tmp_path / "pipeline.toml").config


def test_what_may_be_left_out_is_left_out(config_of: Settings) -> None:
    config = PipelineConfig.model_validate(config_of())
    assert config.audit is None
    assert config.split.test_share == 0.3
    assert config.estimator.calibration == "none"


def test_the_same_settings_have_the_same_hash_and_others_another(config_of: Settings) -> None:
    config = PipelineConfig.model_validate(config_of())
    assert config.sha256() == PipelineConfig.model_validate(config_of(split={"test_share": 0.3})).sha256()
    assert config.sha256() != PipelineConfig.model_validate(config_of(split={"test_share": 0.4})).sha256()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pipeline\.toml: 1 problem\n.*no such file"):
        read_pipeline(tmp_path)


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        ("boosting", {"learning_rat": 0.1}, "did you mean 'learning_rate'?"),
        ("logistic", {"learning_rate": 0.1}, "a logistic estimator has no such parameter"),
        ("boosting", {"learning_rate": -1.0}, "in the range (0.0, inf). Got -1.0"),
        ("logistic", {"C": "much"}, "scikit-learn does not take these values"),
        ("logistic", {"random_state": 3}, "the seed is [estimator] seed"),
        ("boosting", {"categorical_features": "from_dtype"}, "shap explains native categories wrongly"),
    ],
)
def test_parameters_are_checked_against_the_estimator(
    config_of: Settings, kind: str, parameters: dict[str, object], words: str
) -> None:
    assert words in refused(config_of(estimator={"kind": kind, "parameters": parameters}))


def test_a_long_training_is_not_tried_out_when_settings_are_read(config_of: Settings) -> None:
    settings = config_of(estimator={"kind": "boosting", "parameters": {"max_iter": 10**9}})
    assert PipelineConfig.model_validate(settings).estimator.parameters["max_iter"] == 10**9


@pytest.mark.parametrize(
    ("positive", "words"),
    [
        (["administrative", "deliberate_false_information"], "undifferentiated withdrawal"),
        (["administrative", "public_order"], "undifferentiated withdrawal"),
        (["none"], "nothing was found"),
        (["unknown"], "nobody knows"),
        (["public_order", "public_order"], "more than once"),
        ([], "at least 1"),
    ],
)
def test_a_target_that_says_several_things_or_nothing_is_refused(
    config_of: Settings, positive: list[str], words: str
) -> None:
    assert words in refused(config_of(target={"positive": positive}))


def test_all_problems_of_a_file_come_at_once(config_of: Settings) -> None:
    text = refused(config_of(pilot="Study Pilot", split={"test_share": 1.5}, estimator={"kind": "forest"}, extra=1))
    assert "4 problems" in text


def test_every_key_of_a_pipeline_is_documented() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "pipeline.md"
    text = page.read_text(encoding="utf-8")
    for name in PipelineConfig.model_fields:
        inner = TABLES[name].model_fields.items() if name in TABLES else ()
        keys = [f"{name}.{part.alias or key}" for key, part in inner] or [name]
        assert not [key for key in keys if f"| `{key}` |" not in text]
