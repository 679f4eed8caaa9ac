"""Commands about exposure: score, exposed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from igw_audit.cli.show import as_json, on_one_line, project_option, put_json, working

_file = click.Path(path_type=Path)
secret_option = click.option(
    "--secret", type=_file, help="File with the secret under which case ids are hashed [$IGW_CASE_SECRET_FILE]."
)


@click.command()
@click.argument("uri")
@click.option("--cases", type=_file, required=True, help="Case table: the id and every feature.")
@click.option(
    "--to", type=_file, required=True, help="Table to add to: .sqlite, .duckdb, or a folder of Parquet files."
)
@click.option("--worklist", type=_file, help="Also write the selected cases here, highest score first (CSV, with ids).")
@click.option("--pipeline", type=_file, help="Folder of the version's pipeline [pipelines/NAME].")
@click.option("--key", type=_file, help="Private key that signs the ledger's entry [$IGW_KEY_FILE].")
@click.option("--unapproved", is_flag=True, help="Score with a version that nobody approved. Table and ledger keep it.")
@secret_option
@project_option
@as_json
def score(uri: str, cases: Path, to: Path, project: str, json_wanted: bool, **options: Any) -> None:
    """Score cases with an approved version, and keep which case was scored and selected by which version.

    \b
    igw-audit score models:/study@champion --cases new.parquet --to exposure.sqlite --secret secret.txt
    """
    from igw_audit import workflow
    from igw_audit.evidence.keys import signing_key
    from igw_audit.workflow.exposure import read_secret

    secret, key = read_secret(options.pop("secret")), signing_key(options.pop("key"))
    choices = workflow.ScoreChoices(key=key, **options)
    with working(f"scoring with {uri}") as say:
        done = workflow.score(uri, cases=cases, to=to, secret=secret, project=project, choices=choices, progress=say)
    if json_wanted:
        put_json(done.to_dict())
        return
    click.echo(
        f"{done.cases} cases scored with {done.uri}, {done.selected} selected; kept in {to} (batch {done.batch})."
    )
    for condition in done.conditions:
        click.echo(f"  approved on condition: {on_one_line(condition)}")
    if not done.approved:
        click.echo("This version is NOT APPROVED. The table and the ledger say so.", err=True)


@click.command()
@click.option("--in", "table", type=_file, required=True, help="Table that igw-audit score wrote.")
@click.option("--case", "cases", multiple=True, help="Id of a case; repeat for more.")
@click.option("--version", "uri", help="models:/NAME/VERSION: say how many cases it was used on, and when.")
@secret_option
@project_option
@as_json
def exposed(
    table: Path, cases: tuple[str, ...], uri: str | None, project: str, json_wanted: bool, **given: Any
) -> None:
    """Find which versions scored and selected a case, or on how many cases a version was used."""
    from igw_audit import workflow
    from igw_audit.workflow.exposure import batches_to_dict, read_secret

    if bool(cases) == (uri is not None):
        raise click.UsageError("give either --case ID (once or more) or --version models:/NAME/VERSION")
    if uri is not None:
        batches = workflow.exposed_by(uri, table=table)
        if json_wanted:
            put_json(batches_to_dict(uri, batches))
            return
        for held in batches:
            click.echo(
                f"{held.batch.scored_at}  {held.cases} cases, {held.selected} selected{_mark(held.batch.approved)}"
            )
        named = "batch" if len(batches) == 1 else "batches"
        click.echo(f"{uri}: {sum(one.cases for one in batches)} cases in {len(batches)} {named}")
        return
    secret = read_secret(given["secret"])
    found = [workflow.exposed(case, table=table, secret=secret, project=project) for case in cases]
    if json_wanted:
        put_json([one.to_dict() for one in found])
        return
    for one in found:
        _put(one)


def _put(found: Any) -> None:
    click.echo(f"Case {found.case}: scored {len(found.rows)} times")
    for row in found.rows:
        said = "selected" if row.selected else "not selected"
        band = "" if row.band is None else f", band {row.band!r}"
        uri = f"models:/{row.batch.model}/{row.batch.version}"
        click.echo(f"  {row.batch.scored_at}  {uri}  score {row.score:.4g}, {said}{band}{_mark(row.batch.approved)}")
    if found.other_secrets:
        click.echo(
            f"  {found.other_secrets} batches were written under another secret: look again with that one", err=True
        )
    if found.not_held:
        click.echo(f"  the ledger knows {found.not_held} batches that are not in this table: look there too", err=True)


def _mark(approved: bool) -> str:
    return "" if approved else "  NOT APPROVED"
