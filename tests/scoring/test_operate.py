from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.core.plan import Plan
from igw_audit.errors import InputError
from igw_audit.scoring.operate import operate


def plan(**changes: object) -> Plan:
    return Plan.model_validate({"attributes": ("sex",), **changes})


def ids(n: int) -> pd.Index[str]:
    return pd.Index([f"c{number:05d}" for number in range(n)], name="id")


@settings(max_examples=80, deadline=None)
@given(levels=st.lists(st.integers(0, 4), min_size=2, max_size=60), seed=st.integers(0, 3), data=st.data())
def test_a_capacity_is_filled_exactly_from_the_top_whatever_the_order(
    levels: list[int], seed: int, data: st.DataObject
) -> None:
    score = np.array(levels, dtype=np.float64)
    room = data.draw(st.integers(1, len(score) - 1))
    names = ids(len(score))
    point = operate(score, plan(capacity=room, seed=seed), names)
    assert point.selected.sum() == room
    assert score[point.selected].min() >= score[~point.selected].max()
    shuffled = np.array(data.draw(st.permutations(range(len(score)))))
    other = operate(score[shuffled], plan(capacity=room, seed=seed), names[shuffled])
    assert set(names[point.selected]) == set(names[shuffled][other.selected])
    assert (other.tied, other.tied_selected, other.cutoff) == (point.tied, point.tied_selected, point.cutoff)


def test_ties_at_the_cutoff_are_stated_with_how_many_were_drawn() -> None:
    score = np.array([9.0, 5.0, 5.0, 5.0, 5.0, 1.0])
    point = operate(score, plan(capacity=3), ids(6))
    assert (point.cutoff, point.tied, point.tied_selected) == (5.0, 4, 2)
    whole = operate(score, plan(capacity=5), ids(6))
    assert (whole.cutoff, whole.tied, whole.tied_selected) == (5.0, 0, 0)


def test_another_seed_draws_other_tied_cases() -> None:
    score = np.zeros(200)
    drawn = [frozenset(np.flatnonzero(operate(score, plan(capacity=20, seed=s), ids(200)).selected)) for s in range(5)]
    assert len(set(drawn)) == 5


def test_tied_cases_have_the_same_chance_wherever_they_stand() -> None:
    times = sum(
        operate(np.zeros(50), plan(capacity=10, seed=seed), ids(50)).selected.astype(int) for seed in range(400)
    )
    # binomial(400, .2): mean 80, standard deviation 8; 50 cases stay within 4.5 of it
    assert np.abs(times - 80).max() < 36
    assert abs(np.corrcoef(np.arange(50), times)[0, 1]) < 0.45


@pytest.mark.parametrize(("share", "expected"), [(0.29, 29), (0.3, 30), (0.001, 1), (0.255, 26)])
def test_a_share_is_that_many_cases_of_a_hundred(share: float, expected: int) -> None:
    assert operate(np.arange(100.0), plan(capacity=share), ids(100)).selected.sum() == expected


def test_a_threshold_selects_from_there_up() -> None:
    point = operate(np.array([0.1, 0.5, 0.6]), plan(threshold=0.5), ids(3))
    assert point.selected.tolist() == [False, True, True]
    assert point.cutoff == 0.5


BANDS = (
    {"name": "none", "at_least": 0.0, "severity": 0},
    {"name": "letter", "at_least": 40.0, "severity": 1},
    {"name": "fine", "at_least": 60.0, "severity": 3},
)


def test_bands_begin_where_the_plan_says_and_carry_their_intervention() -> None:
    point = operate(np.array([0.0, 39.9, 40.0, 60.0, 180.0]), plan(bands=BANDS), ids(5))
    assert point.bands is not None
    assert point.bands.names == ("none", "letter", "fine")
    assert point.bands.severity == (0, 1, 3)
    assert point.bands.codes.tolist() == [0, 0, 1, 2, 2]
    assert point.selected.tolist() == [False, False, True, True, True]


def test_a_score_below_the_lowest_band_is_refused() -> None:
    with pytest.raises(InputError, match=r"1 of 3 cases score below 0, the start of the lowest band 'none'.*found: -2"):
        operate(np.array([-2.0, 1.0, 50.0]), plan(bands=BANDS), ids(3))


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ({"capacity": 3}, "capacity selects all of the 3 cases"),
        ({"capacity": 500}, "capacity selects all of the 3 cases"),
        ({"threshold": 0.0}, "threshold selects all of the 3 cases; scores run from 0.1 to 0.3"),
        ({"threshold": 7.0}, "threshold selects none of the 3 cases"),
        ({"bands": BANDS}, "bands selects none of the 3 cases"),
    ],
)
def test_an_operating_point_that_leaves_nothing_to_compare_is_refused(point: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        operate(np.array([0.1, 0.2, 0.3]), plan(**point), ids(3))
