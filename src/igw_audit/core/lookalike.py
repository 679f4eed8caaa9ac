"""Texts that a person cannot tell apart: one skeleton for all that look alike (Unicode TR39)."""

from __future__ import annotations

import unicodedata
from functools import cache


def skeleton(text: str) -> str:
    """Return the same text for all texts that look alike: other scripts, widths, capitals, invisible marks.

    Capitals are folded first, which TR39 leaves to its user: ``І`` (Cyrillic) and ``I`` are one letter here, and
    so are ``i`` and ``ı``. Two texts with one skeleton are not the same text; whoever merges them loses one.

    References
    ----------
    Unicode Technical Standard 39, Unicode Security Mechanisms, section 4, Confusable Detection.

    Examples
    --------
    >>> skeleton("champion") == skeleton("\u0441hamp\u0131on") == skeleton("Cham\u200bpion")
    True
    >>> skeleton("champion") == skeleton("champions")
    False
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    shown = (one for one in unicodedata.normalize("NFD", folded) if not is_invisible(one))
    prototypes = _prototypes()
    return unicodedata.normalize("NFD", "".join(prototypes.get(one, one) for one in shown))


def drawn(text: str) -> str:
    """Return the same text for all texts that are drawn alike, capitals as capitals.

    `skeleton` folds capitals first, and a small letter may look less like another than its capital does.

    >>> drawn("Turkije") == drawn("\u0422urkije"), skeleton("Turkije") == skeleton("\u0422urkije")
    (True, False)
    """
    prototypes = _prototypes()
    shown = (one for one in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text)) if not is_invisible(one))
    return unicodedata.normalize("NFD", "".join(prototypes.get(one, one) for one in shown))


def is_invisible(character: str) -> bool:
    """Tell whether a character shows nothing: a control, a format mark, a filler or a variation selector."""
    return unicodedata.category(character) in {"Cc", "Cf"} or character in _FILLERS or "\ufe00" <= character <= "\ufe0f"


#: Letters and marks that are drawn as nothing (Unicode's default ignorable code points).
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")


@cache
def _prototypes() -> dict[str, str]:
    """Map each character to one of those that look like it: a small letter of ASCII where there is one.

    The published table maps a character to a prototype; its classes are what single characters reach one another by.
    """
    from confusable_homoglyphs.confusables import confusables_data

    above: dict[str, str] = {}

    def root(one: str) -> str:
        while (higher := above.get(one, one)) != one:
            one = higher
        return one

    for one, alike in confusables_data.items():
        for other in (found["c"].strip("\u200e") for found in alike):
            if len(one) == len(other) == 1 and root(one) != root(other):
                first, second = sorted((root(one), root(other)), key=_plainness)
                above[second] = first
    return {one: root(one) for one in above}


def _plainness(character: str) -> tuple[bool, bool, str]:
    return (not character.isascii(), not character.islower(), character)
