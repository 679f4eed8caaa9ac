"""A009: whose selection would change if only what gives the group away had been different."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from igw_audit.audits.flip_decisions import first_by_rank, operating_point
from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import REST, Bools, Codes, Floats, ScoredCases
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.lexicon import split_words
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.encoding import encode
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.matching import Donors, like_donors, like_space
from igw_audit.stats.shares import Drawn, mean_change, mean_share, widened

#: Values drawn a case.
DRAWS = 5
#: A feature gives the group away when it differs from like cases of other groups by this many of its standard
#: deviations (METHODS, levels), and not by chance.
PRESENT, SURE, FEWEST = 0.30, 4.0, 20
#: Cases that get donors, and cases that the model is asked to score anew, at most; small groups stay whole.
MOST_CASES, MOST_SCORES = 20_000, 1_500_000

_NOBODY_SELECTED = Text(
    en="nobody of this group is selected, so no selection can be lost",
    nl="uit deze groep is niemand geselecteerd, dus er kan geen selectie wegvallen",
)
_ALONE = Text(
    en="this group holds one case, so there is nobody of the same group to compare with",
    nl="deze groep heeft één zaak, dus er is niemand uit dezelfde groep om mee te vergelijken",
)


def _unanswered(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups whose selections could not be flipped at all."""
    names = dict.fromkeys(f.group for f in findings if f.group and f.statistic == "flip_share" and not f.estimate)
    return Conclusion(inconclusive_groups=tuple(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swap:
    """The cases looked at, and for each of them like cases of another group and of its own.

    ``rows`` are positions of cases, ``share`` how many cases each stands for.
    """

    rows: Codes
    donors: Donors
    share: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flipped:
    """The chance that each case is selected, draw by draw; arrays of shape (draws, n_rows).

    Attributes
    ----------
    other, own : ndarray of float64
        With the value of a like case of another group; of the same group.
    ranked_own, ranked_any : ndarray of float64, or None
        When everyone's value is drawn and as many cases are selected as before: from the same group; from any group,
        as if the value told nothing of it. None without a capacity.
    """

    other: Floats
    own: Floats
    ranked_own: Floats | None = None
    ranked_any: Floats | None = None


@audit(
    code="A009",
    title=Text(en="Selections that flip", nl="Selecties die omslaan"),
    asks=Text(
        en="For whom would there have been no selection if only what gives the group away had been different?",
        nl="Wie was er niet geselecteerd als alleen datgene wat de groep verraadt anders was geweest?",
    ),
    needs=("model",),
    samples="scored",
    conclude=_unanswered,
)
def flips(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Give every case the value of a like case of another group, and see whose selection changes.

    First all undeclared features together (a finding without features), then each feature that gives a group away. Like
    means near in the declared factors. The threshold holds: one person's value changes, nobody else's.
    """
    undeclared = _undeclared(cases, attribute)
    if len(cases.groupings[attribute].names) < 2 or not undeclared:
        raise NotMeasurableError(
            f"flipping needs two groups of {attribute!r} and a feature that is not declared; there are "
            f"{len(cases.groupings[attribute].names)} groups and {len(undeclared)} such features",
            f"omslaan vraagt twee groepen van {attribute!r} en een kenmerk dat geen verklaarde factor is; er zijn "
            f"{len(cases.groupings[attribute].names)} groepen en {len(undeclared)} van zulke kenmerken",
        )
    groups = cases.groupings[attribute].codes
    swap = _swap(cases, groups, undeclared)
    telling = _telling(cases, attribute, undeclared, swap)
    swap = _fewer(swap, groups, most=MOST_SCORES // (2 * DRAWS * (len(telling) + 1)))
    for names in ((), *((name,) for name in telling)):
        flipped = _flip(cases, groups, names or undeclared, swap)
        yield from _findings(cases, attribute, names, (swap, flipped))


def _undeclared(cases: ScoredCases, attribute: str) -> tuple[str, ...]:
    return tuple(
        str(name)
        for name in cases.features.columns
        if name not in cases.plan.declared or _is_attribute(cases, attribute, str(name))
    )


def _is_attribute(cases: ScoredCases, attribute: str, feature: str) -> bool:
    derived = cases.plan.derived.get(attribute)
    return split_words(feature) in {split_words(name) for name in (attribute, *([derived.source] if derived else []))}


def _swap(cases: ScoredCases, groups: Codes, undeclared: Sequence[str]) -> _Swap:
    rows = _capped(groups, np.arange(cases.n), most=MOST_CASES, seed=cases.plan.seed)
    space = like_space(cases.features[[name for name in cases.plan.declared if name not in undeclared]])
    donors = like_donors(space, groups, rows, seed=cases.plan.seed, draws=DRAWS)
    return _Swap(rows=rows, donors=donors, share=_stands_for(groups, rows))


def _fewer(swap: _Swap, groups: Codes, *, most: int) -> _Swap:
    kept = np.isin(swap.rows, _capped(groups, swap.rows, most=most, seed=0))
    donors = Donors(other=swap.donors.other[kept], own=swap.donors.own[kept], alone=swap.donors.alone[kept])
    return _Swap(rows=swap.rows[kept], donors=donors, share=_stands_for(groups, swap.rows[kept]))


def _capped(groups: Codes, rows: Codes, *, most: int, seed: int) -> Codes:
    """Keep at most so many rows by a keyed draw, the same number of every group that has more."""
    if len(rows) <= most:
        return rows
    order = np.random.default_rng([seed, 0xCA9]).permutation(len(rows))
    codes = groups[rows][order]
    by_group = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    rank = np.empty(len(rows), dtype=np.int64)
    rank[by_group] = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    cap = bisect_right(range(int(sizes.max()) + 1), most, key=lambda cap: int(np.minimum(sizes, cap).sum())) - 1
    return np.sort(rows[order[rank < max(1, cap)]])


def _stands_for(groups: Codes, rows: Codes) -> Floats:
    size, taken = np.bincount(groups), np.bincount(groups[rows], minlength=int(groups.max()) + 1)
    return np.asarray((size / np.maximum(taken, 1))[groups[rows]])


def _telling(cases: ScoredCases, attribute: str, undeclared: Sequence[str], swap: _Swap) -> tuple[str, ...]:
    """Name the features in which some group differs from like cases of the others, and the attribute itself."""
    spelled = encode(cases.features[list(undeclared)], bends=False)
    codes = cases.groupings[attribute].codes[swap.rows]
    apart = spelled.matrix[swap.rows] - spelled.matrix[swap.donors.other].mean(axis=1)
    found = {name for name in undeclared if _is_attribute(cases, attribute, name)}
    for code in np.unique(codes):
        own = apart[codes == code]
        mean, error = own.mean(axis=0), own.std(axis=0) / np.sqrt(len(own))
        telling = (np.abs(mean) >= PRESENT) & (np.abs(mean) >= SURE * error) & (len(own) >= FEWEST)
        found |= {undeclared[position] for position in spelled.owner[telling]}
    return tuple(name for name in undeclared if name in found)


def _flip(cases: ScoredCases, groups: Codes, names: Sequence[str], swap: _Swap) -> _Flipped:
    real, selected = cases.score[swap.rows], cases.selected[swap.rows].astype(np.float64)
    other, own = (_scores(cases, names, swap.rows, donors) for donors in (swap.donors.other, swap.donors.own))
    chance = operating_point(cases)
    held = _Flipped(other=chance(other, real, selected), own=chance(own, real, selected))
    if cases.plan.capacity is None:
        return held
    room = float(cases.selected.sum())
    rng = np.random.default_rng([cases.plan.seed, 0x9A])
    same = rng.random(other.shape) < (np.bincount(groups) / cases.n)[groups[swap.rows]]
    ranked_own, ranked_any = (
        np.array([first_by_rank(scores, swap.share, room) for scores in draws])
        for draws in (own, np.where(same, own, other))
    )
    return replace(held, ranked_own=ranked_own, ranked_any=ranked_any)


def _scores(cases: ScoredCases, names: Sequence[str], rows: Codes, donors: Codes) -> Floats:
    """Score the cases with the donors' values of these features; shape (draws, n_rows)."""
    if cases.predict is None:
        raise NotMeasurableError("only scores are known", "alleen de scores zijn bekend")
    frame = cases.features.iloc[np.tile(rows, donors.shape[1])].copy()
    given = donors.T.ravel()
    for name in names:
        frame[name] = cases.features[name].iloc[given].array
    return np.asarray(cases.predict(frame), dtype=np.float64).reshape(donors.shape[1], len(rows))


def _findings(
    cases: ScoredCases, attribute: str, names: tuple[str, ...], held: tuple[_Swap, _Flipped]
) -> Iterator[Finding]:
    swap, flipped = held
    grouping = cases.groupings[attribute]
    codes, picked = grouping.codes[swap.rows], cases.selected[swap.rows]
    for group, name in enumerate(grouping.names):
        member = codes == group
        selected = int((cases.selected & (grouping.codes == group)).sum())
        about = Finding(statistic="flip_share", group=name, reference=REST, features=names, reason=_NOBODY_SELECTED)
        moved = np.abs(flipped.other - picked)
        share = _read(cases, swap, member, (moved, None))
        yield _counted(replace(about, estimate=share, reason=None), int((grouping.codes == group).sum()))
        lost = _read(cases, swap, member & picked, (1 - flipped.other, None)) if selected else None
        about = replace(about, statistic="lost_selection_share", estimate=lost, reason=None if lost else about.reason)
        yield _counted(about, selected)
        for statistic, chosen, why in (
            ("lost_selection_share_difference", member & picked, _ALONE if selected else _NOBODY_SELECTED),
            ("flip_selection_difference", member, _ALONE),
        ):
            found = _read(cases, swap, chosen & ~swap.donors.alone, (flipped.other, flipped.own))
            yield replace(about, statistic=statistic, estimate=found, reason=None if found else why)
        if flipped.ranked_any is not None:
            found = _read(cases, swap, member & ~swap.donors.alone, (flipped.ranked_any, flipped.ranked_own))
            statistic = "reranked_selection_difference"
            yield replace(about, statistic=statistic, estimate=found, reason=None if found else _ALONE)


def _counted(finding: Finding, n: int) -> Finding:
    """Say how many people it is about: the expected number over the draws."""
    events = 0 if finding.estimate is None else round(finding.estimate.value * n)
    return replace(finding, counts=Counts(events=events, n=n))


def _read(cases: ScoredCases, swap: _Swap, chosen: Bools, chances: tuple[Floats, Floats | None]) -> Estimate | None:
    """Average over the chosen cases: one kind of chance, or how much the second is above the first."""
    if not chosen.any():
        return None
    rows = swap.rows[chosen]
    cluster = None if cases.cluster is None else cases.cluster[rows]
    weight = None if cases.weight is None else cases.weight[rows]
    after, kept = chances
    parts = [_drawn(cases, after, swap.donors.other, chosen)]
    own = parts[0].values.mean(axis=0)
    mean = mean_share
    if kept is not None:
        parts.append(_drawn(cases, kept, swap.donors.own, chosen))
        own, mean = parts[1].values.mean(axis=0) - own, mean_change
    found = mean(own, confidence=cases.plan.confidence, cluster=cluster, weight=weight)
    part = "" if len(swap.rows) == cases.n else f", {len(swap.rows)} of {cases.n} cases"
    named = replace(found, method=f"values of like cases, {DRAWS} draws{part}; {found.method}, widened for donors")
    return widened(named, parts, own=own, cluster=cluster)


def _drawn(cases: ScoredCases, chances: Floats, donors: Codes, chosen: Bools) -> Drawn:
    whose = donors[chosen].T
    return Drawn(values=chances[:, chosen], donors=whose if cases.cluster is None else cases.cluster[whose])
