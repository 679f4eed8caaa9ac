"""How results and progress are shown: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from igw_audit.core.foreign import visible, visible_json

if TYPE_CHECKING:
    from igw_audit.core.decision import Reason
    from igw_audit.core.rules import Word

EXIT = {"allow": 0, "refuse": 3, "refer": 4}
SAID = {"allow": "ALLOWED", "refuse": "REFUSED", "refer": "REFERRED to people"}

as_json = click.option("--json", "json_wanted", is_flag=True, help="Write the result as JSON to stdout.")
project_option = click.option(
    "--project",
    type=click.Path(file_okay=False, exists=True),
    default=".",
    show_default=True,
    help="Folder of the project; its MLflow store is mlruns/ in there.",
)


def put_json(content: Any) -> None:
    """Write JSON to stdout; what a terminal would obey is written as JSON's own escapes."""
    click.echo(visible_json(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)))


def on_one_line(text: str) -> str:
    """Return what somebody else wrote so that it stays in its line; the stream spells out all other controls."""
    return visible(text, one_line=True)


def put_reasons(reasons: tuple[Reason, ...], *, most: int = 12) -> None:
    """Write the reasons that count for the word, gravest first, with a count of what was left out."""
    against = [reason for reason in reasons if reason.word != "allow"] or list(reasons)
    for reason in against[:most]:
        click.echo(f"  - [{reason.word}] {on_one_line(reason.text.en)}")
    if len(against) > most:
        click.echo(f"  (and {len(against) - most} more in the record)")


def leave(word: Word) -> NoReturn:
    """Leave with the exit code of a decision."""
    sys.exit(EXIT[word])


@contextmanager
def working(what: str) -> Iterator[Any]:
    """Show on stderr that work goes on; give a function that names the stage."""
    from igw_audit.cli.terminal import console, plain

    shown = console(stderr=True)
    if not shown.is_terminal:
        yield lambda stage: click.echo(f"{what}: {on_one_line(stage)}", err=True)
        return
    with shown.status(plain(what)) as status:

        def say(stage: str) -> None:
            shown.print("[green]✓[/green]", plain(stage))
            status.update(plain(what))

        yield say
