"""The command group, its way with errors, and its exit codes."""

from __future__ import annotations

import sys
from typing import Any

import click

from igw_audit._version import __version__
from igw_audit.cli import audit, data, exposure, funnel, keys, ledger, models, promotion, reviews, serve, verify
from igw_audit.cli.terminal import shown_streams
from igw_audit.errors import IgwAuditError


class Group(click.Group):
    """A group that lists its commands in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Give the commands in the order in which they were added."""
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line with streams that obey no control, whoever calls it."""
        with shown_streams():
            return super().main(*args, **kwargs)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="igw-audit")
def app() -> None:
    """Audit risk-scoring models, and the process around them, before any model is approved.

    Exit codes: 0 allowed or done, 1 error, 2 wrong usage, 3 refused, 4 referred to people.
    """


for command in (
    models.demo,
    data.synthesize,
    data.schema,
    data.separate,
    models.train,
    reviews.dossier,
    reviews.preregister,
    audit.audit,
    reviews.review,
    reviews.report,
    promotion.gate,
    promotion.promote,
    promotion.doctor,
    exposure.score,
    exposure.exposed,
    verify.verify,
    keys.keys,
    ledger.ledger,
    funnel.funnel,
    serve.serve,
):
    app.add_command(command)


def main() -> None:
    """Run the command line; an error that we foresaw is a message, never a traceback."""
    try:
        app(standalone_mode=True)
    except IgwAuditError as error:
        with shown_streams():
            click.echo(f"Error: {error}", err=True)
        sys.exit(1)
