"""The command that audits: a registered version, or bare files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from igw_audit.cli.show import SAID, as_json, leave, project_option, put_json, put_reasons, working

if TYPE_CHECKING:
    from igw_audit.core.record import AuditRecord
    from igw_audit.workflow.evidence import Auditor

_file = click.Path(path_type=Path)


@click.command()
@click.argument("target")
@click.option("--protected", type=_file, help="Protected table; for a version: the one its pipeline names.")
@click.option("--plan", type=_file, help="What to audit, for whom, at which operating point.")
@click.option("--policy", type=_file, help="The limits that judge [the shipped default].")
@click.option(
    "--dossier", type=_file, help="Folder of the dossier (bare files only; a version's lies beside its plan)."
)
@click.option("--schema", type=_file, help="Roles of the case table's columns (bare files only).")
@click.option("--score", help="Column that holds the score (bare files only).")
@click.option("--cases", type=_file, help="Case table to audit a version on [the held-out cases of its training].")
@click.option("--unseen", is_flag=True, help="Say that --cases holds no case of the training, so that all are audited.")
@click.option("--pipeline", type=_file, help="Folder of the version's pipeline [pipelines/NAME].")
@click.option("--pilot", default="", help="Name of the pilot in the record (bare files only).")
@click.option("--key", type=_file, help="Sign the audit of a version with this auditor's key [$IGW_KEY_FILE].")
@click.option("--author", help="Who made the model, as an account's name [who logged its run]; only with a key.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the record and the pages.")
@project_option
@as_json
def audit(target: str, out: Path | None, project: str, json_wanted: bool, **options: Any) -> None:
    """Audit TARGET: models:/NAME/VERSION, or a case table with a score column.

    \b
    igw-audit audit models:/study/1 --key ci.pem
    igw-audit audit cases.csv --protected people.csv --plan plan.toml --score risk --out result
    """
    from igw_audit import workflow

    with working(f"auditing {target}") as say:
        if target.startswith("models:"):
            choices, signer = workflow.AuditChoices(**_version_options(options)), _signer(options, project)
            done = workflow.audit_version(
                target, project=project, choices=choices, out=out, signer=signer, progress=say
            )
            record, folder = done.record, done.folder
            if signer is None:
                click.echo("Nobody signed this audit (no --key FILE), so the gate stays shut.", err=True)
        else:
            record = workflow.audit_files(Path(target), progress=say, **_file_options(options))
            folder = record.save(out) if out else None
    if json_wanted:
        put_json(record.to_dict())
    else:
        _put(record, target, folder)
    leave(record.decision.word)


def _put(record: AuditRecord, target: str, folder: Path | None) -> None:
    from igw_audit.core.shown import shown_reasons

    click.echo(f"{SAID[record.decision.word]}: {target}, policy {record.policy.name!r}")
    put_reasons(shown_reasons(record.decision.reasons, record.outcomes))
    if folder is not None:
        click.echo(f"Read it: {folder / 'report.en.html'} (English), {folder / 'report.nl.html'} (Dutch)")
    else:
        click.echo("Nothing was written; give --out FOLDER to keep the record and the pages.")


def _version_options(options: dict[str, Any]) -> dict[str, Any]:
    _refuse(options, ("schema", "score", "pilot", "dossier"), "is for bare files; a version brings its own")
    return {name: options[name] for name in ("protected", "plan", "policy", "cases", "unseen", "pipeline")}


def _signer(options: dict[str, Any], project: str) -> Auditor | None:
    """Read and check the key before the work begins."""
    from igw_audit.evidence.keys import signing_key
    from igw_audit.workflow.evidence import auditor

    key = signing_key(options["key"])
    if key is None:
        if options["author"]:
            raise click.UsageError("--author is written into what is signed; give --key FILE too")
        return None
    return auditor(key, project=project, author=options["author"])


def _file_options(options: dict[str, Any]) -> dict[str, Any]:
    _refuse(
        options,
        ("cases", "unseen", "pipeline", "key", "author"),
        "is for registered versions; TARGET is the case table here",
    )
    missing = [f"--{name}" for name in ("protected", "plan") if options[name] is None]
    if missing:
        raise click.UsageError(f"auditing a file needs {' and '.join(missing)}")
    if options["score"] is None and options["schema"] is None:
        raise click.UsageError("auditing a file needs the score: --score COLUMN, or a --schema with a score column")
    return {name: options[name] for name in ("protected", "plan", "policy", "schema", "score", "pilot", "dossier")}


def _refuse(options: dict[str, Any], names: tuple[str, ...], why: str) -> None:
    given = [f"--{name}" for name in names if options[name]]
    if given:
        raise click.UsageError(f"{', '.join(given)} {why}")
