"""Scored cases with a planted truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.cases import Bands, Grouping, Label, ScoredCases, Step
from igw_audit.core.plan import Plan
from igw_audit.intake import group_cases, read_cases, read_protected
from igw_audit.intake.synthetic import synthesize
from igw_audit.scoring.cases import score_cases

ATTRIBUTE = "origin"
BAND_NAMES = ("inform", "warn", "fine")


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns of a case table, one entry a case in canonical order; None for what it does not hold."""

    origin: list[str | None]
    score: list[float]
    selected: list[bool]
    positive: list[bool | None] | None = None
    arm: list[str | None] | None = None
    arm_probability: list[float] | None = None
    steps: Mapping[str, list[bool]] = field(default_factory=dict)
    bands: list[int] | None = None
    cluster: list[int] | None = None
    weight: list[float] | None = None
    features: Mapping[str, list[Any]] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)
    predict: Callable[[pd.DataFrame], Any] | None = None


def scored(table: Table) -> ScoredCases:
    """Build scored cases as the scoring room hands them to audits."""
    n = len(table.origin)
    index = pd.Index([f"c{position:05d}" for position in range(n)], name="id")
    names = sorted(table.features)
    settings: dict[str, Any] = {
        "attributes": [ATTRIBUTE],
        "capacity": max(1, sum(table.selected)),
        "declared": table.declared,
        "features": [name for name in names if name not in table.declared],
        **table.plan,
    }
    if table.bands is not None:
        settings.pop("capacity")
        settings["bands"] = [{"name": name, "at_least": k / 3, "severity": k + 1} for k, name in enumerate(BAND_NAMES)]
    return ScoredCases(
        plan=Plan(**settings),
        features=pd.DataFrame({name: list(table.features[name]) for name in names}, index=index),
        score=np.array(table.score, dtype=np.float64),
        selected=np.array(table.selected, dtype=np.bool_),
        groupings={ATTRIBUTE: Grouping.of(ATTRIBUTE, pd.Series(table.origin, index=index, dtype=object))},
        steps=tuple(
            Step(name=name, reached=np.array(reached, dtype=np.bool_)) for name, reached in table.steps.items()
        ),
        label=_label(table.positive),
        bands=None
        if table.bands is None
        else Bands(names=BAND_NAMES, severity=(1, 2, 3), codes=np.array(table.bands, dtype=np.int64)),
        arm=None if table.arm is None else np.array(table.arm, dtype=object),
        arm_probability=None if table.arm_probability is None else np.array(table.arm_probability, dtype=np.float64),
        cluster=None if table.cluster is None else np.array(table.cluster, dtype=np.int64),
        weight=None if table.weight is None else np.array(table.weight, dtype=np.float64),
        predict=table.predict,
        model=table.predict,
    )


def _label(positive: list[bool | None] | None) -> Label | None:
    if positive is None:
        return None
    words = {True: "public_order", False: "none", None: "unknown"}
    return Label(
        types=np.array([words[value] for value in positive], dtype=object),
        positive=np.array([value is True for value in positive], dtype=np.bool_),
        known=np.array([value is not None for value in positive], dtype=np.bool_),
    )


@pytest.fixture
def planted() -> Callable[..., ScoredCases]:
    """Give cases with exactly the selection rates asked: ``planted(a=0.20, b=0.35)``, each group of ``n`` cases."""

    def make(*, n: int = 400, **rates: float) -> ScoredCases:
        origin: list[str | None] = [name for name in rates for _ in range(n)]
        selected = [position < round(rate * n) for rate in rates.values() for position in range(n)]
        score = [0.75 + 0.2 * (k % 7) / 7 if chosen else 0.7 * (k % 11) / 11 for k, chosen in enumerate(selected)]
        return scored(Table(origin=origin, score=score, selected=selected))

    return make


@pytest.fixture(scope="session")
def make() -> Callable[..., ScoredCases]:
    """Give cases from columns: the fields of ``Table``."""
    return lambda **columns: scored(Table(**columns))


@pytest.fixture(scope="session")
def confusion() -> Callable[..., ScoredCases]:
    """Give cases from confusion matrices."""
    return from_confusion


def from_confusion(counts: Mapping[str | None, tuple[int, int, int, int]], **more: Any) -> ScoredCases:
    """Give cases from confusion matrices: true negatives, false positives, false negatives, true positives by group."""
    origin: list[str | None] = []
    selected: list[bool] = []
    positive: list[bool | None] = []
    for group, (tn, fp, fn, tp) in counts.items():
        origin += [group] * (tn + fp + fn + tp)
        selected += [False] * tn + [True] * fp + [False] * fn + [True] * tp
        positive += [False] * (tn + fp) + [True] * (fn + tp)
    score = [0.8 if chosen else 0.2 for chosen in selected]
    return scored(Table(origin=origin, score=score, selected=selected, positive=positive, **more))


@pytest.fixture(scope="session")
def pilot() -> Callable[..., ScoredCases]:
    """Give the cases of a synthetic pilot: ``pilot("study", scenario="none", seed=1, score="score_old", steps=(...))``.

    With ``affected="name"`` the only attribute is whether bias touches the nationality of a case.
    """
    return synthetic


def synthetic(
    name: str,
    *,
    scenario: str,
    seed: int,
    n: int = 12_000,
    score: str = "score_old",
    affected: str | None = None,
    **plan: Any,
) -> ScoredCases:
    made = synthesize(name, n=n, seed=seed, scenario=scenario)
    protected = made.protected
    if affected is not None:
        bent = protected["nationality"].isin(made.truth.affected)
        protected = pd.DataFrame({"case_id": protected["case_id"], affected: np.where(bent, "affected", "others")})
    table = read_cases(made.cases, made.schema)
    attribute = affected or "nationality"
    settings: dict[str, Any] = {"attributes": (attribute,), "capacity": 0.1, **plan}
    if affected is None:
        settings["largest"] = {attribute: 5}
    whole = Plan.model_validate(settings)
    groupings = group_cases(read_protected(protected, id_column="case_id"), table.ids, whole)
    return score_cases(table, whole, groupings=groupings, score=made.cases.set_index("case_id")[score])
