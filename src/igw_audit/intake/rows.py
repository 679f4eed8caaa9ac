"""Where a problem stands: row numbers as a person sees them, and sentences that list a few of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

#: How many places one sentence names before it says how many more there are.
SHOWN = 5
#: The same where each place is quoted.
QUOTED = 3
_LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """From a position in the table to the row that a person sees in the file, where the header is row 1.

    Attributes
    ----------
    first : int
        The row of the first case: 2 under a header, 1 in a table that has no header row.
    left_out : ndarray of int64
        Rows of the file that hold no case (blank lines), rising.
    """

    first: int = 1
    left_out: Positions = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def seen(self, positions: Positions) -> Positions:
        """Give the row of each position."""
        rows = np.asarray(positions, dtype=np.int64) + self.first
        before = self.left_out - np.arange(len(self.left_out))
        return rows + np.searchsorted(before, rows, side="right")

    def list(self, positions: Positions) -> str:
        """Say ``row 3`` or ``rows 3, 9 and 37 more``."""
        shown = [str(row) for row in self.seen(positions[:SHOWN])]
        word = "row" if len(positions) == 1 else "rows"
        return f"{word} {_and_more(shown, len(positions))}"

    def hold(self, positions: Positions) -> str:
        """Say ``row 3 holds`` or ``rows 3, 9 and 37 more hold``."""
        return f"{self.list(positions)} {'holds' if len(positions) == 1 else 'hold'}"

    def quote(self, positions: Positions, values: Sequence[object]) -> str:
        """Say ``'12,5' in row 3, 'x' in row 9 and 37 more rows``; ``values`` go with the first positions."""
        rows = self.seen(positions[:QUOTED])
        shown = [f"{quoted(value)} in row {row}" for value, row in zip(values, rows, strict=False)]
        return _and_more(shown, len(positions), noun=" rows")


def quoted(value: object) -> str:
    """Quote a value for a message, cut where it is long."""
    text = str(value)
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")


def listed(names: Sequence[str], *, most: int = 2 * SHOWN) -> str:
    """Quote a few names and say how many more there are."""
    return _and_more([quoted(name) for name in names[:most]], len(names))


def _and_more(shown: Sequence[str], count: int, *, noun: str = "") -> str:
    more = count - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more{noun[:-1] if more == 1 else noun}"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
