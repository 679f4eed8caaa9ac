"""What the half of the cases that did not find a slice says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from igw_audit.core.cases import Bools, ScoredCases
from igw_audit.core.compared import UNWEIGHTED
from igw_audit.core.finding import Counts
from igw_audit.stats.basis import spline_basis
from igw_audit.stats.compare import compare_rates
from igw_audit.stats.conditional import conditional_effects
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.subgroups import Slice

#: Family-wise level at which a slice is confirmed.
ALPHA = 0.05
#: A side of a slice needs as many cases, and as many clusters, in the half that confirms.
FEWEST_CASES, FEWEST_CLUSTERS = 10, 5
DRAWS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A slice that the search singled out, and what the other half says of it (None: too few cases there)."""

    slice: Slice
    given_declared: bool
    estimate: Estimate | None = None
    counts: Counts | None = None
    p_value: float | None = None
    p_adjusted: float | None = None

    @property
    def confirmed(self) -> bool:
        """Whether test and interval both say that the group is selected more often."""
        low = None if self.estimate is None else self.estimate.low
        return self.p_adjusted is not None and self.p_adjusted <= ALPHA and low is not None and low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    estimate: Estimate
    p_value: float


def try_slice(
    cases: ScoredCases, one: Slice, place: tuple[Bools, Bools, Bools], *, given_declared: bool, of: int
) -> Candidate:
    """Compare the group with the others of its slice; both the whole slice and what better slices leave must show it.

    Parameters
    ----------
    place : tuple of three ndarray of bool, shape (n_cases,)
        The slice's cases in this half; the group; the people of better slices.
    of : int
        Number of candidates, over which the interval holds jointly.
    """
    rows, people, better = place
    nothing = Candidate(slice=one, given_declared=given_declared)
    joint = 1 - (1 - cases.plan.confidence) / of
    whole = _compared(cases, rows, rows & people, given_declared=given_declared, joint=joint)
    if whole is None:
        return nothing
    p_value = whole.p_value
    if (rows & better).any():
        kept = rows & ~better
        left = _compared(cases, kept, kept & people, given_declared=given_declared, joint=joint)
        if left is None:
            return nothing
        p_value = max(p_value, left.p_value)
    member, others = rows & people, rows & ~people
    return replace(
        nothing,
        estimate=replace(
            whole.estimate,
            confidence=cases.plan.confidence,
            method=f"other half of the cases; {whole.estimate.method}, simultaneous over {of} candidates (Bonferroni)",
        ),
        counts=Counts(
            events=int((cases.selected & member).sum()),
            n=int(member.sum()),
            reference_events=int((cases.selected & others).sum()),
            reference_n=int(others.sum()),
        ),
        p_value=p_value,
    )


def _compared(
    cases: ScoredCases, rows: Bools, member: Bools, *, given_declared: bool, joint: float
) -> _Compared | None:
    """Compare in these rows; None where a side is too small. The question is one of over-selection: else p is 1."""
    for side in (member, rows & ~member):
        if side.sum() < FEWEST_CASES:
            return None
        if cases.cluster is not None and len(np.unique(cases.cluster[side])) < FEWEST_CLUSTERS:
            return None
    found = (_conditional if given_declared else _rates)(cases, rows, member, joint)
    if found is None or found.estimate.value > 0:
        return found
    return replace(found, p_value=1.0)


def _rates(cases: ScoredCases, rows: Bools, member: Bools, joint: float) -> _Compared | None:
    (found,) = compare_rates(
        cases.selected & rows,
        rows,
        [(member, rows & ~member)],
        confidence=joint,
        cluster=cases.cluster,
        weight=cases.weight,
        seed=cases.plan.seed,
    )
    if found.difference is None or found.p_value is None:
        return None
    return _Compared(estimate=found.difference, p_value=found.p_value)


def _conditional(cases: ScoredCases, rows: Bools, member: Bools, joint: float) -> _Compared | None:
    found = conditional_effects(
        cases.selected[rows].astype(np.float64)[:, None],
        member[rows].astype(np.int64),
        spline_basis(cases.features.loc[rows, list(cases.plan.declared)]),
        seed=cases.plan.seed,
        draws=DRAWS,
        confidence=joint,
        cluster=None if cases.cluster is None else cases.cluster[rows],
    )
    if not found.measurable[0, 1]:
        return None
    value, low, high = (float(part[0, 1]) for part in (found.effect, found.low, found.high))
    estimate = Estimate(
        value=value,
        low=low if np.isfinite(low) else None,
        high=high if np.isfinite(high) else None,
        confidence=joint,
        n=int(rows.sum()),
        method="overlap-weighted" if cases.weight is None else f"overlap-weighted; {UNWEIGHTED}",
    )
    return _Compared(estimate=estimate, p_value=float(found.p[0, 1]))
