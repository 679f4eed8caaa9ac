"""The operating point: which cases a score selects, at a capacity, above a threshold, or by bands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.cases import Bands
from igw_audit.core.plan import Plan
from igw_audit.core.sampling import Sampling
from igw_audit.errors import InputError
from igw_audit.scoring.draws import keyed_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """The decision on every case.

    Attributes
    ----------
    selected : ndarray of bool, shape (n_cases,)
        With bands: whether the case is in a band with a severity above the mildest one of the plan.
    bands : Bands or None
        The band of each case, with the severity of its intervention; None without bands.
    cutoff : float or None
        The lowest score that was selected with a capacity, or the plan's threshold; None with bands.
    tied : int
        With a capacity: cases that have exactly the cutoff score, if not all of them fit; otherwise 0.
    tied_selected : int
        How many of the tied cases were selected, by a keyed draw on the case id.
    """

    selected: NDArray[np.bool_]
    bands: Bands | None
    cutoff: float | None
    tied: int = 0
    tied_selected: int = 0


def operate(
    score: NDArray[np.float64], plan: Plan, ids: pd.Index[str], sampling: Sampling | None = None
) -> OperatingPoint:
    """Decide on every case at the plan's operating point.

    Parameters
    ----------
    score : ndarray of float64, shape (n_cases,)
        Finite, higher is riskier.
    plan : Plan
        Gives capacity (a number of cases, or a share of them), threshold (selected from there up) or bands.
    ids : pandas.Index
        Case ids, in the order of ``score``; ties at the cutoff are broken by their hash under the plan's seed.
    sampling : Sampling, optional
        Of a sampled table: a capacity is then a number, or a share, of the cases of the population.

    Raises
    ------
    InputError
        If everybody or nobody would be selected, so that there is nothing to compare, or a score lies below the
        lowest band.
    """
    point = select_cases(score, plan, ids) if sampling is None else _select_sampled(score, plan, ids, sampling)
    taken = int(point.selected.sum())
    if taken in (0, len(score)):
        spread = f"; scores run from {score.min():g} to {score.max():g}" if len(score) else ""
        which = next(name for name in ("capacity", "threshold", "bands") if getattr(plan, name) is not None)
        raise InputError(
            "operating point",
            [
                f"the plan's {which} selects {'none' if taken == 0 else 'all'} of the {len(score)} cases{spread}; an "
                f"audit compares who is selected with who is not, so give a {which} at which the service really works"
            ],
        )
    return point


def select_cases(score: NDArray[np.float64], plan: Plan, ids: pd.Index[str]) -> OperatingPoint:
    """Decide as ``operate`` does, also where everybody or nobody is selected: a day's cases may be like that."""
    if plan.bands is not None:
        return _by_bands(score, plan)
    if plan.threshold is not None:
        return OperatingPoint(selected=score >= plan.threshold, bands=None, cutoff=plan.threshold)
    return _by_capacity(score, plan, ids)


def _select_sampled(score: NDArray[np.float64], plan: Plan, ids: pd.Index[str], sampling: Sampling) -> OperatingPoint:
    """Decide on the cases that have a score; the others count as not selected, and no audit reads that."""
    scored = sampling.scored
    if plan.capacity is None:
        point = select_cases(score, plan, ids)
        bands = point.bands
        if bands is not None:
            bands = replace(bands, codes=np.where(scored, bands.codes, int(np.argmin(bands.severity))))
        return replace(point, selected=point.selected & scored, bands=bands)
    own = np.where(scored & (~sampling.by_lot | (sampling.frame == "own_chance")), sampling.weight, 0.0)
    base = sampling.base(scored) if sampling.frame == "not_selected" else sampling.base(np.zeros(len(score), np.bool_))
    total = plan.population or float(sampling.weight[base].sum())
    room = plan.capacity if isinstance(plan.capacity, int) else max(1.0, plan.capacity * total)
    able = np.flatnonzero(own > 0)
    order = able[np.lexsort((keyed_draws(ids, seed=plan.seed)[able], -score[able]))]
    # a case that stands for several is selected where most of them fit
    fits = np.cumsum(own[order]) - own[order] / 2 <= room
    selected = np.zeros(len(score), dtype=np.bool_)
    selected[order[fits]] = True
    cutoff = float(score[selected].min()) if selected.any() else None
    if cutoff is not None and sampling.frame != "own_chance":
        selected |= scored & (score > cutoff)
    return OperatingPoint(selected=selected, bands=None, cutoff=cutoff)


def _by_capacity(score: NDArray[np.float64], plan: Plan, ids: pd.Index[str]) -> OperatingPoint:
    n = len(score)
    wanted = plan.capacity or 0
    room = min(n, wanted if isinstance(wanted, int) else max(1, int(wanted * n + 0.5)))
    selected = np.zeros(n, dtype=np.bool_)
    if room == 0:
        return OperatingPoint(selected=selected, bands=None, cutoff=None)
    selected[np.lexsort((keyed_draws(ids, seed=plan.seed), -score))[:room]] = True
    cutoff = float(score[selected].min())
    level = score == cutoff
    fit = int((level & selected).sum())
    split = fit < int(level.sum())
    return OperatingPoint(
        selected=selected,
        bands=None,
        cutoff=cutoff,
        tied=int(level.sum()) if split else 0,
        tied_selected=fit if split else 0,
    )


def _by_bands(score: NDArray[np.float64], plan: Plan) -> OperatingPoint:
    bands = plan.bands or ()
    edges = np.array([band.at_least for band in bands])
    below = int((score < edges[0]).sum())
    if below:
        raise InputError(
            "operating point",
            [
                f"{below} of {len(score)} cases score below {edges[0]:g}, the start of the lowest band "
                f"{bands[0].name!r}; lower its at_least to the lowest score there can be (found: {score.min():g})"
            ],
        )
    codes = np.searchsorted(edges, score, side="right") - 1
    severity = tuple(band.severity for band in bands)
    grave = np.array(severity) > min(severity)
    return OperatingPoint(
        selected=grave[codes],
        bands=Bands(names=tuple(band.name for band in bands), severity=severity, codes=codes.astype(np.int64)),
        cutoff=None,
    )
