"""The keystone: what a version's evidence, taken together, allows - from its tags alone, without reading anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from igw_audit.core.decision import WORDS, Reason
from igw_audit.evidence.reasons import Answer
from igw_audit.evidence.signed import Refusal, SignedAudit, SignedReview, read_evidence
from igw_audit.evidence.signoff import missing_sign_offs
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import moment, person
from igw_audit.evidence.trust import TrustedKeys
from igw_audit.evidence.words import about, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a version stands: ``open`` may be promoted, ``refer`` waits for people, ``shut`` may not.

    Attributes
    ----------
    reasons : tuple of Reason
        Gravest first, each by the gate; where it is open, who signed, and every override.
    audit : AuditStatement or None
        The audit that counts; None where none does.
    reviews : tuple of ReviewStatement
        The reviews that count, in the order in which they were signed.
    broken : tuple of Reason
        Those of the reasons that say that evidence was changed, copied from elsewhere, or signed by a stranger.
    """

    word: Literal["open", "refer", "shut"]
    reasons: tuple[Reason, ...]
    audit: AuditStatement | None
    reviews: tuple[ReviewStatement, ...]
    broken: tuple[Reason, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all evidence that is there holds, whatever it says."""
        return not self.broken


def standing(  # noqa: PLR0913 - keywords only
    tags: Mapping[str, str],
    *,
    name: str,
    version: str,
    created: int,
    keys: TrustedKeys,
    at: datetime,
    tightened: frozenset[str] = frozenset(),
) -> Standing:
    """Say where a version stands.

    The latest audit that is signed by a trusted auditor and bound to this name, number and time of creation counts.
    ``allow`` opens with enough sign-offs; ``refer`` where reviews also answer every reason; ``refuse`` only where
    each refusing reason may be overridden and a signed review does so. One standing rejection shuts.

    Parameters
    ----------
    tags : mapping
        All tags of the version.
    created : int
        When the version was created, in milliseconds since 1970: numbers start again after a model is deleted.
    at : datetime
        Now, with its time zone.
    tightened : frozenset of str
        SHA-256 of every policy that was replaced by a stricter one.
    """
    uri = f"models:/{name}/{version}"
    held = read_evidence(tags, name=name, version=version, created=created, keys=keys)
    broken = tuple(said("refuse", one.reason, uri=uri, detail=one.detail) for one in held.refused)
    current = current_audit(held.audits)
    if current is None:
        missing = [] if held.refused else [said("refuse", "evidence_missing", uri=uri)]
        return _shut([*broken, *missing], broken)
    doubt = current.not_counted(at)
    if doubt is not None:
        # an earlier audit does not come back because the later one stopped to count
        return _shut([*broken, said("refuse", doubt.reason, uri=uri, detail=doubt.detail)], broken)
    audit = current.statement
    # whoever any audit of this version named as its maker: another name in a later one frees nobody
    authors = sorted({one.statement.author for one in held.audits if "auditor" in one.signer.roles})
    counted, aside = _counted(held.reviews, audit, authors, at)
    reasons = [
        *broken,
        *_aged(audit, uri, at, tightened),
        *_rejections(held.reviews, counted, authors, uri),
        *_open_questions(audit, counted),
        *missing_sign_offs(audit, counted, uri),
    ]
    if any(reason.word != "allow" for reason in reasons):
        # whoever looks why the gate is not open also wants to know which reviews did not count
        reasons += [said("refer", one.reason, uri=uri, detail=one.detail) for one in aside]
    return replace(_weighed(reasons, audit, counted, uri), broken=broken)


def _weighed(reasons: Sequence[Reason], audit: AuditStatement, counted: Sequence[SignedReview], uri: str) -> Standing:
    reviews = tuple(one.statement for one in counted)
    against = [reason for reason in reasons if reason.word != "allow"]
    if not against:
        signers = ", ".join(f"{one.by} ({one.role}, {one.at[:10]}, {one.signed_as})" for one in _last_words(reviews))
        opened = said("allow", "open", uri=uri, detail=signers)
        return Standing(word="open", reasons=(opened, *reasons), audit=audit, reviews=reviews)
    ordered = tuple(sorted(reasons, key=lambda reason: WORDS.index(reason.word)))
    word: Literal["refer", "shut"] = "shut" if ordered[0].word == "refuse" else "refer"
    return Standing(word=word, reasons=ordered, audit=audit, reviews=reviews)


def _shut(reasons: Sequence[Reason], broken: tuple[Reason, ...]) -> Standing:
    return Standing(word="shut", reasons=tuple(reasons), audit=None, reviews=(), broken=broken)


def current_audit(audits: Sequence[SignedAudit]) -> SignedAudit | None:
    """Return the audit signed last; of two at the same moment the graver counts."""

    def late(one: SignedAudit) -> tuple[datetime, int, str]:
        told = one.statement
        return moment(told.signed_at), -WORDS.index(told.decision), told.record_sha256

    return max(audits, key=late, default=None)


def _aged(audit: AuditStatement, uri: str, at: datetime, tightened: frozenset[str]) -> Iterator[Reason]:
    until = min(moment(audit.expires), moment(audit.signed_at) + timedelta(days=audit.sign_off.valid_days))
    if until <= at:
        yield said("refer", "audit_expired", uri=uri, detail=f"{until:%Y-%m-%d}")
    if audit.policy_sha256 in tightened:
        yield said("refer", "policy_tightened", uri=uri, detail=audit.policy_sha256[:12])


def _counted(
    reviews: Iterable[SignedReview], audit: AuditStatement, authors: Sequence[str], at: datetime
) -> tuple[list[SignedReview], list[Refusal]]:
    """Part the reviews of the current record into those that count now and why the others do not."""
    counted, aside = [], []
    for one in sorted(reviews, key=_order):
        if one.statement.record_sha256 != audit.record_sha256:
            continue
        made = (one.not_a_reviewer(author) for author in authors)
        refusal = next((no for no in made if no is not None), None) or one.not_counted(audit, at)
        if refusal is None:
            counted.append(one)
        else:
            aside.append(refusal)
    return counted, aside


def _order(one: SignedReview) -> tuple[datetime, int, str]:
    """Order reviews by time; of two by one person at one moment the graver is the last word."""
    return moment(one.statement.at), ("approve", "abstain", "reject").index(one.statement.word), one.tag


def _last_words(reviews: Sequence[ReviewStatement]) -> list[ReviewStatement]:
    """Give each person's last word; a person counts once."""
    last = {person(one.by): one for one in reviews}
    return [one for one in last.values() if one.word == "approve"]


def _rejections(
    reviews: Iterable[SignedReview], counted: Sequence[SignedReview], authors: Sequence[str], uri: str
) -> Iterator[Reason]:
    """Yield who rejects: also of an earlier record, and also where the key has lapsed since.

    Otherwise a rejection could be shaken off by auditing once more, by waiting, by revoking the reviewer's key, or by
    an audit that names the reviewer as the maker. What a person signed with their own key is not taken back by a
    server in their name.
    """
    last: dict[str, ReviewStatement] = {}
    for one in sorted(reviews, key=_order):
        told = one.statement
        lifted = any(_lifts(other.statement, told) for other in counted)
        may = any(one.not_a_reviewer(author) is None for author in authors)
        if told.word == "reject" and not lifted and may:
            last[person(told.by)] = told
    for who in sorted(last):
        told = last[who]
        yield said("refuse", "rejected", uri=uri, detail=f"{told.by} ({told.role}, {told.at[:10]})")


def _lifts(approval: ReviewStatement, rejection: ReviewStatement) -> bool:
    return (
        approval.word == "approve"
        and person(approval.by) == person(rejection.by)
        and moment(approval.at) > moment(rejection.at)
        and (approval.signed_as == "person" or rejection.signed_as == "service")
    )


def _open_questions(audit: AuditStatement, counted: Sequence[SignedReview]) -> Iterator[Reason]:
    answers = _answers(counted)
    for stated in audit.reasons:
        given = answers.get(stated.id, [])
        if stated.word == "refuse" and not stated.overridable:
            yield about("refuse", "not_overridable", stated)
        elif stated.word == "refuse":
            by = ", ".join(who for who, answer in given if answer.override)
            yield about("allow", "overridden", stated, by=by) if by else about("refuse", "refused", stated)
        elif not given or not stated.answerable:
            yield about("refer", "answer_missing", stated)


def _answers(counted: Sequence[SignedReview]) -> dict[str, list[tuple[str, Answer]]]:
    """Give each reason's answers by everyone whose last word approves; of one person the latest answer stands."""
    last: dict[str, dict[str, Answer]] = {}
    shown: dict[str, str] = {}
    for one in counted:
        told = one.statement
        who = person(told.by)
        if told.word != "approve":
            last.pop(who, None)
            continue
        shown[who] = told.by
        last.setdefault(who, {}).update({answer.reason: answer for answer in told.answers})
    answers: dict[str, list[tuple[str, Answer]]] = {}
    for who, by_reason in last.items():
        for reason, answer in by_reason.items():
            answers.setdefault(reason, []).append((shown[who], answer))
    return answers
