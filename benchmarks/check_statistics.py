"""Simulate what the proxy audits promise, in worlds with a known truth, for docs/explanation/proxy-statistics.md.

Run ``python benchmarks/check_statistics.py`` from the project's root. Every run is one line of
``out/statistics/runs.jsonl``, keyed by world, size, seed and the source of engine and world, so that an interrupted
check goes on where it stopped and a changed engine is never judged by old runs.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# one thread a process, set before numpy is first loaded, here and in every process started from here
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

RESULTS = ROOT / "out" / "statistics" / "runs.jsonl"
PAGE = ROOT / "docs" / "explanation" / "proxy-statistics.md"
#: Seeds start here: the tests, and whoever tunes the engine, use small ones.
FRESH = 100_000
#: Size for error rates and power, for levels, and with too little data to tell.
USUAL, LARGE, LITTLE = 2000, 5000, 150
#: What is run when nothing is chosen: runs a world at each size.
PLANNED = {USUAL: 400, LARGE: 100, LITTLE: 100}
#: With this many cases a clean answer is possible; runs of each null world of METHODS 7.
PLENTY, PLENTY_RUNS = 50_000, 20
TABLE_SEEDS = 5
NOBODY = "a_table_nobody_passes"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Job:
    """One run: order of running is order of fields, so that every world grows evenly."""

    seed: int
    n: int
    world: str

    def key(self) -> str:
        """Digest of everything the result depends on."""
        text = f"{self.world}|{self.n}|{self.seed}|{engine()}|{_world_source(self.world)}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def engine() -> str:
    """Digest of every file of the package that the audit's code reaches by its imports."""
    seen: set[Path] = set()
    queue = [ROOT / "src" / "igw_audit" / "audits" / "a007_proxy_use.py"]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        queue += _imported(path)
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(seen))).hexdigest()[:16]


def _imported(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("igw_audit."):
            continue
        stem = ROOT / "src" / Path(*str(node.module).split("."))
        # the package of all audits is walked, not imported from
        found = stem.with_suffix(".py") if stem.with_suffix(".py").exists() else stem / "__init__.py"
        if found.exists() and stem.name != "audits":
            yield found


@cache
def _world_source(name: str) -> str:
    from tests.worlds import nobody, verdict
    from tests.worlds.worlds import WORLDS

    judges = Path(verdict.__file__).read_bytes()
    if name.startswith(NOBODY):
        return hashlib.sha256(Path(nobody.__file__).read_bytes()).hexdigest()
    return hashlib.sha256(judges + WORLDS[name].source().encode()).hexdigest()


def run(job: Job) -> dict[str, Any]:
    """Do one run; called in its own process."""
    if job.world.startswith(NOBODY):
        from tests.worlds import nobody

        result: dict[str, Any] = asdict(nobody.answer(job.seed, model=job.world.removeprefix(f"{NOBODY}_")))
    else:
        from tests.worlds import verdict
        from tests.worlds.worlds import WORLDS

        result = verdict.judge(WORLDS[job.world], n=job.n, seed=job.seed).line()
    return {"key": job.key(), "world": job.world, "n": job.n, "seed": job.seed} | result


def held() -> dict[str, dict[str, Any]]:
    """Read what was run before; a last line that was cut off by a kill does not count."""
    if not RESULTS.exists():
        return {}
    lines = RESULTS.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return {line["key"]: line for line in found}


def jobs(worlds: list[str], sizes: dict[int, int], first: int) -> list[Job]:
    """List the runs: seeds in the outer loop, so that an interrupted check has every world about as often."""
    found = [
        Job(seed=first + seed, n=n, world=name) for n, runs in sizes.items() for seed in range(runs) for name in worlds
    ]
    return sorted(found)


def others(first: int) -> list[Job]:
    """List the runs on large tables: a table nobody passes, and nothing used with enough cases to say so."""
    from tests.worlds.plain import CORE_NULLS

    table = [
        Job(seed=first + seed, n=20_000, world=f"{NOBODY}_{model}")
        for seed in range(TABLE_SEEDS)
        for model in ("rule", "trees")
    ]
    return table + jobs(list(CORE_NULLS), {PLENTY: PLENTY_RUNS}, first)


def simulate(wanted: list[Job], *, processes: int) -> list[dict[str, Any]]:
    """Run what was not run before, each result written as soon as it is there."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    before = held()
    todo = [job for job in wanted if job.key() not in before]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        RESULTS.open("a", encoding="utf-8") as file,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
        Progress(*columns) as progress,
    ):
        # a line that a kill cut off must not swallow the next one
        file.write("\n" if RESULTS.stat().st_size else "")
        task = progress.add_task("worlds", total=len(wanted), completed=len(wanted) - len(todo))
        for done in as_completed([pool.submit(run, job) for job in todo]):
            file.write(json.dumps(done.result(), sort_keys=True) + "\n")
            file.flush()
            progress.advance(task)
    after = held()
    return [after[job.key()] for job in wanted]


def main() -> int:
    """Run the check and write its page; 1 where a bar is surely not reached."""
    from statistics_page import all_reached, tables, write
    from tests.worlds.worlds import WORLDS

    told = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    told.add_argument(
        "--runs", type=int, help="runs a world at the size --n (default: the planned numbers at all sizes)"
    )
    told.add_argument("--n", type=int, default=USUAL, help="cases a run, with --runs")
    told.add_argument("--worlds", default="", help="names with commas between (default: all)")
    told.add_argument("--processes", type=int, default=2)
    told.add_argument("--first-seed", type=int, default=FRESH)
    told.add_argument("--page", action="store_true", help="run nothing, write the page from what was run before")
    given = told.parse_args()
    names = given.worlds.split(",") if given.worlds else list(WORLDS)
    strange = sorted(set(names) - set(WORLDS))
    if strange:
        told.error(f"no world is called {', '.join(strange)}; there are {', '.join(WORLDS)}")
    sizes = {given.n: given.runs} if given.runs else PLANNED
    wanted = jobs(names, sizes, given.first_seed) + ([] if given.worlds else others(given.first_seed))
    if not given.page:
        simulate(wanted, processes=given.processes)
    # everything that this engine was run on stands in the page, whatever was asked this time
    current = [
        line
        for line in held().values()
        if line["key"] == Job(seed=line["seed"], n=line["n"], world=line["world"]).key()
    ]
    found = tables(current, engine=engine())
    if given.page or not (given.runs or given.worlds):
        write(PAGE, found)
    else:
        # a look at some worlds is no reason to take the others out of the page
        print(found["bars"])
    return 0 if all_reached(current) else 1


if __name__ == "__main__":
    sys.exit(main())
