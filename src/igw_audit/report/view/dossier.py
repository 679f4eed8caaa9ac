"""The dossier on the page: what a pilot is for, and five questions about every feature with their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from igw_audit.core.dossier import QUESTIONS, Answered, Dossier, FeatureAnswers
from igw_audit.core.rules import Sentence
from igw_audit.report.numbers import Unit
from igw_audit.report.scene import Scene
from igw_audit.report.view.origin import Fact

_UNITS: dict[str, Unit] = {"proxy": "sd", "quality": "share", "statistical": "points"}
_SIGNS = {"shown": "allow", "unproven": "refer", "against": "refuse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A status as a sign and a word."""

    sign: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question with its answer in words."""

    question: str
    cell: Cell
    by: str
    said: str
    number: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One row of the table, and what stands behind it."""

    name: str
    declared: str
    cells: tuple[Cell, ...]
    together: Cell
    justified: str
    justification: str
    source: str
    inclusion: str
    exclusion: str
    answers: tuple[Answer, ...]
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A column that only the audit may read."""

    column: str
    kind: str
    ground: str
    need: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A column or a concern, with what is said of it and on which ground."""

    name: str
    said: str
    ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierView:
    """The section."""

    example: bool
    facts: tuple[Fact, ...]
    questions: tuple[str, ...]
    features: tuple[Feature, ...]
    left_out: tuple[Told, ...]
    concerns: tuple[Told, ...]
    protected: tuple[Held, ...]
    sha256: str


def dossier(scene: Scene) -> DossierView | None:
    """Give the section; None where a record has no dossier."""
    held = scene.record.dossier
    if held is None:
        return None
    words, content = scene.words, held.content
    return DossierView(
        example=content.synthetic or content.status == "example",
        facts=_facts(scene, content),
        questions=tuple(words(f"dossier.question.{question}") for question in QUESTIONS),
        features=tuple(
            _feature(scene, one, {basis.id: basis.name for basis in content.legal_basis}) for one in held.features
        ),
        left_out=tuple(
            Told(name=one.column, said=_in(scene, one), ground=_grounds(scene, (one.ground,) if one.ground else ()))
            for one in content.left_out
        ),
        concerns=tuple(
            Told(name=words.attribute(one.about) if one.about == "region" else one.about, said=_in(scene, one))
            for one in content.concerns
        ),
        protected=tuple(
            Held(
                column=words.attribute(one.column),
                kind=words(f"dossier.kind.{one.kind}"),
                ground=one.ground,
                need=_in(scene, one.necessity),
            )
            for one in content.protected
        ),
        sha256=held.sha256,
    )


def _in(scene: Scene, sentence: Sentence) -> str:
    return sentence.within(scene.words.language)


def _facts(scene: Scene, content: Dossier) -> tuple[Fact, ...]:
    words, keep = scene.words, content.retention
    days = words("dossier.days", scores=keep.scores_days, cases=keep.cases_days, protected=keep.protected_days)
    reference = ", ".join(part for part in (content.dpia.reference, content.dpia.version, content.dpia.date) if part)
    said = [
        ("purpose", _in(scene, content.purpose)),
        ("impact", _in(scene, content.impact)),
        ("human_step", _in(scene, content.human_step)),
        ("unit", _in(scene, content.unit)),
        ("label", f"{content.label.column} ({', '.join(content.label.positive)}). {_in(scene, content.label)}"),
        *(
            ("legal_basis", _basis(scene, basis.name, _in(scene, basis), basis.checked_by))
            for basis in content.legal_basis
        ),
        ("dpia", f"{reference}. {_in(scene, content.dpia)}"),
        ("retention", f"{_in(scene, keep)} ({days})"),
        ("owner", f"{content.owner.role}; {content.owner.name}; {content.owner.contact}"),
    ]
    return tuple(Fact(name=words(f"dossier.facts.{key}"), value=value) for key, value in said)


def _basis(scene: Scene, name: str, said: str, checked_by: str) -> str:
    words = scene.words
    checked = words("dossier.checked", who=checked_by) if checked_by.strip() else words("dossier.unchecked")
    return f"{name}: {said} ({checked})"


def _feature(scene: Scene, one: FeatureAnswers, sources: Mapping[str, str]) -> Feature:
    words = scene.words
    reason = one.justification
    return Feature(
        name=scene.feature(one.name),
        declared=words("dossier.declared") if one.declared else "",
        cells=tuple(_cell(scene, one.answer(question).status) for question in QUESTIONS),
        together=_cell(scene, one.status),
        justified=words(f"dossier.type.{reason.type}") if reason else words("dossier.unjustified"),
        justification=_in(scene, reason) if reason else words("dossier.unjustified"),
        source=words("dossier.source", source=reason.source) if reason else "",
        inclusion=_grounds(scene, one.inclusion),
        exclusion=_grounds(scene, one.exclusion),
        answers=tuple(_answer(scene, answer, sources) for answer in one.questions),
        details=words("dossier.details", feature=scene.called(one.name)),
    )


def _cell(scene: Scene, status: str) -> Cell:
    return Cell(sign=_SIGNS[status], word=scene.words(f"dossier.status.{status}"))


def _answer(scene: Scene, answer: Answered, sources: Mapping[str, str]) -> Answer:
    words = scene.words
    source = sources.get(answer.source, answer.source)
    return Answer(
        question=words(f"dossier.long.{answer.question}"),
        cell=_cell(scene, answer.status),
        by=words(f"dossier.by.{answer.by}"),
        said=scene.text(answer.text),
        number=_number(scene, answer),
        source=words("dossier.source", source=source) if source else "",
    )


def _number(scene: Scene, answer: Answered) -> str:
    if answer.estimate is None:
        return ""
    unit = _UNITS[answer.question]
    parts = [f"{scene.with_unit(answer.estimate.value, unit)}, {scene.sure(answer.estimate, unit)}"]
    if answer.p_adjusted is not None:
        small = answer.p_adjusted < 0.001
        told = scene.numbers.decimal(answer.p_adjusted, 3)
        parts.append(scene.words("dossier.p_small") if small else scene.words("dossier.p_adjusted", p=told))
    return f"{'; '.join([*parts, f'n = {scene.numbers.whole(answer.estimate.n)}'])}."


def _grounds(scene: Scene, grounds: tuple[str, ...]) -> str:
    return ", ".join(scene.words(f"dossier.ground.{ground}") for ground in grounds)
