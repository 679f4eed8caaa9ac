"""Verifying evidence: a bundle's folder without MLflow and offline, or a registered version."""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from igw_audit.cli.keys import held_keys
from igw_audit.cli.show import as_json, project_option, put_json

if TYPE_CHECKING:
    from igw_audit.evidence.verify import Verdict

_folder = click.Path(path_type=Path, file_okay=False)
_REFUSED = 3
_MOST = 12


@click.command()
@click.argument("target")
@click.option("--model", type=_folder, help="Also hold this model's folder against it (bundles only).")
@click.option("--out", type=_folder, help="Write the bundle into this folder (registered versions only).")
@project_option
@as_json
def verify(target: str, model: Path | None, out: Path | None, project: str, json_wanted: bool) -> None:
    """Verify TARGET: a bundle's folder (offline), or models:/NAME/VERSION.

    \b
    igw-audit verify out/study
    igw-audit verify models:/study/1 --out out/study
    """
    # over before memory matters: looking for rubbish between imports takes a tenth of the whole time
    gc.disable()
    if target.startswith("models:"):
        if model is not None:
            raise click.UsageError("--model is for a bundle's folder; a version's own files are always verified")
        from igw_audit.workflow.evidence import verify_version

        verdict = verify_version(target, project=project, out=out)
    else:
        if out is not None:
            raise click.UsageError("--out is for a registered version; a bundle's folder is there already")
        from igw_audit.evidence.verify import verify_folder

        verdict = verify_folder(target, held_keys(project), at=datetime.now(UTC), model=model)
    if json_wanted:
        put_json(_verdict(verdict))
    else:
        _put(verdict, target)
    sys.exit(0 if verdict.holds else _REFUSED)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    from igw_audit.core.serial import plain

    stands = verdict.standing
    return {
        "uri": verdict.uri,
        "holds": verdict.holds,
        "broken": plain(verdict.broken),
        "standing": None if stands is None else {"word": stands.word, "reasons": plain(stands.reasons)},
        "unsigned": list(verdict.unsigned),
    }


def _put(verdict: Verdict, target: str) -> None:
    if not verdict.holds:
        click.echo(f"DOES NOT HOLD: {target}")
        for reason in verdict.broken:
            click.echo(f"  - [{reason.rule}] {reason.text.en}")
        return
    stands = verdict.standing
    click.echo(f"HOLDS: {verdict.uri}, every byte is as it was signed")
    if stands is not None and stands.audit is not None:
        click.echo(
            f"  audited {stands.audit.signed_at[:10]}, decision {stands.audit.decision}; the gate is {stands.word}"
        )
        for reason in stands.reasons[:_MOST]:
            click.echo(f"  - [{reason.rule}] {reason.text.en}")
        if len(stands.reasons) > _MOST:
            click.echo(f"  (and {len(stands.reasons) - _MOST} more; --json gives all)")
    if verdict.unsigned:
        click.echo(f"  nobody signed what else is in the folder: {', '.join(verdict.unsigned)}")
