"""What a policy makes of the day on which plan and policy were registered."""

from __future__ import annotations

from collections.abc import Iterator

from igw_audit.core.decision import Reason
from igw_audit.core.registration import Registrations
from igw_audit.core.rules import Policy, Word
from igw_audit.core.text import Text


def registration_reasons(held: Registrations | None, *, policy: Policy) -> Iterator[Reason]:
    """Refer where a policy asks for a registration before the first result, and there is none."""
    if not policy.registration.required:
        return
    word: Word = "allow" if held is not None and held.word == "before" else "refer"
    told = _UNKNOWN if held is None else _TOLD[held.word]
    yield Reason(word=word, rule="registration", audit="registration", text=told)


_UNKNOWN = Text(
    en="The policy asks that plan and policy are registered before there are results, and this audit cannot know "
    "whether "
    "they were: only an audit of a registered version looks at the ledger.",
    nl="De regels vragen dat plan en regels zijn vastgelegd voordat er resultaten zijn. Deze audit kan dat niet weten: "
    "alleen de audit van een geregistreerde versie kijkt in het logboek.",
)
_TOLD = {
    "before": Text(
        en="Plan and policy were registered before the first result on these cases existed.",
        nl="Plan en regels zijn vastgelegd voordat er een resultaat over deze zaken was.",
    ),
    "replaced": Text(
        en="Another plan or policy was registered in the place of this one before there were results, so whoever chose "
        "between them may have known the numbers. Audit with the one that was registered last, or let a reviewer "
        "say why.",
        nl="Voordat er resultaten waren, zijn andere plannen of regels in de plaats van deze vastgelegd. Wie "
        "daartussen koos, kende misschien de cijfers. Gebruik de laatste, of laat een beoordelaar zeggen waarom niet.",
    ),
    "after": Text(
        en="Plan and policy were registered after there were results on these cases, so they may have been chosen for "
        "what they would let through. Audit new cases, or let a reviewer say why the change was right.",
        nl="Plan en regels zijn vastgelegd toen er al resultaten over deze zaken waren. Ze kunnen dus gekozen zijn "
        "om wat "
        "ze doorlaten. Gebruik nieuwe zaken, of laat een beoordelaar zeggen waarom de wijziging goed was.",
    ),
    "never": Text(
        en="Plan and policy were not registered before there were results, so nobody can tell that they were not "
        "chosen "
        "for what they let through. Register them (igw-audit preregister) before auditing new cases.",
        nl="Plan en regels zijn niet vastgelegd voordat er resultaten waren. Niemand kan zien dat ze niet zijn "
        "gekozen om "
        "wat ze doorlaten. Leg ze vast (igw-audit preregister) voordat je nieuwe zaken bekijkt.",
    ),
}
