"""A table that unpacks to far more than it is, or holds what no table holds, is refused with a sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from igw_audit.core.schema import CaseSchema
from igw_audit.errors import InputError
from igw_audit.intake import read_cases

SCHEMA = CaseSchema.model_validate({"columns": {"id": "id", "a": "feature", "s": "feature"}})


def parquet(folder: Path, *, rows: int = 1000, cell: str = "x", **columns: Any) -> Path:
    table = pa.table({"id": [str(k) for k in range(rows)], "a": [1.0] * rows, "s": [cell] * rows, **columns})
    path = folder / "cases.parquet"
    pq.write_table(table, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_cases(path, SCHEMA)
    return str(error.value)


def test_a_short_file_whose_dictionary_stands_for_a_very_long_column_is_refused_before_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 100,000 rows of one cell of 100 kB: ten gigabytes in a file of less than one megabyte
    path = parquet(tmp_path, rows=100_000, cell="x" * 100_000)
    assert path.stat().st_size < 2_000_000
    monkeypatch.setenv("IGW_MOST_TABLE_MB", "600")
    assert "unpacks to more than 600 megabytes" in refused(path)


def test_what_is_declared_over_the_limit_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet(tmp_path, rows=300_000)
    monkeypatch.setenv("IGW_MOST_TABLE_MB", "1")
    assert "set IGW_MOST_TABLE_MB higher" in refused(path)


def test_more_columns_than_any_table_has_are_refused_in_either_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IGW_MOST_COLUMNS", "50")
    more: dict[str, Any] = {f"c{number}": [1] * 10 for number in range(60)}
    assert "has 63 columns" in refused(parquet(tmp_path, rows=10, **more))
    path = tmp_path / "cases.csv"
    path.write_text(",".join(["id", "a", "s", *more]) + "\n" + ",".join(["1"] * 63) + "\n", encoding="utf-8")
    assert "has 63 columns" in refused(path)


def test_a_cell_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IGW_MOST_CELL_KB", "10")
    path = tmp_path / "cases.csv"
    path.write_text("id,a,s\n1,2," + "x" * 50_000 + "\n", encoding="utf-8")
    assert "set IGW_MOST_CELL_KB higher" in refused(path)


def test_a_long_row_of_short_cells_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IGW_MOST_CELL_KB", "1")
    names = [f"c{number}" for number in range(600)]
    path = tmp_path / "cases.csv"
    path.write_text(",".join(["id", *names]) + "\n" + ",".join(["1"] * 601) + "\n", encoding="utf-8")
    schema = CaseSchema.model_validate({"columns": {"id": "id", **dict.fromkeys(names, "feature")}})
    assert len(read_cases(path, schema)) == 1


def test_a_row_longer_than_a_block_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    row = "1,2," + "y " * 10_000_000
    path.write_text("id,a,s\n" + "0,1,x\n" * 10 + row + "\n" + "0,1,x\n", encoding="utf-8")
    assert "cell is longer" in refused(path) or "too long" in refused(path)


@pytest.mark.parametrize("cut", [5, 40, 200, -5, -1])
def test_a_parquet_file_that_is_damaged_anywhere_is_a_sentence(tmp_path: Path, cut: int) -> None:
    path = parquet(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + bytes([whole[cut] ^ 0xFF]) + (whole[cut + 1 :] if cut != -1 else b""))
    # a byte may change a value and nothing else; whatever it does, no other error comes out
    with contextlib.suppress(InputError):
        read_cases(path, SCHEMA)


def test_a_description_that_claims_gigabytes_is_refused_without_them(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + (2_000_000_000).to_bytes(4, "little") + b"PAR1")
    assert "cut off" in refused(path) or "damaged" in refused(path)
