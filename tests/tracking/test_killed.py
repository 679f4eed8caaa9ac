"""A run that is killed anywhere leaves nothing that counts by half, and can simply be run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FEW, MANY = 5, 150


def kills(template: Path, *, ratio: float, points: int) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(script), str(template), str(ratio), str(points)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(answer) >= points
    assert {kill["ended"] for kill in answer} == {"killed"}
    return answer


@pytest.mark.parametrize("points", [FEW, pytest.param(MANY, marks=pytest.mark.statistics)])
def test_a_killed_training_and_audit_leaves_no_half_version_and_no_half_record(template: Path, points: int) -> None:
    states = set()
    for kill in kills(template, ratio=1.0, points=points):
        after = kill["after"]
        states.add((after["versions"], after["word"]))
        assert after["versions"] in (0, 1), kill
        if after["versions"]:
            assert after["whole_version"], kill
            assert after["model_fits"], kill
        assert after["held"] == (after["word"] == "allow"), kill
        assert (kill["again"]["word"], kill["again"]["versions"]) == ("allow", 1), kill
    # the points reach before, between and after the two moments that count
    assert states == {(0, None), (1, "refuse"), (1, "allow")}


@pytest.mark.parametrize("points", [FEW, pytest.param(MANY, marks=pytest.mark.statistics)])
def test_a_killed_second_audit_leaves_the_first_record_or_the_second_or_none(
    audited_template: Path, points: int
) -> None:
    seen = set()
    for kill in kills(audited_template, ratio=3.0, points=points):
        after = kill["after"]
        seen.add(after["value"])
        if after["held"]:
            assert (after["value"], after["word"]) in {(1.0, "allow"), (3.0, "refuse")}, kill
        else:
            assert after["word"] == "refuse", kill
            assert after["rules"] == ["tag_changed"], kill
        assert (kill["again"]["value"], kill["again"]["word"]) == (3.0, "refuse"), kill
    assert {1.0, 3.0} <= seen
