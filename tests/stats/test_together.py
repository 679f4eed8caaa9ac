"""Shifts that are each too small to tell, taken together."""

import numpy as np
from scipy.stats import chi2

from igw_audit.stats.basis import Basis
from igw_audit.stats.conditional import effects_of
from igw_audit.stats.residuals import residualise
from igw_audit.stats.together import taken_together


def _together(seed: int, *, shift: float, copies: bool = False, clusters: bool = False) -> float:
    rng = np.random.default_rng([seed, 5])
    cluster = np.repeat(np.arange(300), 5) if clusters else None
    group = (rng.random(1500) < 0.3).astype(np.int64)
    if clusters:
        group = (rng.random(300) < 0.3).astype(np.int64)[cluster]
    x = rng.normal(size=(1500, 10)) + shift * group[:, None]
    if copies:
        x = np.column_stack([x, x + 1e-9 * rng.normal(size=x.shape)])
    held = residualise(x, group, Basis.empty(1500), seed=seed, cluster=cluster)
    return float(effects_of(held, seed=seed, draws=499, together=slice(0, x.shape[1])).together.min())


def test_ten_small_shifts_are_found_together() -> None:
    assert sum(_together(seed, shift=0.15) <= 0.01 for seed in range(20)) >= 19


def test_nothing_is_found_where_nothing_is_there() -> None:
    assert sum(_together(seed, shift=0.0) <= 0.05 for seed in range(40)) <= 6
    assert sum(_together(seed, shift=0.0, clusters=True) <= 0.05 for seed in range(40)) <= 6


def test_exact_copies_of_every_feature_add_no_evidence() -> None:
    for seed in range(5):
        once, twice = _together(seed, shift=0.03), _together(seed, shift=0.03, copies=True)
        assert abs(once - twice) < 0.02


def test_the_p_value_is_that_of_chi_squared() -> None:
    rng = np.random.default_rng(0)
    root = np.linalg.cholesky(0.5 * np.eye(4) + 0.5)
    null = (rng.normal(size=(9999, 4)) @ root.T)[:, :, None].astype(np.float32)
    z = np.array([1.0, 2.0, -0.5, 1.5])
    p = taken_together(z[:, None], null, (root @ root.T)[None], measurable=np.array([True]))
    quadratic = z @ np.linalg.solve(root @ root.T, z)
    assert abs(float(p[0]) - float(chi2.sf(quadratic, 4))) < 0.01


def test_a_group_that_cannot_be_measured_has_no_evidence() -> None:
    null = np.random.default_rng(0).normal(size=(199, 3, 2)).astype(np.float32)
    p = taken_together(np.full((3, 2), 9.0), null, np.tile(np.eye(3), (2, 1, 1)), measurable=np.array([True, False]))
    assert p.tolist() == [0.005, 1.0]
