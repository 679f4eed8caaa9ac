"""No frame that pandas can hold ends in a traceback: it is audited, or refused in words."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from tests.intake.fuzz import told

#: Frames in `make unit`, about half a minute; `make check-fuzz` draws as many as FUZZ_FRAMES says.
FRAMES = 1_000


def test_frames_of_every_kind_are_audited_or_refused_in_words() -> None:
    found = Counter(told(seed) for seed in range(FRAMES))
    # both happen often enough that neither way is hardly tried
    assert set(found) == {"record", "refused"}
    assert min(found.values()) > FRAMES / 5


@pytest.mark.slow
def test_a_hundred_thousand_frames_are_audited_or_refused_in_words() -> None:
    first, frames = 10**6, int(os.environ.get("FUZZ_FRAMES", "100000"))
    found = Counter(told(seed) for seed in range(first, first + frames))
    assert found["record"] + found["refused"] == frames
