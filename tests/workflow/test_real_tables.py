"""Two public tables that nobody prepared, walked from file to gate through the command line as the how-to says."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from igw_audit.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "perm"


@dataclass(frozen=True)
class Real:
    name: str
    file: str
    id_column: str
    protected: str
    countries: int
    more: tuple[str, ...] = ()
    #: a few audits are enough for the second table: the first one walks them all
    audits: str = ""


TABLES = (
    Real(
        "perm_2012_2017",
        "perm_2012_2017_subset.csv",
        "X",
        "country_of_citizenship",
        114,
        more=("--protected", "foreign_worker_info_birth_country"),
    ),
    Real(
        "perm_fy2005",
        "perm_fy2005.csv",
        "case_no",
        "alien_citizenship_country",
        144,
        more=("--encoding", "windows-1252"),
        audits='audits = ["A000", "A001", "A005", "A008"]\n',
    ),
)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


@pytest.mark.real
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_public_table_is_walked_from_file_to_gate_and_nobody_is_lost(table: Real, tmp_path: Path) -> None:
    if not (DATA / table.file).exists():
        pytest.skip(f"{table.file} is not beside the checkout, in ../shared/data/perm")
    for folder in ("pipelines", "audits"):
        shutil.copytree(
            ROOT / folder / table.name, tmp_path / folder / table.name, ignore=shutil.ignore_patterns("data")
        )
    plan = tmp_path / "audits" / table.name / "plan.toml"
    plan.write_text(table.audits + plan.read_text(encoding="utf-8"), encoding="utf-8")
    pipeline = tmp_path / "pipelines" / table.name

    command: list[str | Path] = ["separate", DATA / table.file, "--id", table.id_column]
    command += ["--protected", table.protected, "--out", pipeline / "data", *table.more]
    code, _ = run(*command)
    assert code == 0
    protected = pd.read_parquet(pipeline / "data" / "protected.parquet")
    assert protected[table.protected].nunique() == table.countries
    assert table.protected not in pd.read_parquet(pipeline / "data" / "cases.parquet").columns

    code, said = run("train", pipeline, "--project", tmp_path, "--json")
    assert code == 0
    trained = json.loads(said)
    code, said = run(
        "audit", trained["uri"], "--project", tmp_path, "--pipeline", pipeline, "--out", tmp_path / "out", "--json"
    )
    record = json.loads(said)
    assert code == {"allow": 0, "refuse": 3, "refer": 4}[record["decision"]["word"]]
    assert code != 0, "neither file has a random arm, so nothing in it can be allowed"
    for attribute in ("region", "nationality"):
        sizes = [
            finding["estimate"]["n"]
            for outcome in record["outcomes"]
            if (outcome["audit"], outcome["attribute"]) == ("A000", attribute)
            for finding in outcome["findings"]
            if finding["statistic"] == "group_size"
        ]
        assert sum(sizes) == record["provenance"]["cases"]["rows"] == trained["held_out_cases"]
        assert len(sizes) >= 9
    assert run("gate", trained["uri"], "--record-only", "--project", tmp_path)[0] == code
    assert run("gate", trained["uri"], "--project", tmp_path)[0] == 3, "nobody signed it"
    page = (tmp_path / "out" / "report.nl.html").read_text(encoding="utf-8")
    assert "Zuid-Azië" in page
