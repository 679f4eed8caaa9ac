"""What a pilot module gives: its facts, and the columns that it draws for its people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from igw_audit.core.text import Text
from igw_audit.intake.synthetic.draws import Draws, Floats
from igw_audit.intake.synthetic.people import People, Population
from igw_audit.intake.synthetic.scenario import Switches
from igw_audit.intake.synthetic.violations import TrueRates

Column = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedProxy:
    """A column that goes with nationality; in the scenario ``proxy`` it drives violations and scores if ``active``."""

    column: str
    active: bool
    mechanism: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotColumns:
    """The drawn columns of a pilot, one entry a case.

    Attributes
    ----------
    columns : dict
        Column name -> values, in the order of the file.
    protected : dict
        Further protected attributes, beside nationality, sex and age band.
    risk : ndarray of float64
        Log-odds that the drivers add to a deliberate violation.
    proxy : ndarray of float64
        The active proxies together, standardised.
    """

    columns: dict[str, Column]
    risk: Floats
    proxy: Floats
    protected: dict[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """One pilot: who applies, how often things go wrong, and which columns drive that or merely go with nationality.

    Attributes
    ----------
    year_shares : dict
        Share of cases by year of decision.
    drivers : tuple of str
        Columns that the true violation depends on, in every scenario.
    shifting : str
        The driver that the scenario ``sample_shift`` registers differently.
    declared_driver : str
        The declared factor that the scenario ``base_rates`` shifts.
    controls : tuple of str
        Columns that are pure noise and must not be flagged.
    """

    name: str
    prefix: str
    population: Population
    rates: TrueRates
    defaults: Switches
    year_shares: dict[int, float]
    drivers: tuple[str, ...]
    shifting: str
    declared_driver: str
    proxies: tuple[PlantedProxy, ...]
    controls: tuple[str, ...]
    draw: Callable[[Draws, People, Switches, npt.NDArray[np.datetime64]], PilotColumns]


def decision_dates(draws: Draws, year_shares: dict[int, float], n: int) -> npt.NDArray[np.datetime64]:
    """Draw the days of decision, earliest first; the last year runs to the end of June."""
    years = np.array(sorted(year_shares))
    shares = np.array([[year_shares[year] for year in years.tolist()]], dtype=np.float64)
    year = years[draws.choice("year", shares, np.zeros(n, dtype=np.int64))]
    length = np.where(year == years[-1], 181, 365)
    day = (draws.uniform("day", n) * length).astype(np.int64)
    dates = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + day
    return np.sort(dates)
