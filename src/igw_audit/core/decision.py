"""The policy's word on a record, with all its reasons."""

from __future__ import annotations

from dataclasses import dataclass

from igw_audit.core.rules import Word
from igw_audit.core.text import Text

#: Gravest first; the decision is the gravest of its reasons.
WORDS: tuple[Word, ...] = ("refuse", "refer", "allow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a decision is what it is: the rule, where it applied, and a sentence in both languages."""

    word: Word
    rule: str
    audit: str
    text: Text
    attribute: str | None = None
    group: str | None = None
    step: str | None = None
    statistic: str | None = None
    features: tuple[str, ...] = ()
    overridable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``allow``, ``refer`` or ``refuse``, with every reason, gravest first."""

    word: Word
    reasons: tuple[Reason, ...]

    @classmethod
    def of(cls, reasons: tuple[Reason, ...]) -> Decision:
        """Decide by the gravest reason. Without any reason nothing was judged, and doubt is never approval."""
        if not reasons:
            raise ValueError("a decision needs at least one reason: nothing judged is never an approval")
        ordered = tuple(sorted(reasons, key=lambda reason: WORDS.index(reason.word)))
        return cls(word=ordered[0].word, reasons=ordered)
