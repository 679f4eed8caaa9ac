"""The same content is the same table, with the same hash, whatever it came in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from igw_audit.core.tables import CaseTable
from igw_audit.intake import read_cases, read_protected

Make = Callable[[pa.Table, Path], Any]


def parquet(table: pa.Table, folder: Path) -> Path:
    pq.write_table(table, folder / "cases.parquet")
    return folder / "cases.parquet"


def csv(separator: str, *, quote: bool = False, bom: bool = False) -> Make:
    def make(table: pa.Table, folder: Path) -> Path:
        path = folder / "cases.csv"
        table.to_pandas().to_csv(
            path, index=False, sep=separator, quoting=1 if quote else 0, encoding="utf-8-sig" if bom else "utf-8"
        )
        return path

    return make


def nullable(table: pa.Table, folder: Path) -> Any:
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def by_index(table: pa.Table, folder: Path) -> Any:
    return table.to_pandas().set_index("case_id")


def by_unnamed_index(table: pa.Table, folder: Path) -> Any:
    return by_index(table, folder).rename_axis(None)


def relation(table: pa.Table, folder: Path) -> Any:
    return duckdb.connect().from_arrow(table)


def dictionaries(table: pa.Table, folder: Path) -> pa.Table:
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    for name in texts:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).dictionary_encode())
    return table


FORMATS: dict[str, Make] = {
    "Parquet": parquet,
    "CSV with commas": csv(","),
    "CSV with semicolons": csv(";"),
    "CSV with tabs": csv("\t"),
    "CSV with bars": csv("|"),
    "CSV quoted": csv(",", quote=True),
    "CSV with a BOM": csv(";", bom=True),
    "Arrow": lambda table, _: table,
    "Arrow dictionaries": dictionaries,
    "pandas": lambda table, _: table.to_pandas(),
    "pandas with Arrow types": nullable,
    "pandas with the id as index": by_index,
    "pandas with an index without a name": by_unnamed_index,
    "Polars": lambda table, _: pl.from_arrow(table),
    "Polars lazy": lambda table, _: pl.from_arrow(table).lazy(),  # type: ignore[union-attr]
    "DuckDB": relation,
}
SCHEMA = {
    "columns": {
        "case_id": "id",
        "received": "time",
        "number": "feature",
        "whole": "feature",
        "word": "feature",
        "flag": "feature",
        "code": {"role": "feature", "type": "category"},
        "outcome": "label",
        "note": "ignore",
    },
    "label": {"values": {"": "unknown", 'ended; by sponsor, "on time"': "administrative"}},
}
TABLE = pa.table(
    {
        "case_id": ["b", "a", "é", "10", "9"],
        "received": pa.array([date(2025, 1, 31), None, date(9999, 12, 31), date(2024, 2, 29), date(2025, 1, 1)]),
        "number": pa.array([1.5, None, -0.1, 1e-7, 123456.75]),
        "whole": pa.array([3, 1, None, 4, -5]),
        "word": ["x", "Zoë", None, "a, b; c", 'say "x"'],
        "flag": pa.array([True, False, None, True, True]),
        "code": pa.array([12, None, 1, 12, 7]),
        "outcome": ['ended; by sponsor, "on time"', None, "none", "public_order", "none"],
        "note": ["1", "2", "3", "4", "5"],
    }
)


def read(table: pa.Table, make: Make, folder: Path, schema: Mapping[str, Any] = SCHEMA) -> CaseTable:
    return read_cases(make(table, folder), schema)


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
def test_reads_the_same_from(make: Make, tmp_path: Path) -> None:
    expected = read(TABLE, FORMATS["Arrow"], tmp_path)
    found = read(TABLE, make, tmp_path)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert found.schema == expected.schema
    assert found.content_sha256 == expected.content_sha256


def test_types_are_those_of_the_contract(tmp_path: Path) -> None:
    frame = read(TABLE, FORMATS["CSV with commas"], tmp_path).frame
    assert frame.index.tolist() == ["10", "9", "a", "b", "é"]
    assert frame.index.name == "id"
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "code": "object",
        "flag": "float64",
        "number": "float64",
        "outcome": "object",
        "received": "datetime64[us]",
        "whole": "float64",
        "word": "object",
    }
    assert frame["code"].tolist() == ["12", "7", None, "12", "1"]
    assert frame.loc["é", "word"] is None
    assert np.isnan(frame["flag"]).tolist() == [False, False, False, False, True]
    assert frame.loc["é", "received"] == datetime(9999, 12, 31)


CELLS = st.fixed_dictionaries(
    {
        "number": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64)),
        "whole": st.one_of(st.none(), st.integers(-(2**40), 2**40)),
        "word": st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)),
        "flag": st.one_of(st.none(), st.booleans()),
        "day": st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2100, 1, 1))),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CELLS, min_size=1, max_size=12), typed=st.booleans())
def test_any_content_reads_the_same_from_every_format(rows: list[dict[str, Any]], typed: bool, tmp_path: Path) -> None:
    kinds = {"number": "number", "whole": "number", "word": "text", "flag": "flag", "day": "date"}
    names = {name: kind if typed else None for name, kind in kinds.items()}
    # words are typed always: text of digits alone is a number where nobody says otherwise, in a frame as in a file
    names["word"] = "text"
    schema = {"columns": {"case_id": "id", **{name: role(kind) for name, kind in names.items()}}}
    arrow = {"number": pa.float64(), "whole": pa.int64(), "word": pa.string(), "flag": pa.bool_(), "day": pa.date32()}
    columns = {name: pa.array([row[name] for row in rows], type=kind) for name, kind in arrow.items()}
    table = pa.table({"case_id": [f"C{number}" for number in range(len(rows))], **columns})
    found = {name: read(table, make, tmp_path, schema).content_sha256 for name, make in FORMATS.items()}
    assert len(set(found.values())) == 1, found


def role(kind: str | None) -> Any:
    return "feature" if kind is None else {"role": "feature", "type": kind}


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(5)))
def test_neither_row_order_nor_column_order_matters(order: list[int]) -> None:
    table = TABLE.take(pa.array(order)).select(TABLE.column_names[::-1])
    assert read_cases(table, SCHEMA).content_sha256 == read_cases(TABLE, SCHEMA).content_sha256


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
def test_protected_tables_read_the_same_from(make: Make, tmp_path: Path) -> None:
    table = pa.table({"case_id": ["2", "1", "3"], "land": ["NL", None, "Zoë"], "age": pa.array([31, None, 4])})
    read = read_protected(make(table, tmp_path), id_column="case_id")
    assert read.frame.to_dict("list") == {"age": [None, "31", "4"], "land": [None, "NL", "Zoë"]}
    assert read.content_sha256 == read_protected(table, id_column="case_id").content_sha256


def test_a_moment_with_a_zone_is_taken_at_its_utc_time(tmp_path: Path) -> None:
    moment = datetime(2025, 1, 1, 1, 30, tzinfo=UTC)
    table = pa.table({"case_id": ["a"], "t": pa.array([moment], type=pa.timestamp("ns", tz="Europe/Amsterdam"))})
    text = tmp_path / "t.csv"
    text.write_text("case_id,t\na,2025-01-01T02:30:00+01:00\n", encoding="utf-8")
    schema = {"columns": {"case_id": "id", "t": "time"}}
    assert read_cases(table, schema).content_sha256 == read_cases(text, schema).content_sha256


def test_dates_are_read_in_the_form_that_the_schema_gives(tmp_path: Path) -> None:
    text = tmp_path / "t.csv"
    text.write_text("case_id,t\na,31-01-2025\nb,\n", encoding="utf-8")
    frame = read_cases(text, {"columns": {"case_id": "id", "t": {"role": "time", "format": "%d-%m-%Y"}}}).frame
    assert frame["t"].tolist() == [pd.Timestamp("2025-01-31"), pd.NaT]


def test_an_older_encoding_is_read_where_the_schema_says_so(tmp_path: Path) -> None:
    text = tmp_path / "t.csv"
    text.write_bytes("case_id,x\na,café’s\n".encode("windows-1252"))
    schema = {"encoding": "windows-1252", "columns": {"case_id": "id", "x": "feature"}}
    assert read_cases(text, schema).frame["x"].tolist() == ["café’s"]


def test_codes_with_leading_zeros_stay_words(tmp_path: Path) -> None:
    text = tmp_path / "t.csv"
    text.write_text("case_id,x\na,0012\nb,1200\n", encoding="utf-8")
    read = read_cases(text, {"columns": {"case_id": "id", "x": "feature"}})
    assert read.frame["x"].tolist() == ["0012", "1200"]
    assert read.schema.columns["x"].type == "category"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e4", ".5"], "number"),
        (["true", "FALSE", "true"], "flag"),
        (["2025-01-31", "2025-02-01 10:30"], "date"),
        (["2015", "2016"], "number"),
        (["a", "1", "2"], "category"),
        (["NA", "onbekend", "x"], "category"),
        (["", "", ""], "number"),
        (["2025-01", "2025-02"], "category"),
    ],
)
def test_a_column_without_a_type_gets_the_one_its_values_show(cells: list[str], kind: str, tmp_path: Path) -> None:
    text = tmp_path / "t.csv"
    rows = "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    text.write_text(f"case_id,x\n{rows}", encoding="utf-8")
    assert read_cases(text, {"columns": {"case_id": "id", "x": "feature"}}).schema.columns["x"].type == kind


def test_a_lazy_relation_gives_only_the_columns_of_the_schema() -> None:
    connection = duckdb.connect()
    # the second column would fail if it were fetched
    lazy = connection.sql("SELECT 'a' AS case_id, CAST(word AS INTEGER) AS broken, 1.5 AS x FROM (SELECT 'no' AS word)")
    schema = {"columns": {"case_id": "id", "broken": "ignore", "x": "feature"}}
    assert read_cases(lazy, schema).frame["x"].tolist() == [1.5]
