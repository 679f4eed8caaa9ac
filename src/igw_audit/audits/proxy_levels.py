"""Levels of proxy use: from a shift and its joint interval to a word (METHODS, levels)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.proxy import ProxyUse

#: Family-wise level of the shifts, and level of the omnibus test.
ALPHA, ALPHA_OMNIBUS = 0.033, 0.01
#: Shifts in standard deviations of the score.
TAU_WEAK, TAU_STRONG, TAU_EQUIVALENT = 0.05, 0.20, 0.10
#: A whole whose joint interval lies within this is below what a spline basis tells from its own approximation: where
#: the score is a bent function of the declared factors alone, nothing else is left and the test finds the misfit. The
#: part that declared factors contribute is nothing but such a function, unless the model joins it with other features:
#: it must pass the weak limit (with 0.02 it raised a false alarm in 9 % of null worlds with sin(2x), n = 2,000).
RESOLUTION = 0.02
#: A feature carries the attribute when it differs by this many of its own standard deviations.
PRESENT = 0.30
#: The parts explain a total when they add up to this share of it, in its direction.
ADDS_UP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the numbers of one group amount to.

    Attributes
    ----------
    rows : tuple of str or None
        Level of each feature and pair, in the order of `ProxyUse`.
    group : str
        The group's level: the gravest that holds.
    """

    rows: tuple[str | None, ...]
    group: str


def read_group(found: ProxyUse, group: int, *, present: NDArray[np.bool_], marginal: bool) -> Reading:
    """Give the level of every part and of the whole for one group.

    Parameters
    ----------
    found : ProxyUse
    group : int
        The group's code.
    present : ndarray of bool, shape (n_features,)
        Which features carry the attribute, beyond the declared factors.
    marginal : bool
        Whether score or selection differ before the declared factors are taken into account.
    """
    parts = found.n_features + len(found.pairs.members)
    carried = [*present.tolist(), *(present[one] or present[other] for one, other in found.pairs.members)]
    rows = tuple(_row_level(found, row, group, present=bool(carried[row])) for row in range(parts))
    return Reading(rows=rows, group=_group_level(found, group, rows, marginal=marginal))


def delta(found: ProxyUse, row: int, group: int) -> float:
    """Give a shift in standard deviations."""
    unit = found.unit(row)
    return float(found.effects.effect[row, group]) / unit if unit > 0 else 0.0


def bound(found: ProxyUse, row: int, group: int) -> float:
    """Give the larger end of a shift's joint interval, in standard deviations."""
    unit = found.unit(row)
    largest = max(-float(found.effects.low[row, group]), float(found.effects.high[row, group]))
    return largest / unit if unit > 0 else 0.0


def flagged(found: ProxyUse, row: int, group: int) -> bool:
    """Tell whether a shift is told from zero with the family's error control, and of a whole, above the resolution."""
    rejected = found.effects.measurable[row, group] and found.effects.p_adjusted[row, group] <= ALPHA
    if row < found.n_features + len(found.pairs.members):
        return bool(rejected)
    declared = found.has_declared and row == found.total - 1
    return bool(rejected and bound(found, row, group) > (TAU_WEAK if declared else RESOLUTION))


def named(found: ProxyUse, row: int, group: int) -> bool:
    """Tell whether the omnibus names a feature of which no mean shifts: its spread, or one end, goes with the group."""
    return bool(
        row < found.n_features
        and found.omnibus.p_adjusted[group] <= ALPHA_OMNIBUS
        and found.own.p_adjusted[row, group] <= ALPHA_OMNIBUS
    )


def parts_sum(found: ProxyUse, group: int) -> float:
    """Add up the shifts of all features and the declared factors; pairs are within them already."""
    rows = [*range(found.n_features)]
    if found.has_declared:
        rows.append(found.total - 1)
    return sum(delta(found, row, group) for row in rows)


def _row_level(found: ProxyUse, row: int, group: int, *, present: bool) -> str | None:
    if not found.effects.measurable[row, group]:
        return "inconclusive"
    size, largest = abs(delta(found, row, group)), bound(found, row, group)
    if flagged(found, row, group):
        if size >= TAU_STRONG:
            return "strong_use"
        return "trace_use" if size < TAU_WEAK and largest < TAU_STRONG else "weak_use"
    if named(found, row, group):
        widening = abs(float(found.widening[row, group])) / found.scale
        return "weak_use" if max(size, widening) >= TAU_WEAK else "trace_use"
    if largest >= TAU_EQUIVALENT:
        return "use_not_excluded"
    return "present_unused" if present else None


def _group_level(found: ProxyUse, group: int, rows: tuple[str | None, ...], *, marginal: bool) -> str:
    if not found.effects.measurable[found.total, group]:
        return "inconclusive"
    used = _used_level(found, group, rows)
    if used is not None:
        return used
    detectable = float(found.effects.minimum_detectable[found.total, group]) / max(found.scale, 1e-300)
    if detectable > TAU_EQUIVALENT:
        return "inconclusive"
    # the decision has its own test above, and its own bound in A005
    bounded = bound(found, found.total, group) < TAU_EQUIVALENT
    if marginal and bounded:
        return "explained_by_declared"
    if "use_not_excluded" in rows or not bounded:
        return "use_not_excluded"
    return "present_unused" if "present_unused" in rows else "no_disparity_shown"


def _used_level(found: ProxyUse, group: int, rows: tuple[str | None, ...]) -> str | None:
    """Give the level of use that holds for the group, None where nothing rejects."""
    singles = [row for row in range(found.n_features) if flagged(found, row, group)]
    # a feature that is told for one group moves all others the other way: what shows there is not "together"
    none_single = not any(
        flagged(found, row, other) or named(found, row, other)
        for row in range(len(rows))
        for other in range(found.effects.effect.shape[1])
    )
    total, decision = flagged(found, found.total, group), flagged(found, found.decision, group)
    omnibus = float(found.omnibus.p_adjusted[group]) <= ALPHA_OMNIBUS
    declared = found.has_declared and flagged(found, found.total - 1, group)
    whole = delta(found, found.total, group)
    adds_up = found.n_features > 0 and parts_sum(found, group) * np.sign(whole) >= ADDS_UP * abs(whole)
    if "strong_use" in rows:
        return "strong_use"
    # of features that push both ways the whole says nothing: those that are told must lean its way by themselves
    several = sum(delta(found, row, group) for row in singles) * np.sign(whole)
    if len(singles) >= 3 and abs(whole) >= TAU_WEAK and several >= TAU_WEAK:
        return "joint_use"
    if none_single and adds_up and (total or omnibus or declared):
        return "joint_use"
    for level in ("weak_use", "trace_use"):
        if level in rows:
            return level
    if not none_single and adds_up and (total or omnibus):
        # the other side of a feature that is named for another group
        return "weak_use" if total and abs(whole) >= TAU_WEAK else "trace_use"
    return "unexplained" if total or decision or omnibus else None
