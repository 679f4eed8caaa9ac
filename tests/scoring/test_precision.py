from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.core.plan import Plan
from igw_audit.scoring.adapters.answers import numbers
from igw_audit.scoring.operate import operate, select_cases

LIMITS = st.integers(1, 99).map(lambda part: part / 100)
LEVELS = np.round(np.arange(0, 1.0001, 0.01), 2)


def plan(**changes: object) -> Plan:
    return Plan.model_validate({"attributes": ("sex",), **changes})


def ids(n: int) -> pd.Index[str]:
    return pd.Index([f"c{number:05d}" for number in range(n)], name="id")


@settings(max_examples=60, deadline=None)
@given(limit=LIMITS, dtype=st.sampled_from(["float16", "float32", "float64", "longdouble"]))
def test_a_threshold_selects_what_a_service_selects_in_the_scores_own_precision(limit: float, dtype: str) -> None:
    score = LEVELS.astype(dtype)
    served = score >= limit
    point = select_cases(score, plan(threshold=limit), ids(len(score)))
    np.testing.assert_array_equal(point.selected, served)
    # what a counterfactual score is held against, in 64 bits, decides alike
    np.testing.assert_array_equal(score.astype(np.float64) >= point.edges[0], served)


@settings(max_examples=60, deadline=None)
@given(limit=LIMITS, dtype=st.sampled_from(["Float32", "float[pyarrow]", "double[pyarrow]", "Float64"]))
def test_a_column_of_an_extension_type_keeps_its_precision(limit: float, dtype: str) -> None:
    levels: Any = pd.Series(LEVELS)
    column = levels.astype(dtype)
    score = numbers(column, len(column), what="scores")
    assert score.dtype == (np.float32 if dtype in ("Float32", "float[pyarrow]") else np.float64)
    selected = select_cases(score, plan(threshold=limit), ids(len(score))).selected
    np.testing.assert_array_equal(selected, score >= score.dtype.type(limit))


@settings(max_examples=60, deadline=None)
@given(limit=LIMITS, kind=st.sampled_from([Decimal, Fraction]))
def test_decimals_and_fractions_are_compared_exactly_with_what_the_plan_writes(limit: float, kind: Any) -> None:
    hundredths = list(range(101))
    score = numbers([kind(str(part / 100)) for part in hundredths], 101, what="scores")
    selected = select_cases(score, plan(threshold=limit), ids(101)).selected
    assert selected.sum() == 101 - round(limit * 100)


@settings(max_examples=60, deadline=None)
@given(edges=st.lists(st.integers(1, 98), min_size=1, max_size=4, unique=True))
def test_a_band_begins_at_its_edge_in_32_bits_as_in_64(edges: list[int]) -> None:
    bands = [{"name": "none", "at_least": 0.0, "severity": 0}] + [
        {"name": f"b{edge}", "at_least": edge / 100, "severity": 1 + place} for place, edge in enumerate(sorted(edges))
    ]
    wide, narrow = (
        select_cases(LEVELS.astype(dtype), plan(bands=bands), ids(len(LEVELS))) for dtype in ("float64", "float32")
    )
    assert wide.bands is not None
    assert narrow.bands is not None
    np.testing.assert_array_equal(wide.bands.codes, narrow.bands.codes)


@settings(max_examples=60, deadline=None)
@given(
    levels=st.lists(st.integers(0, 250), min_size=2, max_size=60),
    dtype=st.sampled_from(["uint8", "int16", "int64", "float32", "bool"]),
    data=st.data(),
)
def test_a_capacity_takes_the_highest_whatever_the_type_and_the_lowest_where_these_are_riskier(
    levels: list[int], dtype: str, data: st.DataObject
) -> None:
    score = np.array(levels).astype(dtype)
    room = data.draw(st.integers(1, len(score) - 1))
    high = operate(score, plan(capacity=room), ids(len(score))).selected
    low = operate(score, plan(capacity=room), ids(len(score)), higher="safer").selected
    assert high.sum() == low.sum() == room
    assert score[high].min() >= score[~high].max()
    assert score[low].max() <= score[~low].min()


def test_whole_numbers_beyond_what_64_bits_of_a_float_hold_are_still_told_apart() -> None:
    score = np.array([2**60, 2**60 + 1, 2**60 + 2, 2**60 + 3])
    assert operate(score, plan(capacity=2), ids(4)).selected.tolist() == [False, False, True, True]


@settings(max_examples=60, deadline=None)
@given(limit=st.integers(0, 100), dtype=st.sampled_from(["int64", "float32", "float64"]))
def test_where_lower_is_riskier_the_limit_is_in_the_scores_own_numbers(limit: int, dtype: str) -> None:
    score = np.arange(101).astype(dtype)
    point = select_cases(score, plan(threshold=float(limit)), ids(101), higher="safer")
    np.testing.assert_array_equal(point.selected, score <= limit)
    np.testing.assert_array_equal(-score.astype(np.float64) >= point.edges[0], point.selected)


def test_bands_of_a_score_of_which_lower_is_riskier_keep_their_edges_and_rise_with_risk() -> None:
    bands = [
        {"name": "bad", "at_least": 0.0, "severity": 4},
        {"name": "poor", "at_least": 40.0, "severity": 2},
        {"name": "good", "at_least": 60.0, "severity": 0},
    ]
    score = np.array([0.0, 39.0, 40.0, 59.0, 60.0, 100.0], dtype=np.float32)
    point = operate(score, plan(bands=bands), ids(6), higher="safer")
    assert point.bands is not None
    assert [point.bands.names[code] for code in point.bands.codes] == ["bad", "bad", "poor", "poor", "good", "good"]
    assert point.bands.severity == (0, 2, 4)
    turned = np.searchsorted(np.array(point.edges), -score.astype(np.float64), side="right") - 1
    np.testing.assert_array_equal(turned, point.bands.codes)


@pytest.mark.parametrize("values", [[1 + 2j, 0j], pd.to_datetime(["2025-01-01", "2025-01-02"]), ["low", "high"]])
def test_what_is_no_number_is_refused(values: Any) -> None:
    with pytest.raises(Exception, match="the scores are not numbers"):
        numbers(values, 2, what="scores")
