"""A005: how much of each group's higher or lower score and selection the declared factors leave unexplained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from igw_audit.core.audit import audit
from igw_audit.core.cases import REST, Group, ScoredCases
from igw_audit.core.compared import TOO_FEW_TO_COMPARE, gravest_level, group_counts, unweighted
from igw_audit.core.finding import Finding
from igw_audit.core.text import Text
from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.conditional import ConditionalEffects, conditional_effects
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.multiplicity import holm
from igw_audit.stats.nuisance import cross_fitted_means
from igw_audit.stats.proportions import normal_quantile
from igw_audit.stats.strata import conditional_demographic_disparity, mantel_haenszel, prognostic_strata

#: Family-wise level of the test over groups x (score, decision); METHODS, part 2.
ALPHA = 0.04
#: Shifts within this many standard deviations of the score or decision count as none (METHODS, levels: tau_eq).
TAU_EQUIVALENT = 0.10
#: A shift that lies, interval and all, within this is below what a spline basis can tell from its own approximation.
RESOLUTION = 0.02
DRAWS = 999
SCORE, DECISION = 0, 1

_NO_VARIATION = Text(
    en="all cases have the same value here, so groups cannot differ in it",
    nl="alle zaken hebben hier dezelfde waarde, dus groepen kunnen er niet in verschillen",
)
_NO_STRATUM = Text(
    en="no class of the declared factors holds both this group and others, and both selected and other cases",
    nl="geen klasse van de verklaarde factoren heeft én deze groep én anderen, wel én niet geselecteerd",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Everything that is worked out once for all groups."""

    marginal: ConditionalEffects
    conditional: ConditionalEffects
    basis: Basis
    strata: np.ndarray[tuple[int], np.dtype[np.int64]]


@audit(
    code="A005",
    title=Text(en="Disparity given the declared factors", nl="Verschil gegeven de verklaarde factoren"),
    asks=Text(
        en="Do groups still score higher, or get selected more often, among cases with the same declared factors?",
        nl="Scoren groepen ook bij gelijke verklaarde factoren hoger, of worden ze dan vaker geselecteerd?",
    ),
    needs=("declared",),
    conclude=gravest_level,
)
def conditional_disparity(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Measure every group's shift of score and decision beyond the declared factors, before and after them."""
    groups = cases.groups_to_compare(attribute)
    measured = _measure(cases, attribute)
    stratified = tuple(_stratified(cases, groups, measured))
    for position, group in enumerate(groups):
        counts = group_counts(cases.selected, group)
        for finding in (*_shifts(measured, position), *stratified[position]):
            yield unweighted(replace(finding, group=group.name, reference=REST, counts=counts), cases)


def _measure(cases: ScoredCases, attribute: str) -> _Measured:
    basis = spline_basis(cases.features[list(cases.plan.declared)])
    outcomes = np.column_stack([cases.score, cases.selected.astype(np.float64)])
    codes = cases.groupings[attribute].codes
    plan = cases.plan

    def effects(design: Basis) -> ConditionalEffects:
        return conditional_effects(
            outcomes,
            codes,
            design,
            seed=plan.seed,
            draws=DRAWS,
            confidence=plan.confidence,
            alpha=ALPHA,
            cluster=cases.cluster,
        )

    strata = basis.cells
    if strata is None:
        folds = cross_fit_folds(codes, seed=plan.seed, cluster=cases.cluster)
        strata = prognostic_strata(cross_fitted_means(outcomes[:, [SCORE]], basis, folds)[:, 0])
    return _Measured(marginal=effects(Basis.empty(cases.n)), conditional=effects(basis), basis=basis, strata=strata)


def _shifts(measured: _Measured, group: int) -> Iterator[Finding]:
    """Give the shifts of one group: before and after the declared factors, in SD and for decisions as a rate."""
    marginal, conditional = measured.marginal, measured.conditional
    total = _shift(conditional, SCORE, group, statistic="delta_total")
    yield replace(total, level=_level(measured, group))
    yield _shift(conditional, DECISION, group, statistic="delta_decision")
    rate = _shift(conditional, DECISION, group, statistic="conditional_selection_rate_difference", in_sd=False)
    yield rate
    yield _shift(marginal, SCORE, group, statistic="marginal_delta_total")
    yield _shift(marginal, DECISION, group, statistic="marginal_delta_decision")
    yield _shift(marginal, DECISION, group, statistic="marginal_selection_rate_difference", in_sd=False)
    if _reverses(measured, group):
        yield replace(rate, statistic="simpson_reversal")
    yield _overlap(conditional, group)


def _shift(effects: ConditionalEffects, outcome: int, group: int, *, statistic: str, in_sd: bool = True) -> Finding:
    if effects.scale[outcome] == 0:
        return Finding(statistic=statistic, reason=_NO_VARIATION)
    if not effects.measurable[outcome, group]:
        return Finding(statistic=statistic, reason=TOO_FEW_TO_COMPARE)
    unit = float(effects.scale[outcome]) if in_sd else 1.0
    place = (outcome, group)
    return Finding(
        statistic=statistic,
        estimate=Estimate(
            value=float(effects.effect[place]) / unit,
            low=float(effects.low[place]) / unit,
            high=float(effects.high[place]) / unit,
            confidence=effects.confidence,
            n=int(effects.cases),
            method=f"overlap-weighted, simultaneous over {effects.measurable.sum()} comparisons",
        ),
        p_value=float(effects.p[place]),
        p_adjusted=float(effects.p_adjusted[place]),
        minimum_detectable=float(effects.minimum_detectable[place]) / unit,
    )


def _level(measured: _Measured, group: int) -> str:
    """Say what one group's shifts amount to; doubt about either score or decision is ``inconclusive``."""
    effects = measured.conditional
    varying = [outcome for outcome in (SCORE, DECISION) if effects.scale[outcome] > 0]
    if any(_rejected(effects, outcome, group) for outcome in varying):
        return "unexplained"
    for outcome in varying:
        scale = effects.scale[outcome]
        bound = max(-effects.low[outcome, group], effects.high[outcome, group]) / scale
        too_coarse = effects.minimum_detectable[outcome, group] / scale > TAU_EQUIVALENT
        if not effects.measurable[outcome, group] or too_coarse or bound >= TAU_EQUIVALENT:
            return "inconclusive"
    if any(_rejected(measured.marginal, outcome, group) for outcome in varying):
        return "explained_by_declared"
    return "no_disparity_shown"


def _rejected(effects: ConditionalEffects, outcome: int, group: int) -> bool:
    """Tell whether a shift is told from zero and not, interval and all, below the resolution."""
    place = (outcome, group)
    if not effects.measurable[place] or effects.p_adjusted[place] > ALPHA:
        return False
    return bool(max(-effects.low[place], effects.high[place]) > RESOLUTION * effects.scale[outcome])


def _reverses(measured: _Measured, group: int) -> bool:
    """Tell whether selection shifts one way before the declared factors and the other way after, neither by chance."""
    opposite = measured.marginal.effect[DECISION, group] * measured.conditional.effect[DECISION, group] < 0
    both = _rejected(measured.marginal, DECISION, group) and _rejected(measured.conditional, DECISION, group)
    return bool(opposite and both)


def _overlap(effects: ConditionalEffects, group: int) -> Finding:
    """Give the share of the group's comparison that is left once the declared factors are equal."""
    value, half = float(effects.overlap[group]), normal_quantile(effects.confidence) * float(effects.overlap_se[group])
    estimate = Estimate(
        value=value,
        low=max(0.0, value - half),
        high=min(1.0, value + half),
        confidence=effects.confidence,
        n=int(effects.cases),
        method="residual variance of membership over its variance, normal",
    )
    return Finding(statistic="overlap_given_declared", estimate=estimate)


def _stratified(cases: ScoredCases, groups: Sequence[Group], measured: _Measured) -> Iterator[tuple[Finding, ...]]:
    """Give demographic disparity, and Mantel-Haenszel where the declared factors make few strata, for every group."""
    confidence = cases.plan.confidence
    strata = measured.strata
    tests: list[Finding | None] = []
    disparities = []
    for group in groups:
        found = conditional_demographic_disparity(
            cases.selected, group.member, strata, confidence=confidence, cluster=cases.cluster
        )
        disparities.append(
            Finding(
                statistic="conditional_demographic_disparity",
                estimate=found,
                reason=None if found else _NO_STRATUM,
            )
        )
        tests.append(_mantel_haenszel(cases, group, measured.basis))
    adjusted = holm([test.p_value if test else None for test in tests])
    for disparity, test, p_adjusted in zip(disparities, tests, adjusted, strict=True):
        yield (disparity, replace(test, p_adjusted=p_adjusted)) if test else (disparity,)


def _mantel_haenszel(cases: ScoredCases, group: Group, basis: Basis) -> Finding | None:
    """Test within the exact strata; with clusters the test has no ground, and the shifts above stand alone."""
    if basis.cells is None or cases.cluster is not None:
        return None
    found = mantel_haenszel(cases.selected, group.member, basis.cells, confidence=cases.plan.confidence)
    if found is None:
        return Finding(statistic="mantel_haenszel_difference", reason=_NO_STRATUM)
    return Finding(statistic="mantel_haenszel_difference", estimate=found.difference, p_value=found.p_value)
