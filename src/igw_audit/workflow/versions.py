"""Use cases about a registered version: audit it on held-out cases, and let the gate re-check it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from igw_audit.core.decision import Decision
from igw_audit.core.dossier import DossierFiles
from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord, ModelDigest
from igw_audit.core.settings import read_settings
from igw_audit.core.tables import CaseTable
from igw_audit.core.whole import write_whole
from igw_audit.errors import InputError, TrackingError
from igw_audit.evidence.bundle import EVIDENCE_FILE
from igw_audit.intake import read_protected
from igw_audit.policy import decide, read_dossier, read_policy
from igw_audit.scoring import PipelineFile, read_pipeline, score_cases, split_cases
from igw_audit.tracking import (
    ModelLocation,
    Store,
    TrainedOn,
    attach_record,
    locate,
    open_model,
    open_store,
)
from igw_audit.tracking.confined import load_confined
from igw_audit.workflow.audit import Progress, measure, silent
from igw_audit.workflow.evidence import Auditor, sign_record
from igw_audit.workflow.pages import presenter
from igw_audit.workflow.registration import Settled, note_result, registrations_of
from igw_audit.workflow.sources import Sources, attributes_read
from igw_audit.workflow.train import read_pipeline_cases, read_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedVersion:
    """A version with its record, and the folder where the pages were written (None where nobody asked for one)."""

    uri: str
    record: AuditRecord
    folder: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChoices:
    """What may be named instead of what the version's pipeline names; None keeps the pipeline's.

    ``unseen`` says that ``cases`` holds no case of the training, so that all of them are audited.
    """

    cases: str | Path | None = None
    protected: str | Path | None = None
    plan: str | Path | None = None
    policy: str | Path | None = None
    pipeline: str | Path | None = None
    unseen: bool = False


def audit_version(  # noqa: PLR0913 - keywords only
    uri: str,
    *,
    project: str | Path = ".",
    choices: AuditChoices | None = None,
    out: str | Path | None = None,
    signer: Auditor | None = None,
    progress: Progress = silent,
) -> AuditedVersion:
    """Audit a registered version on held-out cases, and attach record and pages to its run and version.

    The protected table is joined in memory only; MLflow gets its hash. With a ``signer`` (``auditor`` makes one) the
    audit is signed, which the gate asks for.

    Raises
    ------
    InputError, TrackingError, EvidenceError
        If a file, the store, or the model's bytes are not as they should be.
    """
    choices = choices or AuditChoices()
    store = open_store(project)
    location = locate(store, uri)
    if location.name is None or location.version is None:
        raise TrackingError(f"{uri} is no registered version; audit models:/NAME/VERSION, which igw-audit train gives")
    file = read_pipeline(choices.pipeline or Path(project) / "pipelines" / location.name)
    plan = read_settings(Plan, choices.plan, what="plan") if choices.plan else read_plan(file)
    policy = read_policy(choices.policy or file.policy)
    model = open_model(store, location, load=load_confined)
    table = _held_out(file, choices, model.trained_on, uri)
    protected = read_protected(
        _protected_path(file, choices), id_column=table.schema.id_column, wanted=attributes_read(plan)
    )
    progress(f"{len(table)} cases to audit, plan {plan.sha256()[:12]}, policy {policy.name!r}")
    dossier = dossier_of(file)
    settled = Settled(
        pilot=file.config.pilot, plan=plan, policy=policy, dossier_sha256=dossier.sha256() if dossier else None
    )
    sources = Sources(
        cases=table,
        protected=protected,
        plan=plan,
        policy=policy,
        dossier=dossier,
        registrations=registrations_of(settled, cases_sha256=table.content_sha256, project=project),
    )
    scored = score_cases(table, plan, groupings=sources.groupings(), predict=model.estimator)
    digest = ModelDigest(
        sha256=model.sha256, kind="directory", uri=location.uri, estimator=type(model.estimator[-1]).__name__
    )
    record = measure(scored, sources, model=digest, pilot=location.name, progress=progress)
    note_result(location.uri, settled, cases_sha256=table.content_sha256, project=project)
    return _kept(store, location, record, out=out, signer=signer)


def _kept(
    store: Store, location: ModelLocation, record: AuditRecord, *, out: str | Path | None, signer: Auditor | None
) -> AuditedVersion:
    pages = presenter().pages(record)
    attachment = attach_record(store, str(location.name), str(location.version), record=record, pages=pages)
    files = {"record.json": record.to_json(), **pages}
    if signer is not None:
        made = sign_record(store, attachment, signer=signer, record=record, pages=pages)
        files[EVIDENCE_FILE] = made.evidence.to_bytes().decode()
    folder = None if out is None else write_whole(Path(out), files)
    return AuditedVersion(uri=location.uri, record=record, folder=folder)


def dossier_of(file: PipelineFile) -> DossierFiles | None:
    """Read the dossier that lies beside the plan which a pipeline names; None where there is none."""
    folder = None if file.plan is None else file.plan.parent
    return None if folder is None or not (folder / "dossier.toml").exists() else read_dossier(folder)


def _protected_path(file: PipelineFile, choices: AuditChoices) -> Path:
    path = choices.protected or file.protected
    if path is None:
        raise InputError(
            f"pipeline {file.folder / 'pipeline.toml'}",
            ["[data] names no protected table; name it there, or give --protected"],
        )
    return Path(path)


def _held_out(file: PipelineFile, choices: AuditChoices, trained_on: TrainedOn, uri: str) -> CaseTable:
    """Return the cases that the version was not trained on; making the same split again is what finds them.

    What it was trained on stands in the model's own files, which the audit binds by hash; no tag is believed.
    """
    table = read_pipeline_cases(file, cases=choices.cases, protected=choices.protected)
    if choices.unseen:
        if choices.cases is None:
            raise InputError("--unseen", ["it says that other cases were not trained on; name them with --cases"])
        return table
    problems = []
    if trained_on.cases_sha256 is None:
        problems.append(
            "the model's files do not say what it was trained on, so its held-out cases cannot be known; train it with "
            "igw-audit train, again where that was an earlier version of it, or give --cases FILE --unseen if no case "
            "in it was trained on"
        )
    elif trained_on.cases_sha256 != table.content_sha256:
        problems.append(
            "the case table is not the one that this version was trained on, so its held-out cases cannot be known; "
            "train again, or give --cases FILE --unseen if no case in it was trained on"
        )
    if trained_on.cases_sha256 is not None and trained_on.pipeline_sha256 != file.config.sha256():
        problems.append(
            "pipeline.toml has changed since this version was trained, and with it the split; train again, or put it "
            "back"
        )
    if problems:
        raise InputError(f"audit of {uri}", problems)
    return table.restricted_to(split_cases(table, file.config.split, positive=file.config.target.positive).test)


def decide_again(record: AuditRecord) -> Decision:
    """Decide once more over what a record holds, by the policy inside it."""
    return decide(
        record.outcomes,
        policy=record.policy,
        plan=record.plan,
        dossier=record.dossier,
        registrations=record.registrations,
    )
