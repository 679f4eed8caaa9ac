"""The parts of the page that people write: dossier, registrations and reviews, in both languages, and nothing runs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from igw_audit.core.decision import Decision, Reason
from igw_audit.core.dossier import (
    QUESTIONS,
    Answered,
    Assessment,
    Concern,
    Dossier,
    DossierRecord,
    FeatureAnswers,
    Justification,
    LabelDefinition,
    LeftOut,
    LegalBasis,
    Owner,
    ProtectedColumn,
    Retention,
)
from igw_audit.core.record import AuditRecord, Review, ReviewAnswer, Suitability
from igw_audit.core.registration import Registration, Registrations
from igw_audit.core.rules import Sentence
from igw_audit.core.text import Text
from igw_audit.report import render_pages, yield_sentence
from igw_audit.stats.estimate import Estimate

NASTY = "<script>alert('x')</script> & Co"
SAID = Sentence(en="said", nl="gezegd")
LANGUAGES = ("en", "nl")


def estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, confidence=0.95, n=3229, method="Newcombe")


def answers(feature: str) -> tuple[Answered, ...]:
    status = {"statistical": "unproven", "proxy": "against"}
    return tuple(
        Answered(
            question=one,
            status=status.get(one, "shown"),  # type: ignore[arg-type]
            by="people" if one in ("legal", "substantive") else "audits",
            text=Text(en=f"about {feature}", nl=f"over {feature}"),
            source="law" if one == "legal" else "",
            estimate=estimate(0.0463, 0.021, 0.072) if one == "statistical" else None,
            p_adjusted=0.0004 if one == "statistical" else None,
        )
        for one in QUESTIONS
    )


def dossier() -> DossierRecord:
    content = Dossier(
        pilot="study",
        synthetic=True,
        status="example",
        version="1",
        purpose=Sentence(en=NASTY, nl=NASTY),
        unit=SAID,
        owner=Owner(role="lead", name="x", contact="y"),
        legal_basis=(LegalBasis(id="law", name="The Aliens Act", en="a", nl="b"),),
        dpia=Assessment(en="a", nl="b", reference="DPIA-7", version="2", date="2026-10-01"),
        impact=SAID,
        human_step=SAID,
        retention=Retention(en="a", nl="b", scores_days=180, cases_days=1825, protected_days=30),
        label=LabelDefinition(en="a", nl="b", column="outcome", positive=("public_order",)),
        left_out=(LeftOut(column="town", en="a", nl="b", ground="proxy"),),
        concerns=(Concern(about="postcode", en="a", nl="b"),),
        protected=(ProtectedColumn(column="nationality", kind="special", ground="art. 9", necessity=SAID),),
    )
    law = Justification(type="legal", source="The act", en="why", nl="waarom")
    return DossierRecord(
        sha256="e" * 64,
        content=content,
        features=(
            FeatureAnswers(name="late_days", declared=True, questions=answers("late_days"), justification=law),
            FeatureAnswers(name=NASTY, declared=False, questions=answers("x"), exclusion=("subjective",)),
        ),
    )


def registrations(word: str) -> Registrations:
    first = Registration(
        entry="1" * 64, at="2026-11-01T09:00:00.000Z", by="dana", plan_sha256="a" * 64, policy_sha256="b" * 64
    )
    second = replace(
        first, entry="2" * 64, by=NASTY, signed_by="f" * 64, changed=(Text(en="seed: 0 became 4", nl="seed: 0 werd 4"),)
    )
    late = "2026-11-02T09:00:00.000Z" if word == "after" else None
    return Registrations(word=word, history=(first, second), entry="2" * 64, first_result=late)  # type: ignore[arg-type]


def reviewed() -> tuple[Review, ...]:
    answer = ReviewAnswer(
        reason="1" * 12,
        about=Text(en="a gap", nl="een verschil"),
        aim=NASTY,
        suitability="works",
        necessity="needed",
        alternatives="a letter",
        proportionality="light",
        override=True,
    )
    return (
        Review(
            at="2026-11-23T10:00:00.000Z",
            by="mira",
            role="ethics",
            word="approve",
            reason=NASTY,
            conditions=("again in May",),
            expires="2027-11-23T10:00:00.000Z",
            dissent="one doubts",
            signed_as="person",
            answers=(answer, replace(answer, reason="2" * 12, about=Text(en="another gap", nl="nog een verschil"))),
        ),
    )


@pytest.fixture
def whole(record: AuditRecord) -> AuditRecord:
    lift = Suitability(
        precision=estimate(0.0558, 0.039, 0.079), base_rate=estimate(0.0145, 0.011, 0.019), lift=estimate(3.8, 3.0, 5.0)
    )
    return replace(
        record, dossier=dossier(), registrations=registrations("before"), suitability=lift, reviews=reviewed()
    )


def page(record: AuditRecord, language: str) -> str:
    return render_pages(record)[f"report.{language}.html"]


def section(text: str, name: str) -> str:
    found = re.search(rf'(?s)<section id="{name}".*?</section>', text)
    assert found, name
    return found.group(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_is_on_the_page_and_in_its_contents_and_nothing_runs(whole: AuditRecord, language: str) -> None:
    text = page(whole, language)
    assert "<script" not in text
    for name in ("dossier", "registered", "reviews"):
        assert f'href="#{name}"' in text
        assert section(text, name)


def test_a_feature_is_called_by_its_name_for_people_with_its_column_behind_it(whole: AuditRecord) -> None:
    assert whole.dossier is not None
    late = replace(whole.dossier.features[0], called=Text(en="days <late>", nl="dagen te laat"))
    told = Text(en="Not justified: late_days, late_days2.", nl="Zonder grond: late_days, late_days2.")
    reason = Reason(
        word="refuse",
        rule="dossier:unjustified",
        audit="dossier",
        text=told,
        features=("late_days",),
        overridable=False,
    )
    changed = replace(
        whole,
        dossier=replace(whole.dossier, features=(late, *whole.dossier.features[1:])),
        decision=Decision(word="refuse", reasons=(reason,)),
    )
    english, dutch = page(changed, "en"), page(changed, "nl")
    assert "Not justified: days &lt;late&gt; (late_days), late_days2." in section(english, "decision")
    assert "Zonder grond: dagen te laat (late_days), late_days2." in section(dutch, "decision")
    assert "dagen te laat (late_days)" in section(dutch, "dossier")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_record_without_them_has_no_empty_parts(record: AuditRecord, language: str) -> None:
    text = page(replace(record, reviews=()), language)
    for name in ("dossier", "registered", "reviews"):
        assert f'id="{name}"' not in text
        assert f'href="#{name}"' not in text
    assert "igw-audit report" in section(text, "decision")


def test_the_table_has_a_word_for_every_question_and_says_who_is_not_justified(whole: AuditRecord) -> None:
    text = section(page(whole, "en"), "dossier")
    assert "This dossier is an example" in text
    rows = re.findall(r"(?s)<tr><th scope=\"row\">(late_days|&lt;script.*?)<.*?</tr>", text)
    assert len(rows) == 2
    assert "nothing: the gate stays shut" in text
    assert "The Aliens Act" in text
    assert "no lawyer has put their name to this" in text
    assert "+4.6 points" in text or "+4.6" in text
    assert "p &lt; 0.001, corrected" in text


def test_the_same_numbers_stand_in_both_languages(whole: AuditRecord) -> None:
    english, dutch = (section(page(whole, language), "dossier") for language in LANGUAGES)
    marks = [re.findall(r"\d[\d.,]*", re.sub(r"<[^>]+>", " ", text)) for text in (english, dutch)]
    plain = [sorted(mark.replace(".", "").replace(",", "") for mark in one) for one in marks]
    assert plain[0] == plain[1]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("before", "before the first result"),
        ("replaced", "in the place of this one"),
        ("after", "date"),
        ("never", "were not registered before"),
    ],
)
def test_what_was_registered_is_said_with_its_history(whole: AuditRecord, word: str, told: str) -> None:
    text = section(page(replace(whole, registrations=registrations(word)), "en"), "registered")
    assert told in text
    assert "seed: 0 became 4" in text
    assert "Registration 2 (this one counts)" in text
    assert "2 November 2026" in text or word != "after"


def test_an_override_is_named_in_the_decision_and_with_the_reviews(whole: AuditRecord) -> None:
    text = page(whole, "en")
    for name in ("decision", "reviews"):
        assert "mira let pass what the policy refuses: a gap" in section(text, name)
    reviews = section(text, "reviews")
    assert reviews.count("Legitimate aim") == 1  # two reasons answered alike are one answer
    assert "another gap" in reviews
    assert "one doubts" in reviews


def test_a_rejection_let_nothing_pass(whole: AuditRecord) -> None:
    rejected = replace(whole, reviews=tuple(replace(one, word="reject") for one in whole.reviews))
    assert "let pass what the policy refuses" not in page(rejected, "en")


def test_the_yield_is_said_in_natural_frequencies_and_doubt_is_said_too() -> None:
    sure = Suitability(
        precision=estimate(0.0558, 0.039, 0.079), base_rate=estimate(0.0145, 0.011, 0.019), lift=estimate(3.8, 3.0, 5.0)
    )
    said = yield_sentence(sure)
    assert "56 (39 to 79; n = " in said.en
    assert "3.8 times as often (3.0 to 5.0)." in said.en
    assert "3,8 keer zo vaak (3,0 tot 5,0)." in said.nl
    unsure = yield_sentence(replace(sure, lift=estimate(1.4, 0.3, 6.4)))
    assert "it may also yield nothing" in unsure.en
    assert "misschien levert het model niets extra op" in unsure.nl
    assert "not known" in yield_sentence(Suitability(reason=Text(en="No lot.", nl="Geen loting."))).en
    assert "nothing" in yield_sentence(None).en
