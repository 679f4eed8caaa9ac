"""Whatever people and tables call things, a page shows it and obeys nothing of it: text, attributes, pictures, card."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest

from igw_audit.core.record import AuditRecord
from igw_audit.report import PAGES, render_card, render_pages

HEBREW, ARABIC = "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0633\u0648\u0631\u064a\u0627"
#: A word of the record -> what somebody could have called it.
HOSTILE = {
    "India": f"{HEBREW} 13% <b>",
    "China": "China\u202e%31 netsle",
    "Türkiye": f"{ARABIC}\x1b[2J\x07",
    "United States": 'Uni"ted\u2066\u200b',
    "postcode": f"post\u202e{HEBREW}",
    "R. Jansen": "R.\x9b31m Jansen\u2029",
    "study": "study\u2067\x1b]0;x\x07",
}


class Seen(HTMLParser):
    """What a browser would take for text of an element, and for values of attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.attributes: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.inside = [""]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [value or "" for _, value in attrs]
        if tag not in {"meta", "br", "rect", "line", "path", "circle"}:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((self.inside[-1], data))


def hostile(record: AuditRecord) -> AuditRecord:
    """Call everything by its hostile name, in every sentence too."""

    def renamed(part: object) -> object:
        if isinstance(part, dict):
            return {key: renamed(value) for key, value in part.items()}
        if isinstance(part, list):
            return [renamed(one) for one in part]
        if isinstance(part, str):
            for name, other in HOSTILE.items():
                part = part.replace(name, other)
        return part

    content = renamed(json.loads(record.to_json()))
    assert isinstance(content, dict)
    return AuditRecord.from_dict(content, presenter=PAGES)


@pytest.fixture(scope="module")
def pages(record: AuditRecord) -> Mapping[str, str]:
    made = hostile(record)
    return {**render_pages(made), "card": render_card(made), "repr": str(made._repr_html_())}


def controls_in(text: str) -> list[str]:
    return [
        f"{ord(one):x}" for one in text if one not in "\n\t" and unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"}
    ]


@pytest.mark.parametrize("name", ["report.nl.html", "report.en.html", "card", "repr"])
def test_no_control_is_left_on_a_page(pages: Mapping[str, str], name: str) -> None:
    assert not controls_in(pages[name])
    assert "\ufdd0" not in pages[name]
    assert "\ufdd1" not in pages[name]


@pytest.mark.parametrize("name", ["report.nl.html", "report.en.html"])
def test_the_page_says_that_a_control_was_there(pages: Mapping[str, str], name: str) -> None:
    for code in ("202E", "001B", "0007", "2066", "200B", "009B"):
        assert f"&lt;U+{code}&gt;" in pages[name]


@pytest.mark.parametrize("name", ["report.nl.html", "report.en.html", "card"])
def test_all_that_is_read_from_right_to_left_is_by_itself(pages: Mapping[str, str], name: str) -> None:
    seen = Seen(pages[name])
    turning = [(tag, text) for tag, text in seen.texts if HEBREW in text or ARABIC in text]
    assert name == "card" or len(turning) > 10
    assert {tag for tag, _ in turning} <= {"bdi", "tspan", "title", "desc"}


@pytest.mark.parametrize("name", ["report.nl.html", "report.en.html"])
def test_a_name_stands_in_one_piece(pages: Mapping[str, str], name: str) -> None:
    assert f"<bdi>{HEBREW} 13% &lt;b&gt;</bdi>" in pages[name]


@pytest.mark.parametrize("name", ["report.nl.html", "report.en.html"])
def test_no_attribute_holds_an_element_or_ends_early(pages: Mapping[str, str], name: str) -> None:
    for value in Seen(pages[name]).attributes:
        assert "<bdi" not in value
        assert "<tspan" not in value
