"""A010: whether an intersection of attributes, or a group within a slice of the features, is selected more often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from igw_audit.audits.confirming import Candidate, try_slice
from igw_audit.audits.crossing import crossed
from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import REST, Bools, Codes, Floats, Grouping, ScoredCases
from igw_audit.core.compared import RateQuestion, group_findings, rate_comparisons
from igw_audit.core.finding import CROSSED, Finding
from igw_audit.core.text import Text
from igw_audit.stats.basis import spline_basis
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.multiplicity import holm
from igw_audit.stats.residuals import residualise
from igw_audit.stats.subgroups import FEWEST, Conditions, Slice, conditions_of, search

#: Slices taken from the search to the other half: so many as found, and so many given the declared factors.
CANDIDATES = 6
#: Cases that the search looks at, at most.
SEARCHED = 60_000

_CASES = Text(en="cases", nl="zaken")
_TOO_FEW = Text(
    en=f"fewer than {2 * FEWEST} cases in this group or outside it: too few to search one half and confirm on another",
    nl=f"minder dan {2 * FEWEST} zaken in deze groep of daarbuiten: te weinig om in twee helften te zoeken",
)
_NO_FEATURES = Text(
    en="the plan names no features that vary, so there are no slices to look in",
    nl="het plan noemt geen kenmerken die verschillen, dus er zijn geen delen om in te kijken",
)
_SAMPLED = Text(
    en="the table is a sample of investigated cases, and the search cannot weigh them back to all cases",
    nl="de tabel is een steekproef van onderzochte zaken, en de zoektocht kan ze niet terugwegen naar alle zaken",
)
_NOT_SINGLED_OUT = Text(
    en="the search did not single out this group in this slice",
    nl="de zoektocht wees deze groep in dit deel niet aan",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Halves:
    search: Bools
    confirm: Bools


def _unanswered(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups in which nothing could be searched."""
    names = dict.fromkeys(f.group for f in findings if f.group and f.statistic == "confirmed_subgroups" and f.reason)
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A010",
    title=Text(en="Intersections and discovered subgroups", nl="Kruisingen en gevonden deelgroepen"),
    asks=Text(
        en="Is a combination of attributes, or a group within a part of the cases, selected more often than others?",
        nl="Wordt een combinatie van kenmerken, of een groep binnen een deel van de zaken, vaker geselecteerd?",
    ),
    samples="any",
    conclude=_unanswered,
)
def subgroups(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Every cell of this attribute with each later one of the plan; then slices found on one half of the cases.

    A slice is a conjunction of up to three conditions on features, within which the group is compared with the others.
    """
    found = tuple(_intersections(cases, attribute))
    if not found:
        cases.groups_to_compare(attribute)
    yield from found
    yield from _discovered(cases, attribute)


def _intersections(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Compare every non-empty cell with everyone else; all cells of the attribute are one family."""
    later = cases.plan.attributes[cases.plan.attributes.index(attribute) + 1 :]
    cells = [cell for other in later for cell in crossed(cases.groupings[attribute], cases.groupings[other])]
    everyone = np.ones(cases.n, dtype=np.bool_)
    asked = RateQuestion(
        statistic="intersection_selection_rate", event=cases.selected, among=everyone, base=_CASES, about="selection"
    )
    compared = rate_comparisons(cases, [cell for cell, _ in cells], asked)
    for (cell, other), found in zip(cells, compared, strict=True):
        yield from group_findings(cell, found, replace(asked, step=f"{CROSSED}{other}"))


def _discovered(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    grouping = cases.groupings[attribute]
    sizes = grouping.sizes()
    if cases.sampling is not None and cases.sampling.frame != "unclear":
        yield from (Finding(statistic="confirmed_subgroups", group=name, reason=_SAMPLED) for name in grouping.names)
        return
    able = (np.minimum(sizes, cases.n - sizes) >= 2 * FEWEST).tolist()
    asked = [found for name in cases.features.columns if (found := conditions_of(cases.features[name])) is not None]
    looked_at, tried = _tried(cases, grouping, asked) if any(able) and asked else (0, ())
    confirmed = [one for one in tried if one.confirmed]
    how = f"{looked_at} slices searched on one half, {len(tried)} tried on the other (Holm)"
    for code, name in enumerate(grouping.names):
        why = None if able[code] and asked else _NO_FEATURES if able[code] else _TOO_FEW
        count = float(sum(one.slice.group == code for one in confirmed))
        estimate = Estimate(
            value=count, low=None, high=None, confidence=cases.plan.confidence, n=int(sizes[code]), method=how
        )
        yield Finding(statistic="confirmed_subgroups", group=name, estimate=None if why else estimate, reason=why)
    yield from _confirmed(confirmed, grouping, asked)


def _confirmed(confirmed: Sequence[Candidate], grouping: Grouping, asked: Sequence[Conditions]) -> Iterator[Finding]:
    """Give each confirmed slice with all groups in their places."""
    places: dict[tuple[bool, tuple[int, ...], tuple[int, ...]], dict[int, Candidate]] = {}
    for one in confirmed:
        key = (one.given_declared, one.slice.features, one.slice.conditions)
        places.setdefault(key, {})[one.slice.group] = one
    for (declared, features, conditions), held in places.items():
        where = "; ".join(asked[f].words[c] for f, c in zip(features, conditions, strict=True))
        for code, name in enumerate(grouping.names):
            found = held.get(code)
            yield Finding(
                statistic=f"subgroup_{'conditional' if declared else 'selection_rate'}_difference",
                group=name,
                reference=REST,
                features=tuple(asked[feature].name for feature in features),
                step=where,
                estimate=found.estimate if found else None,
                counts=found.counts if found else None,
                reason=None if found else _NOT_SINGLED_OUT,
                p_value=found.p_value if found else None,
                p_adjusted=found.p_adjusted if found else None,
            )


def _tried(cases: ScoredCases, grouping: Grouping, asked: Sequence[Conditions]) -> tuple[int, tuple[Candidate, ...]]:
    """Search one half, as found and given the declared factors, and try what stands out on the other half."""
    halves = _halves(cases, grouping.codes)
    chosen: list[tuple[Slice, bool]] = []
    looked_at = 0
    for given_declared in (False, True) if cases.plan.declared else (False,):
        outcome, member = (
            _residuals(cases, grouping, halves.search) if given_declared else _plain(cases, grouping, halves.search)
        )
        found = search(outcome, member, grouping.codes[halves.search], _within(asked, halves.search), most=CANDIDATES)
        looked_at += found.looked_at
        chosen += [(one, given_declared) for one in found.slices]
    tried = tuple(_try_all(cases, grouping, [(one, given, one.cases(asked) & halves.confirm) for one, given in chosen]))
    adjusted = holm([one.p_value for one in tried])
    return looked_at, tuple(replace(one, p_adjusted=p) for one, p in zip(tried, adjusted, strict=True))


def _try_all(
    cases: ScoredCases, grouping: Grouping, chosen: Sequence[tuple[Slice, bool, Bools]]
) -> Iterator[Candidate]:
    """Try each slice, whole and without the people of the group who are in better slices already."""
    covered: dict[tuple[int, bool], Bools] = {}
    for one, given, rows in chosen:
        people = grouping.codes == one.group
        better = covered.setdefault((one.group, given), np.zeros(cases.n, dtype=np.bool_))
        yield try_slice(cases, one, (rows, people, better), given_declared=given, of=len(chosen))
        better |= rows & people


def _halves(cases: ScoredCases, groups: Codes) -> _Halves:
    """Split the cases by the hash of their ids: every group evenly, clusters whole, evenly by size."""
    key = f"{cases.plan.seed:016x}"[-16:]
    drawn = pd.util.hash_array(cases.features.index.astype(str).to_numpy(dtype=object), hash_key=key, categorize=False)
    if cases.cluster is None:
        order = np.lexsort((drawn, groups))
        side = np.empty(cases.n, dtype=np.int64)
        side[order] = np.arange(cases.n) % 2
    else:
        # a cluster is known by its first case
        _, first, members = np.unique(cases.cluster, return_index=True, return_inverse=True)
        order = np.lexsort((drawn[first], -np.bincount(members)))
        dealt = np.empty(len(first), dtype=np.int64)
        dealt[order] = np.array([0, 1, 1, 0])[np.arange(len(first)) % 4]
        side = dealt[members]
    searched = side == 0
    if searched.sum() > SEARCHED:
        searched &= drawn <= np.partition(drawn[searched], SEARCHED)[SEARCHED]
    return _Halves(search=searched, confirm=side == 1)


def _within(asked: Sequence[Conditions], rows: Bools) -> list[Conditions]:
    return [replace(one, bins=one.bins[rows]) for one in asked]


def _plain(cases: ScoredCases, grouping: Grouping, rows: Bools) -> tuple[Floats, Floats]:
    member = grouping.codes[rows][:, None] == np.arange(len(grouping.names))
    return cases.selected[rows].astype(np.float64), member.astype(np.float64)


def _residuals(cases: ScoredCases, grouping: Grouping, rows: Bools) -> tuple[Floats, Floats]:
    outcome, member = _plain(cases, grouping, rows)
    held = np.flatnonzero(member.any(axis=0))
    _, codes = np.unique(grouping.codes[rows], return_inverse=True)
    if len(held) > 1:
        found = residualise(
            outcome[:, None],
            codes.astype(np.int64),
            spline_basis(cases.features.loc[rows, list(cases.plan.declared)]),
            seed=cases.plan.seed,
            cluster=None if cases.cluster is None else cases.cluster[rows],
        )
        outcome, member[:, held] = found.outcome[:, 0], found.member
    return outcome, member
