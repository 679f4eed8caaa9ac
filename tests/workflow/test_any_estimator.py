"""One table, one model, in every kind in which people keep models: the audit says the same of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import igw_audit as igw
from igw_audit.core.record import AuditRecord
from igw_audit.errors import InputError

N = 900
NAMES = ["age of case", "pay"]
RNG = np.random.default_rng(5)
IDS = pd.Index([f"c{number:04d}" for number in range(N)])
GROUP = RNG.choice(["A", "B", "C"], N, p=[0.6, 0.3, 0.1])
CASES = pd.DataFrame(
    {"pay": RNG.normal(size=N) + (GROUP == "B"), "age of case": RNG.normal(size=N)}, index=IDS
)[NAMES]  # fmt: skip
PEOPLE = pd.DataFrame({"nationality": GROUP}, index=IDS)
FOUND = (RNG.random(N) < 1 / (1 + np.exp(-CASES["pay"]))).astype(int).to_numpy()
PLAN: Mapping[str, Any] = {
    "attributes": ["nationality"],
    "features": NAMES,
    "threshold": 0.6,
    "audits": ["A001", "A004", "A009"],
}


def audited(model: Any, **more: Any) -> AuditRecord:
    return igw.audit(CASES, protected=PEOPLE, model=model, plan={**PLAN, **more})


def logit() -> Any:
    return LogisticRegression().fit(CASES, FOUND)


def session(columns: bool, **options: Any) -> Any:
    import onnxruntime
    from skl2onnx import to_onnx

    if columns:
        scale = StandardScaler(with_mean=False, with_std=False)
        model = make_pipeline(ColumnTransformer([("as it is", scale, NAMES)]), LogisticRegression()).fit(CASES, FOUND)
        example: Any = CASES[:1].astype("float32")
    else:
        model, example = LogisticRegression().fit(CASES.to_numpy(), FOUND), CASES[:1].to_numpy("float32")
    made = to_onnx(model, example, options={id(model): options} if options else None)
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])


def pyfunc(model: Any, folder: Path, **more: Any) -> Any:
    import mlflow

    mlflow.sklearn.save_model(model, str(folder), input_example=CASES[:2], serialization_format="cloudpickle", **more)
    return mlflow.pyfunc.load_model(str(folder))


def light() -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=12, num_leaves=6, verbose=-1).fit(CASES, FOUND)


def extreme() -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=12, max_depth=2).fit(CASES, FOUND)


def cat(kind: str) -> Any:
    import catboost

    more: dict[str, Any] = {"loss_function": "Logloss", "random_seed": 1} if kind == "CatBoost" else {"random_seed": 1}
    settings = {"iterations": 12, "depth": 3, "verbose": 0, "allow_writing_files": False, **more}
    model = catboost.CatBoost(settings) if kind == "CatBoost" else catboost.CatBoostClassifier(**settings)
    return model.fit(CASES, FOUND)


def reduced() -> Any:
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    model = ExponentiatedGradient(LogisticRegression(), DemographicParity(difference_bound=0.02), max_iter=8)
    return model.fit(CASES, FOUND, sensitive_features=GROUP)


with warnings.catch_warnings():
    # Fairlearn's, about pandas
    warnings.simplefilter("ignore")
    LOGIT, LIGHT, EXTREME, REDUCED, CAT = logit(), light(), extreme(), reduced(), cat("CatBoostClassifier")
REFERENCE: Mapping[str, Callable[[pd.DataFrame], Any]] = {
    "logit": lambda frame: LOGIT.predict_proba(frame[NAMES])[:, 1],
    "light": lambda frame: LIGHT.predict_proba(frame[NAMES])[:, 1],
    "extreme": lambda frame: EXTREME.predict_proba(frame[NAMES])[:, 1],
    "cat": lambda frame: CAT.predict_proba(frame[NAMES])[:, 1],
    "linear": lambda frame: LinearRegression().fit(CASES, FOUND).predict(frame[NAMES]),
    "reduced": lambda frame: REDUCED._pmf_predict(frame[NAMES])[:, 1],
}
ORDER = {"score": {"columns": NAMES}}
KINDS: Mapping[str, tuple[str, Callable[[Path], Any], Mapping[str, Any]]] = {
    "classifier": ("logit", lambda _: LOGIT, {}),
    "pipeline": ("logit", lambda _: make_pipeline("passthrough", LogisticRegression()).fit(CASES, FOUND), {}),
    "fitted on an array": ("logit", lambda _: LogisticRegression().fit(CASES.to_numpy(), FOUND), ORDER),
    "classes as words": ("logit", lambda _: LogisticRegression().fit(CASES, np.where(FOUND == 1, "yes", "no")), {}),
    "classes the other way": (
        "logit",
        lambda _: LogisticRegression().fit(CASES, np.where(FOUND == 1, "fraud", "none")),
        {"score": {"classes": ["fraud"]}},
    ),
    "pyfunc": ("logit", lambda folder: pyfunc(LOGIT, folder / "m", pyfunc_predict_fn="predict_proba"), {}),
    "onnx, a column each": ("logit", lambda _: session(columns=True), {}),
    "onnx, a tensor": ("logit", lambda _: session(columns=False), ORDER),
    "onnx, a table of probabilities": ("logit", lambda _: session(columns=True, zipmap=False), {}),
    "regressor": ("linear", lambda _: LinearRegression().fit(CASES, FOUND), {}),
    "pyfunc regressor": ("linear", lambda folder: pyfunc(LinearRegression().fit(CASES, FOUND), folder / "m"), {}),
    "LightGBM": ("light", lambda _: LIGHT, {}),
    "LightGBM Booster": ("light", lambda _: LIGHT.booster_, {}),
    "XGBoost": ("extreme", lambda _: EXTREME, {}),
    "XGBoost Booster": ("extreme", lambda _: EXTREME.get_booster(), {}),
    "CatBoost": ("cat", lambda _: CAT, {}),
    "CatBoost's own class": ("cat", lambda _: cat("CatBoost"), {}),
    "Fairlearn, randomised": ("reduced", lambda _: REDUCED, {}),
}
_KEPT: dict[str, AuditRecord] = {}


def reference(name: str) -> AuditRecord:
    if name not in _KEPT:
        _KEPT[name] = audited(REFERENCE[name])
    return _KEPT[name]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_model_in_every_kind_has_the_same_groups_rates_and_findings(kind: str, tmp_path: Path) -> None:
    name, make, more = KINDS[kind]
    found, expected = audited(make(tmp_path), **more), reference(name)
    for audit in ("A001", "A004", "A009"):
        mine, theirs = (record.outcome(audit, "nationality") for record in (found, expected))
        assert [(one.statistic, one.group, one.features) for one in mine.findings] == [
            (one.statistic, one.group, one.features) for one in theirs.findings
        ]
        for one, other in zip(mine.findings, theirs.findings, strict=True):
            assert (one.estimate is None) == (other.estimate is None)
            if one.estimate is not None and other.estimate is not None:
                # an ONNX session counts in 32 bits
                assert one.estimate.value == pytest.approx(other.estimate.value, abs=2e-5, rel=1e-4)
                assert one.estimate.n == other.estimate.n
    rates = [
        {one.group: one.estimate for one in record.outcome("A001", "nationality").select("selection_rate")}
        for record in (found, expected)
    ]
    assert rates[0] == rates[1]
    contract = found.provenance.score
    assert contract is not None
    assert contract.function_of_features == "yes"
    assert contract.kind == {"linear": "points", "reduced": "chance_of_selection"}.get(name, "probability")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"fitted on an array", "onnx, a tensor"}))
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_features_default_to_what_the_model_names(kind: str, tmp_path: Path) -> None:
    _, make, more = KINDS[kind]
    wider = CASES.assign(note=1.0)
    plan = {**PLAN, **more, "features": [], "audits": ["A001"]}
    record = igw.audit(wider, protected=PEOPLE, model=make(tmp_path), plan=plan)
    assert sorted(record.plan.features) == NAMES
    declared = igw.audit(wider, protected=PEOPLE, model=make(tmp_path / "b"), plan={**plan, "declared": ["pay"]})
    assert declared.plan.features == ("age of case",)


def test_a_model_that_decides_by_group_is_direct_use_of_it() -> None:
    from fairlearn.postprocessing import ThresholdOptimizer

    model = ThresholdOptimizer(estimator=LogisticRegression(), predict_method="predict_proba")
    model.fit(CASES, FOUND, sensitive_features=GROUP)
    record = audited(model, threshold=0.5, audits=["A001", "A008", "A009"])
    chance = model._pmf_predict(CASES, sensitive_features=GROUP)[:, 1]
    rates = {one.group: one.estimate for one in record.outcome("A001", "nationality").select("selection_rate")}
    for group in "ABC":
        estimate = rates[group]
        assert estimate is not None
        assert estimate.value == pytest.approx((chance >= 0.5)[group == GROUP].mean())
    assert record.plan.features == (*NAMES, "nationality")
    assert record.outcome("A008", "nationality").level == "direct_use"
    assert record.decision.word == "refuse"


def test_a_callable_that_reads_the_attribute_without_saying_so_uses_it_directly() -> None:
    beside = CASES.assign(nationality=GROUP)
    plan = {**PLAN, "threshold": 1.0, "audits": ["A001", "A008"]}
    secret = igw.audit(
        beside, protected=PEOPLE, model=lambda frame: frame["pay"] + 0.01 * (frame["nationality"] == "B"), plan=plan
    )
    assert secret.provenance.score is not None
    assert secret.provenance.score.reads == ("nationality",)
    assert secret.outcome("A008", "nationality").level == "direct_use"
    open_one = igw.audit(beside, protected=PEOPLE, model=lambda frame: frame["pay"], plan=plan)
    assert open_one.outcome("A008", "nationality").level is None


def test_a_group_aware_model_says_which_column_it_wants_where_that_is_not_clear() -> None:
    from fairlearn.postprocessing import ThresholdOptimizer

    model = ThresholdOptimizer(estimator=LogisticRegression(), predict_method="predict_proba")
    model.fit(CASES, FOUND, sensitive_features=GROUP)
    twice = PEOPLE.assign(born=GROUP)
    plan = {**PLAN, "attributes": ["nationality", "born"], "audits": ["A008"], "threshold": 0.5}
    with pytest.raises(InputError, match="more than one attribute of the plan has just those"):
        igw.audit(CASES, protected=twice, model=model, plan=plan)
    named = {**plan, "score": {"sensitive_features": "born"}}
    assert igw.audit(CASES, protected=twice, model=model, plan=named).outcome("A008", "born").level == "direct_use"
    with pytest.raises(InputError, match="which is no column and no attribute"):
        igw.audit(CASES, protected=twice, model=model, plan={**plan, "score": {"sensitive_features": "sex"}})


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_pyfunc_model_that_gives_classes_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pyfunc_predict_fn='predict_proba'"):
        audited(pyfunc(LOGIT, tmp_path / "m"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_table_of_scores_in_a_file_is_compared_in_its_own_precision(dtype: str, tmp_path: Path) -> None:
    points = np.random.default_rng(0).choice([0.1, 0.3, 0.7, 0.9], N).astype(dtype)
    pd.DataFrame({"id": IDS, "points": points}).to_parquet(tmp_path / "cases.parquet")
    people = PEOPLE.rename_axis("id").reset_index()
    people.to_csv(tmp_path / "people.csv", index=False)
    plan = {"attributes": ["nationality"], "threshold": 0.7, "audits": ["A001"]}
    said: list[str] = []
    record = igw.audit(
        tmp_path / "cases.parquet",
        protected=tmp_path / "people.csv",
        score="points",
        plan=plan,
        progress=said.append,
    )
    assert f"{int((points >= 0.7).sum())} of them selected" in said[0]
    assert record.provenance.score is not None
    assert record.provenance.score.dtype == dtype


def test_flips_of_32_bit_scores_on_the_limit_keep_the_services_decisions() -> None:
    levels = np.array([0.1, 0.3, 0.7, 0.9])
    place = np.random.default_rng(1).integers(0, 4, N)
    cases = pd.DataFrame({"level": place, "z": np.random.default_rng(2).integers(0, 2, N)}, index=IDS)
    rates = []
    for dtype in ("float32", "float64"):
        kept = levels.astype(dtype)
        record = igw.audit(
            cases,
            protected=PEOPLE,
            model=lambda frame, kept=kept: kept[frame["level"].to_numpy()],
            plan={**PLAN, "features": ["level", "z"], "threshold": 0.7, "audits": ["A001", "A009"]},
        )
        rates.append(
            [one.estimate.value if one.estimate else None for one in record.outcome("A009", "nationality").findings]
        )
    assert rates[0] == pytest.approx(rates[1], abs=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_the_lines_of_the_how_to_run_and_give_what_it_says() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/how-to/audit-any-estimator.md"
    text = page.read_text(encoding="utf-8")
    held: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        for said in re.finditer(r"^(record\.\S.*?) +# (\('.*?'\)|'[\w ]+')", block, flags=re.MULTILINE):
            before = block[: said.start()]
            exec(before, held)
            assert eval(said.group(1), held) == eval(said.group(2)), said.group(0)
        exec(block, held)
