"""The case schema: what each way of breaking it says, and what its helpers give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from igw_audit.core.labels import LABEL_TYPES, LabelRules, undifferentiated_withdrawal
from igw_audit.core.schema import CaseSchema
from igw_audit.core.settings import read_settings
from igw_audit.errors import InputError

DENIAL = "The certifying officer denied the application after review."
GOOD = f"""
[columns]
zaak = "id"
datum = {{ role = "time", format = "%d-%m-%Y" }}
loon = {{ role = "feature", type = "number" }}
duur = "declared"
uitkomst = "label"
onderzocht = "step:investigated"
gekozen = "step:selected"
naam = "ignore"

[label.values]
afgewezen = "denial"
goed = "none"
"" = "unknown"

[label.types]
denial = "{DENIAL}"
"""


def read(text: str, folder: Path) -> CaseSchema:
    path = folder / "schema.toml"
    path.write_bytes(text.encode())
    return read_settings(CaseSchema, path, what="schema")


def changed(old: str, new: str) -> Callable[[], str]:
    assert old in GOOD
    return lambda: GOOD.replace(old, new)


BREAKS: dict[str, tuple[Callable[[], str], str]] = {
    "no TOML": (lambda: GOOD.replace("[columns]", "[columns"), "this is not valid TOML"),
    "nothing in it": (lambda: "", "columns: this key is missing; add it"),
    "no column": (lambda: "[columns]\n", "columns: no column is named; give every column"),
    "columns that are a list": (
        lambda: 'columns = ["a"]\n',
        "columns: found ['a']; input should be a valid dictionary",
    ),
    "unknown key": (lambda: GOOD.replace("[columns]", "colums = 1\n[columns]"), "did you mean 'columns'?"),
    "unknown role": (changed('"declared"', '"declaerd"'), "role 'declaerd' is not known; did you mean 'declared'?"),
    "role that is nothing like one": (changed('"declared"', '"x"'), "role 'x' is not known; expected one of id, time"),
    "role that is a number": (changed('"declared"', "3"), "columns.duur: found 3; expected a role such as"),
    "column without a role": (changed('{ role = "feature", type', "{ type"), "columns.loon.role: this key is missing"),
    "unknown key of a column": (
        changed('type = "number"', 'typ = "number"'),
        "columns.loon: key 'typ' is not known; did you mean 'type'?",
    ),
    "unknown type": (changed('"number"', '"numer"'), "type 'numer' is not known; did you mean 'number'?"),
    "type that the role does not have": (
        changed('duur = "declared"', 'duur = { role = "score", type = "date" }'),
        "a column with role 'score' is a number, and type says 'date'; remove type",
    ),
    "format of what is no date": (changed('type = "number"', 'format = "%d"'), "format is for dates only"),
    "step without a name": (changed('"step:selected"', '"step:"'), "names no step; write for example"),
    "step without a colon": (changed('"step:selected"', '"step"'), "a step carries its name"),
    "two columns for one step": (
        changed('"step:selected"', '"step:investigated"'),
        "'onderzocht', 'gekozen' all have role 'step:investigated', and only one column can",
    ),
    "two ids": (changed('"declared"', '"id"'), "'zaak', 'duur' all have role 'id'"),
    "no id": (changed('zaak = "id"', 'zaak = "ignore"'), 'no column has role "id"; give it to the column that tells'),
    "label rules without a label": (
        changed('uitkomst = "label"', 'uitkomst = "ignore"'),
        '[label] is given, and no column has role "label"',
    ),
    "value that leads to no type": (
        changed('afgewezen = "denial"', 'afgewezen = "denail"'),
        "value 'afgewezen' leads to 'denail', which is not a type; did you mean 'denial'?",
    ),
    "type without a definition": (changed(DENIAL, "denied"), "say in 20 characters or more what has to be true"),
    "blank definition": (changed(DENIAL, " " * 40), "say in 20 characters or more"),
    "built-in type defined again": (changed("denial = ", "none = "), "type 'none' is built in and has its meaning"),
    "type with spaces": (changed("denial = ", '"visa denial" = '), "is not a plain word"),
    "withdrawal as a type": (changed("denial = ", "withdrawal = "), "says that something was withdrawn, not why"),
    "intrekking as a type": (changed("denial = ", "intrekking = "), "(demand MAR-01)"),
    "handhaving as a type": (changed("denial = ", "handhaving = "), "(demand MAR-01)"),
    "revoked permit as a type": (changed("denial = ", "permit_revoked = "), "(demand MAR-01)"),
    "withdrawal that is called deliberate": (
        changed('goed = "none"', 'Intrekking = "deliberate_false_information"'),
        "value 'Intrekking' leads to 'deliberate_false_information', and the value does not say why",
    ),
    "withdrawal that is called harmless": (
        changed('goed = "none"', 'Withdrawn = "none"'),
        "Map it to 'unknown', split",
    ),
}


@pytest.mark.parametrize(("breaking", "useful"), BREAKS.values(), ids=BREAKS)
def test_says_what_is_wrong_with_a_schema_that_has(breaking: Callable[[], str], useful: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(breaking(), tmp_path)
    assert useful in str(caught.value)


def test_problems_within_and_between_keys_come_in_one_error(tmp_path: Path) -> None:
    broken = GOOD.replace('"id"', '"idd"').replace('"denial"', '"denyal"').replace(DENIAL, "short")
    with pytest.raises(InputError) as caught:
        read(broken.replace("gekozen", "gekozen2").replace("step:selected", "step:investigated"), tmp_path)
    assert len(caught.value.problems) == 5


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_settings(CaseSchema, tmp_path / "none.toml", what="schema")


def test_gives_columns_by_role_in_the_order_of_the_file(tmp_path: Path) -> None:
    schema = read(GOOD, tmp_path)
    assert schema.id_column == "zaak"
    assert schema.column("label") == "uitkomst"
    assert schema.column("score") is None
    assert schema.steps == (("investigated", "onderzocht"), ("selected", "gekozen"))
    assert schema.names("step") == ("onderzocht", "gekozen")
    assert schema.model_columns == ("duur", "loon")
    assert "naam" not in schema.read_columns


def test_a_schema_survives_being_written_and_read(tmp_path: Path) -> None:
    schema = read(GOOD, tmp_path)
    assert read_settings(CaseSchema, schema.model_dump(), what="schema") == schema


def test_a_value_that_is_a_type_needs_no_mapping() -> None:
    rules = LabelRules(values={"x": "none"})
    assert [rules.type_of(value) for value in ("administrative", "x", "y", None, "")] == [
        "administrative",
        "none",
        None,
        None,
        None,
    ]


def test_missing_has_a_type_only_where_the_schema_gives_it_one() -> None:
    assert LabelRules(values={"": "unknown"}).type_of(None) == "unknown"


def test_a_withdrawal_may_be_unknown_or_a_type_that_says_why(tmp_path: Path) -> None:
    text = GOOD.replace('goed = "none"', 'Withdrawn = "unknown"\nIntrekking = "withdrawn_by_applicant"')
    text += 'withdrawn_by_applicant = "The applicant withdrew the application before a decision."\n'
    assert read(text, tmp_path).label.type_of("Intrekking") == "withdrawn_by_applicant"


@pytest.mark.parametrize(
    "word",
    [
        *("withdrawal", "Withdrawn", "intrekking", "Ingetrokken", "handhaving", "enforcement", "revoked", "REVOCATION"),
        *("permit_withdrawal", "intrekking verblijfsvergunning", "withdrawal/revocation", "cancelled"),
    ],
)
def test_knows_a_withdrawal_that_does_not_say_why(word: str) -> None:
    assert undifferentiated_withdrawal(word)


@pytest.mark.parametrize(
    "word", [*LABEL_TYPES, "denial", "sham_marriage_withdrawal", "withdrawn_by_applicant", "fine", ""]
)
def test_lets_a_word_be_that_says_why_or_is_about_something_else(word: str) -> None:
    assert not undifferentiated_withdrawal(word)


def test_accepts_what_it_gives(tmp_path: Path) -> None:
    schema = read(GOOD, tmp_path)
    content: Any = {"columns": {"a": "id", "b": {"role": "feature"}}}
    assert read_settings(CaseSchema, schema, what="schema") is schema
    assert read_settings(CaseSchema, content, what="schema").columns["b"].known_type is None


def test_a_column_that_is_ignored_holds_the_score_for_whoever_names_it() -> None:
    columns = {"id": "id", "old": "ignore", "new": "score", "wage": "feature"}
    schema = CaseSchema.model_validate({"columns": columns})
    changed = schema.scored_by("old")
    assert (changed.column("score"), changed.columns["new"].role) == ("old", "ignore")
    assert schema.scored_by("wage") == schema.scored_by(None) == schema.scored_by("elsewhere") == schema
