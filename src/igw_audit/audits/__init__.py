"""One file, one question; the package walk registers each audit by itself."""

from __future__ import annotations

import importlib
import pkgutil

from igw_audit.core.audit import Audit, registered_audits


def all_audits() -> dict[str, Audit]:
    """Import every audit of this package and give them by code."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return registered_audits()
