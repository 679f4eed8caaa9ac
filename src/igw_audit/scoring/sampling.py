"""A table of investigated cases with known chances -> what each case stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from igw_audit.core.plan import Plan
from igw_audit.core.sampling import RANDOM, Frame, Sampling, adding_up, table_adds_up
from igw_audit.core.text import Text
from igw_audit.errors import InputError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

#: Weights times chances that differ by no more than this share say the same thing twice.
_SAME = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a case table says about how its cases were drawn, in canonical order; None where it is not given."""

    n: int
    arm: NDArray[np.object_] | None
    chance: Floats | None
    weight: Floats | None

    @property
    def by_lot(self) -> Bools:
        """The random arm."""
        return np.zeros(self.n, dtype=np.bool_) if self.arm is None else np.asarray(self.arm == RANDOM, dtype=np.bool_)

    @property
    def investigated(self) -> Bools:
        """The cases that have an arm."""
        if self.arm is None:
            return np.zeros(self.n, dtype=np.bool_)
        return np.array([one is not None for one in self.arm], dtype=np.bool_)

    @property
    def inclusion(self) -> Floats | None:
        """How many cases each case stands for: one over its chance, or its weight; None where a chance is missing."""
        if self.chance is None:
            return self.weight
        return None if np.isnan(self.chance).any() else 1 / self.chance


def may_lack_score(arm: NDArray[np.object_] | None, absent: Bools) -> Bools:
    """Tell which of the cases without a score may lack it: those drawn at random, whom the model need not have seen."""
    return np.zeros(len(absent), dtype=np.bool_) if arm is None else absent & (arm == RANDOM)


def sampling_of(drawn: Drawn, plan: Plan, scored: Bools) -> Sampling | None:
    """Say what the table is a sample of; None where it holds all cases.

    A table is a sample where every case was investigated (has an arm) with a known chance or weight, some of them drawn
    at random; or where the plan gives a population and every case a chance or weight.

    Raises
    ------
    InputError
        If chance and weight say the same thing twice, or the plan or the scores ask for chances that are not there.
    """
    sampled = bool(drawn.investigated.all()) and bool(drawn.by_lot.any())
    problems = [*_twice(drawn, plan, sampled=sampled), *_lacks(drawn, plan, scored, sampled=sampled)]
    if problems:
        raise InputError("plan", problems)
    weight = drawn.inclusion
    stated = plan.population is not None or plan.random_arm_of is not None
    if weight is None or not (sampled or (drawn.arm is None and stated)):
        return None
    if not stated and scored.all() and bool((weight == 1).all()):
        return None
    frame: Frame = plan.random_arm_of or ("own_chance" if scored.all() else "all_cases")
    return Sampling(frame=frame, weight=weight, by_lot=drawn.by_lot, scored=scored)


def checked_sampling(sampling: Sampling | None, drawn: Drawn, plan: Plan, selected: Bools) -> Sampling | None:
    """Add why no figure may be made of the sample, where its chances do not add up to the population."""
    if sampling is not None:
        return replace(sampling, problem=adding_up(sampling, selected, plan.population))
    problem = _of_whole_table(drawn, plan)
    if problem is None:
        return None
    ones = np.ones(drawn.n)
    return Sampling(frame="unclear", weight=ones, by_lot=drawn.by_lot, scored=ones > 0, problem=problem)


def _of_whole_table(drawn: Drawn, plan: Plan) -> Text | None:
    if drawn.chance is None or drawn.arm is None:
        return table_adds_up(np.ones(0), drawn.n, plan.population)
    held = drawn.investigated & np.isfinite(drawn.chance)
    if not drawn.by_lot.any() or drawn.investigated.all():
        held &= False
    return table_adds_up(1 / drawn.chance[held], drawn.n, plan.population)


def _twice(drawn: Drawn, plan: Plan, *, sampled: bool) -> list[str]:
    if drawn.chance is None or drawn.weight is None:
        return []
    known = np.isfinite(drawn.chance)
    product = drawn.weight[known] * drawn.chance[known]
    same = (
        len(product) > 1 and np.ptp(drawn.chance[known]) > 0 and float(np.ptp(product)) <= _SAME * float(product.mean())
    )
    if not (sampled or same or (drawn.arm is None and plan.population is not None)):
        return []
    why = "is 1 over it, up to a factor" if same else "cannot count beside it in a table of investigated cases"
    return [
        f"arm_probability ({plan.arm_probability!r}) says by its chance how many cases each case "
        f"stands for, and weight "
        f"({plan.weight!r}) {why}: with both every case counts double. Give one of the two; where the "
        f"weight has another "
        "ground, divide the chance by it in one column"
    ]


def _lacks(drawn: Drawn, plan: Plan, scored: Bools, *, sampled: bool) -> list[str]:
    problems = []
    unscored = int((~scored).sum())
    if unscored and (not sampled or drawn.inclusion is None):
        problems.append(
            f"{unscored} cases of the random arm have no score, and it is not known for how many "
            f"cases each case stands; "
            "give every case its arm and its chance (arm_probability) or its weight, or give all cases a score"
        )
    if plan.random_arm_of is not None and not (sampled and drawn.inclusion is not None):
        problems.append(
            "random_arm_of says what the random arm was drawn from, which needs a table of "
            "investigated cases: an arm for "
            "every case, some of them 'random', and every case's chance (arm_probability) or weight"
        )
    return problems
