"""A006: whether the attribute can be read off the features, the score, or what features contribute to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from igw_audit.audits.contributions import exactly
from igw_audit.core.audit import audit
from igw_audit.core.cases import REST, Bools, Floats, ScoredCases
from igw_audit.core.compared import unweighted
from igw_audit.core.finding import Finding
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError
from igw_audit.stats.basis import spline_basis
from igw_audit.stats.drawing import Drawn, draw_cases
from igw_audit.stats.encoding import encode
from igw_audit.stats.leakage import FEWEST_CASES, FEWEST_CLUSTERS, leakage

#: Cases that are looked at, at most; of more a part is drawn, every group as far as it goes.
MOST_CASES = 30_000

_NO_FEATURES = Text(
    en="the plan names no features that vary, so there is nothing to read the group off",
    nl="het plan noemt geen kenmerken die verschillen, dus er is niets om de groep aan af te lezen",
)
_SAME_SCORE = Text(
    en="every case has the same score, so nothing can be read off it",
    nl="elke zaak heeft dezelfde score, dus daar is niets aan af te lezen",
)
_NO_MODEL = Text(
    en="only scores are known, and contributions of features need the model. Give the model itself.",
    nl="alleen de scores zijn bekend, en voor bijdragen van kenmerken is het model nodig. Geef het model zelf mee.",
)
_NOT_EXACT = Text(
    en="what features contribute to this model's score cannot be computed exactly; see the audit of proxy use",
    nl="wat kenmerken bijdragen aan de score van dit model is niet precies te berekenen; zie de audit van vervangers",
)
_TOO_FEW = Text(
    en=f"fewer than {FEWEST_CASES} cases, or than {FEWEST_CLUSTERS} clusters, in this group or outside it",
    nl=f"minder dan {FEWEST_CASES} zaken, of dan {FEWEST_CLUSTERS} clusters, in deze groep of daarbuiten",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What a group is to be read off: standardised columns, or the reason why there are none."""

    statistic: str
    columns: Floats
    why_none: Text


@audit(
    code="A006",
    title=Text(en="Leakage of the attribute", nl="Weglekken van het beschermde kenmerk"),
    asks=Text(
        en="Can the group be predicted from the features, from the score, or from what features contribute to it?",
        nl="Is de groep te voorspellen uit de kenmerken, uit de score, of uit wat kenmerken aan de score bijdragen?",
    ),
)
def leakage_of_attribute(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Area under the ROC curve of predicting each group against the rest; it describes, and judges nothing."""
    grouping = cases.groupings[attribute]
    if len(grouping.names) < 2:
        raise NotMeasurableError(
            f"{attribute!r} holds one group only ({grouping.names[0]}), and telling groups apart needs two. "
            "Audit a table that has not been filtered by group.",
            f"{attribute!r} heeft maar één groep ({grouping.names[0]}), en er zijn er twee nodig om te onderscheiden. "
            "Gebruik een tabel die niet op groep is gefilterd.",
        )
    drawn = draw_cases(grouping.codes, most=MOST_CASES, seed=cases.plan.seed, cluster=cases.cluster)
    for source in _sources(cases, drawn.rows):
        yield from (unweighted(finding, cases) for finding in _told(cases, attribute, source, drawn))


def _sources(cases: ScoredCases, rows: Bools) -> Iterator[_Source]:
    yield _Source(statistic="features_auc", columns=encode(cases.features.loc[rows]).matrix, why_none=_NO_FEATURES)
    # the spline sees a group whose scores lie both high and low
    score = spline_basis(pd.DataFrame({"score": cases.score[rows]})).matrix
    yield _Source(statistic="score_auc", columns=score, why_none=_SAME_SCORE)
    found = exactly(cases)
    parts = pd.DataFrame(np.empty((int(rows.sum()), 0)) if found is None else found.amounts[rows])
    yield _Source(
        statistic="contributions_auc",
        columns=encode(parts).matrix,
        why_none=_NO_MODEL if cases.predict is None else _NOT_EXACT if found is None else _SAME_SCORE,
    )


def _told(cases: ScoredCases, attribute: str, source: _Source, drawn: Drawn) -> Iterator[Finding]:
    grouping = cases.groupings[attribute]
    found = leakage(
        source.columns,
        grouping.codes[drawn.rows],
        seed=cases.plan.seed,
        confidence=cases.plan.confidence,
        cluster=None if cases.cluster is None else cases.cluster[drawn.rows],
        weight=drawn.weight,
    )
    part = "" if drawn.weight is None else f", {int(drawn.rows.sum())} of {cases.n} cases drawn and weighted back"
    for code, name in enumerate(grouping.names):
        area = found.areas[code]
        estimate = None if area is None else replace(area, method=f"{area.method}{part}")
        yield Finding(
            statistic=source.statistic,
            group=name,
            reference=REST,
            estimate=estimate,
            reason=None if estimate else _TOO_FEW if source.columns.shape[1] else source.why_none,
            p_value=float(found.p[code]) if estimate else None,
            p_adjusted=float(found.p_adjusted[code]) if estimate else None,
        )
