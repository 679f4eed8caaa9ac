"""Policies from a file, a mapping, or the default that ships with the package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from igw_audit.core.rules import Policy
from igw_audit.core.settings import read_settings


def read_policy(source: Policy | Mapping[str, Any] | str | Path | None) -> Policy:
    """Read a policy; None gives the shipped default, and the record says so by its name.

    Raises
    ------
    InputError
        If the file is missing or breaks the form of a policy; every problem is listed.
    """
    if source is None:
        text = files("igw_audit.policy").joinpath("default.toml").read_text(encoding="utf-8")
        return Policy.model_validate(tomllib.loads(text))
    return read_settings(Policy, source, what="policy")
