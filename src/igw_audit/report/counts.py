"""The funnel from published counts as a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from igw_audit.core.aggregate import FunnelRow, FunnelTable, FunnelTest
from igw_audit.report.charts.intervals import Axis, Line, intervals
from igw_audit.report.numbers import Language
from igw_audit.report.pages import environment, source_hash, style_sheet
from igw_audit.report.words import Words, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRow:
    """One group at one step, ready to be shown."""

    group: str
    count: str
    rate: str
    rate_interval: str
    ratio: str
    ratio_interval: str
    rounding: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsStep:
    """One step: its rows, its picture and its test."""

    title: str
    rows: tuple[CountsRow, ...]
    charts: tuple[Markup, ...]
    test: str


def funnel_page(table: FunnelTable, language: Language = "en") -> str:
    """Give the funnel as one self-contained page."""
    words, style = words_of(language), style_sheet()
    template = environment().get_template("counts.html.j2")
    rounded = words("counts.rounded", rounded=table.rounded_to) if table.rounded_to > 1 else ""
    return template.render(
        w=words,
        style=Markup(style),  # noqa: S704 - our own file  # nosec B704
        style_hash=source_hash(style),
        intro=words("counts.intro", reference=table.reference),
        rounded=rounded,
        steps=_steps(table, words),
    )


def _steps(table: FunnelTable, words: Words) -> list[CountsStep]:
    tests = {test.step: test for test in table.tests}
    steps = []
    for number, name in enumerate(dict.fromkeys(row.step for row in table.rows), 1):
        rows = [row for row in table.rows if row.step == name]
        of = rows[0].of or words("counts.all")
        steps.append(
            CountsStep(
                title=f"{words('counts.step')} {name} – {words('counts.of').lower()} {of}" if rows[0].of else name,
                rows=tuple(_row(row, words) for row in rows),
                charts=_charts(rows, table, words, f"step-{number}"),
                test=_test(tests.get(name), words),
            )
        )
    return steps


def _row(row: FunnelRow, words: Words) -> CountsRow:
    numbers = words.numbers
    rounding = ""
    if row.ratio_rounding is not None:
        high = row.ratio_rounding.high
        end = "∞" if high is None else numbers.of(high, "ratio")
        rounding = f"{numbers.of(row.ratio_rounding.low, 'ratio')} {words('to')} {end}"
    return CountsRow(
        group=row.group,
        count=words("counts.suppressed") if row.count is None else numbers.whole(row.count),
        rate="" if row.rate is None else numbers.per_thousand(row.rate.value),
        rate_interval="" if row.rate is None else _ends(row.rate.low, row.rate.high, words, "rate"),
        ratio="" if row.ratio is None else numbers.of(row.ratio.value, "ratio"),
        ratio_interval="" if row.ratio is None else _ends(row.ratio.low, row.ratio.high, words, "ratio"),
        rounding=rounding,
        reason=row.reason.within(words.language) if row.reason else "",
    )


def _ends(low: float | None, high: float | None, words: Words, kind: Literal["rate", "ratio"]) -> str:
    def say(value: float) -> str:
        return words.numbers.per_thousand(value) if kind == "rate" else words.numbers.of(value, "ratio")

    return f"{'0' if low is None else say(low)} {words('to')} {'∞' if high is None else say(high)}"


def _charts(rows: list[FunnelRow], table: FunnelTable, words: Words, name: str) -> tuple[Markup, ...]:
    lines = [
        Line(
            label=row.group,
            text=(
                f"{words.numbers.of(row.ratio.value, 'ratio')} ({_ends(row.ratio.low, row.ratio.high, words, 'ratio')})"
            ),
            value=row.ratio.value,
            low=row.ratio.low,
            high=row.ratio.high,
        )
        for row in rows
        if row.ratio is not None
    ]
    if not lines:
        return ()
    axis = Axis(
        label=words("counts.axis", reference=table.reference),
        write=lambda value: words.numbers.decimal(value, 2) if value % 1 else words.numbers.whole(value),
        limit_word="",
        log=True,
        middle=1.0,
    )
    step, of = rows[0].step, rows[0].of or words("counts.all")
    description = words("counts.chart_desc", of=of, step=step, reference=table.reference)
    return intervals(lines, axis, name=name, title=words("counts.chart", step=step), description=description)


def _test(test: FunnelTest | None, words: Words) -> str:
    if test is None:
        return ""
    if test.chi_square is None or test.p_value is None:
        reason = test.reason.within(words.language) if test.reason else ""
        return f"{words('counts.tests')}: {words('audits.not_measurable')}. {reason}"
    numbers = words.numbers
    return (
        f"{words('counts.tests')}: {words('counts.chi').lower()} {numbers.decimal(test.chi_square, 1)}, "
        f"{words('counts.df').lower()} {test.degrees_of_freedom}, p {numbers.p(test.p_value)}"
    )
