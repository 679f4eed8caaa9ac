"""A rich record, typed by hand: three attributes, small groups, steps, every status and every word of a decision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest

from igw_audit.core.cases import ALL_OTHER, NOT_RECORDED, REST
from igw_audit.core.decision import Decision, Reason
from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.core.plan import Derived, Plan
from igw_audit.core.record import AuditRecord, ModelDigest, Provenance, Review, TableDigest
from igw_audit.core.rules import LevelRule, Limit, Policy, Required, Sentence
from igw_audit.core.text import Text
from igw_audit.report import Pages
from igw_audit.stats.estimate import Estimate

NASTY = "<script>alert('x')</script> & Co"
Z = 1.96

#: group -> (cases, selected by the model, signal, selected, investigated, violation found)
NATIONALITY = {
    "India": (2140, 112, 310, 118, 101, 12),
    "China": (1610, 78, 205, 80, 70, 8),
    "Türkiye": (905, 96, 150, 121, 109, 13),
    "United States": (640, 20, 61, 19, 15, 2),
    "Iran": (212, 21, 40, 33, 31, 4),
    ALL_OTHER: (1480, 84, 190, 88, 74, 9),
    NOT_RECORDED: (61, 5, 9, 6, 5, 1),
    NASTY: (4, 1, 1, 1, 1, 0),
}
SEX = {"female": (3310, 180, 421, 206, 180, 22), "male": (3742, 237, 545, 260, 226, 27)}
AGE = {
    "18-25": (3050, 170, 402, 190, 166, 21),
    "26-35": (2930, 180, 420, 205, 178, 20),
    "36-50": (940, 60, 129, 65, 56, 7),
    "51 and over": (132, 7, 15, 6, 6, 1),
}
STEPS = ("signal", "selected", "investigated", "violation found")

QUESTIONS = {
    "A000": (
        Text(en="Data and power", nl="Gegevens en meetkracht"),
        Text(en="Can these data answer the questions?", nl="Kunnen deze gegevens de vragen beantwoorden?"),
    ),
    "A001": (
        Text(en="Selection rate by group and process step", nl="Selectiegraad per groep en processtap"),
        Text(en="Are some groups selected more often than others?", nl="Worden sommige groepen vaker geselecteerd?"),
    ),
    "A002": (
        Text(en="Error rates", nl="Foutkansen"),
        Text(
            en="Is the model wrong more often for some groups?", nl="Zit het model er bij sommige groepen vaker naast?"
        ),
    ),
    "A005": (
        Text(en="Conditional disparity", nl="Verschil bij gelijke omstandigheden"),
        Text(en="Do declared factors explain the difference?", nl="Verklaren verklaarde factoren het verschil?"),
    ),
    "A007": (
        Text(en="Use of stand-ins", nl="Gebruik van vervangers"),
        Text(en="Does the model use features as stand-ins?", nl="Gebruikt het model kenmerken als vervanger?"),
    ),
    "A008": (
        Text(en="Presence of the attribute", nl="Aanwezigheid van het kenmerk"),
        Text(en="Is the attribute among the features?", nl="Zit het kenmerk tussen de kenmerken van het model?"),
    ),
    "A011": (
        Text(en="Validity of labels", nl="Geldigheid van uitkomsten"),
        Text(en="Can the outcomes be trusted?", nl="Zijn de uitkomsten te vertrouwen?"),
    ),
}


def wilson(events: int, n: int) -> tuple[float, float]:
    share = events / n
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def estimates(events: int, n: int, rest: int, rest_n: int) -> tuple[Estimate, Estimate, Estimate | None]:
    low, high = wilson(events, n)
    rest_low, rest_high = wilson(rest, rest_n)
    share, other = events / n, rest / rest_n
    gap = share - other
    difference = Estimate(
        value=gap,
        low=gap - math.hypot(share - low, rest_high - other),
        high=gap + math.hypot(high - share, other - rest_low),
        confidence=0.95,
        n=n + rest_n,
        method="Newcombe, simultaneous over groups",
    )
    rate = Estimate(value=share, low=low, high=high, confidence=0.95, n=n, method="Wilson")
    if rest == 0:
        return rate, difference, None
    spread = math.sqrt(1 / max(events, 0.5) - 1 / n + 1 / rest - 1 / rest_n)
    ratio = Estimate(
        value=share / other,
        low=share / other * math.exp(-Z * spread),
        high=share / other * math.exp(Z * spread) if events else None,
        confidence=0.95,
        n=n + rest_n,
        method="Katz, simultaneous over groups",
    )
    return rate, difference, ratio


def rate_findings(cells: Mapping[str, tuple[int, int]], statistic: str, step: str | None = None) -> list[Finding]:
    total = sum(events for events, _ in cells.values())
    total_n = sum(n for _, n in cells.values())
    found = []
    for group, (events, n) in cells.items():
        counts = Counts(events=events, n=n, reference_events=total - events, reference_n=total_n - n)
        trio = estimates(events, n, total - events, total_n - n)
        for ending, estimate in zip(("", "_difference", "_ratio"), trio, strict=True):
            compared = ending != ""
            found.append(
                Finding(
                    statistic=statistic + ending,
                    group=group,
                    reference=REST if compared else None,
                    step=step,
                    estimate=estimate,
                    counts=counts,
                    reason=None if estimate else Text(en="nobody in the rest", nl="niemand in de rest"),
                    p_value=0.0004 if compared and group == "Türkiye" else (0.31 if compared else None),
                    p_adjusted=0.0016 if compared and group == "Türkiye" else (0.62 if compared else None),
                    minimum_detectable=1.4 / math.sqrt(n) if ending == "_difference" else None,
                )
            )
    return found


def selection_outcome(attribute: str, table: Mapping[str, Sequence[int]]) -> Outcome:
    found = rate_findings({group: (cells[1], cells[0]) for group, cells in table.items()}, "selection_rate")
    for position, step in enumerate(STEPS, 2):
        cells = {group: (row[position], row[0]) for group, row in table.items()}
        found += rate_findings(cells, "selection_rate", step)
    few = tuple(group for group, cells in table.items() if cells[0] < 100)
    return Outcome(audit="A001", attribute=attribute, status="measured", findings=tuple(found), inconclusive_groups=few)


def proxy_outcome() -> Outcome:
    def delta(features: tuple[str, ...], group: str, value: float, level: str) -> Finding:
        return Finding(
            statistic="delta",
            features=features,
            group=group,
            reference=REST,
            level=level,
            p_value=0.0002,
            p_adjusted=0.002,
            estimate=Estimate(
                value=value, low=value - 0.06, high=value + 0.06, confidence=0.95, n=7052, method="conditional draws"
            ),
        )

    return Outcome(
        audit="A007",
        attribute="nationality",
        status="measured",
        level="strong_use",
        inconclusive_groups=(NOT_RECORDED,),
        findings=(
            delta(("postcode",), "Türkiye", 0.31, "strong_use"),
            delta((NASTY,), "Türkiye", 0.02, "trace_use"),
            delta(("gap_months", "doc_delay"), "Iran", -0.11, "weak_use"),
        ),
    )


def policy() -> Policy:
    return Policy(
        name="study",
        version="3",
        limits=(
            Limit(
                rule="selection-ratio",
                audit="A001",
                statistic="selection_rate_ratio",
                low=0.8,
                high=1.25,
                title=Sentence(en="How often a group is selected", nl="Hoe vaak een groep wordt geselecteerd"),
                rationale=Sentence(
                    en="At most a quarter more often, so that no group carries the checks of another.",
                    nl="Hooguit een kwart vaker, zodat geen groep de controles van een andere draagt.",
                ),
            ),
            Limit(
                rule="selection-gap",
                audit="A001",
                statistic="selection_rate_difference",
                low=-0.05,
                high=0.05,
                at="model",
                title=Sentence(en="How large the gap in selection is", nl="Hoe groot het verschil in selectie is"),
                rationale=Sentence(
                    en="Five points is what the capacity allows.", nl="Vijf punten is wat de capaciteit toestaat."
                ),
            ),
        ),
        levels=(
            LevelRule(
                rule="proxy-use",
                audit="A007",
                refuse=("strong_use",),
                refer=("weak_use", "joint_use"),
                overridable=False,
                title=Sentence(en="Use of a stand-in", nl="Gebruik van een vervanger"),
                rationale=Sentence(
                    en="A stand-in for nationality is nationality by another name.",
                    nl="Een vervanger van nationaliteit is nationaliteit onder een andere naam.",
                ),
            ),
        ),
        required=(Required(audit="A005"),),
    )


def reasons() -> tuple[Reason, ...]:
    def against(word: str, group: str, attribute: str = "nationality") -> Reason:
        return Reason(
            word=word,  # type: ignore[arg-type]
            rule="selection-ratio",
            audit="A001",
            attribute=attribute,
            group=group,
            statistic="selection_rate_ratio",
            text=Text(
                en=f"How often a group is selected: group {group} 1.777 (n = 4)",
                nl=f"Hoe vaak een groep wordt geselecteerd: groep {group} 1,777 (n = 4)",
            ),
        )

    return (
        Reason(
            word="refuse",
            rule="proxy-use",
            audit="A007",
            attribute="nationality",
            features=("postcode",),
            overridable=False,
            text=Text(
                en="Use of a stand-in: for nationality the audit finds strong use of a stand-in (features: postcode).",
                nl="Gebruik van een vervanger: de audit vindt sterk gebruik van een vervanger (kenmerken: postcode).",
            ),
        ),
        against("refuse", "Türkiye"),
        against("refer", "Iran"),
        against("refer", "India"),
        against("refer", NASTY),
        Reason(
            word="refer",
            rule="required",
            audit="A005",
            attribute="sex",
            text=Text(
                en="The policy requires audit A005 for sex, and it has no answer: the plan names no declared factors.",
                nl="De policy vraagt audit A005 voor sex, en er is geen antwoord: het plan noemt geen factoren.",
            ),
        ),
        Reason(
            word="allow",
            rule="selection-gap",
            audit="A001",
            attribute="sex",
            text=Text(
                en="How large the gap in selection is: all 2 groups lie wholly inside the limit.",
                nl="Hoe groot het verschil in selectie is: alle 2 groepen liggen helemaal binnen de grens.",
            ),
        ),
    )


def outcomes() -> tuple[Outcome, ...]:
    nothing_declared = Text(
        en="this question needs declared factors, and the plan names none",
        nl="deze vraag heeft verklaarde factoren nodig, en het plan noemt die niet",
    )
    stopped = Text(
        en="the audit stopped with an error (ValueError); the log has the details, and it counts as not answered",
        nl="de audit is gestopt met een fout (ValueError); het logboek geeft details, de vraag is niet beantwoord",
    )
    errors = {"female": (90, 2800), "male": (141, 3100)}
    return (
        selection_outcome("nationality", NATIONALITY),
        selection_outcome("sex", SEX),
        selection_outcome("age_band", AGE),
        Outcome(
            audit="A002",
            attribute="sex",
            status="measured",
            level="no_disparity_shown",
            findings=tuple(rate_findings(errors, "false_positive_rate")),
        ),
        Outcome(audit="A002", attribute="age_band", status="failed", reason=stopped),
        Outcome(audit="A005", attribute="sex", status="not_measurable", reason=nothing_declared),
        proxy_outcome(),
    )


def record_of(**changes: object) -> AuditRecord:
    fields: dict[str, object] = {
        "created": "2026-11-23T10:00:00+00:00",
        "pilot": "study",
        "plan": Plan(
            attributes=("nationality", "sex", "age_band"),
            features=("postcode", "gap_months", "doc_delay"),
            declared=("study_progress",),
            capacity=417,
            label="outcome",
            steps=STEPS,
            largest={"nationality": 5},
            shown={"nationality": (NOT_RECORDED,)},
            derived={"age_band": Derived(source="birth_year")},
        ),
        "policy": policy(),
        "decision": Decision.of(reasons()),
        "outcomes": outcomes(),
        "provenance": Provenance(
            model=ModelDigest(sha256="a" * 64, kind="directory", uri="models:/study/1", estimator="LogisticRegression"),
            cases=TableDigest(sha256="b" * 64, rows=7052),
            protected=TableDigest(sha256="c" * 64, rows=7052),
            plan_sha256="d" * 64,
            policy_sha256="e" * 64,
            code_version="0.1.0",
            seed=0,
            packages=(("numpy", "2.4.0"), ("scikit-learn", "1.9.0")),
        ),
        "reviews": (
            Review(
                at="2026-11-24T09:00:00+00:00",
                by="R. Jansen",
                role="ethics reviewer",
                word="reject",
                reason=f"postcode must go {NASTY}",
                conditions=("train again without postcode",),
                expires="2027-05-24",
            ),
        ),
    }
    return AuditRecord(**{**fields, **changes})  # type: ignore[arg-type]


def wide_record(groups: int = 30) -> AuditRecord:
    """Three attributes of many groups each, for size and speed."""
    tables = {
        attribute: {
            f"{attribute} {k}": (
                90 * (groups - k) + 140,
                6 * (groups - k) + 12 + k % 5,
                20 * (groups - k) + 30,
                8 * (groups - k) + 15,
                7 * (groups - k) + 12,
                3 * (groups - k) + 11,
            )
            for k in range(groups)
        }
        for attribute in ("nationality", "region", "age_band")
    }
    plan = Plan(attributes=tuple(tables), features=("x",), capacity=500, steps=STEPS)
    reason = Reason(word="refer", rule="no-rules", audit="policy", text=Text(en="No rules.", nl="Geen regels."))
    return record_of(
        plan=plan,
        outcomes=tuple(selection_outcome(attribute, table) for attribute, table in tables.items()),
        decision=Decision.of((reason,)),
        reviews=(),
    )


@pytest.fixture(scope="session")
def record() -> AuditRecord:
    return record_of()


@pytest.fixture(scope="session")
def wide() -> AuditRecord:
    return wide_record()


@pytest.fixture(scope="session")
def pages(record: AuditRecord) -> Mapping[str, str]:
    return Pages(questions=QUESTIONS).pages(record)
