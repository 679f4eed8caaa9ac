"""Whether intervals of a sampled table hold the figures of the population that it was drawn from.

A population is made once; samples are drawn from it again and again with known chances and audited. Every design of the
plan's ``random_arm_of`` is tried, with equal and unequal chances. ``python benchmarks/sampled_coverage.py`` writes
docs/measured/sampled-tables.md; ``tests/audits/test_sampled_tables.py`` runs fewer draws of the same.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from igw_audit.audits.a001_selection_rate import selection_rate
from igw_audit.audits.a002_error_rates import error_rates
from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.scoring.cases import score_cases

THRESHOLD = 0.5
#: Figure -> audit; ratios are of one group of three against the rest, read by themselves.
FIGURES = ("selection_rate", "selection_rate_ratio", "false_positive_rate", "precision", "false_negative_rate")
GROUPS = ("a", "b", "c")
PAGE = Path(__file__).parents[1] / "docs" / "measured" / "sampled-tables.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How a table is drawn.

    Attributes
    ----------
    frame : str
        ``all_cases`` (the random arm has no score), ``not_selected`` or ``own_chance`` (everybody has one).
    selected : float
        The share of the population that the model selects.
    of_selected, at_random : float
        Chance of a selected case in the risk arm, and of any case in the random arm.
    uneven : bool
        Whether the chance of the random arm is three times as large in one half of the cases.
    fixed : bool
        Whether the random arm has a fixed size, rather than each case its own toss.
    """

    frame: str
    selected: float = 0.05
    of_selected: float = 0.5
    at_random: float = 0.03
    uneven: bool = False
    fixed: bool = False


DESIGNS: Mapping[str, Design] = {
    "random arm of all cases, no score": Design(frame="all_cases"),
    "the same, fixed size": Design(frame="all_cases", fixed=True),
    "the same, all selected cases known": Design(frame="all_cases", of_selected=1.0),
    "the same, unequal chances": Design(frame="all_cases", uneven=True),
    "the same, one case in 200 selected": Design(frame="all_cases", selected=0.005),
    "random arm of those not selected": Design(frame="not_selected", uneven=True),
    "everybody scored, own chance": Design(frame="own_chance", uneven=True),
    "everybody scored, three in ten selected": Design(frame="own_chance", selected=0.3, of_selected=0.3),
}


def population(design: Design, *, n: int, seed: int) -> pd.DataFrame:
    """Make a population in which group b is selected too often, and c has more violations."""
    rng = np.random.default_rng(seed)
    group = rng.choice(GROUPS, n, p=[0.65, 0.25, 0.10])
    violation = rng.random(n) < np.where(group == "c", 0.3, 0.2)
    risk = rng.normal(size=n) + 1.0 * violation + 0.5 * (group == "b")
    score = np.where(risk >= np.quantile(risk, 1 - design.selected), 0.9, 0.1)
    half = rng.random(n) < 0.5 if design.uneven else np.zeros(n, dtype=bool)
    chance = design.at_random * np.where(half, 1.5, 0.5 if design.uneven else 1.0)
    ids = pd.Index([f"z{k:06d}" for k in range(n)], name="id")
    return pd.DataFrame({"group": group, "violation": violation, "score": score, "chance": chance}, index=ids)


def draw(people: pd.DataFrame, design: Design, *, seed: int) -> ScoredCases:
    """Draw a table of investigated cases from a population, with the chance of each."""
    rng = np.random.default_rng([seed, 1])
    selected = (people["score"] >= THRESHOLD).to_numpy()
    chance = people["chance"].to_numpy()
    toss = rng.random(len(people))
    if design.fixed:
        size = round(chance.sum())
        by_lot = np.isin(np.arange(len(people)), rng.choice(len(people), size, replace=False))
        chance = np.full(len(people), size / len(people))
    else:
        by_lot = toss < chance
    listed = selected & (rng.random(len(people)) < design.of_selected)
    if design.frame == "all_cases":
        # whoever is in both arms stands in the table twice: nobody knows that the unscored one is the other
        risk, random = people[listed], people[by_lot].assign(score=np.nan)
        frame = pd.concat([risk.set_axis("r" + risk.index), random.set_axis("l" + random.index)])
        arm = ["risk"] * len(risk) + ["random"] * len(random)
        drawn = [design.of_selected] * len(risk) + chance[by_lot].tolist()
    else:
        if design.frame == "not_selected":
            by_lot &= ~selected
            own = np.where(selected, design.of_selected, chance)
        else:
            own = np.where(selected, 1 - (1 - design.of_selected) * (1 - chance), chance)
        kept = listed | by_lot
        frame, drawn = people[kept], own[kept].tolist()
        arm = np.where(listed, "risk", "random")[kept].tolist()
    table = frame.assign(arm=arm, drawn=drawn, outcome=frame["violation"].astype(float))
    plan = Plan.model_validate(
        {
            **{"attributes": ["group"], "threshold": THRESHOLD, "label": "outcome", "arm": "arm"},
            **{"arm_probability": "drawn", "positive": ["public_order"], "seed": seed},
            **({"random_arm_of": design.frame} if design.frame == "not_selected" else {}),
        }
    )
    grouping = Grouping.of("group", frame["group"].sort_index())
    return score_cases(
        table.drop(columns=["group", "violation", "chance"]), plan, groupings={"group": grouping}, score="score"
    )


def truth(people: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Count the figures of the whole population."""
    found = {}
    for name in GROUPS:
        own, rest = people[people["group"] == name], people[people["group"] != name]
        taken, others = own["score"] >= THRESHOLD, rest["score"] >= THRESHOLD
        found |= {
            ("selection_rate", name): float(taken.mean()),
            ("selection_rate_ratio", name): float(taken.mean() / others.mean()),
            ("false_positive_rate", name): float(taken[~own["violation"]].mean()),
            ("precision", name): float(own["violation"][taken].mean()),
            ("false_negative_rate", name): float(1 - taken[own["violation"]].mean()),
        }
    return found


def coverage(
    design: Design, *, draws: int, n: int = 20_000, seed: int = 0, of_process: bool = False
) -> dict[str, float]:
    """Return the share of intervals that hold the population's figure, by figure over all groups and draws.

    ``of_process``: each table is drawn from a population of its own, and held against what half a million cases say.
    """
    people = population(design, n=n, seed=seed)
    true = truth(population(design, n=500_000, seed=seed) if of_process else people)
    held, told = Counter[str](), Counter[str]()
    for number in range(draws):
        if of_process:
            people = population(design, n=n, seed=seed + 1 + number)
        cases = draw(people, design, seed=seed + number)
        outcomes = [selection_rate.run(cases, "group"), error_rates.run(cases, "group")]
        for finding in (one for outcome in outcomes for one in outcome.findings):
            value = true.get((finding.statistic, finding.group or ""))
            if value is None or finding.estimate is None or finding.step is not None:
                continue
            told[finding.statistic] += 1
            held[finding.statistic] += not finding.estimate.outside(value, value)
    return {name: held[name] / told[name] for name in FIGURES}


_SAID = {
    False: "Held against that population's own figures. An interval allows for a process that could have gone "
    "otherwise: where half or all of the selected cases are known, it is wider than drawing alone asks.",
    True: "A new population for every table, held against what half a million cases of the same process say.",
}


def main(draws: int = 400) -> None:
    """Write the page."""
    lines = [
        "# Sampled tables: how often intervals hold the population's figures",
        "",
        "Populations of 20,000 in three groups (65, 25, 10 %), tables drawn from them with known "
        "chances and audited (A001, "
        f"A002), {draws} a design. Confidence 95 %; ratios are simultaneous over the three groups, so "
        f"that each by itself "
        "holds more often. `python benchmarks/sampled_coverage.py` makes this page.",
    ]
    for title, of_process in (("One population, drawn from again and again", False), ("The process behind it", True)):
        lines += ["", f"## {title}", "", _SAID[of_process], ""]
        lines += ["| design | " + " | ".join(name.replace("_", " ") for name in FIGURES) + " |"]
        lines += ["|---|" + "---|" * len(FIGURES)]
        for name, design in DESIGNS.items():
            found = coverage(design, draws=draws, of_process=of_process)
            lines.append(f"| {name} | " + " | ".join(f"{found[figure]:.3f}" for figure in FIGURES) + " |")
            print(lines[-1], flush=True)
    PAGE.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
