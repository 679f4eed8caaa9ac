from __future__ import annotations

import pytest

from igw_audit.report.numbers import Numbers
from igw_audit.stats.estimate import Estimate

EN, NL = Numbers(language="en"), Numbers(language="nl")


def test_dutch_and_english_mark_numbers_their_own_way() -> None:
    assert (EN.decimal(1234.5, 1), NL.decimal(1234.5, 1)) == ("1,234.5", "1.234,5")


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0"), (0.0004, "<0.01"), (-0.0004, ">−0.01"), (0.006, "0.01"), (-0.5, "−0.50")]
)
def test_a_number_that_is_not_zero_never_reads_as_zero(value: float, written: str) -> None:
    assert EN.decimal(value, 2) == written


@pytest.mark.parametrize(
    ("p", "written"),
    [(0.0, "<0.001"), (0.00099, "<0.001"), (0.0163, "0.016"), (0.42, "0.42"), (1.0, "1.00")],
)
def test_a_p_value_is_never_a_bare_zero(p: float, written: str) -> None:
    assert EN.p(p) == written


@pytest.mark.parametrize(
    ("share", "written"), [(0.0, "0"), (0.0523, "52"), (0.0056, "5.6"), (0.00001, "<0.1"), (1.0, "1,000")]
)
def test_a_share_reads_as_a_count_of_a_thousand(share: float, written: str) -> None:
    assert EN.per_thousand(share) == written


def test_units_carry_their_sign_and_digits() -> None:
    assert EN.of(0.031, "points") == "+3.1"
    assert EN.of(-0.031, "points") == "−3.1"
    assert NL.of(2.345, "ratio") == "2,35" or NL.of(2.345, "ratio") == "2,34"
    assert EN.of(12.34, "ratio") == "12.3"
    assert EN.of(0.0841, "share") == "8.4%"


def test_an_open_interval_says_so() -> None:
    open_ended = Estimate(value=2.0, low=1.1, high=None, confidence=0.95, n=10, method="exact")
    assert EN.interval(open_ended, "ratio") == "1.10\u00a0to\u00a0∞"
    assert NL.exact_percent(0.975) == "97,5%"


def test_a_shift_near_nothing_has_a_digit_more_so_that_its_interval_can_be_read() -> None:
    numbers = Numbers(language="en")
    near = Estimate(value=0.0021, low=-0.0049, high=0.0302, confidence=0.95, n=900, method="known")
    assert (numbers.of(0.0021, "sd"), numbers.interval(near, "sd")) == ("+0.002", "−0.005\xa0to\xa0+0.03")
    assert numbers.of(-0.00001, "sd") == ">−0.001"
