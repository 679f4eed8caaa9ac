"""The files of a synthetic pilot, all of them or none."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from igw_audit.intake.synthetic.make import SyntheticPilot


def write(pilot_data: SyntheticPilot, folder: str | Path) -> Path:
    """Write cases.parquet, protected.parquet, schema.toml, truth_cases.parquet and truth.json into ``folder``.

    Everything is written aside first and renamed into place when all of it is there; a run that dies in between leaves
    what was there before. Same pilot, same bytes (for one version of pyarrow).
    """
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _parquet(pilot_data.cases, aside / "cases.parquet")
        _parquet(pilot_data.protected, aside / "protected.parquet")
        (aside / "schema.toml").write_text(pilot_data.schema_toml, encoding="utf-8")
        _parquet(pilot_data.truth_cases, aside / "truth_cases.parquet")
        truth = json.dumps(pilot_data.truth.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        (aside / "truth.json").write_text(truth + "\n", encoding="utf-8")
        target.mkdir(exist_ok=True)
        for path in sorted(aside.iterdir()):
            path.replace(target / path.name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, engine="pyarrow", index=False, compression="zstd")
