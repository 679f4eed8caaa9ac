"""Commands about evidence: keys, verify, ledger. They start quickly and need no MLflow, but for models:/ addresses."""

from __future__ import annotations

import getpass
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from igw_audit.cli.show import as_json, on_one_line, project_option, put_json

if TYPE_CHECKING:
    from igw_audit.evidence.trust import TrustedKey, TrustedKeys
    from igw_audit.evidence.verify import Verdict

#: What is longer is told by its length.
_LINE = 80

_file = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path, file_okay=False)
_REFUSED = 3
_MOST = 12


@click.group()
def keys() -> None:
    """Keys that sign, and whose signatures count."""


@keys.command("new")
@click.argument("name")
@click.option("--folder", type=_folder, help="Where to keep it [$IGW_KEYS, or ~/.config/igw-audit/keys].")
@as_json
def new(name: str, folder: Path | None, json_wanted: bool) -> None:
    """Make a private key NAME.pem, which stays with you, and NAME.pub to hand over.

    A passphrase is read from the file that $IGW_KEY_PASSPHRASE_FILE names.
    """
    from igw_audit.evidence.keys import keyid_of, keys_folder, new_key, passphrase, read_public

    path = new_key(name, folder or keys_folder(), passphrase=passphrase())
    public = path.with_suffix(".pub")
    keyid = keyid_of(read_public(public))
    if json_wanted:
        put_json({"private": str(path), "public": str(public), "keyid": keyid})
        return
    click.echo(f"Key {keyid[:12]}")
    click.echo(f"  {path} is private: only you can read it, and nobody ever needs a copy.")
    click.echo(f"  {public} is public: hand it over, and have it trusted.")
    click.echo(f"Next: igw-audit keys trust {public} --holder YOUR-ACCOUNT --role auditor|reviewer|service")


@keys.command("list")
@project_option
@as_json
def show(project: str, json_wanted: bool) -> None:
    """List the trusted keys: whose they are, for what, and until when."""
    from igw_audit.evidence.trust import trusted_keys_file

    held = _held(project)
    now = datetime.now(UTC)
    if json_wanted:
        put_json([{**one.model_dump(mode="json"), "state": _state(one, now)} for one in held.key])
        return
    if not held.key:
        click.echo(f"No keys are trusted yet in {trusted_keys_file(project)}.")
    for one in held.key:
        roles = ", ".join((*one.roles, *(f"reviews {role}" for role in one.reviewer_roles)))
        click.echo(f"{one.keyid[:12]}  {one.holder}  ({roles})  {_state(one, now)}")


@keys.command("trust")
@click.argument("public", type=_file)
@click.option("--holder", required=True, help="Whose it is: the account that this person signs in with.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(["auditor", "reviewer", "service"]),
    help="What it may sign; repeat for more.",
)  # fmt: skip
@click.option("--reviewer-role", "reviewer_roles", multiple=True, help="A role to review in, for example ethics.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day (UTC) [two years from now].")
@project_option
@as_json
def trust(project: str, json_wanted: bool, **given: Any) -> None:
    """Trust the key in PUBLIC (a .pub file) from now on."""
    from igw_audit.evidence.keys import keyid_of, read_public

    public, held = read_public(given["public"]), _held(project)
    expires = None if given["expires"] is None else given["expires"].replace(hour=23, minute=59, second=59, tzinfo=UTC)
    more = {"reviewer_roles": given["reviewer_roles"], "expires": expires}
    there = held.find(keyid_of(public))
    same = there is not None and (there.holder, there.roles, there.reviewer_roles, there.revoked) == (
        given["holder"],
        given["roles"],
        given["reviewer_roles"],
        None,
    )
    # a key that the file trusts already is entered in this ledger, which may be another than the first one
    now, who = datetime.now(UTC), {"holder": given["holder"], "roles": given["roles"]}
    changed = held if same else held.trust(public, **who, at=now, **more)
    _save(changed, project, keyid=keyid_of(public), doing="trusted", json_wanted=json_wanted)


@keys.command("revoke")
@click.argument("keyid")
@click.option("--because", required=True, help="Why, on one line; whoever reads an old approval will ask.")
@project_option
@as_json
def revoke(keyid: str, because: str, project: str, json_wanted: bool) -> None:
    """Revoke the key whose id starts with KEYID: nothing that it signed counts any more."""
    held = _held(project)
    known = held.named(keyid)
    changed = held.revoke(known.keyid, at=datetime.now(UTC), because=because)
    _save(changed, project, keyid=known.keyid, doing="revoked", json_wanted=json_wanted)


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
    if target.startswith("models:"):
        if model is not None:
            raise click.UsageError("--model is for a bundle's folder; a version's own files are always verified")
        from igw_audit.workflow.evidence import verify_version

        verdict = verify_version(target, project=project, out=out)
    else:
        if out is not None:
            raise click.UsageError("--out is for a registered version; a bundle's folder is there already")
        from igw_audit.evidence.verify import verify_folder

        verdict = verify_folder(target, _held(project), at=datetime.now(UTC), model=model)
    if json_wanted:
        put_json(_verdict(verdict))
    else:
        _put(verdict, target)
    sys.exit(0 if verdict.holds else _REFUSED)


@click.group()
def ledger() -> None:
    """The ledger of what was registered, audited, reviewed and promoted."""


@ledger.command("verify")
@click.option("--checkpoint", "checkpoints", multiple=True, type=_file, help="A head that was kept elsewhere; repeat.")
@project_option
@as_json
def check(project: str, checkpoints: tuple[Path, ...], json_wanted: bool) -> None:
    """Say whether every entry is as it was written, in its place, and none is gone."""
    from igw_audit.evidence.ledger import ledger_address, open_ledger
    from igw_audit.evidence.trust import trusted_keys_file

    held = open_ledger(ledger_address(project))
    known = _held(project) if trusted_keys_file(project).exists() else None
    kept = [path.read_text(encoding="utf-8").strip() for path in checkpoints]
    problems = held.verify(known, checkpoints=kept)
    entries = held.entries()
    if json_wanted:
        told = [{"seq": one.seq, "word": one.word, "text": one.text} for one in problems]
        put_json({"address": held.address, "entries": len(entries), "problems": told, "signatures": known is not None})
    else:
        unsigned = sum(one.signature is None for one in entries)
        click.echo(f"{held.address}: {len(entries)} entries, {unsigned} of them unsigned, {len(problems)} problems")
        for one in problems:
            click.echo(f"  - [{one.word}] {one.text}")
        if known is None:
            click.echo("No keys are trusted here, so signatures were not looked at.", err=True)
        if not checkpoints:
            click.echo("Only a checkpoint that was kept elsewhere shows a ledger cut off at its end.", err=True)
    _leave(not problems)


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


def _held(project: str) -> TrustedKeys:
    from igw_audit.evidence.trust import TrustedKeys, trusted_keys_file

    path = trusted_keys_file(project)
    return TrustedKeys.read(path) if path.exists() else TrustedKeys()


def _save(changed: TrustedKeys, project: str, *, keyid: str, doing: str, json_wanted: bool) -> None:
    """Write the file, and then the ledger's word that it was changed."""
    from igw_audit.evidence.keys import signing_key
    from igw_audit.evidence.known_keys import enter_key
    from igw_audit.evidence.ledger import ledger_address, open_ledger
    from igw_audit.evidence.trust import trusted_keys_file

    key, signer = changed.named(keyid), signing_key()
    path = changed.save(trusted_keys_file(project))
    enter_key(open_ledger(ledger_address(project)), key, doing=doing, by=getpass.getuser(), signer=signer)
    if json_wanted:
        put_json(key.model_dump(mode="json"))
        return
    click.echo(f"{doing.capitalize()}: key {keyid[:12]} of {key.holder}, in {path}. Commit that file.")


def _state(key: TrustedKey, now: datetime) -> str:
    if key.revoked is not None:
        return f"revoked {key.revoked:%Y-%m-%d}: {key.revoked_because}"
    return f"expired {key.expires:%Y-%m-%d}" if key.expires <= now else f"until {key.expires:%Y-%m-%d}"


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


def _leave(good: bool) -> NoReturn:
    sys.exit(0 if good else _REFUSED)
