"""What the gated registry goes by: which aliases are free, trusted keys and the ledger, all from the surroundings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from igw_audit.core.lookalike import skeleton
from igw_audit.errors import InputError

PREFIX = "igw+"
#: Names that say that something was approved: no setting lets one of these pass without approval.
ALWAYS_GUARDED = ("champion", "production", "approved")
FREE = "IGW_FREE_ALIASES"
GUARDED = "IGW_PROTECTED_ALIASES"
#: What a hurried reader takes for the same letter beyond what Unicode lists, and what they read past.
_ALSO_ALIKE = str.maketrans({"l": "i", "1": "i", "0": "o", "-": None, "_": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasRule:
    """Which aliases lead to approved versions only: every one but those that are ``free``, letter by letter.

    ``protected`` are the names that can never be free.
    """

    protected: frozenset[str] = frozenset(ALWAYS_GUARDED)
    free: frozenset[str] = frozenset()

    def guards(self, alias: str) -> bool:
        """Tell whether an alias is guarded; what only looks like a free one is."""
        return alias not in self.free

    def says_approved(self, alias: str) -> bool:
        """Tell whether an alias reads as one of those that can never be free."""
        return _likeness(alias) in {_likeness(name) for name in self.protected}

    def problems(self) -> Iterator[str]:
        """Say which names are said to be free and could be taken for one that says that something was approved."""
        alike = {_likeness(name): name for name in sorted(self.protected)}
        for name in sorted(self.free):
            if (other := alike.get(_likeness(name))) is not None:
                same = f"it is {other!r}" if name == other else f"it looks like {other!r}"
                yield f"{FREE} names {name!r}, and {same}, which leads to approved versions only; take it out"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """Which aliases are guarded, by which keys, and where the ledger is.

    ``keys_file`` need not exist: without it no signature counts, so that nothing passes.
    """

    aliases: AliasRule
    keys_file: Path
    ledger: str

    def guards(self, alias: str) -> bool:
        """Tell whether an alias leads to approved versions only."""
        return self.aliases.guards(alias)

    @classmethod
    def from_surroundings(cls, database: str) -> GateSettings:
        """Read the settings for the registry in ``database``.

        ``IGW_FREE_ALIASES`` (comma separated), ``IGW_TRUSTED_KEYS`` (a file) and ``IGW_LEDGER`` (an address)
        count. Where the last two are not set, a project's own ``mlruns/igw.db`` has them beside it.

        Raises
        ------
        InputError
            If keys or ledger are not told, or an alias is said to be free that cannot be.
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
        problems += alias_problems(os.environ)
        if problems or not keys or not ledger:
            raise InputError("the gated model registry", problems)
        return cls(aliases=read_alias_rule(os.environ), keys_file=Path(keys), ledger=ledger)


def alias_rule() -> AliasRule:
    """Read which aliases are free here.

    Raises
    ------
    InputError
        If one is said to be free that cannot be.
    """
    if problems := alias_problems(os.environ):
        raise InputError("the guarded aliases", problems)
    return read_alias_rule(os.environ)


def read_alias_rule(surroundings: Mapping[str, str]) -> AliasRule:
    """Read the rule as it is set, whether or not it may be."""
    more = _names(surroundings.get(GUARDED, ""))
    return AliasRule(protected=frozenset((*ALWAYS_GUARDED, *more)), free=frozenset(_names(surroundings.get(FREE, ""))))


def alias_problems(surroundings: Mapping[str, str]) -> list[str]:
    """Say all that is wrong with how the aliases are set."""
    named = surroundings.get(GUARDED)
    problems = list(read_alias_rule(surroundings).problems())
    if named is not None and not _names(named):
        problems.append(f"{GUARDED} names no alias; unset it: every alias is guarded, but for those that {FREE} names")
    return problems


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _likeness(alias: str) -> str:
    return skeleton(alias).translate(_ALSO_ALIKE)


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
