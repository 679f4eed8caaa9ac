"""Random draws that belong to one case each: what happens to one case does not move the draws of another."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draws:
    """A generator a name: two scenarios with one seed differ only in what the scenario touches."""

    seed: int

    def of(self, name: str) -> np.random.Generator:
        """Give the generator of a name; the same name always starts at the same place."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def uniform(self, name: str, n: int) -> Floats:
        """Draw n numbers from [0, 1)."""
        return self.of(name).random(n)

    def normal(self, name: str, n: int) -> Floats:
        """Draw n standard normal numbers."""
        return self.of(name).standard_normal(n)

    def flag(self, name: str, chance: Floats | float, n: int) -> npt.NDArray[np.int8]:
        """Draw 0/1 with a chance that may differ by case."""
        return (self.uniform(name, n) < chance).astype(np.int8)

    def choice(self, name: str, chances: Floats, row: Codes) -> Codes:
        """Draw a category a case: ``chances[row[i]]`` are the chances of case i, shape (rows, categories)."""
        u = self.uniform(name, len(row))
        edges = np.cumsum(chances, axis=1)
        edges /= edges[:, -1:]
        drawn = np.empty(len(row), dtype=np.int64)
        for code in np.unique(row):
            here = row == code
            drawn[here] = np.searchsorted(edges[code], u[here], side="right")
        return np.asarray(np.minimum(drawn, chances.shape[1] - 1), dtype=np.int64)


def expit(x: Floats) -> Floats:
    """Turn log-odds into a probability."""
    return 1.0 / (1.0 + np.exp(-x))


def logit(p: Floats) -> Floats:
    """Turn a probability into log-odds."""
    return np.log(p) - np.log1p(-p)


def standardised(x: Floats) -> Floats:
    """Give x with mean 0 and standard deviation 1; a constant becomes 0."""
    spread = float(x.std())
    return (x - x.mean()) / spread if spread > 0 else np.zeros_like(x)
