"""Worlds with a known truth: what is used, what is only there, and what a sound answer says.

`WORLDS` holds them once `plain`, `harder` and `processes` are imported; `draw` makes one drawing and `scored` takes it
down the road that real cases take.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from tests.worlds import scenery
from tests.worlds.scenery import ATTRIBUTE, Drawn

from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.plan import Plan
from igw_audit.scoring import score_cases

Build = Callable[[int, np.random.Generator], Drawn]
Kind = Literal["null", "proxy", "harder"]

#: Levels that say that the score is tied to the group beyond the declared factors.
USE = frozenset({"direct_use", "strong_use", "joint_use", "weak_use", "trace_use", "unexplained"})
#: Levels that do not; which of them is right depends on how much data there is.
NO_USE = frozenset(
    {"inconclusive", "explained_by_declared", "use_not_excluded", "present_unused", "no_disparity_shown"}
)
#: Levels that the shipped policy lets pass.
PASSES = frozenset({"present_unused", "no_disparity_shown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaks:
    """An interval of another audit that excludes no effect where the world is as it says."""

    audit: str
    statistic: str
    group: str
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A world and its truth.

    Attributes
    ----------
    says : str
        One sentence for the page.
    used : frozenset of str
        Features that the model uses and that tell of the group beyond the declared factors.
    pairs : frozenset of frozenset of str
        Pairs that only together tell of it.
    levels : frozenset of str
        Outcome levels of A007 that are right at n = 5,000.
    also : tuple of Speaks
        Other audits that must speak in this world.
    """

    name: str
    kind: Kind
    says: str
    build: Build
    levels: frozenset[str]
    used: frozenset[str] = frozenset()
    pairs: frozenset[frozenset[str]] = frozenset()
    also: tuple[Speaks, ...] = ()

    @property
    def null(self) -> bool:
        """Whether every flag is a false alarm."""
        return self.levels <= NO_USE

    def source(self) -> str:
        """Digest of the generator: a drawing made by other code is another drawing."""
        here = Path(__file__)
        files = {here, Path(scenery.__file__), Path(inspect.getfile(self.build))}
        files |= {here.with_name(name) for name in ("plain.py", "harder.py")}
        return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


WORLDS: dict[str, World] = {}


def world(
    kind: Kind,
    says: str,
    *,
    levels: frozenset[str] | set[str] = NO_USE,
    used: tuple[str, ...] = (),
    pairs: tuple[tuple[str, str], ...] = (),
    also: tuple[Speaks, ...] = (),
) -> Callable[[Build], Build]:
    """Enter a builder in the catalogue under its own name."""

    def enter(build: Build) -> Build:
        WORLDS[build.__name__] = World(
            name=build.__name__,
            kind=kind,
            says=says,
            build=build,
            levels=frozenset(levels),
            used=frozenset(used),
            pairs=frozenset(frozenset(pair) for pair in pairs),
            also=also,
        )
        return build

    return enter


def draw(what: World, n: int, seed: int) -> Drawn:
    """Make one drawing; the same world, size and seed give the same bytes."""
    key = int.from_bytes(hashlib.sha256(what.name.encode()).digest()[:4])
    return what.build(n, np.random.default_rng([seed, key]))


def scored(drawn: Drawn, *, seed: int = 0, capacity: float = 0.2) -> ScoredCases:
    """Score and decide as the product does, from frame, protected attribute, model and plan."""
    plan = Plan(
        attributes=(ATTRIBUTE,),
        features=drawn.features,
        declared=drawn.declared,
        steps=drawn.steps,
        capacity=capacity,
        seed=seed,
    )
    grouping = Grouping.of(ATTRIBUTE, pd.Series(drawn.groups, index=drawn.frame.index).sort_index())
    return score_cases(drawn.frame, plan, groupings={ATTRIBUTE: grouping}, predict=drawn.model)
