"""Whether a feature goes together with an outcome among cases drawn by lot, tested for all features at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from igw_audit.stats.compare import compare_rates
from igw_audit.stats.comparison import RateComparison
from igw_audit.stats.masks import Clusters, Mask
from igw_audit.stats.proportions import Floats

#: Values of a category that are held against the others by themselves, the most frequent first.
MOST_VALUES = 12
#: Where more cases than this share the value at a cut, what lies under it is more than the other side of the cut.
TIED = 0.05
#: A band or value of fewer cases than this is not held against the others.
FEWEST = 10


class Band(StrEnum):
    """Which part of a feature's cases is held against all other cases."""

    YES = "yes"
    ABOVE = "above"
    BELOW = "below"
    VALUE = "value"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The strongest link of one feature with the outcome.

    Attributes
    ----------
    band, value : Band and float, str or None
        The part of the cases: where a flag says yes, above or below a number, with one value, or with none recorded.
    compared : RateComparison
        The rate of the outcome in that part against all other cases; its interval holds for all parts of all features
        together, and its ``p_adjusted`` is corrected for them.
    """

    feature: str
    band: Band
    value: float | str | None
    compared: RateComparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The strongest link of each feature that has one to test, and over how many comparisons they were corrected."""

    links: tuple[Link, ...]
    comparisons: int

    def of(self, feature: str) -> Link | None:
        """Give a feature's link; None where there was nothing to compare."""
        return next((link for link in self.links if link.feature == feature), None)


def feature_links(
    features: pd.DataFrame,
    event: Mask,
    *,
    confidence: float = 0.95,
    cluster: Clusters | None = None,
    weight: Floats | None = None,
) -> Links:
    """Hold parts of every feature against all other cases, and keep the part that stands out most.

    Numbers and dates are cut at their quartiles; flags, each of the most frequent values of a category,
    and missing values are parts too. One call corrects for all parts of all features (Holm), so that choosing the
    strongest is paid for.

    Parameters
    ----------
    features : DataFrame, n_cases rows
        Raw features, one column each; missing is NaN or None.
    event : ndarray of bool, shape (n_cases,)
        Whether each case has the outcome.
    confidence : float
        Joint level of the intervals.
    cluster, weight : ndarray of shape (n_cases,), optional
        As in ``compare.compare_rates``.

    Returns
    -------
    Links
        In the order of the columns; without those that hold one value only.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6, 65-70.

    Examples
    --------
    >>> late = pd.DataFrame({"days": np.repeat([0.0, 9.0], [300, 100]), "flag": np.tile([0.0, 1.0], 200)})
    >>> found = feature_links(late, np.repeat([False, True, False], [290, 50, 60]))
    >>> best = found.of("days")
    >>> best.band.value, best.value, round(best.compared.difference.value, 2), best.compared.p_adjusted < 0.001
    ('above', 0.0, 0.37, True)
    >>> found.of("flag").band.value, found.of("flag").compared.p_adjusted
    ('yes', 1.0)
    """
    parts = [part for name in features.columns for part in _parts(str(name), features[name])]
    if not parts:
        return Links(links=(), comparisons=0)
    found = compare_rates(
        event,
        np.ones(len(features), dtype=np.bool_),
        [(member, ~member) for _, _, _, member in parts],
        confidence=confidence,
        cluster=cluster,
        weight=weight,
    )
    best: dict[str, Link] = {}
    for (name, band, value, _), compared in zip(parts, found, strict=True):
        held = best.get(name)
        if held is None or _rank(compared) < _rank(held.compared):
            best[name] = Link(feature=name, band=band, value=value, compared=compared)
    return Links(links=tuple(best.values()), comparisons=len(parts))


_Part = tuple[str, Band, float | str | None, Mask]


def _parts(name: str, values: pd.Series) -> Iterator[_Part]:
    missing = values.isna().to_numpy(dtype=np.bool_)
    held: list[Mask] = []
    for band, value, member in (*_bands(values, ~missing), (Band.MISSING, None, missing)):
        size = int(member.sum())
        # the same cut twice, or its other side, asks the same question again
        if min(size, len(member) - size) < FEWEST or any(
            (member == one).all() or (member != one).all() for one in held
        ):
            continue
        held.append(member)
        yield name, band, value, member


def _bands(values: pd.Series, known: Mask) -> Iterator[tuple[Band, float | str | None, Mask]]:
    if not known.any():
        return
    if pd.api.types.is_numeric_dtype(values.dtype) or values.dtype.kind == "M":
        dated = values.astype("int64").where(values.notna()) if values.dtype.kind == "M" else values
        numbers = dated.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isin(numbers[known], (0.0, 1.0)).all():
            yield Band.YES, None, known & (numbers == 1)
            return
        cuts = np.unique(np.quantile(numbers[known], (0.5, 0.25, 0.75), method="lower"))
        filled = np.where(known, numbers, 0.0)
        for cut in cuts:
            at = known & (filled == cut)
            name = str(values.iloc[int(np.argmax(at))].date()) if values.dtype.kind == "M" else float(cut)
            yield Band.ABOVE, name, known & (filled > cut)
            if at.mean() > TIED:
                yield Band.BELOW, name, known & (filled < cut)
        return
    text = values.astype("string")
    sizes = text[known].value_counts()
    order = sorted(sizes.index, key=lambda one: (-int(sizes[one]), str(one)))
    for one in order[:MOST_VALUES]:
        yield Band.VALUE, str(one), (text == one).fillna(False).to_numpy(dtype=np.bool_)


def _rank(compared: RateComparison) -> tuple[float, float, float]:
    p = 1.0 if compared.p_adjusted is None else compared.p_adjusted
    raw = 1.0 if compared.p_value is None else compared.p_value
    gap = 0.0 if compared.difference is None else abs(compared.difference.value)
    return p, raw, -gap
