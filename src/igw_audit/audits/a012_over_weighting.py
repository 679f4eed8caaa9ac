"""A012: whether a declared factor outweighs the risk it predicts, and how strong an undeclared one would have to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import REST, Floats, Group, ScoredCases
from igw_audit.core.compared import TOO_FEW_TO_COMPARE, group_counts, unweighted
from igw_audit.core.finding import Finding
from igw_audit.core.text import Text
from igw_audit.core.trusted import has_random_arm, trusted_labels
from igw_audit.stats.basis import spline_basis
from igw_audit.stats.compare import compare_means
from igw_audit.stats.conditional import ConditionalEffects, effects_of
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.multiplicity import holm
from igw_audit.stats.product import product
from igw_audit.stats.residuals import Residuals, residualise
from igw_audit.stats.sensitivity import Needed, declared_strength, e_values, robustness
from igw_audit.stats.standardised import StandardisedRatios, standardised_ratios
from igw_audit.stats.weighting import FactorWeights, TrustedOutcomes, factor_weights

#: Family-wise level of the shifts whose sensitivity is told; the same as in A005, so that both say the same.
ALPHA = 0.04
DRAWS = 999
SCORE, DECISION = 0, 1

_NO_VARIATION = Text(
    en="all cases have the same value here, so there is no difference to explain",
    nl="alle zaken hebben hier dezelfde waarde, dus er is geen verschil om te verklaren",
)
_NO_RATIO = Text(
    en="in this group or the rest nobody with like declared factors is selected, so no factor would be strong enough",
    nl="bij gelijke verklaarde factoren is in deze groep of de rest niemand geselecteerd: geen factor is sterk genoeg",
)
_NO_ARM = Text(
    en="no case with a known label was drawn by lot, so the risk that a factor predicts is known for chosen cases "
    "only; a random arm would help",
    nl="geen enkele zaak met een bekende uitkomst is door loting gekozen, dus het risico dat een factor voorspelt is "
    "alleen bekend voor uitgekozen zaken; een willekeurige steekproef zou helpen",
)
_TOO_FEW_FOUND = Text(
    en="fewer than twenty trusted outcomes with a violation, or without one: too few to set the score against",
    nl="minder dan twintig betrouwbare uitkomsten met een overtreding, of zonder: te weinig om de score aan te toetsen",
)
_HARDLY_USED = Text(
    en="the score hardly moves with this factor, so it cannot count for too much",
    nl="de score beweegt nauwelijks mee met deze factor, dus die kan niet te zwaar tellen",
)


def _unanswered(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Name the groups that could not be compared given the declared factors."""
    names = dict.fromkeys(
        finding.group
        for finding in findings
        if finding.statistic == "robustness_value" and finding.reason is TOO_FEW_TO_COMPARE and finding.group
    )
    return Conclusion(inconclusive_groups=tuple(names))


@audit(
    code="A012",
    title=Text(
        en="Weight of declared factors, and undeclared ones", nl="Gewicht van verklaarde factoren, en verzwegen"
    ),
    asks=Text(
        en="Does a declared factor outweigh the risk it predicts, and could an undeclared one explain the difference?",
        nl="Telt een verklaarde factor te zwaar voor het risico, en kan een andere factor het verschil verklaren?",
    ),
    needs=("declared",),
    conclude=_unanswered,
)
def over_weighting(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Excess weight of every declared factor, what it does to each group's score, and how sensitive the rest is."""
    groups = cases.groups_to_compare(attribute)
    names = tuple(name for name in cases.features.columns if name in cases.plan.declared)
    yield from _weights(cases, groups, names)
    yield from _sensitivity(cases, attribute, groups, names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    """One declared factor in the risk-adjusted regression; without ``found`` the reason why there is none."""

    name: str
    position: int
    found: FactorWeights | None
    p_adjusted: float | None
    note: str
    reason: Text

    def estimate(self, values: Floats, *, method: str, ends: tuple[Floats, Floats] | None = None) -> Estimate:
        """Give this factor's entry of an array of ``found``, which is there."""
        found = cast(FactorWeights, self.found)
        low, high = (None, None) if ends is None else (float(end[self.position]) for end in ends)
        return Estimate(
            value=float(values[self.position]),
            low=low,
            high=high,
            confidence=found.confidence,
            n=found.n,
            method=f"{method}; {self.note}",
        )

    @property
    def excess(self) -> Estimate:
        """How much further the score moves with the factor than the outcome does."""
        found = cast(FactorWeights, self.found)
        method = f"risk-adjusted regression, simultaneous over {int(found.used.sum())} factors"
        return self.estimate(found.excess, method=method, ends=(found.low, found.high))


def _weights(cases: ScoredCases, groups: Sequence[Group], names: Sequence[str]) -> Iterator[Finding]:
    """Give slopes of score and outcome on each factor, their difference, and what that adds to each group's score."""
    for weight in _measured_weights(cases, names):
        for finding in (*_slopes(weight), *_contributions(cases, groups, weight)):
            yield replace(finding, features=(weight.name,))


def _measured_weights(cases: ScoredCases, names: Sequence[str]) -> Iterator[_Weight]:
    found, note, reason = None, "", _NO_ARM
    if has_random_arm(cases):
        trusted = trusted_labels(cases)
        note, reason = trusted.note, _TOO_FEW_FOUND
        found = factor_weights(
            cases.score,
            [spline_basis(cases.features[[name]]) for name in names],
            TrustedOutcomes(
                known=trusted.known, positive=trusted.positive, weight=trusted.weight, cluster=cases.cluster
            ),
            confidence=cases.plan.confidence,
            seed=cases.plan.seed,
        )
    used = [False] * len(names) if found is None else found.used.tolist()
    adjusted = holm([float(found.p[k]) if found is not None and used[k] else None for k in range(len(names))])
    for position, name in enumerate(names):
        yield _Weight(
            name=name,
            position=position,
            found=found if used[position] else None,
            p_adjusted=adjusted[position],
            note=note,
            reason=reason if found is None else _HARDLY_USED,
        )


def _slopes(weight: _Weight) -> Iterator[Finding]:
    if weight.found is None:
        for statistic in ("score_slope", "outcome_slope", "over_weighting"):
            yield Finding(statistic=statistic, reason=weight.reason)
        return
    found = weight.found
    for statistic, slopes in (("score_slope", found.by_score), ("outcome_slope", found.by_outcome)):
        method = "change of chance per standard deviation of the factor as the score uses it"
        yield Finding(statistic=statistic, estimate=weight.estimate(slopes, method=method))
    yield Finding(
        statistic="over_weighting",
        estimate=weight.excess,
        p_value=float(found.p[weight.position]),
        p_adjusted=weight.p_adjusted,
    )


def _contributions(cases: ScoredCases, groups: Sequence[Group], weight: _Weight) -> Iterator[Finding]:
    """Give the excess slope times each group's difference in the factor, in calibrated chance."""
    statistic = "over_weighting_contribution"
    if weight.found is None:
        for group in groups:
            yield Finding(statistic=statistic, group=group.name, reference=group.reference, reason=weight.reason)
        return
    compared = compare_means(
        weight.found.index[:, weight.position],
        [(group.member, group.compared) for group in groups],
        confidence=cases.plan.confidence,
        cluster=cases.cluster,
        weight=cases.weight,
        seed=cases.plan.seed,
    )
    method = f"excess slope times the group's difference in the factor, MOVER; {weight.note}"
    for group, shift in zip(groups, compared, strict=True):
        apart = shift.difference
        yield Finding(
            statistic=statistic,
            group=group.name,
            reference=group.reference,
            estimate=None if apart is None else product(weight.excess, apart, method=method),
            reason=TOO_FEW_TO_COMPARE if apart is None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """What A005 measures, with what sensitivity needs."""

    residuals: Residuals
    effects: ConditionalEffects
    ratios: StandardisedRatios

    def silent(self, outcome: int, position: int) -> Text | None:
        """Say why there is no difference to explain, if there is none."""
        if self.effects.scale[outcome] == 0:
            return _NO_VARIATION
        return None if self.effects.measurable[outcome, position] else TOO_FEW_TO_COMPARE


def _sensitivity(
    cases: ScoredCases, attribute: str, groups: Sequence[Group], names: Sequence[str]
) -> Iterator[Finding]:
    """Say how strong an undeclared factor must be to explain what is left of each group's gap, beside declared ones."""
    codes = cases.groupings[attribute].codes
    whole = spline_basis(cases.features[list(names)])
    outcomes = np.column_stack([cases.score, cases.selected.astype(np.float64)])
    residuals = residualise(outcomes, codes, whole, seed=cases.plan.seed, cluster=cases.cluster)
    effects = effects_of(residuals, seed=cases.plan.seed, draws=DRAWS, confidence=cases.plan.confidence, alpha=ALPHA)
    gap = _Gap(residuals=residuals, effects=effects, ratios=standardised_ratios(outcomes, residuals, effects))
    strengths = {
        name: declared_strength(
            cases.score, codes, whole, spline_basis(cases.features[[other for other in names if other != name]])
        )
        for name in names
    }
    for position, group in enumerate(groups):
        for finding in (_robustness(gap, position), _e_value(gap, position)):
            found = replace(finding, group=group.name, reference=REST, counts=group_counts(cases.selected, group))
            yield unweighted(found, cases)
        for name, strength in strengths.items():
            yield unweighted(_strength(cases, strength, position, name=name, group=group), cases)


def _robustness(gap: _Gap, position: int) -> Finding:
    why = gap.silent(SCORE, position)
    if why is not None:
        return Finding(statistic="robustness_value", reason=why)
    needed = robustness(gap.residuals, gap.effects, (SCORE, position))
    method = "robustness value (Cinelli and Hazlett) of delta_total and its interval"
    return Finding(statistic="robustness_value", estimate=_needed(gap, needed, method=method))


def _e_value(gap: _Gap, position: int) -> Finding:
    why, ratios, place = gap.silent(DECISION, position), gap.ratios, (DECISION, position)
    if why is None and not (ratios.measurable[place] and ratios.ratio[place] > 0):
        why = _NO_RATIO
    if why is not None:
        return Finding(statistic="e_value", reason=why)
    needed = e_values(*(float(ends[place]) for ends in (ratios.ratio, ratios.low, ratios.high)))
    method = "E-value (VanderWeele and Ding) of the ratio of selection, and its interval"
    return Finding(statistic="e_value", estimate=_needed(gap, needed, method=method))


def _needed(gap: _Gap, needed: Needed, *, method: str) -> Estimate:
    high = max(needed.high, needed.value) if np.isfinite(needed.high) else None
    low, confidence = min(needed.low, needed.value), gap.effects.confidence
    return Estimate(value=needed.value, low=low, high=high, confidence=confidence, n=gap.effects.cases, method=method)


def _strength(cases: ScoredCases, strength: Floats, position: int, *, name: str, group: Group) -> Finding:
    return Finding(
        statistic="declared_factor_strength",
        features=(name,),
        group=group.name,
        reference=REST,
        estimate=Estimate(
            value=float(strength[position]),
            low=None,
            high=None,
            confidence=cases.plan.confidence,
            n=cases.n,
            method="robustness value that an undeclared factor as strong as this one would explain away",
        ),
    )
