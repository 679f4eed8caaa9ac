"""Recognised sponsors: what they are like, and which permits are theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igw_audit.intake.synthetic.clusters import affinities, assign, sizes_with_a_heavy_tail
from igw_audit.intake.synthetic.draws import Codes, Draws, Floats, expit, standardised
from igw_audit.intake.synthetic.people import People

SECTORS = ("ict", "business services", "industry", "research and education", "trade", "finance", "hospitality",
            "agriculture", "care", "other")  # fmt: skip
#: Three in four permits of people from India are in IT; over everyone it is about 23 %, business services 24 %.
_SECTOR_SHARES = {
    "India": (0.75, 0.12, 0.04, 0.02, 0.02, 0.03, 0.005, 0.005, 0.005, 0.005),
    "Pakistan": (0.40, 0.25, 0.10, 0.08, 0.06, 0.06, 0.02, 0.01, 0.01, 0.01),
    "China": (0.05, 0.18, 0.35, 0.20, 0.10, 0.06, 0.03, 0.01, 0.01, 0.01),
    "Japan": (0.02, 0.22, 0.30, 0.06, 0.26, 0.10, 0.02, 0.005, 0.005, 0.01),
}
_SECTOR_OTHER = (0.04, 0.30, 0.19, 0.15, 0.12, 0.09, 0.04, 0.02, 0.03, 0.02)
#: Where the board comes from, in the classes of CBS.
ORIGINS = ("Netherlands", "Europe excluding the Netherlands", "outside Europe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsors:
    """One entry a sponsor."""

    weight: Floats
    sector: Codes
    origin: Codes
    lateness: Floats
    strain: Floats
    warned: npt.NDArray[np.int8]


def draw_sponsors(draws: Draws, n: int) -> Sponsors:
    """Draw recognised sponsors: about eight permits each on average, few with very many."""
    count = max(60, n // 8)
    everyone = np.zeros(count, dtype=np.int64)
    sector = draws.choice(
        "sponsor sector", np.array([[0.2, 0.26, 0.15, 0.05, 0.12, 0.07, 0.07, 0.02, 0.03, 0.03]]), everyone
    )
    sector[: len(SECTORS)] = np.arange(len(SECTORS))  # every sector has a sponsor
    origin = draws.choice("board origin", np.array([[0.68, 0.17, 0.15]]), everyone)
    weight = sizes_with_a_heavy_tail(draws, "sponsor", count) * np.where(origin == 2, 0.6, 1.0)
    return Sponsors(
        weight=weight,
        sector=sector,
        origin=origin,
        lateness=draws.normal("sponsor lateness", count),
        strain=draws.normal("sponsor strain", count),
        warned=draws.flag("prior warning", 0.07, count),
    )


def sponsor_columns(draws: Draws, sponsors: Sponsors) -> dict[str, npt.NDArray[np.generic]]:
    """Describe each sponsor. Website, staff and age go with the board's origin (as in the risk model of 2014-2021)."""
    count = len(sponsors.weight)
    outside = sponsors.origin == 2
    size = standardised(np.log(sponsors.weight))
    fte = np.exp(3.2 + 1.1 * size + 0.6 * draws.normal("fte", count) - 0.7 * outside)
    age = np.exp(2.3 + 0.8 * draws.normal("company age", count) - 0.7 * outside)
    forms = np.array(["bv", "nv", "stichting", "vof", "eenmanszaak"], dtype=object)
    form = draws.choice(
        "legal form",
        np.array([[0.76, 0.08, 0.12, 0.03, 0.01], [0.80, 0.01, 0.02, 0.11, 0.06]]),
        outside.astype(np.int64),
    )
    return {
        "legal_form": forms[form],
        "company_age_years": np.maximum(age, 0.5).round(1),
        "fte": np.maximum(fte, 1.0).round(1),
        "share_permit_holders": expit(-1.9 + 0.9 * draws.normal("permit holders", count)).round(3),
        "sector": np.array(SECTORS, dtype=object)[sponsors.sector],
        "own_website": draws.flag("own website", np.where(outside, 0.62, 0.93), count),
        "turnover_wage_ratio": np.exp(0.9 - 0.35 * sponsors.strain).round(2),
        "negative_equity": (sponsors.strain + draws.normal("equity", count) > 1.9).astype(np.int8),
        "solvency_proof": draws.flag("solvency proof", 0.9, count),
        "sponsor_address_changes": draws.of("sponsor address changes").poisson(0.3, count),
        "prior_warning": sponsors.warned,
        "payroll_agency": draws.flag("payroll agency", 0.05, count),
    }


def place(draws: Draws, people: People, sponsors: Sponsors, *, shares: tuple[float, ...]) -> tuple[Codes, Codes]:
    """Give each case its sector and its sponsor: within a sector, sponsors differ in where they recruit."""
    chances = people.rows(_SECTOR_SHARES, _SECTOR_OTHER)
    sector = draws.choice("sector", chances, people.nationality)
    named = len(shares)
    taste = affinities(draws, "sponsor", count=len(sponsors.weight), groups=named + 1, spread=0.8)
    home = draws.choice("home", np.array([[*shares, 1 - sum(shares)]]), sponsors.origin * 0)
    # a board from outside Europe recruits more in one country
    taste[home, np.arange(len(home))] *= np.where(sponsors.origin == 2, 6.0, 1.0)
    group = np.minimum(people.nationality, named)
    inside = sponsors.sector[None, :] == np.arange(len(SECTORS))[:, None]
    weight = (inside[:, None, :] * taste[None, :, :] * sponsors.weight).reshape(-1, len(sponsors.weight))
    return sector, assign(draws, "sponsor", weight, sector * (named + 1) + group)
