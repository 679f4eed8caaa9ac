"""Commands that make or prepare tables: synthesize, schema, separate."""

from __future__ import annotations

from pathlib import Path

import click

from igw_audit.cli.show import as_json, put_json, working

SCENARIOS = (
    *("none", "label_history", "proxy", "manual_step", "signal_intake"),
    *("sample_shift", "differential_noise", "base_rates"),
)


@click.command()
@click.option("--pilot", type=click.Choice(["knowledge", "study", "talent"]), required=True, help="Which pilot.")
@click.option("--n", type=click.IntRange(min=1), default=20_000, show_default=True, help="Number of cases.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed, the same bytes.")
@click.option(
    "--scenario", type=click.Choice(SCENARIOS), default="none", show_default=True, help="Where bias enters the process."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write [pipelines/PILOT/data].")
@as_json
def synthesize(pilot: str, n: int, seed: int, scenario: str, out: Path | None, json_wanted: bool) -> None:  # noqa: PLR0913, PLR0917
    """Make synthetic cases of a pilot, with the truth written beside them."""
    from igw_audit import workflow

    folder = out or Path("pipelines") / pilot / "data"
    with working(f"making {n} cases of the {pilot} pilot"):
        made = workflow.synthesize(pilot, n=n, seed=seed, scenario=scenario, out=folder)
    if json_wanted:
        put_json({"folder": str(made.folder), "rows": made.rows, "files": list(made.files)})
        return
    click.echo(f"{made.rows} cases of the {pilot} pilot, scenario {scenario!r}, seed {seed}, in {made.folder}:")
    for name in made.files:
        click.echo(f"  {name}")


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the schema here [stdout].")
def schema(table: Path, out: Path | None) -> None:
    """Propose a schema for a case table, as a start to edit."""
    from igw_audit import workflow

    text = workflow.propose_schema(table, out=out)
    if out is None:
        click.echo(text, nl=False)
    else:
        click.echo(
            f"A first schema stands in {out}. Read every line of it: a role is a decision, not a guess.", err=True
        )


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--id", "id_column", required=True, help="The column that names each case.")
@click.option("--protected", "protected", multiple=True, required=True, help="A protected column; repeat for more.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write.")
@click.option("--encoding", help="Encoding of a CSV file that is not UTF-8, for example windows-1252.")
@as_json
def separate(  # noqa: PLR0913, PLR0917 - one parameter an option
    table: Path, id_column: str, protected: tuple[str, ...], out: Path, encoding: str | None, json_wanted: bool
) -> None:
    """Split one table into cases and a protected table that are kept apart."""
    from igw_audit import workflow

    parts = workflow.separate(table, id_column=id_column, protected=protected, out=out, encoding=encoding)
    if json_wanted:
        put_json({"cases": str(parts.cases), "protected": str(parts.protected), "rows": parts.rows})
        return
    click.echo(f"{parts.rows} cases: {parts.cases} holds no protected column, {parts.protected} holds them by id.")
