from __future__ import annotations

import re

import pytest

from igw_audit.report.pages import style_sheet

#: Text on its ground, with the least contrast that WCAG 2.2 AA asks (4.5; 3 for graphics).
PAIRS = (
    ("ink", "paper", 4.5),
    ("soft", "paper", 4.5),
    ("ink", "band", 4.5),
    ("accent", "paper", 4.5),
    ("accent", "band", 4.5),
    ("refuse", "paper", 4.5),
    ("refer", "paper", 4.5),
    ("allow", "paper", 4.5),
    ("ink", "accent-soft", 4.5),
    ("accent", "beyond", 3.0),
    ("soft", "beyond", 3.0),
)


def luminance(colour: str) -> float:
    full = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    channels = [int(full[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palettes() -> list[dict[str, str]]:
    return [dict(re.findall(r"--([a-z-]+):#([0-9a-f]{3,6})\b", block)) for block in style_sheet().split(":root{")[1:]]


@pytest.mark.parametrize("position", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_text_stands_out_from_its_ground(position: int) -> None:
    colours = palettes()[position]
    for text, ground, least in PAIRS:
        assert contrast(colours[text], colours[ground]) >= least, (text, ground)


def test_all_groups_have_one_colour() -> None:
    marks = re.findall(r"svg \.(?:mark|interval|thread)\{(?:fill|stroke):var\(--([a-z]+)\)", style_sheet())
    assert set(marks) == {"accent"}
