"""Which requests the server answers at all: an exact method and path from a committed list, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Self
from urllib.parse import unquote

from igw_audit.core.lookalike import is_invisible
from igw_audit.core.nearest import did_you_mean
from igw_audit.errors import InputError

OPEN_ROUTES = "IGW_OPEN_ROUTES"
#: ``/@/`` in the list stands for both.
_APIS = ("/api/", "/ajax-api/")
_ONE_PART = r"[\w.\- :]+"
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Route:
    """A method, and a path in which ``{name}`` is one part and ``{name:path}`` is all the rest."""

    method: str
    template: str

    @property
    def pattern(self) -> str:
        """The regular expression for the decoded paths of this route."""
        parts, end = list[str](), 0
        for found in _PARAMETER.finditer(self.template):
            parts += [re.escape(self.template[end : found.start()]), ".+" if found[2] else _ONE_PART]
            end = found.end()
        return "".join([*parts, re.escape(self.template[end:])])


@dataclass(frozen=True, kw_only=True)
class RouteList:
    """The committed list: what is open, what gets an empty answer, and what is refused, by group."""

    open: Mapping[str, frozenset[Route]]
    empty: frozenset[Route]
    closed: Mapping[str, frozenset[Route]]
    opened: tuple[str, ...] = ()

    @classmethod
    def read(cls, opened: str = "") -> Self:
        """Read the list; ``opened`` names closed groups that this server opens on purpose, comma separated.

        Raises
        ------
        InputError
            If a name is no closed group.
        """
        content = tomllib.loads((files("igw_audit.tracking.server") / "routes.toml").read_text(encoding="utf-8"))
        closed = {group: _routes(lines) for group, lines in content["closed"].items()}
        named = tuple(dict.fromkeys(part.strip() for part in opened.split(",") if part.strip()))
        unknown = [name for name in named if name not in closed]
        if unknown:
            problems = [f"{name!r} is no closed group of routes; {did_you_mean(name, closed)}" for name in unknown]
            raise InputError(OPEN_ROUTES, problems)
        return cls(
            open={group: _routes(lines) for group, lines in content["open"].items()},
            empty=_routes(content["answered"]["empty"]),
            closed=closed,
            opened=named,
        )

    def answers_empty(self, method: str, path: str) -> bool:
        """Tell whether this request gets an empty answer from us; ``path`` is decoded."""
        return Route(method=method, template=path) in self.empty

    def allows(self, method: str, path: str) -> bool:
        """Tell whether this request may go on; ``path`` is decoded once, as the server routes it."""
        if not _is_plain(path):
            return False
        if Route(method=method, template=path) in self._exact:
            return True
        pattern = self._patterns.get(method)
        return pattern is not None and pattern.fullmatch(path) is not None

    @property
    def allowed(self) -> frozenset[Route]:
        """All routes that go on to MLflow or to our pages."""
        groups = [*self.open.values(), *(self.closed[name] for name in self.opened)]
        return frozenset[Route]().union(*groups)

    @cached_property
    def _exact(self) -> frozenset[Route]:
        return frozenset(route for route in self.allowed if "{" not in route.template)

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        by_method: dict[str, list[str]] = {}
        for route in sorted(self.allowed - self._exact):
            by_method.setdefault(route.method, []).append(route.pattern)
        return {method: re.compile("|".join(some), re.DOTALL) for method, some in by_method.items()}


def _routes(lines: Iterable[str]) -> frozenset[Route]:
    made = list[Route]()
    for line in lines:
        method, _, template = line.partition(" ")
        paths = [template.replace("/@/", api, 1) for api in _APIS] if template.startswith("/@/") else [template]
        made += [Route(method=method, template=path) for path in paths]
    return frozenset(made)


def _is_plain(path: str) -> bool:
    """Tell whether a path says what it means: nothing left to decode, no way up, no empty part, no invisible sign."""
    if unquote(path) != path or "\\" in path or "\ufffd" in path or any(is_invisible(one) for one in path):
        return False
    *parts, last = path.split("/")[1:] if path.startswith("/") else [""]
    return all(part not in ("", ".", "..") for part in parts) and last not in (".", "..")
