"""The study pilot: residence permits of students, followed through their institution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from igw_audit.core.text import Text
from igw_audit.intake.synthetic.clusters import affinities, assign, sizes_with_a_heavy_tail
from igw_audit.intake.synthetic.draws import Codes, Draws, Floats, standardised
from igw_audit.intake.synthetic.people import People, Population
from igw_audit.intake.synthetic.pilot import Pilot, PilotColumns, PlantedProxy
from igw_audit.intake.synthetic.scenario import Switches
from igw_audit.intake.synthetic.violations import TrueRates

#: Order of the first five as published (2021, 2024), sizes assumed.
_POPULATION = Population(
    weights={
        "China": 0.21, "India": 0.13, "United States": 0.09, "Turkey": 0.08, "Indonesia": 0.06, "United Kingdom": 0.05,
        "Iran": 0.04, "South Korea": 0.04, "Vietnam": 0.03, "South Africa": 0.02,
    },
    affected=("China", "Vietnam"),
    age_bands=(0.66, 0.24, 0.09, 0.01),
    men=0.49,
)  # fmt: skip

INSTITUTIONS = 64
_TYPES = ("research university", "university of applied sciences", "private institution")
_SOURCES = ("family", "own means", "scholarship", "loan", "employer")
_SOURCE_SHARES = {
    "China": (0.80, 0.08, 0.08, 0.03, 0.01),
    "Vietnam": (0.72, 0.08, 0.16, 0.03, 0.01),
    "Indonesia": (0.38, 0.08, 0.48, 0.04, 0.02),
    "United States": (0.25, 0.20, 0.12, 0.42, 0.01),
}
_SOURCE_OTHER = (0.42, 0.22, 0.18, 0.15, 0.03)
_PRIOR = ("secondary school", "bachelor", "preparatory year", "exchange before")
_PRIOR_SHARES = {
    "China": (0.12, 0.34, 0.50, 0.04),
    "Vietnam": (0.14, 0.36, 0.44, 0.06),
}
_PRIOR_OTHER = (0.34, 0.46, 0.12, 0.08)
#: Educated in English: no language test is asked.
_EXEMPT = ("United States", "United Kingdom", "South Africa", "Australia", "Canada", "New Zealand", "Singapore")


def _institution_columns(draws: Draws) -> tuple[dict[str, npt.NDArray[np.generic]], Floats]:
    """Describe each institution, with how late it reports and how strictly it follows its students."""
    everyone = np.zeros(INSTITUTIONS, dtype=np.int64)
    kind = draws.choice("institution type", np.array([[0.22, 0.56, 0.22]]), everyone)
    names = np.array([f"I{number:02d}" for number in range(INSTITUTIONS)], dtype=object)
    strain = draws.normal("institution strain", INSTITUTIONS)
    return {"institution_id": names, "institution_type": np.array(_TYPES, dtype=object)[kind]}, strain


def _place(draws: Draws, people: People) -> Codes:
    named = len(_POPULATION.weights)
    taste = affinities(draws, "institution", count=INSTITUTIONS, groups=named + 1, spread=0.35)
    weight = taste * sizes_with_a_heavy_tail(draws, "institution", INSTITUTIONS)
    return assign(draws, "institution", weight, np.minimum(people.nationality, named))


def _progress(draws: Draws, effort: Floats) -> dict[str, npt.NDArray[np.generic]]:
    """Draw study progress: below half of the nominal credits is a shortfall, all of them in a preparatory year."""
    n = len(effort)
    level = draws.choice("level", np.array([[0.46, 0.47, 0.07]]), np.zeros(n, dtype=np.int64))
    february = draws.flag("february start", 0.12, n)
    nominal = np.where(february == 1, 30, 60)
    ratio = np.clip(0.86 - 0.16 * effort, 0.0, 1.0)
    credits = np.round(ratio * nominal / 5) * 5
    ratio = credits / nominal
    short = ratio < np.where(level == 2, 1.0, 0.5)
    return {
        "level": np.array(["bachelor", "master", "preparatory year"], dtype=object)[level],
        "february_start": february,
        "ects_obtained": credits,
        "ects_nominal": nominal,
        "ects_ratio": ratio.round(3),
        "below_progress_norm": short.astype(np.int8),
        # one in three shortfalls is excused, and a reason counts once
        "excusable_reason": (short & (draws.uniform("excusable", n) < 1 / 3)).astype(np.int8),
    }


def _draw(draws: Draws, people: People, switches: Switches, dates: npt.NDArray[np.datetime64]) -> PilotColumns:
    n = people.n
    described, strain = _institution_columns(draws)
    institution = _place(draws, people)
    effort = draws.normal("effort", n) + switches.base_rates * people.affected
    work = np.maximum(draws.normal("work", n) * 8 + 6, 0)
    gap = draws.of("enrolment gap").exponential(12.0, n)
    means = draws.normal("means", n)
    switched = draws.flag("study switch", 0.09, n)
    moved = draws.of("address changes").poisson(0.8, n)
    shift = people.late & people.affected & (switches.sample_shift > 0)
    exempt = np.isin(np.array(people.names), _EXEMPT)[people.nationality]
    source = draws.choice("tuition source", people.rows(_SOURCE_SHARES, _SOURCE_OTHER), people.nationality)
    prior = draws.choice("prior education", people.rows(_PRIOR_SHARES, _PRIOR_OTHER), people.nationality)
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    progress = _progress(draws, effort)
    columns: dict[str, npt.NDArray[np.generic]] = {
        **{name: values[institution] for name, values in described.items()},
        **progress,
        "language_test_present": draws.flag("language test", np.where(exempt, 0.06, 0.97), n),
        "tuition_source": np.array(_SOURCES, dtype=object)[source],
        "prior_education": np.array(_PRIOR, dtype=object)[prior],
        "means_ratio": np.exp(0.2 - 0.25 * means).round(2),
        "work_hours_week": work.round(0),
        "enrolment_gap_days": gap.round(0),
        "study_switch": switched,
        "address_changes": moved + shift,
        "late_report_days": np.maximum(np.round(5 * strain[institution] + 7 * draws.normal("late report", n)), 0),
        "months_enrolled": (1 + draws.of("months enrolled").exponential(16.0, n)).round(0),
        "decision_month": month + 1,
        "queue_digit": draws.of("queue digit").integers(0, 10, n),
    }
    risk = 0.9 * effort + 0.07 * (work - 8) + 0.03 * (gap - 12) + 0.5 * means + 0.7 * switched + 0.4 * (moved - 0.8)
    clustered = 1.0 * (source == 0) + 1.2 * (prior == 2)
    return PilotColumns(columns=columns, risk=risk, proxy=standardised(clustered))


PILOT = Pilot(
    name="study",
    prefix="S",
    population=_POPULATION,
    rates=TrueRates(administrative=0.05, deliberate_false_information=0.02, public_order=0.001),
    defaults=Switches(not_recorded=0.02),
    year_shares=dict(zip(range(2018, 2027), (0.11, 0.13, 0.07, 0.12, 0.13, 0.13, 0.13, 0.13, 0.05), strict=True)),
    drivers=("ects_ratio", "work_hours_week", "enrolment_gap_days", "means_ratio", "study_switch", "address_changes"),
    shifting="address_changes",
    declared_driver="ects_ratio",
    proxies=(
        PlantedProxy(
            column="tuition_source",
            active=True,
            mechanism=Text(
                en="who pays for a study abroad differs by country",
                nl="wie een studie in het buitenland betaalt, verschilt per land",
            ),
        ),
        PlantedProxy(
            column="prior_education",
            active=True,
            mechanism=Text(
                en="some diplomas give entry only after a preparatory year",
                nl="sommige diploma's geven pas toegang na een voorbereidend jaar",
            ),
        ),
        PlantedProxy(
            column="language_test_present",
            active=False,
            mechanism=Text(
                en="no test is asked of people educated in English",
                nl="wie Engelstalig onderwijs volgde, hoeft geen toets te doen",
            ),
        ),
    ),
    controls=("queue_digit", "decision_month"),
    draw=_draw,
)
