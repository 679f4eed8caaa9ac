"""Drawing a part of the cases: nobody is lost, effects are about everyone, tests keep their error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.stats.basis import spline_basis
from igw_audit.stats.conditional import conditional_effects
from igw_audit.stats.drawing import draw_cases
from igw_audit.stats.membership import fit_shares
from igw_audit.stats.pcm import projected_covariance
from igw_audit.stats.residuals import residualise

SHARES = (0.70, 0.20, 0.08, 0.02)


def _world(n: int, *, seed: int, shift: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)) -> tuple[np.ndarray, ...]:
    """Give factor, group and outcome: groups follow the factor, the outcome follows it and shifts by group."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=n)
    lean = np.log(SHARES) + np.outer(factor, [0.0, 0.5, -0.5, 1.0])
    drawn = (lean + rng.gumbel(size=lean.shape)).argmax(axis=1).astype(np.int64)
    outcome = np.sin(factor) + np.array(shift)[drawn] + rng.normal(size=n)
    return factor, drawn, outcome


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    most=st.integers(6, 300),
    seed=st.integers(0, 3),
    clustered=st.booleans(),
)
def test_no_group_is_lost_and_weights_stand_for_everyone(
    sizes: list[int], most: int, seed: int, *, clustered: bool
) -> None:
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    cluster = np.arange(len(groups)) // 7 if clustered else None
    drawn = draw_cases(groups, most=most, seed=seed, cluster=cluster)
    kept = groups[drawn.rows]
    assert len(np.unique(kept)) == len(sizes)
    if drawn.weight is None:
        assert drawn.rows.all()
        return
    assert drawn.weight.min() >= 1.0
    if cluster is None:
        assert drawn.rows.sum() <= most
        assert np.allclose(np.bincount(kept, weights=drawn.weight), sizes)
    else:
        whole = np.bincount(cluster[drawn.rows], minlength=int(cluster.max()) + 1)
        assert set(whole[whole > 0]) <= {7, len(groups) % 7}


def test_small_groups_are_taken_whole_and_large_ones_alike() -> None:
    groups = np.repeat([0, 1, 2], [90_000, 8_000, 120])
    drawn = draw_cases(groups, most=4_000, seed=0)
    assert np.bincount(groups[drawn.rows]).tolist() == [1_940, 1_940, 120]


def test_clusters_are_taken_whole_and_those_of_a_small_group_all() -> None:
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 3_000, 60_000)
    groups = (rng.random(60_000) < 0.3).astype(np.int64)
    groups[rng.choice(np.flatnonzero(cluster < 40), 90, replace=False)] = 2
    drawn = draw_cases(groups, most=9_000, seed=0, cluster=cluster)
    kept = np.unique(cluster[drawn.rows])
    assert (drawn.rows == np.isin(cluster, kept)).all()
    assert (groups[drawn.rows] == 2).sum() == 90
    assert drawn.rows.sum() < 10_000
    assert drawn.weight is not None
    assert drawn.weight.sum() == pytest.approx(60_000, rel=0.1)


def test_draws_by_different_groups_overlap_and_hang_on_the_seed() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 2, 50_000), rng.integers(0, 3, 50_000)
    first, second = (draw_cases(groups, most=5_000, seed=0).rows for groups in (one, other))
    assert (first & second).sum() > 0.85 * 5_000
    assert (first != draw_cases(one, most=5_000, seed=1).rows).any()


def test_an_effect_among_cases_drawn_unevenly_is_the_effect_among_all() -> None:
    # the rest of group 1 is mostly group 0; drawn evenly it would be mostly groups 2 and 3, which shift more
    factor, groups, outcome = _world(60_000, seed=3, shift=(0.0, 0.1, 0.6, 0.8))
    basis = spline_basis(pd.DataFrame({"factor": factor}))
    whole = conditional_effects(outcome[:, None], groups, basis, seed=0, draws=199)
    drawn = draw_cases(groups, most=12_000, seed=0)
    part = conditional_effects(
        outcome[drawn.rows, None], groups[drawn.rows], basis.rows(drawn.rows), seed=0, draws=199, weight=drawn.weight
    )
    naive = conditional_effects(
        outcome[drawn.rows, None], groups[drawn.rows], basis.rows(drawn.rows), seed=0, draws=199
    )
    assert ((part.low <= whole.effect) & (whole.effect <= part.high)).all()
    assert np.abs(part.effect - whole.effect).max() < 0.06
    assert abs(naive.effect[0, 1] - whole.effect[0, 1]) > 0.1
    assert part.scale == pytest.approx(whole.scale, rel=0.03)
    assert part.cases == drawn.rows.sum()


def test_the_shares_among_those_drawn_follow_from_the_shares_among_all() -> None:
    factor, groups, outcome = _world(60_000, seed=5)
    basis = spline_basis(pd.DataFrame({"factor": factor}))
    drawn = draw_cases(groups, most=12_000, seed=0)
    held = residualise(
        outcome[drawn.rows, None], groups[drawn.rows], basis.rows(drawn.rows), seed=0, weight=drawn.weight
    )
    direct = fit_shares(groups[drawn.rows], basis.rows(drawn.rows), held.folds).values  # noqa: PD011
    assert np.abs(held.drawn().shares - direct).mean() < 0.01
    whole = fit_shares(groups, basis, np.arange(60_000) % 5).values[drawn.rows]  # noqa: PD011
    assert np.abs(held.shares - whole).mean() < 0.01


def test_equal_weights_change_next_to_nothing() -> None:
    factor, groups, outcome = _world(3_000, seed=1, shift=(0.0, 0.2, 0.0, 0.0))
    basis = spline_basis(pd.DataFrame({"factor": factor}))
    for cluster in (None, np.arange(3_000) // 3):
        plain, same = (
            conditional_effects(outcome[:, None], groups, basis, seed=0, draws=99, cluster=cluster, weight=weight)
            for weight in (None, np.full(3_000, 4.0))
        )
        assert np.allclose(plain.effect, same.effect, rtol=1e-6)
        # without weights the null also knows how the shares answer to the groups; among many cases that is little
        for name in ("low", "high", "z", "minimum_detectable"):
            assert np.allclose(getattr(plain, name), getattr(same, name), rtol=0.05, atol=0.01), name


def test_cases_of_one_group_that_stand_for_different_numbers_are_refused_without_clusters() -> None:
    factor, groups, outcome = _world(500, seed=1)
    weight = np.linspace(1, 2, 500)
    with pytest.raises(ValueError, match="same number of cases"):
        conditional_effects(outcome[:, None], groups, factor[:, None], seed=0, draws=9, weight=weight)
    with pytest.raises(ValueError, match="positive number"):
        conditional_effects(outcome[:, None], groups, factor[:, None], seed=0, draws=9, weight=weight - 2)


def _null_world(seed: int, *, clustered: bool) -> tuple[bool, bool]:
    """Draw a part of a world in which the declared factor explains all; tell whether shift or omnibus reject."""
    factor, groups, outcome = _world(16_000, seed=seed)
    cluster = None
    if clustered:
        cluster = np.random.default_rng([seed, 1]).integers(0, 2_000, 16_000)
        outcome = outcome + np.random.default_rng([seed, 2]).normal(size=2_000)[cluster]
    drawn = draw_cases(groups, most=3_000, seed=seed, cluster=cluster)
    basis = spline_basis(pd.DataFrame({"factor": factor})).rows(drawn.rows)
    own = None if cluster is None else cluster[drawn.rows]
    values, codes = outcome[drawn.rows, None], groups[drawn.rows]
    found = conditional_effects(values, codes, basis, seed=seed, draws=199, cluster=own, weight=drawn.weight)
    held = residualise(values, codes, basis, seed=seed, cluster=own, weight=drawn.weight)
    omnibus = projected_covariance(values, held, seed=seed, draws=199)
    covered = bool(((found.low <= 0) & (found.high >= 0)).all())
    return covered, bool(found.rejected(alpha=0.05).any()) or omnibus.p_any <= 0.01


@pytest.mark.parametrize("clustered", [False, True])
def test_few_false_alarms_among_cases_drawn_unevenly(*, clustered: bool) -> None:
    told = [_null_world(seed, clustered=clustered) for seed in range(6)]
    assert sum(alarm for _, alarm in told) <= 2
    assert sum(covered for covered, _ in told) >= 4


@pytest.mark.statistics
@pytest.mark.parametrize("clustered", [False, True])
def test_error_and_coverage_hold_among_cases_drawn_unevenly(*, clustered: bool) -> None:
    told = [_null_world(seed, clustered=clustered) for seed in range(120)]
    # 5 % of shifts and 1 % of the omnibus; 120 draws leave three standard errors of six points
    assert np.mean([alarm for _, alarm in told]) <= 0.12
    assert np.mean([covered for covered, _ in told]) >= 0.89
