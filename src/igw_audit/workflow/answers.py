"""The file in which a reviewer answers: its form, and a template that holds every question."""

from __future__ import annotations

import datetime as dates
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from igw_audit.core.text import Text
from igw_audit.errors import InputError
from igw_audit.evidence.reasons import ANSWERED, StatedReason

Word = Literal["approve", "reject", "abstain"]
Language = Literal["en", "nl"]


class AnswerEntry(BaseModel):
    """An answer to one reason, or to several that it holds for alike; each of them is named by its id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


class AnswersFile(BaseModel):
    """What a reviewer fills in. ``by`` may be left out with a key of one's own: its holder signs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str = ""
    role: str = "ethics"
    word: Word
    language: Language = "en"
    ethics: str = ""
    dissent: str = ""
    conditions: tuple[str, ...] = ()
    expires: dates.date | None = None
    answer: tuple[AnswerEntry, ...] = ()


def written_answers(source: Any) -> Any:
    """Give the answers of a JSON file as a mapping; anything else as it is."""
    if not isinstance(source, str | Path) or Path(source).suffix != ".json":
        return source
    try:
        content = json.loads(Path(source).read_text(encoding="utf-8"))
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
    for number, reason in enumerate(questions, 1):
        lines += [
            "[[answer]]",
            *_comment(f"{number}/{len(questions)} {say[reason.word]}: {reason.text.within(language)}"),
            f"reasons = [{_text(reason.id)}]",
        ]
        for name in ANSWERED:
            lines += [*_comment(say[name]), f'{name} = ""']
        lines += [*([*_comment(say["override"]), "override = false"] if reason.word == "refuse" else []), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def field_question(name: str, language: Language) -> str:
    """Give the question behind one field, as a person is asked it."""
    return _WORDS[language][name]


def _text(value: str) -> str:
    # JSON's text is TOML's basic string
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str, width: int = 116) -> list[str]:
    lines, line = [], "#"
    for word in text.split():
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
        "answers": "Each reason of the decision, one by one. An answer that holds for several reasons alike may "
        "name them "
        "together: reasons = [...]. Take an answer out if another reviewer gives it. What was measured is added to "
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
        "head": "Beoordeling van {uri}. Vul elk veld in met je eigen woorden. Daarna: igw-audit review {uri} "
        "--answers DIT "
        "BESTAND --key JE SLEUTEL. Wat je ondertekent kan niet meer veranderen. Een latere beoordeling van jou komt "
        "ervoor in de plaats.",
        "who": "In welke rol je beoordeelt, en je accountnaam. Laat by leeg als de sleutel van jou is.",
        "word": "Je oordeel: approve (akkoord), reject (niet akkoord) of abstain (geen oordeel).",
        "ethics": "Is het goed om dit te doen, los van de vraag of het mag? Wie heeft er last van, en zou je het "
        "die mensen "
        "uitleggen?",
        "dissent": "Waar je het niet mee eens bent, of waar anderen het niet mee eens waren. Wie afkeurt, zegt "
        "hier waarom.",
        "conditions": 'Wat er moet gebeuren of waar men zich aan moet houden, elk in één zin: ["...", "..."].',
        "expires": "Tot wanneer je beoordeling geldt. Zonder datum zo lang als de policy toelaat.",
        "answers": "Elke reden van het besluit, een voor een. Geldt een antwoord voor meer redenen, noem die dan "
        "samen: "
        "reasons = [...]. Haal een antwoord weg als een andere beoordelaar het geeft. Wat is gemeten wordt vanzelf "
        "toegevoegd aan suitability:",
        "refer": "mensen moeten dit beoordelen",
        "refuse": "geweigerd",
        "aim": "Legitiem doel: waar is dit voor, en waarom weegt dat hier zwaar genoeg?",
        "suitability": "Geschiktheid: werkt het voor dat doel? Wat is gemeten wordt aan je antwoord toegevoegd.",
        "necessity": "Noodzaak: waarom kan het niet op een manier waar mensen minder last van hebben?",
        "alternatives": "Alternatieven: welke zijn bekeken, en wat kwam daaruit?",
        "proportionality": "Evenredigheid: weegt wat het oplevert op tegen wat het met deze mensen doet?",
        "override": "De policy weigert dit. Toch laten passeren, op jouw naam en voor iedereen zichtbaar: true.",
    },
}
