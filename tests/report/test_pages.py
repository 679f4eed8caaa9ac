from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from igw_audit.core.decision import Decision, Reason
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Band, Plan
from igw_audit.core.record import AuditRecord
from igw_audit.core.rules import Policy
from igw_audit.core.text import Text
from igw_audit.report import PAGES, Pages, render_card, render_pages

VOID = {"meta", "br", "link", "img", "hr", "input", "wbr"}
EMPTY_SVG = {"rect", "line", "path", "circle"}
FORBIDDEN_TAGS = {"script", "link", "img", "iframe", "object", "embed", "form", "input", "button", "base", "video"}
NEVER = re.compile(r"\b(fair|unfair|unbiased|debiased|eerlijk|eerlijke|oneerlijk|onbevooroordeeld)\b", re.IGNORECASE)
LANGUAGES = ("nl", "en")


@dataclass
class Element:
    tag: str
    attributes: Mapping[str, str]
    parent: Element | None
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        found = [self] if self.tag in tags else []
        return found + [inner for child in self.children for inner in child.all(*tags)]

    def text(self) -> str:
        return " ".join(" ".join([*self.texts, *(child.text() for child in self.children)]).split())

    def has(self, kind: str) -> bool:
        return kind in self.attributes.get("class", "").split()


class Tree(HTMLParser):
    """Parses strictly: a tag that is closed in the wrong place is an error."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.here = self.root
        self.feed(page)
        self.close()
        assert self.here is self.root, f"<{self.here.tag}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID | EMPTY_SVG
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        if self.here.tag not in ("style",):
            self.here.texts.append(data)


@pytest.fixture(scope="session")
def trees(pages: Mapping[str, str]) -> Mapping[str, Element]:
    return {language: Tree(pages[f"report.{language}.html"]).root for language in LANGUAGES}


def section(tree: Element, name: str) -> Element:
    return next(found for found in tree.all("section") if found.attributes.get("id") == name)


def test_gives_a_dutch_and_an_english_page_that_say_their_language(trees: Mapping[str, Element]) -> None:
    for language, tree in trees.items():
        assert [page.attributes["lang"] for page in tree.all("html")] == [language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_comes_from_outside_and_nothing_runs(
    pages: Mapping[str, str], trees: Mapping[str, Element], language: str
) -> None:
    page, tree = pages[f"report.{language}.html"], trees[language]
    elements = tree.all(*{element.tag for element in walk(tree)})
    assert not {element.tag for element in elements} & FORBIDDEN_TAGS
    for element in elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (element.tag, name)
            assert name not in ("src", "srcset", "style", "action"), (element.tag, name)
            if name == "href":
                assert value.startswith("#")
            if name not in ("xmlns", "content"):
                assert "://" not in value
    assert not re.search(r"url\((?!#)|@import|@font-face", page)


def walk(element: Element) -> list[Element]:
    return [element, *(inner for child in element.children for inner in walk(child))]


def test_the_style_sheet_is_the_only_thing_that_the_security_policy_lets_in(pages: Mapping[str, str]) -> None:
    import base64
    import hashlib

    page = pages["report.en.html"]
    style = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_go_down_one_step_at_a_time_from_one_h1(trees: Mapping[str, Element], language: str) -> None:
    levels = [int(heading.tag[1]) for heading in in_order(trees[language], "h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def in_order(tree: Element, *tags: str) -> list[Element]:
    return [element for element in walk(tree) if element.tag in tags]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_id_is_there_once_and_every_link_and_label_finds_its_place(
    trees: Mapping[str, Element], language: str
) -> None:
    elements = walk(trees[language])
    ids = [element.attributes["id"] for element in elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in elements:
        if element.tag == "a":
            assert element.attributes["href"][1:] in ids, element.text()
        for name in element.attributes.get("aria-labelledby", "").split():
            assert name in ids


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_has_a_title_a_description_and_its_numbers_in_a_table(
    trees: Mapping[str, Element], language: str
) -> None:
    pictures = trees[language].all("svg")
    assert len(pictures) > 12
    for picture in pictures:
        assert [child.tag for child in picture.children[:2]] == ["title", "desc"]
        assert all(child.text() for child in picture.children[:2])
        figure = picture
        while figure.tag != "figure":
            assert figure.parent is not None, "a picture stands in a figure"
            figure = figure.parent
        assert figure.parent is not None
        limits = [item.text() for item in figure.parent.all("li")]
        table = " ".join([*(found.text() for found in figure.all("table")), *limits])
        said = picture.children[1].text()
        for number in re.findall(r"\d+[.,]\d+|\d+", said.replace("1,000", "").replace("1.000", "")):
            assert number in table, (number, said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_has_headings_with_a_scope_and_rows_of_one_length(
    trees: Mapping[str, Element], language: str
) -> None:
    tables = trees[language].all("table")
    assert len(tables) > 20
    for table in tables:
        wide = len(table.all("thead")[0].all("th"))
        assert all(cell.attributes.get("scope") for cell in table.all("th"))
        for row in (row for body in table.all("tbody") for row in body.all("tr")):
            assert sum(int(cell.attributes.get("colspan", 1)) for cell in row.children) == wide


def test_a_name_that_holds_markup_is_only_ever_text(pages: Mapping[str, str]) -> None:
    for page in pages.values():
        assert "<script" not in page
        assert "&lt;script&gt;alert" in page


def test_both_languages_carry_the_same_numbers(trees: Mapping[str, Element]) -> None:
    def numbers(tree: Element) -> list[str]:
        text = " ".join(table.text() for table in tree.all("table"))
        return re.findall(r"[<>]?[+−]?\d[\d.,]*\d|\d", text)

    swapped = str.maketrans(".,", ",.")
    dutch = [number.translate(swapped) for number in numbers(trees["nl"])]
    english = numbers(trees["en"])
    assert len(english) > 400
    assert [n.strip(".,") for n in dutch] == [n.strip(".,") for n in english]


def test_the_same_record_gives_the_same_bytes(record: AuditRecord, pages: Mapping[str, str]) -> None:
    again = Pages(questions=PAGES.questions).pages(record)
    assert again == render_pages(record)
    assert PAGES.pages(record) == again
    assert pages.keys() == again.keys()


def test_no_page_calls_a_model_what_only_people_may_judge(pages: Mapping[str, str]) -> None:
    for page in pages.values():
        assert not NEVER.search(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))


def test_opens_with_the_decision_and_the_gravest_reason(trees: Mapping[str, Element]) -> None:
    first = trees["en"].all("main")[0].all("section")[0]
    assert first.attributes["id"] == "decision"
    assert "The policy refuses this model: 2 things lie outside what is allowed." in first.text()
    assert "people must judge 4 more points" in first.text()
    words = [card.attributes["class"].split()[-1] for card in first.all("li") if card.has("card")]
    assert words == sorted(words, key=["card-refuse", "card-refer"].index)
    assert words[0] == "card-refuse"


def test_says_of_a_direct_refusal_that_nobody_can_set_it_aside(trees: Mapping[str, Element]) -> None:
    card = next(card for card in section(trees["en"], "decision").all("li") if card.has("card"))
    assert "No reviewer can set this aside." in card.text()
    assert "A stand-in for nationality is nationality by another name." in card.text()
    assert [link.attributes["href"] for link in card.all("a")] == ["#audit-A007-1"]


def test_says_in_natural_frequencies_what_the_model_does_to_whom(trees: Mapping[str, Element]) -> None:
    english = [item.text() for item in section(trees["en"], "people").all("li")]
    dutch = [item.text() for item in section(trees["nl"], "people").all("li")]
    assert english[3] == (
        "Of 1,000 cases of people with nationality Türkiye, 106 were selected (between 88 and 128). "
        "Of 1,000 other cases: 52."
    )
    assert dutch[3] == (
        "Van 1.000 zaken van mensen met nationaliteit Türkiye zijn er 106 geselecteerd (tussen 88 en 128). "
        "Van 1.000 andere zaken: 52."
    )


def test_groups_stand_by_size_and_never_by_how_they_score(trees: Mapping[str, Element]) -> None:
    table = section(trees["en"], "people").all("table")[0]
    groups = [row.children[0].text() for row in table.all("tbody")[0].all("tr")]
    assert groups[:5] == ["India", "China", "(all other)", "Türkiye", "United States"]


def test_a_small_group_is_named_and_its_numbers_are_nowhere_on_the_page(
    pages: Mapping[str, str], trees: Mapping[str, Element]
) -> None:
    text = trees["en"].text()
    assert "There are fewer than 10 cases of people with nationality <script>alert('x')</script> & Co." in text
    # the reason's own sentence, written before anything was withheld, quotes the small group's numbers
    assert "1.777" not in pages["report.en.html"]
    assert "1,777" not in pages["report.nl.html"]
    rows = [row for table in trees["en"].all("table") for row in table.all("tr")]
    nasty = [row.text() for row in rows if row.children[0].tag == "th" and row.text().startswith("<script>")]
    assert nasty
    for row in nasty:
        rest = row.replace("<script>alert('x')</script> & Co", "").replace("<10", "").replace("(", "").replace(")", "")
        assert not re.search(r"\d", rest), row


def test_a_group_that_would_give_a_small_one_away_is_withheld_and_says_so(trees: Mapping[str, Element]) -> None:
    items = [item.text() for item in section(trees["en"], "people").all("li")]
    assert any(
        "age 36-50 are not shown, because a small number in another group could be worked out" in item for item in items
    )
    assert any("Of the 132 cases of people of age 51 and over, fewer than 10 were selected" in item for item in items)


def test_says_at_which_step_a_gap_grows(trees: Mapping[str, Element]) -> None:
    said = section(trees["en"], "funnel").text()
    assert (
        "Cases of people with nationality Türkiye: the gap grows most at the step selected, from 1.25 to 2.38 times"
        in said
    )


def test_what_was_not_measured_failed_or_not_asked_is_on_the_page_with_what_would_help(
    trees: Mapping[str, Element],
) -> None:
    said = section(trees["en"], "audits").text()
    assert "There is no answer, because this question needs declared factors, and the plan names none." in said
    assert "What would help: factors with a written, lawful reason why they may differ between groups." in said
    assert "The audit stopped: the audit stopped with an error (ValueError)" in said
    assert "The plan did not ask this question. Add A011 to the audits of the plan" in said
    assert "Too little data to tell for: (not recorded)" in said


def test_every_finding_has_n_interval_method_p_and_what_could_have_been_seen(trees: Mapping[str, Element]) -> None:
    table = next(t for t in section(trees["en"], "audits").all("table") if t.all("caption")[0:1])
    heads = [head.text() for head in table.all("thead")[0].all("th")]
    assert heads == [
        "Group",
        "n",
        "Per cent",
        "Percentage points",
        "Times as often",
        "p, adjusted",
        "Smallest that could be seen",
        "Judged",
    ]
    turkish = next(row for row in table.all("tr") if row.children[0].text() == "Türkiye")
    assert [cell.text() for cell in turkish.children[1:6]] == [
        "905",
        "10.6% a 8.8% to 12.8%",
        "+5.4 b +3.5 to +7.6",
        "2.03 c 1.63 to 2.52",
        "0.002",
    ]


def test_the_five_steps_are_headed_and_each_is_filled_or_says_why_not(trees: Mapping[str, Element]) -> None:
    for language, word in (("en", "Step"), ("nl", "Stap")):
        articles = section(trees[language], "cause").all("article")
        assert [article.all("h3")[0].text()[:6] for article in articles] == [f"{word} {k}" for k in range(1, 6)]
        assert all(len(article.all("p")) >= 2 for article in articles)


def test_the_fifth_step_says_why_it_was_not_done(record: AuditRecord) -> None:
    bare = replace(record, outcomes=tuple(o for o in record.outcomes if o.audit == "A001"))
    tree = Tree(render_pages(bare)["report.en.html"]).root
    last = section(tree, "cause").all("article")[-1]
    assert "Not done, because the plan asked none of the audits that look for a cause" in last.text()


def test_shows_plan_policy_hashes_versions_and_seed(trees: Mapping[str, Element]) -> None:
    said = section(trees["nl"], "provenance").text()
    for value in ("a" * 64, "b" * 64, "c" * 64, "d" * 64, "e" * 64, "0.1.0", "numpy 2.4.0", "LogisticRegression"):
        assert value in said
    assert "Vijf punten is wat de capaciteit toestaat." in said


def decided(record: AuditRecord, word: str) -> AuditRecord:
    reason = Reason(
        word=word,  # type: ignore[arg-type]
        rule="selection-gap",
        audit="A001",
        attribute="sex",
        text=Text(en="All lie inside.", nl="Alles ligt erbinnen."),
    )
    return replace(record, decision=Decision.of((reason,)))


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("allow", "Every limit of the policy was met with certainty (1 rule)."),
        ("refer", "The policy does not approve this model by itself: people must judge 1 point first."),
        ("refuse", "The policy refuses this model: 1 thing lies outside what is allowed."),
    ],
)
def test_every_word_of_a_decision_has_its_sentence(record: AuditRecord, word: str, sentence: str) -> None:
    assert sentence in Tree(render_pages(decided(record, word))["report.en.html"]).root.text()


def test_draws_a_record_without_outcomes_rules_or_steps(record: AuditRecord) -> None:
    plan = Plan(attributes=("nationality",), bands=(Band(name="high", at_least=0.7, severity=2),))
    none = Reason(
        word="refer", rule="no-rules", audit="policy", text=Text(en="No rules were given.", nl="Er zijn geen regels.")
    )
    bare = replace(
        record,
        plan=plan,
        policy=Policy(name="empty", version="1"),
        outcomes=(),
        decision=Decision.of((none,)),
        reviews=(),
    )
    text = Tree(render_pages(bare)["report.en.html"]).root.text()
    assert "How often the model selects each group was not measured for nationality." in text
    assert "The plan names no process steps" in text
    assert "This policy has no rules." in text
    assert "the score falls in a band that leads to an intervention (high (0.70+))" in text
    assert "Not done, because no question was asked." in text


def test_an_outcome_that_could_not_be_measured_leaves_no_empty_picture(record: AuditRecord) -> None:
    reason = Text(en="nobody was selected", nl="niemand is geselecteerd")
    silent = Outcome(audit="A001", attribute="nationality", status="not_measurable", reason=reason)
    plan = Plan(attributes=("nationality",), capacity=10)
    tree = Tree(render_pages(replace(record, plan=plan, outcomes=(silent,)))["report.nl.html"]).root
    assert not tree.all("svg")
    assert "Er is geen antwoord, want niemand is geselecteerd." in tree.text()


def test_the_card_tells_the_decision_and_escapes_names(record: AuditRecord) -> None:
    nasty = replace(record, pilot="<img src=x onerror=alert(1)>")
    card = render_card(nasty)
    assert "<img" not in card
    assert "The policy refuses this model" in card
    assert "<script" not in card
    assert "src=" not in re.sub(r"&lt;.*?&gt;", "", card)


def test_an_attribute_name_cannot_break_out_of_an_anchor(record: AuditRecord) -> None:
    name = '"><b>origin'
    plan = Plan(attributes=(name,), capacity=10)
    outcomes = tuple(replace(o, attribute=name) for o in record.outcomes if o.attribute == "nationality")
    tree = Tree(render_pages(replace(record, plan=plan, outcomes=outcomes))["report.en.html"]).root
    assert not [bold for bold in tree.all("b") if "origin" in bold.text()]


@pytest.fixture(scope="session")
def timed(wide: AuditRecord) -> tuple[Mapping[str, str], float]:
    draw: Callable[[], Mapping[str, str]] = lambda: render_pages(wide)  # noqa: E731
    draw()
    start = time.process_time()
    drawn = draw()
    return drawn, time.process_time() - start


def test_thirty_groups_of_three_attributes_stay_small_and_quick(timed: tuple[Mapping[str, str], float]) -> None:
    drawn, seconds = timed
    for page in drawn.values():
        assert len(page.encode()) < 1_500_000
        assert Tree(page)
    # one second a page on a quiet machine takes about a quarter of this
    assert seconds < 2.0


def test_nobody_is_left_out_of_a_wide_table(timed: tuple[Mapping[str, str], float]) -> None:
    tree = Tree(timed[0]["report.en.html"]).root
    table = section(tree, "people").all("table")[0]
    assert len(table.all("tbody")[0].all("tr")) == 30
