"""The one shape in which a number leaves the statistics: value, interval, n and method."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A point value with its interval.

    Attributes
    ----------
    value : float
        The point value, always finite.
    low, high : float or None
        Ends of the interval; None where the interval is open at that side (a ratio over zero).
    confidence : float
        The confidence level of the interval as read on its own; for simultaneous intervals the joint level.
    n : int
        Number of cases the value rests on (both sides of a comparison together).
    method : str
        The name of the interval's method, for example ``"Newcombe, simultaneous over 5 groups"``.

    Examples
    --------
    >>> Estimate(value=0.2, low=0.1, high=0.3, confidence=0.95, n=50, method="Wilson").inside(0.0, 0.5)
    True
    """

    value: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str

    def __post_init__(self) -> None:
        for name in ("value", "low", "high", "confidence"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(
                    f"{name} is {number}, and an estimate holds finite numbers only (None for an open end)"
                )
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence is {self.confidence}, expected a number between 0 and 1")
        # an interval's end may miss its value by rounding alone
        slack = 1e-9 * max(1.0, abs(self.value))
        if (self.low is not None and self.low > self.value + slack) or (
            self.high is not None and self.high < self.value - slack
        ):
            raise ValueError(f"interval [{self.low}, {self.high}] does not hold its value {self.value}")

    def inside(self, low: float | None, high: float | None) -> bool:
        """Tell whether the whole interval lies within [low, high]; None is no limit."""
        above = low is None or (self.low is not None and self.low >= low)
        below = high is None or (self.high is not None and self.high <= high)
        return above and below

    def outside(self, low: float | None, high: float | None) -> bool:
        """Tell whether the whole interval lies beyond one end of [low, high]."""
        under = low is not None and self.high is not None and self.high < low
        over = high is not None and self.low is not None and self.low > high
        return under or over
