"""The shape in which contributions leave their computation."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        Which cases were taken apart.
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

    def only(self, rows: Bools) -> Contributions:
        """Keep some of the cases that were taken apart; ``rows`` has shape (n_cases,)."""
        if (rows & ~self.rows).any():
            raise ValueError("these contributions do not hold all the cases that are asked for")
        kept = rows[self.rows]
        return replace(self, amounts=self.amounts[kept], output=self.output[kept], rows=rows)
