"""The product of two independent estimates."""

from __future__ import annotations

import math

from igw_audit.stats.estimate import Estimate


def product(one: Estimate, other: Estimate, *, method: str) -> Estimate:
    """Multiply two independent estimates, their intervals joined (MOVER); an open end counts as no doubt there.

    Parameters
    ----------
    one, other : Estimate
        The result carries the confidence and the ``n`` of ``other``.
    method : str
        Name of the result's method.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
    Statistics in Medicine 27, 1693-1702.

    Examples
    --------
    >>> slope = Estimate(value=2.0, low=1.0, high=3.0, confidence=0.95, n=90, method="slope")
    >>> shift = Estimate(value=-0.5, low=-0.5, high=-0.5, confidence=0.95, n=400, method="shift")
    >>> found = product(slope, shift, method="product")
    >>> found.value, found.low, found.high, found.n
    (-1.0, -1.5, -0.5, 400)
    """
    value = one.value * other.value
    reaches = []
    for part, factor in ((one, other.value), (other, one.value)):
        low = part.value if part.low is None else part.low
        high = part.value if part.high is None else part.high
        reaches.append(sorted((low * factor, high * factor)))
    (a_low, a_high), (b_low, b_high) = reaches
    return Estimate(
        value=value,
        low=value - math.hypot(value - a_low, value - b_low),
        high=value + math.hypot(a_high - value, b_high - value),
        confidence=other.confidence,
        n=other.n,
        method=method,
    )
