"""Whether a score is a function of the case's features: the same cases asked again, otherwise, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.scores import FunctionTest, Higher, ScoreContract
from igw_audit.errors import InputError
from igw_audit.scoring.adapters.answers import Numbers, to_float
from igw_audit.scoring.clocks import later
from igw_audit.scoring.draws import keyed_draws
from igw_audit.scoring.models import ModelScorer
from igw_audit.scoring.operate import OperatingPoint

#: Cases that are asked about again, at most; the test scores four to five times as many rows.
MOST_ROWS = 4_000
#: Two scores of one case are the same if they differ by no more units in the last place of the largest score.
ULPS = 256
#: Share of the largest score below which a difference is rounding in any case: sums come out otherwise in batches.
ROUNDING = 1e-9
#: Share of the largest score below which a difference is not written down.
NOTHING = 1e-12
#: The name of what a callable reads where it is none of the columns.
CASE_ID = "(case id)"

Codes = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """The cases asked about again: their rows, their scores in the whole table, and what counts as the same."""

    rows: Codes
    score: NDArray[np.float64]
    scale: float
    tolerance: float
    edges: tuple[float, ...]


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What the test has cost and found until now."""

    asked: list[str]
    rows: int = 0
    largest: float = 0.0
    changed: int = 0


def tested(
    give: ModelScorer, features: pd.DataFrame, scores: Numbers, point: OperatingPoint, *, seed: int
) -> ScoreContract:
    """Ask a model about the same cases twice, in another order, in other company and at a later date.

    A callable is also given the features of other cases under the same ids, to see whether the score follows them.

    Parameters
    ----------
    give : ModelScorer
    features : pandas.DataFrame
        Of all cases, in canonical order.
    scores : ndarray, shape (n_cases,)
        What the model gave for all of them, in its own precision and direction.
    point : OperatingPoint
        For cases near the operating point are asked about first, and a decision must not hang on the batch.

    Raises
    ------
    InputError
        If a score differs by call, order, company or clock: an audit of it could not be repeated.
    """
    sample = _sampled(features, scores, point, higher=give.higher, seed=seed)
    tally = _Tally(asked=[])
    frame = features.iloc[sample.rows]
    m = len(sample.rows)
    again = _ask(give, frame, "twice", tally)
    once_more = _ask(give, frame, "twice", tally)
    _same(again, once_more, "twice", sample, tally)
    # backwards, then dealt: what hangs on the place in the table differs in one of them
    order = np.argsort(keyed_draws(frame.index, seed=seed + 1), kind="stable")[::-1]
    _same(_ask(give, frame.iloc[order], "order", tally), again[order], "order", sample, tally)
    _same(again, sample.score, "company", sample, tally)
    half = np.sort(np.argsort(-sample.score, kind="stable")[: max(1, m // 2)])
    _same(_ask(give, frame.iloc[half], "company", tally), sample.score[half], "company", sample, tally)
    with later():
        _same(_ask(give, frame, "clock", tally), again, "clock", sample, tally)
    contract = give.contract(str(scores.dtype) if scores.dtype.kind != "O" else type(scores[0]).__name__)
    reads = _other_columns(give, features, sample, tally, seed=seed) if give.columns is None else ()
    return replace(
        contract,
        function_of_features="other_columns" if reads else "yes",
        reads=reads,
        test=FunctionTest(
            asked=tuple(tally.asked),
            rows=tally.rows,
            largest_difference=_bound(tally.largest),
            decisions_changed=tally.changed,
        ),
    )


def _bound(difference: float) -> float:
    """Return the power of ten that a difference stays under; 0 below what sums in another order differ by anyway."""
    # the last digits change with the number of threads, and a record of the same inputs has the same bytes
    return 0.0 if difference < NOTHING else float(10.0 ** np.ceil(np.log10(difference)))


def _sampled(features: pd.DataFrame, scores: Numbers, point: OperatingPoint, *, higher: Higher, seed: int) -> _Sample:
    """Take half of the cases nearest to the operating point, and half at random; all where there are few."""
    held = to_float(scores) if higher == "riskier" else -to_float(scores)
    scale = max(float(np.abs(held).max(initial=0.0)), np.finfo(np.float64).tiny)
    unit = np.finfo(scores.dtype).eps if scores.dtype.kind == "f" else np.finfo(np.float64).eps
    rows = np.arange(len(held))
    if len(held) > MOST_ROWS:
        turn = keyed_draws(features.index, seed=seed)
        limits = [edge for edge in (*point.edges, point.cutoff) if edge is not None and np.isfinite(edge)]
        away = np.abs(held[:, None] - np.array([limits or [0.0]])).min(axis=1)
        near = np.lexsort((turn, away))[: MOST_ROWS // 2]
        rest = np.argsort(turn, kind="stable")
        rows = np.union1d(near, rest[~np.isin(rest, near)][: MOST_ROWS - len(near)])
    return _Sample(
        rows=rows,
        score=held[rows],
        scale=scale,
        tolerance=max(ROUNDING, ULPS * float(unit)) * scale,
        edges=point.edges,
    )


def _ask(give: ModelScorer, frame: pd.DataFrame, about: str, tally: _Tally) -> NDArray[np.float64]:
    if about not in tally.asked:
        tally.asked.append(about)
    tally.rows += len(frame)
    try:
        return give(frame)
    except InputError as error:
        if about == "company":
            raise InputError(
                "model",
                [
                    "asked about some of the cases by themselves, the model gives no score for each of them "
                    f"({error.problems[0]}). A score that is audited must be a function of one case's features; "
                    f"{_COLUMN}"
                ],
            ) from None
        raise


_COLUMN = 'keep the scores that the service used in a column, and audit that with score="column"'
_DIFFERS = {
    "twice": "asked about the same cases a second time, the model gives another score",
    "order": "asked about the same cases in another order, the model gives another score",
    "company": "asked about the same cases without the rest of the table, the model gives another score",
    "clock": "asked about the same cases at a later date, the model gives another score",
}
_WHY = {
    "twice": "it draws at each call, or remembers, so that scores are not repeatable. Fix its seed, give the chance of "
    "selection instead of one throw, or",
    "order": "it hangs on the place of a row in the table. Let it read the features only, or",
    "clock": "it reads the clock. Make the date a column of the cases, or",
    "company": "it hangs on the batch, as ranks and z-scores within the table do. Fix the numbers that it compares "
    "with when it is trained, or",
}


def _same(found: NDArray[np.float64], before: NDArray[np.float64], about: str, sample: _Sample, tally: _Tally) -> None:
    """Hold two scores of the same cases together; InputError where they differ by more than rounding."""
    away = np.abs(found - before)
    beyond = away > sample.tolerance
    tally.largest = max(tally.largest, float(away.max(initial=0.0)) / sample.scale)
    if beyond.any():
        raise InputError(
            "model",
            [
                f"{_DIFFERS[about]} for {int(beyond.sum())} of {len(away)} of them (by up to "
                f"{float(away.max()) / sample.scale:.2g} of the largest score): {_WHY[about]} {_COLUMN}"
            ],
        )
    edges = np.array(sample.edges)
    sides = [one[:, None] >= edges[None, :] for one in (found, before)]
    tally.changed += int((sides[0] != sides[1]).any(axis=1).sum())


def _other_columns(
    give: ModelScorer, features: pd.DataFrame, sample: _Sample, tally: _Tally, *, seed: int
) -> tuple[str, ...]:
    """Name what a callable's score follows other than the features that the plan names.

    The cases get each other's features. A score that is theirs goes with them; one that stays comes from elsewhere.
    """
    ids = features.index[sample.rows]
    deal = np.argsort(keyed_draws(ids, seed=seed + 2), kind="stable")
    dealt = features.iloc[sample.rows[deal]].set_axis(ids, axis=0)
    tally.asked.append("features")
    tally.rows += len(dealt)
    moved = give(dealt)
    if (np.abs(moved - sample.score[deal]) <= sample.tolerance).all():
        return ()
    whole = give.asked.prepare(features.iloc[sample.rows])
    others = whole.columns[~whole.columns.duplicated(keep=False) & ~whole.columns.isin(features.columns)]
    return _read(give, whole, sample, deal, [str(name) for name in others])


def _read(
    give: ModelScorer, whole: pd.DataFrame, sample: _Sample, deal: Codes, others: Sequence[str]
) -> tuple[str, ...]:
    found: list[str] = []
    for name in others:
        changed = whole.copy()
        # the dtype is said, or pandas would look what kind of text the objects are
        changed[name] = pd.Series(whole[name].iloc[deal].array, index=whole.index, dtype=whole[name].dtype)
        scores = to_float(give.asked.of(changed))
        scores = scores if give.higher == "riskier" else -scores
        if (np.abs(scores - sample.score) > sample.tolerance).any():
            found.append(name)
    return tuple(found) or (CASE_ID,)
