"""Links of features with an outcome: planted ones are found, and of many that are none, few are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from igw_audit.stats.links import Band, feature_links


def noise(rng: np.random.Generator, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "count": rng.poisson(0.7, size=n).astype(float),
            "flag": (rng.random(n) < 0.3).astype(float),
            "kind": rng.choice(["a", "b", "c", "d"], size=n),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, size=n), unit="D"),
        }
    )


@pytest.mark.parametrize(
    ("plant", "band"),
    [
        (lambda frame: frame["number"] > 0.7, Band.ABOVE),
        (lambda frame: (frame["kind"] == "a") | (frame["number"] > 9), Band.VALUE),
        (lambda frame: frame["count"] > 0, Band.ABOVE),
        (lambda frame: frame["flag"] == 1, Band.YES),
        (lambda frame: frame["kind"] == "c", Band.VALUE),
        (lambda frame: frame["gaps"].isna(), Band.MISSING),
        (lambda frame: frame["day"] > pd.Timestamp("2026-08-01"), Band.ABOVE),
    ],
)
def test_a_planted_link_is_found_in_its_own_part_and_nowhere_else(plant: object, band: Band) -> None:
    rng = np.random.default_rng(7)
    frame = noise(rng, 3000)
    where = plant(frame).to_numpy(dtype=bool)  # type: ignore[operator]
    event = rng.random(3000) < np.where(where, 0.14, 0.03)
    found = feature_links(frame, event)
    best = min(found.links, key=lambda link: link.compared.p_adjusted or 0.0)
    assert best.band is band
    assert best.compared.difference is not None
    assert best.compared.difference.low is not None
    assert best.compared.difference.low > 0
    others = [link.compared.p_adjusted for link in found.links if link.feature != best.feature]
    assert all(p is not None and p > 0.05 for p in others)


def test_a_link_below_a_cut_is_told_as_less_often_above_it_and_a_date_by_its_name() -> None:
    rng = np.random.default_rng(7)
    frame = noise(rng, 3000)
    early = (frame["day"] < pd.Timestamp("2026-03-10")).to_numpy(dtype=bool)
    link = feature_links(frame, rng.random(3000) < np.where(early, 0.14, 0.03)).of("day")
    assert link is not None
    assert link.compared.difference is not None
    assert link.compared.difference.high is not None
    assert link.compared.difference.high < 0
    assert (link.band, str(link.value)[:7]) == (Band.ABOVE, "2026-03")


def test_where_nothing_is_linked_choosing_the_strongest_is_paid_for() -> None:
    """100 worlds without any link: the chance of naming one is at most 5 %; 13 of 100 would be beyond 2 in 1,000."""
    rng = np.random.default_rng(11)
    false = 0
    for _ in range(100):
        frame = noise(rng, 400)
        found = feature_links(frame, rng.random(400) < 0.1)
        false += any((link.compared.p_adjusted or 1.0) < 0.05 for link in found.links)
    assert false < 13


def test_the_order_of_cases_and_the_names_of_categories_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    frame = noise(rng, 800)
    event = rng.random(800) < 0.2
    turned = rng.permutation(800)
    once, again = feature_links(frame, event), feature_links(frame.iloc[turned], event[turned])
    renamed = feature_links(frame.replace({"kind": {"a": "z"}}), event)
    assert [link.compared.p_value for link in once.links] == [link.compared.p_value for link in again.links]
    assert sorted(link.compared.p_value or 0 for link in once.links) == sorted(
        link.compared.p_value or 0 for link in renamed.links
    )


def test_a_feature_with_one_value_has_nothing_to_compare() -> None:
    frame = pd.DataFrame({"same": np.ones(50), "nearly": [1.0] * 45 + [2.0] * 5, "empty": [None] * 50})
    found = feature_links(frame, np.arange(50) % 2 == 0)
    assert found.links == ()
    assert found.comparisons == 0


def test_one_question_is_not_asked_twice() -> None:
    flag = pd.DataFrame({"flag": np.repeat([0.0, 1.0], 100)})
    assert feature_links(flag, np.arange(200) % 3 == 0).comparisons == 1
    two = pd.DataFrame({"kind": np.repeat(["a", "b"], 100)})
    assert feature_links(two, np.arange(200) % 3 == 0).comparisons == 1
