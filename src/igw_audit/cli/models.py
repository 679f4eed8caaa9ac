"""Commands around a model: train, demo."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from igw_audit.cli.show import SAID, as_json, project_option, put_json, put_reasons, working
from igw_audit.core.addresses import sqlite_address


@click.command()
@click.argument("pipeline", type=click.Path(path_type=Path))
@click.option("--cases", type=click.Path(path_type=Path), help="Case table [the one that pipeline.toml names].")
@click.option("--name", help="Name of the registered model [the pilot of pipeline.toml].")
@project_option
@as_json
def train(pipeline: Path, cases: Path | None, name: str | None, project: str, json_wanted: bool) -> None:
    """Train the pipeline of a folder, log the run, and register a version (not approved by that)."""
    from igw_audit import workflow

    with working(f"training {pipeline}") as say:
        done = workflow.train(pipeline, project=project, cases=cases, name=name, progress=say)
    if json_wanted:
        put_json(done.to_dict())
        return
    click.echo(f"Registered {done.uri} (run {done.run_id}), trained on {done.training_cases} cases.")
    for line in done.lines():
        click.echo(f"  {line}")
    click.echo(f"It is registered, not approved. Next: igw-audit audit {done.uri}")


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out/demo"), show_default=True,
    help="Folder that becomes the demo's own project: data, store, ledger, throw-away keys, pages.",
)  # fmt: skip
@project_option
@as_json
def demo(out: Path, project: str, json_wanted: bool) -> None:
    """Do all of it for three synthetic pilots: one is promoted, one waits for people, one is refused."""
    from igw_audit import workflow

    with working("igw-audit demo") as say:
        walked = workflow.demo(out=out, project=project, progress=say)
    if json_wanted:
        put_json([pilot.to_dict() for pilot in walked])
        return
    for pilot in walked:
        click.echo(f"\n{SAID[pilot.word]}: {pilot.uri} ({pilot.pilot} pilot, synthetic, scenario {pilot.scenario!r})")
        put_reasons(pilot.reasons, most=3)
        click.echo(f"  read: {pilot.report}")
        if pilot.alias:
            click.echo(
                f"  promoted to {pilot.alias!r}; use it: igw_audit.load_approved({pilot.pilot!r}, project={str(out)!r})"
            )
        elif pilot.word == "refer":
            click.echo(f"  it waits for answers: igw-audit review {pilot.uri} --template --project {out}")
    click.echo(f"\nWhat went round the gate: igw-audit doctor --project {out}")
    click.echo(f"What happened, in order: igw-audit ledger show --project {out}")
    store = shlex.quote(sqlite_address(out / "mlruns" / "igw.db"))
    click.echo(f"Runs and versions: mlflow ui --backend-store-uri {store}")
