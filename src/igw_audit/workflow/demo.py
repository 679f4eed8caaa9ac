"""The whole way for three synthetic pilots: made, trained, registered, audited, decided, reported, gated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igw_audit.core.decision import Reason
from igw_audit.core.rules import Word
from igw_audit.core.serial import plain
from igw_audit.errors import InputError
from igw_audit.intake.synthetic import DEMO
from igw_audit.workflow.audit import Progress, silent
from igw_audit.workflow.promotion import gate
from igw_audit.workflow.registration import preregister
from igw_audit.workflow.tables import synthesize
from igw_audit.workflow.train import train
from igw_audit.workflow.versions import AuditChoices, audit_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What came of one pilot, and where to read it."""

    pilot: str
    scenario: str
    uri: str
    word: Word
    reasons: tuple[Reason, ...]
    report: Path

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        told = {"pilot": self.pilot, "scenario": self.scenario, "uri": self.uri, "word": self.word}
        return {**told, "reasons": plain(self.reasons), "report": str(self.report)}


def demo(*, out: str | Path, project: str | Path = ".", progress: Progress = silent) -> tuple[Walked, ...]:
    """Walk the three pilots from synthetic cases to a gate verdict.

    Data, records and pages are written under ``out``; runs and versions go to the project's MLflow store.

    Raises
    ------
    InputError
        If the project's folder does not hold the pilots' settings.
    """
    settings = Path(project) / "pipelines"
    missing = [pilot for pilot in DEMO if not (settings / pilot / "pipeline.toml").exists()]
    if missing:
        raise InputError(
            f"project {project}",
            [
                f"there is no pipelines/{name}/pipeline.toml; run the demo in a checkout of igw-audit"
                for name in missing
            ],
        )
    return tuple(_walk(pilot, Path(out) / pilot, project=Path(project), progress=progress) for pilot in DEMO)


def _walk(pilot: str, folder: Path, *, project: Path, progress: Progress) -> Walked:
    def say(stage: str) -> None:
        progress(f"{pilot}: {stage}")

    chosen, pipeline = DEMO[pilot], project / "pipelines" / pilot
    data = synthesize(pilot, n=chosen.n, seed=chosen.seed, scenario=chosen.scenario, out=folder / "data").folder
    say(f"{chosen.n} synthetic cases, scenario {chosen.scenario!r}")
    cases, protected = data / "cases.parquet", data / "protected.parquet"
    registered = preregister(project / "audits" / pilot, project=project)
    say(f"plan and policy are registered before there are results (registration {registered.number})")
    trained = train(pipeline, project=project, cases=cases, protected=protected, progress=say)
    choices = AuditChoices(cases=cases, protected=protected, pipeline=pipeline)
    audited = audit_version(trained.uri, project=project, choices=choices, out=folder / "audit", progress=say)
    verdict = gate(trained.uri, project=project, record_only=True)
    say(f"the gate says {verdict.word}")
    return Walked(
        pilot=pilot,
        scenario=chosen.scenario,
        uri=trained.uri,
        word=verdict.word,
        reasons=verdict.reasons,
        report=(audited.folder or folder) / "report.en.html",
    )
