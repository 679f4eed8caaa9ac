from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from igw_audit.core.cases import REST
from igw_audit.core.disclosure import SUPPRESS_BELOW, Column, Disclosure, family_of, withhold
from igw_audit.core.finding import Counts, Finding, Outcome
from igw_audit.stats.estimate import Estimate

TABLE = {"a": (5000, 400), "b": (600, 50), "c": (300, 31), "d": (90, 4)}


def finding(
    group: str, events: int, n: int, statistic: str = "selection_rate", reference: str | None = None
) -> Finding:
    estimate = Estimate(value=events / n, low=None, high=None, confidence=0.95, n=n, method="none")
    return Finding(
        statistic=statistic, group=group, reference=reference, estimate=estimate, counts=Counts(events=events, n=n)
    )


def outcome(table: dict[str, tuple[int, int]], **changes: object) -> Outcome:
    found = tuple(
        finding(group, events, n, f"selection_rate{ending}", reference)
        for group, (n, events) in table.items()
        for ending, reference in (("", None), ("_ratio", REST))
    )
    held = Outcome(audit="A001", attribute="origin", status="measured", findings=found)
    return replace(held, **changes) if changes else held  # type: ignore[arg-type]


def shown(held: Outcome) -> set[str]:
    disclosure = Disclosure.of([held])
    return {str(found.group) for found in held.findings if disclosure.shows(held, found)}


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert shown(outcome({group: TABLE[group] for group in "abc"})) == {"a", "b", "c"}


def test_a_small_cell_takes_the_next_smallest_group_with_it() -> None:
    assert shown(outcome(TABLE)) == {"a", "b"}


def test_ten_is_shown_and_nine_is_not() -> None:
    assert shown(outcome({**TABLE, "d": (90, 10)})) == {"a", "b", "c", "d"}
    assert "d" not in shown(outcome({**TABLE, "d": (90, 9)}))


def test_nearly_all_is_as_telling_as_nearly_none() -> None:
    assert "d" not in shown(outcome({**TABLE, "d": (90, 85)}))


def test_a_step_that_everybody_reaches_tells_nothing_of_anybody() -> None:
    assert shown(outcome({group: (n, n) for group, (n, _) in TABLE.items()})) == set(TABLE)


def test_a_group_under_ten_hides_its_size_and_that_of_one_more() -> None:
    disclosure = Disclosure.of([outcome({"a": (5000, 400), "b": (600, 50), "c": (300, 31), "e": (4, 2)})])
    assert disclosure.size("origin", "e") is None
    assert disclosure.size("origin", "c") is None
    assert disclosure.size("origin", "b") == 600


def test_a_comparison_with_a_hidden_group_is_hidden() -> None:
    held = outcome(TABLE)
    against = finding("a", 400, 5000, "selection_rate_ratio", reference="d")
    assert not Disclosure.of([held]).shows(held, against)


def test_numbers_without_counts_are_hidden_where_the_group_is_under_ten() -> None:
    held = outcome({**TABLE, "e": (4, 2)})
    delta = Finding(
        statistic="delta",
        group="e",
        features=("postcode",),
        estimate=Estimate(value=0.1, low=0.0, high=0.2, confidence=0.95, n=5000, method="draws"),
    )
    other = Outcome(audit="A007", attribute="origin", status="measured", findings=(delta, replace(delta, group="a")))
    disclosure = Disclosure.of([held, other])
    assert not disclosure.shows(other, delta)
    assert disclosure.shows(other, other.findings[1])


def test_what_one_audit_withholds_another_does_not_give_away() -> None:
    held = outcome(TABLE)
    again = Outcome(audit="A013", attribute="origin", status="measured", findings=(finding("d", 4, 90),))
    disclosure = Disclosure.of([held, again])
    assert not disclosure.shows(again, again.findings[0])


def test_error_rates_and_bands_are_withheld_together() -> None:
    rate = finding("a", 1, 20)
    kinds = ("false_positive_rate", "precision_ratio", "wrongly_selected_share")
    assert len({family_of(replace(rate, statistic=name)) for name in kinds}) == 1
    assert family_of(replace(rate, statistic="band_rate", step="band:low")) == family_of(
        replace(rate, statistic="band_rate_ratio", step="band:high")
    )
    assert family_of(replace(rate, statistic="missing_share", features=("x",))) != family_of(
        replace(rate, statistic="missing_share", features=("y",))
    )


def test_who_went_on_does_not_give_away_who_got_there() -> None:
    def step(name: str, table: dict[str, tuple[int, int]], statistic: str = "selection_rate") -> tuple[Finding, ...]:
        return tuple(replace(finding(g, events, n, statistic), step=name) for g, (n, events) in table.items())

    everybody = {"a": (5000, 900), "b": (600, 90), "c": (300, 60), "d": (90, 40)}
    # the last step is rare in one group, and hides who went on to it, but not who went on before
    first, second, third = everybody, {**everybody, "a": (5000, 400)}, TABLE
    on_second = {group: (first[group][1], max(10, second[group][1] // 2)) for group in TABLE}
    on_third = {group: (second[group][1], 15) for group in TABLE}
    found = (
        *step("one", first),
        *step("two", second),
        *(went_second := step("two", on_second, "continuation_rate")),
        *step("three", third),
        *(went_third := step("three", on_third, "continuation_rate")),
    )
    held = Outcome(audit="A001", attribute="origin", status="measured", findings=found)
    disclosure = Disclosure.of([held])
    assert all(disclosure.shows(held, went) for went in went_second)
    assert [went.group for went in went_third if disclosure.shows(held, went)] == ["a", "b"]


def sums(ranges: list[range]) -> set[int]:
    reached = {0}
    for values in ranges:
        reached = {total + value for total in reached for value in values}
    return reached


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), min_size=3, max_size=6))
def test_every_value_under_ten_stays_possible_for_each_small_cell(pairs: list[tuple[int, int]]) -> None:
    cells = {f"g{k}": events for k, (events, _) in enumerate(pairs)}
    caps = {f"g{k}": float(events + more) for k, (events, more) in enumerate(pairs)}
    hidden = withhold([Column(cells=cells, caps=caps)], sizes={group: int(cap) for group, cap in caps.items()})
    small = {group for group in hidden if cells[group] < SUPPRESS_BELOW}
    assert small == {group for group, count in cells.items() if count < SUPPRESS_BELOW}
    if len(hidden) == len(cells):
        return  # nothing is left to add
    total = sum(cells[group] for group in hidden)

    def could_be(group: str) -> range:
        cap = int(caps[group])
        return range(min(9, cap) + 1) if group in small else range(SUPPRESS_BELOW, cap + 1)

    for group in small:
        others = sums([could_be(other) for other in sorted(hidden) if other != group])
        assert all(total - value in others for value in could_be(group))


@settings(max_examples=50, deadline=None)
@given(st.permutations(sorted(TABLE)))
def test_the_order_of_groups_does_not_matter(order: list[str]) -> None:
    assert shown(outcome({group: TABLE[group] for group in order})) == {"a", "b"}


def test_an_expected_change_of_selection_is_shown_where_the_selection_is() -> None:
    held = outcome(TABLE)
    flips = tuple(replace(finding(group, 0, 1, "flip_selection_difference"), counts=None) for group in TABLE)
    changed = Outcome(audit="A009", attribute="origin", status="measured", findings=flips)
    disclosure = Disclosure.of([held, changed])
    assert {found.group for found in flips if disclosure.shows(changed, found)} == {"a", "b"}
