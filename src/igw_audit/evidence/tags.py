"""Where a registered version keeps its evidence: reserved tags, each written once."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from igw_audit.core.lookalike import skeleton

RESERVED = "igw.evidence."
#: Heads of the ledger as they were when something was promoted; a shortened ledger shows against them.
CHECKPOINT = f"{RESERVED}checkpoint."
#: What tags of our own begin with, as people read it; it is its own skeleton.
_OURS = "igw"
_HASTY = str.maketrans({"l": "i", "1": "i", "|": "i", "q": "g"})
_DRAWN_OVER = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER (?:SCRIPT |DOTLESS )?([A-Z])(?: WITH|$)")
_NO_LETTER, _LETTER = re.compile(r"^[^0-9a-z]+"), re.compile(r"[0-9a-z]")
_KEY = re.compile(r"igw\.evidence\.([0-9a-f]{16})\.(?:audit|review\.([0-9a-f]{16}))")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceTag:
    """One tag of evidence: its key, the record that it says it is about (16 hex digits), and the envelope's text."""

    key: str
    kind: Literal["audit", "review", "foreign"]
    record: str
    text: str


def audit_tag(record_sha256: str) -> str:
    """Give the key under which the audit of a record stands."""
    return f"{RESERVED}{record_sha256[:16]}.audit"


def review_tag(record_sha256: str, envelope: str) -> str:
    """Give the key under which a review of a record stands, from the envelope's text."""
    return f"{RESERVED}{record_sha256[:16]}.review.{hashlib.sha256(envelope.encode()).hexdigest()[:16]}"


def checkpoint_tag(envelope: str) -> str:
    """Give the key under which a signed head of the ledger stands, from the envelope's text."""
    return CHECKPOINT + hashlib.sha256(envelope.encode()).hexdigest()[:16]


def evidence_tags(tags: Mapping[str, str]) -> Iterator[EvidenceTag]:
    """Give the tags of evidence in order of key; what stands in the reserved place and is none is ``foreign``."""
    for key in sorted(tags):
        if not key.startswith(RESERVED) or key.startswith(CHECKPOINT):
            continue
        text, found = tags[key], _KEY.fullmatch(key)
        if found is None or (found[2] and key != review_tag(found[1], text)):
            yield EvidenceTag(key=key, kind="foreign", record="", text=text)
        else:
            yield EvidenceTag(key=key, kind="review" if found[2] else "audit", record=found[1], text=text)


def in_our_name(key: str) -> bool:
    """Tell whether a tag's key reads as one of ours: ``igw`` in any letters that look like it, alone or before a mark.

    Examples
    --------
    >>> [in_our_name(key) for key in ("igw.decision", "IGW/decision", "\u0131gw_decision", "igwas", "mlflow.user")]
    [True, True, True, False, False]
    """
    read = _NO_LETTER.sub("", _as_read(key))
    return read.startswith(_OURS) and not _LETTER.match(read, len(_OURS))


def _as_read(key: str) -> str:
    """Return what a hasty reader takes a key for: letters without their marks, and what stands for an i, a g or a w."""
    plain = (_without_stroke(one) for one in skeleton(key) if not unicodedata.combining(one))
    return "".join(plain).translate(_HASTY).replace("vv", "w")


def _without_stroke(letter: str) -> str:
    """Return the letter that a letter with a stroke, hook or the like is drawn over."""
    found = None if letter.isascii() else _DRAWN_OVER.match(unicodedata.name(letter, ""))
    return found[1].lower() if found else letter
