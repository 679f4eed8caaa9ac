"""A dossier as people fill it in: what is lacking in it before any audit, and a file to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.core.foreign import toml_string
from igw_audit.core.plan import Plan
from igw_audit.core.settings import read_settings
from igw_audit.policy import read_dossier
from igw_audit.policy.dossier import FEATURES_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDossier:
    """How many features there are, how many are justified, and a sentence for everything that is lacking."""

    pilot: str
    features: int
    justified: int
    lacking: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        told = {"pilot": self.pilot, "features": self.features, "justified": self.justified}
        return {**told, "lacking": list(self.lacking)}


def check_dossier(folder: str | Path) -> CheckedDossier:
    """Hold a dossier against the plan beside it, without any case.

    Raises
    ------
    InputError
        If a file is missing or breaks its form; every problem is listed.
    """
    place = Path(folder)
    files, plan = read_dossier(place), _plan(place)
    names = sorted((*plan.features, *plan.declared))
    entries = {name: files.entry(name) for name in names}
    without = [name for name, entry in entries.items() if entry is None]
    unjustified = [name for name, entry in entries.items() if entry is not None and entry.justification is None]
    excluded = [name for name, entry in entries.items() if entry and (entry.exclusion or entry.legal.answer == "no")]
    open_questions = [
        f"{name} ({question})"
        for name, entry in entries.items()
        if entry is not None
        for question in ("legal", "substantive")
        if getattr(entry, question).answer == "unproven"
    ]
    unknown = sorted({entry.name for entry in files.entries.feature} - set(names))
    protected = {column.column for column in files.dossier.protected}
    wanted = dict.fromkeys(plan.derived[name].source if name in plan.derived else name for name in plan.attributes)
    unchecked = [basis.id for basis in files.dossier.legal_basis if not basis.checked_by.strip()]
    told = (
        ("no entry in {file}", without),
        ("no justification of type legal, scientific or statistical", unjustified),
        ("left out by the dossier itself, and still a feature", excluded),
        ("not answered yet", open_questions),
        ("an entry for what is no feature of the plan", unknown),
        ("protected columns without ground and necessity", [name for name in wanted if name not in protected]),
        ("legal basis that no lawyer put their name to", unchecked),
    )
    return CheckedDossier(
        pilot=files.dossier.pilot,
        features=len(names),
        justified=sum(entry is not None and entry.justification is not None for entry in entries.values()),
        lacking=tuple(f"{what.format(file=FEATURES_FILE)}: {', '.join(held)}" for what, held in told if held),
    )


def features_template(folder: str | Path) -> str:
    """Write a features.toml to begin with: every feature of the plan in the folder, and nothing answered."""
    plan = _plan(Path(folder))
    names = sorted((*plan.features, *plan.declared))
    head = (
        "# Five questions about every feature. People answer legal and substantive; proxy, quality and statistical\n"
        "# are measured by each audit. A feature without a justification keeps the gate shut.\n"
    )
    return head + "".join(_ENTRY.format(name=toml_string(name)) for name in names)


def _plan(place: Path) -> Plan:
    return read_settings(Plan, place / "plan.toml", what="plan")


_ENTRY = """
[[feature]]
name = {name}
# What people call it, in a word or two; pages then say that, with the column's name behind it.
# called = {{ en = "", nl = "" }}
# Grounds to take it in: linked, objective, verifiable. To leave it out: forbidden, no_link, proxy, subjective,
# changeable, unclear.
inclusion = []
exclusion = []
# May it be used in law? yes, no or unproven, with the reason and where it stands.
[feature.legal]
answer = "unproven"
en = ""
nl = ""
source = ""
# What has it to do with the aim, in substance?
[feature.substantive]
answer = "unproven"
en = ""
nl = ""
# Take the marks away and fill in: type is legal, scientific or statistical.
# [feature.justification]
# type = ""
# source = ""
# en = ""
# nl = ""
"""
