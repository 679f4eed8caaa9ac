"""What each feature contributes to each case's score: exact where the model allows, and checked row by row."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from igw_audit.audits.contributions.exact import exact_contributions
from igw_audit.audits.contributions.parts import Contributions
from igw_audit.audits.contributions.shapley import affordable_cases, matched_shapley
from igw_audit.core.cases import Bools, ScoredCases

__all__ = ["Contributions", "contributions", "exactly", "most_cases"]

_log = logging.getLogger(__name__)


def contributions(cases: ScoredCases, rows: Bools | None = None) -> Contributions | None:
    """Give the contributions of every feature, or None where only scores are known.

    A linear model and scikit-learn's trees are taken apart exactly, through any preprocessing that keeps raw columns
    apart; whatever fails the check that contributions add up to the model's own output for every case, and every
    other model, is taken apart by switching features with like cases. Each is worked out once for the same cases.

    Parameters
    ----------
    cases : ScoredCases
    rows : ndarray of bool, shape (n_cases,), optional
        Which cases to take apart; all where nothing is said. See `most_cases` for how many are affordable.
    """
    if cases.predict is None:
        return None
    found = exactly(cases)
    if found is not None:
        return found if rows is None else found.only(rows)
    wanted = np.ones(cases.n, dtype=np.bool_) if rows is None else rows
    _log.info("contributions by switching features with like cases (no exact way holds for this model)")
    return cases.memo.once(("switched", wanted.tobytes()), lambda: matched_shapley(cases, wanted))


def exactly(cases: ScoredCases) -> Contributions | None:
    """Give exact contributions of all cases on the score's own side, or None where no exact way holds."""
    if cases.model is None or cases.predict is None:
        return None
    return cases.memo.once("exact contributions", lambda: _checked(cases))


def most_cases(cases: ScoredCases, most: int) -> int:
    """Give how many cases can be taken apart in reasonable time, ``most`` at most."""
    if cases.predict is None or exactly(cases) is not None:
        return most
    return min(most, affordable_cases(cases))


def _checked(cases: ScoredCases) -> Contributions | None:
    found = exact_contributions(cases.model, cases.shown(cases.features) if cases.shown else cases.features)
    if found is not None and _same_order(-found.output, cases):
        # the positive class is the model's first
        found = replace(found, amounts=-found.amounts, output=-found.output)
    return found if found is not None and _same_order(found.output, cases) else None


def _same_order(output: np.ndarray[tuple[int], np.dtype[np.float64]], cases: ScoredCases) -> bool:
    """Tell whether what was taken apart orders the cases as the score does; calibration may tie, never swap."""
    order = np.argsort(output, kind="stable")
    steps = np.diff(cases.score[order])
    return bool((steps >= -1e-9 * max(1.0, float(np.abs(cases.score).max()))).all())
