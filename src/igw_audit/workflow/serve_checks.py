"""Everything that `igw-audit serve` needs, looked at before anything starts: all that is wrong at once."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from igw_audit.core.addresses import holds_password, sqlite_address, sqlite_file, without_password
from igw_audit.errors import IgwAuditError, InputError
from igw_audit.evidence.keys import PASSPHRASE_FILE, load_key, passphrase
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.trust import TrustedKeys, trusted_keys_file
from igw_audit.tracking.gated_registry.settings import alias_problems
from igw_audit.tracking.server.routes import OPEN_ROUTES, RouteList
from igw_audit.workflow.serve_secrets import libpq_secrets, passwords_in_addresses, read_private, secret_or_setting

#: MLflow's own least length of its first administrator's password.
SHORTEST_PASSWORD = 12
SHORTEST_SECRET = 16
PASSWORD = "MLFLOW_AUTH_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable  # nosec B105
SECRET = "MLFLOW_FLASK_SERVER_SECRET_KEY"  # noqa: S105 - the name of a variable  # nosec B105
DATABASE = "IGW_DATABASE"
LEDGER = "IGW_LEDGER"
_TIMEOUT = 5
_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeChoices:
    """Where the server runs. Secrets are not among the choices: they come from the surroundings or from files."""

    project: Path
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 2
    allowed_hosts: str | None = None
    artifacts: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Found:
    """What the surroundings hold; its repr shows nothing, for some of it is secret."""

    database: str
    ledger: str
    password: str
    secret: str
    keys_file: Path

    def __repr__(self) -> str:
        return "Found(...)"


def look(choices: ServeChoices, surroundings: Mapping[str, str]) -> Found:
    """Look at everything that the server needs.

    Raises
    ------
    InputError
        With one sentence for each thing that is missing or wrong, and what to do about it.
    """
    problems: list[str] = []
    store = choices.project.resolve() / "mlruns"

    def told(name: str, otherwise: str = "") -> str:
        try:
            return secret_or_setting(name, surroundings) or otherwise
        except InputError as error:
            problems.extend(error.problems)
            return otherwise

    found = Found(
        database=told(DATABASE, sqlite_address(store / "igw.db")),
        ledger=told(LEDGER, f"sqlite:///{store / 'igw-ledger.db'}"),
        password=told(PASSWORD),
        secret=told(SECRET),
        keys_file=trusted_keys_file(choices.project.resolve()),
    )
    named = {DATABASE: found.database, LEDGER: found.ledger, "--artifacts": choices.artifacts or ""}
    problems += [*_installed(), *_secrets(found), *passwords_in_addresses(named)]
    problems += [*libpq_secrets((found.database, found.ledger), surroundings), *_database(found.database)]
    problems += [*_keys(found.keys_file), *_ledger(found.ledger, found.keys_file)]
    problems += [*_server_key(surroundings), *alias_problems(surroundings), *_routes(surroundings)]
    problems += [*_sign_in(surroundings), *_place(choices)]
    if problems:
        raise InputError("igw-audit serve", problems)
    return found


def _installed() -> Iterator[str]:
    if find_spec("flask_wtf") is None:
        yield "MLflow lets nobody sign in without Flask-WTF, which is not installed: pip install 'igw-audit[serve]'"


def _secrets(found: Found) -> Iterator[str]:
    if len(found.password) < SHORTEST_PASSWORD:
        yield (
            f"{PASSWORD} has {len(found.password)} characters, and the first administrator of the server needs a "
            f"password of {SHORTEST_PASSWORD} or more; put it in a file that only you can read and name that in "
            f"{PASSWORD}_FILE"
        )
    if len(found.secret) < SHORTEST_SECRET:
        yield (
            f"{SECRET} has {len(found.secret)} characters, expected {SHORTEST_SECRET} or more; write one with "
            "`python3 -c 'import secrets; print(secrets.token_hex(32))' > FILE` and name that file in "
            f"{SECRET}_FILE; it stays the same from start to start"
        )


def _database(address: str) -> Iterator[str]:
    file = sqlite_file(address)
    if file is not None:
        folder = file.parent
        above = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(above, os.W_OK):
            yield f"the database goes in {folder}, which cannot be written; let the server's account write there"
    elif re.match(r"postgresql(\+psycopg)?://", address):
        yield from _postgres(address)
    else:
        kind = address.partition(":")[0]
        yield f"{DATABASE} is of the kind {kind!r}, expected sqlite:///PATH or postgresql://USER@HOST/NAME"


def _postgres(address: str) -> Iterator[str]:
    if find_spec("psycopg") is None:
        yield "PostgreSQL needs its driver, which is not installed: pip install 'igw-audit[postgres]'"
        return
    if holds_password(address):
        # refused already, and not tried
        return
    import psycopg

    try:
        psycopg.connect(re.sub(r"^postgresql\+psycopg", "postgresql", address), connect_timeout=_TIMEOUT).close()
    except psycopg.Error as error:
        yield f"the database at {without_password(address)} does not answer: {str(error).strip().splitlines()[0]}"


def _keys(path: Path) -> Iterator[str]:
    if not path.is_file():
        yield (
            f"there is no file of trusted keys at {path}; without it nobody's signature counts. Make a key for the "
            "auditor (igw-audit keys new auditor) and trust it (igw-audit keys trust), or set IGW_TRUSTED_KEYS"
        )
        return
    try:
        keys = TrustedKeys.read(path)
    except InputError as error:
        yield from (f"trusted keys {path}: {one}" for one in error.problems)
        return
    if path.stat().st_mode & 0o002:
        yield f"everyone can write the trusted keys {path}, and so decide who is believed: chmod o-w {path}"
    if not any("auditor" in key.roles and key.revoked is None for key in keys.key):
        yield f"no trusted key in {path} has the role auditor, so that no audit would count; igw-audit keys trust"


def _ledger(address: str, keys_file: Path) -> Iterator[str]:
    try:
        keys = TrustedKeys.read(keys_file) if keys_file.is_file() else None
    except InputError:
        # told where the keys are looked at
        keys = None
    if holds_password(address):
        # refused already, and not opened
        return
    try:
        wrong = open_ledger(address).verify(keys)
    except IgwAuditError as error:
        yield f"the ledger at {without_password(address)} cannot be opened: {error}"
        return
    for one in wrong[:_TOLD]:
        yield f"the ledger at {without_password(address)} is not whole: {one.text}; put back a copy that is"
    if len(wrong) > _TOLD:
        yield f"{len(wrong) - _TOLD} more entries of the ledger do not hold; list them: igw-audit ledger verify"


def _server_key(surroundings: Mapping[str, str]) -> Iterator[str]:
    if named := surroundings.get("IGW_KEY_FILE"):
        try:
            if word := surroundings.get(PASSPHRASE_FILE):
                read_private(Path(word), what=PASSPHRASE_FILE)
            load_key(named, passphrase=passphrase())
        except IgwAuditError as error:
            yield f"IGW_KEY_FILE: {error}"


def _routes(surroundings: Mapping[str, str]) -> Iterator[str]:
    try:
        RouteList.read(surroundings.get(OPEN_ROUTES, ""))
    except InputError as error:
        yield from (f"{OPEN_ROUTES}: {one}" for one in error.problems)


def _sign_in(surroundings: Mapping[str, str]) -> Iterator[str]:
    named = surroundings.get("MLFLOW_AUTH_CONFIG_PATH")
    if named and not Path(named).is_file():
        yield f"MLFLOW_AUTH_CONFIG_PATH names {named}, which is not there; unset it to have one written"


def _place(choices: ServeChoices) -> Iterator[str]:
    if not _is_local(choices.host) and not choices.allowed_hosts:
        yield (
            f"the server would be reached from elsewhere at {choices.host}; say under which names with "
            "--allowed-hosts igw.example.org, and put TLS in front of it: passwords travel with each request"
        )
    with socket.socket(socket.AF_INET6 if ":" in choices.host else socket.AF_INET) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((choices.host, choices.port))
        except OSError as error:
            yield f"port {choices.port} at {choices.host} cannot be used ({error.strerror}); choose another with --port"


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
