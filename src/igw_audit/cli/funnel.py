"""The command that audits a process from published counts alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from igw_audit.cli.show import as_json, put_json

if TYPE_CHECKING:
    from igw_audit.core.aggregate import FunnelTable


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
    from rich.console import Console

    from igw_audit import workflow

    Console(width=None).print(workflow.funnel_text(table), highlight=False)
