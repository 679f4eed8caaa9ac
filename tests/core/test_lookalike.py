"""Texts that look alike have one skeleton, and others have not."""

from __future__ import annotations

import pytest

from igw_audit.core.lookalike import is_invisible, skeleton


@pytest.mark.parametrize(
    "written",
    [
        "champıon",
        "сhampion",
        "CHAMPION",
        "ｃｈａｍｐｉｏｎ",
        "cham\u200bpion",
        "\u202echampion",
        "champion\u00ad",
        "𝓬𝓱𝓪𝓶𝓹𝓲𝓸𝓷",
    ],
)
def test_what_looks_like_champion_has_its_skeleton(written: str) -> None:
    assert skeleton(written) == skeleton("champion")


@pytest.mark.parametrize(
    ("one", "other"), [("AL", "AI"), ("Mali", "Malta"), ("champion", "champions"), ("мать", "matь")]
)
def test_what_reads_differently_has_another_skeleton(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_a_skeleton_is_its_own_skeleton() -> None:
    for written in ("Мали", "Türkiye", "Côte d'Ivoire", "l1I|", "مصر"):
        assert skeleton(skeleton(written)) == skeleton(written)


def test_marks_and_controls_show_nothing() -> None:
    assert all(is_invisible(one) for one in "\u200b\u200e\u202e\x1b\u3164\ufe0f")
    assert not any(is_invisible(one) for one in "a é\u0301-")
