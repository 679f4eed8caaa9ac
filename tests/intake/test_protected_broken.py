"""Every way of breaking a protected table: the error helps, and never says what a person's attribute is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from igw_audit.intake import read_protected

Break = Callable[[Any], str]
#: What only a protected cell holds in these tables; no error may say it, not even an id of its row.
SECRETS = ("Secretland", "Hiddenia", "woman", "A-1", "A-4")


def text(change: Callable[[str], str | bytes]) -> Break:
    return lambda bench: bench.protected_error(bench.file(change(bench.protected_text), "protected.csv"))


def parquet(change: Callable[[pd.DataFrame], Any]) -> Break:
    def read(bench: Any) -> str:
        table = change(pd.read_csv(bench.file(bench.protected_text)))
        whole = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
        pq.write_table(whole, bench.folder / "protected.parquet")
        return str(bench.protected_error(bench.folder / "protected.parquet"))

    return read


def frame(change: Callable[[pd.DataFrame], Any]) -> Break:
    return lambda bench: bench.protected_error(change(pd.read_csv(bench.file(bench.protected_text))))


BREAKS: dict[str, tuple[Break, str]] = {
    "no id column": (text(lambda t: t.replace("case_id", "caseid")), "no id column 'case_id'; did you mean 'caseid'?"),
    "id alone": (text(lambda _: "case_id\n1\n2\n"), "expected at least one protected attribute"),
    "duplicate id": (text(lambda t: t.replace("A-4", "A-1")), "1 id stands in more than one row (rows 2 and 5)"),
    "several duplicate ids": (
        text(lambda t: t.replace("A-4", "A-1").replace("A-5", "A-2")),
        "2 ids stand in more than one row (rows 2, 5, 3 and 6)",
    ),
    "blank id": (text(lambda t: t.replace("A-4", "")), "column 'case_id': row 5 holds no id"),
    "empty file": (text(lambda _: ""), "the file is empty"),
    "header only": (text(lambda t: t.splitlines()[0]), "the table has columns and no rows"),
    "duplicate column names": (text(lambda t: t.replace("sex", "nationality")), "more than once: 'nationality'"),
    "column without a name": (text(lambda t: t.replace(",sex", ",")), "column 3 has no name; name the attribute"),
    "two columns without a name": (
        text(lambda t: "\n".join(f"{line},," for line in t.splitlines())),
        "columns 4, 5 have no name",
    ),
    "ragged row": (text(lambda t: t.replace("Hiddenia,man", "Hiddenia")), "row 5 holds 2 cells where the header has 3"),
    "separator within a cell": (text(lambda t: t.replace("A-4,", "A-4,Secret,")), "row 5 holds 4 cells"),
    "quotation mark left open": (text(lambda t: t.replace("Hiddenia,man", '"Hiddenia,man')), "row 5 opens a quotation"),
    "wrong encoding": (
        text(lambda t: t.replace("Hiddenia", "Hiddeniâ").encode("latin-1")),
        "the file is not UTF-8 text: rows 5 and 6 hold bytes that are no UTF-8. Save it",
    ),
    "UTF-16": (text(lambda t: t.encode("utf-16")), "the file is UTF-16 text, expected UTF-8"),
    "NUL bytes": (text(lambda t: t.replace("man", "m\x00n")), "the file holds NUL bytes"),
    "no such file": (lambda bench: bench.protected_error(bench.folder / "none.csv"), "there is no such file"),
    "folder": (lambda bench: bench.protected_error(bench.folder), "this is a folder"),
    "Parquet that is none": (
        lambda bench: bench.protected_error(bench.file("x", "protected.parquet")),
        "the file is not a Parquet file",
    ),
    "workbook": (lambda bench: bench.protected_error(bench.file(b"PK\x03\x04", "p.xlsx")), "is a workbook or archive"),
    "Parquet with lists": (
        parquet(lambda f: f.assign(sex=pd.Series([["woman"]] * 5))),
        "column 'sex' holds lists or records",
    ),
    "Parquet with a name twice": (
        parquet(lambda f: pa.table([pa.array(f["case_id"])] * 2, names=["case_id", "case_id"])),
        "column name stands more than once: 'case_id'",
    ),
    "frame with a plain index for an id": (
        frame(lambda f: f.drop(columns="case_id")),
        "there is no id column 'case_id'",
    ),
    "frame with a missing id": (
        frame(lambda f: f.assign(case_id=f["case_id"].mask(f["case_id"] == "A-4"))),
        "column 'case_id': row 4 holds no id",
    ),
    "a mapping for a table": (lambda bench: bench.protected_error({"case_id": [1]}), "found a dict; expected the path"),
}


@pytest.mark.parametrize(("breaking", "useful"), BREAKS.values(), ids=BREAKS)
def test_says_what_is_wrong_and_quotes_no_value_for(breaking: Break, useful: str, bench: Any) -> None:
    error = breaking(bench)
    assert useful in error
    assert not [secret for secret in SECRETS if secret in error]


def test_missing_and_blank_attributes_are_kept_as_missing(bench: Any) -> None:
    read = read_protected(bench.file(bench.protected_text.replace("Secretland,man", "  ,man")), id_column="case_id")
    assert read.frame["nationality"].isna().tolist() == [False, True, True, False, False]


def test_shows_no_value_of_anybody(bench: Any) -> None:
    read = read_protected(bench.file(bench.protected_text), id_column="case_id")
    assert repr(read) == "ProtectedTable(5 rows, attributes: nationality, sex; values are not shown)"
    assert f"{read}" == repr(read)
    assert not hasattr(read, "_repr_html_")


def test_namibia_written_as_its_code_is_not_missing(bench: Any) -> None:
    read = read_protected(bench.file("id,country\n1,NA\n2,NL\n"), id_column="id")
    assert read.frame["country"].tolist() == ["NA", "NL"]
