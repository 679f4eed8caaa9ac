"""The record: plan, policy, outcomes, decision, provenance and reviews - one JSON file with a versioned schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from igw_audit.core.decision import Decision
from igw_audit.core.dossier import DossierRecord
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.registration import Registrations
from igw_audit.core.rules import Policy
from igw_audit.core.scores import ScoreContract
from igw_audit.core.text import Text
from igw_audit.core.whole import write_whole
from igw_audit.stats.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDigest:
    """What was audited. ``kind``: ``directory`` (the model's files), ``behaviour`` (its scores) or ``column``."""

    sha256: str
    kind: str
    uri: str | None = None
    estimator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDigest:
    """A table by content, whatever its row order or file format."""

    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where every number came from; ``score`` is None in records made before it was kept."""

    model: ModelDigest
    cases: TableDigest
    protected: TableDigest
    plan_sha256: str
    policy_sha256: str
    code_version: str
    seed: int
    packages: tuple[tuple[str, str], ...] = ()
    score: ScoreContract | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suitability:
    """What choosing by this model yields, over choosing by lot, at the plan's operating point.

    ``precision`` is the share of selected cases in which something was found, ``base_rate`` the same share among all
    cases, ``lift`` the one over the other; all rest on cases drawn by lot. ``reason`` says why a number is missing.
    """

    precision: Estimate | None = None
    base_rate: Estimate | None = None
    lift: Estimate | None = None
    reason: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """What a person said to one reason of a decision: the four fields of a justification.

    ``about`` is the reason itself, in both languages; ``override`` where the answer sets a refusal aside.
    """

    reason: str
    about: Text
    aim: str
    suitability: str
    necessity: str
    alternatives: str
    proportionality: str
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person said of a record; appended, never edited.

    ``reason`` is the answer to the ethical question, which stands apart from the legal justification in ``answers``.
    ``signed_as`` is ``person`` (with a key of their own) or ``service`` (through the service, which saw them sign in).
    """

    at: str
    by: str
    role: str
    word: str
    reason: str
    conditions: tuple[str, ...] = ()
    expires: str | None = None
    dissent: str = ""
    signed_as: str = ""
    answers: tuple[ReviewAnswer, ...] = ()


class Presenter(Protocol):
    """Whoever draws a record for people; the workflow binds one, so that core knows nothing of pages."""

    def pages(self, record: AuditRecord) -> Mapping[str, str]:
        """Give file name -> content of each page."""
        ...

    def card(self, record: AuditRecord) -> str:
        """Give a short HTML summary for a notebook."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Everything that was asked, measured, decided and said about one scored case table.

    Examples
    --------
    >>> record.decision.word  # doctest: +SKIP
    'refer'
    >>> record.outcome("A001", "nationality").status  # doctest: +SKIP
    'measured'
    """

    created: str
    pilot: str
    plan: Plan
    policy: Policy
    decision: Decision
    outcomes: tuple[Outcome, ...]
    provenance: Provenance
    reviews: tuple[Review, ...] = ()
    dossier: DossierRecord | None = None
    registrations: Registrations | None = None
    suitability: Suitability | None = None
    presenter: Presenter | None = field(default=None, compare=False, repr=False)

    def outcome(self, audit: str, attribute: str) -> Outcome:
        """Give one audit's answer for one attribute.

        Raises
        ------
        KeyError
            If the plan did not ask for it; the message lists what it did ask for.
        """
        for outcome in self.outcomes:
            if (outcome.audit, outcome.attribute) == (audit, attribute):
                return outcome
        held = ", ".join(f"{outcome.audit}/{outcome.attribute}" for outcome in self.outcomes)
        raise KeyError(f"no outcome of {audit} for {attribute!r}; this record holds {held}")

    def to_dict(self) -> dict[str, Any]:
        """Give the record as record.json holds it."""
        from igw_audit.core.serial import record_to_dict

        return record_to_dict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, presenter: Presenter | None = None) -> AuditRecord:
        """Read a record from record.json's content; raises InputError naming every place that breaks the schema."""
        from igw_audit.core.serial import record_from_dict

        return record_from_dict(content, presenter=presenter)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a finding, as a pandas frame."""
        from igw_audit.core.serial import findings_frame

        return findings_frame(self)

    def to_json(self) -> str:
        """Write record.json's text: readable, keys in their own order, no NaN and no infinity."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, folder: str | Path) -> Path:
        """Write record.json and the pages into ``folder``, whole or not at all; gives the folder."""
        pages = self.presenter.pages(self) if self.presenter else {}
        return write_whole(Path(folder), {"record.json": self.to_json(), **pages})

    def _repr_html_(self) -> str | None:
        return self.presenter.card(self) if self.presenter else None


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of record.json that ships with the package."""
    text = files("igw_audit.core").joinpath("record.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
