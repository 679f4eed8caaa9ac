"""What each feature contributes to each case's score: exact where the model allows, and checked row by row."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from igw_audit.audits.contributions.exact import exact_contributions
from igw_audit.audits.contributions.parts import Contributions
from igw_audit.audits.contributions.shapley import matched_shapley
from igw_audit.core.cases import ScoredCases

__all__ = ["Contributions", "contributions"]

_log = logging.getLogger(__name__)


def contributions(cases: ScoredCases) -> Contributions | None:
    """Give the contributions of every feature, or None where only scores are known.

    A linear model and scikit-learn's trees are taken apart exactly, through any preprocessing that keeps raw columns
    apart; whatever fails the check that contributions add up to the model's own output for every case, and every
    other model, is taken apart by switching features with like cases.
    """
    if cases.predict is None:
        return None
    found = exact_contributions(cases.model, cases.features) if cases.model is not None else None
    if found is not None and _same_order(-found.output, cases):
        # the positive class is the model's first
        found = replace(found, amounts=-found.amounts, output=-found.output)
    if found is None or not _same_order(found.output, cases):
        _log.info("contributions by switching features with like cases (no exact way holds for this model)")
        return matched_shapley(cases)
    return found


def _same_order(output: np.ndarray[tuple[int], np.dtype[np.float64]], cases: ScoredCases) -> bool:
    """Tell whether what was taken apart orders the cases as the score does; calibration may tie, never swap."""
    order = np.argsort(output, kind="stable")
    steps = np.diff(cases.score[order])
    return bool((steps >= -1e-9 * max(1.0, float(np.abs(cases.score).max()))).all())
