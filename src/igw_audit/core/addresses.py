"""Addresses of databases and servers as people may see them."""

from __future__ import annotations

import re

_BEFORE_HOST = re.compile(r"(://[^/@:\s]*):[^/\s]*@")
#: PostgreSQL also takes its words as parameters behind the address.
_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&\s]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """Give an address, or a sentence with addresses in it, with *** for every password.

    >>> without_password("postgresql://igw:p@ss@host/igw")
    'postgresql://igw:***@host/igw'
    >>> without_password("postgresql://host/igw?user=igw&password=word")
    'postgresql://host/igw?user=igw&password=***'
    """
    return _PARAMETER.sub(r"\1***", _BEFORE_HOST.sub(r"\1:***@", text))
