from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest

from igw_audit.report.charts.dots import dots
from igw_audit.report.charts.intervals import MOST, Axis, Line, intervals, scale_of
from igw_audit.report.charts.svg import Scale

AXIS = Axis(
    label="times as often",
    write=lambda value: f"{value:g}",
    limit_word="limit",
    log=True,
    middle=1.0,
    limits=(0.8, 1.25),
    beyond_low=0.8,
    beyond_high=1.25,
)


def line(label: str, value: float, low: float | None, high: float | None, side: str = "inside") -> Line:
    return Line(label=label, text=f"{value}", value=value, low=low, high=high, side=side)


def draw(lines: list[Line], axis: Axis = AXIS) -> str:
    return "".join(intervals(lines, axis, name="c", title="Title", description="About."))


def test_a_label_cannot_bring_markup_in() -> None:
    picture = draw([line("<script>alert(1)</script>", 1.0, 0.9, 1.1)])
    assert "<script" not in picture
    assert "&lt;script&gt;" in picture


def test_the_place_on_the_axis_follows_the_value() -> None:
    scale = Scale(low=0.5, high=2.0, start=0.0, end=100.0, log=True)
    assert scale.at(1.0) == pytest.approx(50.0)
    assert scale.at(0.001) == 0.0
    assert Scale(low=0.0, high=4.0, start=0.0, end=100.0).at(1.0) == pytest.approx(25.0)


def test_ticks_are_round_and_never_touch() -> None:
    for low, high, log in ((0.3, 4.0, True), (-0.06, 0.11, False), (0.0, 0.004, False)):
        scale = Scale(low=low, high=high, start=0.0, end=400.0, log=log)
        ticks = scale.ticks(44)
        assert 2 <= len(ticks) <= 10
        places = [scale.at(tick) for tick in ticks]
        assert all(b - a >= 44 for a, b in pairwise(places))


def test_limits_are_drawn_and_named_and_shape_tells_the_side() -> None:
    sides = [line("in", 1.0, 0.9, 1.1), line("over", 1.2, 0.9, 1.5, "across"), line("out", 2.0, 1.5, 2.5, "outside")]
    picture = draw(sides)
    assert "limit 0.8" in picture
    assert "limit 1.25" in picture
    assert picture.count('class="mark-open"') == 1
    assert len(re.findall(r'<path class="mark"', picture)) == 1


def test_thirty_groups_become_pictures_that_fit_a_page() -> None:
    pictures = intervals([line(f"g{k}", 1.0, 0.9, 1.1) for k in range(25)], AXIS, name="c", title="T", description="D.")
    counts = [picture.count('class="mark"') for picture in pictures]
    assert sum(counts) == 25
    assert max(counts) <= MOST
    assert min(counts) >= 3


def test_an_endless_interval_ends_in_an_arrow_and_no_place_is_infinite() -> None:
    picture = draw([line("few", 3.0, 0.5, None), line("wide", 1.0, 0.0001, 900.0)])
    assert "inf" not in picture
    assert "nan" not in picture
    assert picture.count('<path class="interval"') == 3


def test_a_scale_survives_zeros_and_a_single_value() -> None:
    for lines in ([line("zero", 0.0, 0.0, 0.4)], [line("one", 1.0, 1.0, 1.0)]):
        for axis in (AXIS, Axis(label="x", write=str, limit_word="limit")):
            scale = scale_of(lines, axis)
            assert math.isfinite(scale.low)
            assert scale.high > scale.low


def test_the_intervals_of_groups_that_are_alike_fit_on_the_axis() -> None:
    alike = [line("women", 0.099, 0.089, 0.109), line("men", 0.101, 0.092, 0.112)]
    scale = scale_of(alike, Axis(label="x", write=str, limit_word=""))
    assert scale.low < 0.089
    assert scale.high > 0.112


def area(picture: str, kind: str) -> float:
    found = re.findall(rf'width="([\d.]+)" height="([\d.]+)" fill="url\(#d-{kind}\)"', picture)
    return sum(float(width) * float(height) for width, height in found)


@pytest.mark.parametrize("filled", [0, 1, 40, 84, 999, 1000])
def test_as_many_dots_are_filled_as_cases_were_selected(filled: int) -> None:
    picture = str(dots([("group", filled)], name="d", title="T", description="D"))
    assert area(picture, "full") == pytest.approx(filled * 25)
    assert area(picture, "empty") == pytest.approx((1000 - filled) * 25)


def test_the_label_of_one_grid_does_not_run_into_the_next_and_no_dot_is_lost() -> None:
    long = ("Latijns-Amerika en Caribisch gebied: 417", 417)
    picture = str(dots([long, ("alle andere zaken: 190", 190)], name="d", title="T", description="D"))
    said = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    assert said == ["Latijns-Amerika en Caribisch", "gebied: 417", "alle andere zaken: 190"]
    assert max(map(len, said)) <= 30
    assert area(picture, "full") == pytest.approx((417 + 190) * 25)
