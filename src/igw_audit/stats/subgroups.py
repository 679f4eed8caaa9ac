"""Search for slices of the cases in which one group has the event more often than the others in the same slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from igw_audit.stats.basis import ranked_levels

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: A number is cut at these quantiles, or between its values where it has no more than ``FEW_VALUES``.
CUTS, FEW_VALUES = (0.2, 0.4, 0.6, 0.8), 6
#: Levels of a category with a condition of their own; the rest are pooled.
LEVELS = 7
#: Conditions in one slice; above so many features the third comes from the most promising ones only.
ORDER, EXHAUSTIVE = 3, 16
#: A slice holds as many cases of the group, and of the others, as this.
FEWEST = 20
#: How far a slice's difference must stand out, in standard errors.
STANDS_OUT = 2.0
#: A narrower slice is named instead of a wider one if it stands out so far, and further than the wider one.
NARROWER = 2.5
#: It lies within the wider one for this part of its people at least.
WITHIN = 0.9
#: Slices looked at before the choice is made.
SHORTLIST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What can be asked of one feature.

    Attributes
    ----------
    name : str
    words : tuple of str
        Each condition, for example ``"age <= 30"``.
    bins : ndarray of int64, shape (n_cases,)
        Each case's class of the feature.
    holds : ndarray of bool, shape (n_conditions, n_bins)
        In which classes a condition holds.
    """

    name: str
    words: tuple[str, ...]
    bins: Codes
    holds: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One group within a conjunction of conditions.

    Attributes
    ----------
    group : int
    features, conditions : tuple of int
        Positions of the features, and of the condition of each.
    quality : float
        The smallest of the z statistics of the difference within the slice, and of how much larger it is there than in
        what is left of the slice without one of its conditions, each in turn.
    """

    group: int
    features: tuple[int, ...]
    conditions: tuple[int, ...]
    quality: float

    def cases(self, asked: Sequence[Conditions]) -> Bools:
        """Tell which cases meet the conditions."""
        met = [asked[f].holds[c][asked[f].bins] for f, c in zip(self.features, self.conditions, strict=True)]
        return np.asarray(np.logical_and.reduce(met))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The best slices, in order of how well they stand out, and how many were looked at."""

    slices: tuple[Slice, ...]
    looked_at: int


def conditions_of(values: pd.Series) -> Conditions | None:
    """Cut a feature into classes and say what can be asked of them; None where it has one class only.

    Examples
    --------
    >>> conditions_of(pd.Series([1.0, 2.0, 2.0, None], name="level")).words
    ('level <= 1', 'level > 1', 'level is missing')
    """
    name = str(values.name)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = values.dt.strftime("%Y-%m-%d").astype(object)
        cuts = sorted({str(day)[:10] for day in values.dropna().quantile(list(CUTS), interpolation="lower")})
        bins = np.searchsorted(cuts, days.fillna("").to_numpy(dtype=str), side="left")
        return _of_number(name, bins, missing=values.isna().to_numpy(dtype=np.bool_), cuts=cuts)
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        raw = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(raw)
        distinct = np.unique(raw[known])
        few = len(distinct) <= FEW_VALUES
        edges = distinct[:-1] if few else np.unique(np.quantile(raw[known], CUTS, method="lower"))
        bins = np.searchsorted(edges, np.where(known, raw, 0.0), side="left")
        return _of_number(name, bins, missing=~known, cuts=[f"{edge:.4g}" for edge in edges])
    levels = ranked_levels(values)
    first = pd.Series(levels).drop_duplicates().index
    called = {int(levels[place]): values.iloc[place] for place in first}
    bins = np.minimum(levels, LEVELS)
    words = [f"{name} is missing" if pd.isna(called[k]) else f"{name} = {called[k]}" for k in range(bins.max() + 1)]
    if len(called) > LEVELS:
        words[LEVELS] = f"{name}: any other"
    if len(words) < 2:
        return None
    return Conditions(name=name, words=tuple(words), bins=bins, holds=np.eye(len(words), dtype=np.bool_))


def _of_number(name: str, bins: NDArray[np.intp], *, missing: Bools, cuts: Sequence[str]) -> Conditions | None:
    held = len(cuts) + 1
    words, holds = [], []
    for place, cut in enumerate(cuts):
        upto = np.append(np.arange(held) <= place, [False])
        words += [f"{name} <= {cut}", f"{name} > {cut}"]
        holds += [upto, np.append(~upto[:-1], [False])]
    if missing.any():
        words.append(f"{name} is missing")
        holds.append(np.append(np.zeros(held, dtype=np.bool_), [True]))
    if len(words) < 2:
        return None
    codes = np.where(missing, held, bins).astype(np.int64)
    return Conditions(name=name, words=tuple(words), bins=codes, holds=np.array(holds))


def search(outcome: Floats, member: Floats, groups: Codes, asked: Sequence[Conditions], *, most: int) -> Search:
    """Find the slices in which a group stands out, among all conjunctions of up to three conditions.

    Within a slice the difference of the group with the others is ``sum r e / sum e^2``, both centred in the slice;
    with ``r`` the event and ``e`` the membership it is the plain difference of two rates, with residuals on declared
    factors what those leave. A slice counts where the difference stands out from nothing, and from the same group's
    difference in the rest of each slice with one condition less: every condition earns its place, and a slice says more
    than the group as a whole does.

    Every conjunction of two features is looked at, from one pass of sums over classes a pair; of three features where
    there are no more than sixteen, else those among the sixteen that stood out most.

    Parameters
    ----------
    outcome : ndarray of float64, shape (n_cases,)
        Event, or its residual.
    member : ndarray of float64, shape (n_cases, K)
        Membership of each group, or its residual.
    groups : ndarray of int64, shape (n_cases,)
    asked : sequence of Conditions
        With as many bins as there are cases.
    most : int
        Slices to give; each still stands out without the people of the group in better slices.

    References
    ----------
    Sagadeeva, S. and Boehm, M. (2021). SliceLine: fast, linear-algebra-based slice finding for ML model debugging.
    SIGMOD 2021, 2290-2299.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> age, group = rng.integers(0, 4, 4000), rng.integers(0, 2, 4000)
    >>> chosen = rng.random(4000) < np.where((age == 0) & (group == 1), 0.5, 0.1)
    >>> asked = [conditions_of(pd.Series(age.astype(float), name="age"))]
    >>> best = search(chosen * 1.0, np.eye(2)[group], group, asked, most=1).slices[0]
    >>> best.group, asked[0].words[best.conditions[0]]
    (1, 'age <= 0')
    """
    cube = _Cube.of(outcome, member, groups)
    found: list[Slice] = []
    looked_at = 0
    promise = np.zeros(len(asked))
    for order in range(1, ORDER + 1):
        among: Sequence[int] = range(len(asked))
        if order == ORDER and len(asked) > EXHAUSTIVE:
            among = sorted(np.argsort(-promise, kind="stable")[:EXHAUSTIVE].tolist())
        for features in combinations(among, order):
            quality = cube.quality([asked[feature] for feature in features])
            looked_at += quality.size
            for one in _best(quality, features, tuple(len(asked[feature].words) for feature in features)):
                found.append(one)
                promise[list(features)] = np.maximum(promise[list(features)], one.quality)
    ranked = sorted(found, key=lambda one: (-one.quality, one.features, one.conditions, one.group))
    return Search(slices=tuple(cube.apart(ranked[:SHORTLIST], asked, most=most)), looked_at=looked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cube:
    """Sums that a slice needs, by class: 1, r, r^2, then for every group its cases, e, re and e^2."""

    columns: Floats
    count: int

    @classmethod
    def of(cls, outcome: Floats, member: Floats, groups: Codes) -> _Cube:
        r, e = outcome[:, None], member
        inside = (groups[:, None] == np.arange(member.shape[1])).astype(np.float64)
        columns = np.column_stack([np.ones(len(r)), r, r**2, inside, e, r * e, e**2])
        return cls(columns=columns, count=member.shape[1])

    def quality(self, asked: Sequence[Conditions]) -> Floats:
        """Give the quality of every conjunction of these features and every group, shape (n_conjunctions, K)."""
        n = len(self.columns)
        shape = [one.holds.shape[1] for one in asked]
        place = np.ravel_multi_index([one.bins for one in asked], shape)
        spread = csr_matrix((np.ones(n), place, np.arange(n + 1)), shape=(n, int(np.prod(shape))))
        sums = np.asarray(spread.T @ self.columns).reshape(*shape, -1)
        for axis, one in enumerate(asked):
            # the first row holds always: it gives the slices with one condition less
            holds = np.vstack([np.ones(one.holds.shape[1]), one.holds])
            sums = np.moveaxis(np.tensordot(holds, sums, axes=(1, axis)), 0, axis)
        met = (slice(1, None),) * len(asked)
        inside = sums[met].reshape(-1, self.columns.shape[1])
        quality = self._stands(inside)
        value, variance = self._difference(inside)
        for axis in range(len(asked)):
            wider = sums[(*met[:axis], slice(0, 1), *met[axis + 1 :])]
            rest, noise = self._difference((wider - sums[met]).reshape(-1, self.columns.shape[1]))
            # where nobody of the group, or nobody else, is in the rest, it cannot be told what the condition adds
            both = np.where(noise > 0, variance + noise, 1.0)
            quality = np.minimum(quality, np.where(noise > 0, (value - rest) / np.sqrt(both), -np.inf))
        return quality

    def apart(self, ranked: Sequence[Slice], asked: Sequence[Conditions], *, most: int) -> Iterator[Slice]:
        """Go through slices from the best, leaving out what stands out by people of better ones alone."""
        covered = np.zeros((len(self.columns), self.count), dtype=np.bool_)
        taken = 0
        for wide in ranked:
            if taken == most:
                return
            if self._left(wide, asked, covered[:, wide.group]) < STANDS_OUT:
                continue
            one = self._narrowed(wide, ranked, asked, covered[:, wide.group])
            covered[:, one.group] |= self._people(one, asked)
            taken += 1
            yield one

    def _narrowed(self, wide: Slice, ranked: Sequence[Slice], asked: Sequence[Conditions], covered: Bools) -> Slice:
        """Give the best slice within this one by which alone it stands out; itself where there is none."""
        people, stands = self._people(wide, asked), self._left(wide, asked, covered)
        for one in ranked:
            if one.group != wide.group or len(one.features) <= len(wide.features) or one.quality < NARROWER:
                continue
            inner = self._people(one, asked)
            if (inner & people).sum() < WITHIN * inner.sum() or self._left(one, asked, covered) <= stands:
                continue
            if self._left(wide, asked, covered | inner) < STANDS_OUT:
                return one
        return wide

    def _people(self, one: Slice, asked: Sequence[Conditions]) -> Bools:
        return one.cases(asked) & (self.columns[:, 3 + one.group] > 0)

    def _left(self, one: Slice, asked: Sequence[Conditions], covered: Bools) -> float:
        """Give z of the slice without the covered people of its group; minus infinity where too few are left."""
        sums = self.columns[one.cases(asked) & ~covered].sum(axis=0, keepdims=True)
        return float(self._stands(sums)[0, one.group])

    def _stands(self, sums: Floats) -> Floats:
        """Give z of each group's difference; minus infinity where one of its sides is too small."""
        value, variance = self._difference(sums)
        size, cases = sums[:, [0]], sums[:, 3 : 3 + self.count]
        enough = (np.minimum(cases, size - cases) >= FEWEST) & (variance > 0)
        return np.where(enough, value / np.sqrt(np.where(enough, variance, 1.0)), -np.inf)

    def _difference(self, sums: Floats) -> tuple[Floats, Floats]:
        """Give the difference of each group with the others, and its variance where there is none."""
        n, r, rr = (sums[:, [column]] for column in range(3))
        e, re, ee = (sums[:, 3 + self.count * part : 3 + self.count * (part + 1)] for part in (1, 2, 3))
        held = np.maximum(n, 1.0)
        weight = np.maximum(ee - e**2 / held, 0.0)
        noise = np.maximum(rr - r**2 / held, 0.0) / np.maximum(n - 1, 1.0)
        able = weight > 1e-9
        safe = np.where(able, weight, 1.0)
        return np.where(able, (re - r * e / held) / safe, 0.0), np.where(able, noise / safe, 0.0)


def _best(quality: Floats, features: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[Slice]:
    """Give each group's best conjunction of these features, if it stands out at all."""
    for group, place in enumerate(np.argmax(quality, axis=0).tolist()):
        value = float(quality[place, group])
        if value >= STANDS_OUT:
            conditions = tuple(int(part) for part in np.unravel_index(place, shape))
            yield Slice(group=group, features=features, conditions=conditions, quality=value)
