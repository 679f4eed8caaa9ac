"""A007 whole, contributions included, against what one would use instead on the same cases and model.

    python benchmarks/proxy_use.py [--rows 5000 50000 1000000] [--write]

A histogram boosting of 100 trees with 18 features, three of them declared, five groups (50, 25, 15, 7 and 3 %), 999
draws. Each job runs in a process of its own on one thread; times are CPU seconds of the job, memory is the peak of the
whole process (resident), in which the table and the model lie too. ``--write`` puts the table into
docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.cases import Floats, Grouping, ScoredCases
from igw_audit.core.plan import Plan

FEATURES, TREES, DRAWS = 18, 100, 999
GROUPS = (0.50, 0.25, 0.15, 0.07, 0.03)
DECLARED = ("f02", "f03", "f10")
#: What a job may take; a slower one is measured on fewer cases or draws and scaled up, and the table says so.
LIMIT_SECONDS = 60.0
#: Cases on which a slow job is timed first, and those that the model learns from.
PROBE, LEARNT = 2_000, 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One job at one size; ``scaled`` says how it was extrapolated, empty if it ran in full."""

    seconds: float
    megabytes: float
    scaled: str = ""


def table(rows: int) -> ScoredCases:
    """Draw cases: one used proxy of two groups, one unused, a pair that is used together."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    groups = rng.choice(len(GROUPS), rows, p=GROUPS)
    values = rng.normal(size=(rows, FEATURES))
    values[:, 0] += 0.8 * (groups == 1)
    values[:, 1] += 0.6 * (groups == 2)
    values[:, 2] += 0.5 * (groups == 1)
    names = [f"f{position:02d}" for position in range(FEATURES)]
    frame = pd.DataFrame(values, columns=names, index=pd.Index([f"c{row:08d}" for row in range(rows)], name="id"))
    lean = values[:, 0] + 0.5 * values[:, 2] + 0.5 * values[:, 3] - 0.4 * values[:, 4] * values[:, 5]
    found = rng.random(rows) < 1 / (1 + np.exp(1 - lean))
    model = HistGradientBoostingClassifier(max_iter=TREES, random_state=0).fit(frame[:LEARNT], found[:LEARNT])

    def predict(other: pd.DataFrame) -> Floats:
        return np.asarray(model.predict_proba(other)[:, 1], dtype=np.float64)

    score = predict(frame)
    named = pd.Series(groups.astype(str), index=frame.index)
    return ScoredCases(
        plan=Plan(attributes=("origin",), declared=DECLARED, capacity=0.1),
        features=frame,
        score=score,
        selected=score >= np.quantile(score, 0.9),
        groupings={"origin": Grouping.of("origin", named)},
        predict=predict,
        model=model,
    )


def ours(cases: ScoredCases) -> Measured:
    """Contributions, shifts of 15 features, pairs, whole and decision for five groups, tests, intervals, levels."""
    from igw_audit.audits.a007_proxy_use import proxy_use_of_model

    start = time.process_time()
    outcome = proxy_use_of_model.run(cases, "origin")
    seconds = time.process_time() - start
    if outcome.level != "strong_use":
        raise SystemExit(f"A007 did not find what is there: {outcome.status}, {outcome.level}, {outcome.reason}")
    part = outcome.select("share_measured")
    taken = sum(finding.estimate.n for finding in part if finding.estimate)
    return _measured(seconds, f"{taken:,} cases drawn" if part else "")


def contributions_alone(cases: ScoredCases) -> Measured:
    """Our exact contributions of all cases."""
    from igw_audit.audits.contributions import exactly

    start = time.process_time()
    if exactly(cases) is None:
        raise SystemExit("the model was not taken apart exactly")
    return _measured(time.process_time() - start)


def shap_alone(cases: ScoredCases) -> Measured:
    """Contributions by ``shap.TreeExplainer``: no groups, no test, no interval."""

    def work(rows: int) -> None:
        _shap_values(cases, rows)

    return _by_rows(work, cases.n)


def shap_and_permutation(cases: ScoredCases) -> Measured:
    """Contributions by shap, and for each feature and group the mean difference with 999 permutations of the groups."""
    codes = cases.groupings["origin"].codes

    def work(rows: int) -> None:
        values = _shap_values(cases, rows)
        rng = np.random.default_rng(0)
        for _ in range(DRAWS):
            mixed = rng.permutation(codes[:rows])
            for group in range(len(GROUPS)):
                member = mixed == group
                values[member].mean(axis=0) - values[~member].mean(axis=0)

    return _by_rows(work, cases.n)


def permutation_importance(cases: ScoredCases) -> Measured:
    """Each feature shuffled 999 times and the model asked again (scikit-learn); it knows no groups either."""
    from sklearn.inspection import permutation_importance as importance

    label = cases.score > np.median(cases.score)

    def work(repeats: int) -> float:
        start = time.process_time()
        importance(cases.model, cases.features, label, n_repeats=repeats, random_state=0, scoring="roc_auc")
        return time.process_time() - start

    one = work(1)
    return _measured(one * DRAWS, "from 1 draw")


def _shap_values(cases: ScoredCases, rows: int) -> Floats:
    import shap

    explainer = shap.TreeExplainer(cases.model, feature_perturbation="tree_path_dependent")
    found = explainer.shap_values(cases.features.to_numpy()[:rows], check_additivity=False)
    return np.asarray(found, dtype=np.float64)


def _by_rows(work: Callable[[int], None], rows: int) -> Measured:
    """Run a job whose time grows with the cases; on a part of them where it would take too long."""
    work(10)  # imports
    start = time.process_time()
    work(PROBE)
    per_case = (time.process_time() - start) / PROBE
    taken = rows if per_case * rows <= LIMIT_SECONDS else min(rows, max(PROBE, int(LIMIT_SECONDS / per_case)))
    start = time.process_time()
    work(taken)
    seconds = (time.process_time() - start) * rows / taken
    return _measured(seconds, "" if taken == rows else f"from {taken:,} cases")


def _measured(seconds: float, scaled: str = "") -> Measured:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured(seconds=seconds, megabytes=peak / 1000, scaled=scaled)


def nothing(cases: ScoredCases) -> Measured:  # noqa: ARG001 - the table alone
    """Only the table, the model and its scores."""
    return _measured(0.0)


JOBS: dict[str, Callable[[ScoredCases], Measured]] = {
    job.__name__: job
    for job in (nothing, ours, contributions_alone, shap_alone, shap_and_permutation, permutation_importance)
}
_TITLES = {
    "nothing": "the table, the model and its scores",
    "ours": "**A007 whole: contributions, family of tests, omnibus, joint intervals, levels**",
    "contributions_alone": "our exact contributions alone, all cases",
    "shap_alone": "`shap.TreeExplainer` alone, all cases",
    "shap_and_permutation": "shap, and 999 permutations of the groups for each mean difference",
    "permutation_importance": "scikit-learn `permutation_importance`, 999 repeats",
}


def in_own_process(name: str, rows: int) -> Measured | str:
    """Run a job in a fresh process; a sentence if it could not."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, __file__, "--job", name, "--rows", str(rows)],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
        return f"did not run: {last}"
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def run(sizes: list[int]) -> dict[int, dict[str, Measured | str]]:
    """Run every job at every size."""
    found: dict[int, dict[str, Measured | str]] = {}
    for rows in sizes:
        found[rows] = {}
        for name in JOBS:
            found[rows][name] = in_own_process(name, rows)
            print(rows, name, found[rows][name], file=sys.stderr, flush=True)
    return found


def markdown(found: dict[int, dict[str, Measured | str]]) -> str:
    """Draw the table: CPU seconds, times A007 whole, and the peak of memory."""
    lines = ["| job | " + " | ".join(f"{rows:,} cases" for rows in found) + " |", "|---|" + "---|" * len(found)]
    for name, title in _TITLES.items():
        cells = [_cell(by_job[name], by_job["ours"]) for by_job in found.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(measured: Measured | str, whole: Measured | str) -> str:
    if isinstance(measured, str) or isinstance(whole, str):
        return str(measured)
    memory = f"{measured.megabytes:,.0f} MB"
    if measured.seconds == 0:
        return memory
    times = measured.seconds / whole.seconds
    seconds = f"{measured.seconds:,.2g} s" if measured.seconds < 10 else f"{measured.seconds:,.0f} s"
    note = f" ({measured.scaled})" if measured.scaled else ""
    return f"{seconds}{note}, {times:,.2g}x, {memory}" if times < 100 else f"{seconds}{note}, {times:,.0f}x, {memory}"


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 50_000, 1_000_000])
    parser.add_argument("--write", action="store_true", help="put the table into docs/explanation/performance.md")
    parser.add_argument("--job", choices=list(JOBS), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.job:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done: dict[str, Any] = asdict(JOBS[chosen.job](table(chosen.rows[0])))
        print(json.dumps(done))
        return
    drawn = markdown(run(chosen.rows))
    print(drawn)
    if chosen.write:
        page = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "performance.md"
        text = page.read_text(encoding="utf-8")
        marks = re.compile(r"(<!-- proxy-use -->\n).*?(<!-- end -->)", flags=re.DOTALL)
        page.write_text(marks.sub(lambda held: f"{held[1]}{drawn}\n{held[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
