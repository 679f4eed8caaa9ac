"""The knowledge pilot: permits of knowledge migrants, many of them with the same recognised sponsor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igw_audit.core.text import Text
from igw_audit.intake.synthetic.draws import Bools, Codes, Draws, Floats, standardised
from igw_audit.intake.synthetic.norms import salary_norm
from igw_audit.intake.synthetic.people import People, Population, where_recorded
from igw_audit.intake.synthetic.pilot import Pilot, PilotColumns, PlantedProxy
from igw_audit.intake.synthetic.scenario import Switches
from igw_audit.intake.synthetic.sponsors import ORIGINS, SECTORS, draw_sponsors, place, sponsor_columns
from igw_audit.intake.synthetic.violations import TrueRates

#: Order of first share: named nationalities as published for 2022 where known (India, Turkey, Russia), else assumed.
_POPULATION = Population(
    weights={
        "India": 0.26, "Turkey": 0.11, "China": 0.08, "Russia": 0.06, "South Africa": 0.06, "United States": 0.06,
        "United Kingdom": 0.05, "Iran": 0.04, "Brazil": 0.04, "Pakistan": 0.03, "Egypt": 0.03, "Japan": 0.03,
        "Ukraine": 0.02, "South Korea": 0.02, "Mexico": 0.02,
    },
    affected=("India", "Pakistan", "Bangladesh", "Sri Lanka", "Nepal"),
    age_bands=(0.06, 0.30, 0.44, 0.20),
    men=0.74,
)  # fmt: skip

_JOBS = ("software developer", "data analyst", "engineer", "consultant", "researcher", "financial specialist",
         "marketing specialist", "manager", "cook", "other")  # fmt: skip
_JOB_SHARES = {
    "ict": (0.72, 0.12, 0.06, 0.05, 0.01, 0.00, 0.01, 0.02, 0.00, 0.01),
    "industry": (0.06, 0.05, 0.62, 0.05, 0.06, 0.03, 0.02, 0.09, 0.00, 0.02),
    "research and education": (0.04, 0.10, 0.10, 0.02, 0.66, 0.00, 0.01, 0.05, 0.00, 0.02),
    "finance": (0.12, 0.18, 0.02, 0.12, 0.02, 0.44, 0.02, 0.06, 0.00, 0.02),
    "hospitality": (0.02, 0.02, 0.02, 0.06, 0.00, 0.04, 0.10, 0.34, 0.30, 0.10),
}
_JOB_OTHER = (0.10, 0.10, 0.14, 0.26, 0.03, 0.09, 0.13, 0.12, 0.00, 0.03)

#: Postcode-4 by town; Amstelveen has 57 and Eindhoven 28 knowledge migrants per 1,000 inhabitants.
_TOWNS = {
    "Amstelveen": tuple(range(1181, 1189)),
    "Eindhoven": tuple(range(5611, 5624)),
    "Amsterdam": tuple(range(1011, 1019)),
    "Den Haag": tuple(range(2511, 2519)),
    "Rotterdam": tuple(range(3011, 3017)),
    "Utrecht": tuple(range(3511, 3517)),
    "elsewhere": (2611, 2628, 6511, 6525, 7511, 7522, 9711, 9721, 6211, 4811),
}
_TOWN_SHARES = {
    "India": (0.38, 0.26, 0.12, 0.10, 0.05, 0.05, 0.04),
    "Pakistan": (0.30, 0.20, 0.16, 0.14, 0.08, 0.06, 0.06),
    "Bangladesh": (0.28, 0.20, 0.17, 0.14, 0.08, 0.06, 0.07),
    "Sri Lanka": (0.28, 0.20, 0.17, 0.14, 0.08, 0.06, 0.07),
    "Nepal": (0.28, 0.20, 0.17, 0.14, 0.08, 0.06, 0.07),
    "Japan": (0.55, 0.05, 0.20, 0.06, 0.06, 0.03, 0.05),
    "Turkey": (0.06, 0.18, 0.28, 0.18, 0.14, 0.07, 0.09),
    "China": (0.07, 0.24, 0.22, 0.15, 0.13, 0.07, 0.12),
}
_TOWN_OTHER = (0.05, 0.08, 0.34, 0.18, 0.12, 0.10, 0.13)


def _towns(draws: Draws, people: People) -> tuple[Codes, npt.NDArray[np.object_]]:
    town = draws.choice("town", people.rows(_TOWN_SHARES, _TOWN_OTHER), people.nationality)
    u = draws.uniform("postcode", people.n)
    lists = list(_TOWNS.values())
    sizes = np.array([len(codes) for codes in lists])
    padded = np.array([[*codes, *([0] * (int(sizes.max()) - len(codes)))] for codes in lists])
    postcode = padded[town, (u * sizes[town]).astype(np.int64)]
    return town, postcode.astype(str).astype(object)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Latent:
    """What lies behind a permit's columns and drives its risk; one entry a case."""

    short: Floats
    late: Floats
    margin: Floats
    months: Floats
    moved: Codes
    director: npt.NDArray[np.int8]

    def risk(self) -> Floats:
        """Add up what the drivers of the permit itself say, in log-odds."""
        pay = 0.9 * self.short - 0.5 * standardised(np.log(self.margin))
        stay = 0.45 * (self.moved - 0.5) - 0.6 * (self.months - 22) / 22
        return np.asarray(pay + stay + 0.5 * self.late + 1.1 * self.director, dtype=np.float64)


def _latent(draws: Draws, people: People, switches: Switches) -> _Latent:
    n = people.n
    return _Latent(
        short=draws.normal("salary paid", n) + switches.base_rates * people.affected,
        late=draws.normal("notification", n),
        margin=np.exp(0.45 * draws.normal("salary", n) - 1.5),
        months=np.minimum(draws.of("months employed").exponential(22.0, n), 60.0),
        moved=draws.of("address changes").poisson(0.5, n).astype(np.int64),
        director=draws.flag("director", 0.03, n),
    )


def _pay_columns(
    draws: Draws, people: People, latent: _Latent, dates: npt.NDArray[np.datetime64]
) -> dict[str, npt.NDArray[np.generic]]:
    """Describe pay against the norm of the year, and the permit before: the reduced norm follows from it."""
    n = people.n
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    reduced: Bools = draws.uniform("reduced norm", n) < np.where(people.under_30, 0.25, 0.04)
    norm = salary_norm(year, people.under_30, reduced)
    previous = np.array(["none", "orientation year", "study", "knowledge migrant", "other"], dtype=object)
    chances = np.array([[0.55, 0, 0.05, 0.3, 0.1], [0, 0.8, 0.2, 0, 0]])
    return {
        "salary_norm": norm,
        "salary_month": (norm * (1 + latent.margin)).round(0),
        "salary_ratio": (1 + latent.margin).round(3),
        "salary_paid_ratio": np.clip(1.0 - 0.05 * latent.short, 0.4, 1.3).round(3),
        "reduced_norm": reduced.astype(np.int8),
        "previous_permit": previous[draws.choice("previous permit", chances, np.where(reduced, 1, 0))],
    }


def _stay_columns(
    draws: Draws, people: People, latent: _Latent, switches: Switches
) -> dict[str, npt.NDArray[np.generic]]:
    """Describe the contract and the stay."""
    n = people.n
    shifted = people.late & people.affected & (switches.sample_shift > 0)
    contract = draws.choice("contract", np.array([[0.45, 0.2, 0.1, 0.25]]), np.zeros(n, dtype=np.int64))
    return {
        "contract_months": np.array([12, 24, 36, 60])[contract],
        "months_employed": latent.months.round(0),
        "months_since_arrival": (latent.months + draws.of("arrival").exponential(6.0, n)).round(0),
        "address_changes": latent.moved + shifted,
        "director_is_permit_holder": latent.director,
        "education_recognised": draws.flag("education recognised", 0.8, n),
        "dependants": draws.of("dependants").poisson(0.7, n),
        "queue_digit": draws.of("queue digit").integers(0, 10, n),
    }


def _draw(draws: Draws, people: People, switches: Switches, dates: npt.NDArray[np.datetime64]) -> PilotColumns:
    sponsors = draw_sponsors(draws, people.n)
    sector, sponsor = place(draws, people, sponsors, shares=tuple(_POPULATION.weights.values()))
    own = {name: values[sponsor] for name, values in sponsor_columns(draws, sponsors).items()}
    latent = _latent(draws, people, switches)
    lateness = 0.6 * sponsors.lateness[sponsor] + 0.8 * latent.late
    town, postcode = _towns(draws, people)
    jobs = np.array([_JOB_SHARES.get(name, _JOB_OTHER) for name in SECTORS])
    columns: dict[str, npt.NDArray[np.generic]] = {
        "sponsor_id": np.char.add("S", np.char.zfill(sponsor.astype(str), 5)).astype(object),
        **own,
        "notification_days_late": np.maximum(np.round(np.exp(1.6 + 0.8 * lateness) - 5), 0),
        **_pay_columns(draws, people, latent, dates),
        **_stay_columns(draws, people, latent, switches),
        "job_code": np.array(_JOBS, dtype=object)[draws.choice("job", jobs, sector)],
        "postcode4": postcode,
    }
    strain = 0.45 * sponsors.strain[sponsor] + 0.7 * sponsors.warned[sponsor] + 0.3 * sponsors.lateness[sponsor]
    origin = np.array(ORIGINS, dtype=object)[sponsors.origin[sponsor]]
    unknown = draws.uniform("board origin not recorded", people.n) < switches.not_recorded
    clustered = 1.3 * np.isin(town, (0, 1)) + 1.0 * (sector == 0)
    return PilotColumns(
        columns=columns,
        protected={"board_origin": where_recorded(origin, unknown)},
        risk=latent.risk() + strain,
        proxy=standardised(clustered),
    )


PILOT = Pilot(
    name="knowledge",
    prefix="K",
    population=_POPULATION,
    rates=TrueRates(administrative=0.055, deliberate_false_information=0.025, public_order=0.001),
    defaults=Switches(),
    year_shares=dict(zip(range(2018, 2027), (0.09, 0.11, 0.07, 0.10, 0.15, 0.15, 0.14, 0.13, 0.06), strict=True)),
    drivers=(
        "salary_paid_ratio",
        "notification_days_late",
        "address_changes",
        "director_is_permit_holder",
        "months_employed",
        "salary_ratio",
        "turnover_wage_ratio",
        "negative_equity",
        "prior_warning",
    ),
    shifting="address_changes",
    declared_driver="salary_paid_ratio",
    proxies=(
        PlantedProxy(
            column="postcode4",
            active=True,
            mechanism=Text(
                en="people from one country settle near one another (Amstelveen, Eindhoven)",
                nl="mensen uit één land gaan bij elkaar wonen (Amstelveen, Eindhoven)",
            ),
        ),
        PlantedProxy(
            column="sector",
            active=True,
            mechanism=Text(
                en="three in four knowledge migrants from India work in IT",
                nl="drie op de vier kennismigranten uit India werken in de IT",
            ),
        ),
        PlantedProxy(
            column="job_code",
            active=False,
            mechanism=Text(
                en="follows from the sector",
                nl="volgt uit de sector",
            ),
        ),
        PlantedProxy(
            column="own_website",
            active=False,
            mechanism=Text(
                en="a board from outside Europe: younger and smaller firms, less often with a website",
                nl="een bestuur van buiten Europa: jongere en kleinere bedrijven, minder vaak met een website",
            ),
        ),
        PlantedProxy(
            column="company_age_years",
            active=False,
            mechanism=Text(
                en="goes with the origin of the board",
                nl="hangt samen met de herkomst van het bestuur",
            ),
        ),
        PlantedProxy(
            column="fte",
            active=False,
            mechanism=Text(
                en="goes with the origin of the board",
                nl="hangt samen met de herkomst van het bestuur",
            ),
        ),
    ),
    controls=("queue_digit",),
    draw=_draw,
)
