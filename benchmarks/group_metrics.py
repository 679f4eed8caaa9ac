"""Five group metrics with differences, ratios and 95 % intervals: igw-audit, Fairlearn and aequitas on the same table.

    python benchmarks/group_metrics.py [--rows 10000 100000 1000000 10000000] [--aequitas-python PATH] [--write]

Each job runs in a process of its own on one thread; times are CPU seconds, the best of five where a job takes less than
two; memory is the peak that a job allocates besides the table (tracemalloc, in a run of its own). aequitas needs pandas
below 3: give the Python of an environment that has it (``pip install 'igw-audit[bench]'`` where pandas allows).
``--write`` puts the table into docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

GROUPS = 6
METRICS = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")
DRAWS = 1000
#: What a job may take; a slower one is measured on fewer draws or rows and scaled up, and the table says so.
LIMIT_SECONDS = 60.0
#: The counting pass alone is not an answer; 5 ms is what PERFORMANCE allows for turning counts into intervals.
ALLOWANCE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Synthetic cases: group codes, labels and decisions."""

    codes: np.ndarray
    label: np.ndarray
    decision: np.ndarray

    @classmethod
    def of(cls, rows: int) -> Table:
        generator = np.random.default_rng(0)
        codes = generator.choice(GROUPS, rows, p=[0.5, 0.2, 0.12, 0.1, 0.05, 0.03]).astype(np.uint8)
        label = generator.random(rows) < 0.1
        return cls(
            codes=codes, label=label, decision=generator.random(rows) < np.where(label, 0.4, 0.08) + codes * 0.01
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One job at one size; ``scaled`` says how it was extrapolated, empty if it ran in full."""

    seconds: float
    megabytes: float
    scaled: str = ""


def floor(table: Table) -> object:
    """Count cases per group: the least that any answer needs."""
    return np.bincount(table.codes, minlength=GROUPS)


def counting(table: Table) -> object:
    """Count group x label x decision."""
    from igw_audit.stats.counting import count_cells

    return count_cells(table.codes, table.label, table.decision, groups=GROUPS)


def ours(table: Table) -> object:
    """Count once, then every metric's rates, differences, ratios, simultaneous intervals, tests and power."""
    from igw_audit.stats.compare import compare_counts
    from igw_audit.stats.counting import Metric, count_cells, metric_counts

    cells = count_cells(table.codes, table.label, table.decision, groups=GROUPS)
    shares = [metric_counts(cells, Metric(name)) for name in METRICS]
    return [compare_counts(share.events.tolist(), share.n.tolist()) for share in shares]


def ours_bootstrap(table: Table) -> object:
    """Count once, then 1,000 multinomial draws of the counts for every metric's differences and ratios."""
    from igw_audit.stats.counting import Metric, count_cells, metric_counts
    from igw_audit.stats.resampling import bootstrap_cells

    cells = count_cells(table.codes, table.label, table.decision, groups=GROUPS)
    drawn = bootstrap_cells(cells, draws=DRAWS, seed=0)
    found = []
    for name in METRICS:
        share = metric_counts(drawn, Metric(name))
        rest = share.events.sum(axis=1, keepdims=True) - share.events, share.n.sum(axis=1, keepdims=True) - share.n
        rate, other = share.events / share.n, rest[0] / rest[1]
        found.append([np.quantile(part, [0.025, 0.975], axis=0) for part in (rate, rate - other, rate / other)])
    return found


def ours_cases(table: Table) -> object:
    """The same from boolean masks over the cases, as an audit asks it."""
    from igw_audit.stats.compare import compare_rates

    label, decision = table.label, table.decision
    everyone = np.ones(len(label), dtype=bool)
    pairs = [(table.codes == k, table.codes != k) for k in range(GROUPS)]
    asked = [
        (decision, everyone),
        (decision & label, label),
        (decision & ~label, ~label),
        (decision & label, decision),
        (decision == label, everyone),
    ]
    return [compare_rates(event, among, pairs) for event, among in asked]


def fairlearn(table: Table, draws: int = DRAWS) -> object:
    """MetricFrame with a bootstrap of the rows, and its differences and ratios with intervals."""
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, precision_score

    functions = (selection_rate, true_positive_rate, false_positive_rate, precision_score, accuracy_score)
    found = MetricFrame(
        metrics=dict(zip(METRICS, functions, strict=True)),
        y_true=table.label.astype(int),
        y_pred=table.decision.astype(int),
        sensitive_features=table.codes,
        n_boot=draws,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    return found.by_group_ci, found.difference_ci(), found.ratio_ci()


def aequitas(table: Table) -> object:
    """Audit with disparities; it has no intervals."""
    import pandas as pd
    from aequitas import Audit

    frame = pd.DataFrame(
        {
            "score": table.decision.astype(int),
            "label": table.label.astype(int),
            "group": pd.Series(table.codes).map({k: f"group {k}" for k in range(GROUPS)}),
        }
    )
    audit = Audit(frame, sensitive_attribute_column=["group"], reference_groups={"group": "group 0"})
    audit.audit()
    return audit.disparity_df


JOBS: dict[str, Callable[[Table], object]] = {
    job.__name__: job for job in (floor, counting, ours, ours_bootstrap, ours_cases, fairlearn, aequitas)
}


def _timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def _allocated(call: Callable[[], object]) -> float:
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def measure(name: str, rows: int) -> Measured:
    """Run one job here; a small table first, so that imports are not counted."""
    job, small = JOBS[name], Table.of(2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "fairlearn":
            fairlearn(small, 2)
        else:
            job(small)
        table = Table.of(rows)
        if name == "fairlearn":
            return _fairlearn(table)
        first = _timed(lambda: job(table))
        repeats = [_timed(lambda: job(table)) for _ in range(4 if first < 2 else 0)]
        megabytes = _allocated(lambda: job(table))
    return Measured(seconds=min([first, *repeats]), megabytes=megabytes)


def _fairlearn(table: Table) -> Measured:
    one = _timed(lambda: fairlearn(table, 1))
    megabytes = _allocated(lambda: fairlearn(table, 1))
    if one * DRAWS < LIMIT_SECONDS:
        return Measured(seconds=_timed(lambda: fairlearn(table)), megabytes=megabytes)
    draws = 2 if one > LIMIT_SECONDS / 20 else 10
    per_draw = (_timed(lambda: fairlearn(table, draws)) - one) / (draws - 1)
    return Measured(seconds=one + (DRAWS - 1) * per_draw, megabytes=megabytes, scaled=f"from {draws} draws")


def in_own_process(name: str, rows: int, python: str) -> Measured | str:
    """Run a job in a fresh process; a sentence if it could not."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, __file__, "--job", name, "--rows", str(rows)],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
        return f"did not run: {last}"
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def run(sizes: list[int], aequitas_python: str | None) -> dict[int, dict[str, Measured | str]]:
    """Run every job at every size; Fairlearn above a million rows is scaled from a million."""
    found: dict[int, dict[str, Measured | str]] = {}
    for rows in sizes:
        found[rows] = {}
        for name in JOBS:
            python = aequitas_python or sys.executable if name == "aequitas" else sys.executable
            if name == "fairlearn" and rows > 1_000_000:
                found[rows][name] = _scaled(found.get(1_000_000, {}).get(name), rows / 1_000_000)
            else:
                found[rows][name] = in_own_process(name, rows, python)
            print(rows, name, found[rows][name], file=sys.stderr, flush=True)
    return found


def _scaled(measured: Measured | str | None, by: float) -> Measured | str:
    if not isinstance(measured, Measured):
        return "not run"
    return Measured(seconds=measured.seconds * by, megabytes=measured.megabytes * by, scaled="from 1e6 rows")


_TITLES = {
    "floor": "floor: `np.bincount` of the group codes",
    "counting": "our count of group x label x decision",
    "ours": "**ours: count, five metrics, simultaneous intervals, tests, power**",
    "ours_bootstrap": "ours: count, 1,000 multinomial bootstrap draws",
    "ours_cases": "ours from boolean masks (`compare_rates`)",
    "fairlearn": "Fairlearn `MetricFrame(n_boot=1000)`",
    "aequitas": "aequitas `Audit` (no intervals)",
}


def markdown(found: dict[int, dict[str, Measured | str]]) -> str:
    """Draw the table: CPU seconds, times the floor plus 5 ms, and memory."""
    lines = ["| job | " + " | ".join(f"{rows:,} rows" for rows in found) + " |", "|---|" + "---|" * len(found)]
    for name, title in _TITLES.items():
        cells = [_cell(by_job[name], by_job["floor"]) for by_job in found.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(measured: Measured | str, least: Measured | str) -> str:
    if isinstance(measured, str) or isinstance(least, str):
        return str(measured)
    times = measured.seconds / (least.seconds + ALLOWANCE)
    seconds = f"{measured.seconds * 1000:.2g} ms" if measured.seconds < 0.1 else f"{measured.seconds:,.3g} s"
    seconds = seconds if measured.seconds < 1000 else f"{measured.seconds:,.0f} s"
    note = f" ({measured.scaled})" if measured.scaled else ""
    against = f"{times:.1f}" if times < 10 else f"{times:,.0f}"
    return f"{seconds}{note}, {against}x, +{measured.megabytes:,.0f} MB"


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--aequitas-python", help="Python of an environment that holds aequitas")
    parser.add_argument("--write", action="store_true", help="put the table into docs/explanation/performance.md")
    parser.add_argument("--job", choices=list(JOBS), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.job:
        print(json.dumps(asdict(measure(chosen.job, chosen.rows[0]))))
        return
    table = markdown(run(chosen.rows, chosen.aequitas_python))
    print(table)
    if chosen.write:
        page = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "performance.md"
        text = page.read_text(encoding="utf-8")
        marks = re.compile(r"(<!-- group-metrics -->\n).*?(<!-- end -->)", flags=re.DOTALL)
        text = marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
