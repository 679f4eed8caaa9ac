"""Tables that have been read: same content, same hash; nothing protected is shown."""

from __future__ import annotations

import pandas as pd
import pytest

from igw_audit.core.schema import CaseSchema
from igw_audit.core.tables import CaseTable, ProtectedTable
from igw_audit.errors import InputError

SCHEMA = CaseSchema.model_validate(
    {"columns": {"id": "id", "x": "feature", "y": "label"}, "label": {"values": {"ok": "none", "": "unknown"}}}
)


def table(order: list[int], schema: CaseSchema = SCHEMA) -> CaseTable:
    frame = pd.DataFrame(
        {"x": [1.0, 2.0, float("nan")], "y": pd.Series(["ok", None, "administrative"], dtype=object)},
    ).set_axis(pd.Index(["a", "b", "c"], dtype=object, name="id"))
    return CaseTable(frame.iloc[order], schema)


def test_every_outcome_has_a_type() -> None:
    assert labels(table([0, 1, 2])) == ["none", "unknown", "administrative"]


def test_without_a_label_column_there_are_no_types() -> None:
    assert table([0, 1, 2], CaseSchema.model_validate({"columns": {"id": "id", "x": "feature"}})).label_types is None


def test_a_value_without_a_type_is_an_error_and_no_guess() -> None:
    schema = CaseSchema.model_validate({"columns": {"id": "id", "y": "label"}, "label": {"values": {"": "unknown"}}})
    with pytest.raises(InputError, match="'ok' has no type"):
        _ = table([0, 1, 2], schema).label_types


def test_row_order_does_not_change_the_hash() -> None:
    assert table([2, 0, 1]).content_sha256 == table([0, 1, 2]).content_sha256


def test_another_meaning_of_the_label_is_another_content() -> None:
    other = CaseSchema.model_validate(
        {"columns": {"id": "id", "x": "feature", "y": "label"}, "label": {"values": {"ok": "unknown", "": "unknown"}}}
    )
    assert table([0, 1, 2], other).content_sha256 != table([0, 1, 2]).content_sha256


def test_some_of_the_cases_are_a_table_too() -> None:
    part = table([0, 1, 2]).restricted_to(pd.Index(["c", "a"]))
    assert list(part.ids) == ["a", "c"]
    assert labels(part) == ["none", "administrative"]


def test_says_how_large_it_is_and_not_what_it_holds() -> None:
    protected = ProtectedTable(pd.DataFrame({"nationality": ["Secretland"]}, index=["a"]))
    assert "Secretland" not in repr(protected)
    assert len(protected) == 1
    assert repr(table([0, 1, 2])) == "CaseTable(3 cases, 2 columns of which 1 for a model)"


def labels(cases: CaseTable) -> list[str]:
    assert cases.label_types is not None
    return list(cases.label_types)
