"""The words of a policy: limits, levels and what must have been measured, each with its rationale."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from igw_audit.core.canonical import sha256_of_json
from igw_audit.core.finding import LEVELS
from igw_audit.core.settings import Strict

Word = Literal["allow", "refer", "refuse"]
#: What a plan must hold for a rule or a requirement to speak.
When = Literal["always", "label", "arm", "arm_probability", "steps", "declared"]


class Sentence(Strict):
    """A text that people read, in both languages."""

    en: str = Field(min_length=1)
    nl: str = Field(min_length=1)

    def within(self, language: str) -> str:
        """Give the text in one language, ``en`` or ``nl``."""
        return self.nl if language == "nl" else self.en


class Limit(Strict):
    """A limit on one statistic: an interval wholly inside allows, wholly outside refuses, straddling refers.

    ``at`` says where it holds: on the model's own selection, on the process steps, or on both.
    ``steps`` narrows it to the steps of these names (none named: every step of the plan).
    ``when`` limits it to plans that hold what it speaks of: no stated chance can be wrong where none is stated.
    ``when_explained`` softens a refusal to its word where the outcome named by ``explained_by`` has the level
    ``explained_by_declared`` for the same attribute: a disparity is no proxy until declared factors are accounted for.
    """

    rule: str
    audit: str
    statistic: str
    low: float | None = None
    high: float | None = None
    at: Literal["model", "steps", "anywhere"] = "anywhere"
    steps: tuple[str, ...] = ()
    when: When = "always"
    outside: Literal["refer", "refuse"] = "refuse"
    explained_by: str | None = None
    when_explained: Literal["refer"] | None = None
    rests_on_labels: bool = False
    overridable: bool = True
    title: Sentence
    rationale: Sentence

    @model_validator(mode="after")
    def _some_limit(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError(f"rule {self.rule!r} has neither low nor high: give at least one end")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"rule {self.rule!r}: low ({self.low}) must be below high ({self.high})")
        return self


class LevelRule(Strict):
    """What a level of an outcome or a finding means for the decision; a level that is not named allows."""

    rule: str
    audit: str
    refuse: tuple[str, ...] = ()
    refer: tuple[str, ...] = ()
    overridable: bool = True
    title: Sentence
    rationale: Sentence

    @model_validator(mode="after")
    def _known_levels(self) -> Self:
        unknown = sorted((set(self.refuse) | set(self.refer)) - set(LEVELS))
        if unknown:
            raise ValueError(f"rule {self.rule!r}: {', '.join(unknown)} is no level; levels are {', '.join(LEVELS)}")
        return self


class Required(Strict):
    """An audit that must have been measured; ``when`` limits it to plans that hold what the question needs."""

    audit: str
    when: When = "always"


#: Five years: what a model does to people changes, so that no approval is for good.
LONGEST_VALID = 1826


class SignOff(Strict):
    """Who must have signed before a version may be promoted, and how long that holds.

    ``reviewers`` says how many people of which role must approve; nobody counts twice, and never the model's author.
    ``personal_signature`` asks that they sign with a key of their own, not through the service.
    ``valid_days`` is the longest that an audit and a review count, from the day on which they were signed.
    """

    reviewers: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")], Annotated[int, Field(ge=1)]] = Field(
        default={"ethics": 1}, min_length=1
    )
    personal_signature: bool = False
    valid_days: int = Field(default=365, ge=1, le=LONGEST_VALID)
    rationale: Sentence = Sentence(
        en="A calculation measures what a model does to people. Whether that may be is for people to say, by name.",
        nl="Een berekening meet wat een model met mensen doet. Of dat mag, zeggen mensen, met hun naam erbij.",
    )


class AskedDossier(Strict):
    """Whether a dossier must lie beside the record, with every feature justified, before the gate can open."""

    required: bool = False
    rationale: Sentence = Sentence(
        en="Whoever chooses people by a feature can say on what ground: in law, in science or in numbers.",
        nl="Wie mensen kiest op een kenmerk, kan zeggen waarom: volgens de wet, de wetenschap of de cijfers.",
    )


class AskedRegistration(Strict):
    """Whether plan and policy must have been registered before the first result on the same cases existed."""

    required: bool = False
    rationale: Sentence = Sentence(
        en="Limits that are chosen after the numbers are known can be chosen so that the numbers pass.",
        nl="Grenzen die je kiest als je de cijfers al kent, kun je zo kiezen dat de cijfers erdoor komen.",
    )


class Policy(Strict):
    """Limits with their rationale; it judges. A policy without rules only refers."""

    name: str
    version: str
    limits: tuple[Limit, ...] = ()
    levels: tuple[LevelRule, ...] = ()
    required: tuple[Required, ...] = ()
    random_arm_minimum: int = Field(default=100, ge=1)
    sign_off: SignOff = SignOff()
    dossier: AskedDossier = AskedDossier()
    registration: AskedRegistration = AskedRegistration()

    @model_validator(mode="after")
    def _rules_named_once(self) -> Self:
        names = [rule.rule for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must differ: {', '.join(twice)} stands twice")
        return self

    @property
    def rules(self) -> tuple[Limit | LevelRule, ...]:
        """Every rule, limits first."""
        return (*self.limits, *self.levels)

    def sha256(self) -> str:
        """Hash the policy's canonical JSON."""
        return sha256_of_json(self.model_dump(mode="json"))
