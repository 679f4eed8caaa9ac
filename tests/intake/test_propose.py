"""A proposed schema reads without an error, decides nothing, and never makes a feature of what may not be one."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.core.schema import CaseSchema
from igw_audit.errors import InputError
from igw_audit.intake import check_features, infer_schema, read_cases

N = 60
DRAW = np.random.default_rng(7)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"case_id": [f"C{number}" for number in range(N)], **columns})


def proposed(table: pd.DataFrame) -> CaseSchema:
    return CaseSchema.model_validate(tomllib.loads(infer_schema(table)))


def roles(table: pd.DataFrame) -> dict[str, str]:
    return {name: column.role for name, column in proposed(table).columns.items()}


WHOLE = frame(
    received=pd.date_range("2025-01-01", periods=N).strftime("%d/%m/%Y"),
    sponsor_name=DRAW.choice(["Alfa", "Beta", "Gamma"], N),
    salary=DRAW.normal(4000, 300, N),
    sector=DRAW.choice(["ict", "care"], N),
    bonus=[f"€ {number}" for number in range(N)],
    nationality=DRAW.choice(["a", "b"], N),
    geslacht=DRAW.choice(["m", "v"], N),
    postcode=DRAW.choice(["1234", "5678"], N),
    remark=[f"some long remark about case {number}" for number in range(N)],
    selected=DRAW.integers(0, 2, N),
    bezwaar=DRAW.choice(["ja", "nee"], N),
    score=DRAW.random(N),
    arm=pd.Series(DRAW.choice(["risk", "random", ""], N)).replace("", None),
    arm_probability=[0.5] * N,
    status=pd.Series(DRAW.choice(["ended", "Intrekking", "none"], N)).where(np.arange(N) > 0),
    constant=["x"] * N,
    empty=[None] * N,
    row=range(N),
)


def test_proposes_a_role_for_every_column() -> None:
    assert roles(WHOLE) == {
        "case_id": "id",
        "received": "time",
        "sponsor_name": "cluster",
        "salary": "feature",
        "sector": "feature",
        "bonus": "ignore",
        "nationality": "ignore",
        "geslacht": "ignore",
        "postcode": "feature",
        "remark": "ignore",
        "selected": "step:selected",
        "bezwaar": "ignore",
        "score": "score",
        "arm": "arm",
        "arm_probability": "arm_probability",
        "status": "label",
        "constant": "ignore",
        "empty": "ignore",
        "row": "ignore",
    }


def test_the_proposal_reads_its_own_table_and_may_be_trained_on() -> None:
    schema = proposed(WHOLE)
    assert len(read_cases(WHOLE, schema)) == N
    assert check_features(schema) == []


def test_every_feature_has_a_type() -> None:
    types = {name: column.type for name, column in proposed(WHOLE).columns.items() if column.role == "feature"}
    assert types == {"salary": "number", "sector": "category", "postcode": "category"}


def test_the_form_of_a_date_is_given_where_only_one_can_be() -> None:
    assert proposed(WHOLE).columns["received"].format == "%d/%m/%Y"


def test_no_outcome_is_given_a_meaning() -> None:
    assert proposed(WHOLE).model_dump()["label"]["values"] == {
        "": "unknown",
        "Intrekking": "unknown",
        "ended": "unknown",
        "none": "none",
    }


def test_says_why_where_there_is_something_to_decide() -> None:
    lines = {line.split(" = ")[0]: line for line in infer_schema(WHOLE).splitlines()}
    assert "belongs in the protected table" in lines["nationality"]
    assert "often tied to origin" in lines["postcode"]
    assert "without currency sign" in lines["bonus"]
    assert "split it at the source" in lines["Intrekking"]


def test_a_table_without_an_id_says_so() -> None:
    text = infer_schema(pd.DataFrame({"x": [1.5, 1.5, 2.5]}))
    assert '# no column tells one case from another: add one to the table and give it the role "id"' in text


def test_a_file_in_an_older_encoding_is_read_and_the_schema_says_so(bench: Any) -> None:
    path = bench.file("case_id,x\n1,café\n2,bar\n3,bar\n4,bar\n".encode("windows-1252"))
    schema = CaseSchema.model_validate(tomllib.loads(infer_schema(path)))
    assert schema.encoding == "windows-1252"
    assert read_cases(path, schema).frame["x"].iloc[0] == "café"


def test_a_table_that_cannot_be_read_is_an_error(bench: Any) -> None:
    with pytest.raises(InputError, match="more than once"):
        infer_schema(bench.file("a,a\n1,2\n"))
    with pytest.raises(InputError, match="no cases"):
        infer_schema(bench.file("a,b\n"))


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8).map(str.strip)
CELLS = st.one_of(
    st.text(max_size=5), st.integers(-5, 5).map(str), st.sampled_from(["", "1,5", "2025-01-01", "€ 3", "true"])
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        NAMES.filter(lambda name: bool(name) and name != "case_id"), st.lists(CELLS, min_size=6, max_size=6), max_size=4
    )
)
def test_whatever_a_table_holds_its_proposal_reads_it(columns: dict[str, list[str]]) -> None:
    table = pd.DataFrame({"case_id": list("abcdef"), **columns})
    assert len(read_cases(table, tomllib.loads(infer_schema(table)))) == 6


@pytest.mark.parametrize("name", ["PlaceofBirth", "f17", "code"])
@pytest.mark.parametrize(
    "values",
    [
        ["Turkije", "Nederland", "Syrië", "onbekend"],
        ["Turkse", "Marokkaanse", "Nederlandse", "Indiase"],
        ["NL", "TR", "MA", "SY"],
        ["0052", "0083", "0001", "0064"],
        [6030, 6043, 5022, 7009, 5010, 6035],
        ["Arabisch", "Turks", "Farsi", "Tigrinya"],
    ],
    ids=lambda values: str(values[0]),
)
def test_a_column_of_origins_is_never_proposed_as_a_feature(name: str, values: list[Any]) -> None:
    table = frame(**{name: [values[number % len(values)] for number in range(N)]})
    assert roles(table)[name] == "ignore"
    assert "belongs in the protected table, never in a model" in infer_schema(table)
