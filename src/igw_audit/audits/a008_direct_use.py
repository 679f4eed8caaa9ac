"""A008: whether the attribute itself, or a recoding of it, is among the features - by name and by what values tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from igw_audit.core.audit import Conclusion, audit
from igw_audit.core.cases import Codes, Grouping, ScoredCases
from igw_audit.core.compared import unweighted
from igw_audit.core.finding import Finding
from igw_audit.core.lexicon import LexiconHit, match_names, split_words
from igw_audit.core.origin_values import origin_in_values
from igw_audit.core.text import Text
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.proportions import adjusted_wilson, normal_quantile

#: A recoding tells the group of nearly every case: room for one mistyped or dual case in a hundred.
TELLS = 0.98
#: And for certain, not by chance in a small group: the whole interval lies above this.
TELLS_AT_LEAST = 0.9


def _direct_use(findings: Sequence[Finding], cases: ScoredCases, attribute: str) -> Conclusion:  # noqa: ARG001
    """Say direct use where one finding does; name the groups that no feature could be held against."""
    direct = any(finding.level == "direct_use" for finding in findings)
    names = dict.fromkeys(finding.group for finding in findings if finding.group and finding.estimate is None)
    unsure = [name for name in names if not any(f.group == name and f.estimate for f in findings)]
    return Conclusion(level="direct_use" if direct else None, inconclusive_groups=tuple(unsure))


@audit(
    code="A008",
    title=Text(en="Direct use and one-to-one encodings", nl="Direct gebruik en vertalingen één op één"),
    asks=Text(
        en="Is the attribute itself, or something that stands for it one to one, among the features?",
        nl="Zit het kenmerk zelf, of iets dat er één op één voor staat, bij de kenmerken waar het model op rekent?",
    ),
    samples="any",
    conclude=_direct_use,
)
def direct_use(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Names and values that the lexicons know, the attribute's own column, and features that tell the group.

    ``value_tells_group``: 1 where a case's value of the feature gives its group away without fail, 0 where it says no
    more than chance. ``group_tells_value``: the same the other way round, as with a flag that the law sets by
    nationality. At 0.98 or more, with an interval wholly above 0.9, the feature is the attribute recoded.
    """
    names = tuple(str(name) for name in cases.features.columns)
    if not names:
        yield Finding(statistic="name_in_lexicon", reason=_NO_FEATURES)
    if _answers_for_names(cases, attribute):
        yield from (_name_finding(hit) for hit in match_names(names))
        yield from _origin_by_value(cases.features)
    yield from (_own_column(name, attribute) for name in names if _is_own(cases, attribute, name))
    grouping = cases.groupings[attribute]
    dealt = _Dealt.of(grouping, seed=cases.plan.seed)
    for name in names:
        for finding in _told(cases.features[name], dealt, confidence=cases.plan.confidence):
            allowed = name in cases.plan.declared and not _about_origin(cases, attribute)
            yield unweighted(_levelled(finding, allowed=allowed), cases)
    if not names:
        yield from (
            Finding(statistic="value_tells_group", group=group, reason=_NO_FEATURES) for group in grouping.names
        )
    yield from _read_beside(cases, attribute)


def _read_beside(cases: ScoredCases, attribute: str) -> Iterator[Finding]:
    """Look at the names of what a callable reads and the plan does not name: its score was seen to follow them."""
    reads = () if cases.contract is None else cases.contract.reads
    if _answers_for_names(cases, attribute):
        yield from (_name_finding(hit) for hit in match_names(reads))
    yield from (_own_column(name, attribute) for name in reads if _is_own(cases, attribute, name))


_NO_FEATURES = Text(
    en="the case table names no features, so what the model uses cannot be looked at",
    nl="de zakentabel noemt geen kenmerken, dus wat het model gebruikt is niet te bekijken",
)


def _about_origin(cases: ScoredCases, attribute: str) -> bool:
    """Tell whether the attribute is nationality or origin: what no feature may encode, with or without a reason."""
    derived = cases.plan.derived.get(attribute)
    names = [attribute, *([derived.source] if derived else [])]
    return any(hit.blocks for hit in match_names(names))


def _answers_for_names(cases: ScoredCases, attribute: str) -> bool:
    """Report forbidden names under the attributes they stand for; if the plan has none of those, under its first."""
    about = [name for name in cases.plan.attributes if _about_origin(cases, name)]
    return attribute in about if about else attribute == cases.plan.attributes[0]


def _name_finding(hit: LexiconHit) -> Finding:
    verdict = {
        "forbidden": Text(
            en=f"the name says {hit.stands_for.en}: never a risk feature ({hit.source})",
            nl=f"de naam zegt {hit.stands_for.nl}: nooit een risicokenmerk ({hit.source})",
        ),
        "encoding": Text(
            en=f"the name says {hit.stands_for.en}: it stands for nationality or origin ({hit.source})",
            nl=f"de naam zegt {hit.stands_for.nl}: dat staat voor nationaliteit of afkomst ({hit.source})",
        ),
        "suspect": Text(
            en=f"the name says {hit.stands_for.en}: often tied to origin, so say why it is needed ({hit.source})",
            nl=f"de naam zegt {hit.stands_for.nl}: hangt vaak samen met afkomst, dus leg uit waarom ({hit.source})",
        ),
    }[hit.category]
    return Finding(
        statistic="name_in_lexicon",
        features=(hit.name,),
        reason=verdict,
        level="direct_use" if hit.blocks else None,
    )


def _origin_by_value(features: pd.DataFrame) -> Iterator[Finding]:
    """Name the features whose values are origins, whatever they are called."""
    for name in features.columns:
        found = origin_in_values(features[name])
        if found is not None:
            yield Finding(
                statistic="values_are_origin",
                features=(str(name),),
                reason=Text(
                    en=f"half or more of its values are {found.what.en}: they tell nationality or origin, whatever the "
                    "feature is called (CRM-02)",
                    nl=f"de helft of meer van de waarden zijn {found.what.nl}: die vertellen "
                    f"nationaliteit of afkomst, hoe "
                    "het kenmerk ook heet (CRM-02)",
                ),
                level="direct_use",
            )


def _is_own(cases: ScoredCases, attribute: str, feature: str) -> bool:
    derived = cases.plan.derived.get(attribute)
    own = {split_words(name) for name in (attribute, *([derived.source] if derived else []))}
    return split_words(feature) in own


def _own_column(feature: str, attribute: str) -> Finding:
    return Finding(
        statistic="own_column",
        features=(feature,),
        reason=Text(
            en=f"this feature has the name of the protected attribute {attribute!r}",
            nl=f"dit kenmerk heet hetzelfde als het beschermde kenmerk {attribute!r}",
        ),
        level="direct_use",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """How many pairs of neighbouring cases there are, how many of them agree, and what chance alone would give."""

    agree: int
    n: int
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dealt:
    """Cases in an order by lot, so that neighbours at the same value are neighbours by chance.

    ``groups`` and ``by_group`` (an order in which groups lie together) are in that order of cases.
    """

    names: tuple[str, ...]
    lot: Codes
    groups: Codes
    sizes: Codes
    by_group: Codes

    @classmethod
    def of(cls, grouping: Grouping, *, seed: int) -> _Dealt:
        lot = np.random.default_rng(seed).permutation(len(grouping.codes))
        groups = grouping.codes[lot]
        return cls(
            names=grouping.names,
            lot=lot,
            groups=groups,
            sizes=grouping.sizes(),
            by_group=np.argsort(groups.astype(np.int32), kind="stable"),
        )


def _told(values: pd.Series, dealt: _Dealt, *, confidence: float) -> Iterator[Finding]:
    """Pair each case with its neighbour in the feature's order, or at the same value, and see whether groups agree."""

    def finding(statistic: str, pairs: _Pairs, group: str | None = None) -> Finding:
        estimate = _beyond_chance(pairs, confidence)
        return Finding(
            statistic=statistic,
            group=group,
            features=(str(values.name),),
            estimate=estimate,
            reason=_NO_PAIRS if estimate is None else None,
        )

    codes, ordered = _codes(values, dealt.lot)
    order = np.argsort(codes, kind="stable")
    paired = (codes[order][1:] == codes[order][:-1]) | ordered
    first, second = dealt.groups[order][:-1][paired], dealt.groups[order][1:][paired]
    agree = first == second
    n, others = len(codes), max(len(codes) - 1, 1)
    chance = (dealt.sizes - 1) / others
    overall = _Pairs(agree=int(agree.sum()), n=len(agree), chance=float(dealt.sizes / n @ chance))
    yield finding("value_tells_group", overall)
    starts = np.bincount(first, minlength=len(dealt.sizes))
    stays = np.bincount(first[agree], minlength=len(dealt.sizes))
    for code, name in enumerate(dealt.names):
        pairs = _Pairs(agree=int(stays[code]), n=int(starts[code]), chance=float(chance[code]))
        yield finding("value_tells_group", pairs, name)
    yield finding("group_tells_value", _within_groups(codes, dealt))


def _codes(values: pd.Series, lot: Codes) -> tuple[Codes, bool]:
    """Number the values; neighbours count in numbers and dates, while categories have no order. Missing is a value."""
    if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype)):
        codes, _ = pd.factorize(values.iloc[lot], use_na_sentinel=True)
        return np.where(codes < 0, codes.max(initial=-1) + 1, codes).astype(np.int64), False
    plain = values.astype("int64").where(values.notna()) if values.dtype.kind == "M" else values
    numbers = plain.to_numpy(dtype=np.float64, na_value=np.nan)[lot]
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    new = (ranked[1:] != ranked[:-1]) & ~(np.isnan(ranked[1:]) & np.isnan(ranked[:-1]))
    codes = np.empty(len(numbers), dtype=np.int64)
    codes[order] = np.concatenate([[0], np.cumsum(new)])
    return codes, True


def _within_groups(codes: Codes, dealt: _Dealt) -> _Pairs:
    order = dealt.by_group
    paired = dealt.groups[order][1:] == dealt.groups[order][:-1]
    agree = (codes[order][1:] == codes[order][:-1])[paired]
    n, counts = len(codes), np.bincount(codes)
    return _Pairs(agree=int(agree.sum()), n=len(agree), chance=float((counts / n) @ ((counts - 1) / max(n - 1, 1))))


_NO_PAIRS = Text(
    en="no two cases to compare: the feature or the group has one value only, or every case a value of its own",
    nl="geen twee zaken om te vergelijken: het kenmerk of de groep heeft één waarde, of elke zaak een eigen waarde",
)


def _beyond_chance(pairs: _Pairs, confidence: float) -> Estimate | None:
    """Put agreement on a scale where chance is 0 and certainty 1, with Wilson's interval on the same scale."""
    if pairs.n == 0 or pairs.chance >= 1:
        return None
    bounds = adjusted_wilson(pairs.agree, pairs.n, z=normal_quantile(confidence))
    value, low, high = (
        float((share - pairs.chance) / (1 - pairs.chance)) for share in (pairs.agree / pairs.n, bounds.low, bounds.high)
    )
    return Estimate(
        value=value, low=low, high=high, confidence=confidence, n=pairs.n, method="pairs beyond chance, Wilson"
    )


def _levelled(finding: Finding, *, allowed: bool) -> Finding:
    """Give the level of direct use to a recoding; a declared factor keeps its reason unless it encodes origin."""
    found = finding.estimate
    told = found is not None and found.value >= TELLS and found.low is not None and found.low >= TELLS_AT_LEAST
    return replace(finding, level="direct_use") if told and not allowed else finding
