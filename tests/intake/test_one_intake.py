"""One intake for every door: the same table gives the same record but for provenance, and nothing is misread."""

from __future__ import annotations

import decimal
import json
import unicodedata
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import igw_audit as igw
from igw_audit.cli.app import app
from igw_audit.core.canonical import sha256_of_frame
from igw_audit.errors import InputError

N = 400
PLAN: dict[str, Any] = {
    "attributes": ["nationality", "age"],
    "features": ["income", "sector", "urgent", "received"],
    "capacity": 80,
    "label": "found",
    "arm": "arm",
    "bins": {"age": [18, 30, 60]},
    "audits": ["A000", "A001", "A004", "A008"],
}
SCHEMA: dict[str, Any] = {
    "columns": {
        "id": "id",
        "risk": "score",
        "income": "feature",
        "sector": "feature",
        "urgent": "feature",
        "received": "feature",
        "found": "label",
        "arm": "arm",
        "note": "ignore",
    },
    "label": {
        "values": {"1": "positive", "0": "none", "": "unknown"},
        "types": {"positive": "something was found; the table does not say what"},
    },
}


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(5)
    ids = [f"c{number:04d}" for number in draw.permutation(N)]
    group = draw.choice(["Japan", "Côte d'Ivoire", "NA"], N)
    arm = draw.choice(["random", "risk"], N)
    cases = pd.DataFrame(
        {
            "id": ids,
            "risk": draw.normal(size=N) + (group == "NA"),
            "income": draw.integers(20_000, 60_000, N),
            "sector": draw.choice(["ict", "care", "trade"], N),
            "urgent": draw.random(N) < 0.3,
            "received": pd.to_datetime("2025-01-01") + pd.to_timedelta(draw.integers(0, 300, N), unit="D"),
            "found": draw.integers(0, 2, N),
            "arm": arm,
            "note": ["x"] * N,
        }
    )
    people = pd.DataFrame({"id": ids, "nationality": group, "age": draw.integers(16, 80, N)})
    return cases, people


Door = Callable[[pd.DataFrame, Path], Any]


def csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def parquet(frame: pd.DataFrame, path: Path) -> Path:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def relation(frame: pd.DataFrame, path: Path) -> Any:
    return duckdb.connect().from_arrow(pa.Table.from_pandas(frame, preserve_index=False))


DOORS: dict[str, Door] = {
    "pandas": lambda frame, _: frame,
    "pandas shuffled": lambda frame, _: frame.sample(frac=1, random_state=3)[list(frame.columns[::-1])],
    "pandas by index": lambda frame, _: frame.set_index("id"),
    "pandas by an index without a name": lambda frame, _: frame.set_index("id").rename_axis(None),
    "pandas nullable": lambda frame, _: frame.convert_dtypes(),
    "pandas with Arrow types": lambda frame, _: frame.convert_dtypes(dtype_backend="pyarrow"),
    "pandas objects": lambda frame, _: frame.astype(object),
    "pandas categories": lambda frame, _: frame.astype(
        {name: "category" for name in frame.columns if frame[name].dtype.kind not in "fMb" and name != "id"}
    ),
    "Polars": lambda frame, _: pl.from_pandas(frame),
    "Polars lazy": lambda frame, _: pl.from_pandas(frame).lazy(),
    "Arrow": lambda frame, _: pa.Table.from_pandas(frame, preserve_index=False),
    "CSV": csv,
    "Parquet": parquet,
    "DuckDB": relation,
}


def told(record: igw.AuditRecord | dict[str, Any]) -> str:
    """What a record says, but for when."""
    content = record if isinstance(record, dict) else record.to_dict()
    return json.dumps({name: part for name, part in content.items() if name != "created"}, sort_keys=True)


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["by its plan", "by a schema"])
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_the_same_table_gives_the_same_record_from(door: Door, schema: dict[str, Any] | None, tmp_path: Path) -> None:
    cases, people = tables()
    expected = igw.audit(cases, protected=people, plan=PLAN, score="risk")
    found = igw.audit(
        door(cases, tmp_path / "cases"),
        protected=door(people, tmp_path / "people"),
        plan=PLAN,
        score="risk",
        schema=schema,
    )
    assert told(found) == told(expected)


def test_the_command_line_gives_the_record_that_python_gives(tmp_path: Path) -> None:
    cases, people = tables()
    plan = tmp_path / "plan.toml"
    lines = [f"{name} = {json.dumps(part)}" for name, part in PLAN.items() if name != "bins"]
    plan.write_text("\n".join([*lines, "[bins]", "age = [18, 30, 60]"]), encoding="utf-8")
    expected = igw.audit(cases, protected=people, plan=plan, score="risk")
    asked = ["audit", str(csv(cases, tmp_path / "c")), "--protected", str(parquet(people, tmp_path / "p"))]
    done = CliRunner().invoke(app, [*asked, "--plan", str(plan), "--score", "risk", "--json"])
    assert told(json.loads(done.stdout)) == told(expected)


@pytest.mark.parametrize("door", [DOORS["pandas"], DOORS["pandas categories"], DOORS["Polars"], DOORS["Parquet"]])
def test_a_callable_scores_alike_whatever_the_table_came_in(door: Door, tmp_path: Path) -> None:
    cases, people = tables()
    plan = {**PLAN, "label": None, "arm": None, "features": ["income", "sector"]}

    def model(table: pd.DataFrame) -> Any:
        return table["income"].to_numpy(dtype=float) + 9_000 * (table["sector"] == "care").to_numpy()

    expected = igw.audit(cases, protected=people, plan=plan, model=model)
    found = igw.audit(door(cases, tmp_path / "c"), protected=door(people, tmp_path / "p"), plan=plan, model=model)
    assert told(found) == told(expected)


PLAIN = {"attributes": ["nationality"], "capacity": 0.2, "audits": ["A001"]}


def plain(n: int = 100, **columns: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(1)
    group = draw.choice(["A", "B"], n)
    return pd.DataFrame({"s": draw.normal(size=n) + 2 * (group == "B"), **columns}), pd.DataFrame(
        {"nationality": group}
    )


def rates(cases: Any, people: Any, **more: Any) -> dict[str | None, float]:
    record = igw.audit(cases, protected=people, score="s", plan=PLAIN, **more)
    found = record.outcome("A001", "nationality").select("selection_rate")
    return {one.group: one.estimate.value for one in found if one.estimate is not None}


def renumbered(cases: pd.DataFrame) -> pd.DataFrame:
    return cases.sample(50, random_state=1).reset_index(drop=True)


def kept_in_arrow(frame: pd.DataFrame) -> pa.Table:
    """With its index in a column that has Arrow's own name."""
    return pa.Table.from_pandas(frame, preserve_index=True)


# ids ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moved",
    {
        "the cases numbered anew": lambda c, p: (renumbered(c), p),
        "shuffled and numbered anew": lambda c, p: (renumbered(c.sort_values("s")), p),
        "numbered from one": lambda c, p: (c.iloc[50:].set_axis(range(1, 51), axis=0), p),
        "the first rows": lambda c, p: (c.iloc[:50], p),
        "row numbers as floats": lambda c, p: (c.iloc[50:].set_axis(np.arange(50.0), axis=0), p),
        "row numbers as text": lambda c, p: (c.iloc[50:].set_axis([str(k) for k in range(50)], axis=0), p),
        "ids on one side only": lambda c, p: (renumbered(c), p.rename_axis("id").reset_index()),
        "ids in a column against row numbers": lambda c, p: (c.assign(id=range(100)), p),
        "numbered anew by another program": lambda c, p: (kept_in_arrow(renumbered(c)), kept_in_arrow(p)),
    }.values(),
)  # fmt: skip
def test_row_numbers_are_not_taken_for_ids(moved: Callable[[Any, Any], tuple[Any, Any]]) -> None:
    with pytest.raises(InputError, match="row number"):
        rates(*moved(*plain()))


def test_row_numbers_of_a_file_are_no_ids_even_where_a_schema_calls_them_so(tmp_path: Path) -> None:
    cases, people = plain()
    cases.sample(50, random_state=1).reset_index(drop=True).to_csv(tmp_path / "c.csv")
    people.to_csv(tmp_path / "p.csv")
    # how a frame's index is called once it was written to a file
    paths = [tmp_path / "c.csv", tmp_path / "p.csv"]
    for path in paths:
        path.write_text("Unnamed: 0" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="row number"):
        rates(*paths, schema={"columns": {"Unnamed: 0": "id", "s": "score"}})


def test_one_index_on_both_sides_joins_whatever_its_order() -> None:
    cases, people = plain()
    assert rates(cases, people) == rates(cases.sample(frac=1, random_state=1), people.sample(frac=1, random_state=2))
    kept = cases.sample(50, random_state=4)
    named = {"index": [f"c{k}" for k in range(100)]}
    assert rates(kept, people) == rates(
        kept.set_axis([f"c{k}" for k in kept.index], axis=0), people.set_axis(named["index"], axis=0)
    )


@pytest.mark.parametrize(
    "ids",
    {
        "floats": np.arange(100.0) * 3,
        "huge whole numbers": [2**60 + k for k in range(100)],
        "unsigned": np.arange(100, dtype="uint64") + np.uint64(2**63),
        "decimals": [decimal.Decimal(10) ** 25 + k for k in range(100)],
        "padded text": [f" {k} " for k in range(7, 107)],
        "UUIDs": [uuid.UUID(int=k) for k in range(100)],
        "days": pd.date_range("2026-01-01", periods=100),
        "moments": pd.date_range("2026-01-01", periods=100, freq="h"),
        "the clock goes back": pd.date_range("2026-10-25", periods=100, freq="15min", tz="Europe/Amsterdam"),
        "nanoseconds": pd.to_datetime(np.arange(100)),
        "categories": pd.Categorical([f"k{k}" for k in range(100)]),
        "Arrow text": pd.array([f"k{k}" for k in range(100)], dtype="string[pyarrow]"),
        "leading zeros": [f"{k:05d}" for k in range(100)],
        "periods": pd.period_range("2020-01", periods=100, freq="M"),
    }.values(),
)  # fmt: skip
def test_the_same_ids_join_from_a_frame_and_from_a_file(ids: Any, tmp_path: Path) -> None:
    cases, people = plain()
    cases, people = cases.assign(id=ids), people.assign(id=ids)
    expected = rates(cases.drop(columns="id"), people.drop(columns="id"))
    assert rates(cases, people.sample(frac=1, random_state=1)) == pytest.approx(expected)
    assert rates(cases, csv(people, tmp_path / "p")) == pytest.approx(expected)


def test_an_index_of_several_levels_is_refused_in_words() -> None:
    cases, people = plain()
    levels = pd.MultiIndex.from_arrays([np.arange(100) // 2, np.arange(100) % 2], names=["person", "year"])
    with pytest.raises(InputError, match=r"2 levels \(person, year\)"):
        rates(cases.set_axis(levels, axis=0), people.set_axis(levels, axis=0))


# names and columns that nobody reads -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        [[1]] * 100,
        [b"\xff"] * 100,
        [{"a": 1}] * 100,
        [object()] * 100,
        [1 + 2j] * 100,
        pd.Series(["\ud800"] * 100, dtype=object),
        [1, "a"] * 50,
    ],
)
def test_columns_that_nobody_names_may_hold_anything_twice(extra: Any) -> None:
    cases, people = plain()
    more = pd.concat([pd.Series(extra, name="note")] * 2, axis=1)
    wide = pd.concat([cases, more], axis=1)
    assert rates(wide, pd.concat([people, more], axis=1)) == rates(cases, people)


def test_a_feature_that_stands_twice_is_refused_in_words() -> None:
    cases, people = plain(x=1.0)
    twice = pd.concat([cases, cases[["x"]]], axis=1)
    with pytest.raises(InputError, match="stands more than once: 'x'"):
        igw.audit(twice, protected=people, score="s", plan={**PLAIN, "features": ["x"]})


def test_numbered_columns_are_found_and_a_callable_sees_them_by_number() -> None:
    cases, people = plain()
    numbered = pd.concat([cases["s"].rename(0), pd.Series(1.0, index=cases.index, name=1)], axis=1)
    seen: set[Any] = set()

    def model(table: pd.DataFrame) -> Any:
        seen.update(table.columns)
        return table[0].to_numpy()

    record = igw.audit(numbered, protected=people, model=model, plan={**PLAIN, "features": ["0", "1"]})
    assert (
        record.outcome("A001", "nationality").findings
        == igw.audit(cases, protected=people, score="s", plan=PLAIN).outcome("A001", "nationality").findings
    )
    assert seen == {0, 1}


def test_all_problems_of_a_table_come_at_once() -> None:
    cases, people = plain(x=["1,5"] * 100, w=-1.0)
    cases["id"] = [None, *range(1, 99), 98]
    plan = {**PLAIN, "features": ["x", "gone"], "weight": "w"}
    with pytest.raises(InputError) as caught:
        igw.audit(cases, protected=people, score="s", plan=plan)
    told = str(caught.value)
    assert all(word in told for word in ("'gone'", "'id': row 1 holds no id", "98", "'w'"))


# labels, bins, bands, days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelt",
    {
        "text": lambda y: y.astype(str),
        "decimals": lambda y: [decimal.Decimal(int(v)) for v in y],
        "booleans": lambda y: y == 1,
        "floats": lambda y: y.astype(float),
        "true and false": lambda y: y.map({1: "true", 0: "false"}),
        "nullable": lambda y: y.astype("Int8"),
        "categories": lambda y: y.astype("category"),
        "words": lambda y: y.map({1: "public_order", 0: "none"}),
    }.values(),
)  # fmt: skip
def test_a_label_of_noughts_and_ones_counts_alike_however_it_is_written(spelt: Callable[[pd.Series], Any]) -> None:
    cases, people = plain()
    y = pd.Series(np.random.default_rng(3).integers(0, 2, 100))
    plan = {**PLAIN, "label": "y", "audits": ["A002"]}

    def findings(values: Any) -> Any:
        record = igw.audit(cases.assign(y=values), protected=people, score="s", plan=plan)
        return [(f.statistic, f.group, f.counts) for f in record.outcome("A002", "nationality").findings]

    assert findings(spelt(y)) == findings(y)


def test_cut_numbers_are_groups_named_by_their_bands() -> None:
    cases, people = plain()
    ages = np.random.default_rng(2).integers(18, 60, 100)
    bands = pd.cut(ages, [0, 30, 60])
    found = rates(cases, people.assign(nationality=bands))
    assert set(found) == {"(0, 30]", "(30, 60]"}
    assert found == rates(cases, people.assign(nationality=bands.astype(str)))


def sizes(values: Any, **plan: Any) -> dict[str | None, int]:
    cases = pd.DataFrame({"s": np.arange(float(len(values)))})
    people = pd.DataFrame({"age": values})
    record = igw.audit(
        cases, protected=people, score="s", plan={"attributes": ["age"], "capacity": 1, "audits": ["A000"], **plan}
    )
    return {f.group: f.counts.events for f in record.outcome("A000", "age").select("group_size") if f.counts}


def test_ages_are_binned_from_each_edge_up_to_the_next_and_nobody_is_left_out() -> None:
    found = sizes([17, 18, 29, 30, 59, 60, 200, None], bins={"age": [18, 30, 60]})
    assert found == {"<18": 1, "18-29": 2, "30-59": 2, "60+": 2, "(not recorded)": 1}


def test_amounts_with_decimals_have_bins_that_say_so() -> None:
    assert sizes([0.25, 0.5, 1.99, 2.0], bins={"age": [0.5, 2]}) == {"<0.5": 1, "0.5-<2": 2, "2+": 1}


@pytest.mark.parametrize(
    ("values", "edges", "useful"),
    [
        (["old", "40", "30"], [18], "bins.age: 1 of its values are no numbers"),
        (["1990-05-03", "1980-01-01", "1970-02-02"], [1980], "they are days"),
        ([1, 2, 3], [30, 18], "numbers that rise"),
        ([1, 2, 3], [], "numbers that rise"),
        ([1, 2, 3], [float("nan")], "bins"),
    ],
)
def test_bins_that_cannot_be_made_are_refused_and_quote_nobody(values: Any, edges: Any, useful: str) -> None:
    with pytest.raises(InputError, match=useful) as caught:
        sizes(values, bins={"age": edges})
    assert "old" not in str(caught.value)


@given(
    st.lists(st.one_of(st.none(), st.integers(-200, 200)), min_size=2, max_size=30),
    st.sets(st.integers(-100, 100), min_size=1, max_size=5),
)
@settings(max_examples=25, deadline=None)  # fmt: skip
def test_every_person_is_in_the_bin_that_holds_their_number(values: list[int | None], edges: set[int]) -> None:
    marks = sorted(edges)
    found = sizes(pd.array(values, dtype="Int64"), bins={"age": marks})
    below = sum(value is not None and value < marks[0] for value in values)
    above = sum(value is not None and value >= marks[-1] for value in values)
    assert sum(found.values()) == len(values)
    assert found.get(f"<{marks[0]}", 0) == below
    assert found.get(f"{marks[-1]}+", 0) == above
    assert found.get("(not recorded)", 0) == sum(value is None for value in values)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Asia/Kathmandu", "America/New_York", "UTC", "+05:30"])
def test_a_midnight_in_a_zone_is_that_day_there(zone: str, tmp_path: Path) -> None:
    cases, people = plain()
    days = pd.Series(pd.date_range("1990-05-03", periods=2, tz=zone)).repeat(50).reset_index(drop=True)
    born = people.assign(nationality=days)
    assert set(rates(cases, born)) == {"1990-05-03", "1990-05-04"}
    told = rates(cases.assign(id=range(100)), csv(born.assign(id=range(100)), tmp_path / "p"))
    assert told == rates(cases, born)


# names of groups ---------------------------------------------------------------------------------------------------

SPELLINGS: dict[str, Callable[[str], str]] = {
    "accents in parts": lambda name: unicodedata.normalize("NFD", name),
    "capitals": str.upper,
    "small letters": str.lower,
    "blanks": lambda name: f"  {name.replace(' ', '   ')}\u00a0",
    "an invisible mark": lambda name: f"{name[:2]}\u200b{name[2:]}",
    "a soft hyphen": lambda name: f"{name[:3]}\u00ad{name[3:]}",
    "a mark of direction": lambda name: f"\u200e{name}",
    "a byte-order mark": lambda name: f"\ufeff{name}",
}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(list(SPELLINGS)), min_size=1, max_size=4),
    st.sampled_from(["Côte d'Ivoire", "Île Maurice"]),
)
def test_spellings_of_one_name_are_one_group_and_the_record_says_so(ways: list[str], name: str) -> None:  # fmt: skip
    cases, people = plain()
    people["nationality"] = pd.Series(np.where(people["nationality"] == "A", name, "Japan"), dtype=object)
    mixed = people.copy()
    spelt = name
    for row, way in enumerate(ways):
        spelt = SPELLINGS[way](name)
        mixed.loc[mixed.index[people["nationality"] == name][row], "nationality"] = spelt
    said: list[str] = []
    record = igw.audit(cases, protected=mixed, score="s", plan=PLAIN, progress=said.append)
    expected = igw.audit(cases, protected=people, score="s", plan=PLAIN)
    assert record.outcomes == expected.outcomes
    distinct = {name, *(" ".join(SPELLINGS[way](name).split()) for way in ways)}
    remarks = [(one.kind, one.names, one.spellings) for one in record.provenance.names]
    assert remarks == ([("merged_spellings", (name,), len(distinct))] if len(distinct) > 1 else [])
    assert any("counted as one group" in stage for stage in said) == (len(distinct) > 1)


def test_names_that_look_alike_are_kept_apart_and_said_on_every_page(tmp_path: Path) -> None:
    cases, people = plain()
    people["nationality"] = pd.Series(np.where(people["nationality"] == "A", "Turkije", "\u0422urkije"), dtype=object)
    record = igw.audit(cases, protected=people, score="s", plan=PLAIN)
    assert [one.kind for one in record.provenance.names] == ["look_alike"]
    folder = record.save(tmp_path / "out")
    assert igw.read_record(folder) == record
    assert "look alike" in (folder / "report.en.html").read_text(encoding="utf-8")
    assert "lijken op elkaar" in (folder / "report.nl.html").read_text(encoding="utf-8")


def test_a_record_in_which_no_names_were_merged_says_nothing_of_names() -> None:
    cases, people = plain()
    record = igw.audit(cases, protected=people, score="s", plan=PLAIN)
    assert "names" not in record.to_dict()["provenance"]


# evidence ----------------------------------------------------------------------------------------------------------

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "whole numbers past what a float holds": ([2**53, 1], [2**53 + 1, 1]),
    "unsigned": (np.array([2**64 - 1, 1], "uint64"), np.array([2**64 - 2, 1], "uint64")),
    "decimals": ([decimal.Decimal("1.0000000000000001")] * 2, [decimal.Decimal("1.0000000000000002")] * 2),
    "nanoseconds": (pd.to_datetime([0, 1]), pd.to_datetime([0, 2])),
    "yes and one": ([True, False], [1, 0]),
    "zones": (pd.to_datetime([0, 1]).tz_localize("UTC"), pd.to_datetime([0, 1]).tz_localize("Europe/Amsterdam")),
    "one and what is not quite one": ([1.0, 2.0], [np.nextafter(1.0, 2.0), 2.0]),
}


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_other_content_has_another_hash_through_the_intake(pair: tuple[Any, Any]) -> None:
    people = pd.DataFrame({"id": ["a", "b"], "nationality": ["A", "B"]})

    def digest(values: Any) -> str:
        cases = pd.DataFrame({"id": ["a", "b"], "s": [1.0, 2.0], "x": values})
        plan = {**PLAIN, "features": ["x"], "capacity": 1}
        return igw.audit(cases, protected=people, score="s", plan=plan).provenance.cases.sha256

    assert digest(pair[0]) != digest(pair[1])


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.binary(max_size=3),
    st.tuples(st.integers(0, 2), st.text(max_size=1)),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=4), st.lists(CELLS, min_size=1, max_size=4))
def test_two_columns_hash_alike_only_if_each_cell_is_the_same_value_of_the_same_kind(
    one: list[Any], other: list[Any]
) -> None:
    def digest(cells: list[Any]) -> str:
        return sha256_of_frame(pd.DataFrame({"x": pd.Series(cells, dtype=object)}))

    def meant(cell: Any) -> Any:
        if cell is None or isinstance(cell, bool | str | bytes | tuple):
            return type(cell), cell
        # a decimal and the float that it is written as are one number
        return "number", decimal.Decimal(repr(cell) if isinstance(cell, float) else cell)

    assert (digest(one) == digest(other)) == ([meant(c) for c in one] == [meant(c) for c in other])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), min_size=1, max_size=4), st.data())
def test_no_text_can_move_from_one_column_or_cell_into_another(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    moved = frame.copy()
    row = data.draw(st.integers(0, len(rows) - 1))
    cut = data.draw(st.integers(0, len(rows[row][0])))
    moved.loc[row, "a"], moved.loc[row, "b"] = rows[row][0][:cut], rows[row][0][cut:] + rows[row][1]
    assert (sha256_of_frame(frame) == sha256_of_frame(moved)) == frame.equals(moved)


def test_neither_an_empty_text_nor_a_word_for_missing_is_a_missing_cell() -> None:
    frames = [
        pd.DataFrame({"x": pd.Series([cell, "a"], dtype=object)}) for cell in (None, "", "\x00missing", "None", "nan")
    ]
    assert len({sha256_of_frame(frame) for frame in frames}) == len(frames)
