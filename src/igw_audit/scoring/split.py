"""Training and held-out cases: the latest are held out, and nobody's cluster stands on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.tables import CaseTable
from igw_audit.errors import InputError
from igw_audit.scoring.clusters import cluster_codes
from igw_audit.scoring.config import SplitSettings
from igw_audit.scoring.draws import keyed_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which cases a model learns from and which are held out, and what keeping clusters whole cost.

    Attributes
    ----------
    train, test : pandas.Index of str
        Case ids, each in canonical order; together every case once.
    by_time : bool
        Whether the latest cases are held out; otherwise clusters are drawn by their hashed ids.
    test_share : float
        The share of cases that is held out; it misses the share asked where clusters are large.
    clusters : int
        Number of clusters (of cases, without a cluster column).
    train_last, test_first : str or None
        Dates (ISO) of the latest training case and the earliest held-out one.
    moved_to_test : int
        Cases that are held out with their cluster, though by date alone they would be trained on.
    moved_to_train : int
        Cases that are trained on with their cluster, though by date alone they would be held out.
    undated : int
        Cases without a date; a cluster of only such cases is trained on.
    """

    train: pd.Index[str]
    test: pd.Index[str]
    by_time: bool
    test_share: float
    clusters: int
    train_last: str | None = None
    test_first: str | None = None
    moved_to_test: int = 0
    moved_to_train: int = 0
    undated: int = 0


def split_cases(table: CaseTable, settings: SplitSettings, *, positive: Sequence[str] = ()) -> Split:
    """Split by time and cluster, the same way whatever the order of the rows.

    Clusters are put in order of their median date and the latest are held out, which keeps whole clusters on one side
    while moving the fewest cases across the date. Equal dates, and tables without a time column, go by hashed ids.

    Parameters
    ----------
    table : CaseTable
        Its schema's roles ``time`` and ``cluster`` are used where they are.
    settings : SplitSettings
        The share to hold out, and the seed of the hash.
    positive : sequence of str
        The positive label types; given, both sides must hold some.

    Raises
    ------
    InputError
        If one side would be empty, or hold no positive case.
    """
    frame = table.frame
    draws = keyed_draws(frame.index, seed=settings.seed)
    sponsor = table.schema.column("cluster")
    members = np.arange(len(frame)) if sponsor is None else cluster_codes(frame[sponsor])
    time = table.schema.column("time")
    days = None if time is None else _days(frame[time])
    held = _held_out(members, draws, days=days, share=settings.test_share)
    _check(table, held, positive)
    split = Split(
        train=frame.index[~held],
        test=frame.index[held],
        by_time=days is not None,
        test_share=float(held.mean()),
        clusters=int(members.max()) + 1,
    )
    return split if days is None or time is None else _with_dates(split, frame[time], held)


def _days(times: pd.Series) -> NDArray[np.float64]:
    days = (times - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    return np.asarray(days, dtype=np.float64)


def _held_out(
    members: NDArray[np.int64], draws: NDArray[np.uint64], *, days: NDArray[np.float64] | None, share: float
) -> NDArray[np.bool_]:
    """Take clusters, latest first, until the number of cases is as near to the share as whole clusters allow."""
    if not len(members):
        return np.zeros(0, dtype=np.bool_)
    sizes = np.bincount(members)
    key = np.full(len(sizes), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(key, members, draws)
    medians = np.zeros(len(sizes)) if days is None else _medians(members, days, len(sizes))
    order = np.lexsort((key, -medians))
    running = np.cumsum(sizes[order])
    take = int(np.argmin(np.abs(running - share * len(members)))) + 1
    held = np.zeros(len(sizes), dtype=np.bool_)
    held[order[: min(take, len(sizes) - 1)]] = True
    return held[members]


def _medians(members: NDArray[np.int64], days: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    medians = pd.Series(days).groupby(members).median().reindex(range(count)).to_numpy(dtype=np.float64)
    return np.where(np.isnan(medians), -np.inf, medians).astype(np.float64)


def _check(table: CaseTable, held: NDArray[np.bool_], positive: Sequence[str]) -> None:
    if len(held) == 0 or not held.any() or held.all():
        whole = f"{len(held)} cases" if len(held) < 2 else f"{len(held)} cases that all belong to one cluster"
        raise InputError("split", [f"the table has {whole}; two sides need at least two cases or clusters"])
    labels = table.label_types
    if not positive or labels is None:
        return
    hit = np.isin(labels.astype(str), list(positive))
    problems = [
        f"the {side} side has {int(rows.sum())} cases and none of them is {' or '.join(positive)} (the whole table has "
        f"{int(hit.sum())}); {advice}"
        for side, rows, advice in (
            ("training", ~held, "lower test_share, or add earlier cases"),
            ("test", held, "raise test_share, or add later cases whose outcome is known"),
        )
        if not (hit & rows).any()
    ]
    if problems:
        raise InputError("split", problems)


def _with_dates(split: Split, times: pd.Series, held: NDArray[np.bool_]) -> Split:
    dated = times.notna().to_numpy()
    train, test = times[~held & dated], times[held & dated]
    # by date alone as many dated cases would be held out as are now, the latest first
    cut = times[dated].sort_values(ascending=False).iloc[max(int((held & dated).sum()) - 1, 0)] if dated.any() else None
    values = times.to_numpy()
    return replace(
        split,
        train_last=_date(train.max()) if len(train) else None,
        test_first=_date(test.min()) if len(test) else None,
        moved_to_test=0 if cut is None else int((held & dated & (values < cut.to_datetime64())).sum()),
        moved_to_train=0 if cut is None else int((~held & dated & (values > cut.to_datetime64())).sum()),
        undated=int((~dated).sum()),
    )


def _date(moment: pd.Timestamp) -> str:
    return str(moment.date().isoformat())
