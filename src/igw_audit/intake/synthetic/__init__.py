"""Synthetic pilots: realistic cases whose truth is known, with switches for where bias enters."""

from dataclasses import dataclass

from igw_audit.intake.synthetic.files import write
from igw_audit.intake.synthetic.make import PILOTS, SyntheticPilot, synthesize
from igw_audit.intake.synthetic.scenario import SCENARIOS, Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """How the demo makes one pilot."""

    scenario: str
    n: int
    seed: int


#: What the demo walks through, and why each ends where it does: many cases in few groups and no bias; few cases, few
#: institutions and bent labels that nobody can exclude; a proxy that the model leans on.
DEMO = {
    "talent": DemoSettings(scenario="none", n=60_000, seed=1),
    "study": DemoSettings(scenario="label_history", n=30_000, seed=1),
    "knowledge": DemoSettings(scenario="proxy", n=40_000, seed=1),
}

__all__ = ["DEMO", "PILOTS", "SCENARIOS", "DemoSettings", "Switches", "SyntheticPilot", "synthesize", "write"]
