"""The shape in which contributions leave their computation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from igw_audit.core.cases import Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """Contributions of raw columns to the output, on one scale.

    Attributes
    ----------
    names : tuple of str
        Raw columns, by name.
    amounts : ndarray of float64, shape (n_rows, n_columns)
        They add up to ``output`` but for a constant (exact ways), or on average (switching).
    output : ndarray of float64, shape (n_rows,)
        The model's own output for the real cases on the same scale.
    rows : ndarray of bool, shape (n_cases,)
        Which cases were taken apart: all, or a keyed draw where that would take too long.
    scale : str
        ``log-odds`` or ``score``.
    method : str
        How, for the page: "linear", "TreeSHAP", "switching with like cases, 8 draws".
    """

    names: tuple[str, ...]
    amounts: Floats
    output: Floats
    rows: Bools
    scale: Literal["log-odds", "score"]
    method: str
