from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from igw_audit.audits.funnel import funnel
from igw_audit.core.aggregate import AggregateTable, CountRow, FunnelTable
from igw_audit.errors import InputError

Counts = Mapping[str, Mapping[str, int | None]]


def table(
    counts: Counts, *, of: Mapping[str, str] | None = None, rounded_to: int = 1, below: int = 0
) -> AggregateTable:
    first = next(iter(counts))
    wholes = {step: (of or {}).get(step, first) for step in counts if step != first}
    rows = [
        CountRow(step=step, of=wholes.get(step), group=group, count=count)
        for step, groups in counts.items()
        for group, count in groups.items()
    ]
    return AggregateTable(rows=tuple(rows), rounded_to=rounded_to, suppressed_below=below)


EXACT: Counts = {"all": {"x": 400, "y": 200}, "chosen": {"x": 40, "y": 60}, "wrong": {"x": 10, "y": 30}}


def test_finds_a_planted_ratio_with_both_kinds_of_doubt() -> None:
    found = funnel(table(EXACT, of={"wrong": "chosen"}), reference="x")
    row = found.row("chosen", "y")
    assert row.rate is not None
    assert row.rate.value == pytest.approx(0.3)
    assert row.ratio is not None
    assert row.ratio.value == pytest.approx(3.0)
    assert row.ratio.inside(1.9, 4.8)
    assert row.share == pytest.approx(0.6)
    assert row.ratio_rounding is not None
    assert (row.ratio_rounding.low, row.ratio_rounding.high) == pytest.approx((3.0, 3.0))
    assert found.row("wrong", "y").of == "chosen"
    assert found.tests[0].p_value is not None
    assert found.tests[0].p_value < 1e-6


def test_the_first_step_has_shares_only_and_the_reference_no_ratio() -> None:
    found = funnel(table(EXACT), reference="x")
    first = found.row("all", "y")
    assert (first.rate, first.ratio, first.ratio_rounding) == (None, None, None)
    assert first.share == pytest.approx(1 / 3)
    reference = found.row("chosen", "x")
    assert reference.ratio is None
    assert reference.ratio_rounding is None
    assert reference.rate is not None


def test_the_dictionary_holds_just_the_agreed_keys_and_is_json() -> None:
    content = funnel(table({**EXACT, "none": {"x": 0, "y": None}}, rounded_to=10, below=10), reference="x").to_dict()
    assert list(content) == ["rows", "tests"]
    for row in content["rows"]:
        assert list(row) == ["step", "of", "group", "rate", "share", "ratio", "ratio_rounding"]
    for test in content["tests"]:
        assert list(test) == ["step", "chi_square", "degrees_of_freedom", "p_value"]
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    estimate = next(row["rate"] for row in content["rows"] if row["rate"])
    assert {"value", "low", "high", "confidence", "n"} <= set(estimate)


def test_a_withheld_count_has_no_rate_but_bounds_and_keeps_its_place() -> None:
    counts: Counts = {"all": {"x": 400, "y": 200}, "chosen": {"x": 40, "y": None}}
    row = funnel(table(counts, below=10), reference="x").row("chosen", "y")
    assert (row.rate, row.ratio, row.share) == (None, None, None)
    assert row.reason is not None
    assert "withheld" in row.reason.en
    assert row.ratio_rounding is not None
    assert row.ratio_rounding.low == 0
    assert row.ratio_rounding.high == pytest.approx((9 / 200) / (40 / 400))


@pytest.mark.parametrize(("rounded_to", "below", "word"), [(10, 0, "few or none"), (1, 10, "withheld count below 10")])
def test_a_zero_in_a_rounded_or_suppressed_table_is_never_a_rate_of_zero(
    rounded_to: int, below: int, word: str
) -> None:
    counts: Counts = {"all": {"x": 400, "y": 200}, "chosen": {"x": 40, "y": 0}}
    found = funnel(table(counts, rounded_to=rounded_to, below=below), reference="x")
    row = found.row("chosen", "y")
    assert row.rate is None
    assert row.reason is not None
    assert word in row.reason.en
    assert row.ratio_rounding is not None
    assert row.ratio_rounding.high is not None
    assert row.ratio_rounding.high > 0.1


def test_a_zero_in_an_exact_table_is_a_rate_of_zero_with_an_interval() -> None:
    counts: Counts = {"all": {"x": 400, "y": 200}, "chosen": {"x": 40, "y": 0}}
    row = funnel(table(counts), reference="x").row("chosen", "y")
    assert row.rate is not None
    assert (row.rate.value, row.rate.low) == (0.0, 0.0)
    assert row.rate.high is not None
    assert row.rate.high > 0.01
    assert row.ratio is not None
    assert row.ratio.value == 0.0


def test_a_reference_without_anybody_leaves_the_ratio_open() -> None:
    counts: Counts = {"all": {"x": 400, "y": 200}, "chosen": {"x": 0, "y": 20}}
    exact = funnel(table(counts), reference="x").row("chosen", "y")
    assert exact.ratio is None
    assert exact.ratio_rounding is None
    assert exact.reason is not None
    assert exact.rate is not None
    rounded = funnel(table(counts, rounded_to=10), reference="x").row("chosen", "y")
    assert rounded.ratio is None
    assert rounded.reason is not None
    assert rounded.ratio_rounding is not None
    assert rounded.ratio_rounding.low > 5
    assert rounded.ratio_rounding.high is None


def test_nobody_at_the_step_before_is_not_measurable() -> None:
    counts: Counts = {"all": {"x": 40, "y": 20}, "chosen": {"x": 4, "y": 0}, "wrong": {"x": 1, "y": 0}}
    row = funnel(table(counts, of={"wrong": "chosen"}), reference="x").row("wrong", "y")
    assert row.rate is None
    assert row.reason is not None
    assert "chosen" in row.reason.en


def test_a_part_that_rounding_made_larger_than_its_whole_has_no_rate() -> None:
    counts: Counts = {"all": {"x": 400, "y": 10}, "chosen": {"x": 40, "y": 20}}
    row = funnel(table(counts, rounded_to=10), reference="x").row("chosen", "y")
    assert row.rate is None
    assert row.reason is not None
    assert "rounding" in row.reason.en


def test_no_test_is_given_where_a_count_is_withheld_or_nothing_varies() -> None:
    withheld: Counts = {"all": {"x": 400, "y": 200}, "chosen": {"x": 40, "y": None}, "each": {"x": 400, "y": 200}}
    first, second = funnel(table(withheld, below=10), reference="x").tests
    for test in (first, second):
        assert (test.chi_square, test.degrees_of_freedom, test.p_value) == (None, None, None)
        assert test.reason is not None


def test_an_unknown_reference_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="'x', 'y'"):
        funnel(table(EXACT), reference="z")


def test_group_names_and_row_order_change_nothing() -> None:
    def numbers(found: FunnelTable, names: Mapping[str, str]) -> list[tuple[object, ...]]:
        return sorted((row.step, names[row.group], str(row.rate), str(row.ratio), row.share) for row in found.rows)

    plain = numbers(funnel(table(EXACT), reference="x"), {"x": "x", "y": "y"})
    turned = {step: {{"x": "b", "y": "a"}[name]: n for name, n in groups.items()} for step, groups in EXACT.items()}
    turned = {step: dict(reversed(groups.items())) for step, groups in turned.items()}
    assert numbers(funnel(table(turned), reference="b"), {"b": "x", "a": "y"}) == plain
