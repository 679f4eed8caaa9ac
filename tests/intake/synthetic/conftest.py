from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

from igw_audit.intake.synthetic import SyntheticPilot, synthesize

Maker = Callable[..., SyntheticPilot]


@lru_cache(maxsize=40)
def _made(pilot: str, scenario: str, n: int, seed: int) -> SyntheticPilot:
    return synthesize(pilot, n=n, seed=seed, scenario=scenario)


@pytest.fixture(scope="session")
def made() -> Maker:
    """Give a synthetic pilot; the same one is made once a session."""

    def make(pilot: str, scenario: str = "none", *, n: int = 20_000, seed: int = 11) -> SyntheticPilot:
        return _made(pilot, scenario, n, seed)

    return make
