"""The true violation of every case, seen or unseen: the same rate for each nationality unless a scenario differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igw_audit.intake.synthetic.draws import Codes, Draws, Floats, expit, logit


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRates:
    """Share of all cases with each type of violation, found or not. Assumptions: see the README of each pilot."""

    administrative: float
    deliberate_false_information: float
    public_order: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueViolations:
    """What is true of every case.

    Attributes
    ----------
    types : ndarray of object, shape (n,)
        ``none``, ``administrative``, ``deliberate_false_information`` or ``public_order``.
    chance : ndarray of float64, shape (n,)
        The chance of a deliberate violation that the type was drawn with.
    """

    types: npt.NDArray[np.object_]
    chance: Floats


def true_violations(draws: Draws, *, risk: Floats, rates: TrueRates, group: Codes | None) -> TrueViolations:
    """Draw the type of every case.

    ``risk`` is the log-odds that the columns add for deliberate violations (half of it for administrative ones). With
    ``group`` the intercepts are solved so that the expected rate is the same in each group, however risk is spread.
    """
    n = len(risk)
    together = np.zeros(n, dtype=np.int64)
    codes = together if group is None else group
    deliberate = expit(risk + _intercepts(risk, rates.deliberate_false_information, codes)[codes])
    mild = 0.5 * risk
    administrative = expit(mild + _intercepts(mild, rates.administrative, codes)[codes])
    edges = np.cumsum([np.full(n, rates.public_order), deliberate, administrative], axis=0)
    u = draws.uniform("true type", n)
    types = np.select(
        [u < edges[0], u < edges[1], u < edges[2]],
        ["public_order", "deliberate_false_information", "administrative"],
        default="none",
    ).astype(object)
    return TrueViolations(types=types, chance=deliberate)


def _intercepts(risk: Floats, rate: float, group: Codes) -> Floats:
    """Solve mean(expit(a_g + risk)) = rate in every group; bisection, 50 halvings of a width of 40."""
    size = np.maximum(np.bincount(group), 1)
    centre = float(logit(np.array(rate)))
    low, high = np.full(len(size), centre - 20.0), np.full(len(size), centre + 20.0)
    for _ in range(50):
        middle = (low + high) / 2
        mean = np.bincount(group, weights=expit(middle[group] + risk), minlength=len(size)) / size
        low, high = np.where(mean < rate, middle, low), np.where(mean < rate, high, middle)
    return np.asarray((low + high) / 2, dtype=np.float64)
