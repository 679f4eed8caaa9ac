"""The section on proxy use: what a feature does to the score of whom, in words that need no statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from igw_audit.audits import proxy_levels
from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord
from igw_audit.core.text import Text
from igw_audit.report import render_pages
from igw_audit.report.view import moves
from igw_audit.report.words import words_of
from igw_audit.stats.estimate import Estimate

SOURCES = Path(__file__).resolve().parents[2] / "src" / "igw_audit" / "audits"
SIZES = {"India": 2140, "Türkiye": 905, "Iran": 212, "Peru": 44, "Malta": 6}
SELECTED = {"India": 112, "Türkiye": 96, "Iran": 21, "Peru": 12, "Malta": 2}
PLAN = Plan(attributes=("nationality",), features=("postcode",), declared=("progress",), capacity=400)


def estimate(value: float, low: float | None, high: float | None) -> Estimate:
    return Estimate(value=value, low=low, high=high, confidence=0.95, n=3307, method="planted")


def found(statistic: str, group: str, numbers: Sequence[float], level: str | None = None, *names: str) -> Finding:
    value, low, high = numbers
    counts = Counts(
        events=SELECTED[group],
        n=SIZES[group],
        reference_events=sum(SELECTED.values()) - SELECTED[group],
        reference_n=sum(SIZES.values()) - SIZES[group],
    )
    return Finding(
        statistic=statistic,
        group=group,
        reference="rest",
        features=names,
        level=level,
        counts=counts,
        p_adjusted=0.001 if level in ("strong_use", "weak_use", "trace_use", "unexplained") else 0.6,
        estimate=estimate(value, low, high),
    )


def proxy(*findings: Finding, few: tuple[str, ...] = ()) -> Outcome:
    return Outcome(
        audit="A007",
        attribute="nationality",
        status="measured",
        level="strong_use",
        findings=findings,
        inconclusive_groups=few,
    )


def measured(audit: str, *findings: Finding) -> Outcome:
    return Outcome(audit=audit, attribute="nationality", status="measured", findings=findings)


def section(record: AuditRecord, *outcomes: Outcome, language: str = "en") -> str:
    page = render_pages(replace(record, plan=PLAN, outcomes=outcomes))[f"report.{language}.html"]
    return page.split('<section id="features"')[1].split("</section>")[0]


def text(html: str) -> str:
    bare = re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL))
    return " ".join(bare.replace("&lt;", "<").replace("&gt;", ">").split())


def used() -> Outcome:
    return proxy(
        found("delta", "Türkiye", (-0.12, -0.18, -0.06), "weak_use", "gap_months", "doc_delay"),
        found("delta", "India", (0.29, 0.22, 0.36), "strong_use", "postcode"),
        found("selection_shift", "India", (0.063, 0.05, 0.073), None, "postcode"),
        found("delta", "Türkiye", (0.02, 0.01, 0.03), "trace_use", "postcode"),
        found("delta", "Iran", (0.02, -0.2, 0.24), "use_not_excluded", "sector"),
        found("delta", "India", (0.01, -0.02, 0.04), "present_unused", "sector"),
        found("delta", "Türkiye", (0.00, -0.02, 0.02), None, "sector"),
        found("delta", "Malta", (0.77, 0.7, 0.8), "strong_use", "postcode"),
        found("delta_total", "India", (0.30, 0.2, 0.4), "strong_use"),
        found("delta_total", "Türkiye", (-0.14, -0.2, -0.08), "joint_use"),
        found("delta_total", "Iran", (0.31, 0.11, 0.51), "unexplained"),
        found("delta_total", "Peru", (0.01, -0.3, 0.3), "inconclusive"),
        few=("Peru",),
    )


def test_says_what_a_feature_does_to_the_score_of_whom(record: AuditRecord) -> None:
    said = text(section(record, used()))
    assert (
        "Feature postcode moves the score of cases of people with nationality India up by 0.29 standard deviations "
        "(between 0.22 and 0.36). That means about 63 more selected of 1,000 of these cases (between 50 and 73)."
        in said
    )
    dutch = text(section(record, used(), language="nl"))
    assert (
        "Kenmerk postcode schuift de score van zaken van mensen met nationaliteit India omhoog met 0,29 "
        "standaardafwijking (tussen 0,22 en 0,36). Dat betekent ongeveer 63 meer geselecteerd van 1.000" in dutch
    )


def test_says_how_many_cases_were_drawn_where_not_all_were_measured(record: AuditRecord) -> None:
    drawn = [
        Finding(
            statistic="share_measured",
            group=group,
            counts=Counts(events=taken, n=n),
            estimate=Estimate(value=taken / n, low=None, high=None, confidence=0.95, n=taken, method="planted"),
        )
        for group, taken, n in (("India", 49_900, 700_000), ("Türkiye", 49_900, 299_800), ("Peru", 200, 200))
    ]
    outcome = proxy(*used().findings, *drawn)
    assert "For this, 100,000 of the 1,000,000 cases were drawn by lot, with all cases of small groups." in text(
        section(record, outcome)
    )
    dutch = text(section(record, outcome, language="nl"))
    assert "Hiervoor zijn 100.000 van de 1.000.000 zaken door loting gekozen" in dutch
    assert "drawn by lot" not in text(section(record, used()))


def test_a_pair_is_named_as_a_pair_and_the_gravest_stands_first(record: AuditRecord) -> None:
    said = text(section(record, used()))
    pair = (
        "Features gap_months and doc_delay together, as a pair, move the score of cases of people with nationality "
        "Türkiye down by 0.12 standard deviations (between 0.06 and 0.18)."
    )
    assert said.index("Feature postcode moves the score") < said.index(pair)


def test_every_other_answer_is_explained_and_names_its_groups(record: AuditRecord) -> None:
    said = text(section(record, used()))
    assert "they move the score of cases of people with nationality Türkiye down by 0.14 standard deviations" in said
    assert "These are found to take part: gap_months and doc_delay (together); postcode." in said
    assert "The features do not show where it comes from." in said
    assert "Feature postcode leaves a trace, less than 0.05, in the scores of: Türkiye." in said
    assert "Present and not used: feature sector goes with the group" in said
    assert "Not shown and not excluded: a shift of 0.10 or more through sector. That holds for: Iran." in said
    assert "Too little data to tell, so that only a shift of more than 0.10 would show: Peru." in said


def test_a_whole_that_may_be_nothing_is_not_told_as_what_was_found(record: AuditRecord) -> None:
    for level in ("joint_use", "unexplained"):
        crossing = proxy(found("delta_total", "Iran", (-0.08, -0.19, 0.03), level))
        told = proxy(found("delta_total", "Iran", (-0.08, -0.19, -0.03), level))
        assert "that shift may also be nothing" in text(section(record, crossing))
        assert "that shift may also be nothing" not in text(section(record, told))


def test_a_feature_that_moves_scores_both_ways_is_named_without_a_mean_that_says_nothing(record: AuditRecord) -> None:
    outcome = proxy(
        found("delta", "India", (0.01, -0.05, 0.07), "weak_use", "postcode"),
        found("any_dependence", "India", (0.04, 0.04, 0.04), None, "postcode"),
        found("any_dependence", "India", (0.05, 0.05, 0.05), None),
        found("delta_total", "India", (0.01, -0.1, 0.1), "weak_use"),
    )
    said = text(section(record, outcome))
    assert "Feature postcode is used, and in another way than by moving all scores one way" in said
    assert "Feature postcode moves the score of" not in said
    assert "postcode India up and down weak" in said
    assert "+0.01" not in said
    dutch = text(section(record, outcome, language="nl"))
    assert "Kenmerk postcode wordt gebruikt, maar schuift niet alle scores dezelfde kant op." in dutch


def test_numbers_of_a_group_that_may_not_be_shown_are_not_in_the_section(record: AuditRecord) -> None:
    html = section(record, used())
    assert "Feature postcode moves the score of cases of people with nationality Malta. The numbers are not" in text(
        html
    )
    assert "0.77" not in html
    assert "0.80" not in html


def test_the_picture_has_at_most_twelve_rows_and_its_thresholds_on_both_sides(record: AuditRecord) -> None:
    many = [
        found("delta", group, (0.1 + k / 1000, 0.05, 0.2), "weak_use", f"feature{k}")
        for k in range(9)
        for group in ("India", "Türkiye", "Iran")
    ]
    html = section(record, proxy(*many))
    picture = html.split("<svg")[1].split("</svg>")[0]
    assert picture.count('class="rail"') == 12
    for threshold in ("−0.20", "−0.05", "+0.05", "+0.20"):
        assert f">{threshold}</text>" in picture
    # what has no place in the picture is still in the table, up to forty rows
    assert html.count('<th scope="row">') == 27


def test_thresholds_are_those_by_which_the_audit_gives_its_levels() -> None:
    assert (moves.WEAK, moves.STRONG) == (proxy_levels.TAU_WEAK, proxy_levels.TAU_STRONG)
    for language, mark in (("en", "."), ("nl", ",")):
        words = words_of(language)
        assert f"{proxy_levels.TAU_EQUIVALENT:.2f}".replace(".", mark) in words("features.rest")
        for limit in (proxy_levels.TAU_WEAK, proxy_levels.TAU_STRONG):
            assert f"{limit:.2f}".replace(".", mark) in words("features.yardstick")


def test_the_whole_score_stands_before_and_after_the_declared_factors(record: AuditRecord) -> None:
    whole = measured(
        "A005",
        found("marginal_delta_total", "India", (0.41, 0.3, 0.5)),
        found("delta_total", "India", (0.02, -0.04, 0.08), "explained_by_declared"),
    )
    html = section(record, used(), whole)
    assert "India +0.41 +0.30 to +0.50 +0.02 −0.04 to +0.08 difference, explained by declared factors" in text(
        html.replace("\u00a0", " ")
    )
    assert 'class="reference"' in html


def test_a_feature_that_is_the_attribute_itself_is_said_first(record: AuditRecord) -> None:
    direct = replace(found("value_tells_group", "India", (1.0, 0.99, 1.0), "direct_use"), features=("country_code",))
    said = text(section(record, used(), measured("A008", direct)))
    assert "Feature country_code is nationality itself, or gives it away one to one. That is direct use." in said


def flips() -> Outcome:
    alone = replace(found("lost_selection_share", "India", (0.756, 0.7, 0.8)), counts=Counts(events=85, n=112))
    gap = replace(alone, statistic="lost_selection_share_difference", estimate=estimate(0.134, 0.072, 0.196))
    steady = replace(gap, group="Türkiye", estimate=estimate(0.01, -0.05, 0.07))
    return measured("A009", alone, gap, replace(alone, group="Türkiye"), steady)


def test_says_how_many_selections_come_with_the_group(record: AuditRecord) -> None:
    said = text(section(record, used(), flips()))
    assert (
        "Of 1,000 selected cases of people with nationality India, 756 would not have been selected if only the "
        "undeclared features, all together, had been as in a like case of another group. With a like case of their own "
        "group that is 622. The difference, 134 more (between 72 and 196), comes with the group." in said
    )
    assert "is shown to fall away than by chance, for: Türkiye." in said


def test_says_what_people_and_inspections_add(record: AuditRecord) -> None:
    followed = Finding(
        statistic="follow_rate",
        step="investigated",
        estimate=estimate(0.98, 0.97, 0.99),
        counts=Counts(events=98, n=100),
    )
    ratio = replace(found("selection_rate_ratio", "India", (1.5, 1.2, 1.9)), step="investigated", p_adjusted=0.001)
    labels = found("label_distortion_difference", "Türkiye", (0.03, 0.01, 0.05))
    apart = replace(labels, statistic="label_distortion", estimate=estimate(0.08, 0.05, 0.11))
    leak = replace(found("features_auc", "India", (0.71, 0.69, 0.73)), counts=None)
    said = text(
        section(
            record, used(), measured("A006", leak), measured("A011", apart, labels), measured("A013", followed, ratio)
        )
    )
    assert "in at most 71 of 100 such pairs (guessing: 50)" in said
    assert "look worse than they make others look: by 30 violations of 1,000 (between 10 and 50)" in said
    assert "so many got to each step: investigated 980." in said
    assert "get to the step investigated 1.50 times as often as others (between 1.20 and 1.90)" in said


@pytest.mark.parametrize("language", ["en", "nl"])
def test_no_sentence_is_left_with_an_empty_place(pages: Mapping[str, str], record: AuditRecord, language: str) -> None:
    body = pages[f"report.{language}.html"].split("</style>")[1] + section(record, used(), flips(), language=language)
    assert not re.search(r"\{[a-z_]+\}", body)


def test_of_scores_alone_no_feature_is_named_nor_cleared(record: AuditRecord) -> None:
    said = text(section(record, proxy(found("delta_total", "India", (0.01, -0.02, 0.04), "no_disparity_shown"))))
    assert "Only scores were there, and no model. So no feature can be named" in said
    assert "No single feature and no pair of features" not in said


def test_without_the_question_the_section_says_why(record: AuditRecord) -> None:
    assert "The plan did not ask through which features the score differs by nationality." in text(section(record))
    why = Text(en="all cases have the same score", nl="alle zaken hebben dezelfde score")
    none = Outcome(audit="A007", attribute="nationality", status="not_measurable", reason=why)
    assert "There is no answer, because all cases have the same score." in text(section(record, none))


def test_every_statistic_that_an_audit_names_has_words_for_people() -> None:
    named = set()
    for file in SOURCES.glob("a0*.py"):
        named |= set(re.findall(r'statistic="([a-z_]+)"', file.read_text(encoding="utf-8")))
    assert len(named) > 20
    assert sorted(named - words_of("en").table("statistics").keys()) == []
