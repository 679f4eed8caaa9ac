"""Salary norms for knowledge migrants, 2018-2026: euros gross a month, without holiday allowance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class SalaryNorm:
    """The norms of one year; ``reduced`` holds after an orientation year or a recent degree, whatever the age."""

    from_30: int
    under_30: int
    reduced: int


#: Published each year by the IND. Seen at: 2018 limes-int, 2019 and 2026 Meijburg, 2020 therelocationcompany,
#: 2021 yellowstone.nl and limesacademy.com, 2022 tossinholland, 2023 dutchdevelopmentjobs and iwcn, 2024
#: allaboutexpats, 2025 dyclegal.
SALARY_NORMS: dict[int, SalaryNorm] = {
    2018: SalaryNorm(from_30=4404, under_30=3229, reduced=2314),
    2019: SalaryNorm(from_30=4500, under_30=3299, reduced=2364),
    2020: SalaryNorm(from_30=4612, under_30=3381, reduced=2423),
    2021: SalaryNorm(from_30=4752, under_30=3484, reduced=2497),
    2022: SalaryNorm(from_30=4840, under_30=3549, reduced=2543),
    2023: SalaryNorm(from_30=5008, under_30=3672, reduced=2631),
    2024: SalaryNorm(from_30=5331, under_30=3909, reduced=2801),
    2025: SalaryNorm(from_30=5688, under_30=4171, reduced=2989),
    2026: SalaryNorm(from_30=5942, under_30=4357, reduced=3122),
}


def salary_norm(
    year: npt.NDArray[np.int64], under_30: npt.NDArray[np.bool_], reduced: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Give the norm of each case in euros a month; a year without a norm is a KeyError.

    >>> salary_norm(np.array([2026, 2026, 2018]), np.array([False, True, True]), np.array([False, False, True]))
    array([5942., 4357., 2314.])
    """
    first = min(SALARY_NORMS)
    unknown = sorted(set(np.unique(year).tolist()) - set(SALARY_NORMS))
    if unknown:
        raise KeyError(f"no salary norm for {unknown}: norms are known for {first}-{max(SALARY_NORMS)}")
    table = np.array([[norm.from_30, norm.under_30, norm.reduced] for _, norm in sorted(SALARY_NORMS.items())], float)
    column = np.where(reduced, 2, np.where(under_30, 1, 0))
    return np.asarray(table[year - first, column], dtype=np.float64)
