"""A007: whether the model uses a group's nationality or origin through other features, through which, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from igw_audit.audits.contributions import Contributions, contributions, most_cases
from igw_audit.audits.proxy_columns import as_numbers, presence_columns
from igw_audit.audits.proxy_levels import ALPHA, ALPHA_OMNIBUS, PRESENT, Reading, delta, named, parts_sum, read_group
from igw_audit.audits.score_only import associations
from igw_audit.core.audit import audit
from igw_audit.core.cases import REST, Bools, Codes, Group, ScoredCases
from igw_audit.core.compared import TOO_FEW_TO_COMPARE, gravest_level, group_counts, unweighted
from igw_audit.core.finding import Counts, Finding
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.conditional import ConditionalEffects, conditional_effects
from igw_audit.stats.drawing import Drawn, draw_cases
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.proxy import ProxyUse, ScoreParts, proxy_use

DRAWS = 999
#: Cases that are measured, at most: of very many a part is drawn, every group as far as it goes.
MOST_CASES = 100_000
#: Parts and whole that differ by more than this many standard deviations do not tell the same story.
INCONSISTENT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Everything that is worked out once for all groups."""

    features: tuple[str, ...]
    parts: ScoreParts
    found: ProxyUse
    readings: tuple[Reading, ...]
    method: str
    drawn: Drawn


@audit(
    code="A007",
    title=Text(en="Proxy use", nl="Gebruik van vervangers (proxy's)"),
    asks=Text(
        en="Does the model use what features tell of the group, beyond the declared factors; through which, how much?",
        nl="Gebruikt het model wat een kenmerk over de groep zegt, naast de verklaarde factoren; welk, en hoeveel?",
    ),
    conclude=gravest_level,
)
def proxy_use_of_model(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Measure the shift of every feature's contribution, of pairs, and of the whole score, for every group."""
    groups = cases.groups_to_compare(attribute)
    if cases.score.std() == 0:
        raise NotMeasurableError(
            "all cases have the same score, so it uses nothing", "alle zaken hebben dezelfde score: er is geen gebruik"
        )
    measured = _measure(cases, attribute)
    counts = {group.name: group_counts(cases.selected, group) for group in groups}
    for code, group in enumerate(groups):
        for finding in _findings(measured, code):
            yield unweighted(replace(finding, group=group.name, reference=REST, counts=counts[group.name]), cases)
        if measured.drawn.weight is not None:
            yield _share_measured(measured, cases, group)
    if cases.predict is None:
        for finding in associations(cases, attribute, most=MOST_CASES, draws=DRAWS):
            yield unweighted(replace(finding, counts=counts[str(finding.group)]), cases)


def _measure(cases: ScoredCases, attribute: str) -> _Measured:
    plan, codes = cases.plan, cases.groupings[attribute].codes
    drawn = draw_cases(codes, most=most_cases(cases, MOST_CASES), seed=plan.seed, cluster=cases.cluster)
    rows = drawn.rows
    taken, codes = contributions(cases, rows), codes[rows]
    cluster = None if cases.cluster is None else cases.cluster[rows]
    basis = spline_basis(cases.features.loc[rows, list(plan.declared)]) if plan.declared else Basis.empty(len(codes))
    features = tuple(sorted(name for name in map(str, cases.features.columns) if name not in plan.declared))
    raw = cases.features.loc[rows, list(features)]
    parts = _parts(cases, taken, rows, features)
    spelled = presence_columns(raw, codes, cross_fit_folds(codes, seed=plan.seed, cluster=cluster))
    found = proxy_use(
        parts,
        codes,
        basis,
        presence=spelled.values,
        seed=plan.seed,
        draws=DRAWS,
        confidence=plan.confidence,
        alpha=ALPHA,
        alpha_omnibus=ALPHA_OMNIBUS,
        cluster=cluster,
        weight=drawn.weight,
    )
    marginal = conditional_effects(
        np.column_stack([parts.score, parts.decision]),
        codes,
        Basis.empty(len(codes)),
        seed=plan.seed,
        draws=DRAWS,
        confidence=plan.confidence,
        alpha=ALPHA,
        cluster=cluster,
        weight=drawn.weight,
    )
    part = "" if drawn.weight is None else f", {len(codes)} of {cases.n} cases drawn"
    return _Measured(
        features=features if taken is not None else (),
        parts=parts,
        found=found,
        readings=_readings(found, marginal, spelled.feature, known=taken is not None),
        method=("score only" if taken is None else taken.method) + part,
        drawn=drawn,
    )


def _parts(cases: ScoredCases, taken: Contributions | None, rows: Bools, features: tuple[str, ...]) -> ScoreParts:
    decision = cases.selected[rows].astype(np.float64)
    if taken is None:
        nothing = np.empty((len(decision), 0))
        return ScoreParts(score=cases.score[rows], decision=decision, features=nothing, values=nothing)
    own = taken.amounts[:, [taken.names.index(name) for name in features]]
    declared = [taken.names.index(name) for name in sorted(cases.plan.declared)]
    lawful = taken.amounts[:, declared].sum(axis=1) if declared else None
    return ScoreParts(
        score=taken.output,
        decision=decision,
        features=own,
        values=as_numbers(cases.features.loc[rows, list(features)], own),
        declared=lawful if lawful is not None and lawful.std() > 0 else None,
    )


def _readings(found: ProxyUse, marginal: ConditionalEffects, owner: Codes, *, known: bool) -> tuple[Reading, ...]:
    differs: Bools = np.atleast_1d(marginal.rejected(alpha=ALPHA).any(axis=0))
    largest = np.zeros((found.n_features, found.effects.effect.shape[1]))
    if known:
        for column, feature in enumerate(owner):
            largest[feature] = np.maximum(largest[feature], np.abs(found.presence[column]))
    return tuple(
        read_group(found, group, present=largest[:, group] >= PRESENT, marginal=bool(differs[group]))
        for group in range(largest.shape[1])
    )


def _findings(measured: _Measured, group: int) -> Iterator[Finding]:
    found, reading = measured.found, measured.readings[group]
    names: list[tuple[str, ...]] = [(name,) for name in measured.features]
    names += [(measured.features[one], measured.features[other]) for one, other in found.pairs.members]
    for row, features in enumerate(names):
        finding = _shift(measured, row, group, statistic="delta")
        yield replace(finding, features=features, level=reading.rows[row])
        if named(found, row, group):
            yield _own_dependence(measured, row, group)
        elif reading.rows[row] in ("strong_use", "weak_use"):
            yield replace(_selection(measured, row, group), features=features)
    if found.has_declared:
        yield _shift(measured, found.total - 1, group, statistic="delta_declared")
    yield replace(_shift(measured, found.total, group, statistic="delta_total"), level=reading.group)
    if measured.parts.decision.std() > 0:
        yield _shift(measured, found.decision, group, statistic="delta_decision")
    yield _omnibus(measured, group)
    gap = delta(found, found.total, group) - parts_sum(found, group)
    if measured.features and abs(gap) > INCONSISTENT and found.effects.measurable[found.total, group]:
        yield Finding(statistic="explainer_inconsistency", estimate=_plain(measured, gap, "whole minus parts"))


def _shift(measured: _Measured, row: int, group: int, *, statistic: str) -> Finding:
    effects, place = measured.found.effects, (row, group)
    if not effects.measurable[place]:
        return Finding(statistic=statistic, reason=TOO_FEW_TO_COMPARE)
    unit = measured.found.unit(row)
    estimate = Estimate(
        value=float(effects.effect[place]) / unit,
        low=float(effects.low[place]) / unit,
        high=float(effects.high[place]) / unit,
        confidence=effects.confidence,
        n=effects.cases,
        method=f"{measured.method}; overlap-weighted, simultaneous over {effects.measurable.sum()} comparisons",
    )
    return Finding(
        statistic=statistic,
        estimate=estimate,
        p_value=float(effects.p[place]),
        p_adjusted=float(effects.p_adjusted[place]),
        minimum_detectable=float(effects.minimum_detectable[place]) / unit,
    )


def _selection(measured: _Measured, row: int, group: int) -> Finding:
    """Say a shift as a rate: how many more of the group are selected than if each scored that much less."""
    parts, effects = measured.parts, measured.found.effects
    member = measured.found.codes == group
    chosen = parts.decision > 0
    if not chosen.any() or chosen.all():
        return Finding(statistic="selection_shift", reason=TOO_FEW_TO_COMPARE)
    cutoff = parts.score[chosen].min()
    scores = parts.score[member]
    stands = None if measured.drawn.weight is None else measured.drawn.weight[member]

    def more(shift: float) -> float:
        kept = (scores >= cutoff).astype(np.float64) - (scores - shift >= cutoff)
        return float(np.average(kept, weights=stands))

    place = (row, group)
    return Finding(
        statistic="selection_shift",
        estimate=Estimate(
            value=more(float(effects.effect[place])),
            low=more(float(effects.low[place])),
            high=more(float(effects.high[place])),
            confidence=effects.confidence,
            n=int(member.sum()),
            method="the group's scores moved by the shift, at the operating point",
        ),
    )


def _omnibus(measured: _Measured, group: int) -> Finding:
    omnibus = measured.found.omnibus
    estimate = _plain(measured, float(omnibus.explained[group]), "projected covariance, share of membership foretold")
    return Finding(
        statistic="any_dependence", estimate=estimate, p_adjusted=float(measured.found.omnibus.p_adjusted[group])
    )


def _own_dependence(measured: _Measured, row: int, group: int) -> Finding:
    """Say of one feature that its spread or one end goes with the group, where its mean does not tell."""
    found = measured.found
    estimate = _plain(measured, float(found.own.explained[row, group]), "projected covariance of this feature alone")
    return Finding(
        statistic="any_dependence",
        features=(measured.features[row],),
        estimate=estimate,
        p_adjusted=float(found.own.p_adjusted[row, group]),
    )


def _plain(measured: _Measured, value: float, method: str) -> Estimate:
    effects = measured.found.effects
    return Estimate(value=value, low=None, high=None, confidence=effects.confidence, n=effects.cases, method=method)


def _share_measured(measured: _Measured, cases: ScoredCases, group: Group) -> Finding:
    """Say how many of the group's cases the numbers of this group rest on."""
    taken = int((group.member & measured.drawn.rows).sum())
    apart = "cases" if cases.cluster is None else "whole clusters"
    return Finding(
        statistic="share_measured",
        group=group.name,
        estimate=Estimate(
            value=taken / group.n,
            low=None,
            high=None,
            confidence=measured.found.effects.confidence,
            n=taken,
            method=f"{apart} drawn by lot, as many of every group, small groups whole; effects are weighted back",
        ),
        counts=Counts(events=taken, n=group.n),
    )
