"""What a comparison of one group with its reference says, or why it has no number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from igw_audit.stats.estimate import Estimate


class Unmeasured(StrEnum):
    """Why a comparison, or a part of it, has no number."""

    EMPTY_GROUP = "empty_group"
    EMPTY_REFERENCE = "empty_reference"
    NO_REFERENCE_EVENTS = "no_reference_events"
    TOO_FEW = "too_few"
    OVERFULL = "overfull"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCounts:
    """Unweighted cases behind a comparison: events of n in the group, reference_events of reference_n beside it."""

    events: int
    n: int
    reference_events: int
    reference_n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateComparison:
    """One group's rate against its reference.

    Attributes
    ----------
    counts : RateCounts
        Unweighted counts of cases.
    rate, reference_rate : Estimate or None
        Each side's rate with a Wilson interval at the confidence asked, read on its own; None for an empty side.
    difference : Estimate or None
        ``rate - reference_rate``; simultaneous over all groups compared together. None if a side is empty.
    ratio : Estimate or None
        ``rate / reference_rate``, simultaneous likewise; ``high`` is None where it is open. None if a side is empty
        or the reference has no events.
    reason : Unmeasured or None
        Why ``ratio`` (and, for an empty side, ``difference``) is None.
    p_value, p_adjusted : float or None
        Two-sided test of equal rates (Fisher's where a cell expects fewer than five, else the score test), and the same
        adjusted over the groups (Holm). The intervals are what counts; a p-value may differ from them at the edge.
    minimum_detectable : float or None
        Smallest true difference (a positive number) that would be found with 80 % power at the simultaneous level;
        None where no difference between rates in [0, 1] would be.
    """

    counts: RateCounts
    rate: Estimate | None
    reference_rate: Estimate | None
    difference: Estimate | None
    ratio: Estimate | None
    reason: Unmeasured | None
    p_value: float | None
    p_adjusted: float | None
    minimum_detectable: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanComparison:
    """One group's mean against its reference, in the units of the values.

    ``reason`` is ``too_few`` where a side holds fewer than two independent cases (or clusters), so that its spread
    cannot be known; ``mean`` and ``reference_mean`` are then there without a difference.
    """

    n: int
    reference_n: int
    mean: float | None
    reference_mean: float | None
    difference: Estimate | None
    reason: Unmeasured | None
    p_value: float | None
    p_adjusted: float | None
    minimum_detectable: float | None
