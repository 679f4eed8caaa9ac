"""Commands about promotion: gate, promote, doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from igw_audit.cli.show import SAID, as_json, leave, on_one_line, project_option, put_json, put_reasons, working

#: The exit code of a doctor who found something.
FOUND = 3
key_option = click.option("--key", type=click.Path(path_type=Path), help="Private key to sign with [$IGW_KEY_FILE].")


@click.command()
@click.argument("uri")
@click.option("--record-only", is_flag=True, help="Look at the record and the model's bytes alone. NOT the gate.")
@project_option
@as_json
def gate(uri: str, record_only: bool, project: str, json_wanted: bool) -> None:
    """Say whether a version may be promoted: bytes, record, signatures, sign-offs and ledger.

    Exit 0 allowed, 3 refused, 4 waits for people.
    """
    from igw_audit import workflow

    verdict = workflow.gate(uri, project=project, record_only=record_only)
    if json_wanted:
        put_json(workflow.verdict_to_dict(verdict))
    else:
        click.echo(f"{SAID[verdict.word]}: {uri}")
        _put_reasons(verdict)
    if record_only:
        click.echo(
            "THIS IS NOT THE GATE: no signature, no sign-off and no ledger was looked at. "
            f"Whether it may be promoted: igw-audit gate {uri}",
            err=True,
        )
    leave(verdict.word)


@click.command()
@click.argument("uri")
@click.option("--alias", default="champion", show_default=True, help="The alias that is to lead to this version.")
@key_option
@project_option
@as_json
def promote(uri: str, alias: str, key: Path | None, project: str, json_wanted: bool) -> None:
    """Let an alias lead to a version, if the gate is open for it; otherwise change nothing and say why.

    Exit 0 promoted, 3 refused, 4 waits for people.
    """
    from igw_audit import workflow
    from igw_audit.evidence.keys import signing_key

    done = workflow.promote(uri, alias=alias, project=project, key=signing_key(key))
    if json_wanted:
        put_json(done.to_dict())
    elif done.done:
        before = f"; it led to version {done.previous}" if done.previous not in (None, uri.rpartition("/")[2]) else ""
        click.echo(f"PROMOTED: {done.uri} is {alias!r} now{before}")
        _put_reasons(done.verdict)
        click.echo(f"Load it: igw_audit.load_approved({uri.split('/')[1]!r}, {alias!r})")
    else:
        click.echo(f"NOT PROMOTED: {done.uri} does not become {alias!r} ({SAID[done.verdict.word]})")
        _put_reasons(done.verdict)
    leave(done.verdict.word)


@click.command()
@click.option("--exposure", type=click.Path(path_type=Path), help="Also hold this table of scored cases to the ledger.")
@project_option
@as_json
def doctor(exposure: Path | None, project: str, json_wanted: bool) -> None:
    """List all that went round the gate, with what to do: aliases, versions, files, evidence, ledger.

    Exit 0 where nothing was found, 3 where something was, 1 where there was nothing to look at.
    """
    from igw_audit import workflow
    from igw_audit.errors import IgwAuditError

    try:
        with working("looking at every version, alias and ledger entry") as say:
            say("this reads the files of every model")
            seen = workflow.examination(project=project, exposure=exposure)
    except IgwAuditError as error:
        if json_wanted:
            put_json(
                {"found": 0, "around": [], "noted": [], "looked_at": None, "saw_nothing": True, "error": str(error)}
            )
        raise
    if json_wanted:
        put_json(workflow.examination_to_dict(seen))
    else:
        _put_examination(seen)
    sys.exit(FOUND if seen.around else int(seen.saw_nothing))


def _put_examination(seen: Any) -> None:
    for one in (*seen.around, *seen.noted):
        where, found_there, do = map(on_one_line, (one.where, one.found, one.do))
        click.echo(f"{where}  [{one.kind}]\n  {found_there}\n  What to do: {do}")
    looked = f"{seen.versions} versions, {seen.aliases} aliases and {seen.entries} ledger entries looked at."
    if seen.saw_nothing:
        said = "There was no version to look at, which is no sign that all is well."
    else:
        said = "Nothing went round the gate." if not seen.around else f"{len(seen.around)} found."
    click.echo(f"{said} {looked}")


def _put_reasons(verdict: Any) -> None:
    from igw_audit import workflow

    put_reasons(workflow.told_reasons(verdict))
    if verdict.standing is not None:
        for review in verdict.standing.reviews:
            for condition in review.conditions:
                click.echo(f"  condition of {review.by} ({review.role}): {on_one_line(condition)}")
