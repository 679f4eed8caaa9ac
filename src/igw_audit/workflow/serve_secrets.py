"""Where a server's secrets may be: in files that only their owner can read, never in an address or the environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from igw_audit.core.addresses import holds_password
from igw_audit.errors import InputError

#: libpq takes a password from here, and every process that the server starts would inherit it.
_LIBPQ_PASSWORD = "PGPASSWORD"  # noqa: S105 - the name of a variable  # nosec B105
#: libpq's own parameters and variables that name files.
_LIBPQ_FILES = {"passfile": "PGPASSFILE", "servicefile": "PGSERVICEFILE"}
#: No secret is longer; what is, was named by mistake.
_LONGEST = 100_000


def secret_or_setting(name: str, surroundings: Mapping[str, str]) -> str:
    """Return a setting from its variable, or from the file that its name with _FILE names; empty where neither is set.

    Raises
    ------
    InputError
        If both are set, or the file cannot be read or lets others read it.
    """
    value, file = surroundings.get(name, ""), surroundings.get(f"{name}_FILE", "")
    if value and file:
        raise InputError(name, [f"both {name} and {name}_FILE are set; set one of them"])
    return read_private(Path(file), what=f"{name}_FILE") if file else value


def read_private(path: Path, *, what: str) -> str:
    """Return the text of a file that only its owner can read, without the line break at its end.

    Raises
    ------
    InputError
        If it cannot be read, others can read or write it, or it is far too long for a secret.
    """
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            content = stream.read(_LONGEST + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(what, [f"{what} names {path}, which cannot be read ({error})"]) from None
    if _is_open(mode):
        raise InputError(what, [f"{what} names {path}, {_open_sentence(path, mode)}"])
    if len(content) > _LONGEST:
        raise InputError(what, [f"{what} names {path}, which is no secret: it is longer than {_LONGEST:,} bytes"])
    return text.strip("\r\n")


def passwords_in_addresses(named: Mapping[str, str]) -> Iterator[str]:
    """Say which addresses hold a password, which every process of the server and its lists would show.

    ``named`` maps what an address is set by to the address.
    """
    for name, address in named.items():
        if holds_password(address):
            yield (
                f"{name} holds a password, and every process that the server starts would carry it; leave it out of "
                "the address: write it in a file of mode 600 as host:port:database:user:password and name that in the "
                "address (postgresql://igw@host/igw?passfile=/etc/igw/passfile) or in PGPASSFILE; or name a service "
                "(postgresql:///?service=igw)"
            )


def libpq_secrets(addresses: tuple[str, ...], surroundings: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with the places from which libpq takes passwords: a variable, or a file that others read."""
    if surroundings.get(_LIBPQ_PASSWORD):
        yield (
            f"{_LIBPQ_PASSWORD} is set, and every process that the server starts would inherit it; unset it and write "
            "the password in a file of mode 600 that PGPASSFILE or passfile= in the address names"
        )
    for name, path in _libpq_files(addresses, surroundings):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            yield f"{name} names {path}, which cannot be read ({error.strerror}); write it there with mode 600"
            continue
        if _is_open(mode):
            yield f"{name} names {path}, {_open_sentence(path, mode)}"


def _libpq_files(addresses: tuple[str, ...], surroundings: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    databases = [one for one in addresses if one.startswith("postgres")]
    seen: set[Path] = set()
    for address in databases:
        for name, value in parse_qsl(address.partition("?")[2]):
            if name in _LIBPQ_FILES and Path(value) not in seen:
                seen.add(Path(value))
                yield f"{name} in an address", Path(value)
    for variable in _LIBPQ_FILES.values():
        value = surroundings.get(variable, "")
        if databases and value and Path(value) not in seen:
            yield variable, Path(value)


def _is_open(mode: int) -> bool:
    return os.name == "posix" and bool(mode & 0o077)


def _open_sentence(path: Path, mode: int) -> str:
    return f"which others may read or write (mode {mode:o}); close it: chmod 600 {path}"
