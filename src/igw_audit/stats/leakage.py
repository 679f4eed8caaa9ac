"""Whether groups can be told from columns: cross-fitted discrimination, with a permutation test that refits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from igw_audit.stats.crt import step_down
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.ranking import auc

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Permutations.
DRAWS = 199
#: A group, and everyone else, needs as many cases and as many clusters as this.
FEWEST_CASES, FEWEST_CLUSTERS = 10, 5
#: Clusters change labels with others of about their size: this many neighbours in the order of sizes.
WINDOW = 20
#: Predictions are counted in classes of 1/32 of their standard deviation.
CLASSES = 256
#: Numbers held at a time, so that memory does not grow with permutations.
HELD = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """How well each group is told from everyone else.

    Attributes
    ----------
    areas : tuple of Estimate or None, length K
        Area under the ROC curve of the cross-fitted prediction; None for a group that is too small.
    p, p_adjusted : ndarray of float64, shape (K,)
        One-sided permutation p-value, alone and step-down over the groups; 1 for a group that is too small.
    """

    areas: tuple[Estimate | None, ...]
    p: Floats
    p_adjusted: Floats


def leakage(  # noqa: PLR0913 - everything beyond the data goes by keyword
    design: Floats,
    groups: Codes,
    *,
    seed: int,
    confidence: float = 0.95,
    cluster: Codes | None = None,
    weight: Floats | None = None,
) -> Leakage:
    """Predict every group from the columns, out of fold, and test that nothing can be predicted.

    The rule is Fisher's linear discriminant of the group against the rest (ridge with a penalty of one case a column),
    fitted on four fifths of the cases and read on the fifth left out, in standard deviations of its fold. The test
    permutes the groups and does everything again but for the folds, which do not depend on them: valid at any n. With
    clusters whole clusters stay in one fold, and exchange their groups with clusters of about the same size.

    Parameters
    ----------
    design : ndarray of float64, shape (n_cases, n_columns)
        Standardised columns, rows in canonical order.
    groups : ndarray of int64, shape (n_cases,)
        Group of each case, 0 .. K - 1.
    seed : int
        Key of the folds and of the permutations.
    confidence : float
        Level of each interval on its own (Newcombe's for an area, by the cases that clusters are worth).
    cluster : ndarray of int64, shape (n_cases,), optional
    weight : ndarray of float64, shape (n_cases,), optional
        How many cases each stands for, where only a part was drawn by group: areas are about all the cases, tests and
        rules about those drawn.

    Raises
    ------
    ValueError
        If shapes do not agree or a number is not finite.

    References
    ----------
    Fisher, R. A. (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics 7, 179-188.
    Ojala, M. and Garriga, G. C. (2010). Permutation tests for studying classifier performance. JMLR 11, 1833-1863.
    LeDell, E., Petersen, M. and van der Laan, M. (2015). Computationally efficient confidence intervals for
    cross-validated area under the ROC curve estimates. Electronic Journal of Statistics 9, 1583-1607.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> group = (rng.random(600) < 0.3).astype(np.int64)
    >>> told = leakage(rng.normal(size=(600, 1)) + group[:, None], group, seed=0)
    >>> bool(told.areas[1].low > 0.65), float(told.p_adjusted[1])
    (True, 0.005)
    """
    if design.ndim != 2 or len(design) != len(groups) or (cluster is not None and len(cluster) != len(groups)):
        raise ValueError(f"design {design.shape} and groups {groups.shape} must be about the same cases")
    if not np.isfinite(design).all():
        raise ValueError("columns must hold finite numbers: fill or mark what is missing first")
    count = int(groups.max()) + 1
    enough = _enough(groups, count, cluster)
    if not enough.any() or design.shape[1] == 0:
        return Leakage(areas=(None,) * count, p=np.ones(count), p_adjusted=np.ones(count))
    rules = _Rules.of(design, cross_fit_folds(np.zeros_like(groups), seed=seed, cluster=cluster))
    told = rules.predict(_indicators(groups[None], count))
    labels = _permuted(groups, cluster, seed=seed, draws=DRAWS)
    block = max(1, HELD // (len(groups) * count))
    null = np.vstack([_separations(rules, labels[start : start + block], count) for start in range(0, DRAWS, block)])
    observed = _separations(rules, groups[None], count)[0]
    # one-sided: a prediction that is wrong more often than right tells nothing
    tested = step_down(np.maximum(observed, 0.0), np.maximum(null, 0.0), enough, confidence=confidence)
    how = _Reading(confidence=confidence, cluster=cluster, weight=weight)
    areas = tuple(
        _area(told[:, code].astype(np.float64), groups == code, float(wider), how) if able else None
        for code, (able, wider) in enumerate(zip(enough, np.maximum(null.std(axis=0), 1.0), strict=True))
    )
    return Leakage(areas=areas, p=tested.p, p_adjusted=tested.p_adjusted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How areas are read."""

    confidence: float
    cluster: Codes | None
    weight: Floats | None


def _area(told: Floats, member: Bools, wider: float, how: _Reading) -> Estimate | None:
    """Give the area with an interval that knows of the cross-fit.

    Every pair of folds counts twice, once to learn and once to read, so that where little is told the area varies
    ``wider`` times (about the root of two) as much as that of a rule from elsewhere: as much as under permutation.
    """
    plain = auc(told, member, confidence=how.confidence, weight=how.weight)
    own = plain
    if how.cluster is not None:
        own = auc(told, member, confidence=how.confidence, cluster=how.cluster, weight=how.weight)
    if plain is None or own is None:
        return None
    value, ends = plain.value, [(one.low or 0.0, 1.0 if one.high is None else one.high) for one in (plain, own)]
    return replace(
        own,
        low=max(0.0, min(ends[1][0], value - wider * (value - ends[0][0]))),
        high=min(1.0, max(ends[1][1], value + wider * (ends[0][1] - value))),
        method=f"five-fold linear discriminant, {own.method}, widened for the cross-fit",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fold:
    """One fold's rows, and the map from cross-products of the others with labels to its predictions."""

    rows: Codes
    held: Singles
    mean: Singles
    reader: Singles


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """Everything of the cross-fitted rules that does not depend on who is in which group."""

    folds: tuple[_Fold, ...]
    n: int

    @classmethod
    def of(cls, design: Floats, folds: Codes) -> _Rules:
        gram, total = design.T @ design, design.sum(axis=0)
        found = []
        for fold in np.unique(folds):
            rows = np.flatnonzero(folds == fold)
            held = design[rows]
            n = len(design) - len(rows)
            mean = (total - held.sum(axis=0)) / max(n, 1)
            inner = gram - held.T @ held - n * np.outer(mean, mean)
            factor = cho_factor(inner + design.shape[1] * np.eye(design.shape[1]))
            found.append(
                _Fold(
                    rows=rows,
                    held=held.astype(np.float32),
                    mean=mean.astype(np.float32),
                    reader=cho_solve(factor, (held - mean).T).T.astype(np.float32),
                )
            )
        return cls(folds=tuple(found), n=len(design))

    def predict(self, labels: Singles) -> Singles:
        """Read every column of labels, shape (n_cases, m), out of fold, standardised within the fold."""
        crosses = [fold.held.T @ labels[fold.rows] for fold in self.folds]
        sums = [labels[fold.rows].sum(axis=0) for fold in self.folds]
        cross, total = np.sum(crosses, axis=0), np.sum(sums, axis=0)
        told = np.empty_like(labels)
        for fold, own, part in zip(self.folds, crosses, sums, strict=True):
            raw = fold.reader @ (cross - own - np.outer(fold.mean, total - part))
            raw -= raw.mean(axis=0)
            spread = raw.std(axis=0)
            told[fold.rows] = raw / np.where(spread > 1e-12, spread, np.inf)
        return told


def _enough(groups: Codes, count: int, cluster: Codes | None) -> Bools:
    sizes = np.bincount(groups, minlength=count)
    enough = (sizes >= FEWEST_CASES) & (len(groups) - sizes >= FEWEST_CASES)
    if cluster is None:
        return np.asarray(enough)
    for code in np.flatnonzero(enough):
        member = groups == code
        fewest = min(len(np.unique(cluster[member])), len(np.unique(cluster[~member])))
        enough[code] = fewest >= FEWEST_CLUSTERS
    return np.asarray(enough)


def _indicators(labels: Codes, count: int) -> Singles:
    """Give the 0/1 columns of every row of labels, shape (n_cases, n_rows x K)."""
    columns = (labels[:, None, :] == np.arange(count)[None, :, None]).astype(np.float32)
    return np.ascontiguousarray(columns.reshape(-1, labels.shape[1]).T)


def _separations(rules: _Rules, labels: Codes, count: int) -> Floats:
    """Give how far each area lies above one half, in standard deviations under the null; shape (n_rows, K)."""
    told = rules.predict(_indicators(labels, count))
    width = told.shape[1]
    classes = np.clip(told * (CLASSES / 8) + CLASSES / 2, 0, CLASSES - 1).astype(np.int64)
    classes += np.arange(width) * CLASSES
    everyone = np.bincount(classes.ravel(), minlength=width * CLASSES).reshape(width, CLASSES)
    own = labels + count * np.arange(len(labels))[:, None]
    inside = np.take_along_axis(classes.T.reshape(len(labels), count, -1), labels[:, None, :], axis=1)
    members = np.bincount(inside.ravel(), minlength=width * CLASSES).reshape(width, CLASSES)
    rest = everyone - members
    below = np.cumsum(rest, axis=1) - rest / 2
    sizes = np.bincount(own.ravel(), minlength=width).astype(np.float64)
    pairs = np.maximum(sizes * (labels.shape[1] - sizes), 1.0)
    area = (members * below).sum(axis=1) / pairs
    spread = np.sqrt((labels.shape[1] + 1) / (12 * pairs))
    return np.asarray((area - 0.5) / spread).reshape(len(labels), count)


def _permuted(groups: Codes, cluster: Codes | None, *, seed: int, draws: int) -> Codes:
    """Permute the groups ``draws`` times; shape (draws, n_cases)."""
    rng = np.random.default_rng([seed, 0x1EAC])
    if cluster is None:
        return rng.permuted(np.tile(groups, (draws, 1)), axis=1)
    return np.vstack([found[None] for found in _exchanged(groups, cluster, rng, draws)])


def _exchanged(groups: Codes, cluster: Codes, rng: np.random.Generator, draws: int) -> Iterator[Codes]:
    """Let clusters of about the same size exchange their groups, repeated or cut where sizes differ."""
    _, first, members = np.unique(cluster, return_index=True, return_inverse=True)
    members = np.argsort(np.argsort(first, kind="stable"), kind="stable")[members]
    order = np.argsort(members, kind="stable")
    sizes = np.bincount(members)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.arange(len(groups)) - np.repeat(starts, sizes)
    by_size = np.argsort(sizes, kind="stable")
    windows = np.arange(len(sizes)) // WINDOW
    if len(sizes) >= 2 * WINDOW:
        windows = np.minimum(windows, len(sizes) // WINDOW - 1)  # the last window takes the rest
    for _ in range(draws):
        source = np.empty(len(sizes), dtype=np.int64)
        source[by_size] = by_size[np.lexsort((rng.random(len(sizes)), windows))]
        taken = np.repeat(source, sizes)
        turn = rng.integers(0, 1 << 30, len(sizes))
        position = starts[taken] + (place + np.repeat(turn, sizes)) % sizes[taken]
        found = np.empty_like(groups)
        found[order] = groups[order[position]]
        yield found
