"""The checks on students who live away from home (DUO), 2014 and 2019, from the counts of Statistics Netherlands.

Counts: CBS tables in NGO-Algorithm-Audit/DUO-CUB, DUO_CUB_Netherlands_Statistics.xlsx, tables 1 and 2; every cell is
rounded to tens. "nonEU" adds up the columns of people born in the Netherlands and born abroad, as the published
notebooks do.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from igw_audit.audits.funnel import funnel
from igw_audit.core.aggregate import AggregateTable, CountRow, FunnelTable
from igw_audit.intake.counts import read_counts

# step -> group -> (count, cells that it sums)
Cells = Mapping[str, Mapping[str, tuple[int, int]]]
OF = {
    "high risk": "students",
    "low risk": "students",
    "unknown risk": "students",
    "selected": "students",
    "selected, high risk": "high risk",
    "selected, low risk": "low risk",
    "selected, unknown risk": "unknown risk",
    "wrong visit": "students",
}
YEAR_2014: Cells = {
    "students": {"NL": (178_200, 1), "EU": (15_630, 1), "nonEU": (54_820, 2)},
    "high risk": {"NL": (25_280, 2), "EU": (2_120, 2), "nonEU": (15_400, 4)},
    "low risk": {"NL": (136_540, 3), "EU": (8_870, 3), "nonEU": (26_390, 6)},
    "unknown risk": {"NL": (16_380, 1), "EU": (4_630, 1), "nonEU": (13_050, 2)},
    "selected": {"NL": (1_050, 1), "EU": (120, 1), "nonEU": (2_010, 2)},
    "selected, high risk": {"NL": (530, 2), "EU": (90, 2), "nonEU": (1_780, 4)},
    "selected, low risk": {"NL": (470, 3), "EU": (30, 3), "nonEU": (160, 6)},
    "selected, unknown risk": {"NL": (50, 1), "EU": (10, 1), "nonEU": (90, 2)},
    "wrong visit": {"NL": (880, 2), "EU": (80, 2), "nonEU": (800, 4)},
}
YEAR_2019: Cells = {
    "students": {"NL": (27_890, 1), "EU": (2_770, 1), "nonEU": (19_580, 2)},
    "high risk": {"NL": (8_460, 2), "EU": (790, 2), "nonEU": (5_600, 4)},
    "low risk": {"NL": (16_760, 3), "EU": (1_360, 3), "nonEU": (6_030, 6)},
    "unknown risk": {"NL": (2_670, 1), "EU": (620, 1), "nonEU": (7_970, 2)},
    "selected": {"NL": (260, 1), "EU": (30, 1), "nonEU": (650, 2)},
    "selected, high risk": {"NL": (240, 2), "EU": (30, 2), "nonEU": (570, 4)},
    "selected, low risk": {"NL": (20, 3), "EU": (0, 3), "nonEU": (30, 6)},
    "selected, unknown risk": {"NL": (10, 1), "EU": (0, 1), "nonEU": (30, 2)},
    "wrong visit": {"NL": (160, 2), "EU": (10, 2), "nonEU": (260, 4)},
}
YEARS = {2014: YEAR_2014, 2019: YEAR_2019}


def rows(cells: Cells) -> list[CountRow]:
    return [
        CountRow(step=step, of=OF.get(step), group=group, count=count, cells=summed)
        for step, groups in cells.items()
        for group, (count, summed) in groups.items()
    ]


def compared(cells: Cells) -> FunnelTable:
    return funnel(AggregateTable(rows=tuple(rows(cells)), rounded_to=10), reference="NL")


def ratio(found: FunnelTable, step: str) -> float:
    estimate = found.row(step, "nonEU").ratio
    assert estimate is not None
    return estimate.value


def rounding(found: FunnelTable, step: str, group: str = "nonEU") -> tuple[float, float]:
    interval = found.row(step, group).ratio_rounding
    assert interval is not None
    assert interval.high is not None
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("year", "step", "published"),
    [
        (2014, "high risk", 2.0),
        (2014, "selected", 6.2),
        (2014, "selected, high risk", 5.5),
        (2014, "selected, low risk", 1.8),
        (2014, "selected, unknown risk", 2.3),
        (2014, "wrong visit", 3.0),
        (2019, "high risk", 0.9),
        (2019, "selected", 3.6),
        (2019, "selected, high risk", 3.6),
        (2019, "selected, low risk", 4.2),
        (2019, "selected, unknown risk", 1.0),
        (2019, "wrong visit", 2.3),
    ],
)
def test_the_published_ratios_come_out_as_published(year: int, step: str, published: float) -> None:
    assert round(ratio(compared(YEARS[year]), step), 1) == published


@pytest.mark.parametrize(
    ("year", "step", "low", "high"),
    [
        (2014, "high risk", 1.976, 1.984),
        (2014, "selected", 6.16, 6.29),
        (2014, "selected, high risk", 5.34, 5.69),
        (2014, "selected, low risk", 1.39, 2.16),
        (2014, "selected, unknown risk", 1.82, 2.79),
        (2019, "high risk", 0.938, 0.948),
        (2019, "selected, high risk", 3.31, 3.89),
        (2019, "selected, low risk", 0.0, 33.5),
        (2019, "selected, unknown risk", 0.45, 2.69),
    ],
)
def test_rounding_alone_leaves_so_much_open(year: int, step: str, low: float, high: float) -> None:
    found = rounding(compared(YEARS[year]), step)
    assert found == pytest.approx((low, high), abs=0.006 if step != "selected, low risk" else 0.06)


def test_counting_one_rounded_cell_for_each_column_the_narrower_published_intervals_come_out() -> None:
    columns: Cells = {
        "students": {"NL": (178_200, 1), "nonEU": (54_820, 1)},
        "high risk": {"NL": (25_280, 2), "nonEU": (15_400, 2)},
        "selected": {"NL": (1_050, 1), "nonEU": (2_010, 1)},
    }
    found = compared(columns)
    assert tuple(round(end, 3) for end in rounding(found, "high risk")) == (1.978, 1.983)
    assert tuple(round(end, 2) for end in rounding(found, "selected")) == (6.18, 6.27)


def test_the_low_risk_ratio_depends_on_which_rounded_column_is_read() -> None:
    column = {**YEAR_2014, "selected, low risk": {"NL": (470, 3), "EU": (30, 3), "nonEU": (140, 3)}}
    assert round(ratio(compared(column), "selected, low risk"), 2) == 1.54
    low, high = rounding(compared(YEAR_2014), "selected, low risk")
    assert low < 1.54
    assert high > 1.76
    column = {**YEAR_2019, "selected, low risk": {"NL": (20, 3), "EU": (0, 3), "nonEU": (40, 3)}}
    assert round(ratio(compared(column), "selected, low risk"), 1) == 5.6


def test_selection_differs_between_origins_beyond_any_doubt() -> None:
    found = compared(YEAR_2014)
    (test,) = [test for test in found.tests if test.step == "selected"]
    assert test.chi_square is not None
    assert round(test.chi_square) == 3179
    assert test.degrees_of_freedom == 2
    rates = {group: found.row("selected", group).rate for group in ("NL", "EU", "nonEU")}
    assert [round(rate.value, 6) for rate in rates.values() if rate] == [0.005892, 0.007678, 0.036665]


def test_nobody_selected_in_a_rounded_cell_is_few_or_none() -> None:
    row = compared(YEAR_2019).row("selected, low risk", "EU")
    assert row.rate is None
    assert row.reason is not None
    assert row.ratio_rounding is not None
    assert row.ratio_rounding.low == 0.0


def test_the_share_of_people_with_a_non_european_origin_rises_from_step_to_step() -> None:
    cells: Cells = {
        "students": {"NL": (178_200, 1), "EU": (15_630, 1), "nonEU": (54_820, 1)},
        "high risk": {"NL": (25_280, 2), "EU": (2_120, 2), "nonEU": (15_400, 2)},
        "selected": {"NL": (1_050, 1), "EU": (120, 1), "nonEU": (2_010, 1)},
        "unduly": {"NL": (130, 1), "EU": (50, 1), "nonEU": (1_060, 1)},
        "appeal won": {"NL": (20, 1), "EU": (10, 1), "nonEU": (160, 1)},
    }
    table = AggregateTable(
        rows=tuple(
            CountRow(step=step, of=None, group=group, count=count, cells=summed)
            for step, groups in cells.items()
            for group, (count, summed) in groups.items()
        ),
        rounded_to=10,
    )
    found = funnel(table, reference="NL")
    shares = [found.row(step, "nonEU").share for step in cells]
    assert [round(100 * share, 1) for share in shares if share] == [22.0, 36.0, 63.2, 85.5, 84.2]


SUMS = {
    "students": ("Total",),
    "high risk": ("Risk category 1", "Risk category 2"),
    "low risk": ("Risk category 3", "Risk category 4", "Risk category 5"),
    "unknown risk": ("Risk category 6",),
    "selected": ("Selected for control: yes",),
    "selected, high risk": tuple(f"Risk category {k} & Selected for control: yes" for k in (1, 2)),
    "selected, low risk": tuple(f"Risk category {k} & Selected for control: yes" for k in (3, 4, 5)),
    "selected, unknown risk": ("Risk category 6 & Selected for control: yes",),
    "wrong visit": ("Outcome house visit: duly", "Unduly, appeal successful"),
}
COLUMNS = {
    "NL": ("origin_nl",),
    "EU": ("origin_europe",),
    "nonEU": ("nlborn_origin_non_europe", "foreignborn_origin_non_europe"),
}


@pytest.mark.real
@pytest.mark.parametrize(("year", "table"), [(2014, "1"), (2019, "2")])
def test_the_published_tables_give_the_typed_counts(tmp_path: Path, year: int, table: str) -> None:
    source = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "duo_cub" / "cbs_tables_tidy.csv"
    if not source.exists():
        pytest.skip(f"the real table is not beside the checkout: {source.name}")
    with source.open(encoding="utf-8", newline="") as stream:
        held = {row["category"]: row for row in csv.DictReader(stream) if row["table"] == table}
    file = tmp_path / "counts.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", "of", "group", "count", "cells"])
        for step, categories in SUMS.items():
            for group, columns in COLUMNS.items():
                parts = [held[category][column] for category in categories for column in columns]
                writer.writerow([step, OF.get(step, ""), group, int(sum(map(float, parts))), len(parts)])
    found = read_counts(file, rounded_to=10)
    assert list(found.rows) == rows(YEARS[year])
    assert funnel(found, reference="NL") == compared(YEARS[year])
