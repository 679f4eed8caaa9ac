"""A table that holds a sample of the cases: what each case stands for, and whether that adds up to all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from igw_audit.core.text import Text

#: The arm whose cases were drawn at random.
RANDOM = "random"
#: What the random arm stands for. ``own_chance``: every case has a score and the chance that it had by whichever route,
#: so one over that chance is its weight, in whichever arm. ``all_cases``: the random arm was drawn from all
#: cases, those that the model selected among them, and alone stands for them. ``not_selected``: it was drawn
#: from the others. ``unclear``: the chances do not say of what the table is a sample.
Frame = Literal["own_chance", "all_cases", "not_selected", "unclear"]

#: A sum of weights may miss the population by chance; this many standard errors are no chance (1 in 1,000).
_STANDARD_ERRORS = 3.29
#: Chances are written with few digits: a sum within this share of the population adds up.
_ROUNDING = 0.01
#: A sum that is this near to the population was made to be it.
_EXACT = 1e-6
#: Investigated cases of a whole table that stand for so many times the table, or for so small a part of it,
#: are of another table. Chances that are merely off are A011's to tell, by group: the counts of a whole table
#: do not rest on them.
_MOST = 4.0

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the cases of a table were drawn from the population.

    Attributes
    ----------
    frame : Frame
    weight : ndarray of float64, shape (n_cases,)
        How many cases of the population each case stands for: one over its chance.
    by_lot : ndarray of bool, shape (n_cases,)
        The random arm.
    scored : ndarray of bool, shape (n_cases,)
        False where a case of the random arm has no score: nobody knows whether the model would select it.
    problem : Text or None
        Why the weights do not stand for the population, so that no figure may be made of them.
    """

    frame: Frame
    weight: Floats
    by_lot: Bools
    scored: Bools
    problem: Text | None = None

    def base(self, selected: Bools) -> Bools:
        """Return the cases that together, each by its weight, stand for the population."""
        if self.frame == "all_cases":
            return self.by_lot
        if self.frame == "not_selected":
            return np.asarray(self.by_lot | selected, dtype=np.bool_)
        return np.ones(len(self.weight), dtype=np.bool_)

    def chosen(self, selected: Bools) -> Bools:
        """Return the cases that together, each by its weight, stand for those that the model selects."""
        return np.asarray(selected & ~self.by_lot if self.frame != "own_chance" else selected, dtype=np.bool_)


def adding_up(sampling: Sampling, selected: Bools, population: int | None) -> Text | None:
    """Say why weights cannot stand for a population of this size; None where they can.

    The sum of one over the chances differs from the population by chance: a case that is drawn with chance 1/w adds
    w (w - 1) to its variance (Horvitz and Thompson, Poisson sampling).
    """
    base = sampling.weight[sampling.base(selected)]
    total, chosen = float(base.sum()), float(sampling.weight[sampling.chosen(selected)].sum())
    if population is not None:
        spread = float(np.sqrt((base * np.maximum(base - 1, 0.0)).sum()))
        meant = _meant(sampling, selected, population)
        if meant is not None:
            return meant
        if abs(total - population) > max(_STANDARD_ERRORS * spread, _ROUNDING * population):
            return _not_the_population(total, population)
    if sampling.frame == "all_cases" and chosen > total:
        return Text(
            en=f"the chances of the random arm add up to {total:,.0f} cases, and the model selected "
            f"{chosen:,.0f}: they do "
            "not stand for the population. Check the chances of the random arm (1,000 of 50,000 cases is 0.02), or say "
            "what it was drawn from (random_arm_of)",
            nl=f"de kansen van de steekproef tellen op tot {_dutch(total)} zaken, en het model "
            f"selecteerde er {_dutch(chosen)}: "
            "ze staan niet voor de populatie. Controleer de kansen van de steekproef (1.000 van 50.000 zaken is 0.02), "
            "of zeg waaruit is getrokken (random_arm_of)",
        )
    return None


def table_adds_up(weight: Floats, n: int, population: int | None) -> Text | None:
    """Say why a table that holds others beside investigated cases is not the population; None where it may be.

    ``weight`` is one over the chance of each investigated case; together they should make up the whole table.
    """
    if population is not None:
        return None if abs(n - population) <= _ROUNDING * population else _table_is_not_all(n, population)
    total = float(weight.sum())
    spread = float(np.sqrt((weight * np.maximum(weight - 1, 0.0)).sum()))
    if not len(weight) or n / _MOST <= total <= _MOST * n or abs(total - n) <= _STANDARD_ERRORS * spread:
        return None
    return Text(
        en=f"the table holds {n:,} cases, and the chances of its investigated cases add up to "
        f"{total:,.0f}: it is neither all "
        "cases nor a sample of which every case has its arm and its chance. Give all cases; or only "
        "the investigated ones, "
        "each with its chance; or the size of the population, if the chances are wrong",
        nl=f"de tabel bevat {_dutch(n)} zaken, en de kansen van de onderzochte zaken tellen op tot "
        f"{_dutch(total)}: dit zijn niet "
        "alle zaken, en ook geen steekproef waarin elke zaak een route en een kans heeft. Geef alle "
        "zaken; of alleen de "
        "onderzochte, elk met zijn kans; of de grootte van de populatie, als de kansen niet kloppen",
    )


def _meant(sampling: Sampling, selected: Bools, population: int) -> Text | None:
    """Say that the weights are exactly the population in another reading of the random arm than the plan's."""

    def off(frame: Frame) -> float:
        return abs(float(sampling.weight[replace(sampling, frame=frame).base(selected)].sum()) / population - 1)

    if off(sampling.frame) <= _EXACT:
        return None
    other: tuple[Frame, ...] = ("all_cases", "not_selected")
    found = next((frame for frame in other if off(frame) <= _EXACT), None)
    if found is None or found == sampling.frame:
        return None
    return Text(
        en=f"the chances add up to the plan's population of {population:,} only if the random arm stands for "
        f"{_READING[found].en}; where it does, say random_arm_of = {found!r}, else correct the chances",
        nl=f"de kansen tellen alleen op tot de populatie van {_dutch(population)} in het plan als de steekproef "
        f"staat voor {_READING[found].nl}; klopt dat, zet dan random_arm_of = {found!r} in het plan, "
        "en verbeter anders de kansen",
    )


_READING = {
    "all_cases": Text(en="all cases, selected or not", nl="alle zaken, geselecteerd of niet"),
    "not_selected": Text(en="the cases that were not selected", nl="de zaken die niet zijn geselecteerd"),
}


def _not_the_population(total: float, population: int) -> Text:
    return Text(
        en=f"the chances add up to {total:,.0f} cases, and the plan's population is {population:,}: "
        f"they do not stand for it. "
        "Correct the chances or the population, or say what the random arm was drawn from (random_arm_of)",
        nl=f"de kansen tellen op tot {_dutch(total)} zaken, en de populatie in het plan is "
        f"{_dutch(population)}: ze staan er niet voor. "
        "Verbeter de kansen of de populatie, of zeg waaruit de steekproef is getrokken (random_arm_of)",
    )


def _table_is_not_all(n: int, population: int) -> Text:
    return Text(
        en=f"the table holds {n:,} of the {population:,} cases in the plan's population, and not "
        f"every one of them has an arm "
        "and a chance: nobody knows for whom they stand. Give all cases, or the investigated ones with arm and chance",
        nl=f"de tabel bevat {_dutch(n)} van de {_dutch(population)} zaken uit de populatie in het plan, en niet "
        f"elke zaak heeft een route en "
        "een kans: niemand weet voor wie ze staan. Geef alle zaken, of de onderzochte zaken met route en kans",
    )


def _dutch(number: float) -> str:
    return f"{number:,.0f}".replace(",", ".")
