from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from igw_audit.stats.subgroups import Conditions, conditions_of, search


def asked_of(frame: pd.DataFrame) -> list[Conditions]:
    return [found for name in frame.columns if (found := conditions_of(frame[name])) is not None]


def test_the_quality_is_that_of_a_direct_count() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    frame = pd.DataFrame({"age": rng.integers(18, 60, n).astype(float), "kind": rng.choice(list("pqr"), n)})
    groups = rng.integers(0, 2, n)
    event = rng.random(n) < 0.1 + 0.3 * ((frame["kind"] == "q") & (frame["age"] < 30) & (groups == 1))
    asked = asked_of(frame)
    best = search(event.to_numpy().astype(np.float64), np.eye(2)[groups], groups, asked, most=1).slices[0]
    assert best.group == 1
    assert {asked[f].name for f in best.features} == {"age", "kind"}
    inside = best.cases(asked)
    member = groups == 1

    def difference(rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[float, float]:
        own, others = event[rows & member], event[rows & ~member]
        spread = event[rows].var(ddof=1)
        weight = len(own) * len(others) / (len(own) + len(others))
        return float(own.mean() - others.mean()), float(spread / weight)

    own = difference(inside)
    zs = [own[0] / np.sqrt(own[1])]
    for kept in range(2):
        (feature, condition) = best.features[kept], best.conditions[kept]
        rest = difference(asked[feature].holds[condition][asked[feature].bins] & ~inside)
        zs.append((own[0] - rest[0]) / np.sqrt(own[1] + rest[1]))
    assert best.quality == pytest.approx(min(zs))


def test_a_group_that_is_selected_more_everywhere_has_no_slice_of_its_own() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(4000, 3))).add_prefix("f")
    groups = rng.integers(0, 2, 4000)
    event = (rng.random(4000) < np.where(groups == 1, 0.4, 0.2)).astype(np.float64)
    found = search(event, np.eye(2)[groups], groups, asked_of(frame), most=5)
    assert all(one.quality < 4 for one in found.slices)


def test_slices_that_stand_out_by_the_same_people_are_named_once() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.integers(0, 3, (6000, 4)).astype(float)).add_prefix("f")
    groups = rng.integers(0, 2, 6000)
    planted = (frame["f0"] == 0) & (frame["f1"] == 2) & (groups == 1)
    event = (rng.random(6000) < 0.1 + 0.6 * planted.to_numpy()).astype(np.float64)
    found = search(event, np.eye(2)[groups], groups, asked_of(frame), most=5)
    assert found.slices[0].features == (0, 1)
    assert all(one.quality < 4 for one in found.slices[1:] if one.group == 1 and 0 in one.features)


def test_missing_values_dates_and_rare_levels_can_be_asked_for() -> None:
    days = pd.Series([*pd.date_range("2024-01-01", periods=99, freq="D"), pd.NaT], name="day")
    day = conditions_of(days)
    assert day is not None
    assert day.words[-1] == "day is missing"
    upto = day.holds[0][day.bins]
    assert upto.sum() == 20
    assert days[upto].max() < days[~upto].min()
    level = conditions_of(pd.Series(list("abcdefghij") * 3, name="code"))
    assert level is not None
    assert level.words[-1] == "code: any other"
    assert conditions_of(pd.Series(["x"] * 5, name="same")) is None
    assert conditions_of(pd.Series([1.0] * 5, name="same")) is None
    assert conditions_of(pd.Series([np.nan] * 5, name="none")) is None


def test_every_class_of_a_number_is_on_one_side_of_every_cut() -> None:
    found = conditions_of(pd.Series(np.random.default_rng(3).normal(size=500), name="wage"))
    assert found is not None
    for below, above in zip(found.holds[::2], found.holds[1::2], strict=True):
        assert (below ^ above)[:-1].all()
