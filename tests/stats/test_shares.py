from __future__ import annotations

import numpy as np
import pytest

from igw_audit.stats.compare import rate
from igw_audit.stats.shares import mean_change, mean_share


def test_a_share_of_whole_numbers_is_a_rate() -> None:
    event = np.repeat([True, False], [7, 33])
    share, same = mean_share(event.astype(np.float64)), rate(event, np.ones(40, dtype=np.bool_))
    assert np.allclose([share.low or 0, share.high or 0], [same.low or 0, same.high or 0])


def test_nothing_seen_is_not_nothing_there() -> None:
    assert (mean_share(np.zeros(20)).high or 0) > 0.1
    none = mean_change(np.zeros(20))
    assert none.value == 0
    assert none.low == pytest.approx(-(none.high or 0))
    assert (none.high or 0) > 0.1


def test_gains_and_losses_change_places() -> None:
    values = np.random.default_rng(0).choice([-1.0, -0.5, 0.0, 1.0], 80)
    one, other = mean_change(values), mean_change(-values)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -(other.high or 0), -(other.low or 0)))


def test_the_change_is_covered_also_in_small_groups() -> None:
    held = 0
    for seed in range(400):
        values = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], 15, p=[0.05, 0.75, 0.2])
        found = mean_change(values)
        held += (found.low or -1) <= 0.15 <= (found.high or 1)
    assert held / 400 >= 0.94
