"""Which features a model may not be trained on, in English and in Dutch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.schema import CaseSchema
from igw_audit.intake import check_features, check_values, read_cases


def schema(**columns: str) -> CaseSchema:
    return CaseSchema.model_validate({"columns": {"id": "id", **columns}})


@pytest.mark.parametrize(
    "name",
    [
        *("nationality", "country_of_birth", "geboorteland", "Nationaliteit", "migratieachtergrond", "huidskleur"),
        *("etniciteit", "mvv_plicht", "passport_country", "herkomst"),
    ],
)
@pytest.mark.parametrize("role", ["feature", "declared"])
def test_a_name_that_gives_origin_away_is_a_problem(name: str, role: str) -> None:
    (problem,) = check_features(schema(**{name: role}))
    assert repr(name) in problem
    assert 'the role "ignore"' in problem


@pytest.mark.parametrize("role", ["ignore", "cluster", "step:x"])
def test_only_what_a_model_may_use_is_a_problem(role: str) -> None:
    assert check_features(schema(nationality=role)) == []


@pytest.mark.parametrize("column", ["leeftijd", "Leeftijd", "leeftijd "])
def test_a_column_of_the_protected_table_is_a_problem_however_it_is_spelled(column: str) -> None:
    (problem,) = check_features(schema(leeftijd="feature"), [column])
    assert problem.startswith(f"feature 'leeftijd' is the protected attribute {column!r}")


def test_a_protected_attribute_with_a_forbidden_name_is_told_once() -> None:
    assert len(check_features(schema(nationality="feature"), ["nationality"])) == 1


def test_a_name_that_is_only_suspect_may_be_trained_on() -> None:
    assert check_features(schema(postcode="feature", salary_ratio="feature"), ["nationality"]) == []


def test_all_problems_come_at_once() -> None:
    problems = check_features(schema(nationality="feature", sex="declared", geboorteland="feature"), ["sex"])
    assert len(problems) == 3


@pytest.mark.parametrize("role", ["feature", "declared"])
@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["Turkije", "Nederland", "Syrië"], "countries"),
        (["Turkse", "Nederlandse", "Syrische"], "nationalities"),
        (["TUR", "NLD", "SYR"], "codes of countries"),
        (["Arabisch", "Turks", "Farsi"], "languages"),
    ],
)
def test_a_neutral_name_does_not_hide_values_that_are_origin(role: str, values: list[str], what: str) -> None:
    frame = pd.DataFrame(
        {"id": [f"z{k}" for k in range(90)], "f17": values * 30, "sector": ["ict", "zorg", "bouw"] * 30}
    )
    (problem,) = check_values(read_cases(frame, schema(f17=role, sector="feature")))
    assert problem.startswith(f"feature 'f17': half or more of its values are {what}")
    assert check_values(read_cases(frame, schema(f17="ignore", sector=role))) == []


def test_every_feature_of_origin_is_told_at_once() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.choice(["NL", "TR", "MA", "SY", "IN"], 60) for name in ("f1", "f2")})
    frame["id"] = [f"z{k}" for k in range(60)]
    assert len(check_values(read_cases(frame, schema(f1="feature", f2="declared")))) == 2
