"""From answers to statements: what is wrong with them, and what is signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from igw_audit.core.record import AuditRecord, Review, ReviewAnswer
from igw_audit.core.text import Text
from igw_audit.evidence.reasons import ANSWERED, Answer, StatedReason
from igw_audit.evidence.standing import Standing
from igw_audit.evidence.statement import AuditStatement, ReviewStatement
from igw_audit.evidence.strict import stamp
from igw_audit.workflow.answers import NO_WORD, AnswerEntry, AnswersFile

#: An envelope that is larger does not fit a tag; longer reviews are signed in parts.
_FITS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewForm:
    """What a reviewer is asked about one version, and what is known to answer it with.

    Attributes
    ----------
    audit : AuditStatement
        The signed audit that counts; its reasons are the questions.
    measured : Text
        What the selection yields over one by lot, with intervals: every answer on suitability carries it.
    standing : Standing
        Where the version stands before this review.
    shown : tuple of StatedReason
        The audit's reasons as people may see them: without the numbers of small cells.
    """

    uri: str
    audit: AuditStatement
    record: AuditRecord
    measured: Text
    standing: Standing
    shown: tuple[StatedReason, ...]

    @property
    def questions(self) -> tuple[StatedReason, ...]:
        """The reasons that a review can answer; what nobody can set aside is no question."""
        return tuple(reason for reason in self.shown if reason.answerable)

    @property
    def closed(self) -> tuple[StatedReason, ...]:
        """The reasons that no review can answer."""
        return tuple(reason for reason in self.shown if not reason.answerable)


def problems_of(told: AnswersFile, form: ReviewForm, at: datetime) -> Iterator[str]:
    """Name what is wrong with answers, all at once; whoever approves fills every field of what they answer."""
    known = {reason.id: reason for reason in form.audit.reasons}
    if not told.word:
        yield NO_WORD
    if told.word in ("approve", "") and not told.ethics.strip():
        yield "ethics is empty; who approves says whether this is right to do, apart from whether it may"
    for number, entry in enumerate(told.answer, 1):
        for reason in entry.reasons:
            stated = known.get(reason)
            if stated is None:
                yield f"reason {reason!r} is none of this audit; see: igw-audit review {form.uri} --template"
            elif not stated.answerable:
                yield f"reason {reason}: no review can set this aside ({stated.text.en}); take the answer out"
            elif stated.word == "refuse" and told.word == "approve" and not entry.override:
                yield f"reason {reason} refuses; to let it pass, say override = true in so many words, or take it out"
        if told.word in ("approve", "") and entry.empty:
            yield (
                f"answer {number} (to {', '.join(entry.reasons)}) leaves {', '.join(entry.empty)} empty; fill every "
                "field, or take "
                "the answer out if another reviewer gives it"
            )
    latest = at.date() + timedelta(days=form.audit.sign_off.valid_days)
    if told.expires is not None and not at.date() < told.expires <= latest:
        yield f"expires is {told.expires}, expected a day after today and not after {latest}, as the policy says"


def statements_of(
    told: AnswersFile, form: ReviewForm, *, by: str, service: bool, at: datetime
) -> tuple[ReviewStatement, ...]:
    """State the answers, in as many statements as fit; each of them carries the answer to the ethical question."""
    audit = form.audit
    latest = at + timedelta(days=audit.sign_off.valid_days)
    expires = latest if told.expires is None else min(datetime.combine(told.expires, time(), UTC), latest)
    bare = ReviewStatement(
        name=audit.name,
        version=audit.version,
        version_created=audit.version_created,
        model_sha256=audit.model_sha256,
        record_sha256=audit.record_sha256,
        at=stamp(at),
        by=by,
        role=told.role,
        word=told.given_word,
        ethics=told.ethics.strip(),
        dissent=told.dissent.strip(),
        conditions=tuple(one.strip() for one in told.conditions if one.strip()),
        expires=stamp(expires),
        signed_as="service" if service else "person",
    )
    answers = [answer for entry in told.answer if not entry.empty for answer in _answers(entry, form, told.language)]
    parts: list[ReviewStatement] = [bare]
    for answer in answers:
        longer = replace(parts[-1], answers=(*parts[-1].answers, answer))
        if len(longer.payload()) <= _FITS or not parts[-1].answers:
            parts[-1] = longer
        else:
            parts.append(replace(bare, answers=(answer,)))
    return tuple(parts)


def _answers(entry: AnswerEntry, form: ReviewForm, language: str) -> Iterator[Answer]:
    measured = form.measured.within(language)
    said = {name: getattr(entry, name).strip() for name in ANSWERED}
    said["suitability"] = f"{said['suitability']} [{measured}]"
    for reason in entry.reasons:
        yield Answer(reason=reason, override=entry.override, **said)


def as_review(parts: Sequence[ReviewStatement], form: ReviewForm) -> Review:
    """Give what one person signed at one moment, as pages and exported records show it."""
    first = parts[0]
    about = {reason.id: reason.text for reason in form.shown}
    return Review(
        at=first.at,
        by=first.by,
        role=first.role,
        word=first.word,
        reason=first.ethics,
        conditions=first.conditions,
        expires=first.expires,
        dissent=first.dissent,
        signed_as=first.signed_as,
        answers=tuple(
            ReviewAnswer(
                reason=answer.reason,
                about=about.get(answer.reason, Text(en=answer.reason, nl=answer.reason)),
                aim=answer.aim,
                suitability=answer.suitability,
                necessity=answer.necessity,
                alternatives=answer.alternatives,
                proportionality=answer.proportionality,
                override=answer.override,
            )
            for part in parts
            for answer in part.answers
        ),
    )
