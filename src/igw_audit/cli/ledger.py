"""Commands about the ledger: show it, verify it, keep its end elsewhere. They start quickly and need no MLflow."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

from igw_audit.cli.show import as_json, on_one_line, project_option, put_json

#: What is longer is told by its length.
_LINE = 80
_REFUSED = 3

_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def ledger() -> None:
    """The ledger of what was registered, audited, reviewed and promoted."""


@ledger.command("verify")
@click.option(
    "--checkpoint",
    "--against",
    "checkpoints",
    multiple=True,
    type=_file,
    help="An end kept elsewhere; repeat.",
)
@project_option
@as_json
def check(project: str, checkpoints: tuple[Path, ...], json_wanted: bool) -> None:
    """Say whether every entry is as it was written, in its place, and none is gone.

    It is also held against the ends that the registry keeps at promoted versions, and the one written down beside it.
    Exit 0 where nothing shows, 3 where something does or there is nothing to verify.
    """
    from igw_audit.workflow.ledger import verify_ledger

    told = verify_ledger(project, checkpoints=[path.read_text(encoding="utf-8").strip() for path in checkpoints])
    if json_wanted:
        put_json(told.to_dict())
    else:
        for line in told.lines():
            click.echo(line)
        if not told.signatures:
            click.echo("No keys are trusted here, so signatures were not looked at.", err=True)
        if told.not_looked is not None:
            click.echo(f"Ends kept in the registry were not looked at: {told.not_looked}", err=True)
        if not told.against["given"] and not told.against["registry"]:
            click.echo("Only a checkpoint that was kept elsewhere shows a ledger cut off at its end.", err=True)
    sys.exit(_REFUSED if told.problems or told.saw_nothing else 0)


@ledger.command("show")
@click.option("--kind", help="Only entries of this kind, for example promoted.")
@click.option("--since", type=click.IntRange(min=0), default=0, help="Only entries after this place.")
@project_option
@as_json
def entries(kind: str | None, since: int, project: str, json_wanted: bool) -> None:
    """Show entries, oldest first: of hashes the first twelve characters, of long texts the length; --json has all."""
    from igw_audit.evidence.ledger import ledger_address, open_ledger

    found = open_ledger(ledger_address(project)).entries(kind, since)
    if json_wanted:
        names = ("seq", "at", "kind", "content", "previous", "hash", "keyid", "signature")
        put_json([{name: getattr(one, name) for name in names} for one in found])
        return
    for one in found:
        signed = f"signed {one.keyid[:12]}" if one.keyid else "unsigned"
        said = "; ".join(f"{name} {_short(value)}" for name, value in one.content.items())
        click.echo(f"{one.seq}  {one.at}  {one.kind}  {signed}  {said}")


def _short(value: Any) -> str:
    """Write a value of an entry on part of a line."""
    if isinstance(value, str):
        if re.fullmatch(r"[0-9a-f]{64}", value):
            return str(value[:12])
        return on_one_line(value) if len(value) <= _LINE else f"({len(value):,} characters)"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(map(_short, value)) or "none"
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _LINE else f"({len(written):,} characters)"


@ledger.command("checkpoint")
@click.option("--key", type=_file, help="Sign it with this key [$IGW_KEY_FILE, or the last signed entry's].")
@click.option("--out", type=_file, required=True, help="File to write; keep it where the ledger's owner cannot.")
@project_option
def checkpoint(key: Path | None, out: Path, project: str) -> None:
    """Write the ledger's end as a signed line, to keep elsewhere."""
    from igw_audit.core.whole import write_file_whole
    from igw_audit.errors import EvidenceError
    from igw_audit.evidence.keys import signing_key
    from igw_audit.evidence.ledger import ledger_address, open_ledger

    made = open_ledger(ledger_address(project)).checkpoint(signing_key(key))
    if made is None:
        raise EvidenceError("the ledger has no entry that somebody signed; give --key FILE, or wait for one")
    text = made.to_json() + "\n"

    def write(aside: Path) -> None:
        aside.write_text(text, encoding="utf-8")

    write_file_whole(out, write)
    click.echo(f"Wrote {out}: keep it where whoever can write to the ledger cannot.")
