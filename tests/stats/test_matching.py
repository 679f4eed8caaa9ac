from __future__ import annotations

import numpy as np
import pandas as pd

from igw_audit.stats.matching import like_donors, like_space


def test_donors_are_near_in_numbers_and_equal_in_categories() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"wage": rng.normal(size=2000), "route": rng.choice(list("abcdefgh"), 2000)})
    groups = rng.integers(0, 3, 2000)
    found = like_donors(like_space(frame), groups, np.arange(2000), seed=0, draws=4)
    for donors in (found.other, found.own):
        assert (frame["route"].to_numpy()[donors] == frame["route"].to_numpy()[:, None]).all()
        assert np.abs(frame["wage"].to_numpy()[donors] - frame["wage"].to_numpy()[:, None]).mean() < 0.25


def test_nobody_is_their_own_donor_and_everyone_equal_is_drawn() -> None:
    groups = np.repeat([0, 1], 40)
    same = np.zeros((80, 1))
    for space in (same, np.empty((80, 0))):
        found = like_donors(space, groups, np.arange(80), seed=1, draws=30)
        assert (found.own != np.arange(80)[:, None]).all()
        assert (groups[found.own] == groups[:, None]).all()
        assert (groups[found.other] != groups[:, None]).all()
        assert len(np.unique(found.other)) > 70


def test_a_missing_number_is_like_another_missing_one() -> None:
    wage = np.where(np.arange(60) % 3 == 0, np.nan, np.arange(60.0))
    found = like_donors(like_space(pd.DataFrame({"wage": wage})), np.arange(60) % 2, np.arange(60), seed=0, draws=1)
    missing = np.isnan(wage)
    # nine like cases of a group are fewer than the fifteen that a donor is drawn from
    assert np.isnan(wage[found.other[missing, 0]]).mean() > 0.5


def test_the_only_case_of_a_group_is_alone() -> None:
    found = like_donors(np.empty((5, 0)), np.array([0, 0, 0, 0, 1]), np.arange(5), seed=0, draws=2)
    assert found.alone.tolist() == [False, False, False, False, True]
