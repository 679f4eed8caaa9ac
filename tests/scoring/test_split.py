from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.core.schema import CaseSchema
from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.config import SplitSettings
from igw_audit.scoring.split import split_cases

Build = Callable[..., CaseTable]


def small(
    *,
    time: Sequence[str | None] | None = None,
    cluster: Sequence[str | None] | None = None,
    label: Sequence[str] | None = None,
    n: int,
) -> CaseTable:
    columns = {"case": "id", "x": {"role": "feature", "type": "number"}}
    frame = pd.DataFrame({"x": np.zeros(n)}, index=pd.Index([f"c{number:05d}" for number in range(n)], name="id"))
    for name, role, values in (("day", "time", time), ("who", "cluster", cluster), ("outcome", "label", label)):
        if values is not None:
            columns[name] = role
            held = pd.Series(list(values), index=frame.index, dtype=object)
            frame[name] = pd.to_datetime(held) if role == "time" else held
    return CaseTable(frame=frame, schema=CaseSchema.model_validate({"columns": columns}))


def test_without_clusters_exactly_the_latest_cases_are_held_out() -> None:
    days = [f"2024-01-{day:02d}" for day in (5, 1, 9, 2, 8, 3, 10, 4, 6, 7)]
    split = split_cases(small(time=days, n=10), SplitSettings(test_share=0.3))
    assert sorted(split.test) == ["c00002", "c00004", "c00006"]
    assert (split.train_last, split.test_first) == ("2024-01-07", "2024-01-08")
    assert (split.moved_to_test, split.moved_to_train, split.undated) == (0, 0, 0)
    assert split.test_share == 0.3


def test_a_cluster_goes_where_most_of_it_is_and_what_moved_is_counted() -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-06"]
    split = split_cases(small(time=days, cluster=["a", "b", "a", "b", "b", "a"], n=6), SplitSettings(test_share=0.5))
    assert list(split.test) == ["c00001", "c00003", "c00004"]
    assert (split.moved_to_test, split.moved_to_train) == (1, 1)


@settings(max_examples=60, deadline=None)
@given(
    codes=st.lists(st.integers(0, 12), min_size=4, max_size=60),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 5),
    dated=st.booleans(),
)
def test_no_cluster_ever_stands_on_both_sides_and_nobody_is_lost(
    codes: list[int], share: float, seed: int, dated: bool
) -> None:
    if len(set(codes)) < 2:
        codes = [*codes, 99]
    n = len(codes)
    rng = np.random.default_rng(seed)
    days = [str(pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day))) for day in rng.integers(0, 30, n)]
    table = small(time=list(days) if dated else None, cluster=[f"s{code}" for code in codes], n=n)
    split = split_cases(table, SplitSettings(test_share=share, seed=seed))
    who = table.frame["who"]
    assert not set(who[split.train]) & set(who[split.test])
    assert sorted([*split.train, *split.test]) == list(table.ids)
    assert len(split.train) > 0
    assert len(split.test) > 0


def test_a_case_without_a_sponsor_stands_by_itself() -> None:
    split = split_cases(small(cluster=[None] * 100, n=100), SplitSettings(test_share=0.3))
    assert split.clusters == 100
    assert len(split.test) == 30


def test_the_split_hangs_on_ids_and_not_on_where_rows_stand() -> None:
    one = split_cases(small(n=500), SplitSettings())
    assert not one.by_time
    assert len(one.test) == 150
    table = small(n=500)
    fewer = CaseTable(frame=table.frame.iloc[:400], schema=table.schema)
    other = split_cases(fewer, SplitSettings())
    # the same ids keep their order among themselves: nearly all of the smaller table's test cases agree
    assert len(set(other.test) & set(one.test)) >= 0.85 * len(other.test)
    assert list(split_cases(small(n=500), SplitSettings(seed=1)).test) != list(one.test)


def test_sponsors_names_do_not_matter_with_dates(build: Build) -> None:
    table = build(n=800, sponsors=80)
    renamed = table.frame.assign(sponsor=table.frame["sponsor"].map(lambda name: f"z{name[::-1]}"))
    other = CaseTable(frame=renamed, schema=table.schema)
    assert list(split_cases(other, SplitSettings()).test) == list(split_cases(table, SplitSettings()).test)


def test_cases_without_a_date_are_trained_on_and_counted() -> None:
    split = split_cases(small(time=["2024-01-01", None, "2024-01-02", None], n=4), SplitSettings(test_share=0.25))
    assert list(split.test) == ["c00002"]
    assert split.undated == 2


def test_a_side_without_positives_is_refused_by_name() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 11)]
    table = small(time=list(days), label=["public_order"] * 3 + ["none"] * 7, n=10)
    with pytest.raises(
        InputError, match=r"the test side has 3 cases and none of them is public_order.*raise test_share"
    ):
        split_cases(table, SplitSettings(), positive=["public_order"])


@pytest.mark.parametrize(("n", "cluster"), [(0, []), (1, ["a"]), (5, ["a"] * 5)])
def test_a_table_that_cannot_be_split_is_refused(n: int, cluster: list[str | None]) -> None:
    with pytest.raises(InputError, match="two sides need at least two"):
        split_cases(small(cluster=cluster, n=n), SplitSettings())
