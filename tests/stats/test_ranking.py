from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.stats.compare import Unmeasured
from igw_audit.stats.ranking import auc, compare_aucs


@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), tied=st.booleans(), weighted=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_area_is_scikit_learns(seed: int, n: int, tied: bool, weighted: bool) -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.4
    score = rng.integers(0, 4, n).astype(np.float64) if tied else rng.normal(size=n)
    weight = rng.uniform(0.2, 3.0, n) if weighted else None
    found = auc(score, positive, weight=weight)
    if positive.all() or not positive.any():
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(positive, score, sample_weight=weight))
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize("flip", [False, True])
def test_a_perfect_ranking_of_few_cases_still_has_a_width(flip: bool) -> None:
    score = np.arange(8.0) * (-1 if flip else 1)
    found = auc(score, np.arange(8) >= 5)
    assert found is not None
    assert found.value == float(not flip)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.3


@pytest.mark.parametrize(("positives", "negatives", "separation"), [(8, 20, 0.0), (10, 60, 1.0), (40, 40, 1.5)])
def test_the_interval_covers_at_its_level(positives: int, negatives: int, separation: float) -> None:
    from scipy.stats import norm

    truth = float(norm.cdf(separation / np.sqrt(2)))
    rng = np.random.default_rng(12)
    label = np.repeat([True, False], [positives, negatives])
    covered = 0
    for _ in range(400):
        found = auc(rng.normal(size=len(label)) + separation * label, label)
        assert found is not None
        covered += not found.outside(truth, truth)
    assert covered / 400 >= 0.925


def test_differences_of_groups_with_the_same_ranking_cover_zero_together() -> None:
    rng = np.random.default_rng(13)
    group = np.repeat([0, 1, 2], [200, 60, 25])
    pairs = [(group == k, group != k) for k in range(3)]
    held = 0
    for _ in range(300):
        label = rng.random(285) < 0.4
        found = compare_aucs(rng.normal(size=285) + label, label, pairs)
        differences = [part.difference for part in found if part.difference is not None]
        held += all(not difference.outside(0.0, 0.0) for difference in differences)
    assert held / 300 >= 0.92


def test_cases_that_repeat_within_a_cluster_are_worth_one() -> None:
    rng = np.random.default_rng(14)
    label = rng.random(60) < 0.5
    score = rng.normal(size=60) + label
    once = auc(score, label)
    times_ten = auc(np.repeat(score, 10), np.repeat(label, 10), cluster=np.repeat(np.arange(60), 10))
    assert once is not None
    assert times_ten is not None
    assert times_ten.value == pytest.approx(once.value)
    assert times_ten.low == pytest.approx(once.low, abs=0.01)


def test_a_group_without_both_kinds_is_kept_without_a_difference() -> None:
    label = np.array([True, False, True, False, False, False])
    group = np.array([True] * 4 + [False] * 2)
    first, second = compare_aucs(np.arange(6.0), label, [(group, ~group), (~group, group)])
    assert first.reason is Unmeasured.EMPTY_REFERENCE
    assert first.auc is not None
    assert second.reason is Unmeasured.EMPTY_GROUP
    assert second.auc is None
    assert second.difference is None
