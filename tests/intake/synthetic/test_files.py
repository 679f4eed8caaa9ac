from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from igw_audit.intake import read_cases, read_protected, read_schema
from igw_audit.intake.synthetic import synthesize, write

FILES = {"cases.parquet", "protected.parquet", "schema.toml", "truth.json", "truth_cases.parquet"}


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(synthesize("knowledge", n=1000, seed=2), tmp_path / folder)
    assert {path.name for path in (tmp_path / "a").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_is_written_can_be_read_with_the_schema_beside_it(tmp_path: Path) -> None:
    folder = write(synthesize("study", n=1000, seed=2), tmp_path / "study")
    table = read_cases(folder / "cases.parquet", read_schema(folder / "schema.toml"))
    assert table.ids.equals(read_protected(folder / "protected.parquet", id_column="case_id").frame.index)


def test_truth_json_holds_what_was_planted_and_no_case(tmp_path: Path) -> None:
    made = synthesize("knowledge", n=1000, seed=2, scenario="proxy")
    text = (write(made, tmp_path / "k") / "truth.json").read_text(encoding="utf-8")
    truth = json.loads(text)
    assert truth["scenario"] == "proxy"
    assert truth["bias_enters"]["en"]
    assert truth["bias_enters"]["nl"]
    assert {proxy["column"] for proxy in truth["proxies"] if proxy["active"]} == {"postcode4", "sector"}
    assert "NaN" not in text
    assert "K0000001" not in text


def test_a_run_that_dies_leaves_what_was_there_before(tmp_path: Path) -> None:
    folder = write(synthesize("talent", n=1000, seed=2), tmp_path / "talent")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    unwritable = pd.DataFrame({"case_id": ["a", 1, object()]})
    broken = replace(synthesize("talent", n=1000, seed=3), truth_cases=unwritable)
    with pytest.raises(Exception, match="case_id"):
        write(broken, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["talent"]
