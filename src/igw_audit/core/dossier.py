"""The dossier: why a pilot exists, on what ground, and five questions about every feature that goes into its model.

The files are ``audits/<pilot>/dossier.toml`` and ``features.toml``. The five questions are those of the Dutch
government's algorithm framework for each input (measure dat-02); the grounds to take a feature in or leave it out
are those of the public standard for profiling algorithms (2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.rules import Sentence
from igw_audit.core.settings import Strict
from igw_audit.core.text import Text
from igw_audit.stats.estimate import Estimate

Question = Literal["legal", "proxy", "quality", "statistical", "substantive"]
#: ``unproven`` until somebody or some measurement shows it; ``against`` where the answer speaks against the feature.
Status = Literal["shown", "unproven", "against"]
Exclusion = Literal["forbidden", "no_link", "proxy", "subjective", "changeable", "unclear"]
Inclusion = Literal["linked", "objective", "verifiable"]
#: In the order in which they are asked; the first and the last are for people, the others are measured.
QUESTIONS: tuple[Question, ...] = ("legal", "proxy", "quality", "statistical", "substantive")


class Owner(Strict):
    """Who answers for the pilot."""

    role: str = Field(min_length=1)
    name: str = Field(min_length=1)
    contact: str = Field(min_length=1)


class LegalBasis(Sentence):
    """A ground in law; ``checked_by`` names the lawyer who looked at it, empty where nobody did."""

    id: str
    name: str
    checked_by: str = ""


class Assessment(Sentence):
    """The data protection impact assessment: where it is, which version, and of which day (year-month-day)."""

    reference: str = ""
    version: str = ""
    date: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")


class Retention(Sentence):
    """How many days each kind of data is kept."""

    scores_days: int = Field(ge=1)
    cases_days: int = Field(ge=1)
    protected_days: int = Field(ge=1)


class LabelType(Sentence):
    """What one type of outcome means in this pilot."""

    type: str


class LabelDefinition(Sentence):
    """The outcome that the model learns: its column, which types count, and what they mean."""

    column: str
    positive: tuple[str, ...] = Field(min_length=1)
    types: tuple[LabelType, ...] = ()


class LeftOut(Sentence):
    """A column that was left out, and why; ``ground`` is one of the public standard's."""

    column: str
    ground: Exclusion | None = None


class Concern(Sentence):
    """Something that people worry about, written down before there were results."""

    about: str


class ProtectedColumn(Strict):
    """A column that the audit alone may read: what it is in law, on what ground it is held, and why it is needed.

    ``kind``: ``special`` for special categories (GDPR article 9), ``sensitive`` for what reveals or resembles them.
    """

    column: str
    kind: Literal["special", "sensitive", "ordinary"]
    ground: str = Field(min_length=1)
    necessity: Sentence


class Dossier(Strict):
    """What ``dossier.toml`` says; a pilot whose ``synthetic`` is true is an example and says so on every page."""

    pilot: str
    synthetic: bool = False
    status: Literal["example", "draft", "adopted"] = "draft"
    version: str
    purpose: Sentence
    unit: Sentence
    owner: Owner
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    dpia: Assessment
    impact: Sentence
    human_step: Sentence
    retention: Retention
    label: LabelDefinition
    left_out: tuple[LeftOut, ...] = ()
    concerns: tuple[Concern, ...] = ()
    protected: tuple[ProtectedColumn, ...] = ()


class Answer(Strict):
    """What people answer to a question about a feature; ``unproven`` until they do."""

    answer: Literal["yes", "no", "unproven"] = "unproven"
    en: str = ""
    nl: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _an_answer_has_a_reason(self) -> Self:
        if self.answer != "unproven" and not (self.en.strip() and self.nl.strip()):
            raise ValueError(f"the answer is {self.answer!r} without a reason; say why under en and nl")
        return self


class Justification(Sentence):
    """Why a feature may tell people apart: in law, in science, or by what was measured on a random arm."""

    type: Literal["legal", "scientific", "statistical"]
    source: str = Field(min_length=1)


class Called(Strict):
    """What a feature is called where people read of it: a word or two, without a capital."""

    en: str = Field(min_length=1, max_length=40)
    nl: str = Field(min_length=1, max_length=40)


class FeatureEntry(Strict):
    """What people say of one feature; ``proxy``, ``quality`` and ``statistical`` add to what audits measure."""

    name: str
    called: Called | None = None
    legal: Answer = Answer()
    substantive: Answer = Answer()
    proxy: Sentence | None = None
    quality: Sentence | None = None
    statistical: Sentence | None = None
    justification: Justification | None = None
    inclusion: tuple[Inclusion, ...] = ()
    exclusion: tuple[Exclusion, ...] = ()


class FeatureEntries(Strict):
    """What ``features.toml`` says: one entry a feature."""

    feature: tuple[FeatureEntry, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [entry.name for entry in self.feature]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice; give each feature one entry")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierFiles:
    """Both files of a dossier, read."""

    dossier: Dossier
    entries: FeatureEntries

    def sha256(self) -> str:
        """Hash both files' canonical JSON."""
        return sha256_of_json(
            {"dossier": self.dossier.model_dump(mode="json"), "features": self.entries.model_dump(mode="json")}
        )

    def entry(self, name: str) -> FeatureEntry | None:
        """Give the entry of a feature, or None where nobody wrote one."""
        return next((entry for entry in self.entries.feature if entry.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question about a feature with its answer: of people, or of the audits with their number."""

    question: Question
    status: Status
    by: Literal["people", "audits"]
    text: Text
    source: str = ""
    estimate: Estimate | None = None
    p_adjusted: float | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureAnswers:
    """The five questions about one feature, and what it is justified by."""

    name: str
    declared: bool
    questions: tuple[Answered, ...]
    called: Text | None = None
    justification: Justification | None = None
    inclusion: tuple[Inclusion, ...] = ()
    exclusion: tuple[Exclusion, ...] = ()

    @property
    def status(self) -> Status:
        """Against where one answer is, shown where all five are, unproven otherwise."""
        found = {answer.status for answer in self.questions}
        if self.exclusion or "against" in found:
            return "against"
        return "shown" if found == {"shown"} else "unproven"

    def answer(self, question: Question) -> Answered:
        """Give the answer to one question."""
        return next(answer for answer in self.questions if answer.question == question)


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierRecord:
    """A dossier as a record holds it: its hash, what it says, and every feature's five answers."""

    sha256: str
    content: Dossier
    features: tuple[FeatureAnswers, ...]
