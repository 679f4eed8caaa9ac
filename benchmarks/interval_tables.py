"""The coverage tables of docs/explanation/intervals.md.

    python benchmarks/interval_tables.py [TABLE ...]

All of them take about twenty minutes on one core; a table's name is what its mark in the page says.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from interval_coverage import (
    DIFFERENCES,
    RATIOS,
    SIZES,
    Coverage,
    Holds,
    World,
    clustered,
    false_alarms,
    means,
    one_rate,
    power_at_minimum,
    simultaneous,
    two_rates,
)

from igw_audit.stats.proportions import adjusted_wilson, wilson


def _table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def _number(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else "1.000"


def _both(found: Coverage) -> str:
    return f"{_number(found.mean)} / {_number(found.lowest)}"


def _one_rate() -> str:
    named = {"Wilson": wilson, "**adjusted Wilson** (ours)": adjusted_wilson}
    return _table(("n", *named), ((n, *(_both(one_rate(n, interval)) for interval in named.values())) for n in SIZES))


def _two_rates(intervals: dict[str, Holds], *, ratio: bool) -> str:
    rows = ((n, *(_both(two_rates(n, holds, ratio=ratio)) for holds in intervals.values())) for n in SIZES)
    return _table(("n", *intervals), rows)


def _tests() -> str:
    shapes = [(3, 100), (5, 30), (10, 100), (20, 30), (50, 100)]
    found = {shape: false_alarms(*shape, 0.05) for shape in shapes}
    rows = (
        (f"{n}, {m}", *(f"{_number(alarms.mean)} / {_number(alarms.highest)}" for alarms in found[n, m].values()))
        for n, m in shapes
    )
    return _table(("n, m", *found[shapes[0]]), rows)


def _means() -> str:
    rows = (
        (", ".join(map(str, sizes)), kind, _number(means(sizes, skewed=kind == "exponential", draws=2000)))
        for sizes in ((30, 60, 200, 1000), (3, 10, 30, 300))
        for kind in ("normal", "exponential")
    )
    return _table(("groups", "values", "joint coverage"), rows)


def _power() -> str:
    rows = (
        (n, m, q, _number(power_at_minimum(n, m, q)))
        for n in (3, 20, 50, 200, 1000)
        for m, q in ((2000, 0.05), (2000, 0.3))
    )
    return _table(("n", "reference", "its rate", "power"), rows)


def _simultaneous_rows() -> Iterator[tuple[object, ...]]:
    for sizes in (
        (30, 60, 200, 1000),
        (30,) * 8,
        (3, 10, 30, 100, 3000),
        (40, 50, 60, 80, 100, 200, 500, 1000, 2000, 5000),
    ):
        for rates in ((0.2,) * len(sizes), tuple(np.linspace(0.02, 0.3, len(sizes)).round(3))):
            for reference in (None, len(sizes) - 1):
                held = simultaneous(sizes, rates, reference=reference, draws=2000)
                shown = f"{rates[0]}" if len(set(rates)) == 1 else f"{rates[0]} to {rates[-1]}"
                against = "the rest" if reference is None else "the last"
                label = f"{len(sizes)} of {sizes[0]}" if len(set(sizes)) == 1 else ", ".join(map(str, sizes))
                yield label, shown, against, _number(held["difference"]), _number(held["ratio"])


def _cluster_rows() -> Iterator[tuple[object, ...]]:
    for clusters in (8, 30, 150):
        for heavy in (False, True):
            for alike in (0.0, 0.05, 0.3):
                for inside in (False, True):
                    for rates in ((0.2, 0.2), (0.05, 0.02)):
                        world = World(clusters=clusters, alike=alike, rates=rates, heavy_tail=heavy, within=inside)
                        held = clustered(world, draws=1000)
                        sizes, where = (
                            "heavy tail" if heavy else "10 each",
                            "inside sponsors" if inside else "by sponsor",
                        )
                        yield clusters, sizes, alike, where, f"{rates[0]}, {rates[1]}", *map(_number, held.values())


TABLES: dict[str, Callable[[], str]] = {
    "one-rate": _one_rate,
    "difference": lambda: _two_rates(DIFFERENCES, ratio=False),
    "ratio": lambda: _two_rates(RATIOS, ratio=True),
    "tests": _tests,
    "simultaneous": lambda: _table(("groups", "rates", "against", "differences", "ratios"), _simultaneous_rows()),
    "clusters": lambda: _table(
        ("sponsors", "sizes", "alike (ICC)", "groups", "rates", "difference", "ratio", "taken for independent"),
        _cluster_rows(),
    ),
    "means": _means,
    "power": _power,
}


def write(page: Path, name: str, table: str) -> None:
    """Put a table between its marks in the page."""
    text = page.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", flags=re.DOTALL)
    page.write_text(marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or TABLES:
        drawn = TABLES[chosen]()
        print(chosen, drawn, sep="\n", flush=True)
        write(Path(__file__).resolve().parents[1] / "docs" / "explanation" / "intervals.md", chosen, drawn)
