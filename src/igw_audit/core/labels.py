"""The typed label: what every outcome in a table means, and which words mean too little to learn from."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from igw_audit.core.nearest import did_you_mean
from igw_audit.core.settings import Strict

#: Types of outcome that need no definition of their own.
LABEL_TYPES = ("administrative", "deliberate_false_information", "public_order", "none", "unknown")
UNKNOWN = "unknown"
SHORTEST_DEFINITION = 20

MAR_01 = (
    "a withdrawal may be administrative, rest on deliberately false information, or be about public order, and a "
    "model that learns from all of them as one learns nothing that may be acted on (demand MAR-01)"
)

_WITHDRAWAL = re.compile(
    r"withdraw(al|als|n|ing)?|withdrew|revok(e|ed|ing)|revocations?|rescind(ed)?|cancel(led|ed|lations?)?|enforce(ment|d)?"
    r"|intrek(king|kingen|ken)?|ingetrokken|handha(ving|ven)|gehandhaafd"
)
#: Words that say of what, not why.
_SAYS_NOT_WHY = frozenset(
    {
        *("permit", "permits", "residence", "of", "the", "a", "an", "all", "any", "total", "status", "type", "other"),
        *("was", "is", "yes", "case", "action", "measure", "decision", "ind"),
        *("vergunning", "vergunningen", "verblijfsvergunning", "verblijfsvergunningen", "verblijf", "van", "de", "het"),
        *("een", "alle", "totaal", "overig", "ja", "zaak", "actie", "maatregel", "besluit"),
    }
)


def undifferentiated_withdrawal(word: str) -> bool:
    """Tell whether a word says that something was withdrawn or enforced, and not why.

    >>> undifferentiated_withdrawal("Intrekking vergunning"), undifferentiated_withdrawal("withdrawn_by_applicant")
    (True, False)
    """
    words = [part for part in re.findall(r"[a-z]+", word.lower()) if part not in _SAYS_NOT_WHY]
    return bool(words) and all(_WITHDRAWAL.fullmatch(part) for part in words)


def _type_name(name: str) -> str:
    if name in LABEL_TYPES:
        raise ValueError(f"type {name!r} is built in and has its meaning already; remove it, or choose another name")
    if undifferentiated_withdrawal(name):
        raise ValueError(
            f"type {name!r} says that something was withdrawn, not why: {MAR_01}. Use {', '.join(LABEL_TYPES[:3])} "
            "where the reason is known and 'unknown' where it is not"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"type {name!r} is not a plain word; use lower-case letters, digits and _")
    return name


def _definition(text: str) -> str:
    if len(text.strip()) < SHORTEST_DEFINITION:
        raise ValueError(
            f"the definition is {text!r}; say in {SHORTEST_DEFINITION} characters or more what has to be true of a "
            "case for it to be of this type"
        )
    return text


class LabelRules(Strict):
    """What the label's values mean: ``values`` (own value -> type) and ``types`` (further type -> definition)."""

    values: dict[str, str] = {}
    types: dict[Annotated[str, AfterValidator(_type_name)], Annotated[str, AfterValidator(_definition)]] = {}

    @property
    def known(self) -> tuple[str, ...]:
        """Every type that a case can have."""
        return tuple(dict.fromkeys((*LABEL_TYPES, *self.types)))

    def type_of(self, value: str | None) -> str | None:
        """Give the type of one value of the table (None or "" is missing); None where the schema does not say."""
        key = value or ""
        return self.values.get(key, key if key in self.known else None)

    def problems(self) -> list[str]:
        """Say which values lead to a type that is not known, or make one type of a withdrawal for unknown reasons."""
        found = []
        for value, kind in self.values.items():
            if kind not in self.known:
                found.append(
                    f"value {value!r} leads to {kind!r}, which is not a type; {did_you_mean(kind, self.known)} "
                    "A further type needs a definition under [label.types]"
                )
            elif undifferentiated_withdrawal(value) and kind in LABEL_TYPES and kind != UNKNOWN:
                found.append(
                    f"value {value!r} leads to {kind!r}, and the value does not say why something was withdrawn: "
                    f"{MAR_01}. Map it to 'unknown', split it where the data comes from, or, if it is something else "
                    "(an applicant who withdrew), define a type for it under [label.types]"
                )
        return found
