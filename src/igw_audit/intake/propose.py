"""A first schema for somebody's own table: every column with a role, a type and the reason, to be read and edited."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from igw_audit.core.lexicon import match_names, split_words
from igw_audit.core.origin_values import origin_in_values
from igw_audit.errors import InputError
from igw_audit.intake.rows import QUOTED, quoted
from igw_audit.intake.schema_text import Proposal, schema_text
from igw_audit.intake.sources import Source, TableSource, name_problems, open_source
from igw_audit.intake.text import as_text, one_array, unreadable_kind
from igw_audit.intake.values import Typed, typed
from igw_audit.intake.words import date_formats, date_of

OLDER_ENCODING = "windows-1252"
#: A label or a category with more values than this is hardly one.
_MOST_LABELS = 20
_MOST_LEVELS = 200
_LONG_TEXT = 40

_ID = {"id", "nr", "no", "number", "nummer", "case", "zaak", "dossier", "key", "zaaknummer", "dossiernummer", "vnummer"}
_LABEL = {"label", "outcome", "uitkomst", "status", "decision", "besluit", "result", "resultaat", "afloop"}
_SCORE = {"score", "risk score", "risicoscore", "risico score", "model score"}
_WEIGHT = {"weight", "gewicht", "sample weight", "case weight"}
_PROBABILITY = {"arm probability", "probability arm", "sampling probability", "trekkingskans"}
_CLUSTER = {"sponsor", "employer", "referent", "werkgever", "bedrijf", "company", "institution", "instelling"}
_STEPS = {
    *("signal", "selected", "investigated", "inspected", "flagged", "violation", "objection", "appeal", "sanctioned"),
    *("signaal", "geselecteerd", "onderzocht", "gecontroleerd", "overtreding", "bezwaar", "beroep", "fined", "beboet"),
}
_PERSONAL = {
    *("sex", "gender", "age", "birthday", "birthdate", "dob", "disability", "marital", "religion"),
    *("geslacht", "leeftijd", "geboortedatum", "geboortejaar", "handicap", "burgerlijke", "geloof"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    words: tuple[str, ...]
    typed: Typed
    text: pa.Array
    rows: int
    distinct: int
    missing: int

    @property
    def unique(self) -> bool:
        return self.rows > 1 and self.distinct == self.rows and self.missing == 0

    @property
    def called(self) -> str:
        return " ".join(self.words)

    def has_word(self, known: set[str]) -> bool:
        return bool(known & {*self.words, "".join(self.words)})


@dataclass(slots=True)
class _Taken:
    roles: set[str] = field(default_factory=set)

    def free(self, role: str) -> bool:
        return role not in self.roles


def infer_schema(source: TableSource) -> str:
    """Propose a schema for a case table, as TOML with a comment on every column.

    No column becomes a feature whose name is in the lexicon of forbidden words, that says which step a case reached, or
    that holds free text; and no value of the label is given a meaning: each stands as "unknown" until somebody says
    what it is. The text reads without an error, but for a table in which no column tells one case from another.

    Parameters
    ----------
    source : path, frame or relation
        As for ``read_cases``. A CSV file that is not UTF-8 is taken for windows-1252, and the schema says so.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    opened, encoding = _opened(source)
    problems = [*opened.problems, *name_problems(opened.names)]
    if problems:
        raise InputError(opened.subject, problems)
    fetched = opened.fetch(range(len(opened.names)))
    if fetched.num_rows == 0:
        raise InputError(opened.subject, ["the table has columns and no cases; expected at least one row"])
    columns = [_looked_at(name, one_array(fetched.column(place))) for place, name in enumerate(opened.names)]
    proposals = _proposals(columns)
    label = next((column for column in columns if proposals[column.name].role == "label"), None)
    outcomes = () if label is None else sorted(label.text.fill_null("").unique().to_pylist())
    return schema_text(proposals, outcomes=outcomes, encoding=encoding)


def _opened(source: TableSource) -> tuple[Source, str | None]:
    try:
        return open_source(source, what="cases", expected=()), None
    except InputError as error:
        if not any("is not UTF-8 text" in problem for problem in error.problems):
            raise
        return open_source(source, what="cases", expected=(), encoding=OLDER_ENCODING), OLDER_ENCODING


def _looked_at(name: str, values: pa.Array) -> _Column:
    if unreadable_kind(values.type) is not None:
        values = pa.nulls(len(values))
    text = as_text(values)
    return _Column(
        name=name,
        words=split_words(name),
        typed=typed(values, None),
        text=text,
        rows=len(text),
        distinct=int(pc.count_distinct(text, mode="only_valid").as_py()),
        missing=text.null_count,
    )


def _proposals(columns: list[_Column]) -> dict[str, Proposal]:
    id_name = _id_name(columns)
    taken = _Taken()
    found = {}
    for column in columns:
        proposal = Proposal(role="id") if column.name == id_name else _proposal(column, taken)
        taken.roles.add(proposal.role)
        found[column.name] = proposal
    return found


def _id_name(columns: list[_Column]) -> str | None:
    able = [column for column in columns if column.unique and column.name and column.typed.type != "date"]
    named = [column for column in able if column.words and (column.words[-1] in _ID or "".join(column.words) in _ID)]
    whole = [column for column in able if not pc.any(pc.match_substring(column.text, ".")).as_py()]
    return next((column.name for column in (*named, *whole)), None)


def _proposal(column: _Column, taken: _Taken) -> Proposal:
    for propose in (_not_for_models, _by_name, _unusable):
        proposal = propose(column, taken)
        if proposal is not None:
            return proposal
    hits = match_names([column.name])
    why = f"often tied to origin ({hits[0].stands_for.en}): write down why it is needed, or ignore it" if hits else ""
    # the number of a code is a name, not an amount
    coded = column.typed.type == "number" and any(word.endswith("code") for word in column.words)
    return Proposal(role="feature", type="category" if coded else column.typed.type, why=why)


def _not_for_models(column: _Column, taken: _Taken) -> Proposal | None:  # noqa: ARG001
    if not column.name:
        return Proposal(role="ignore", why="has no name; often a row number")
    hits = [hit for hit in match_names([column.name]) if hit.blocks]
    if hits:
        return Proposal(role="ignore", why=f"{hits[0].stands_for.en}: belongs in the protected table, never in a model")
    if column.has_word(_PERSONAL):
        return Proposal(role="ignore", why="a personal trait: belongs in the protected table")
    origin = origin_in_values(column.text.to_pandas())
    if origin is not None:
        why = f"half or more of its values are {origin.what.en}: belongs in the protected table, never in a model"
        return Proposal(role="ignore", why=why)
    return None


def _by_name(column: _Column, taken: _Taken) -> Proposal | None:
    sound = not column.typed.misfits
    number = column.typed.type == "number" and sound
    full = number and column.missing == 0
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("score", lambda: full and column.called in _SCORE),
        ("weight", lambda: full and column.called in _WEIGHT and bool((column.typed.cells >= 0).all())),
        ("arm_probability", lambda: number and column.called in _PROBABILITY and _in_unit(column)),
        ("arm", lambda: column.called == "arm" and set(column.text.drop_null().unique().to_pylist()) <= _ARMS),
        ("label", lambda: column.has_word(_LABEL) and column.distinct <= _MOST_LABELS),
        ("time", lambda: _year(column) or (column.typed.type == "date" and (sound or bool(_one_format(column))))),
        ("cluster", lambda: column.has_word(_CLUSTER) and _names_somebody(column)),
    )
    for role, fits in rules:
        if taken.free(role) and fits():
            return Proposal(role=role, format=_one_format(column) if role == "time" and not sound else None)
    step = f"step:{'_'.join(column.words)}"
    if column.has_word(_STEPS) and taken.free(step):
        if _zero_one(column):
            return Proposal(role=step, why="a stage of the process: what comes after the score is never a feature")
        return Proposal(role="ignore", why="says how far a case came, and not as 0 or 1 for each: make a step of it")
    return None


_ARMS = {"risk", "random", "signal"}


def _year(column: _Column) -> bool:
    if not column.has_word({"date", "datum"}) or column.typed.type != "number" or column.typed.misfits:
        return False
    known = column.typed.cells[np.isfinite(column.typed.cells)]
    return len(known) > 0 and bool(((known >= 1900) & (known <= 2100) & (known == np.floor(known))).all())


def _whole_and_unique(column: _Column) -> bool:
    return (
        column.unique
        and column.typed.type == "number"
        and bool((np.floor(column.typed.cells) == column.typed.cells).all())
    )


def _in_unit(column: _Column) -> bool:
    known = column.typed.cells[np.isfinite(column.typed.cells)]
    return bool(((known > 0) & (known <= 1)).all())


def _names_somebody(column: _Column) -> bool:
    named = set(column.words) & {"name", "naam", "id", "nr", "number", "nummer"} or len(column.words) == 1
    return bool(named) and 1 < column.distinct < column.rows


def _zero_one(column: _Column) -> bool:
    held = set(column.text.unique().to_pylist())
    return held <= {"0", "1"} or held <= {"true", "false"}


def _one_format(column: _Column) -> str | None:
    """Give the one form in which every date of the column can be read; None where there is none or there are two."""
    words = column.text.drop_null().unique().to_pylist()
    able = [
        form
        for form in (date_formats(words[0]) if words and re.match(r"\d{1,2}\D", words[0]) else ())
        if all(date_of(word, form)[1] is None for word in words)
    ]
    return able[0] if len(able) == 1 else None


def _unusable(column: _Column, taken: _Taken) -> Proposal | None:
    if column.distinct <= 1 and column.missing in (0, column.rows):
        return Proposal(role="ignore", why="the same for every case" if column.distinct else "holds nothing to read")
    if column.typed.misfits:
        first = column.typed.misfits[0]
        example = ", ".join(quoted(word) for word in first.examples[:QUOTED])
        return Proposal(
            role="ignore", why=f"not every cell is a {column.typed.type} (such as {example}): {first.advice}"
        )
    if _whole_and_unique(column):
        return Proposal(role="ignore", why="a whole number that differs for every case: an id or a row number")
    if column.typed.type == "date" or _year(column):
        more = "" if taken.free("time") else "a second date: "
        return Proposal(role="ignore", why=f"{more}make a number of it (days since ...) to use it")
    if column.typed.type == "category":
        longest = pc.mean(pc.utf8_length(column.text)).as_py() or 0
        if column.distinct > max(2, column.rows // 2) or column.distinct > _MOST_LEVELS or longest > _LONG_TEXT:
            return Proposal(role="ignore", why=f"free text or names: {column.distinct} different values")
    return None
