"""Addresses of databases and servers as people may see them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

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
