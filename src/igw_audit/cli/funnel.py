"""The command that audits a process from published counts alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from igw_audit.cli.show import as_json, put_json

if TYPE_CHECKING:
    from igw_audit.core.aggregate import FunnelTable
    from igw_audit.stats.estimate import Estimate


@click.command()
@click.argument("counts", type=click.Path(path_type=Path))
@click.option("--reference", required=True, help="The group that every other group is compared with.")
@click.option(
    "--rounded-to", type=click.IntRange(min=1), default=1, show_default=True, help="Counts are rounded to this."
)
@click.option(
    "--suppressed-below", type=click.IntRange(min=0), default=0, show_default=True,
    help="Counts below this were withheld (as an empty cell or a zero).",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page (HTML) here.")
@as_json
def funnel(counts: Path, reference: str, json_wanted: bool, out: Path | None, **rules: int) -> None:
    """Compare groups step by step from a file of COUNTS: step, of, group, count, cells."""
    from igw_audit import workflow

    table = workflow.funnel(counts, reference=reference, out=out, **rules)
    if json_wanted:
        put_json(table.to_dict())
        return
    _put(table)
    if out is not None:
        click.echo(f"Read it: {out}", err=True)


def _put(table: FunnelTable) -> None:
    from rich.table import Table

    from igw_audit.cli.terminal import console, plain

    shown = Table(
        title=plain(f"Each group against {table.reference}"), box=None, header_style="bold", title_justify="left"
    )
    heads = ("step", "of", "group", "count", "rate", "ratio", "rounding alone")
    for head in heads:
        shown.add_column(head, justify="left" if head in ("step", "of", "group") else "right")
    for row in table.rows:
        count = "withheld" if row.count is None else f"{row.count:,}"
        rounding = row.ratio_rounding
        shown.add_row(
            plain(row.step),
            plain(row.of or ""),
            plain(row.group),
            count,
            _number(row.rate, 4),
            _number(row.ratio, 2),
            "" if rounding is None else f"{rounding.low:.2f} to {_end(rounding.high, 2)}",
        )
    shown_at = console(width=None if sys.stdout.isatty() else 160)
    shown_at.print(shown, highlight=False)
    for test in table.tests:
        if test.chi_square is None or test.p_value is None:
            told = f"no test, {test.reason.en if test.reason else ''}"
        else:
            told = f"chi-square {test.chi_square:.1f} on {test.degrees_of_freedom} df, p {_p(test.p_value)}"
        shown_at.print(plain(f"{test.step}: {told}"))
    shown_at.print("Ratios carry a 95 % interval; 'rounding alone' is what the rounding of counts leaves open.")


def _number(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return ""
    ends = f"{_end(estimate.low, digits)} to {_end(estimate.high, digits)}"
    return f"{estimate.value:.{digits}f} ({ends})"


def _end(value: float | None, digits: int) -> str:
    return "open" if value is None else f"{value:.{digits}f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
