"""Frames of every kind that pandas can hold, drawn by a seed: what the intake is thrown at."""

from __future__ import annotations

import datetime
import decimal
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import igw_audit as igw
from igw_audit.errors import InputError

Draw = np.random.Generator
WORDS = np.array(
    [
        *("Nederland", "NEDERLAND", "", " ", "NA", "nan", "<b>x</b>", "{{ 7*7 }}", "a\x00b", "\u200b", "Co\u0302te"),
        *("C\u00f4te", "=1+1", "1", "1.0", "01", "1e400", "true", "2025-01-31", "31-01-2025", "\u00e9" * 300),
        *("\ud7ff", "\U0001f600", "-"),
    ],
    dtype=object,
)
NAMES: tuple[Any, ...] = (
    *("s", "x", "z", "id", "case_id", "index", "", " ", "<i>n</i>", "label", "arm", "weight", "\x00", "a\nb"),
    *(0, 1, -1, 2.5, None, float("nan"), ("a", 1), True, b"b", pd.Timestamp(0), "Unnamed: 0", "level_0"),
)


def _mixed(draw: Draw, n: int) -> Any:
    odd: tuple[Any, ...] = (
        None,
        float("nan"),
        pd.NA,
        pd.NaT,
        1,
        1.5,
        True,
        "x",
        2**70,
        decimal.Decimal("1.10"),
        1 + 2j,
    )
    odd += (uuid.UUID(int=5), datetime.date(2020, 1, 1), pd.Timestamp(0, tz="UTC"), pd.Interval(0, 1), (1, 2), [1], {})
    odd += (b"b", object, float("inf"), decimal.Decimal("NaN"), np.float32(1.5), np.int8(3), datetime.time(1, 2))
    some = draw.choice(len(odd), size=int(draw.integers(1, 4)))
    return pd.Series([odd[int(one)] for one in draw.choice(some, n)], dtype=object)


def _holed(values: pd.Series, draw: Draw) -> pd.Series:
    return values if draw.random() < 0.6 else values.mask(pd.Series(draw.random(len(values)) < draw.random()))


def _tz(draw: Draw, n: int) -> Any:
    zone = ("UTC", "Europe/Amsterdam", "Asia/Kathmandu", datetime.timezone(datetime.timedelta(hours=-3)))[
        int(draw.integers(4))
    ]
    return pd.Series(pd.to_datetime(draw.integers(0, 2**60, n), utc=True)).dt.tz_convert(zone)


KINDS: dict[str, Callable[[Draw, int], Any]] = {
    "float64": lambda d, n: d.normal(size=n),
    "float32": lambda d, n: d.normal(size=n).astype("float32"),
    "float16": lambda d, n: d.normal(size=n).astype("float16"),
    "longdouble": lambda d, n: d.normal(size=n).astype("longdouble"),
    "infinite": lambda d, n: d.choice([1.0, np.inf, -np.inf, np.nan], n),
    "int64": lambda d, n: d.integers(-5, 5, n),
    "int8": lambda d, n: d.integers(-5, 5, n).astype("int8"),
    "zero one": lambda d, n: d.integers(0, 2, n),
    "huge": lambda d, n: d.integers(2**62, 2**63 - 1, n),
    "uint64": lambda d, n: d.integers(2**63, 2**64 - 1, n, dtype="uint64"),
    "Int64": lambda d, n: pd.array(d.integers(0, 9, n), dtype="Int64"),
    "boolean": lambda d, n: pd.array(d.random(n) < 0.5, dtype="boolean"),
    "bool": lambda d, n: d.random(n) < 0.5,
    "text": lambda d, n: pd.Series(d.choice(WORDS, n), dtype=object),
    "string": lambda d, n: pd.array(d.choice(WORDS, n), dtype="string"),
    "category": lambda d, n: pd.Categorical(d.choice(WORDS[:4], n), categories=[*WORDS[:4], "unused"]),
    "int category": lambda d, n: pd.Categorical(d.integers(0, 3, n), categories=[0, 1, 2, 9]),
    "cut": lambda d, n: pd.cut(d.normal(size=n), [-9, 0, 1, 9]),
    "interval": lambda _, n: pd.arrays.IntervalArray.from_breaks(np.arange(n + 1)),
    "period": lambda _, n: pd.period_range("2020-01", periods=n, freq="M").array,
    "datetime": lambda d, n: pd.to_datetime(d.integers(-(2**62), 2**62, n)),
    "datetime s": lambda d, n: d.integers(-(2**40), 2**40, n).astype("datetime64[s]"),
    "zone": _tz,
    "timedelta": lambda d, n: pd.to_timedelta(d.integers(-(2**50), 2**50, n)),
    "date": lambda d, n: pd.Series([datetime.date(2020, 1, 1 + int(k)) for k in d.integers(0, 28, n)], dtype=object),
    "time": lambda d, n: pd.Series([datetime.time(int(k)) for k in d.integers(0, 24, n)], dtype=object),
    "decimal": lambda d, n: pd.Series([decimal.Decimal(int(k)) / 7 for k in d.integers(0, 9, n)], dtype=object),
    "complex": lambda d, n: d.normal(size=n) + 1j,
    "bytes": lambda d, n: pd.Series([b"\xff" * int(k) for k in d.integers(0, 3, n)], dtype=object),
    "sparse": lambda d, n: pd.arrays.SparseArray(d.integers(0, 2, n) * 1.0),
    "lists": lambda d, n: pd.Series([[1] * int(k) for k in d.integers(0, 3, n)], dtype=object),
    "arrow ints": lambda d, n: pd.Series(d.integers(0, 9, n), dtype="int64[pyarrow]"),
    "arrow text": lambda d, n: pd.array(d.choice(WORDS, n), dtype="string[pyarrow]"),
    "mixed": _mixed,
    "surrogate": lambda _, n: pd.Series(["a\ud800"] * n, dtype=object),
    "missing": lambda _, n: pd.Series([None] * n, dtype=object),
    "constant": lambda _, n: np.ones(n),
}


def column(draw: Draw, n: int) -> pd.Series:
    """One column of a kind that is drawn, some of it missing."""
    kind = list(KINDS)[int(draw.integers(len(KINDS)))]
    try:
        return _holed(pd.Series(KINDS[kind](draw, n)).reset_index(drop=True), draw)
    except (TypeError, ValueError):
        return pd.Series(KINDS[kind](draw, n)).reset_index(drop=True)


def index(draw: Draw, n: int) -> Any:
    """An index of ids that is drawn, of which most tell cases apart."""
    made: list[Callable[[], Any]] = [
        lambda: pd.Index([f"c{k}" for k in range(n)], dtype=object),
        lambda: pd.RangeIndex(n),
        lambda: pd.RangeIndex(5, 5 + n),
        lambda: pd.Index(draw.permutation(n)),
        lambda: pd.Index(draw.permutation(n) * 1.0),
        lambda: pd.Index(np.arange(n) // 2),
        lambda: pd.MultiIndex.from_arrays([np.arange(n) // 2, np.arange(n) % 2]),
        lambda: pd.date_range("2026-01-01", periods=n, freq="h", tz="Europe/Amsterdam"),
        lambda: pd.Index([None, *range(1, n)], dtype=object) if n else pd.Index([], dtype=object),
        lambda: pd.CategoricalIndex([f"k{k}" for k in range(n)]),
        lambda: pd.interval_range(0, n),
        lambda: pd.period_range("2000-01-01", periods=n, freq="D"),
        lambda: pd.Index([uuid.UUID(int=k) for k in range(n)], dtype=object),
    ]
    weights = np.array([30, *([1] * (len(made) - 1))]) / (29 + len(made))
    return made[int(draw.choice(len(made), p=weights))]()


def frame(draw: Draw, n: int, must: tuple[Any, ...]) -> pd.DataFrame:
    """A frame with the columns that are named and others, perhaps with repeated names or names of two levels."""
    more = [NAMES[int(k)] for k in draw.integers(0, len(NAMES), int(draw.integers(0, 4)))]
    fresh = more if draw.random() < 0.1 else [name for name in dict.fromkeys(more) if name not in must]
    names = [*must, *fresh]
    made = pd.concat([column(draw, n) for _ in names], axis=1) if names else pd.DataFrame(index=range(n))
    if names:
        made.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    if names and draw.random() < 0.03:
        made.columns = pd.MultiIndex.from_arrays([[str(name) for name in names], range(len(names))])
    return made


def told(seed: int) -> str:
    """Audit one drawn pair of frames: ``record``, or ``refused`` in words; anything else is raised."""
    draw = np.random.default_rng(seed)
    n = int(draw.choice([0, 1, 2, 5, 40], p=[0.02, 0.02, 0.02, 0.14, 0.8]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases, people = frame(draw, n, ("s", "x", "z")), frame(draw, n, ("nationality",))
        if draw.random() < 0.9:
            cases["s"] = draw.normal(size=n)
        both = index(draw, n)
        cases.index = both
        people.index = both if draw.random() < 0.95 else index(draw, n)
        if n > 1 and draw.random() < 0.04:
            cases = pd.concat([cases, cases.iloc[:1]])
        if draw.random() < 0.3:
            cases, people = cases.sample(frac=1, random_state=seed), people.sample(frac=1, random_state=seed + 1)
    features = ["x", "z"][: int(draw.integers(3))]
    plan: dict[str, Any] = {"attributes": ["nationality"], "capacity": 0.3, "features": features}
    plan |= {"audits": ["A000", "A001", "A008"]} if draw.random() < 0.8 else {"audits": ["A000", "A004", "A009"]}
    for key in ("label", "cluster", "arm", "weight"):
        if draw.random() < 0.04:
            plan[key] = str(draw.choice(["x", "z", "label", "nothing"]))
    if draw.random() < 0.05:
        plan["bins"] = {"nationality": [0, 1]}
    if draw.random() < 0.1:
        plan["declared"] = [name for name in ("x", "z") if name not in features]
    given: dict[str, Any] = {"score": "s"}
    if draw.random() < 0.25:
        given = {"model": lambda table: pd.to_numeric(table["s"], errors="coerce").fillna(0).to_numpy(dtype=float)}
    try:
        record = igw.audit(cases, protected=people, plan=plan, **given)
    except InputError:
        return "refused"
    record.to_json()
    failed = [f"{one.audit}: {one.reason}" for one in record.outcomes if one.status == "failed"]
    assert not failed, failed
    return "record"
