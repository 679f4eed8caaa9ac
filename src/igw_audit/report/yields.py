"""What selecting by the model yields over selecting by lot, in one sentence with its intervals."""

from __future__ import annotations

from igw_audit.core.record import Suitability
from igw_audit.core.text import Text
from igw_audit.report.numbers import Language, Numbers
from igw_audit.stats.estimate import Estimate


def yield_sentence(held: Suitability | None) -> Text:
    """Say the yield in natural frequencies; where it was not measured, say so and why."""
    if held is None:
        return _NOT_ASKED
    if held.precision is None or held.base_rate is None:
        why = held.reason or _NO_REASON
        return Text(
            en=f"Measured: what the selection yields is not known. {why.en}",
            nl=f"Gemeten: wat de selectie oplevert is niet bekend. {why.nl}",
        )
    return Text(
        en=_said(held, held.precision, held.base_rate, "en"), nl=_said(held, held.precision, held.base_rate, "nl")
    )


def _said(held: Suitability, chosen: Estimate, drawn: Estimate, language: Language) -> str:
    write, dutch = Numbers(language=language), language == "nl"
    many = [f"{write.per_thousand(part.value)} ({_ends(part, write, dutch=dutch)})" for part in (chosen, drawn)]
    times = "" if held.lift is None else _times(held.lift, write, dutch=dutch)
    if dutch:
        return (
            f"Gemeten bij door loting gekozen zaken: van 1.000 zaken die het model kiest, wordt in {many[0]} iets "
            "gevonden, "
            f"van 1.000 zaken door loting in {many[1]}.{times}"
        )
    return (
        f"Measured on cases drawn by lot: of 1,000 cases that the model selects something is found in {many[0]}, "
        "of 1,000 "
        f"drawn by lot in {many[1]}.{times}"
    )


def _ends(part: Estimate, write: Numbers, *, dutch: bool) -> str:
    low = write.per_thousand(part.low if part.low is not None else 0.0)
    high = write.per_thousand(part.high if part.high is not None else 1.0)
    ends = f"{low} tot {high}" if dutch else f"{low} to {high}"
    return f"{ends}; n = {write.whole(part.n)}"


def _times(lift: Estimate, write: Numbers, *, dutch: bool) -> str:
    ends = [None if end is None else write.decimal(end, 1) for end in (lift.low, lift.high)]
    middle, open_end = ("tot", "zonder grens") if dutch else ("to", "no limit")
    interval = f"{ends[0] or open_end} {middle} {ends[1] or open_end}"
    value = write.decimal(lift.value, 1)
    unsure = lift.low is None or lift.low <= 1
    if dutch:
        return f" Dat is {value} keer zo vaak ({interval})" + (
            "; misschien levert het model niets extra op." if unsure else "."
        )
    return f" That is {value} times as often ({interval})" + ("; it may also yield nothing more." if unsure else ".")


_NO_REASON = Text(
    en="No case drawn by lot has a known outcome.", nl="Van geen door loting gekozen zaak is de uitkomst bekend."
)
_NOT_ASKED = Text(
    en="Measured: nothing; this record was made before the yield was measured.",
    nl="Gemeten: niets; dit verslag is gemaakt voordat de opbrengst werd gemeten.",
)
