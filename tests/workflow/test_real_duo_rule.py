"""The rule list of 2014 on its published counts, by the how-to's own code: how origin reaches a score without it."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from igw_audit.core.record import AuditRecord
from igw_audit.stats.estimate import Estimate

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "duo_cub"
PAGE = ROOT / "docs/how-to/audit-a-rule-list.md"
OUTSIDE = "outside Europe"

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Give what the how-to's code leaves behind, run on a tenth: CBS rounds to tens, so every share is the same."""
    for name in ("joint_counts_2014.csv", "risk_profile_2014.csv"):
        if not (DATA / name).exists():
            pytest.skip(f"{name} is not beside the checkout, in ../shared/data/duo_cub")
    folder = tmp_path_factory.mktemp("duo")
    shutil.copytree(ROOT / "audits" / "duo_2014", folder / "audits" / "duo_2014")
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL))
    assert code.count('counts["n"]') == 1
    assert code.count('Path("data")') == 1
    code = code.replace('counts["n"]', 'counts["n"] // 10').replace('Path("data")', f"Path({str(DATA)!r})")
    left: dict[str, Any] = {}
    with contextlib.chdir(folder), contextlib.redirect_stdout(None):
        exec(compile(code, PAGE.name, "exec"), left)
        yield left


def weighted_difference(counts: pd.DataFrame, by: Sequence[str]) -> float:
    """Compare people with an origin outside Europe with others within strata by hand (Mantel-Haenszel weights)."""
    outside = counts["origin"].str.endswith("non_europe")
    high = counts["score_R3_0"] >= 60
    total, weights = 0.0, 0.0
    for _, rows in counts.groupby(list(by)):
        mine, theirs = rows[outside[rows.index]], rows[~outside[rows.index]]
        n, m = mine["n"].sum(), theirs["n"].sum()
        if n and m:
            gap = mine["n"][high[mine.index]].sum() / n - theirs["n"][high[theirs.index]].sum() / m
            total, weights = total + gap * n * m / (n + m), weights + n * m / (n + m)
    return float(total / weights)


def shift(record: AuditRecord, feature: str) -> Estimate:
    for finding in record.outcome("A007", "origin").select("delta", group=OUTSIDE):
        if finding.features == (feature,):
            assert finding.estimate is not None
            return finding.estimate
    raise AssertionError(f"no shift of {feature}")


def value(record: AuditRecord, audit: str, statistic: str) -> float:
    (finding,) = record.outcome(audit, "origin").select(statistic, group=OUTSIDE)
    assert finding.estimate is not None
    return finding.estimate.value


def test_the_counts_make_as_many_students_as_were_published_and_the_rule_gives_the_published_points(
    page: dict[str, Any],
) -> None:
    # 248,650 in the table of totals; 900 cells, each rounded to tens, add up to 210 more
    assert page["counts"]["n"].sum() == 248_860
    assert len(page["cases"]) == 24_886
    assert np.allclose(page["rule"](page["cases"]), page["students"]["score_R3_0"])


def test_a_rule_without_nationality_is_refused_for_what_distance_does_to_people_of_one_origin(
    page: dict[str, Any],
) -> None:
    record = page["record"]
    assert record.decision.word == "refuse"
    assert {reason.rule for reason in record.decision.reasons if reason.word == "refuse"} == {
        "selection-ratio",
        "proxy-use",
    }
    # published from the table of totals: 0.28092 against 0.14186, 1.98 times as often high risk
    assert value(record, "A001", "selection_rate") == pytest.approx(0.2721, abs=1e-4)
    assert value(record, "A001", "selection_rate_ratio") == pytest.approx(1.949, abs=1e-3)
    use = record.outcome("A007", "origin")
    assert use.level == "strong_use"
    assert {name for finding in use.findings if finding.level == "strong_use" for name in finding.features} == {
        "distance"
    }


@pytest.mark.parametrize(("feature", "moved"), [("distance", 0.22), ("education", 0.08), ("age", -0.07)])
def test_distance_carries_most_education_some_and_age_goes_the_other_way(
    page: dict[str, Any], feature: str, moved: float
) -> None:
    assert shift(page["answers"]["nothing"], feature).value == pytest.approx(moved, abs=0.02)


@pytest.mark.parametrize(
    ("declared", "total", "selected"),
    [
        (["distance"], 0.022, 0.0130),
        (["education"], -0.016, 0.0497),
        (["distance", "education"], -0.053, -0.0140),
    ],
    ids=["distance", "education", "both"],
)
def test_what_is_left_beyond_a_declared_factor_is_what_strata_by_hand_leave(
    page: dict[str, Any], declared: list[str], total: float, selected: float
) -> None:
    answer = page["answers"][" and ".join(declared)]
    # explained by nothing that was declared: always some use is left, and people must judge it
    assert answer.outcome("A007", "origin").level in {"weak_use", "trace_use"}
    assert answer.outcome("A005", "origin").level == "unexplained"
    assert answer.decision.word == "refer"
    assert value(answer, "A007", "delta_total") == pytest.approx(total, abs=0.02)
    found = value(answer, "A005", "conditional_selection_rate_difference")
    assert found == pytest.approx(selected, abs=0.003)
    assert found == pytest.approx(weighted_difference(page["counts"], declared), abs=0.003)


def test_with_distance_declared_education_is_named_and_with_education_declared_distance_is(
    page: dict[str, Any],
) -> None:
    distance, education = (page["answers"][name] for name in ("distance", "education"))
    assert shift(distance, "education").outside(None, 0.0)
    # on all 248,860 students 0.06 (0.04 to 0.09); a tenth of them tells its sign only now and then
    assert shift(education, "distance").value == pytest.approx(0.06, abs=0.03)
    assert shift(education, "age").outside(0.0, None)


def test_whose_distance_is_unknown_gets_no_points_which_hides_part_of_the_difference(page: dict[str, Any]) -> None:
    counts = page["counts"].assign(outside=page["counts"]["origin"].str.endswith("non_europe"))
    unknown = counts["distance"] == "unknown"
    assert (counts.loc[unknown, "score_R3_0"] == 0).all()
    shares = counts[unknown].groupby("outside")["n"].sum() / counts.groupby("outside")["n"].sum()
    assert shares.round(3).to_dict() == {False: 0.115, True: 0.299}
    known = counts[~unknown]
    high = known[known["score_R3_0"] >= 60].groupby("origin")["n"].sum() / known.groupby("origin")["n"].sum()
    both = known[known["outside"]]
    outside = both.loc[both["score_R3_0"] >= 60, "n"].sum() / both["n"].sum()
    assert outside == pytest.approx(0.388, abs=1e-3)
    assert high["nlborn_origin_nl"] == pytest.approx(0.155, abs=1e-3)
