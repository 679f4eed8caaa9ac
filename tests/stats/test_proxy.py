"""A score taken apart: used, unused, joint, cancelling and hidden dependence, each planted."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.pairs import pair_contributions
from igw_audit.stats.pcm import projected_covariance
from igw_audit.stats.proxy import ProxyUse, ScoreParts, proxy_use
from igw_audit.stats.residuals import residualise

N, FEATURES = 2000, 8
BETA = np.array([0.6, 0.4, 0.5, 0.3, 0.0, 0.4, 0.0, 0.0])


def _measure(seed: int, *, plant: str = "", bent: bool = False, draws: int = 299) -> ProxyUse:
    rng = np.random.default_rng([seed, 7])
    declared = rng.normal(size=(N, 2))
    lean = np.abs(declared[:, 0]) + np.sin(2 * declared[:, 1]) if bent else declared[:, 0]
    shares = softmax(np.log([0.5, 0.3, 0.2]) + np.outer(lean, [-1, 0, 1]), axis=1)
    group = (rng.random((N, 1)) > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    x = rng.normal(size=(N, FEATURES))
    x[:, :2] += lean[:, None]
    far = group == 2
    if plant == "single":
        x[:, 2] += 0.8 * far
    if plant == "unused":
        x[:, 4] += 2.0 * far
    if plant == "cancelling":
        x[:, 2] += 0.8 * far
        x[:, 5] -= 1.0 * far
    if plant == "spread":
        x[:, 2] *= np.where(far, 1.6, 1.0)
    parts = x * BETA
    if plant == "pair":
        sign = np.where(far, 1, -1) * np.where(rng.random(N) < 0.8, 1, -1)
        x[:, 6] = np.abs(x[:, 6]) * sign * np.sign(x[:, 7])
        joint = 0.5 * np.tanh(2 * x[:, 6]) * np.tanh(2 * x[:, 7])
        parts[:, 6] = parts[:, 7] = joint / 2
    score = parts.sum(axis=1) + lean
    return proxy_use(
        ScoreParts(
            score=score, decision=(score > np.quantile(score, 0.8)) * 1.0, features=parts, values=x, declared=lean
        ),
        group,
        spline_basis(pd.DataFrame(declared, columns=["a", "b"])),
        presence=x,
        seed=seed,
        draws=draws,
    )


def _rejected(found: ProxyUse) -> list[int]:
    return [int(row) for row in np.flatnonzero(found.effects.rejected(alpha=0.04).any(axis=1))]


@pytest.mark.parametrize("plant", ["", "unused"])
def test_few_alarms_where_features_follow_the_declared_factor_or_a_proxy_is_not_used(plant: str) -> None:
    alarms = [_rejected(_measure(seed, plant=plant)) for seed in range(8)]
    assert sum(bool(rows) for rows in alarms) <= 3


@pytest.mark.statistics
@pytest.mark.parametrize(("plant", "bent"), [("", False), ("", True), ("unused", False)])
def test_family_wise_error_of_features_pairs_and_wholes(plant: str, bent: bool) -> None:
    alarms = 0
    for seed in range(300):
        found = _measure(seed, plant=plant, bent=bent)
        effects = found.effects
        least = np.zeros(len(effects.effect))
        # of a whole the misfit of the basis does not count, least of all of the declared part (audits/proxy_levels.py)
        least[found.total - 1 :] = 0.05, 0.02, 0.02
        large = np.maximum(-effects.low, effects.high) > least[:, None] * found.scale
        alarms += bool((effects.rejected(alpha=0.04) & large).any())
    assert alarms / 300 <= 0.075


def test_names_the_feature_that_is_used_and_no_other() -> None:
    found = _measure(0, plant="single")
    rows = [row for row in _rejected(found) if row < FEATURES]
    assert rows == [2]


def test_an_unused_proxy_is_present_and_contributes_nothing() -> None:
    found = _measure(0, plant="unused")
    assert np.abs(found.presence[4, 2]) > 0.3
    assert (found.effects.high[4] == 0).all()


def test_features_that_cancel_are_both_named_though_the_whole_does_not_move() -> None:
    found = _measure(1, plant="cancelling")
    assert {2, 5} <= set(_rejected(found))
    assert np.abs(found.effects.effect[found.total, 2]) / found.scale < 0.15


def test_a_pair_is_named_as_a_pair() -> None:
    found = _measure(0, plant="pair")
    assert found.pairs.members == ((6, 7),)
    assert FEATURES in _rejected(found)


def test_dependence_in_spread_alone_is_caught_by_the_omnibus() -> None:
    found = _measure(0, plant="spread", draws=499)
    assert found.omnibus.p_adjusted[2] <= 0.01
    assert found.omnibus.explained[2] > 0
    assert np.flatnonzero(found.own.p_adjusted[:, 2] <= 0.01).tolist() == [2]
    assert found.widening[2, 2] / found.scale > 0.05


def test_the_omnibus_is_quiet_where_there_is_nothing() -> None:
    quiet = [_measure(seed).omnibus for seed in range(8)]
    assert sum(bool(found.p_any <= 0.01 or (found.p_adjusted <= 0.01).any()) for found in quiet) <= 1


def test_the_omnibus_keeps_clusters_together() -> None:
    alarms = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        sponsor = np.repeat(np.arange(60), 20)
        group = (rng.random(1200) < rng.beta(0.4, 0.6, 60)[sponsor]).astype(np.int64)
        score = rng.normal(size=60)[sponsor][:, None]
        held = residualise(score, group, Basis.empty(1200), seed=seed, cluster=sponsor)
        alarms += projected_covariance(score, held, seed=seed, draws=299).p_any <= 0.01
    assert alarms <= 1


def test_shifts_of_features_and_declared_factors_add_up_to_the_whole() -> None:
    found = _measure(0, plant="single")
    parts = found.effects.effect[:FEATURES].sum(axis=0) + found.effects.effect[found.total - 1]
    assert np.allclose(parts, found.effects.effect[found.total], atol=0.02 * found.scale)


def test_an_additive_score_has_no_pairs() -> None:
    x = np.random.default_rng(0).normal(size=(3000, 5))
    bent = np.column_stack([np.abs(x[:, 0]), x[:, 1] ** 2, np.sin(x[:, 2]), x[:, 3] > 0, x[:, 4]]).astype(np.float64)
    assert pair_contributions(bent, x, scale=float(bent.sum(axis=1).std())).members == ()


def test_a_feature_that_goes_with_a_pair_is_not_paired_with_its_halves() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3))
    x[:, 2] += 1.5 * np.sign(x[:, 0] * x[:, 1])
    joint = np.tanh(2 * x[:, 0]) * np.tanh(2 * x[:, 1]) / 2
    parts = np.column_stack([joint, joint, x[:, 2]])
    assert pair_contributions(parts, x, scale=float(parts.sum(axis=1).std())).members == ((0, 1),)


def test_a_score_without_parts_still_has_its_whole() -> None:
    rng = np.random.default_rng(0)
    group = np.arange(1000) % 2
    score = rng.normal(size=1000) + 0.5 * group
    nothing = np.empty((1000, 0))
    found = proxy_use(
        ScoreParts(score=score, decision=(score > 1).astype(np.float64), features=nothing, values=nothing),
        group,
        Basis.empty(1000),
        presence=nothing,
        seed=0,
        draws=199,
    )
    assert found.effects.rejected(alpha=0.04)[found.total].all()
