"""Like cases: for every case a few others with about the same declared factors, inside its group and outside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from igw_audit.stats.basis import ranked_levels

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: A donor is drawn from this many nearest cases.
NEAREST = 15
#: More candidates a side than this are thinned by a keyed draw.
MOST_CANDIDATES = 20_000
#: How far apart levels of a category lie, in standard deviations of a number: a like case has the same level.
APART = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Donors:
    """Positions of like cases, ``draws`` a case.

    Attributes
    ----------
    other, own : ndarray of int64, shape (n_rows, draws)
        Cases of any other group; other cases of the same group (the case itself where there are none).
    alone : ndarray of bool, shape (n_rows,)
        Whether the group holds nobody else, so that ``own`` means nothing.
    """

    other: Codes
    own: Codes
    alone: Bools


def like_space(frame: pd.DataFrame) -> Floats:
    """Give coordinates in which like cases lie together: a number in standard deviations, a category by level.

    Returns
    -------
    ndarray of float64, shape (n_cases, n_coordinates)
        No coordinates for a frame without columns.

    Examples
    --------
    >>> like_space(pd.DataFrame({"wage": [1.0, 2.0, 3.0], "route": ["a", "b", "a"]})).shape
    (3, 4)
    """
    blocks: list[Floats] = [np.empty((len(frame), 0))]
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            values = (values - values.min()).dt.total_seconds()
        if not pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
            levels = ranked_levels(values)
            # three random coordinates a level: no two levels lie together, and the space stays small
            corners = np.random.default_rng(0x11E).normal(scale=APART, size=(int(levels.max(initial=0)) + 1, 3))
            blocks.append(corners[levels])
            continue
        raw = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(raw)
        filled = np.where(known, raw, np.median(raw[known]) if known.any() else 0.0)
        spread = filled.std()
        blocks.append(((filled - filled.mean()) / (spread if spread > 0 else 1.0))[:, None])
        if not known.all():
            blocks.append(np.where(known, 0.0, APART)[:, None])
    return np.column_stack(blocks)


def like_donors(space: Floats, groups: Codes, rows: Codes, *, seed: int, draws: int) -> Donors:
    """Draw like cases from the 15 nearest, inside and outside the group of every case in ``rows``.

    Parameters
    ----------
    space : ndarray of float64, shape (n_cases, n_coordinates)
        From `like_space`; without coordinates any case is like any other.
    groups : ndarray of int64, shape (n_cases,)
        Numbered 0 .. K - 1, at least two of them with a case.
    rows : ndarray of int64, shape (n_rows,)
        The cases that get donors.
    seed, draws : int
        Key and number of the draws.

    References
    ----------
    Rubin, D. B. (1973). Matching to remove bias in observational studies. Biometrics 29, 159-183.

    Examples
    --------
    >>> groups = np.array([0, 0, 1, 1])
    >>> found = like_donors(np.array([[0.0], [5.0], [0.1], [5.1]]), groups, np.arange(4), seed=0, draws=2)
    >>> (groups[found.other] != groups[:, None]).all(), (groups[found.own] == groups[:, None]).all()
    (np.True_, np.True_)
    """
    # equal declared factors are ties, which a keyed jitter breaks: else the first cases would be everyone's donors
    spread = space + np.random.default_rng([seed, 0x717]).normal(scale=1e-6, size=space.shape)
    other = np.empty((len(rows), draws), dtype=np.int64)
    own = np.empty((len(rows), draws), dtype=np.int64)
    alone = np.zeros(len(rows), dtype=np.bool_)
    for code in np.unique(groups[rows]):
        rng = np.random.default_rng([seed, 0xD0, int(code)])
        asked = groups[rows] == code
        member = groups == code
        other[asked] = _draw(spread, rows[asked], _thinned(~member, rng), rng, draws)
        alone[asked] = member.sum() == 1
        own[asked] = _draw(spread, rows[asked], _thinned(member, rng), rng, draws)
    return Donors(other=other, own=own, alone=alone)


def _thinned(side: Bools, rng: np.random.Generator) -> Codes:
    candidates = np.flatnonzero(side)
    if len(candidates) <= MOST_CANDIDATES:
        return candidates
    return np.sort(rng.choice(candidates, MOST_CANDIDATES, replace=False))


def _draw(space: Floats, asked: Codes, candidates: Codes, rng: np.random.Generator, draws: int) -> Codes:
    """Draw from the nearest candidates of each case, never the case itself unless it is the only one."""
    if len(candidates) == 1:
        return np.full((len(asked), draws), candidates[0])
    if space.shape[1] == 0:
        found = candidates[rng.integers(0, len(candidates), (len(asked), draws))]
        following = candidates[(np.searchsorted(candidates, asked) + 1) % len(candidates)]
        return np.where(found == asked[:, None], following[:, None], found)
    count = min(NEAREST + 1, len(candidates))
    _, places = cKDTree(space[candidates]).query(space[asked], k=count)
    near = candidates[places]
    # the case itself gives way to the furthest, which is then left out
    near = np.where(near == asked[:, None], near[:, -1:], near)[:, :-1]
    return np.asarray(np.take_along_axis(near, rng.integers(0, near.shape[1], (len(asked), draws)), axis=1))
