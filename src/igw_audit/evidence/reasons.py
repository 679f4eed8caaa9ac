"""Reasons as they are signed, each with an id, and people's answers to them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.decision import Reason
from igw_audit.core.rules import Word
from igw_audit.core.text import Text
from igw_audit.evidence.strict import canonical_bytes

if TYPE_CHECKING:
    from igw_audit.core.record import AuditRecord

#: What an answer to one reason holds, each in a person's own words (CRM-05: aim, suitability, necessity with the
#: alternatives that were looked at, proportionality).
#: Characters that are kept of a sentence, from all to none.
_LENGTHS = (None, 200, 120, 60, 0)
_MORE = "…"
ANSWERED = ("aim", "suitability", "necessity", "alternatives", "proportionality")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedReason:
    """A reason of the record's decision that stands against approval, with an id by which a review answers it."""

    id: str
    word: Word
    rule: str
    audit: str
    attribute: str | None
    group: str | None
    step: str | None
    statistic: str | None
    features: tuple[str, ...]
    overridable: bool
    text: Text

    @property
    def answerable(self) -> bool:
        """Tell whether a review can answer it: not what nobody may set aside, nor what only a whole dossier answers."""
        return self.audit != "dossier" and (self.word == "refer" or self.overridable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's answer to one reason: why what was found may be, in that person's own words.

    ``override`` answers a reason that refuses; it is shown wherever the version is.
    """

    reason: str
    aim: str
    suitability: str
    necessity: str
    alternatives: str
    proportionality: str
    override: bool = False

    @property
    def complete(self) -> bool:
        """Tell whether every field is filled."""
        return all(getattr(self, name).strip() for name in ANSWERED)


def stated_reasons(record: AuditRecord) -> tuple[StatedReason, ...]:
    """State the reasons of a record against approval; a sentence stops where numbers of small cells would follow.

    What is signed stands in tags that everyone sees who sees the version. The record has the whole sentences.
    """
    from igw_audit.core.shown import shown_reasons

    direct = {(outcome.audit, outcome.attribute) for outcome in record.outcomes if outcome.level == "direct_use"}
    shown = shown_reasons(record.decision.reasons, record.outcomes)
    told = [
        replace(one, text=_common(one.text, other.text)) if one.text != other.text else one
        for one, other in zip(record.decision.reasons, shown, strict=True)
    ]
    return state(told, direct)


def state(reasons: Iterable[Reason], direct: Container[tuple[str, str | None]]) -> tuple[StatedReason, ...]:
    """State the reasons that do not allow, each with its id.

    ``direct`` names the audits and attributes that found direct use: nobody may let that pass, whatever the policy
    says of its rule.
    """
    told: list[StatedReason] = []
    seen: dict[str, int] = {}
    for reason in reasons:
        if reason.word == "allow":
            continue
        key = sha256_of_json(_content(reason))
        seen[key] = seen.get(key, 0) + 1
        # the same content twice (two sentences about one rule) must not share an answer
        final = key if seen[key] == 1 else sha256_of_json([key, seen[key]])
        told.append(_stated(reason, final[:12], (reason.audit, reason.attribute) in direct))
    return tuple(told)


def fitting(reasons: tuple[StatedReason, ...], most: int) -> tuple[StatedReason, ...]:
    """Cut the sentences of reasons so that all of them together fit in ``most`` bytes, as far as cutting can do that.

    A tag holds 90,000 characters; 80 reasons with whole sentences in two languages came to 75,000. Whole sentences
    stand in the record, which is signed too. Every sentence is cut at the same length, and none is left out.
    """
    for length in _LENGTHS:
        cut = tuple(replace(one, text=_cut(one.text, length)) for one in reasons)
        if len(canonical_bytes([asdict(one) for one in cut])) <= most:
            return cut
    return cut


def same_text(signed: Text, whole: Text) -> bool:
    """Tell whether a signed sentence is the whole one, or a beginning of it that was cut to fit."""
    pairs = ((signed.en, whole.en), (signed.nl, whole.nl))
    return all(one == other or (one.endswith(_MORE) and other.startswith(one[:-1])) for one, other in pairs)


def _common(whole: Text, shown: Text) -> Text:
    """Give the beginning that the whole sentence and the one for everyone share."""
    pairs = (zip(whole.en, shown.en, strict=False), zip(whole.nl, shown.nl, strict=False))
    en, nl = ("".join(one for one, other in takewhile(lambda two: two[0] == two[1], pair)) for pair in pairs)
    return Text(en=en.rstrip() + _MORE, nl=nl.rstrip() + _MORE)


def _cut(text: Text, length: int | None) -> Text:
    if length is None:
        return text
    en, nl = (one if len(one) <= length else one[:length] + _MORE for one in (text.en, text.nl))
    return Text(en=en, nl=nl)


def _stated(reason: Reason, reason_id: str, direct: bool) -> StatedReason:
    return StatedReason(
        id=reason_id,
        word=reason.word,
        rule=reason.rule,
        audit=reason.audit,
        attribute=reason.attribute,
        group=reason.group,
        step=reason.step,
        statistic=reason.statistic,
        features=reason.features,
        overridable=reason.overridable and not (direct and reason.word == "refuse"),
        text=reason.text,
    )


def _content(reason: Reason) -> dict[str, Any]:
    names = ("word", "rule", "audit", "attribute", "group", "step", "statistic", "overridable")
    return {**{name: getattr(reason, name) for name in names}, "features": list(reason.features)}
