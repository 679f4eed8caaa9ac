"""What people said of a record: each review with its answers, and first of all what was let pass in whose name."""

from __future__ import annotations

from dataclasses import dataclass

from igw_audit.core.record import Review, ReviewAnswer
from igw_audit.core.text import Text
from igw_audit.report.scene import Scene
from igw_audit.report.yields import yield_sentence

_FIELDS = ("aim", "suitability", "necessity", "alternatives", "proportionality")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCard:
    """One reason, or several answered alike, and what was answered, field by field."""

    about: tuple[str, ...]
    override: bool
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCard:
    """One review as the page shows it."""

    who: str
    word: str
    sign: str
    signed: str
    at: str
    until: str
    ethics: str
    dissent: str
    conditions: tuple[str, ...]
    answers: tuple[AnswerCard, ...]
    counted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """The section; ``measured`` is the yield, which stands on the page even where nobody has reviewed yet."""

    measured: str
    overrides: tuple[str, ...]
    cards: tuple[ReviewCard, ...]


def reviews(scene: Scene) -> Reviews:
    """Give the section."""
    held = scene.record.reviews
    measured = "" if scene.record.suitability is None else scene.text(yield_sentence(scene.record.suitability))
    return Reviews(
        measured=measured,
        overrides=tuple(
            scene.words("reviews.override", by=one.by, about=_about(scene, answer.about))
            for one in held
            if one.word == "approve"
            for answer in one.answers
            if answer.override
        ),
        cards=tuple(_card(scene, one) for one in held),
    )


def _card(scene: Scene, one: Review) -> ReviewCard:
    words = scene.words
    known = words.table("reviews.word")
    return ReviewCard(
        who=f"{one.by} ({one.role})",
        word=str(known.get(one.word, one.word)),
        sign={"approve": "allow", "reject": "refuse"}.get(one.word, "refer"),
        signed=words(f"reviews.signed_{one.signed_as}") if one.signed_as in ("person", "service") else "",
        at=one.at,
        until=one.expires or "",
        ethics=one.reason,
        dissent=one.dissent,
        conditions=one.conditions,
        answers=_grouped(scene, one.answers),
        counted=words.counted("reviews.answers", len(one.answers)),
    )


def _grouped(scene: Scene, answers: tuple[ReviewAnswer, ...]) -> tuple[AnswerCard, ...]:
    """Put the reasons that were answered in the same words under one answer."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for answer in answers:
        key = (answer.override, *(getattr(answer, name) for name in _FIELDS))
        groups.setdefault(key, []).append(_about(scene, answer.about))
    return tuple(
        AnswerCard(
            about=tuple(about),
            override=bool(key[0]),
            fields=tuple(
                (scene.words(f"reviews.{name}"), str(said)) for name, said in zip(_FIELDS, key[1:], strict=True)
            ),
        )
        for key, about in groups.items()
    )


def _about(scene: Scene, about: Text) -> str:
    """Say which reason was answered, with the attribute and the groups as people call them."""
    words, said = scene.words, scene.text(about)
    for name in scene.record.plan.attributes:
        title, apart, rest = said.partition(f": {name}, ")
        if apart:
            return f"{title} – {words.attribute(name)}: {words.with_groups(rest)}"
    return said
