from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.metrics import roc_auc_score

from igw_audit.core.schema import CaseSchema
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.config import PipelineConfig
from igw_audit.scoring.fit import FittedModel, fit_pipeline
from igw_audit.scoring.split import split_cases

Build = Callable[..., CaseTable]
Settings = Callable[..., dict[str, object]]
POSITIVE = "deliberate_false_information"
KINDS = ["logistic", "boosting"]


@pytest.fixture
def fit(config_of: Settings) -> Callable[..., FittedModel]:
    def make(table: CaseTable, *, target: str = POSITIVE, **estimator: object) -> FittedModel:
        config = config_of(estimator={"kind": "logistic", **estimator}, target={"positive": [target]})
        return fit_pipeline(table, PipelineConfig.model_validate(config), table.ids)

    return make


def with_frame(table: CaseTable, **columns: Any) -> CaseTable:
    return CaseTable(frame=table.frame.assign(**columns), schema=table.schema)


@pytest.mark.parametrize(
    ("kind", "calibration"),
    [("logistic", "none"), ("logistic", "sigmoid"), ("logistic", "isotonic"), ("boosting", "none")],
)
def test_a_planted_signal_is_learnt_on_cases_and_sponsors_never_seen(
    build: Build, config_of: Settings, kind: str, calibration: str
) -> None:
    table = build(n=4000)
    config = PipelineConfig.model_validate(config_of(estimator={"kind": kind, "calibration": calibration}))
    split = split_cases(table, config.split, positive=config.target.positive)
    fitted = fit_pipeline(table, config, split.train)
    held = table.frame.loc[split.test]
    known = (held["outcome"] != "unknown").to_numpy()
    score = fitted.estimator.predict_proba(held[list(fitted.features)])[:, 1]
    assert roc_auc_score(held["outcome"][known] == POSITIVE, score[known]) > 0.7


def test_noise_alone_teaches_nothing(build: Build, config_of: Settings) -> None:
    table = build(n=4000)
    shuffled = table.frame["outcome"].sample(frac=1, random_state=5).to_numpy(dtype=object)
    table = with_frame(table, outcome=pd.Series(shuffled, index=table.ids, dtype=object))
    config = PipelineConfig.model_validate(config_of(estimator={"kind": "boosting", "weighting": "none"}))
    split = split_cases(table, config.split)
    held = table.frame.loc[split.test]
    fitted = fit_pipeline(table, config, split.train)
    score = fitted.estimator.predict_proba(held[list(fitted.features)])[:, 1]
    assert abs(roc_auc_score(held["outcome"] == POSITIVE, score) - 0.5) < 0.06


def test_facts_count_what_the_model_learnt_from(table: CaseTable, fit: Callable[..., FittedModel]) -> None:
    facts = fit(table).facts
    outcome = table.frame["outcome"]
    known = outcome != "unknown"
    assert facts.n == known.sum()
    assert facts.positives == (outcome == POSITIVE).sum()
    assert facts.unknown == (~known).sum()
    assert sum(arm.n for arm in facts.arms) == facts.n
    assert sum(arm.positives for arm in facts.arms) == facts.positives
    assert [arm.arm for arm in facts.arms] == ["random", "risk", "signal"]
    assert facts.weighted
    assert facts.without_probability == (table.frame["arm"] == "signal").sum()
    assert facts.effective_n < facts.n


@pytest.mark.parametrize("kind", KINDS)
def test_cases_whose_outcome_is_unknown_change_nothing(
    table: CaseTable, fit: Callable[..., FittedModel], kind: str
) -> None:
    known = table.frame["outcome"] != "unknown"
    full = fit(table, kind=kind).estimator
    without = fit(CaseTable(frame=table.frame[known], schema=table.schema), kind=kind).estimator
    features = table.frame[list(full.feature_names_in_)]
    np.testing.assert_array_equal(full.predict_proba(features), without.predict_proba(features))


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_rows_and_columns_and_the_names_of_sponsors_do_not_matter(
    table: CaseTable, fit: Callable[..., FittedModel], kind: str
) -> None:
    sponsor = "x" + table.frame["sponsor"].str[::-1]
    frame = table.frame.assign(sponsor=sponsor)[table.frame.columns[::-1]]
    columns = dict(reversed(table.schema.model_dump()["columns"].items()))
    other = CaseTable(frame=frame, schema=CaseSchema.model_validate({"columns": columns}))
    calibration = "sigmoid" if kind == "logistic" else "none"
    one, two = (fit(held, kind=kind, calibration=calibration) for held in (table, other))
    assert one.features == two.features
    features = table.frame[list(one.features)]
    np.testing.assert_array_equal(one.estimator.predict_proba(features), two.estimator.predict_proba(features))


def test_weighting_by_arm_undoes_a_selection_on_the_outcome(build: Build, fit: Callable[..., FittedModel]) -> None:
    # positives were investigated four times as often: weighted training gives the rate among all cases, unweighted not
    table = build(n=8000, seed=2)
    rng = np.random.default_rng(7)
    wrong = (table.frame["outcome"] == POSITIVE).to_numpy()
    chance = np.where(wrong, 0.8, 0.2)
    outcome = table.frame["outcome"].where(table.frame["outcome"] != "unknown", "none")
    truth = wrong.mean()
    seen = rng.random(len(table)) < chance
    table = with_frame(table, outcome=outcome.where(seen, "unknown"), chance=np.where(seen, chance, np.nan))
    features = table.frame[["late", "noise", "postcode", "salary", "sector"]]
    weighted = fit(table).estimator.predict_proba(features)[:, 1].mean()
    plain = fit(table, weighting="none").estimator.predict_proba(features)[:, 1].mean()
    assert abs(weighted - truth) < 0.02
    assert plain - truth > 0.15


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("calibration", ["none", "sigmoid", "isotonic"])
def test_a_trained_pipeline_holds_ordinary_types_only_and_survives_saving(
    build: Build, fit: Callable[..., FittedModel], kind: str, calibration: str
) -> None:
    table = build(n=900)
    fitted = fit(table, kind=kind, calibration=calibration)
    stored = skops.io.dumps(fitted.estimator)
    untrusted = skops.io.get_untrusted_types(data=stored)
    assert all(name.startswith(("sklearn.", "numpy.")) for name in untrusted), untrusted
    features = table.frame[list(fitted.features)]
    expected = fitted.estimator.predict_proba(features)
    np.testing.assert_array_equal(skops.io.loads(stored, trusted=untrusted).predict_proba(features), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted.estimator)).predict_proba(features), expected)


def test_no_row_of_the_training_table_stays_in_the_model(build: Build, fit: Callable[..., FittedModel]) -> None:
    small, large = (
        len(pickle.dumps(fit(build(n=n, sponsors=50), calibration="sigmoid").estimator)) for n in (1500, 6000)
    )
    assert large < 1.3 * small


@pytest.mark.parametrize("kind", KINDS)
def test_missing_and_unseen_values_are_scored(table: CaseTable, fit: Callable[..., FittedModel], kind: str) -> None:
    fitted = fit(table, kind=kind)
    odd: Any = table.frame[list(fitted.features)].head(2).copy()
    odd.loc[:, ["sector", "postcode"]] = [["mars", "p999"], [None, None]]
    odd.loc[:, ["late", "salary", "noise"]] = np.nan
    assert np.isfinite(fitted.estimator.predict_proba(odd)).all()


def test_a_column_that_is_always_missing_does_not_stop_training(
    table: CaseTable, fit: Callable[..., FittedModel]
) -> None:
    gone = pd.Series([None] * len(table), index=table.ids, dtype=object)
    assert fit(with_frame(table, salary=np.nan, sector=gone)).facts.n > 0


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("none", "0 of 60 training cases have a positive outcome"),
        ("deliberate_false_information", "0 of 60 training cases have a negative outcome"),
        ("unknown", "known outcomes: none"),
    ],
)
def test_a_one_sided_target_is_refused(build: Build, fit: Callable[..., FittedModel], outcome: str, words: str) -> None:
    table = build(n=60)
    table = with_frame(table, outcome=pd.Series([outcome] * 60, index=table.ids, dtype=object))
    with pytest.raises(InputError, match=words):
        fit(table)


def test_a_positive_type_that_the_schema_does_not_know_is_refused(
    table: CaseTable, fit: Callable[..., FittedModel]
) -> None:
    with pytest.raises(InputError, match="did you mean 'deliberate_false_information'"):
        fit(table, target="deliberate_false_informations")


def test_a_table_without_a_label_is_refused(table: CaseTable, fit: Callable[..., FittedModel]) -> None:
    columns = {**table.schema.model_dump()["columns"], "outcome": "ignore"}
    other = CaseTable(frame=table.frame.drop(columns="outcome"), schema=CaseSchema.model_validate({"columns": columns}))
    with pytest.raises(InputError, match="no column the role label"):
        fit(other)


def test_a_chance_of_being_investigated_of_zero_is_refused(table: CaseTable, fit: Callable[..., FittedModel]) -> None:
    chance = table.frame["chance"].mask(table.frame["chance"] == 0.1, 0.0)
    with pytest.raises(InputError, match="no probability above 0"):
        fit(with_frame(table, chance=chance))


def test_a_model_that_finds_no_solution_says_so(table: CaseTable, fit: Callable[..., FittedModel]) -> None:
    with pytest.raises(InputError, match="no stable solution"):
        fit(table, parameters={"max_iter": 1, "C": 1e6})


def test_calibration_on_a_single_cluster_of_positives_is_refused(build: Build, fit: Callable[..., FittedModel]) -> None:
    table = build(n=300, sponsors=20)
    outcome = pd.Series(np.where(table.frame["sponsor"] == "s0003", POSITIVE, "none"), index=table.ids, dtype=object)
    with pytest.raises(InputError, match="belong to one cluster"):
        fit(with_frame(table, outcome=outcome), calibration="sigmoid")
