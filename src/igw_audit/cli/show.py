"""How results and progress are shown: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

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
    """Write JSON to stdout."""
    click.echo(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))


def on_one_line(text: str) -> str:
    """Give what somebody else wrote so that it stays in its line: no control character moves or paints anything."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


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
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda stage: click.echo(f"{what}: {stage}", err=True)
        return
    with console.status(what) as status:

        def say(stage: str) -> None:
            console.print(f"[green]✓[/green] {stage}")
            status.update(what)

        yield say
