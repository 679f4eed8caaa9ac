"""Background cases for models that nobody can take apart: others with equal declared factors, quickly."""

from __future__ import annotations

import numpy as np
import pytest

from igw_audit.audits.contributions.shapley import _equal, _nearest


@pytest.mark.parametrize("pool_size", [400, 150])
def test_the_background_of_a_case_is_another_case_with_equal_declared_factors_and_any_of_them(pool_size: int) -> None:
    rng = np.random.default_rng(0)
    stratum = rng.integers(0, 3, 400)
    pool = np.sort(rng.choice(400, pool_size, replace=False))
    own = np.repeat(np.arange(400), 20)
    found = _equal(stratum, own, pool, rng.random((len(own), 15)))
    assert np.isin(found, pool).all()
    assert (stratum[found] == stratum[own][:, None]).all()
    assert (found != own[:, None]).all()
    alike = [case for case in pool if stratum[case] == stratum[0] and case != 0]
    many = _equal(stratum, np.zeros(300, dtype=np.int64), pool, rng.random((300, 15)))
    assert set(many.ravel()) == set(alike)


def test_the_nearest_cases_are_the_nearest_and_never_the_case_itself() -> None:
    space = np.arange(30, dtype=np.float64)[:, None] ** 1.01
    found = _nearest(space, np.array([0, 15]), np.arange(30), 2)
    assert [set(near) for near in found.tolist()] == [{1, 2}, {14, 16}]
    assert _nearest(space, np.array([], dtype=np.int64), np.arange(30), 2).shape == (0, 2)
