"""What the gated registry goes by: protected aliases, trusted keys and the ledger, all from the surroundings."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from igw_audit.errors import InputError

PREFIX = "igw+"
DEFAULT_PROTECTED = ("champion", "production", "approved")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """Which aliases are guarded, by which keys, and where the ledger is.

    ``keys_file`` need not exist: without it no signature counts, so that nothing passes.
    """

    protected: frozenset[str]
    keys_file: Path
    ledger: str

    def guards(self, alias: str) -> bool:
        """Tell whether an alias is guarded; capitals and look-alike widths make no other name."""
        return _plain(alias) in self.protected

    @classmethod
    def from_surroundings(cls, database: str) -> GateSettings:
        """Read the settings for the registry in ``database``.

        ``IGW_PROTECTED_ALIASES`` (comma separated), ``IGW_TRUSTED_KEYS`` (a file) and ``IGW_LEDGER`` (an address)
        count. Where the last two are not set, a project's own ``mlruns/igw.db`` has them beside it.

        Raises
        ------
        InputError
            If keys or ledger are not told, or no alias would be guarded.
        """
        keys, ledger, problems = os.environ.get("IGW_TRUSTED_KEYS"), os.environ.get("IGW_LEDGER"), []
        if folder := _project_store(database):
            keys = keys or str(folder.parent / "audits" / "trusted_keys.toml")
            ledger = ledger or f"sqlite:///{folder / 'igw-ledger.db'}"
        if not keys:
            problems.append("IGW_TRUSTED_KEYS is not set; set it to the file with the keys that may sign evidence")
        if not ledger:
            problems.append(
                "IGW_LEDGER is not set; set it to the address of the ledger, sqlite:///... or postgresql://..."
            )
        protected = protected_aliases()
        if not protected:
            problems.append("IGW_PROTECTED_ALIASES names no alias; name at least one, or do not set it")
        if problems or not keys or not ledger:
            raise InputError("the gated model registry", problems)
        return cls(protected=protected, keys_file=Path(keys), ledger=ledger)


def protected_aliases() -> frozenset[str]:
    """Give the guarded aliases that ``IGW_PROTECTED_ALIASES`` names, or the usual three."""
    named = os.environ.get("IGW_PROTECTED_ALIASES")
    names = DEFAULT_PROTECTED if named is None else tuple(named.split(","))
    return frozenset(_plain(name) for name in names if name.strip())


def _plain(alias: str) -> str:
    return unicodedata.normalize("NFKC", alias).strip().casefold()


def _project_store(database: str) -> Path | None:
    """Give the folder ``mlruns`` of a project whose own SQLite file this is."""
    scheme, _, rest = database.partition(":///")
    path = Path(rest.partition("?")[0])
    return path.parent.resolve() if scheme == "sqlite" and path.parent.name == "mlruns" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What one server's registry goes by: its kind of database, and the gate's settings."""

    kind: str
    gate: GateSettings


def server_settings() -> ServerSettings:
    """Read the settings of the server that this process is a worker of."""
    address = os.environ.get("_MLFLOW_SERVER_REGISTRY_STORE", "")
    gated = address.startswith(PREFIX)
    database = address.removeprefix(PREFIX)
    kind = database.partition(":")[0].partition("+")[0]
    return ServerSettings(
        kind=f"{kind}, gated" if gated else f"{kind}, NOT GATED", gate=GateSettings.from_surroundings(database)
    )
