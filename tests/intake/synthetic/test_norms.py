from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.intake.synthetic import SyntheticPilot
from igw_audit.intake.synthetic.norms import SALARY_NORMS, salary_norm

Maker = Callable[..., SyntheticPilot]


def test_there_is_a_norm_for_every_year_and_it_rises() -> None:
    assert sorted(SALARY_NORMS) == list(range(2018, 2027))
    for year in range(2019, 2027):
        before, now = SALARY_NORMS[year - 1], SALARY_NORMS[year]
        assert now.from_30 > before.from_30
        assert now.under_30 > before.under_30
        assert now.reduced > before.reduced
        assert now.reduced < now.under_30 < now.from_30


@pytest.mark.parametrize(
    ("year", "from_30", "under_30", "reduced"),
    [
        (2018, 4404, 3229, 2314),
        (2020, 4612, 3381, 2423),
        (2022, 4840, 3549, 2543),
        (2023, 5008, 3672, 2631),
        (2024, 5331, 3909, 2801),
        (2025, 5688, 4171, 2989),
        (2026, 5942, 4357, 3122),
    ],
)
def test_norms_are_the_published_ones(year: int, from_30: int, under_30: int, reduced: int) -> None:
    norm = SALARY_NORMS[year]
    assert (norm.from_30, norm.under_30, norm.reduced) == (from_30, under_30, reduced)


def test_a_year_without_a_norm_is_named() -> None:
    with pytest.raises(KeyError, match="2017"):
        salary_norm(np.array([2017]), np.array([True]), np.array([False]))


def test_every_permit_has_the_norm_of_its_year_and_age(made: Maker) -> None:
    pilot = made("knowledge")
    cases = pilot.cases.merge(pilot.protected[["case_id", "age_band"]], on="case_id").dropna(subset=["age_band"])
    young = cases["age_band"].isin(["under 25", "25-29"]).to_numpy()
    expected = salary_norm(
        cases["decided_on"].dt.year.to_numpy(dtype=np.int64), young, cases["reduced_norm"].to_numpy() == 1
    )
    np.testing.assert_array_equal(cases["salary_norm"].to_numpy(), expected)
    np.testing.assert_allclose(cases["salary_month"] / expected, cases["salary_ratio"], atol=2e-3)
    assert (cases["salary_ratio"] > 1).all()
