"""How strong an undeclared factor must be: published examples, and a hidden factor whose strength is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from igw_audit.stats.basis import spline_basis
from igw_audit.stats.conditional import effects_of
from igw_audit.stats.residuals import residualise
from igw_audit.stats.sensitivity import declared_strength, e_value, e_values, robustness, robustness_value


def test_e_values_are_those_of_the_paper_and_of_an_inverse() -> None:
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert np.isinf(e_value(0.0))
    with pytest.raises(ValueError, match="zero or more"):
        e_value(-1.0)


def test_an_interval_that_holds_one_needs_no_factor_at_all() -> None:
    needed = e_values(1.5, 0.9, 2.5)
    assert needed.low == 1.0
    assert needed.value == pytest.approx(e_value(1.5))
    assert needed.high == pytest.approx(e_value(2.5))
    below = e_values(0.5, 0.4, 0.8)
    assert [below.low, below.high] == pytest.approx([e_value(0.8), e_value(0.4)])
    assert np.isinf(e_values(2.0, 1.2, float("inf")).high)


def test_the_robustness_value_is_that_of_the_darfur_example() -> None:
    # Cinelli and Hazlett (2020), table 1: partial R2 of 2.2 %, robustness value 13.9 %
    assert robustness_value(np.sqrt(0.0219)) == pytest.approx(0.139, abs=0.001)
    assert robustness_value(0.0) == 0.0
    assert robustness_value(-1.0) == 1.0


def test_a_hidden_factor_that_is_the_whole_difference_is_at_least_as_strong_as_needed() -> None:
    rng = np.random.default_rng(4)
    n = 40_000
    declared, hidden = rng.normal(size=n), rng.normal(size=n)
    group = (rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * hidden - 0.5 * declared))).astype(np.int64)
    score = declared + 0.3 * hidden + rng.normal(size=n)
    known, everything = (
        spline_basis(pd.DataFrame(columns)) for columns in ({"d": declared}, {"d": declared, "h": hidden})
    )
    residuals = residualise(score[:, None], group, known, seed=0)
    needed = robustness(residuals, effects_of(residuals, seed=0, draws=199), (0, 1))
    strength = declared_strength(score, group, everything, known)[1]
    assert 0 < needed.low < needed.value < needed.high
    assert needed.value < strength < 1.6 * needed.value


def test_noise_and_a_factor_that_no_group_differs_in_have_no_strength() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"used": rng.normal(size=8000), "noise": rng.normal(size=8000)})
    group = rng.integers(0, 3, 8000)
    score = frame["used"].to_numpy() + rng.normal(size=8000)
    whole = spline_basis(frame)
    for name in frame.columns:
        assert declared_strength(score, group, whole, spline_basis(frame.drop(columns=name))).max() < 0.04


def test_a_category_with_hundreds_of_levels_is_weighed_too() -> None:
    rng = np.random.default_rng(6)
    place = rng.integers(0, 200, 12_000)
    frame = pd.DataFrame({"place": [f"p{k}" for k in place], "other": rng.normal(size=12_000)})
    group = (rng.random(12_000) < np.where(place % 4 == 0, 0.7, 0.2)).astype(np.int64)
    score = 0.8 * (place % 4 == 0) + rng.normal(size=12_000)
    strength = declared_strength(score, group, spline_basis(frame), spline_basis(frame[["other"]]))
    assert strength[1] > 0.1
