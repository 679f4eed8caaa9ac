"""One pass of counts gives what scikit-learn gives case by case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.stats.counting import Metric, count_cells, metric_counts


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2000), st.integers(1, 90), st.integers(0, 10), st.sampled_from(["uint8", "int64", "int16"]))
def test_counts_are_those_of_a_loop(n: int, groups: int, seed: int, kind: str) -> None:
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, groups, n)
    label, decision = generator.random(n) < 0.3, generator.random(n) < 0.6
    expected = np.zeros((groups, 2, 2), dtype=np.int64)
    np.add.at(expected, (codes, label.astype(int), decision.astype(int)), 1)
    np.testing.assert_array_equal(count_cells(codes.astype(kind), label, decision, groups=groups), expected)


def test_tables_longer_than_a_chunk_lose_no_case() -> None:
    n = 300_001
    found = count_cells(np.zeros(n, dtype=np.uint8), np.ones(n, dtype=bool), np.zeros(n, dtype=bool), groups=2)
    assert found.sum() == found[0, 1, 0] == n


def test_metrics_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, precision_score, recall_score

    generator = np.random.default_rng(1)
    label, decision = generator.random(500) < 0.4, generator.random(500) < 0.5
    cells = count_cells(np.zeros(500, dtype=np.uint8), label, decision, groups=1)
    expected = {
        Metric.SELECTION_RATE: decision.mean(),
        Metric.BASE_RATE: label.mean(),
        Metric.TRUE_POSITIVE_RATE: recall_score(label, decision),
        Metric.FALSE_NEGATIVE_RATE: 1 - recall_score(label, decision),
        Metric.FALSE_POSITIVE_RATE: 1 - recall_score(~label, ~decision),
        Metric.PRECISION: precision_score(label, decision),
        Metric.FALSE_DISCOVERY_RATE: 1 - precision_score(label, decision),
        Metric.ACCURACY: accuracy_score(label, decision),
    }
    assert set(expected) == set(Metric)
    for metric, value in expected.items():
        found = metric_counts(cells, metric)
        assert found.events[0] / found.n[0] == pytest.approx(value)


def test_codes_that_are_no_group_and_arrays_that_do_not_fit_are_refused() -> None:
    yes = np.ones(2, dtype=bool)
    with pytest.raises(ValueError, match="between 0 and 1"):
        count_cells(np.array([0, 2]), yes, yes, groups=2)
    with pytest.raises(ValueError, match="lengths differ"):
        count_cells(np.array([0]), yes, yes, groups=2)
