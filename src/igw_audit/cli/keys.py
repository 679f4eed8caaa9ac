"""Commands about keys: make, list, trust and revoke them. They start quickly and need no MLflow."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from igw_audit.cli.show import as_json, project_option, put_json

if TYPE_CHECKING:
    from igw_audit.evidence.trust import TrustedKey, TrustedKeys

_file = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path, file_okay=False)


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

    held = held_keys(project)
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

    public, held = read_public(given["public"]), held_keys(project)
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
    held = held_keys(project)
    known = held.named(keyid)
    changed = held.revoke(known.keyid, at=datetime.now(UTC), because=because)
    _save(changed, project, keyid=known.keyid, doing="revoked", json_wanted=json_wanted)


def held_keys(project: str) -> TrustedKeys:
    """Read the project's trusted keys; none of them where there is no file yet."""
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
