"""What an audit adds to a dossier: the answers to three of the five questions about every feature, and the yield."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from igw_audit.audits.proxy_levels import TAU_STRONG
from igw_audit.core.cases import ScoredCases
from igw_audit.core.dossier import (
    Answer,
    Answered,
    DossierFiles,
    DossierRecord,
    FeatureAnswers,
    FeatureEntry,
    Question,
    Status,
)
from igw_audit.core.finding import LEVELS, Finding, Outcome
from igw_audit.core.record import Suitability
from igw_audit.core.rules import Sentence
from igw_audit.core.sampling import RANDOM
from igw_audit.core.text import Text
from igw_audit.scoring import measure_yield
from igw_audit.stats.compare import rate
from igw_audit.stats.links import Band, Link, Links, feature_links

#: The largest share of missing values at which a feature's values are taken to be there.
MISSING_AT_MOST = 0.05
#: Levels at which the audit of proxy use names a feature as used, by more than a trace.
_USED = ("direct_use", "strong_use", "weak_use")
#: Of more cases drawn by lot than these a part is drawn: 300,000 of them took 15 s and 1.3 GB, and say no more.
MOST_CASES = 50_000
#: Level at which a link among cases drawn by lot is taken as shown, corrected for all comparisons.
ALPHA = 0.05


def answer_features(files: DossierFiles, scored: ScoredCases, outcomes: Sequence[Outcome]) -> DossierRecord:
    """Answer the five questions about every feature: people's answers from the files, the others as measured."""
    links = _links(scored)
    names = [str(name) for name in scored.features.columns]
    return DossierRecord(
        sha256=files.sha256(),
        content=files.dossier,
        features=tuple(_feature(name, files.entry(name), scored, (links, outcomes)) for name in sorted(names)),
    )


def suitability(scored: ScoredCases) -> Suitability:
    """Measure what the selection yields over a selection by lot; only cases drawn by lot can tell."""
    if scored.label is None or scored.arm is None:
        return Suitability(reason=_NO_LOT)
    precision, base_rate, lift = measure_yield(scored)
    reasons = [metric.reason for metric in (precision, base_rate, lift) if metric.reason is not None]
    return Suitability(
        precision=precision.estimate,
        base_rate=base_rate.estimate,
        lift=lift.estimate,
        reason=next(iter(reasons), None),
    )


def _feature(
    name: str, entry: FeatureEntry | None, scored: ScoredCases, found: tuple[Links | None, Sequence[Outcome]]
) -> FeatureAnswers:
    links, outcomes = found
    written = entry or FeatureEntry(name=name)
    return FeatureAnswers(
        name=name,
        declared=name in scored.plan.declared,
        questions=(
            _by_people("legal", written.legal),
            _with_note(_proxy(name, scored, outcomes), written.proxy),
            _with_note(_quality(name, scored), written.quality),
            _with_note(_statistical(name, links), written.statistical),
            _by_people("substantive", written.substantive),
        ),
        called=None if written.called is None else Text(en=written.called.en, nl=written.called.nl),
        justification=written.justification,
        inclusion=written.inclusion,
        exclusion=written.exclusion,
    )


def _by_people(question: Question, answer: Answer) -> Answered:
    status: Status = {"yes": "shown", "no": "against", "unproven": "unproven"}[answer.answer]  # type: ignore[assignment]
    said = Text(en=answer.en or "Nobody has answered this yet.", nl=answer.nl or "Niemand heeft dit nog beantwoord.")
    return Answered(question=question, status=status, by="people", text=said, source=answer.source)


def _with_note(answered: Answered, note: Sentence | None) -> Answered:
    if note is None:
        return answered
    text = Text(en=f"{answered.text.en} {note.en}", nl=f"{answered.text.nl} {note.nl}")
    return Answered(**{name: getattr(answered, name) for name in _OTHER}, text=text)


_OTHER = ("question", "status", "by", "source", "estimate", "p_adjusted", "level")


def _proxy(name: str, scored: ScoredCases, outcomes: Sequence[Outcome]) -> Answered:
    """Take the gravest thing that the audits of direct and of proxy use say of the feature."""
    if any(
        finding.features == (name,) and finding.level == "direct_use"
        for outcome in outcomes
        if outcome.audit == "A008"
        for finding in outcome.findings
    ):
        return Answered(question="proxy", status="against", by="audits", text=_DIRECT, level="direct_use")
    if name in scored.plan.declared:
        return Answered(question="proxy", status="shown", by="audits", text=_DECLARED)
    shifts = [
        finding
        for outcome in outcomes
        if outcome.audit == "A007"
        for finding in outcome.select("delta")
        if finding.features == (name,) and scored.gates(outcome.attribute, str(finding.group))
    ]
    if not shifts:
        return Answered(question="proxy", status="unproven", by="audits", text=_NOT_ASKED)
    levelled = [finding for finding in shifts if finding.level is not None]
    gravest = min(levelled, key=lambda f: LEVELS.index(str(f.level)), default=None)
    level = None if gravest is None else gravest.level
    used = level in _USED
    # a shift that would be strong use is not excluded by an interval that reaches it
    unclear = level == "trace_use" or not all(
        f.estimate is not None and f.estimate.inside(-TAU_STRONG, TAU_STRONG) for f in shifts
    )
    status: Status = "against" if used else "unproven" if unclear else "shown"
    largest = gravest if used or level == "trace_use" else _largest(shifts)
    if gravest is not None and any(outcome.both_ways(gravest) for outcome in outcomes if outcome.audit == "A007"):
        # the mean shift is about nothing, and not what was found
        return Answered(question="proxy", status=status, by="audits", text=_BOTH_WAYS, level=level)
    text = _PROXY["used" if used else "unclear" if unclear else "unused"]
    return Answered(
        question="proxy",
        status=status,
        by="audits",
        text=text,
        estimate=None if largest is None else largest.estimate,
        p_adjusted=None if largest is None else largest.p_adjusted,
        level=level,
    )


def _largest(shifts: Sequence[Finding]) -> Finding | None:
    held = [finding for finding in shifts if finding.estimate is not None]
    return max(held, key=lambda f: abs(f.estimate.value) if f.estimate else 0.0, default=None)


def _quality(name: str, scored: ScoredCases) -> Answered:
    missing = scored.features[name].isna().to_numpy(dtype=np.bool_)
    share = rate(missing, np.ones(scored.n, dtype=np.bool_), confidence=scored.plan.confidence)
    there = share.value <= MISSING_AT_MOST
    return Answered(
        question="quality",
        status="shown" if there else "unproven",
        by="audits",
        text=_QUALITY["there" if there else "gaps"],
        estimate=share,
    )


def _links(scored: ScoredCases) -> Links | None:
    """Test every feature against the outcome among cases drawn by lot; None where nobody was."""
    if scored.arm is None or scored.label is None:
        return None
    drawn = np.asarray(scored.arm == RANDOM, dtype=np.bool_) & scored.label.known
    positive = scored.label.positive[drawn]
    if not positive.any() or positive.all():
        return None
    if drawn.sum() > MOST_CASES:
        part = np.random.default_rng(scored.plan.seed).choice(np.flatnonzero(drawn), MOST_CASES, replace=False)
        drawn = np.isin(np.arange(scored.n), part)
        positive = scored.label.positive[drawn]
    frame: pd.DataFrame = scored.features.loc[drawn]
    return feature_links(
        frame[sorted(frame.columns, key=str)],
        positive,
        confidence=scored.plan.confidence,
        cluster=None if scored.cluster is None else scored.cluster[drawn],
    )


def _statistical(name: str, links: Links | None) -> Answered:
    if links is None:
        return Answered(question="statistical", status="unproven", by="audits", text=_NO_LOT)
    link = links.of(name)
    if link is None or link.compared.difference is None:
        return Answered(question="statistical", status="unproven", by="audits", text=_ONE_VALUE)
    p = link.compared.p_adjusted
    shown = p is not None and p < ALPHA
    return Answered(
        question="statistical",
        status="shown" if shown else "unproven",
        by="audits",
        text=_link_text(link, shown=shown, comparisons=links.comparisons),
        estimate=link.compared.difference,
        p_adjusted=p,
    )


def _link_text(link: Link, *, shown: bool, comparisons: int) -> Text:
    """Say which part of the cases was held against the others; the numbers stand beside it."""
    where = _WHERE[link.band]
    value = link.value
    en, nl = (
        (str(value), str(value)) if not isinstance(value, float) else (f"{value:g}", f"{value:g}".replace(".", ","))
    )
    part = Text(en=where.en.replace("{value}", en), nl=where.nl.replace("{value}", nl))
    told = _LINK["shown" if shown else "not_shown"]
    return Text(
        en=told.en.format(part=part.en, comparisons=comparisons),
        nl=told.nl.format(part=part.nl, comparisons=comparisons),
    )


_NO_LOT = Text(
    en="No cases drawn by lot with a known outcome hold both answers, so this cannot be tested.",
    nl="Er zijn geen door loting gekozen zaken met beide uitkomsten, dus dit is niet te toetsen.",
)
_ONE_VALUE = Text(
    en="Nearly all cases drawn by lot have the same value, so there is nothing to compare.",
    nl="Bijna alle door loting gekozen zaken hebben dezelfde waarde, dus er is niets te vergelijken.",
)
_DIRECT = Text(
    en="The audit of direct use finds that it gives away nationality or origin.",
    nl="De audit van direct gebruik vindt dat dit nationaliteit of afkomst verraadt.",
)
_DECLARED = Text(
    en="A declared factor: it may differ between groups for its written reason, and is not tested as a stand-in.",
    nl="Een verklaarde factor: die mag om de opgeschreven reden verschillen en wordt niet als vervanger getoetst.",
)
_NOT_ASKED = Text(
    en="The audit of proxy use did not measure this feature.",
    nl="De audit van vervangers (proxy's) heeft dit kenmerk niet gemeten.",
)
_PROXY = {
    "used": Text(
        en="The model uses it as a stand-in for a group: the largest shift that it gives, beyond the declared "
        "factors, is:",
        nl="Het model gebruikt dit als vervanger (proxy) voor een groep. De grootste verschuiving naast de verklaarde "
        "factoren is:",
    ),
    "unclear": Text(
        en="Not shown, and not excluded: the largest shift that it gives a group, beyond the declared factors, is:",
        nl="Niet aangetoond en niet uitgesloten. De grootste verschuiving voor een groep naast de verklaarde "
        "factoren is:",
    ),
    "unused": Text(
        en="No use as a stand-in was found: the largest shift that it gives a group, beyond the declared factors, is:",
        nl="Geen gebruik als vervanger gevonden. De grootste verschuiving naast de verklaarde factoren is:",
    ),
}
_BOTH_WAYS = Text(
    en="The model uses it as a stand-in for a group: it moves some scores up and others down, on average by nearly "
    "nothing.",
    nl="Het model gebruikt dit als vervanger (proxy) voor een groep. Het schuift sommige scores omhoog en andere "
    "omlaag, gemiddeld bijna niets.",
)
_QUALITY = {
    "there": Text(
        en="Nearly always recorded. Whether the values are right, no calculation can tell. Not recorded:",
        nl="Bijna altijd ingevuld. Of de waarde klopt, kan geen berekening zeggen. Niet ingevuld:",
    ),
    "gaps": Text(
        en="Often not recorded, and what is missing may depend on who the person is. Not recorded:",
        nl="Vaak niet ingevuld, en wat ontbreekt kan afhangen van wie de persoon is. Niet ingevuld:",
    ),
}
_WHERE = {
    Band.YES: Text(en="the answer is yes", nl="het antwoord ja is"),
    Band.ABOVE: Text(en="it is above {value}", nl="het boven {value} ligt"),
    Band.BELOW: Text(en="it is under {value}", nl="het onder {value} ligt"),
    Band.VALUE: Text(en='it is "{value}"', nl="het “{value}” is"),
    Band.MISSING: Text(en="it is not recorded", nl="het niet is ingevuld"),
}
_LINK = {
    "shown": Text(
        en="A link is shown. Where {part}, this much more (or less) often something was found than elsewhere, "
        ""
        "corrected for {comparisons} comparisons:",
        nl="Een verband is aangetoond. Waar {part}, is zoveel vaker (of minder vaak) iets gevonden dan elders, "
        "gecorrigeerd voor {comparisons} vergelijkingen:",
    ),
    "not_shown": Text(
        en="No link is shown. It is largest where {part}: this much more (or less) often something was found than "
        "elsewhere, corrected for {comparisons} comparisons:",
        nl="Een verband is niet aangetoond. Het is het grootst waar {part}: zoveel vaker (of minder vaak) is daar iets "
        "gevonden, gecorrigeerd voor {comparisons} vergelijkingen:",
    ),
}
