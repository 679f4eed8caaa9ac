"""B(L): what the declared factors may explain, as columns that a linear model can bend with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Knots of the hinges, as quantiles; dense in the tails, where skewed factors (wages) bend most. With six of them a
#: score of ``sin(2x)`` over four standard deviations left a false alarm in 35-90 % of null worlds, with thirteen 7 %.
KNOTS = (0.02, 0.05, *(tenth / 10 for tenth in range(1, 10)), 0.95, 0.98)
#: Numbers with no more distinct values than this get one column a value; hinges would only approximate them.
#: Numbers with no more distinct values than this get one column a value; hinges would only approximate them.
FEW_VALUES = 10
#: Knots where cases are too few to bear those and the products of factors as well: with 150 cases and thirteen knots
#: no column was left for products, and a score that followed one raised a false alarm in 4 of 10 null worlds.
FEWER_KNOTS = ((0.1, 0.25, 0.5, 0.75, 0.9), (0.25, 0.5, 0.75))
FEW_VALUES = 10
#: A level with fewer cases is pooled with the other rare ones.
RARE = 10
#: A category with more levels is "wide": compared within its levels, never spelled out in columns.
WIDE = 30
#: Where the pooled rare levels hold more than this share of all cases the category counts as wide too.
RARE_SHARE = 0.05
MOST_COLUMNS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The design of the declared factors, in canonical column order.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_cases, n_columns)
        Columns with mean 0 and standard deviation 1; no intercept.
    names : tuple of str, length n_columns
        What each column is, for example ``"wage > 3200"``.
    wide : ndarray of int64, shape (n_cases, n_wide)
        Level of each wide category (a postcode); conditioned on by comparing within levels.
    cells : ndarray of int64, shape (n_cases,), or None
        The stratum of each case, where all factors together make few enough strata to name them all.
    numbers : ndarray of float64, shape (n_cases, n_numbers), or None
        The numbers themselves, in which an outcome may jump (a wage norm); None where there are none.
    """

    matrix: Floats
    names: tuple[str, ...]
    wide: Codes
    cells: Codes | None = None
    numbers: Floats | None = None

    def rows(self, kept: NDArray[np.bool_]) -> Basis:
        """Keep some of the cases."""
        cells = None if self.cells is None else self.cells[kept]
        numbers = None if self.numbers is None else self.numbers[kept]
        return Basis(matrix=self.matrix[kept], names=self.names, wide=self.wide[kept], cells=cells, numbers=numbers)

    @classmethod
    def empty(cls, n: int) -> Basis:
        """Give the basis of nothing declared: conditioning on it changes nothing."""
        return cls(matrix=np.empty((n, 0)), names=(), wide=np.empty((n, 0), dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Factor:
    """One declared column taken apart: its own columns, and those that enter products with other factors."""

    name: str
    main: dict[str, Floats]
    linear: dict[str, Floats]
    number: bool
    levels: Codes | None = None
    wide: bool = False
    raw: Floats | None = None


def spline_basis(frame: pd.DataFrame) -> Basis:
    """Spell out declared factors as a spline basis.

    A number gives a straight column, its square, its normal score, hinges at thirteen quantiles and an indicator of
    missing; a category gives one column a level, rare levels pooled; pairs of factors give ``z_j z_k`` and
    ``|z_j| z_k`` as far as the number of cases bears it (an eighth of it, and 400 columns at most). Where all factors
    have few values their joint cells become columns: nothing is left to approximate.

    Parameters
    ----------
    frame : pandas.DataFrame
        Declared columns, rows in canonical order; numbers, flags, dates, or categories (text), missing allowed.

    Returns
    -------
    Basis
        The same whatever order the columns come in and whatever the levels are called.

    References
    ----------
    Friedman, J. H. (1991). Multivariate adaptive regression splines. Annals of Statistics 19, 1-67.

    Examples
    --------
    >>> frame = pd.DataFrame({"route": ["a", "b"] * 100, "years": np.repeat([1.0, 2.0, 3.0, 4.0], 50)})
    >>> basis = spline_basis(frame)
    >>> basis.names[:2], int(basis.cells.max()) + 1
    (('route: level 1', 'route: level 2'), 8)
    """
    n = len(frame)
    factors = _factors(frame, budget=min(MOST_COLUMNS, n // 8))
    columns = {name: values for factor in factors for name, values in factor.main.items()}
    budget = min(MOST_COLUMNS, max(len(columns), n // 8))
    cells = _cells(factors, n, budget)
    tiers: list[Iterator[tuple[str, Floats]]] = [_products(factors), _bent_products(factors)]
    if cells is not None:
        tiers = [((f"cell {cell + 1}", (cells == cell) * 1.0) for cell in range(int(cells.max()) + 1))]
    for tier in tiers:
        # a tier enters whole or not at all, so that no factor is favoured by its name
        added = {name: values for name, values in tier if _spread(values)}
        if len(columns) + len(added) <= budget or cells is not None:
            columns |= added
    kept = {name: values for name, values in columns.items() if _spread(values)}
    wide = [factor.levels for factor in factors if factor.wide and factor.levels is not None]
    return Basis(
        matrix=np.column_stack([_standard(values) for values in kept.values()]) if kept else np.empty((n, 0)),
        names=tuple(kept),
        wide=np.column_stack(wide) if wide else np.empty((n, 0), dtype=np.int64),
        cells=cells,
        numbers=_numbers(factors),
    )


def _factors(frame: pd.DataFrame, *, budget: int) -> list[_Factor]:
    """Take every column apart, with as many knots as leave room for products of all factors."""
    names = sorted(frame.columns, key=str)
    for knots in (KNOTS, *FEWER_KNOTS):
        factors = [_factor(str(name), frame[name], knots) for name in names]
        columns = sum(len(factor.main) for factor in factors)
        columns += sum(len(one.linear) * len(other.linear) for one, other in combinations(factors, 2))
        numbers = [len(factor.linear) for factor in factors if factor.number]
        columns += sum(one * other for one, other in permutations(numbers, 2))
        if columns <= budget:
            break
    return factors


def _numbers(factors: list[_Factor]) -> Floats | None:
    found = [factor.raw for factor in factors if factor.raw is not None]
    return np.column_stack(found) if found else None


def ranked_levels(values: pd.Series) -> Codes:
    """Number the levels of a category by size, then by first case; missing is a level of its own."""
    codes, _ = pd.factorize(values, use_na_sentinel=False)
    counts = np.bincount(codes)
    order = np.lexsort((np.arange(len(counts)), -counts))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[codes].astype(np.int64)


def _factor(name: str, values: pd.Series, knots: tuple[float, ...]) -> _Factor:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = (values - values.min()).dt.total_seconds() / 86_400
        return _number(name, days.to_numpy(dtype=np.float64, na_value=np.nan), knots)
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return _number(name, values.to_numpy(dtype=np.float64, na_value=np.nan), knots)
    return _category(name, ranked_levels(values))


def _number(name: str, raw: Floats, knots: tuple[float, ...]) -> _Factor:
    known = np.isfinite(raw)
    distinct = np.unique(raw[known])
    if len(distinct) <= FEW_VALUES:
        levels = ranked_levels(pd.Series(np.where(known, raw, np.nan)))
        spelled = _category(name, levels)
        if spelled.wide:  # few values of which most are rare cannot be: at most eleven levels
            return spelled
        filled = np.where(known, raw, distinct.mean() if len(distinct) else 0.0)
        return _Factor(name=name, main=spelled.main, linear={name: _standard(filled)}, number=True, levels=levels)
    filled = np.where(known, raw, np.median(raw[known]))
    z = _standard(filled)
    score = ndtri((pd.Series(filled).rank().to_numpy() - 0.5) / len(filled))
    # products of far tails would hang on a handful of cases
    held = _standard(np.clip(z, *np.quantile(z, (0.005, 0.995))))
    main = {name: z, f"{name} squared": held**2, f"{name} normal score": score}
    for knot in np.unique(np.quantile(filled[known], knots)):
        main[f"{name} > {knot:g}"] = np.maximum(filled - knot, 0.0)
    if not known.all():
        main[f"{name} missing"] = (~known).astype(np.float64)
    return _Factor(name=name, main=main, linear={name: held}, number=True, raw=filled)


def _category(name: str, levels: Codes) -> _Factor:
    counts = np.bincount(levels)
    common = int((counts >= RARE).sum())
    pooled = np.minimum(levels, common)
    if common > WIDE or (pooled == common).mean() > RARE_SHARE:
        return _Factor(name=name, main={}, linear={}, number=False, levels=levels, wide=True)
    main = {f"{name}: level {level + 1}": (pooled == level) * 1.0 for level in range(int(pooled.max()) + 1)}
    return _Factor(name=name, main=main, linear=main, number=False, levels=levels)


def _cells(factors: list[_Factor], n: int, budget: int) -> Codes | None:
    """Number the joint levels of all factors, where every one has few and the cells are few as well."""
    if not factors or any(factor.levels is None or factor.wide for factor in factors):
        return None
    joint = np.zeros(n, dtype=np.int64)
    for factor in factors:
        levels = np.zeros_like(joint) if factor.levels is None else factor.levels
        joint = joint * (int(levels.max()) + 1) + levels
        joint = ranked_levels(pd.Series(joint))
    return joint if int(joint.max()) + 1 <= max(2, budget // 2) else None


def _products(factors: list[_Factor]) -> Iterator[tuple[str, Floats]]:
    for one, other in combinations(factors, 2):
        for first, values in one.linear.items():
            for second, others in other.linear.items():
                yield f"{first} x {second}", values * others


def _bent_products(factors: list[_Factor]) -> Iterator[tuple[str, Floats]]:
    for one, other in permutations([factor for factor in factors if factor.number], 2):
        for first, values in one.linear.items():
            for second, others in other.linear.items():
                yield f"|{first}| x {second}", np.abs(values) * others


def _spread(values: Floats) -> bool:
    return bool(values.std() > 1e-9 * max(1.0, float(np.abs(values).max())))


def _standard(values: Floats) -> Floats:
    spread = values.std()
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0))
