"""A case table with a planted truth: late and salary raise the chance of deliberate false information."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.schema import CaseSchema
from igw_audit.core.tables import CaseTable

SCHEMA: dict[str, object] = {
    "columns": {
        "case": "id",
        "decided": "time",
        "sponsor": "cluster",
        "salary": {"role": "declared", "type": "number"},
        "late": {"role": "feature", "type": "flag"},
        "sector": {"role": "feature", "type": "category"},
        "postcode": {"role": "feature", "type": "category"},
        "noise": {"role": "feature", "type": "number"},
        "outcome": "label",
        "arm": "arm",
        "chance": "arm_probability",
        "investigated": "step:investigated",
        "memo": "ignore",
    }
}

Build = Callable[..., CaseTable]


def build_table(
    n: int = 3000, seed: int = 0, *, sponsors: int = 300, schema: dict[str, object] | None = None
) -> CaseTable:
    rng = np.random.default_rng(seed)
    sponsor = rng.integers(0, sponsors, n)
    salary = rng.normal(size=n)
    late = (rng.random(n) < 0.3).astype(float)
    postcode = rng.integers(0, 120, n)
    risk = 1 / (1 + np.exp(-(-1.5 - 1.2 * salary + 1.0 * late + 0.6 * np.sin(postcode))))
    wrong = rng.random(n) < risk
    arm = rng.choice(np.array(["risk", "random", "signal"], dtype=object), n, p=[0.5, 0.4, 0.1])
    outcome = np.where(wrong, "deliberate_false_information", "none").astype(object)
    outcome[rng.random(n) < 0.1] = "administrative"
    unknown = rng.random(n) < 0.15
    outcome[unknown] = "unknown"
    salary[rng.random(n) < 0.1] = np.nan
    late[rng.random(n) < 0.02] = np.nan
    sector = rng.choice(np.array(["ict", "farm", "care", None], dtype=object), n, p=[0.5, 0.3, 0.1, 0.1])
    sector[:5] = "rare"
    frame = pd.DataFrame(
        {
            "arm": pd.Series(arm).mask(unknown, None).to_numpy(dtype=object),
            "chance": np.where(unknown | (arm == "signal"), np.nan, np.where(arm == "random", 0.1, 0.8)),
            "decided": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "investigated": (~unknown).astype(float),
            "late": late,
            "noise": rng.normal(size=n),
            "outcome": outcome,
            "postcode": np.array([f"p{code:03d}" for code in postcode], dtype=object),
            "salary": salary,
            "sector": sector,
            "sponsor": np.array([f"s{code:04d}" for code in sponsor], dtype=object),
        },
        index=pd.Index([f"c{number:06d}" for number in range(n)], name="id"),
    )
    for name in ("arm", "outcome", "postcode", "sector", "sponsor"):
        frame[name] = pd.Series(frame[name].to_numpy(dtype=object), index=frame.index, dtype=object)
        frame[name] = frame[name].where(frame[name].notna(), None)
    return CaseTable(frame=frame, schema=CaseSchema.model_validate(schema or SCHEMA))


@pytest.fixture(scope="session")
def table() -> CaseTable:
    return build_table()


@pytest.fixture
def build() -> Build:
    return build_table


def settings(**changes: object) -> dict[str, object]:
    return {
        "pilot": "study",
        "data": {"cases": "cases.parquet", "schema": "schema.toml"},
        "target": {"positive": ["deliberate_false_information"]},
        "estimator": {"kind": "logistic"},
        **changes,
    }


@pytest.fixture
def config_of() -> Callable[..., dict[str, object]]:
    return settings
