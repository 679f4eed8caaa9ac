"""The talent pilot: orientation-year permits of graduates, and researchers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from igw_audit.core.text import Text
from igw_audit.intake.synthetic.draws import Draws, Floats, standardised
from igw_audit.intake.synthetic.norms import SALARY_NORMS
from igw_audit.intake.synthetic.people import People, Population
from igw_audit.intake.synthetic.pilot import Pilot, PilotColumns, PlantedProxy
from igw_audit.intake.synthetic.scenario import Switches
from igw_audit.intake.synthetic.violations import TrueRates

#: Assumed throughout: no published mix was found.
_POPULATION = Population(
    weights={
        "India": 0.17, "China": 0.12, "Turkey": 0.09, "Iran": 0.09, "United States": 0.07, "Indonesia": 0.05,
        "Brazil": 0.04, "Russia": 0.04, "Pakistan": 0.03, "Nigeria": 0.03,
    },
    affected=("Turkey", "Iran"),
    age_bands=(0.28, 0.50, 0.20, 0.02),
    men=0.52,
)  # fmt: skip

_ROUTES = ("degree in the Netherlands", "top-200 university abroad", "researcher")
_FIELDS = ("engineering", "business", "arts and design", "science", "social sciences", "health")
_FIELD_SHARES = {
    "Iran": (0.66, 0.07, 0.09, 0.12, 0.03, 0.03),
    "Turkey": (0.56, 0.12, 0.14, 0.08, 0.07, 0.03),
    "India": (0.40, 0.30, 0.05, 0.16, 0.04, 0.05),
}
_FIELD_OTHER = (0.20, 0.26, 0.20, 0.14, 0.15, 0.05)
_TOWNS = ("Delft", "Eindhoven", "Enschede", "Amsterdam", "Rotterdam", "Utrecht", "Groningen", "elsewhere")
_TOWN_SHARES = {
    "Iran": (0.27, 0.24, 0.18, 0.12, 0.06, 0.04, 0.04, 0.05),
    "Turkey": (0.20, 0.22, 0.14, 0.20, 0.09, 0.05, 0.04, 0.06),
}
_TOWN_OTHER = (0.08, 0.09, 0.05, 0.32, 0.15, 0.11, 0.10, 0.10)


def _work_columns(
    draws: Draws, pay: Floats, job: npt.NDArray[np.int8], dates: npt.NDArray[np.datetime64]
) -> dict[str, npt.NDArray[np.generic]]:
    """Describe the job, if there is one: an orientation year asks for none, so salary may be missing."""
    n = len(pay)
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    norms = np.array([SALARY_NORMS[value].reduced for value in sorted(SALARY_NORMS)], dtype=np.float64)
    norm = norms[year - min(SALARY_NORMS)]
    ratio = np.exp(0.14 + 0.28 * pay)
    nobody = np.full(n, np.nan)
    return {
        "job_found": job,
        "salary_month": np.where(job == 1, (ratio * norm).round(0), nobody),
        "salary_ratio": np.where(job == 1, ratio.round(3), nobody),
        "employer_recognised": np.where(job == 1, draws.flag("employer recognised", 0.55, n), 0).astype(np.int8),
        "hours_week": np.where(job == 1, np.clip(34 + 5 * draws.normal("hours", n), 4, 40).round(0), 0),
    }


def _draw(draws: Draws, people: People, switches: Switches, dates: npt.NDArray[np.datetime64]) -> PilotColumns:
    n = people.n
    everyone = np.zeros(n, dtype=np.int64)
    job = draws.flag("job found", 0.62, n)
    pay = draws.normal("pay", n) - switches.base_rates * people.affected
    verified = draws.flag("degree verified", 0.86, n)
    queries = draws.of("document queries").poisson(0.6, n)
    since = np.minimum(draws.of("months since degree").exponential(9.0, n), 36.0)
    late = np.maximum(np.round(draws.normal("late report", n) * 12), 0)
    moved = draws.of("address changes").poisson(0.9, n)
    shift = people.late & people.affected & (switches.sample_shift > 0)
    route = draws.choice("route", np.array([[0.70, 0.16, 0.14]]), everyone)
    study = draws.choice("field", people.rows(_FIELD_SHARES, _FIELD_OTHER), people.nationality)
    town = draws.choice("town", people.rows(_TOWN_SHARES, _TOWN_OTHER), people.nationality)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "admission_route": np.array(_ROUTES, dtype=object)[route],
        "months_since_degree": since.round(0),
        "degree_verified": verified,
        "document_queries": queries,
        **_work_columns(draws, pay, job, dates),
        "address_changes": moved + shift,
        "late_report_days": late,
        "months_on_permit": draws.of("months on permit").integers(0, 13, n),
        "field_of_study": np.array(_FIELDS, dtype=object)[study],
        "town": np.array(_TOWNS, dtype=object)[town],
        "queue_digit": draws.of("queue digit").integers(0, 10, n),
    }
    risk = (
        1.4 * (1 - verified)
        + 0.6 * (queries - 0.6)
        + 0.05 * (late - 5)
        + 0.4 * (moved - 0.9)
        - 0.7 * pay * job
        + 0.04 * (since - 9)
    )
    clustered = 1.2 * (study == 0) + 1.2 * (town < 3)
    return PilotColumns(columns=columns, risk=risk, proxy=standardised(clustered))


PILOT = Pilot(
    name="talent",
    prefix="T",
    population=_POPULATION,
    rates=TrueRates(administrative=0.03, deliberate_false_information=0.02, public_order=0.0005),
    # a young pilot with a light desk check: more than half is drawn at random, to learn (RDI 50 %, UWV 30 %);
    # nationality and sex come from the passport
    defaults=Switches(capacity=0.3, random_share=0.6, not_recorded=0.0),
    year_shares=dict(zip(range(2018, 2027), (0.08, 0.10, 0.09, 0.11, 0.13, 0.14, 0.14, 0.14, 0.07), strict=True)),
    drivers=(
        "degree_verified",
        "document_queries",
        "late_report_days",
        "address_changes",
        "salary_ratio",
        "months_since_degree",
    ),
    shifting="address_changes",
    declared_driver="salary_ratio",
    proxies=(
        PlantedProxy(
            column="field_of_study",
            active=True,
            mechanism=Text(
                en="people from some countries come mostly for engineering",
                nl="mensen uit sommige landen komen vooral voor techniek",
            ),
        ),
        PlantedProxy(
            column="town",
            active=True,
            mechanism=Text(
                en="engineering is taught in Delft, Eindhoven and Enschede",
                nl="techniek wordt gegeven in Delft, Eindhoven en Enschede",
            ),
        ),
    ),
    controls=("queue_digit",),
    draw=_draw,
)
