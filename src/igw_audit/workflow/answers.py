"""The file in which a reviewer answers: its form, and a template that holds every question."""

from __future__ import annotations

import datetime as dates
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from igw_audit.core.foreign import toml_string, visible
from igw_audit.core.limits import SETTINGS, parse_json, read_within
from igw_audit.core.settings import Strict
from igw_audit.core.text import Text
from igw_audit.errors import InputError
from igw_audit.evidence.reasons import ANSWERED, StatedReason
from igw_audit.report.words import words_of

Word = Literal["approve", "reject", "abstain"]
Language = Literal["en", "nl"]

NO_WORD = "word is empty, expected 'approve', 'reject' or 'abstain'"


class AnswerEntry(Strict):
    """An answer to one reason, or to several that it holds for alike; each of them is named by its id."""

    reasons: tuple[str, ...] = Field(min_length=1)
    aim: str = ""
    suitability: str = ""
    necessity: str = ""
    alternatives: str = ""
    proportionality: str = ""
    override: bool = False

    @property
    def empty(self) -> tuple[str, ...]:
        """The fields that hold nothing."""
        return tuple(name for name in ANSWERED if not getattr(self, name).strip())


class AnswersFile(Strict):
    """What a reviewer fills in. ``by`` may be left out with a key of one's own: its holder signs."""

    by: str = ""
    role: str = "ethics"
    word: Literal["approve", "reject", "abstain", ""] = ""
    language: Language = "en"
    ethics: str = ""
    dissent: str = ""
    conditions: tuple[str, ...] = ()
    expires: dates.date | None = None
    answer: tuple[AnswerEntry, ...] = ()

    @property
    def given_word(self) -> Word:
        """The word that somebody gave; an error where nobody did."""
        if not self.word:
            raise InputError("answers", [NO_WORD])
        return self.word


def written_answers(source: Any) -> Any:
    """Give the answers of a JSON file as a mapping; anything else as it is."""
    if not isinstance(source, str | Path) or Path(source).suffix != ".json":
        return source
    try:
        content = parse_json(read_within(Path(source), SETTINGS, subject=f"answers {source}"))
    except OSError as error:
        raise InputError(f"answers {source}", [f"it cannot be read: {error.strerror}"]) from None
    except ValueError as error:
        raise InputError(f"answers {source}", [f"this is no JSON text: {error}"]) from None
    if not isinstance(content, Mapping):
        raise InputError(f"answers {source}", ["expected an object with role, word, ethics and answer"])
    return content


def answers_template(
    uri: str, questions: Sequence[StatedReason], *, measured: Text, role: str = "ethics", language: Language = "en"
) -> str:
    """Write a file to fill in: every reason with its sentence, and an empty place for each field."""
    say = _WORDS[language]
    lines = [*_comment(say["head"].format(uri=uri)), ""]
    lines += [*_comment(say["who"]), f"role = {_text(role)}", 'by = ""', f"language = {_text(language)}", ""]
    lines += [*_comment(say["word"]), 'word = ""', ""]
    lines += [*_comment(say["ethics"]), 'ethics = ""', ""]
    lines += [*_comment(say["dissent"]), 'dissent = ""', ""]
    lines += [*_comment(say["conditions"]), "conditions = []", ""]
    lines += [*_comment(say["expires"]), "# expires = 2027-01-31", ""]
    if questions:
        lines += [*_comment(say["answers"]), *_comment(measured.within(language)), ""]
    blocks = question_blocks(questions)
    for number, block in enumerate(blocks, 1):
        told = block_sentences(block, language)
        named = [f"{reason.id}: {said}" for reason, said in zip(block, told[1:], strict=True)]
        lines += ["[[answer]]", *_comment(f"{number}/{len(blocks)} {say[block[0].word]}: {told[0]}")]
        lines += [line for said in (named if len(block) > 1 else told[1:]) for line in _comment(said)]
        lines += _listed([reason.id for reason in block])
        for name in ANSWERED:
            lines += [*_comment(say[name]), f'{name} = ""']
        lines += [*([*_comment(say["override"]), "override = false"] if block[0].word == "refuse" else []), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def question_blocks(questions: Sequence[StatedReason]) -> tuple[tuple[StatedReason, ...], ...]:
    """Put together what stands in one box on the page: one rule, one attribute. What refuses is asked by itself."""
    blocks: dict[tuple[str, ...], list[StatedReason]] = {}
    for reason in questions:
        alone = reason.id if reason.word == "refuse" else ""
        place = (alone, reason.word, reason.audit, reason.rule.partition(":")[0], reason.attribute or "")
        blocks.setdefault(place, []).append(reason)
    return tuple(tuple(block) for block in blocks.values())


def block_sentences(block: Sequence[StatedReason], language: Language) -> tuple[str, ...]:
    """Give a heading, as it stands on the page, and a sentence for each reason."""
    words = words_of(language)
    attribute = block[0].attribute
    parted = [reason.text.within(language).partition(f": {attribute}, ") for reason in block]
    if attribute is None or not all(apart for _, apart, _ in parted):
        return ("", *(reason.text.within(language) for reason in block))
    heading = f"{parted[0][0]} – {words.attribute(attribute)}"
    return (heading, *(words.with_groups(said) for _, _, said in parted))


def field_question(name: str, language: Language) -> str:
    """Give the question behind one field, as a person is asked it."""
    return _WORDS[language][name]


def _text(value: str) -> str:
    return toml_string(value)


def _listed(ids: Sequence[str], each: int = 6) -> list[str]:
    if len(ids) <= each:
        return [f"reasons = [{', '.join(_text(one) for one in ids)}]"]
    rows = [ids[start : start + each] for start in range(0, len(ids), each)]
    return ["reasons = [", *(f"  {', '.join(_text(one) for one in row)}," for row in rows), "]"]


def _comment(text: str, width: int = 116) -> list[str]:
    lines, line = [], "#"
    for word in visible(text).split():
        if len(line) + 1 + len(word) > width:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return [*lines, line]


_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "Review of {uri}. Fill in every field in your own words, then: igw-audit review {uri} --answers "
        "THIS FILE "
        "--key YOUR KEY. What you sign cannot be changed afterwards; a later review of yours takes its place.",
        "who": "In which role you review, and your account name. Leave by empty if the key is your own.",
        "word": "Your word: approve, reject or abstain.",
        "ethics": "Is it right to do this, apart from whether it is allowed? Who bears the burden, and would you "
        "explain it "
        "to them?",
        "dissent": "What you disagree with, or what others disagreed with; who rejects says why here.",
        "conditions": 'What must be done or kept to, one sentence each: ["...", "..."].',
        "expires": "Until when your review holds; without it, as long as the policy lets it.",
        "answers": "Each block is a box of the page: reasons that belong together, each with its number. Does one of "
        "them need an answer of its own? Copy the block and move its number there. Take a block out if another "
        "reviewer answers it. What was measured is added to "
        "suitability by itself:",
        "refer": "people must judge",
        "refuse": "refused",
        "aim": "Legitimate aim: what is this for, and why does it weigh enough here?",
        "suitability": "Suitability: does it work for that aim? What was measured is added to your answer.",
        "necessity": "Necessity: why can the aim not be reached in a way that burdens people less?",
        "alternatives": "Alternatives: which ones were looked at, and what came of them?",
        "proportionality": "Proportionality: does the benefit outweigh what it does to these people?",
        "override": "The policy refuses this. To let it pass all the same, in your name and for everyone to see: true.",
    },
    "nl": {
        "head": "Beoordeling van {uri}. Vul elk veld in met uw eigen woorden. Daarna: igw-audit review {uri} "
        "--answers DIT "
        "BESTAND --key UW SLEUTEL. Wat u ondertekent kan niet meer veranderen. Een latere beoordeling van u komt "
        "ervoor in de plaats.",
        "who": "In welke rol u beoordeelt, en uw accountnaam. Laat by leeg als de sleutel van u is.",
        "word": "Uw oordeel: approve (akkoord), reject (niet akkoord) of abstain (geen oordeel).",
        "ethics": "Is het goed om dit te doen, los van de vraag of het mag? Wie heeft er last van, en zou u het "
        "die mensen "
        "uitleggen?",
        "dissent": "Waar u het niet mee eens bent, of waar anderen het niet mee eens waren. Wie afkeurt, zegt "
        "hier waarom.",
        "conditions": 'Wat er moet gebeuren of waar men zich aan moet houden, elk in één zin: ["...", "..."].',
        "expires": "Tot wanneer uw beoordeling geldt. Zonder datum zo lang als de regels toelaten.",
        "answers": "Elk blok is een kader van de pagina: redenen die bij elkaar horen, elk met een nummer. Heeft een "
        "reden een eigen antwoord nodig? Kopieer dan het blok en zet het nummer daar. Haal een blok weg als een andere "
        "beoordelaar het beantwoordt. Wat is gemeten wordt vanzelf "
        "toegevoegd aan suitability:",
        "refer": "mensen moeten dit beoordelen",
        "refuse": "geweigerd",
        "aim": "Legitiem doel: waar is dit voor, en waarom weegt dat hier zwaar genoeg?",
        "suitability": "Geschiktheid: werkt het voor dat doel? Wat is gemeten wordt aan uw antwoord toegevoegd.",
        "necessity": "Noodzaak: waarom kan het niet op een manier waar mensen minder last van hebben?",
        "alternatives": "Alternatieven: welke zijn bekeken, en wat kwam daaruit?",
        "proportionality": "Evenredigheid: weegt wat het oplevert op tegen wat het met deze mensen doet?",
        "override": "De regels weigeren dit. Toch laten passeren, op uw naam en voor iedereen zichtbaar: true.",
    },
}
