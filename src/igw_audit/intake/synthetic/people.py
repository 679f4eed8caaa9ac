"""The people behind the cases: nationality, sex and age band, kept apart from the cases themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from igw_audit.intake.synthetic.draws import Bools, Codes, Draws, Floats

#: From here on (share of cases in order of time) the sample shift has happened.
SHIFT_AT = 0.7
AGE_BANDS = ("under 25", "25-29", "30-39", "40 and over")

_REST = (
    "Nigeria", "Australia", "Canada", "Argentina", "Colombia", "Philippines", "Malaysia", "Singapore", "Thailand",
    "Lebanon", "Jordan", "Saudi Arabia", "Morocco", "Tunisia", "Israel", "Georgia", "Armenia", "Azerbaijan",
    "Kazakhstan", "Serbia", "Albania", "Belarus", "Kenya", "Ghana", "Ethiopia", "Uganda", "Cameroon",
    "Suriname", "Peru", "Chile", "Venezuela", "Ecuador", "New Zealand", "Sri Lanka", "Bangladesh", "Nepal", "Taiwan",
    "Zimbabwe", "Tanzania",
    "Indonesia", "Vietnam", "Pakistan", "Brazil", "Mexico", "Egypt", "Japan", "South Korea", "Ukraine", "Russia",
    "South Africa", "United States", "United Kingdom", "Iran", "Turkey", "China", "India",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Who applies in a pilot.

    Attributes
    ----------
    weights : dict
        Share of the named nationalities; the remainder is spread over other countries, falling by rank.
    affected : tuple of str
        The nationalities that a scenario's bias touches. A choice for the example, no statement about anyone.
    age_bands : tuple of float
        Share of each of ``AGE_BANDS``.
    men : float
        Share of men.
    """

    weights: dict[str, float]
    affected: tuple[str, ...]
    age_bands: tuple[float, float, float, float]
    men: float

    def shares(self) -> pd.Series:
        """Give the share of every nationality, by name of country, in a fixed order."""
        rest = [name for name in _REST if name not in self.weights]
        tail = 1.0 / (np.arange(len(rest)) + 4.0)
        left = 1.0 - sum(self.weights.values())
        return pd.Series({**self.weights, **dict(zip(rest, left * tail / tail.sum(), strict=True))}, dtype="float64")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One entry a case, in order of time.

    Attributes
    ----------
    names : tuple of str
        Every nationality; ``nationality`` holds positions in it.
    late : ndarray of bool
        Whether the case falls after the point where the sample may shift.
    """

    names: tuple[str, ...]
    nationality: Codes
    affected: Bools
    late: Bools
    sex: Codes
    age_band: Codes

    @property
    def n(self) -> int:
        """Number of cases."""
        return len(self.nationality)

    @property
    def under_30(self) -> Bools:
        """Tell whose age is under thirty."""
        return self.age_band < 2

    def rows(self, table: Mapping[str, tuple[float, ...]], other: tuple[float, ...]) -> Floats:
        """Give chances by nationality, shape (nationalities, categories): those named in ``table``, else ``other``."""
        return np.array([table.get(name, other) for name in self.names], dtype=np.float64)


def draw_people(draws: Draws, population: Population, *, n: int, sample_shift: float) -> People:
    """Draw who the cases are about; ``sample_shift`` raises the share of the affected among the latest cases."""
    shares = population.shares()
    names = tuple(str(name) for name in shares.index)
    touched = np.isin(names, population.affected)
    late = np.arange(n) >= int(SHIFT_AT * n)
    weights = shares.to_numpy()
    chances = np.vstack([weights, np.where(touched, weights * (1 + sample_shift), weights)])
    nationality = draws.choice("nationality", chances, late.astype(np.int64))
    everyone = np.zeros(n, dtype=np.int64)
    return People(
        names=names,
        nationality=nationality,
        affected=touched[nationality],
        late=late,
        sex=draws.choice("sex", np.array([[population.men, 1 - population.men]]), everyone),
        age_band=draws.choice("age band", np.array([population.age_bands]), everyone),
    )


def where_recorded(values: npt.NDArray[np.object_], lost: Bools) -> npt.NDArray[np.object_]:
    """Give the values with None where they were not recorded."""
    held = values.copy()
    held[lost] = None
    return held


def protected_table(draws: Draws, people: People, ids: pd.Series, *, not_recorded: float) -> pd.DataFrame:
    """Write the protected attributes as a register would: some nationalities and ages are not recorded, at random."""
    values = {
        "nationality": np.array(people.names, dtype=object)[people.nationality],
        "age_band": np.array(AGE_BANDS, dtype=object)[people.age_band],
    }
    held = {
        name: where_recorded(values[name], draws.uniform(f"{name} not recorded", people.n) < share)
        for name, share in (("nationality", not_recorded), ("age_band", 0.01))
    }
    sex = np.array(["man", "woman"], dtype=object)[people.sex]
    return pd.DataFrame({"case_id": ids, "nationality": held["nationality"], "sex": sex, "age_band": held["age_band"]})
