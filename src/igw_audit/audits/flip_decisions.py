"""What a new score would decide at the operating point of the plan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from igw_audit.core.cases import Floats, ScoredCases

#: New scores, real scores and real decisions of the same cases -> chances of selection.
Chances = Callable[[Floats, Floats, Floats], Floats]


def operating_point(cases: ScoredCases) -> Chances:
    """Give the chance of selection at a new score, the operating point being where it is.

    A score that stays keeps its decision; a score that lands on the cutoff exactly gets the share of ties that fit.
    """
    slack = 1e-9 * max(1.0, float(np.abs(cases.score).max()))
    if cases.plan.bands is not None:
        edges = np.array(cases.edges or [band.at_least for band in cases.plan.bands])
        severity = np.array(cases.bands.severity if cases.bands else [band.severity for band in cases.plan.bands])
        # the edge itself belongs to the band above it, or, where scores were turned, to the one below
        room = slack if cases.contract is None or cases.contract.higher == "riskier" else -slack

        def taken(scores: Floats) -> Floats:
            place = np.maximum(np.searchsorted(edges - room, scores, side="right") - 1, 0)
            return np.asarray(severity[place] > severity.min(), dtype=np.float64)

    else:
        threshold = cases.edges[0] if cases.edges else cases.plan.threshold
        cutoff = float(cases.score[cases.selected].min(initial=np.inf)) if threshold is None else threshold
        tied = np.abs(cases.score - cutoff) <= slack
        fits = 1.0 if threshold is not None or not tied.any() else float(cases.selected[tied].mean())

        def taken(scores: Floats) -> Floats:
            return np.where(scores > cutoff + slack, 1.0, np.where(scores >= cutoff - slack, fits, 0.0))

    return lambda scores, real, selected: np.where(np.abs(scores - real) <= slack, selected, taken(scores))


def first_by_rank(scores: Floats, share: Floats, room: float) -> Floats:
    """Select from the highest score down until ``room`` cases are taken; ties at the cutoff get what is left."""
    order = np.argsort(-scores, kind="stable")
    cutoff = scores[order[min(int(np.searchsorted(np.cumsum(share[order]), room - 1e-9)), len(order) - 1)]]
    above, level = scores > cutoff, scores == cutoff
    left = (room - share[above].sum()) / share[level].sum()
    return np.asarray(above + level * np.clip(left, 0.0, 1.0), dtype=np.float64)
