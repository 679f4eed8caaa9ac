"""Which features a shift goes along with where only scores are known: association, never called use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from igw_audit.audits.contributions import most_cases
from igw_audit.core.cases import REST, ScoredCases
from igw_audit.core.compared import TOO_FEW_TO_COMPARE
from igw_audit.core.finding import Finding
from igw_audit.stats.association import associated_shifts
from igw_audit.stats.basis import Basis, spline_basis
from igw_audit.stats.drawing import draw_cases
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.residuals import spread


def associations(cases: ScoredCases, attribute: str, *, most: int, draws: int) -> Iterator[Finding]:
    """Give the part of every group's shift that goes along with each feature: ``associated_shift``, without a level.

    The model was not there, so nobody knows what it does with a feature; a copy that it never saw has a part as well.
    """
    plan = cases.plan
    names = tuple(sorted(name for name in map(str, cases.features.columns) if name not in plan.declared))
    if not names:
        return
    grouping = cases.groupings[attribute]
    drawn = draw_cases(grouping.codes, most=most_cases(cases, most), seed=plan.seed, cluster=cases.cluster)
    rows, codes = drawn.rows, grouping.codes[drawn.rows]
    score = cases.score[rows]
    found = associated_shifts(
        score,
        cases.features.loc[rows, list(names)],
        codes,
        spline_basis(cases.features.loc[rows, list(plan.declared)]) if plan.declared else Basis.empty(len(codes)),
        seed=plan.seed,
        draws=draws,
        confidence=plan.confidence,
        cluster=None if cases.cluster is None else cases.cluster[rows],
        weight=drawn.weight,
    )
    unit = float(spread(score[:, None], drawn.weight)[0])
    part = "" if drawn.weight is None else f", {len(codes)} of {cases.n} cases drawn"
    method = (
        f"association with the score, no contribution to it{part}; simultaneous over {found.measurable.sum()} parts"
    )
    for code, group in enumerate(grouping.names):
        for row, name in enumerate(names):
            ends = np.array([found.effect[row, code], found.low[row, code], found.high[row, code]]) / unit
            able = bool(found.measurable[row, code])
            yield Finding(
                statistic="associated_shift",
                group=group,
                reference=REST,
                features=(name,),
                estimate=Estimate(
                    value=float(ends[0]),
                    low=float(ends[1]),
                    high=float(ends[2]),
                    confidence=found.confidence,
                    n=found.cases,
                    method=method,
                )
                if able
                else None,
                reason=None if able else TOO_FEW_TO_COMPARE,
            )
