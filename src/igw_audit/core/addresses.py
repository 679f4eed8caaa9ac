"""Addresses of databases and servers as people may see them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote

_BEFORE_HOST = re.compile(r"(://[^/@:\s]*):[^/\s]*@")
#: PostgreSQL also takes its words as parameters behind the address.
_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&\s]*", re.IGNORECASE)

_SIGNED_IN = re.compile(r"://[^/@:?]*:[^@?]*@")


def without_password(text: str) -> str:
    """Give an address, or a sentence with addresses in it, with *** for every password.

    >>> without_password("postgresql://igw:p@ss@host/igw")
    'postgresql://igw:***@host/igw'
    >>> without_password("postgresql://host/igw?user=igw&password=word")
    'postgresql://host/igw?user=igw&password=***'
    """
    return _PARAMETER.sub(r"\1***", _BEFORE_HOST.sub(r"\1:***@", text))


def holds_password(address: str) -> bool:
    """Tell whether an address holds a password or another secret, before its host or as a parameter.

    >>> [holds_password(f"postgresql://{rest}") for rest in ("igw:word@host/igw", "host/igw?pass%77ord=x")]
    [True, True]
    >>> holds_password("postgresql://igw@host:5432/igw?passfile=/etc/igw/passfile")
    False
    """
    names = (name.lower() for name, _ in parse_qsl(address.partition("?")[2], keep_blank_values=True))
    return bool(_SIGNED_IN.search(address)) or any("password" in name or "secret" in name for name in names)


def sqlite_address(database: Path) -> str:
    """Return the address of an SQLite file, whatever its folders are called.

    Plain paths stay readable. Any other is written by SQLAlchemy, which reads it back, and names its driver: MLflow
    takes what follows ``sqlite:///`` for a folder to make, and would make one called ``Team%20A``.

    >>> sqlite_address(Path("/srv/igw/mlruns/igw.db"))
    'sqlite:////srv/igw/mlruns/igw.db'
    """
    path = database.as_posix()
    if quote(path) == path:
        return f"sqlite:///{path}"
    from sqlalchemy import URL

    return URL.create("sqlite+pysqlite", database=path).render_as_string(hide_password=False)


def sqlite_file(address: str) -> Path | None:
    """Return the file that an SQLite address names; None for one in memory and for other databases.

    >>> sqlite_file(sqlite_address(Path("/srv/Team%20A/igw.db")))
    PosixPath('/srv/Team%20A/igw.db')
    """
    if not address.startswith(("sqlite:", "sqlite+")):
        return None
    from sqlalchemy.engine import make_url

    database = make_url(address).database
    return None if not database or database == ":memory:" or database.startswith("file:") else Path(database)


def folder_address(folder: str | Path) -> str:
    """Return where a folder of files is, as MLflow reads it: a path, or a file address where a path is read otherwise.

    >>> folder_address("/srv/igw/mlruns/artifacts"), folder_address("/srv/Team%20A/artifacts")
    ('/srv/igw/mlruns/artifacts', 'file:///srv/Team%2520A/artifacts')
    """
    path = Path(folder).as_posix()
    return str(folder) if quote(path) == path or not Path(folder).is_absolute() else Path(folder).as_uri()
