"""Reasons as people may see them outside the record: without the numbers of cells that are withheld on every page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from igw_audit.core.decision import Reason
from igw_audit.core.disclosure import SUPPRESS_BELOW, Disclosure
from igw_audit.core.finding import Outcome
from igw_audit.core.text import Text

#: A quoted sentence may have been cut off where the limit ends.
_AFTER_LIMIT = re.compile(r"\)\.(?:\s|\u2026|$)")
_WITHHELD = Text(
    en=f"The numbers are withheld here, since a cell under {SUPPRESS_BELOW} could be worked out from them; the record "
    "holds them.",
    nl=f"De getallen staan hier niet, omdat er een aantal onder {SUPPRESS_BELOW} uit is af te leiden; ze staan in het "
    "verslag.",
)


def shown_reasons(reasons: Sequence[Reason], outcomes: Sequence[Outcome]) -> tuple[Reason, ...]:
    """Give reasons with the numbers of withheld cells left out; what was decided, and for whom, stays.

    Parameters
    ----------
    reasons : sequence of Reason
        A decision's reasons, whose sentences hold rates, intervals and n.
    outcomes : sequence of Outcome
        All outcomes of the same record: what is withheld follows from all of them together.
    """
    disclosure = Disclosure.of(outcomes)
    held = {(outcome.audit, outcome.attribute): outcome for outcome in outcomes}

    def hidden(reason: Reason) -> bool:
        outcome = held.get((reason.audit, reason.attribute or ""))
        if outcome is None or reason.group is None or reason.statistic is None:
            return False
        about = [f for f in outcome.findings if (f.statistic, f.group) == (reason.statistic, reason.group)]
        return not all(disclosure.shows(outcome, finding) for finding in about)

    return tuple(
        replace(reason, text=_without_numbers(reason.text)) if hidden(reason) else reason for reason in reasons
    )


def _without_numbers(text: Text) -> Text:
    """Keep a sentence up to the limit in brackets, after which each step's numbers follow, or a cut."""
    english, dutch = (f"{re.split(_AFTER_LIMIT, part, maxsplit=1)[0]})." for part in (text.en, text.nl))
    return Text(en=f"{english} {_WITHHELD.en}", nl=f"{dutch} {_WITHHELD.nl}")
