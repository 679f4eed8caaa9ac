from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.config import PipelineConfig
from igw_audit.scoring.fit import FittedModel, fit_pipeline
from igw_audit.scoring.scorecard import Points, scorecard

Settings = Callable[..., dict[str, object]]


@pytest.fixture
def fitted(table: CaseTable, config_of: Settings) -> FittedModel:
    return fit_pipeline(table, PipelineConfig.model_validate(config_of()), table.ids)


def points(rows: tuple[Points, ...], feature: str) -> dict[str, float]:
    return {row.value: row.points for row in rows if row.feature == feature}


def test_planted_effects_are_read_back_as_points(table: CaseTable, fitted: FittedModel) -> None:
    rows = scorecard(fitted, table)
    # one unit of log-odds is 28.9 points; the penalty shrinks a little
    assert points(rows, "late")["0"] == 0
    assert 18 < points(rows, "late")["1"] < 36
    salary = [worth for value, worth in points(rows, "salary").items() if " to " in value]
    assert salary == sorted(salary, reverse=True)
    assert max(abs(worth) for worth in points(rows, "noise").values()) < 6


def test_the_counts_of_a_column_are_all_cases(table: CaseTable, fitted: FittedModel) -> None:
    rows = scorecard(fitted, table)
    for feature in ("late", "noise", "salary", "sector"):
        assert sum(row.n for row in rows if row.feature == feature) == len(table)


def test_points_add_up_to_the_models_log_odds(table: CaseTable, fitted: FittedModel) -> None:
    rows = scorecard(fitted, table)
    two = table.frame[list(fitted.features)].head(2).assign(salary=0.0, noise=0.0, postcode="p030")
    two["late"], two["sector"] = [0.0, 1.0], ["ict", "farm"]
    odds = fitted.estimator.decision_function(two)
    added = points(rows, "late")["1"] + points(rows, "sector")["farm"] - points(rows, "sector")["ict"]
    np.testing.assert_allclose((odds[1] - odds[0]) * 20 / np.log(2), added)


def test_missing_and_pooled_values_have_their_own_line(table: CaseTable, fitted: FittedModel) -> None:
    rows = scorecard(fitted, table)
    assert "(rare or new)" in points(rows, "sector")
    for feature in ("late", "salary", "sector"):
        assert "(not recorded)" in points(rows, feature)


def test_a_calibrated_scorecard_has_points_and_boosting_has_none(table: CaseTable, config_of: Settings) -> None:
    def fit(**estimator: str) -> FittedModel:
        return fit_pipeline(table, PipelineConfig.model_validate(config_of(estimator=estimator)), table.ids)

    assert scorecard(fit(kind="logistic", calibration="sigmoid"), table)
    with pytest.raises(InputError, match="do not add up"):
        scorecard(fit(kind="boosting"), table)
