"""The command that starts a team's server."""

from __future__ import annotations

from pathlib import Path

import click

from igw_audit.cli.show import project_option


@click.command()
@project_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port to listen at.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that answer.")
@click.option("--allowed-hosts", help="Names under which the server is reached, comma separated [this machine only].")
@click.option("--artifacts", help="Where models and pages are kept: a folder or s3://... [mlruns/artifacts].")
@click.option("--check", "only_check", is_flag=True, help="Look at everything that is needed, and start nothing.")
def serve(  # noqa: PLR0913, PLR0917 - click passes each option
    project: str, host: str, port: int, workers: int, allowed_hosts: str | None, artifacts: str | None, only_check: bool
) -> None:
    """Start MLflow with sign-in and a registry that refuses what was not approved; pages are under /igw.

    Settings that are secret come from the environment, or from files named there: MLFLOW_AUTH_ADMIN_PASSWORD[_FILE],
    MLFLOW_FLASK_SERVER_SECRET_KEY[_FILE], IGW_DATABASE[_FILE], IGW_LEDGER[_FILE].
    """
    from igw_audit.workflow import serve as serving

    choices = serving.ServeChoices(
        project=Path(project), host=host, port=port, workers=workers, allowed_hosts=allowed_hosts, artifacts=artifacts
    )
    prepared = serving.prepare(choices)
    for line in prepared.shown:
        click.echo(line, err=only_check is False)
    if only_check:
        click.echo("All that the server needs is there.")
        return
    click.echo(f"starting at http://{host}:{port} (pages under /igw); stop it with Ctrl-C", err=True)
    serving.start(prepared, choices)
