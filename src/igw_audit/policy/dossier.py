"""The two files of a dossier, and what a policy makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from igw_audit.core.decision import Reason
from igw_audit.core.dossier import Dossier, DossierFiles, DossierRecord, FeatureAnswers, FeatureEntries
from igw_audit.core.plan import Plan
from igw_audit.core.rules import Policy, Word
from igw_audit.core.settings import read_settings
from igw_audit.core.text import Text
from igw_audit.errors import InputError

DOSSIER_FILE = "dossier.toml"
FEATURES_FILE = "features.toml"


def read_dossier(folder: str | Path) -> DossierFiles:
    """Read a pilot's dossier from its folder in ``audits/``; without ``features.toml`` no feature has an entry.

    Raises
    ------
    InputError
        If ``dossier.toml`` is missing, or a file breaks its form; every problem of both files is listed.
    """
    place = Path(folder)
    problems: list[str] = []
    dossier, entries = None, FeatureEntries()
    try:
        dossier = read_settings(Dossier, place / DOSSIER_FILE, what="dossier")
    except InputError as error:
        problems += [f"{DOSSIER_FILE}: {problem}" for problem in error.problems]
    if (place / FEATURES_FILE).exists():
        try:
            entries = read_settings(FeatureEntries, place / FEATURES_FILE, what="feature dossiers")
        except InputError as error:
            problems += [f"{FEATURES_FILE}: {problem}" for problem in error.problems]
    if dossier is None or problems:
        raise InputError(f"dossier {place}", problems)
    return DossierFiles(dossier=dossier, entries=entries)


def dossier_reasons(held: DossierRecord | None, *, policy: Policy, plan: Plan) -> Iterator[Reason]:
    """Judge a dossier: every reason but an approval can only be answered by completing it, never by a review."""
    if held is None:
        if policy.dossier.required:
            yield _reason("refer", "missing", _MISSING)
        return
    before = [*_features(held), *_people(held, plan)]
    yield from before
    if not before:
        count = len(held.features)
        yield _reason(
            "allow",
            "complete",
            Text(
                en=f"The dossier gives each of the {count} features a justification in law, in science or in numbers.",
                nl=f"Het dossier geeft elk van de {count} kenmerken een grond: in de wet, de wetenschap of de cijfers.",
            ),
        )


def _features(held: DossierRecord) -> Iterator[Reason]:
    without = [feature for feature in held.features if feature.justification is None]
    if without:
        yield _reason("refuse", "unjustified", _UNJUSTIFIED, without)
    stand_on_numbers = [
        feature
        for feature in held.features
        if feature.justification is not None
        and feature.justification.type == "statistical"
        and feature.answer("statistical").status != "shown"
    ]
    if stand_on_numbers:
        yield _reason("refuse", "not-shown", _NOT_SHOWN, stand_on_numbers)
    excluded = [
        feature for feature in held.features if feature.exclusion or feature.answer("legal").status == "against"
    ]
    if excluded:
        yield _reason("refuse", "excluded", _EXCLUDED, excluded)


def _people(held: DossierRecord, plan: Plan) -> Iterator[Reason]:
    """Refer where people have not done their part: not for an example, which nobody may take for more."""
    dossier = held.content
    named = {column.column for column in dossier.protected}
    wanted = dict.fromkeys(plan.derived[name].source if name in plan.derived else name for name in plan.attributes)
    unnamed = [name for name in wanted if name not in named]
    if unnamed:
        yield _reason(
            "refer",
            "protected",
            Text(
                en=f"The dossier does not say on what ground {', '.join(unnamed)} may be held for this audit, nor "
                "why that "
                f"is needed. Add a [[protected]] entry to {DOSSIER_FILE}.",
                nl=f"Het dossier zegt niet op welke grond {', '.join(unnamed)} voor deze audit bewaard mag worden, en "
                f"waarom dat nodig is. Voeg [[protected]] toe aan {DOSSIER_FILE}.",
            ),
        )
    if dossier.synthetic:
        return
    unchecked = [basis.id for basis in dossier.legal_basis if not basis.checked_by.strip()]
    if unchecked:
        yield _reason(
            "refer",
            "unchecked",
            Text(
                en=f"No lawyer has put their name to this legal basis: {', '.join(unchecked)}. See checked_by.",
                nl=f"Geen jurist heeft deze wettelijke grond met naam nagekeken: {', '.join(unchecked)}. Zie "
                "checked_by.",
            ),
        )
    if not (dossier.dpia.reference.strip() and dossier.dpia.version.strip() and dossier.dpia.date.strip()):
        yield _reason("refer", "dpia", _NO_DPIA)


def _reason(word: Word, what: str, text: Text, features: Sequence[FeatureAnswers] = ()) -> Reason:
    names = tuple(feature.name for feature in features)
    listed = ", ".join(names)
    return Reason(
        word=word,
        rule=f"dossier:{what}",
        audit="dossier",
        features=names,
        text=Text(en=text.en.replace("{features}", listed), nl=text.nl.replace("{features}", listed)),
        # what people must write down is written down, not set aside
        overridable=False,
    )


_MISSING = Text(
    en="The policy asks for a dossier, and none was given: nobody can tell on what ground people are chosen by these "
    "features. Name its folder.",
    nl="De regels vragen om een dossier, en dat is er niet: niemand weet op welke grond deze kenmerken mensen kiezen. "
    "Noem de map van het dossier.",
)
_UNJUSTIFIED = Text(
    en="These features have no justification in law, in science or in numbers: {features}. Write one in "
    f"{FEATURES_FILE}, or leave the feature out of the model.",
    nl="Deze kenmerken hebben geen grond in de wet, de wetenschap of de cijfers: {features}. Schrijf die in "
    f"{FEATURES_FILE}, of haal het kenmerk uit het model.",
)
_NOT_SHOWN = Text(
    en="These features are justified by numbers alone, and no link with the outcome was shown among cases drawn by "
    "lot: "
    "{features}. Until that is shown, or another justification is written, they cannot be used.",
    nl="Deze kenmerken rusten alleen op cijfers, en bij zaken die door loting zijn gekozen is geen verband met de "
    "uitkomst "
    "aangetoond: {features}. Tot dat wel zo is, of er een andere grond is, mogen ze niet worden gebruikt.",
)
_EXCLUDED = Text(
    en="The dossier itself says that these features should be left out: {features}. Take them out of the model.",
    nl="Het dossier zegt zelf dat deze kenmerken weg moeten: {features}. Haal ze uit het model.",
)
_NO_DPIA = Text(
    en="The dossier names no data protection impact assessment with its version and date, and scoring people needs one "
    "(GDPR article 35).",
    nl="Het dossier noemt geen DPIA met versie en datum, en wie mensen een score geeft, heeft die nodig (AVG "
    "artikel 35).",
)
