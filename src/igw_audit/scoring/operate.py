"""The operating point: which cases a score selects, at a capacity, above a threshold, or by bands.

Scores come in the precision and direction of whoever gave them, and are compared in both: a limit of 0.7 is 0.7 in 32
bits where scores have 32, as it is in the service that uses them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.cases import Bands
from igw_audit.core.plan import Plan
from igw_audit.core.sampling import Sampling
from igw_audit.core.scores import Higher
from igw_audit.errors import InputError
from igw_audit.scoring.draws import keyed_draws

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """The decision on every case.

    Attributes
    ----------
    selected : ndarray of bool, shape (n_cases,)
        With bands: whether the case is in a band with a severity above the mildest one of the plan.
    bands : Bands or None
        The band of each case, with the severity of its intervention, rising with risk; None without bands.
    cutoff : float or None
        The lowest score that was selected with a capacity, or the plan's threshold; None with bands. Like ``edges``
        in numbers of which a higher one is riskier.
    edges : tuple of float
        From which score on a case is in the next band, or is selected with a threshold, as exact numbers of the scores'
        own precision; empty with a capacity.
    tied : int
        With a capacity: cases that have exactly the cutoff score, if not all of them fit; otherwise 0.
    tied_selected : int
        How many of the tied cases were selected, by a keyed draw on the case id.
    """

    selected: NDArray[np.bool_]
    bands: Bands | None
    cutoff: float | None
    edges: tuple[float, ...] = ()
    tied: int = 0
    tied_selected: int = 0


def operate(
    score: Numbers, plan: Plan, ids: pd.Index[str], *, higher: Higher = "riskier", sampling: Sampling | None = None
) -> OperatingPoint:
    """Decide on every case at the plan's operating point.

    Parameters
    ----------
    score : ndarray of any number type, shape (n_cases,)
        Finite, as its model gave it.
    plan : Plan
        Gives capacity (a number of cases, or a share of them), threshold (selected from there on) or bands, in the
        score's own numbers.
    ids : pandas.Index
        Case ids, in the order of ``score``; ties at the cutoff are broken by their hash under the plan's seed.
    higher : str
        What a higher score means: with ``safer`` the lowest scores are selected.
    sampling : Sampling, optional
        Of a sampled table: a capacity is then a number, or a share, of the cases of the population.

    Raises
    ------
    InputError
        If everybody or nobody would be selected, so that there is nothing to compare, or a score lies below the
        lowest band.
    """
    if sampling is None:
        point = select_cases(score, plan, ids, higher=higher)
    else:
        point = _select_sampled(score, plan, ids, higher, sampling)
    taken = int(point.selected.sum())
    if taken in (0, len(score)):
        spread = f"; scores run from {float(score.min()):g} to {float(score.max()):g}" if len(score) else ""
        which = next(name for name in ("capacity", "threshold", "bands") if getattr(plan, name) is not None)
        raise InputError(
            "operating point",
            [
                f"the plan's {which} selects {'none' if taken == 0 else 'all'} of the {len(score)} cases{spread}; an "
                f"audit compares who is selected with who is not, so give a {which} at which the service really works"
            ],
        )
    return point


def select_cases(score: Numbers, plan: Plan, ids: pd.Index[str], *, higher: Higher = "riskier") -> OperatingPoint:
    """Decide as ``operate`` does, also where everybody or nobody is selected: a day's cases may be like that."""
    if plan.bands is not None:
        return _by_bands(score, plan, higher)
    if plan.threshold is not None:
        return _by_threshold(score, plan.threshold, higher)
    return _by_capacity(score, plan, ids, higher)


def _select_sampled(
    score: Numbers, plan: Plan, ids: pd.Index[str], higher: Higher, sampling: Sampling
) -> OperatingPoint:
    """Decide on the cases that have a score; the others count as not selected, and no audit reads that."""
    scored = sampling.scored
    if plan.capacity is None:
        point = select_cases(score, plan, ids, higher=higher)
        bands = point.bands
        if bands is not None:
            bands = replace(bands, codes=np.where(scored, bands.codes, int(np.argmin(bands.severity))))
        return replace(point, selected=point.selected & scored, bands=bands)
    own = np.where(scored & (~sampling.by_lot | (sampling.frame == "own_chance")), sampling.weight, 0.0)
    base = sampling.base(scored) if sampling.frame == "not_selected" else sampling.base(np.zeros(len(score), np.bool_))
    total = plan.population or float(sampling.weight[base].sum())
    room = plan.capacity if isinstance(plan.capacity, int) else max(1.0, plan.capacity * total)
    able = np.flatnonzero(own > 0)
    # ranks, for not every kind of number can change its sign
    levels, rank = np.unique(_comparable(score), return_inverse=True)
    risk = rank if higher == "riskier" else -rank
    order = able[np.lexsort((keyed_draws(ids, seed=plan.seed)[able], -risk[able]))]
    # a case that stands for several is selected where most of them fit
    fits = np.cumsum(own[order]) - own[order] / 2 <= room
    selected = np.zeros(len(score), dtype=np.bool_)
    selected[order[fits]] = True
    if not selected.any():
        return OperatingPoint(selected=selected, bands=None, cutoff=None)
    last = int(risk[selected].min())
    if sampling.frame != "own_chance":
        selected |= scored & (risk > last)
    cutoff = float(levels[last]) if higher == "riskier" else -float(levels[-last])
    return OperatingPoint(selected=selected, bands=None, cutoff=cutoff)


def in_kind(limit: float, score: Numbers) -> Any:
    """Return a limit as a number of the scores' own kind: what a plan writes as 0.7 is their 0.7."""
    if score.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return score.dtype.type(limit)
    return Fraction(repr(limit)) if score.dtype.kind == "O" else limit


def _by_threshold(score: Numbers, threshold: float, higher: Higher) -> OperatingPoint:
    limit, held = in_kind(threshold, score), _comparable(score)
    edge = float(limit) if higher == "riskier" else -float(limit)
    selected = held >= limit if higher == "riskier" else held <= limit
    return OperatingPoint(selected=np.asarray(selected, dtype=np.bool_), bands=None, cutoff=edge, edges=(edge,))


def _by_capacity(score: Numbers, plan: Plan, ids: pd.Index[str], higher: Higher) -> OperatingPoint:
    n = len(score)
    wanted = plan.capacity or 0
    room = min(n, wanted if isinstance(wanted, int) else max(1, int(wanted * n + 0.5)))
    selected = np.zeros(n, dtype=np.bool_)
    if room == 0:
        return OperatingPoint(selected=selected, bands=None, cutoff=None)
    # ranks, for not every kind of number can change its sign
    levels, rank = np.unique(_comparable(score), return_inverse=True)
    risk = rank if higher == "riskier" else -rank
    selected[np.lexsort((keyed_draws(ids, seed=plan.seed), -risk))[:room]] = True
    last = int(risk[selected].min())
    cutoff = float(levels[last]) if higher == "riskier" else -float(levels[-last])
    level = risk == last
    fit = int((level & selected).sum())
    split = fit < int(level.sum())
    return OperatingPoint(
        selected=selected,
        bands=None,
        cutoff=cutoff,
        tied=int(level.sum()) if split else 0,
        tied_selected=fit if split else 0,
    )


def _by_bands(score: Numbers, plan: Plan, higher: Higher) -> OperatingPoint:
    bands = plan.bands or ()
    held, limits = _comparable(score), [in_kind(band.at_least, score) for band in bands]
    edges = np.array(limits, dtype=object if score.dtype.kind == "O" else None)
    below = int((held < edges[0]).sum())
    if below:
        raise InputError(
            "operating point",
            [
                f"{below} of {len(score)} cases score below {float(edges[0]):g}, the start of the lowest band "
                f"{bands[0].name!r}; lower its at_least to the lowest score there can be (found: "
                f"{float(score.min()):g})"
            ],
        )
    codes = np.searchsorted(edges, held, side="right") - 1
    names, severity = tuple(band.name for band in bands), tuple(band.severity for band in bands)
    exact = tuple(float(edge) for edge in edges)
    if higher == "safer":
        # the same bands from the other end: the highest numbers are the least risk
        codes, names, severity = len(bands) - 1 - codes, names[::-1], severity[::-1]
        exact = (-np.inf, *(float(np.nextafter(-edge, np.inf)) for edge in exact[:0:-1]))
    grave = np.array(severity) > min(severity)
    return OperatingPoint(
        selected=grave[codes],
        bands=Bands(names=names, severity=severity, codes=codes.astype(np.int64)),
        cutoff=None,
        edges=exact,
    )


def _comparable(score: Numbers) -> Numbers:
    """Return scores that can be compared with one another and with a limit: decimals and fractions exactly."""
    if score.dtype.kind == "O":
        return np.array([Fraction(one) for one in score], dtype=object)
    return score
