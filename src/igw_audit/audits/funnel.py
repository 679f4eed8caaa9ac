"""The funnel from counts: who reaches each step of a process, when only an aggregate table is known."""

from __future__ import annotations

from collections.abc import Mapping

from igw_audit.core.aggregate import (
    AggregateTable,
    CountRow,
    FunnelRow,
    FunnelTable,
    FunnelTest,
)
from igw_audit.core.text import Text
from igw_audit.errors import InputError
from igw_audit.stats.compare import RateComparison, compare_counts
from igw_audit.stats.estimate import Estimate
from igw_audit.stats.exact import homogeneity
from igw_audit.stats.proportions import adjusted_wilson, normal_quantile
from igw_audit.stats.rounding import Range, rate_range, ratio_range


def funnel(table: AggregateTable, *, reference: str, confidence: float = 0.95, seed: int = 0) -> FunnelTable:
    """Give each group's rate at each step and its ratio to the reference group, with sampling and rounding apart.

    ``ratio`` has the sampling interval of the published counts, simultaneous over the groups of a step.
    ``ratio_rounding`` says where the ratio can lie through rounding and suppression alone, all counts moving freely
    within their bounds: no published table says more.

    Raises
    ------
    InputError
        If no group is called ``reference``.
    """
    if reference not in table.groups:
        raise InputError(
            "reference",
            [f"found {reference!r}, expected one of the table's groups: {', '.join(map(repr, table.groups))}"],
        )
    rows: list[FunnelRow] = []
    tests: list[FunnelTest] = []
    for step in table.steps:
        of = table.row(step, reference).of
        if of is None:
            rows.extend(_first_row(table, table.row(step, group)) for group in table.groups)
            continue
        ratios = _ratios(table, step, reference=reference, confidence=confidence, seed=seed)
        rows.extend(
            _row(
                table,
                table.row(step, group),
                reference=reference,
                compared=ratios.get(group),
                confidence=confidence,
            )
            for group in table.groups
        )
        tests.append(_test(table, step))
    return FunnelTable(
        reference=reference,
        rounded_to=table.rounded_to,
        suppressed_below=table.suppressed_below,
        rows=tuple(rows),
        tests=tuple(tests),
    )


def _ratios(
    table: AggregateTable, step: str, *, reference: str, confidence: float, seed: int
) -> Mapping[str, RateComparison]:
    """Compare every group that can be read with the reference; nobody where the reference itself cannot be."""
    readable = [group for group in table.groups if _unreadable(table, table.row(step, group)) is None]
    if reference not in readable or len(readable) < 2:
        return {}
    parts = [table.row(step, group) for group in readable]
    wholes = [table.row(str(part.of), part.group) for part in parts]
    compared = compare_counts(
        [part.count or 0 for part in parts],
        [whole.count or 0 for whole in wholes],
        reference=readable.index(reference),
        confidence=confidence,
        seed=seed,
    )
    return dict(zip([group for group in readable if group != reference], compared, strict=True))


def _unreadable(table: AggregateTable, row: CountRow) -> Text | None:
    """Say why a rate cannot be read from a group's counts, or None if it can."""
    whole = table.row(str(row.of), row.group)
    for part in (row, whole):
        if not table.known(part):
            return _not_known(table, part)
    if not whole.count:
        return Text(
            en=f"nobody of this group reached the step {row.of!r}, so there is no share of it",
            nl=f"niemand uit deze groep bereikte de stap {row.of!r}, dus er is geen aandeel",
        )
    if (row.count or 0) > whole.count:
        return Text(
            en=f"rounding makes the count larger than its whole ({row.count} of {whole.count}): too small to read",
            nl=f"door afronding is het aantal groter dan het geheel ({row.count} van {whole.count}): te klein",
        )
    return None


def _not_known(table: AggregateTable, row: CountRow) -> Text:
    if row.count is None:
        return Text(
            en=f"the count at step {row.step!r} was withheld",
            nl=f"het aantal bij stap {row.step!r} is niet gepubliceerd",
        )
    if table.suppressed_below:
        return Text(
            en=f"the zero at step {row.step!r} may stand for a withheld count below {table.suppressed_below}",
            nl=f"de nul bij stap {row.step!r} kan staan voor een achtergehouden aantal onder {table.suppressed_below}",
        )
    return Text(
        en=f"the zero at step {row.step!r} is a rounded count: few or none",
        nl=f"de nul bij stap {row.step!r} is een afgerond aantal: weinig of geen",
    )


def _first_row(table: AggregateTable, row: CountRow) -> FunnelRow:
    return FunnelRow(
        step=row.step,
        of=None,
        group=row.group,
        count=row.count,
        rate=None,
        share=_share(table, row),
        ratio=None,
        ratio_rounding=None,
        reason=None if table.known(row) else _not_known(table, row),
    )


def _row(
    table: AggregateTable, row: CountRow, *, reference: str, compared: RateComparison | None, confidence: float
) -> FunnelRow:
    reason = _unreadable(table, row)
    rate = None if reason else _rate(table, row, confidence)
    ratio = compared.ratio if compared else None
    if row.group != reference and reason is None and ratio is None:
        reason = _no_ratio(table, table.row(row.step, reference))
    return FunnelRow(
        step=row.step,
        of=row.of,
        group=row.group,
        count=row.count,
        rate=rate,
        share=_share(table, row),
        ratio=ratio,
        ratio_rounding=None if row.group == reference else _rounding(table, row, table.row(row.step, reference)),
        reason=reason,
    )


def _rate(table: AggregateTable, row: CountRow, confidence: float) -> Estimate:
    events, n = row.count or 0, table.row(str(row.of), row.group).count or 0
    bounds = adjusted_wilson(events, n, z=normal_quantile(confidence))
    return Estimate(
        value=events / n, low=float(bounds.low), high=float(bounds.high), confidence=confidence, n=n, method="Wilson"
    )


def _no_ratio(table: AggregateTable, reference: CountRow) -> Text:
    why = _unreadable(table, reference)
    if why is not None:
        return Text(
            en=f"no ratio, since that of {reference.group!r} cannot be read: {why.en}",
            nl=f"geen verhouding, want die van {reference.group!r} is niet te lezen: {why.nl}",
        )
    return Text(
        en=f"no ratio: at step {reference.step!r} nobody of {reference.group!r} was counted",
        nl=f"geen verhouding: bij stap {reference.step!r} is niemand uit {reference.group!r} geteld",
    )


def _share(table: AggregateTable, row: CountRow) -> float | None:
    """Give the group's part of everybody at the step; None where a withheld count leaves the whole unknown."""
    everybody = [table.row(row.step, group) for group in table.groups]
    if any(table.withheld(other) for other in everybody) or not table.known(row):
        return None
    total = sum(other.count or 0 for other in everybody)
    return (row.count or 0) / total if total else None


def _rounding(table: AggregateTable, row: CountRow, reference: CountRow) -> Range | None:
    own, other = (
        rate_range(table.bounds(part), table.bounds(table.row(str(part.of), part.group))) for part in (row, reference)
    )
    return ratio_range(own, other)


def _test(table: AggregateTable, step: str) -> FunnelTest:
    """Test all groups at once by Pearson's chi-square; a withheld count, or nothing to compare, leaves no test."""
    parts = [table.row(step, group) for group in table.groups]
    wholes = [table.row(str(part.of), part.group) for part in parts]
    if any(table.withheld(row) for row in (*parts, *wholes)):
        return _no_test(step, "a count was withheld", "een aantal is niet gepubliceerd")
    reached = [part.count or 0 for part in parts]
    n = [whole.count or 0 for whole in wholes]
    if any(size == 0 or count > size for count, size in zip(reached, n, strict=True)):
        return _no_test(step, "a group is too small to read", "een groep is te klein om te lezen")
    found = homogeneity(reached, n)
    if found is None:
        return _no_test(step, "there is nothing to compare", "er valt niets te vergelijken")
    return FunnelTest(
        step=step,
        chi_square=found.chi_square,
        degrees_of_freedom=found.degrees_of_freedom,
        p_value=found.p_value,
    )


def _no_test(step: str, english: str, dutch: str) -> FunnelTest:
    return FunnelTest(
        step=step, chi_square=None, degrees_of_freedom=None, p_value=None, reason=Text(en=english, nl=dutch)
    )
