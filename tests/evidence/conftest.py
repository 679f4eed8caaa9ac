"""What the tests of evidence share: a world of its own for each, and a key that nobody trusts."""

from __future__ import annotations

import pytest
from tests.evidence.world import World, new_signing_key, new_world

from igw_audit.evidence.keys import SigningKey


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def stranger() -> SigningKey:
    return new_signing_key()
