"""What reading a case table costs: CPU seconds and memory at a million cases with forty features.

Run twice with another copy of the package first on PYTHONPATH to compare two versions; each prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq


def made(n: int, features: int) -> pa.Table:
    """A case table: three quarters of the features numbers, the rest words."""
    draw = np.random.default_rng(0)
    columns: dict[str, object] = {"case_id": [f"C{number:07d}" for number in draw.permutation(n)]}
    for place in range(features):
        if place % 4 == 3:
            columns[f"f{place}"] = draw.choice(["ict", "care", "trade", "teaching"], n)
        else:
            columns[f"f{place}"] = draw.normal(size=n)
    columns["score"] = draw.random(n)
    return pa.table(columns)


def measured(path: Path, door: str) -> dict[str, float | str]:
    """Read the table by a door and hash it, in this process."""
    from igw_audit.intake import read_cases

    names = pq.read_schema(path).names
    roles = {"case_id": "id", "score": "score", **{name: "feature" for name in names if name.startswith("f")}}
    source = pd.read_parquet(path) if door == "pandas" else path.with_suffix(f".{door}")
    start = time.process_time()
    table = read_cases(source, {"columns": roles})
    read = time.process_time() - start
    digest = table.content_sha256
    return {
        "door": door,
        "read_cpu_s": round(read, 2),
        "hash_cpu_s": round(time.process_time() - start - read, 2),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "sha256": digest[:12],
    }


def main() -> None:
    """Make the table once, read it by one door, print what it took."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--features", type=int, default=40)
    asked.add_argument("--door", choices=("parquet", "pandas", "csv"), default="parquet")
    asked.add_argument("--folder", type=Path, help="Where the table is kept between runs.")
    given = asked.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    path = folder / f"cases-{given.rows}-{given.features}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(made(given.rows, given.features), path)
    if given.door == "csv" and not path.with_suffix(".csv").exists():
        pa.csv.write_csv(pq.read_table(path), path.with_suffix(".csv"))
    sys.stdout.write(json.dumps(measured(path, given.door)) + "\n")


if __name__ == "__main__":
    main()
