"""The gate's own sentences, in both languages, each under the one word that machines read."""

from __future__ import annotations

from igw_audit.core.decision import Reason
from igw_audit.core.rules import Word
from igw_audit.core.text import Text
from igw_audit.evidence.reasons import StatedReason

_SAID: dict[str, tuple[str, str]] = {
    "evidence_missing": (
        "no signed audit is attached to {uri}; run igw-audit audit {uri} --key FILE",
        "bij {uri} hoort nog geen ondertekende audit; voer uit: igw-audit audit {uri} --key BESTAND",
    ),
    "evidence_foreign": (
        "signed evidence of something else stands at {uri} ({detail}): it was copied from another version, or this "
        "version was deleted and made again; audit this version itself",
        "bij {uri} staat bewijs van iets anders ({detail}): het is gekopieerd van een andere versie, of deze versie is "
        "verwijderd en opnieuw gemaakt; voer de audit van deze versie zelf uit",
    ),
    "evidence_gone": (
        "the ledger knows evidence that {uri} no longer holds ({detail}): somebody deleted it, or signing was cut "
        "off; audit the version again, or let that person review it again",
        "het logboek kent bewijs dat {uri} niet meer heeft ({detail}): iemand heeft het verwijderd, of het "
        "ondertekenen is afgebroken; voer de audit opnieuw uit, of laat die persoon opnieuw beoordelen",
    ),
    "payload_broken": (
        "evidence of {uri} cannot be read ({detail}); it was changed after signing, so register the model as a new "
        "version and audit that",
        "bewijs bij {uri} is niet te lezen ({detail}); het is veranderd na het ondertekenen. Registreer het model als "
        "nieuwe versie en voer daarvan de audit uit",
    ),
    "payload_type": (
        "an envelope at {uri} holds something that is no evidence ({detail}); register the model as a new version and "
        "audit that",
        "een envelop bij {uri} bevat iets wat geen bewijs is ({detail}). Registreer het model als nieuwe versie en "
        "voer daarvan de audit uit",
    ),
    "signature_count": (
        "an envelope at {uri} does not carry exactly one signature ({detail}); each person signs one of their own",
        "een envelop bij {uri} heeft niet precies één handtekening ({detail}); iedereen ondertekent een eigen envelop",
    ),
    "signature_wrong": (
        "a signature at {uri} does not hold ({detail}); register the model as a new version and audit that",
        "een handtekening bij {uri} klopt niet ({detail}). Registreer het model als nieuwe versie en voer daarvan de "
        "audit uit",
    ),
    "key_unknown": (
        "evidence of {uri} was signed by nobody whom we know ({detail}); have the key trusted, or list it as revoked",
        "bewijs bij {uri} is ondertekend door iemand die wij niet kennen ({detail}); laat de sleutel vertrouwen, of "
        "zet hem als ingetrokken op de lijst",
    ),
    "key_role": (
        "evidence of {uri} was signed with a key that may not sign it ({detail})",
        "bewijs bij {uri} is ondertekend met een sleutel die dat niet mag ({detail})",
    ),
    "key_not_yet": (
        "evidence of {uri} was signed with a key that does not count yet ({detail})",
        "bewijs bij {uri} is ondertekend met een sleutel die nog niet telt ({detail})",
    ),
    "key_expired": (
        "the key under the evidence of {uri} has expired ({detail}); have it signed anew",
        "de sleutel onder het bewijs bij {uri} is verlopen ({detail}); laat opnieuw ondertekenen",
    ),
    "key_revoked": (
        "the key under the evidence of {uri} was revoked ({detail}); have it signed anew with another key",
        "de sleutel onder het bewijs bij {uri} is ingetrokken ({detail}); laat met een andere sleutel ondertekenen",
    ),
    "signed_in_future": (
        "evidence of {uri} says it was signed in the future ({detail}); set the signer's clock right and sign again",
        "bewijs bij {uri} is volgens zijn eigen tijd in de toekomst ondertekend ({detail}); zet de klok van de "
        "ondertekenaar goed en laat opnieuw ondertekenen",
    ),
    "audit_expired": (
        "the audit of {uri} counted until {detail}; audit the version again",
        "de audit van {uri} telde tot {detail}; voer de audit opnieuw uit",
    ),
    "policy_tightened": (
        "the policy under which {uri} was audited ({detail}) has been replaced by a stricter one; audit it again under "
        "that one, or have the return to this one registered with a key: igw-audit preregister --key FILE",
        "de regels waarmee {uri} is beoordeeld ({detail}) zijn vervangen door strengere; voer de audit opnieuw uit met "
        "die regels, of laat de terugkeer ondertekend registreren: igw-audit preregister --key BESTAND",
    ),
    "rejected": (
        "{detail} rejected {uri}, and that stands until the same person approves it",
        "{detail} heeft {uri} afgekeurd, en dat blijft zo tot dezelfde persoon akkoord geeft",
    ),
    "not_overridable": (
        "nobody can let this pass: {detail}",
        "dit kan niemand laten passeren: {detail}",
    ),
    "refused": (
        "the policy refuses, and no reviewer has signed an override: {detail}",
        "de regels weigeren dit, en geen beoordelaar heeft getekend om daarvan af te wijken: {detail}",
    ),
    "answer_missing": (
        "no reviewer has answered this yet: {detail}",
        "hier heeft nog geen beoordelaar op geantwoord: {detail}",
    ),
    "overridden": (
        "let pass by {by}, with a signed answer: {detail}",
        "toegelaten door {by}, met een ondertekend antwoord: {detail}",
    ),
    "sign_off_missing": (
        "{uri} needs {detail}; who made a model never counts",
        "{uri} heeft nog nodig: {detail}; wie een model maakte, telt niet mee",
    ),
    "review_by_author": (
        "who made {uri} cannot review it ({detail}); ask somebody else",
        "wie {uri} maakte, kan het niet zelf beoordelen ({detail}); vraag iemand anders",
    ),
    "review_expired": (
        "a review of {uri} has expired ({detail}); have it reviewed again",
        "een beoordeling van {uri} is verlopen ({detail}); laat opnieuw beoordelen",
    ),
    "signed_for_another": (
        "a review of {uri} was signed with somebody else's key ({detail})",
        "een beoordeling van {uri} is ondertekend met de sleutel van een ander ({detail})",
    ),
    "personal_signature_missing": (
        "a review of {uri} was signed by the service, and the policy asks for the reviewer's own key ({detail})",
        "een beoordeling van {uri} is door de dienst ondertekend, en de regels vragen de eigen sleutel van de "
        "beoordelaar ({detail})",
    ),
    "bundle_unsigned": (
        "there is no {detail} in this folder, so nobody signed what is in it; have the version audited with a key",
        "er is geen {detail} in deze map, dus niemand heeft getekend voor wat erin staat; voer de audit uit met een "
        "sleutel",
    ),
    "bundle_changed": (
        "{detail} was changed after it was written; get the bundle again from where it was made",
        "{detail} is veranderd nadat het is geschreven; haal de map opnieuw op waar hij is gemaakt",
    ),
    "file_missing": (
        "{detail} belongs to the evidence of {uri} and is not there; get the bundle again",
        "{detail} hoort bij het bewijs van {uri} en is er niet; haal de map opnieuw op",
    ),
    "file_not_plain": (
        "{detail} is a link, a folder or too large, and only a plain file is verified; get the bundle again",
        "{detail} is een koppeling, een map of te groot, en alleen een gewoon bestand telt; haal de map opnieuw op",
    ),
    "file_changed": (
        "{detail} is not the one that was signed for {uri}; get the bundle again",
        "{detail} is niet het bestand dat voor {uri} is ondertekend; haal de map opnieuw op",
    ),
    "record_broken": (
        "{detail} of {uri} was signed and is no record; audit the version again",
        "{detail} van {uri} is ondertekend maar is geen verslag; voer de audit opnieuw uit",
    ),
    "record_disagrees": (
        "the record of {uri} and the signed statement about it say different things ({detail}); audit it again",
        "het verslag van {uri} en de ondertekende verklaring erover zeggen iets anders ({detail}); voer de audit "
        "opnieuw uit",
    ),
    "model_list_changed": (
        "the list of the model's files in {detail} is not that of the model that was audited as {uri}",
        "de lijst met bestanden van het model in {detail} is niet die van het model dat als {uri} is onderzocht",
    ),
    "model_changed": (
        "the model's files are not those that were audited as {uri} ({detail}); use the model that was audited",
        "de bestanden van het model zijn niet die van de audit van {uri} ({detail}); gebruik het onderzochte model",
    ),
    "open": (
        "{uri} was audited and signed off by {detail}",
        "{uri} is onderzocht en goedgekeurd door {detail}",
    ),
}

#: Every word that the gate can give as a rule; the documentation lists them.
WORDS = tuple(_SAID)


def said(word: Word, rule: str, *, uri: str, detail: str = "", dutch: str | None = None, **more: str) -> Reason:
    """Say one of the gate's sentences; ``detail`` may have a Dutch form of its own."""
    english, nederlands = _SAID[rule]
    return Reason(
        word=word,
        rule=rule,
        audit="gate",
        overridable=False,
        text=Text(
            en=english.format(uri=uri, detail=detail, **more),
            nl=nederlands.format(uri=uri, detail=detail if dutch is None else dutch, **more),
        ),
    )


def about(word: Word, rule: str, stated: StatedReason, *, by: str = "") -> Reason:
    """Say one of the gate's sentences about a reason of the record's decision, with where it applied."""
    english, nederlands = _SAID[rule]
    named = f"{stated.id} {{}}"
    return Reason(
        word=word,
        rule=rule,
        audit="gate",
        attribute=stated.attribute,
        group=stated.group,
        step=stated.step,
        statistic=stated.statistic,
        features=stated.features,
        overridable=False,
        text=Text(
            en=english.format(detail=named.format(stated.text.en), by=by),
            nl=nederlands.format(detail=named.format(stated.text.nl), by=by),
        ),
    )
