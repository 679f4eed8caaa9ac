"""Every way of breaking a case table that people find, and whether the error helps them out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from igw_audit.intake import read_cases

Break = Callable[[Any], str]


def cell(row: int, column: str, value: str) -> Break:
    return lambda bench: bench.cases_error(bench.file(bench.swapped(row, column, value)))


def text(change: Callable[[str], str | bytes]) -> Break:
    return lambda bench: bench.cases_error(bench.file(change(bench.text)))


def schema(**columns: Any) -> Break:
    return lambda bench: bench.cases_error(bench.file(bench.text), bench.schema_with(**columns))


def parquet(change: Callable[[pd.DataFrame], Any]) -> Break:
    def read(bench: Any) -> str:
        frame = change(pd.read_csv(bench.file(bench.text)))
        table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, bench.folder / "cases.parquet")
        return str(bench.cases_error(bench.folder / "cases.parquet"))

    return read


def frame(change: Callable[[pd.DataFrame], Any]) -> Break:
    return lambda bench: bench.cases_error(change(pd.read_csv(bench.file(bench.text))))


def without_label_rules(bench: Any) -> str:
    broken = bench.schema
    del broken["label"]
    return str(bench.cases_error(bench.file(bench.text), broken))


def renamed(content: bytes, name: str) -> Break:
    return lambda bench: bench.cases_error(bench.file(content, name))


def cut_off_parquet(bench: Any) -> str:
    path = bench.folder / "whole.parquet"
    pd.read_csv(bench.file(bench.text)).to_parquet(path)
    return str(bench.cases_error(bench.file(path.read_bytes()[:-40], "cut.parquet")))


BREAKS: dict[str, tuple[Break, str]] = {
    "unknown column": (
        text(lambda t: t.replace("sector", "sectr")),
        "column 'sector' of the schema is not in the table, and 'sectr' of the table is not in the schema: is it",
    ),
    "column that the schema does not name": (
        text(lambda t: "\n".join(f"{line},x" for line in t.splitlines())),
        "the schema gives no role to column 'x'; add a role, for example x = \"ignore\", under [columns]",
    ),
    "missing column": (
        schema(office="feature"),
        "column 'office' of the schema is not in the table; add what is missing",
    ),
    "no id column": (
        text(lambda t: t.replace("case_id", "zaak")),
        "column 'case_id' of the schema is not in the table",
    ),
    "duplicate id": (cell(4, "case_id", "A-1"), "1 id stands in more than one row ('A-1' in row 2 and 'A-1' in row 4)"),
    "blank id": (cell(3, "case_id", "  "), "column 'case_id': row 3 holds no id"),
    "decimal comma": (
        text(lambda t: t.replace(",3950,", ',"3.950,00",')),
        "column 'salary': found '3.950,00' in row 3, expected a number; write a point for decimals",
    ),
    "currency sign": (
        cell(3, "salary", "€ 3950"),
        "'€ 3950' in row 3, expected a number; write the bare number, without",
    ),
    "percentage": (cell(3, "score", "80%"), "write the share as a number (0.25 for 25%)"),
    "NA for missing": (cell(3, "salary", "NA"), "leave the cell empty where the number is not known"),
    "word in a number": (cell(3, "salary", "a lot"), 'correct the cell, or give the column type = "category"'),
    "infinity": (cell(3, "salary", "inf"), "no case has an infinite number"),
    "overflow": (cell(3, "salary", "1e999"), "no case has an infinite number"),
    "day-first date": (cell(3, "received", "31-01-2025"), 'format = "%d-%m-%Y" if the day comes first'),
    "American date with time": (cell(3, "received", "1/31/2025 9:05"), '"%m/%d/%Y %H:%M" if the month does'),
    "impossible date": (cell(3, "received", "2025-02-30"), "there is no such day or time"),
    "spreadsheet day number": (cell(3, "received", "45688"), "this is a spreadsheet's day number"),
    "date not in the schema's form": (
        schema(received={"role": "time", "format": "%d/%m/%Y"}),
        "the schema says that it is written as '%d/%m/%Y'",
    ),
    "label outside the types": (
        cell(3, "outcome", "admin"),
        "the value 'admin' (row 3) has no type; did you mean 'administrative'?",
    ),
    "undifferentiated withdrawal": (cell(3, "outcome", "Intrekking"), "does not say why something was withdrawn"),
    "missing label that the schema does not explain": (
        lambda bench: bench.cases_error(
            bench.file(bench.text), {**bench.schema, "label": {"values": {"ended": "none", "false statement": "none"}}}
        ),
        'row 4 holds no outcome, and the schema does not say what that means; add "" = "unknown"',
    ),
    "label without rules": (without_label_rules, "the value 'ended' (row 2) has no type"),
    "step that is not 0 or 1": (cell(3, "investigated", "yes"), "'yes' in row 3, expected 0 or 1; write 1 for yes"),
    "step with a date": (cell(3, "investigated", "2025-01-01"), "expected 0 or 1"),
    "step with a blank": (cell(3, "investigated", ""), "row 3 holds nothing; write 1 where the case reached"),
    "unknown arm": (cell(3, "arm", "randm"), "did you mean 'random'? An arm says why a case was investigated"),
    "arm probability of zero": (cell(3, "arm_probability", "0"), "is above 0 and at most 1 (0.05 for 5%)"),
    "arm probability in percent": (cell(3, "arm_probability", "5"), "found '5' in row 3; the probability"),
    "negative weight": (cell(3, "weight", "-1"), "found '-1' in row 3; a weight says how many cases"),
    "blank weight": (cell(3, "weight", ""), "give every case its weight"),
    "blank score": (cell(3, "score", ""), "give every case its score"),
    "empty file": (text(lambda _: ""), "the file is empty; expected a header row"),
    "blank lines only": (text(lambda _: "\n\n\n"), "the file is empty; expected a header row"),
    "header only": (text(lambda t: t.splitlines()[0]), "the table has columns and no cases"),
    "duplicate column names": (
        text(lambda t: t.replace("weight", "score")),
        "column name stands more than once: 'score'",
    ),
    "two columns without a name": (
        text(lambda t: "\n".join(f"{line},," for line in t.splitlines())),
        "columns 13, 14 have no name (a separator too many",
    ),
    "ragged rows": (
        text(lambda t: t.replace("3950", "3,950").replace(",care,", "")),
        "rows 3 and 4 hold 10 or 13 cells where the header has 12 columns (cells are separated by ',')",
    ),
    "quotation mark left open": (
        text(lambda t: t.replace(",Beta NV", ',"Beta NV')),
        "row 4 opens a quotation mark that is never closed",
    ),
    "wrong encoding": (
        text(lambda t: t.replace("Gamma", "Gâmma").encode("latin-1")),
        "the file is not UTF-8 text: rows 5 and 6 hold bytes that are no UTF-8",
    ),
    "encoding that does not exist": (
        lambda bench: bench.cases_error(bench.file(bench.text), {**bench.schema, "encoding": "utf-9"}),
        "encoding 'utf-9' is not known",
    ),
    "encoding that the file does not have": (
        lambda bench: bench.cases_error(
            bench.file("é".encode() + bench.text.encode()), {**bench.schema, "encoding": "ascii"}
        ),
        "the file is not written in encoding 'ascii'",
    ),
    "UTF-16": (text(lambda t: t.encode("utf-16")), "the file is UTF-16 text, expected UTF-8"),
    "NUL bytes": (text(lambda t: t.replace("3950", "39\x0050")), "the file holds NUL bytes"),
    "Parquet that is none": (renamed(b"case_id\n1\n", "cases.parquet"), "the file is not a Parquet file"),
    "empty Parquet file": (renamed(b"", "cases.parquet"), "the file is empty; write it again"),
    "Parquet cut off": (cut_off_parquet, "it was cut off; copy or write it again"),
    "workbook": (renamed(b"PK\x03\x04rest of a workbook", "cases.csv"), 'save the sheet as "CSV UTF-8"'),
    "gzip": (renamed(b"\x1f\x8b\x08rest", "cases.csv.gz"), "is compressed with gzip"),
    "no such file": (lambda bench: bench.cases_error(bench.folder / "none.csv"), "there is no such file"),
    "folder": (lambda bench: bench.cases_error(bench.folder), "this is a folder"),
    "a list for a table": (lambda bench: bench.cases_error([1, 2]), "found a list; expected the path of"),
    "a column for a table": (lambda bench: bench.cases_error(pa.chunked_array([[1]])), "expected"),
    "Parquet with lists": (
        parquet(lambda f: f.assign(sector=pd.Series([["a"], ["b"], [], ["c"], ["d"]]))),
        "column 'sector' holds lists or records",
    ),
    "Parquet with bytes": (parquet(lambda f: f.assign(sector=[b"a"] * 5)), "column 'sector' holds bytes"),
    "Parquet with a number for a date": (parquet(lambda f: f.assign(received=[1.5] * 5)), "expected a date"),
    "Parquet with a date for a number": (
        parquet(lambda f: f.assign(salary=pd.Timestamp("2025-01-01"))),
        "the column holds a date or time",
    ),
    "Parquet with an infinite number": (parquet(lambda f: f.assign(salary=np.inf)), "no case has an infinite number"),
    "Parquet with a name twice": (
        parquet(lambda f: pa.table([pa.array(f["case_id"])] * 2, names=["case_id", "case_id"])),
        "column name stands more than once: 'case_id'",
    ),
    "Parquet without rows": (parquet(lambda f: f.iloc[:0]), "the table has columns and no cases"),
    "frame without an id": (
        frame(lambda f: f.drop(columns="case_id")),
        "The id may be the frame's index, if that has its name",
    ),
    "frame with a name twice": (
        frame(lambda f: pd.concat([f, f[["score"]]], axis=1)),
        "column name stands more than once: 'score'",
    ),
    "frame with mixed cells": (
        frame(lambda f: f.assign(salary=pd.Series([1, "x", 2.5, None, 3], dtype=object))),
        "found 'x' in row 2, expected a number",
    ),
}


@pytest.mark.parametrize(("breaking", "useful"), BREAKS.values(), ids=BREAKS)
def test_says_what_is_wrong_and_what_to_do_about(breaking: Break, useful: str, bench: Any) -> None:
    assert useful in breaking(bench)


def test_all_problems_of_a_file_come_in_one_error(bench: Any) -> None:
    content = bench.text.replace("3950", "3950 EUR").replace("2025-03-09", "9 mrt").replace("A-5", "A-1")
    content = content.replace("random", "loting").replace("none", "fraud")
    error = bench.cases_error(bench.file(content))
    for column in ("received", "salary", "outcome", "arm", "case_id"):
        assert f"column '{column}'" in error


def test_names_a_few_of_many_rows_and_counts_the_rest(bench: Any) -> None:
    rows = "\n".join(f"B-{number},2025-01-01,x,{number} EUR,ict,true,none,0.1,,,0,1" for number in range(40))
    error = bench.cases_error(bench.file(f"{bench.HEADER}\n{rows}\n"))
    assert "found '0 EUR' in row 2, '1 EUR' in row 3, '2 EUR' in row 4 and 37 more rows, expected a number" in error


@pytest.mark.parametrize("above", ["", "\n", "\ufeff", "sep=,\n"], ids=["nothing", "a blank line", "a BOM", "sep="])
def test_row_numbers_are_those_of_the_file_whatever_stands_above_and_between(above: str, bench: Any) -> None:
    lines = bench.swapped(4, "salary", "x").splitlines()
    lines[2:2] = ["", ",,,,,,,,,,,"]
    error = bench.cases_error(bench.file(above + "\n".join(lines)))
    assert f"found 'x' in row {6 + above.count(chr(10))}, expected" in error


def test_a_line_break_within_quotes_does_not_shift_the_rows(bench: Any) -> None:
    content = bench.swapped(3, "sponsor", '"Alfa\nBV"').replace("5200", "x")
    assert "found 'x' in row 5, expected" in bench.cases_error(bench.file(content))


def test_a_column_of_numbers_with_a_mistake_does_not_pass_for_words(bench: Any) -> None:
    rows = "\n".join(f"B-{number},2025-01-01,x,1,{number}.5,true,none,0.1,,,0,1" for number in range(40))
    broken = f'{bench.HEADER}\n{rows}\nB-99,2025-01-01,x,1,"12,5",true,none,0.1,,,0,1\n'
    assert "column 'sector': found '12,5' in row 42, expected a number" in bench.cases_error(bench.file(broken))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_any_line_ending_reads_and_counts_the_same(ending: str, bench: Any) -> None:
    content = bench.swapped(4, "salary", "x").replace("\n", ending)
    assert "found 'x' in row 4, expected" in bench.cases_error(bench.file(content))


def test_semicolons_are_told_from_decimal_commas(bench: Any) -> None:
    error = bench.cases_error(bench.file(bench.text.replace(",", ";").replace("4100.50", "4100,50")))
    assert error.count("\n") == 1
    assert "found '4100,50' in row 2, expected a number; write a point for decimals" in error


def test_words_that_stand_for_no_value_are_missing_once_the_schema_says_so() -> None:
    schema = {"columns": {"k": "id", "x": {"role": "feature", "type": "number", "missing": ["NA", "-"]}}}
    frame = pd.DataFrame({"k": ["a", "b", "c"], "x": ["1", " NA", "-"]})
    assert read_cases(frame, schema).frame["x"].isna().tolist() == [False, True, True]
