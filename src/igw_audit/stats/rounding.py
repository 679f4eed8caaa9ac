"""Rounded and withheld counts are intervals: where a rate or a ratio can lie through that alone.

No sampling is meant here. Every cell moves freely within half a rounding step; a sum of cells moves with each of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Where a number can lie; ``high`` is None where nothing bounds it."""

    low: float
    high: float | None


def count_range(count: int | None, *, rounded_to: int = 10, cells: int = 1, suppressed_below: int = 0) -> Range:
    """Where a published count can have been.

    Parameters
    ----------
    count : int or None
        The published count; None where it was withheld.
    rounded_to : int
        Counts were rounded to this multiple; 1 where they are exact.
    cells : int
        How many rounded cells the count sums.
    suppressed_below : int
        Cells below this were withheld, or written as zero; 0 where none were.

    Returns
    -------
    Range
        Never below zero. Open upwards for a withheld count whose limit is not known.

    References
    ----------
    Hundepool, A. et al. (2012). Statistical Disclosure Control. Wiley, chapter 4 (rounding and suppression).

    Examples
    --------
    >>> count_range(20, cells=3)
    Range(low=5.0, high=35.0)
    >>> count_range(None, suppressed_below=10)
    Range(low=0.0, high=9.0)
    """
    if rounded_to < 1 or cells < 1 or suppressed_below < 0 or (count is not None and count < 0):
        raise ValueError("a count is zero or more, of one cell or more, rounded to 1 or more")
    half = rounded_to / 2 if rounded_to > 1 else 0.0
    hidden = max(suppressed_below - 1.0, half)
    if count is None:
        return Range(low=0.0, high=cells * hidden if suppressed_below else None)
    if count == 0:
        return Range(low=0.0, high=cells * hidden)
    # a sum above zero holds at least one cell that was shown
    return Range(low=max(0.0, count - cells * half), high=count + half + (cells - 1) * hidden)


def rate_range(part: Range, whole: Range) -> Range | None:
    """Where a rate can lie, a part never being larger than its whole; None if the whole can only be zero.

    Examples
    --------
    >>> rate_range(count_range(10), count_range(20))
    Range(low=0.2, high=1.0)
    """
    if whole.high == 0:
        return None
    low = part.low / whole.high if whole.high is not None else 0.0
    high = 1.0 if part.high is None or part.high >= whole.low else part.high / whole.low
    return Range(low=min(low, 1.0), high=high)


def ratio_range(rate: Range | None, reference: Range | None) -> Range | None:
    """Where the ratio of two rates can lie; None if a rate has no range, or the reference can only be zero.

    Examples
    --------
    Selected for a DUO check in 2014: 2,010 of 54,820 people with a non-European origin, 1,050 of 178,200 with a Dutch
    one, every count rounded to tens.

    >>> group = rate_range(count_range(2010), count_range(54820))
    >>> dutch = rate_range(count_range(1050), count_range(178200))
    >>> found = ratio_range(group, dutch)
    >>> round(found.low, 2), round(found.high, 2)
    (6.18, 6.27)
    """
    if rate is None or reference is None or rate.high is None or reference.high is None or reference.high == 0:
        return None
    return Range(low=rate.low / reference.high, high=rate.high / reference.low if reference.low > 0 else None)
