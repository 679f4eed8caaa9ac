"""Jumps: planted ones are found and placed, none is found where there is none, and a norm explains what it explains."""

import numpy as np
import pandas as pd
import pytest

from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.conditional import conditional_effects
from igw_audit.stats.jumps import with_jumps


def _wages(seed: int, n: int) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng([seed, 41])
    return rng, rng.gamma(4.0, 900.0, n) + 1200.0


def _places(basis: Basis, before: Basis) -> list[float]:
    return [float(name.rpartition(" ")[2]) for name in basis.names[len(before.names) :]]


@pytest.mark.parametrize("n", [1000, 20_000])
def test_a_wage_norm_is_placed_between_the_two_cases_it_parts(n: int) -> None:
    rng, wage = _wages(0, n)
    basis = spline_basis(pd.DataFrame({"wage": wage}))
    found = with_jumps(basis, (0.3 * rng.normal(size=n) + 1.0 * (wage < 4171.0))[:, None])
    (place,) = _places(found, basis)
    assert np.mean((wage > min(place, 4171.0)) & (wage < max(place, 4171.0))) < 0.01


def test_two_norms_in_two_numbers_are_both_found() -> None:
    rng, wage = _wages(1, 4000)
    age = rng.uniform(18, 65, 4000)
    basis = spline_basis(pd.DataFrame({"age": age, "wage": wage}))
    score = 0.4 * rng.normal(size=4000) + 1.0 * (wage < 4000) + 0.8 * (age >= 30)
    names = with_jumps(basis, score[:, None]).names[len(basis.names) :]
    assert {name.partition(" at")[0] for name in names} == {"jump of number 1", "jump of number 2"}


def test_no_jump_is_found_where_outcomes_are_noise_or_bend() -> None:
    added = 0
    for seed in range(40):
        rng, wage = _wages(seed, 1500)
        basis = spline_basis(pd.DataFrame({"wage": wage, "years": rng.normal(6.0, 3.0, 1500)}))
        z = (wage - wage.mean()) / wage.std()
        targets = rng.normal(size=(1500, 12)) + np.outer(np.abs(z) + z, np.linspace(0, 1, 12))
        added += len(with_jumps(basis, targets).names) - len(basis.names)
    assert added <= 2


def test_group_and_score_that_follow_a_norm_raise_no_alarm() -> None:
    alarms = 0
    for seed in range(20):
        rng, wage = _wages(seed, 2000)
        below = wage < 4000
        group = (rng.random(2000) < np.where(below, 0.5, 0.2)).astype(np.int64)
        score = rng.normal(size=2000) + below
        basis = spline_basis(pd.DataFrame({"wage": wage}))
        found = conditional_effects(score[:, None], group, basis, seed=seed, draws=199)
        alarms += bool(found.rejected(alpha=0.05).any())
    assert alarms <= 4


def test_a_norm_within_the_levels_of_a_wide_category_is_found() -> None:
    rng, wage = _wages(2, 3000)
    postcode = rng.integers(0, 200, 3000)
    basis = spline_basis(pd.DataFrame({"postcode": postcode.astype(str), "wage": wage}))
    assert basis.wide.shape == (3000, 1)
    score = rng.normal(size=200)[postcode] + 0.4 * rng.normal(size=3000) + 1.0 * (wage < 4000)
    assert len(_places(with_jumps(basis, score[:, None]), basis)) == 1


def test_scale_of_outcomes_and_order_of_columns_change_nothing() -> None:
    rng, wage = _wages(3, 2000)
    basis = spline_basis(pd.DataFrame({"wage": wage}))
    targets = 0.4 * rng.normal(size=(2000, 3)) + 1.0 * (wage < 4000)[:, None]
    plain = with_jumps(basis, targets).names
    assert len(plain) > len(basis.names)
    assert with_jumps(basis, 50 * targets + 3).names == plain
    assert with_jumps(basis, targets[:, ::-1]).names == plain
