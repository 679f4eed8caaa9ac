"""The reference page of schemas keeps up with the code, and its example reads its table."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from igw_audit.core.labels import LABEL_TYPES, LabelRules
from igw_audit.core.schema import ARMS, COLUMN_TYPES, ROLES, STEP, CaseSchema, ColumnRole
from igw_audit.core.tables import CaseTable
from igw_audit.intake import read_cases

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/schema.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


@pytest.fixture
def table(tmp_path: Path) -> CaseTable:
    schema = tomllib.loads(block("toml"))
    path = tmp_path / "cases.csv"
    path.write_text(block("csv"), encoding=schema["encoding"])
    return read_cases(path, schema)


@pytest.mark.parametrize("word", [*ROLES, f"{STEP}<name>", *COLUMN_TYPES, *LABEL_TYPES, *ARMS])
def test_every_role_and_type_is_documented(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize(
    "key", [*ColumnRole.model_fields, *CaseSchema.model_fields, *(f"label.{k}" for k in LabelRules.model_fields)]
)
def test_every_key_is_documented(key: str) -> None:
    assert re.search(rf"`{key}`|\[{key}\]|\b{key} =", PAGE)


def test_the_example_uses_every_type_of_role_that_a_table_of_cases_needs() -> None:
    used = {
        role.role.partition(":")[0] for role in CaseSchema.model_validate(tomllib.loads(block("toml"))).columns.values()
    }
    assert used >= {"id", "time", "cluster", "feature", "declared", "label", "arm", "arm_probability", "step", "ignore"}


def test_the_example_reads_its_table_as_the_page_says(table: CaseTable) -> None:
    assert list(table.ids) == ["P1", "P2", "P3", "P4", "P5"]
    assert table.label_types is not None
    assert list(table.label_types) == ["none", "underpayment", "administrative", "unknown", "unknown"]
    assert table.frame["salary_ratio"].isna().tolist() == [False, True, False, False, False]
    assert table.frame["own_website"].tolist()[:4] == [1.0, 1.0, 0.0, 0.0]
    assert str(table.frame["decided"].iloc[2].date()) == "2026-03-01"
    assert table.frame["sponsor"].iloc[0] == "Böhm BV"
    assert table.schema.steps == (("selected by hand", "selected"),)
    assert "remarks" not in table.frame
