"""Results of check_statistics.py -> the tables of docs/explanation/proxy-statistics.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from statistics_bars import Bar, Share, table
from tests.worlds import verdict  # noqa: F401 - fills the catalogue
from tests.worlds.plain import CORE_NULLS
from tests.worlds.worlds import USE, WORLDS, World

Line = dict[str, Any]


class Results:
    """All runs of one engine, by world and size."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._held: dict[tuple[str, int], list[Line]] = {}
        for line in sorted(lines, key=lambda line: (line["world"], line["n"], line["seed"])):
            self._held.setdefault((line["world"], line["n"]), []).append(line)

    def of(self, names: Iterable[str], n: int) -> list[Line]:
        """Give the runs of some worlds at one size."""
        return [line for name in names for line in self._held.get((name, n), [])]

    def share(self, names: Iterable[str], n: int, answer: Callable[[Line], bool]) -> Share | None:
        """Give the share of runs for which the answer is yes."""
        return Share.of(answer(line) for line in self.of(names, n))

    def mean(self, names: Iterable[str], n: int, field: str) -> float | None:
        """Give the mean of a field over the runs that have it."""
        held = [line[field] for line in self.of(names, n) if line[field] is not None]
        return sum(held) / len(held) if held else None


def uses(line: Line) -> bool:
    """Whether the outcome says that the group is used."""
    return line["level"] in USE


def right(line: Line) -> bool:
    """Whether the outcome's level is a right one."""
    return line["level"] in WORLDS[line["world"]].levels


def _named(kind: str) -> list[str]:
    return [name for name, world in WORLDS.items() if world.kind == kind]


def bars(results: Results) -> Iterable[Bar]:
    """Go through the table of METHODS 7."""
    proxies = _named("proxy")
    yield Bar(
        name="false alarm, the four null worlds together", at_most=0.055, share=results.share(CORE_NULLS, 2000, uses)
    )
    for name in CORE_NULLS:
        yield Bar(name=f"false alarm, `{name}`", at_most=0.075, share=results.share([name], 2000, uses))
    yield Bar(
        name="an innocent feature named, worlds with a proxy",
        at_most=0.06,
        share=results.share(proxies, 2000, lambda line: bool(line["innocent"])),
    )
    for name, least in (
        ("single", 0.95),
        ("distributed", 0.95),
        ("xor_pair", 0.95),
        ("label_bias", 0.95),
        ("cancelling", 0.95),
        ("distributed_faint", 0.85),
        ("xor_pair_faint", 0.75),
    ):
        yield Bar(name=f"use found, `{name}`", at_least=least, share=results.share([name], 2000, uses))
    covering = [name for name, world in WORLDS.items() if world.kind in ("null", "proxy")]
    known = [line for line in results.of(covering, 2000) if line["covered"] is not None]
    yield Bar(
        name="joint intervals hold every true shift, groups of 30 and up",
        at_least=0.93,
        share=Share.of(bool(line["covered"]) for line in known),
    )
    yield Bar(
        name="level right, worlds with a proxy, n = 5,000", at_least=0.90, share=results.share(proxies, 5000, right)
    )
    clean = {"no_disparity_shown", "explained_by_declared", "present_unused"}
    share = results.share(CORE_NULLS, 50_000, lambda line: line["level"] in clean)
    yield Bar(name="level right, null worlds, n = 50,000", at_least=0.90, share=share)
    yield Bar(
        name="n = 150 never passes", at_least=1.0, share=results.share(WORLDS, 150, lambda line: not line["passes"])
    )


def shortfalls(results: Results) -> str:
    """Say plainly what is not reached, bars first, then harder worlds."""
    found = []
    for bar in bars(results):
        if bar.share is not None and not bar.reached(bar.share):
            _, limit, measured, interval, runs, _ = bar.cells()
            sure = "" if bar.missed() else "; the runs are too few to be sure"
            found.append(f"- {bar.name}: {measured} ({interval}, {runs} runs), and the bar is {limit}{sure}.")
    for world in WORLDS.values():
        share = Share.of(uses(line) for line in results.of([world.name], 2000))
        if share is None or world.name in CORE_NULLS or world.kind == "proxy":
            continue
        if world.null and share.value > 0.075:
            found.append(f"- `{world.name}`: use is said in {share.text()} ({share.interval()}), and nothing is used.")
        if not world.null and share.value < 0.95:
            found.append(f"- `{world.name}`: use is found in {share.text()} ({share.interval()}) only.")
    return "\n".join(found) or "Nothing: every bar is reached, and every harder world is answered."


def precision(results: Results) -> str:
    """Say how often the features most tied to a group are the ones that are used."""
    rows = []
    for name, least in (("single", 0.97), ("xor_pair", 0.97), ("cancelling", 0.97), ("distributed", 0.85)):
        found = results.mean([name], 2000, "precision")
        shown = "not run" if found is None else f"{found:.3f}"
        reached = "not shown" if found is None else "yes" if found >= least else "**no**"
        rows.append((f"`{name}`", f"≥ {least:.2f}", shown, len(results.of([name], 2000)), reached))
    return table(("world", "bar", "share of the top k that is used", "runs", "reached"), rows)


def _levels(lines: list[Line]) -> str:
    counts = Counter(line["level"] for line in lines)
    return ", ".join(
        f"{level.replace('_', ' ')} {100 * count / len(lines):.0f} %" for level, count in counts.most_common(4)
    )


def _row(world: World, results: Results, n: int) -> tuple[object, ...]:
    lines = results.of([world.name], n)
    alarm = Share.of(uses(line) for line in lines)
    innocent = Share.of(bool(line["innocent"]) for line in lines)
    if alarm is None or innocent is None:
        return f"`{world.name}`", world.says, "not run", "", "", 0
    pairs = [line["pair_found"] for line in lines if line["pair_found"] is not None]
    spoke = [line["spoke"] for line in lines if line["spoke"] is not None]
    hits = [bool(world.used & {name for one in line["flagged"] for name in one.split(" x ")}) for line in lines]
    extra = f"; what is used is named in {100 * sum(hits) / len(hits):.0f} %" if world.used else ""
    extra += f"; the pair is named in {100 * sum(pairs) / len(pairs):.0f} %" if pairs else ""
    others = ", ".join(also.audit for also in world.also)
    extra += f"; {others} speaks in {100 * sum(spoke) / len(spoke):.0f} %" if spoke else ""
    name = f"`{world.name}`"
    return name, world.says, f"{alarm.text()} ({alarm.interval()})", innocent.text(), _levels(lines) + extra, len(lines)


def worlds(results: Results, kinds: tuple[str, ...], n: int = 2000) -> str:
    """Say of each world what the audit says."""
    rows = [_row(world, results, n) for world in WORLDS.values() if world.kind in kinds]
    return table(("world", "what holds there", "use is said in", "innocent named", "levels", "runs"), rows)


def levels(results: Results, n: int) -> str:
    """Say of each world how often its level is right at a size."""
    rows = []
    for world in WORLDS.values():
        lines = results.of([world.name], n)
        share = Share.of(right(line) for line in lines)
        if share is not None:
            expected = "no use" if world.null else ", ".join(sorted(level.replace("_", " ") for level in world.levels))
            rows.append((f"`{world.name}`", expected, f"{share.text()} ({share.interval()})", _levels(lines), share.n))
    return table(("world", "right levels", "right", "levels given", "runs"), rows)


def nobody(results: Results) -> str:
    """Lay out the table nobody passes."""
    rows = []
    for model, called in (("rule", "a written rule"), ("trees", "boosted trees fitted on labels")):
        lines = results.of([f"a_table_nobody_passes_{model}"], 20_000)
        count = len(lines)
        told = [
            f"{sum(line[field] for line in lines)} of {count}"
            for field in ("names_used", "leaves_unused", "finds_pair")
        ]
        others = Counter(name for line in lines for name in line["others"])
        also = ", ".join(f"{name} ({times})" for name, times in others.most_common()) or "nothing"
        rows.append((called, *told, also))
    head = ("model", "names the used proxy", "leaves the unused one out", "finds the pair", "also named")
    return table(head, rows)


def cost(results: Results) -> str:
    """Say what a run costs."""
    rows = []
    for n in (150, 2000, 5000, 50_000):
        lines = results.of(WORLDS, n)
        if lines:
            spent = sorted(line["seconds"] for line in lines)
            rows.append(
                (f"{n:,}", f"{spent[len(spent) // 2]:.2f}", f"{spent[int(0.95 * (len(spent) - 1))]:.2f}", len(spent))
            )
    return table(("cases", "processor seconds, middle run", "95 % of runs under", "runs"), rows)


def all_reached(lines: list[Line]) -> bool:
    """Tell whether no bar is surely missed."""
    return not any(bar.missed() for bar in bars(Results(lines)))


def tables(lines: list[Line], *, engine: str) -> dict[str, str]:
    """Lay out every table of the page, by its mark."""
    results = Results(lines)
    seeds = [line["seed"] for line in lines] or [0]
    return {
        "provenance": f"{len(lines):,} runs, seeds {min(seeds)} to {max(seeds)}, engine `{engine}`.",
        "bars": table(
            ("property", "bar", "measured", "95 % interval", "runs", "reached"), (bar.cells() for bar in bars(results))
        ),
        "short": shortfalls(results),
        "precision": precision(results),
        "null": worlds(results, ("null",)),
        "proxy": worlds(results, ("proxy",)),
        "harder": worlds(results, ("harder",)),
        "levels": levels(results, 5000),
        "plenty": levels(results, 50_000),
        "nobody": nobody(results),
        "cost": cost(results),
    }


def write(page: Path, found: dict[str, str]) -> None:
    """Put each table between its marks in the page."""
    text = page.read_text(encoding="utf-8")
    for name, body in found.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", lambda m, t=body: m[1] + t + m[2], text, flags=re.DOTALL
        )
    page.write_text(text, encoding="utf-8")
