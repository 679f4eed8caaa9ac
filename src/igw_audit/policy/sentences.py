"""The sentences of a decision, in both languages; every number in them stands in a finding of the record."""

from __future__ import annotations

from collections.abc import Sequence

from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.rules import LevelRule, Limit, Word
from igw_audit.core.text import Text
from igw_audit.stats.estimate import Estimate

LEVEL_WORDS = {
    None: Text(en="nothing that this rule is about", nl="niets waar deze regel over gaat"),
    "direct_use": Text(en="direct use", nl="direct gebruik"),
    "strong_use": Text(en="strong use of a stand-in", nl="sterk gebruik van een vervanger (proxy)"),
    "joint_use": Text(en="use of several features together", nl="gebruik van meer kenmerken samen"),
    "weak_use": Text(en="weak use of a stand-in", nl="zwak gebruik van een vervanger (proxy)"),
    "trace_use": Text(en="a trace of use", nl="een spoor van gebruik"),
    "unexplained": Text(en="a difference that is not explained", nl="een verschil dat niet verklaard is"),
    "inconclusive": Text(en="too little data to tell", nl="te weinig gegevens om het te zeggen"),
    "explained_by_declared": Text(
        en="a difference that the declared factors explain", nl="een verschil dat de verklaarde factoren verklaren"
    ),
    "use_not_excluded": Text(en="that use is not excluded", nl="dat gebruik niet is uitgesloten"),
    "present_unused": Text(en="present, and not used", nl="aanwezig, en niet gebruikt"),
    "no_disparity_shown": Text(
        en="no difference, with enough data to see one", nl="geen verschil, bij genoeg gegevens om er een te zien"
    ),
}


def _number(value: float, language: str) -> str:
    text = f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"
    return text.replace(".", ",") if language == "nl" else text


def _interval(estimate: Estimate, language: str) -> str:
    middle, to, open_end = ("tot", "van", "zonder grens") if language == "nl" else ("to", "from", "no limit")
    low = _number(estimate.low, language) if estimate.low is not None else open_end
    high = _number(estimate.high, language) if estimate.high is not None else open_end
    return f"{_number(estimate.value, language)} ({to} {low} {middle} {high})"


def _limits(limit: Limit, language: str) -> str:
    words = ("van", "tot", "hooguit", "minstens") if language == "nl" else ("from", "to", "at most", "at least")
    if limit.low is None:
        return f"{words[2]} {_number(limit.high or 0.0, language)}"
    if limit.high is None:
        return f"{words[3]} {_number(limit.low, language)}"
    return f"{words[0]} {_number(limit.low, language)} {words[1]} {_number(limit.high, language)}"


def _step(finding: Finding, language: str) -> str:
    if finding.step is None:
        return "het model" if language == "nl" else "the model"
    return f"stap {finding.step!r}" if language == "nl" else f"step {finding.step!r}"


def _whom(finding: Finding, language: str) -> str:
    if finding.group is None:
        return "het cijfer over alle zaken" if language == "nl" else "the figure over all cases"
    return f"groep {finding.group}" if language == "nl" else f"group {finding.group}"


def against_limit(limit: Limit, word: Word, attribute: str, findings: Sequence[Finding]) -> Text:
    """Say for one group where it stands against a limit, step by step."""
    return Text(
        en=_against(limit, word, attribute, findings, language="en"),
        nl=_against(limit, word, attribute, findings, language="nl"),
    )


def _against(limit: Limit, word: Word, attribute: str, findings: Sequence[Finding], *, language: str) -> str:
    dutch = language == "nl"
    parts = []
    for finding in findings:
        if finding.estimate is None:
            why = finding.reason.within(language) if finding.reason else ""
            parts.append(f"{_step(finding, language)}: {'niet te meten' if dutch else 'not measurable'}, {why}")
        else:
            n = f"n = {finding.estimate.n}"
            parts.append(f"{_step(finding, language)}: {_interval(finding.estimate, language)}, {n}")
    certain = {
        "refuse": ("lies wholly outside the limit", "ligt helemaal buiten de grens"),
        "refer": ("cannot be held against the limit with certainty", "is niet met zekerheid aan de grens te toetsen"),
        "allow": ("lies inside the limit", "ligt binnen de grens"),
    }[word][1 if dutch else 0]
    if word == "refer" and all(f.estimate is not None and f.estimate.outside(limit.low, limit.high) for f in findings):
        certain = _outside_and_referred(limit, dutch=dutch)
    about = f"{attribute}, {_whom(findings[0], language)}"
    return f"{limit.title.within(language)}: {about} {certain} ({_limits(limit, language)}). {'; '.join(parts)}."


def _outside_and_referred(limit: Limit, *, dutch: bool) -> str:
    if limit.outside == "refer":
        return (
            "ligt helemaal buiten de grens: mensen moeten dit beoordelen"
            if dutch
            else "lies wholly outside the limit: people must judge this"
        )
    return (
        "ligt buiten de grens, en de verklaarde factoren verklaren het: mensen moeten dit beoordelen"
        if dutch
        else "lies outside the limit, and the declared factors explain it: people must judge this"
    )


def inside(limit: Limit, attribute: str, groups: Sequence[str]) -> Text:
    """Say that every group lies inside a limit."""
    count = len(groups)
    within = _limits(limit, "en"), _limits(limit, "nl")
    if not groups:
        return Text(
            en=f"{limit.title.en}: {attribute}, all cases together lie wholly inside the limit ({within[0]}).",
            nl=f"{limit.title.nl}: {attribute}, alle zaken samen liggen helemaal binnen de grens ({within[1]}).",
        )
    return Text(
        en=f"{limit.title.en}: {attribute}, all {count} groups lie wholly inside the limit ({within[0]}).",
        nl=f"{limit.title.nl}: {attribute}, alle {count} groepen liggen helemaal binnen de grens ({within[1]}).",
    )


def too_little_data(limit: Limit, attribute: str, groups: Sequence[str]) -> Text:
    """Name the groups that are shown only and of which the data cannot tell; a reviewer accepts this by name."""
    names = ", ".join(groups)
    return Text(
        en=f"{limit.title.en}: {attribute}, too little data to tell for {names}. A reviewer must accept this by name.",
        nl=f"{limit.title.nl}: {attribute}, te weinig gegevens om het te zeggen voor {names}. "
        "Een beoordelaar moet dit bij naam aanvaarden.",
    )


def no_random_arm(limit: Limit, minimum: int) -> Text:
    """Say that labels without a random arm cannot carry an approval."""
    return Text(
        en=f"{limit.title.en}: this rests on outcomes of investigations, and fewer than {minimum} cases "
        "were investigated at random. Outcomes of chosen cases mirror the choosing, so this can be referred at best.",
        nl=f"{limit.title.nl}: dit rust op uitkomsten van onderzoek, en minder dan {minimum} zaken zijn willekeurig "
        "gekozen. Uitkomsten van gekozen zaken weerspiegelen de keuze, dus mensen moeten dit beoordelen.",
    )


def at_level(rule: LevelRule, word: Word, outcome: Outcome, features: Sequence[str]) -> Text:
    """Say which level an audit found, and through which features."""
    level = LEVEL_WORDS[outcome.level]
    through = (f" (features: {', '.join(features)})", f" (kenmerken: {', '.join(features)})") if features else ("", "")
    shown = through if word != "allow" else ("", "")
    return Text(
        en=f"{rule.title.en}: {outcome.attribute}, the audit finds {level.en}{shown[0]}.",
        nl=f"{rule.title.nl}: {outcome.attribute}, de audit vindt {level.nl}{shown[1]}.",
    )


def not_run(audit: str, attribute: str) -> Text:
    """Say that a required audit was not run."""
    return Text(
        en=f"The policy requires audit {audit} for {attribute}, and it was not run.",
        nl=f"De regels vragen audit {audit} voor {attribute}, en die is niet uitgevoerd.",
    )


def not_answered(audit: str, attribute: str, reason: Text) -> Text:
    """Say that a required audit has no answer, and why."""
    return Text(
        en=f"The policy requires audit {audit} for {attribute}, and it has no answer: {reason.en}.",
        nl=f"De regels vragen audit {audit} voor {attribute}, en er is geen antwoord: {reason.nl}.",
    )


def nothing_to_hold(limit: Limit, what: str) -> Text:
    """Say that a limit found nothing to judge."""
    return Text(
        en=f"{limit.title.en}: the audit gives nothing under {what!r}, so this limit could not be applied.",
        nl=f"{limit.title.nl}: de audit geeft niets onder {what!r}, dus deze grens is niet toegepast.",
    )


def no_rules(name: str) -> Text:
    """Say that a policy without rules judges nothing."""
    return Text(
        en=f"The policy {name!r} holds no rules, so nothing was judged; a person must decide.",
        nl=f"Het beleid {name!r} bevat geen regels, dus er is niets beoordeeld; een mens moet beslissen.",
    )


def nothing_judged() -> Text:
    """Say that no rule met a finding."""
    return Text(
        en="No rule of the policy met a finding of this record, so nothing was judged; a person must decide.",
        nl="Geen regel paste op een bevinding, dus er is niets beoordeeld; een mens moet beslissen.",
    )
