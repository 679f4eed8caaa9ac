"""Contributions of any model, by switching its features with those of like cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.special import logit

from igw_audit.audits.contributions.parts import Contributions
from igw_audit.core.cases import Bools, Codes, Floats, ScoredCases
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.basis import spline_basis

#: Background rows come from this many cases with the nearest declared factors.
NEAREST = 15
#: Cases among which like ones are looked for, at most.
POOL = 100_000
#: A walk must end at the score that the case really has, to this share of the scores' spread.
ADDITIVE = 1e-5
#: Orders of switching per case, half of them the reverse of the other half.
DRAWS = 8
#: More model calls than this are avoided by taking a part of the cases apart.
MOST_ROWS = 3_000_000


def affordable_cases(cases: ScoredCases) -> int:
    """Give how many cases can be taken apart with a bearable number of model calls."""
    return max(500, MOST_ROWS // (DRAWS * max(1, cases.features.shape[1])))


def matched_shapley(cases: ScoredCases, rows: Bools) -> Contributions:
    """Estimate Shapley values by switching features one by one, in random order, with a case of like declared factors.

    Given the declared factors the background is what the case could have been, so that a contribution tells what the
    undeclared value adds. The differences of one walk add up to the real score minus the background's score.

    References
    ----------
    Strumbelj, E. and Kononenko, I. (2014). Explaining prediction models and individual predictions with feature
    contributions. Knowledge and Information Systems 41, 647-665.
    Mitchell, R., Cooper, J., Frank, E. and Holmes, G. (2022). Sampling permutations for Shapley value estimation.
    JMLR 23, 1-46.
    """
    if cases.predict is None:
        raise NotMeasurableError(
            "only scores are known, and contributions need the model", "alleen scores zijn bekend, het model ontbreekt"
        )
    names = sorted(str(name) for name in cases.features.columns)
    rng = np.random.default_rng([cases.plan.seed, 0x5A9])
    own = np.flatnonzero(rows)
    near = _neighbours(cases, own)
    values = np.zeros((len(own), len(names)))
    for _ in range(DRAWS // 2):
        background = (
            near[np.arange(len(own)), rng.integers(0, near.shape[1], len(own))]
            if near.size
            else rng.integers(0, cases.n, len(own))
        )
        order = rng.permuted(np.tile(np.arange(len(names)), (len(own), 1)), axis=1)
        for way in (order, order[:, ::-1]):
            values += _walk(cases, names, own, background, way)
    return Contributions(
        names=tuple(names),
        amounts=values / DRAWS,
        output=_margin(cases, cases.score[own]),
        rows=rows,
        scale="log-odds" if _classifies(cases) else "score",
        method=f"switching with like cases, {DRAWS} draws",
    )


def _walk(cases: ScoredCases, names: list[str], own: Codes, background: Codes, order: Codes) -> Floats:
    """Switch from the background to the case itself, one feature at a time, each case in its own order."""
    # which case each value comes from: a value itself would lose its type on the way
    mixed = {name: background.copy() for name in names}
    index = cases.features.index[own]
    values = np.zeros((len(own), len(names)))
    before = _score(cases, mixed, index)
    for place in range(len(names)):
        for position, name in enumerate(names):
            turn = order[:, place] == position
            mixed[name][turn] = own[turn]
        after = _score(cases, mixed, index)
        values[np.arange(len(own)), order[:, place]] += after - before
        before = after
    real = _margin(cases, cases.score[own])
    if not np.abs(before - real).max(initial=0.0) <= ADDITIVE * max(float(real.std()), 1e-12):
        raise NotMeasurableError(
            "asked about the real cases, the model gives other scores than those that are audited, so that what it "
            "does with a feature says nothing of them. Audit the scores that this model gives, or only the scores.",
            "gevraagd naar de echte zaken geeft het model andere scores dan die worden onderzocht, dus wat het met een "
            "kenmerk doet zegt daar niets over. Onderzoek de scores van dit model, of alleen de scores.",
        )
    return values


def _score(cases: ScoredCases, mixed: dict[str, Codes], index: pd.Index) -> Floats:
    columns = cases.features.columns
    frame = pd.DataFrame({name: cases.features[name].array.take(mixed[str(name)]) for name in columns}, index=index)
    if cases.predict is None:
        raise ValueError("there is no model to ask")
    return _margin(cases, np.asarray(cases.predict(frame), dtype=np.float64))


def _margin(cases: ScoredCases, scores: Floats) -> Floats:
    """Give log-odds for a classifier's probabilities, any other score as it is."""
    return np.asarray(logit(np.clip(scores, 1e-9, 1 - 1e-9))) if _classifies(cases) else scores


def _classifies(cases: ScoredCases) -> bool:
    if cases.contract is None:
        return hasattr(cases.model, "predict_proba")
    # of a callable nobody knows how its number is made, whatever the plan calls it
    return cases.contract.kind == "probability" and any(
        hasattr(cases.model, method) for method in ("predict_proba", "predict", "run")
    )


def _neighbours(cases: ScoredCases, own: Codes) -> Codes:
    """Give the nearest other cases by the declared factors; shape (n_own, 15), empty without declared factors."""
    space = _space(cases) if cases.plan.declared else np.empty((cases.n, 0))
    if space.shape[1] == 0:
        return np.empty((len(own), 0), dtype=np.int64)
    rng = np.random.default_rng([cases.plan.seed, 0x11])
    pool = np.sort(rng.choice(cases.n, POOL, replace=False)) if cases.n > POOL else np.arange(cases.n)
    count = min(NEAREST, len(pool) - 1)
    stratum = np.unique(space, axis=0, return_inverse=True)[1].ravel()
    # where more cases than that are equal, any of them is nearest: a tree over ties would look at all of them
    crowded = np.bincount(stratum[pool], minlength=int(stratum.max()) + 1)[stratum[own]] > NEAREST
    found = np.empty((len(own), count), dtype=np.int64)
    found[crowded] = _equal(stratum, own[crowded], pool, rng.random((int(crowded.sum()), count)))
    found[~crowded] = _nearest(space + rng.normal(scale=1e-6, size=space.shape), own[~crowded], pool, count)
    return found


def _equal(stratum: Codes, own: Codes, pool: Codes, draws: Floats) -> Codes:
    """Draw, for each case, others of its stratum from the pool, where there are always some."""
    ranked = pool[np.argsort(stratum[pool], kind="stable")]
    start, end = (np.searchsorted(stratum[ranked], stratum[own], side=side) for side in ("left", "right"))
    place = np.full(len(stratum), len(pool))
    place[ranked] = np.arange(len(ranked))
    inside = place[own] < len(pool)
    drawn = start[:, None] + (draws * (end - start - inside)[:, None]).astype(np.int64)
    # whoever comes at or after the case itself moves up by one, so that nobody is their own background
    drawn += inside[:, None] & (drawn >= place[own][:, None])
    return np.asarray(ranked[drawn])


def _nearest(space: Floats, own: Codes, pool: Codes, count: int) -> Codes:
    """Give the nearest others in the pool; the jitter in ``space`` keeps the first cases from being everyone's."""
    if not len(own):
        return np.empty((0, count), dtype=np.int64)
    found = pool[np.atleast_2d(np.asarray(cKDTree(space[pool]).query(space[own], k=count + 1)[1], dtype=np.int64))]
    itself = found == own[:, None]
    itself[:, -1] |= ~itself.any(axis=1)
    return np.asarray(found[~itself].reshape(len(own), count))


def _space(cases: ScoredCases) -> Floats:
    """Give one coordinate a number and one a level, each of unit variance."""
    blocks = []
    for name in sorted(cases.plan.declared):
        basis = spline_basis(cases.features[[name]])
        plain = [
            place for place, label in enumerate(basis.names) if label == name or label.startswith(f"{name}: level")
        ]
        blocks.append(basis.matrix[:, plain or list(range(basis.matrix.shape[1]))])
        if basis.wide.shape[1]:
            # levels of a wide category lie far apart: like cases are of the same level where there are any
            blocks.append(10.0 * np.random.default_rng(1).normal(size=(int(basis.wide.max()) + 1, 4))[basis.wide[:, 0]])
    return np.column_stack(blocks)
