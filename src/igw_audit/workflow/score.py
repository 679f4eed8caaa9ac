"""The use case that an approved model is for: score cases, and keep which of them were scored and selected."""

from __future__ import annotations

import csv
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from igw_audit.core.plan import Plan
from igw_audit.core.schema import CaseSchema, ColumnRole
from igw_audit.core.settings import read_settings
from igw_audit.core.spreadsheet import spreadsheet_text
from igw_audit.core.tables import CaseTable
from igw_audit.core.whole import write_file_whole
from igw_audit.errors import EvidenceError, InputError, TrackingError
from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.strict import stamp
from igw_audit.intake import column_names, read_cases
from igw_audit.scoring import PipelineFile, complete_plan, read_pipeline
from igw_audit.scoring.adapters.answers import to_float
from igw_audit.scoring.models import scorer
from igw_audit.scoring.operate import OperatingPoint, select_cases
from igw_audit.tracking import Store, locate, open_model, open_store
from igw_audit.tracking.approved import open_approved
from igw_audit.tracking.clearance import Clearance, clearance_of
from igw_audit.tracking.confined import load_confined
from igw_audit.tracking.exposure import Batch, CaseSecret, Rows
from igw_audit.tracking.exposure_files import open_exposure
from igw_audit.tracking.gate import read_record_of
from igw_audit.tracking.store import account
from igw_audit.tracking.uris import find_version, parse_uri
from igw_audit.workflow.audit import Progress, silent
from igw_audit.workflow.train import read_plan

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChoices:
    """What may be named at scoring: another pipeline's folder, a work list to write, a key for the ledger's entry.

    ``unapproved`` scores with a version that nobody approved; the table and the ledger say so for ever.
    """

    pipeline: str | Path | None = None
    worklist: str | Path | None = None
    key: SigningKey | None = None
    unapproved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A batch of scored cases as the table and the ledger have it."""

    uri: str
    batch: str
    cases: int
    selected: int
    approved: bool
    conditions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give what the command line writes as JSON."""
        told = {name: getattr(self, name) for name in ("uri", "batch", "cases", "selected", "approved")}
        return {**told, "conditions": list(self.conditions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """What scores: the estimator, the hash of its bytes, its plan, and whether people approved it."""

    held: ModelVersion
    estimator: Any
    sha256: str
    plan: Plan
    approved: bool
    conditions: tuple[str, ...]


def score(  # noqa: PLR0913 - keywords only
    uri: str,
    *,
    cases: Any,
    to: str | Path,
    secret: CaseSecret,
    project: str | Path = ".",
    choices: ScoreChoices | None = None,
    progress: Progress = silent,
) -> Scored:
    """Score cases with an approved version at its plan's operating point, and keep who was scored and selected.

    Parameters
    ----------
    uri : str
        ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
    cases : path or frame
        With the schema's id and every feature; other columns are not read.
    to : path
        The owner's table: a SQLite or DuckDB file, or a folder of Parquet files. Rows are only ever added.
    secret : CaseSecret
        Case ids stand in the table by a hash under this secret.

    Raises
    ------
    NotApprovedError
        If the version does not stand now, unless ``choices.unapproved``.
    InputError, EvidenceError, TrackingError
        If the cases, the table, the ledger or the model are not as they should be.
    """
    choices = choices or ScoreChoices()
    store, clearance = open_store(project), clearance_of(project)
    location = locate(store, uri)
    if location.name is None or location.version is None:
        raise TrackingError(f"{uri} is no registered version; score with models:/NAME@ALIAS")
    file = read_pipeline(choices.pipeline or Path(project) / "pipelines" / location.name)
    held = find_version(store, parse_uri(f"models:/{location.name}/{location.version}"))
    model = _model(store, clearance, held, file, unapproved=choices.unapproved)
    table = _table(cases, file, model.plan)
    progress(f"{len(table)} cases to score with models:/{held.name}/{held.version}")
    decided = _decide(table, model)
    batch, rows = _batch(table, model, decided, secret=secret)
    open_exposure(to, make=True).append(batch, rows)
    content = {
        **{"name": batch.model, "version": batch.version, "model_sha256": batch.model_sha256, "batch": batch.batch},
        **{"cases": len(rows.cases), "selected": int(rows.selected.sum()), "approved": batch.approved},
        **{"rows_sha256": rows.sha256(), "by": account()},
    }
    clearance.ledger.append("scored", content, key=choices.key)
    if choices.worklist is not None:
        _write_worklist(Path(choices.worklist), table, decided)
    return Scored(
        uri=f"models:/{batch.model}/{batch.version}",
        batch=batch.batch,
        cases=len(rows.cases),
        selected=int(rows.selected.sum()),
        approved=batch.approved,
        conditions=model.conditions,
    )


def _model(store: Store, clearance: Clearance, held: ModelVersion, file: PipelineFile, *, unapproved: bool) -> _Model:
    """Load what scores, with the plan of the audit that was signed; without approval the pipeline's plan may do."""
    uri = f"models:/{held.name}/{held.version}"
    if unapproved:
        model = open_model(store, locate(store, uri), load=load_confined)
        try:
            plan = read_record_of(store, held).plan
        except EvidenceError:
            plan = read_plan(file)
        return _Model(
            held=held, estimator=model.estimator, sha256=model.sha256, plan=plan, approved=False, conditions=()
        )
    approved = open_approved(store, held, clearance, load=load_confined)
    record = read_record_of(store, held)
    if record.provenance.plan_sha256 != approved.audit.plan_sha256:
        raise EvidenceError(f"the record at {uri} is not the one that was signed; see igw-audit gate {uri}")
    return _Model(
        held=held,
        estimator=approved.estimator,
        sha256=approved.sha256,
        plan=record.plan,
        approved=True,
        conditions=approved.conditions,
    )


def _table(cases: Any, file: PipelineFile, plan: Plan) -> CaseTable:
    """Read the id and the model's columns alone: new cases have no outcome, and nothing else is asked of them."""
    schema = read_settings(CaseSchema, file.schema, what="schema")
    columns = {
        name: column if column.role in ("id", "feature", "declared") else ColumnRole(role="ignore")
        for name, column in schema.columns.items()
    }
    source = Path(cases) if isinstance(cases, str) else cases
    others = [name for name in column_names(source) if name and name not in columns]
    columns |= dict.fromkeys(others, ColumnRole(role="ignore"))
    bare = CaseSchema(columns=columns, encoding=schema.encoding)
    whole = complete_plan(plan, bare)
    missing = sorted({*whole.features, *whole.declared} - set(bare.model_columns))
    if missing:
        raise InputError(
            f"schema {file.schema}",
            [f"{name!r} is a feature of the audited plan, and no feature of this schema; name the right --pipeline"
             for name in missing],
        )  # fmt: skip
    return read_cases(source, bare)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """Scores as the model gives them, how much risk each means (higher is more), and the decisions."""

    scores: NDArray[np.float64]
    risk: NDArray[np.float64]
    point: OperatingPoint


def _decide(table: CaseTable, model: _Model) -> _Decided:
    plan = complete_plan(model.plan, table.schema)
    features = table.frame[sorted({*plan.features, *plan.declared})]
    give = scorer(
        model.estimator, table.frame, features=list(features.columns), positive=plan.positive, settings=plan.score
    )
    scores = give.own(features)
    point = select_cases(scores, plan, table.ids, higher=give.higher)
    kept = to_float(scores)
    return _Decided(scores=kept, risk=kept if give.higher == "riskier" else -kept, point=point)


def _batch(table: CaseTable, model: _Model, decided: _Decided, *, secret: CaseSecret) -> tuple[Batch, Rows]:
    scores, point, bands = decided.scores, decided.point, decided.point.bands
    names = (None,) * len(scores) if bands is None else tuple(bands.names[code] for code in bands.codes)
    rows = Rows(
        cases=tuple(secret.hash_of(str(case)) for case in table.ids),
        score=scores,
        selected=point.selected,
        bands=names,
    )
    batch = Batch(
        batch=secrets.token_hex(16),
        model=str(model.held.name),
        version=str(model.held.version),
        model_sha256=model.sha256,
        scored_at=stamp(datetime.now(UTC)),
        approved=model.approved,
        secret=secret.name,
    )
    return batch, _in_hash_order(rows)


def _in_hash_order(rows: Rows) -> Rows:
    """Order rows by hash: the order of the case table would tell who is who to somebody who has that table."""
    order = np.argsort(np.array(rows.cases, dtype=object), kind="stable")
    return replace(
        rows,
        cases=tuple(rows.cases[place] for place in order),
        score=rows.score[order],
        selected=rows.selected[order],
        bands=tuple(rows.bands[place] for place in order),
    )


def _write_worklist(path: Path, table: CaseTable, decided: _Decided) -> None:
    """Write the selected cases, most risk first, for those who work them; this file holds case ids."""
    order = np.lexsort((table.ids.to_numpy(dtype=object).astype(str), -decided.risk))
    chosen = [place for place in order if decided.point.selected[place]]

    def fill(aside: Path) -> None:
        with aside.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow([spreadsheet_text(str(table.schema.id_column)), "score"])
            writer.writerows(
                [spreadsheet_text(str(table.ids[place])), repr(float(decided.scores[place]))] for place in chosen
            )

    write_file_whole(path, fill, private=True)
