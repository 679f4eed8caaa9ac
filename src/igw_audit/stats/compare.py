"""Each group's rate or mean against its reference, simultaneous over the groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from igw_audit.stats.estimate import Estimate

Mask = npt.NDArray[np.bool_]
Pair = tuple[Mask, Mask]


class Unmeasured(StrEnum):
    """Why a comparison, or a part of it, has no number."""

    EMPTY_GROUP = "empty_group"
    EMPTY_REFERENCE = "empty_reference"
    NO_REFERENCE_EVENTS = "no_reference_events"
    TOO_FEW = "too_few"


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
        Two-sided test of equal rates, and the same adjusted over the groups (Holm).
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


def rate(
    event: Mask,
    among: Mask,
    *,
    confidence: float = 0.95,
    cluster: npt.NDArray[np.generic] | None = None,
    weight: npt.NDArray[np.float64] | None = None,
) -> Estimate:
    """Share of the cases ``among`` that have the event; raises NotMeasurableError if there are none."""
    raise NotImplementedError


def compare_rates(
    event: Mask,
    among: Mask,
    pairs: Sequence[Pair],
    *,
    confidence: float = 0.95,
    cluster: npt.NDArray[np.generic] | None = None,
    weight: npt.NDArray[np.float64] | None = None,
    seed: int = 0,
) -> tuple[RateComparison, ...]:
    """Compare each pair's (member, compared) rates of the event among the cases ``among``; one result a pair."""
    raise NotImplementedError


def compare_counts(
    events: Sequence[int],
    n: Sequence[int],
    *,
    reference: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[RateComparison, ...]:
    """Compare K disjoint groups from their counts; ``reference`` is a group's position, None the rest.

    One result a group in the order given; a named reference group itself has none (K - 1 results).
    """
    raise NotImplementedError


def compare_means(
    values: npt.NDArray[np.float64],
    pairs: Sequence[Pair],
    *,
    confidence: float = 0.95,
    cluster: npt.NDArray[np.generic] | None = None,
    weight: npt.NDArray[np.float64] | None = None,
    seed: int = 0,
) -> tuple[MeanComparison, ...]:
    """Compare each pair's means; one result a pair."""
    raise NotImplementedError
