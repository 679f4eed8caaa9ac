"""A record as pages that people read: one self-contained file a language, without script or anything from outside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from igw_audit.core.disclosure import Disclosure
from igw_audit.core.markup import as_attribute, as_html
from igw_audit.core.record import AuditRecord
from igw_audit.report.numbers import Language
from igw_audit.report.scene import Questions, Scene
from igw_audit.report.view.answers import FOLDED, answers
from igw_audit.report.view.apart import apart
from igw_audit.report.view.cause import cause
from igw_audit.report.view.decision import verdict
from igw_audit.report.view.dossier import dossier
from igw_audit.report.view.features import features
from igw_audit.report.view.funnel import funnel
from igw_audit.report.view.origin import origin
from igw_audit.report.view.people import operating, people
from igw_audit.report.view.registered import registered
from igw_audit.report.view.reviews import reviews
from igw_audit.report.words import words_of

LANGUAGES: tuple[Language, ...] = ("nl", "en")

#: Place on the page and key of its heading, in order.
_SECTIONS = (
    ("decision", "decision"),
    ("reviews", "reviews"),
    ("people", "people"),
    ("limits", "limits"),
    ("funnel", "funnel"),
    ("features", "features"),
    ("audits", "audits"),
    ("cause", "cause"),
    ("dossier", "dossier"),
    ("registered", "registered"),
    ("provenance", "provenance"),
    ("glossary", "glossary"),
)
_MONTHS = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Draws records for people; ``questions`` gives the title and the question of each audit by its code."""

    questions: Questions = field(default_factory=dict)

    def pages(self, record: AuditRecord) -> Mapping[str, str]:
        """Give ``report.nl.html`` and ``report.en.html``; the same record gives the same bytes."""
        disclosure = Disclosure.of(record.outcomes)
        return {f"report.{language}.html": self._page(record, disclosure, language) for language in LANGUAGES}

    def card(self, record: AuditRecord, language: Language = "en") -> str:
        """Give a short HTML summary for a notebook."""
        scene = self._scene(record, Disclosure.of(record.outcomes), language)
        measured = sum(outcome.status == "measured" for outcome in record.outcomes)
        answered = scene.words("card.answered", measured=measured, asked=len(record.outcomes))
        template = environment().get_template("card.html.j2")
        return template.render(w=scene.words, record=record, verdict=verdict(scene), answered=answered)

    def _scene(self, record: AuditRecord, disclosure: Disclosure, language: Language) -> Scene:
        return Scene(record=record, words=words_of(language), questions=self.questions, disclosure=disclosure)

    def _page(self, record: AuditRecord, disclosure: Disclosure, language: Language) -> str:
        scene = self._scene(record, disclosure, language)
        words = scene.words
        said, why, entered = reviews(scene), dossier(scene), registered(scene)
        found = {"reviews": said.cards, "dossier": why, "registered": entered}
        absent = {name for name, held in found.items() if not held}
        names = [words.attribute(name) for name in record.plan.attributes]
        style = style_sheet()
        return (
            environment()
            .get_template("report.html.j2")
            .render(
                w=words,
                record=record,
                style=Markup(style),  # noqa: S704 - our own file  # nosec B704
                style_hash=source_hash(style),
                sections=[place for place in _SECTIONS if place[0] not in absent],
                made=spoken_date(record.created, language),
                spoken=lambda date: spoken_date(date, language),
                rows=scene.numbers.whole(record.provenance.cases.rows),
                attributes=words.listed(names),
                attribute_names=names,
                confidence=scene.numbers.exact_percent(record.plan.confidence),
                operating=operating(scene),
                folded=FOLDED,
                verdict=verdict(scene),
                people=people(scene),
                apart=apart(scene),
                funnel=funnel(scene),
                features=features(scene),
                questions=answers(scene),
                cause=cause(scene),
                origin=origin(scene),
                reviews=said,
                dossier=why,
                registered=entered,
            )
        )


#: Pages without the questions of the audits: each audit goes by its code.
PAGES = Pages()


def render_pages(record: AuditRecord, *, questions: Questions | None = None) -> Mapping[str, str]:
    """Give the pages of a record by file name."""
    return Pages(questions=questions or {}).pages(record)


def render_card(record: AuditRecord, *, questions: Questions | None = None) -> str:
    """Give the notebook summary of a record."""
    return Pages(questions=questions or {}).card(record)


@cache
def environment() -> Environment:
    """Return the templates: all is escaped, foreign text obeyed nowhere, and a name that is missing is an error."""
    made = Environment(
        loader=PackageLoader("igw_audit.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=as_html,
    )
    made.filters["attribute"] = as_attribute
    return made


@cache
def style_sheet() -> str:
    """Read the style sheet that every page carries."""
    return files("igw_audit.report").joinpath("templates/style.css").read_text(encoding="utf-8")


def source_hash(content: str) -> str:
    """Give the hash by which a content security policy lets exactly this style sheet through."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def spoken_date(created: str, language: Language) -> str:
    """Write an ISO date the way people do; what is no date stays as it is.

    >>> spoken_date("2026-11-23T10:00:00+00:00", "nl")
    '23 november 2026'
    """
    try:
        day = datetime.fromisoformat(created)
    except ValueError:
        return created
    return f"{day.day} {_MONTHS[language].split()[day.month - 1]} {day.year}"
