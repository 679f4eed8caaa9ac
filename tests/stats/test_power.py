"""Minimum detectable differences: what is promised to be found is found, by the very interval that is reported."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from igw_audit.stats.power import minimum_detectable_difference, minimum_detectable_mean


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
@pytest.mark.parametrize("reference", [(2000, 0.05), (2000, 0.3), (300, 0.2)])
def test_the_promised_difference_is_found_four_times_in_five(
    coverage: ModuleType, n: int, reference: tuple[int, float]
) -> None:
    # counts come in steps, and three outcomes stand for all of the reference's
    assert coverage.power_at_minimum(n, *reference) == pytest.approx(0.8, abs=0.06)


def test_larger_groups_find_smaller_differences() -> None:
    found = minimum_detectable_difference([10, 100, 1000, 100_000], ([100] * 4, [1000] * 4), z=1.96)
    assert (np.diff(found) < 0).all()


def test_a_group_of_one_finds_nothing_at_a_strict_level() -> None:
    assert minimum_detectable_difference([1], ([500], [1000]), z=2.6).tolist() == [np.inf]


def test_where_no_higher_rate_would_be_found_a_lower_one_counts() -> None:
    found = minimum_detectable_difference([20], ([950], [1000]), z=1.96)
    assert 0.05 < found[0] < 0.6


def test_rates_and_their_complements_have_the_same_answer_in_the_middle() -> None:
    found = minimum_detectable_difference([500], ([500], [1000]), z=1.96)
    assert found[0] == pytest.approx(0.5 - 0.43, abs=0.02)


def test_minimum_detectable_mean_is_the_textbook_one() -> None:
    assert minimum_detectable_mean([1.0, 2.0], z=1.959964).round(3).tolist() == [2.802, 5.603]
