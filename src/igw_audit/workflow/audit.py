"""The use case that everything else serves: cases and a protected table in, a record out."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from igw_audit._version import __version__
from igw_audit.audits import all_audits
from igw_audit.core.audit import Audit
from igw_audit.core.cases import NameRemark, ScoredCases
from igw_audit.core.finding import Outcome
from igw_audit.core.plan import Plan
from igw_audit.core.record import AuditRecord, ModelDigest, Provenance
from igw_audit.core.rules import Policy
from igw_audit.core.schema import CaseSchema
from igw_audit.core.settings import read_settings
from igw_audit.errors import InputError
from igw_audit.intake import column_names
from igw_audit.policy import decide, read_dossier, read_policy
from igw_audit.scoring import named_columns, score_cases
from igw_audit.workflow.dossier import answer_features, suitability
from igw_audit.workflow.pages import presenter
from igw_audit.workflow.sources import Sources, read_tables

Progress = Callable[[str], None]
#: The packages whose version a number in a record may depend on.
COUNTED = ("numpy", "scipy", "pandas", "scikit-learn", "fairlearn", "shap", "statsmodels")


def silent(stage: str) -> None:
    """Say nothing: the progress of those who did not ask for it."""


def audit(  # noqa: PLR0913 - the public contract; all but the cases are keywords
    cases: Any,
    *,
    protected: Any,
    plan: Plan | Mapping[str, Any] | str | Path,
    model: Any = None,
    score: str | None = None,
    policy: Policy | Mapping[str, Any] | str | Path | None = None,
    dossier: str | Path | None = None,
    schema: CaseSchema | Mapping[str, Any] | str | Path | None = None,
    pilot: str = "",
    project: str | Path = ".",
    progress: Progress = silent,
) -> AuditRecord:
    """Audit a scored case table: what the model, and the process around it, does to whom.

    Parameters
    ----------
    cases : pandas.DataFrame, or anything that ``schema`` reads
        Held-out cases, one row each. Frames are indexed by the case id, or have a column ``id`` or ``case_id``; with a
        schema also a path, Parquet, Polars, Arrow or a lazy DuckDB relation.
    protected : the same kinds
        The protected attributes by the same ids; joined in memory only.
    plan, policy : path, mapping or object
        What is audited, and the limits that judge. Without a policy the shipped ``default`` judges.
    model : optional
        A fitted model (scikit-learn, LightGBM, XGBoost, CatBoost, ONNX, MLflow pyfunc, Fairlearn), a callable
        ``frame -> scores`` (higher is riskier), or a model address ``models:/...``.
    score : str, optional
        Instead of a model: the column that holds the scores, higher is riskier unless the plan says otherwise.
    dossier : path, optional
        Folder that holds ``dossier.toml`` and ``features.toml``: every feature is then held against them.
    schema : path, mapping or object, optional
        Roles of the case table's columns. Without it the plan's keys say what each column is.
    pilot : str
        The name in the record.
    project : path
        Folder whose ``mlruns`` holds the models that an address names.
    progress : callable
        Is told each stage in one sentence.

    Returns
    -------
    AuditRecord
        With ``decision``, ``outcome(code, attribute)``, ``to_frame()``, ``to_dict()`` and ``save(folder)``.

    Raises
    ------
    InputError
        If a table, the plan, the policy or the scores are not as they should be; everything wrong at once.

    Examples
    --------
    >>> import pandas as pd, igw_audit as igw
    >>> cases = pd.DataFrame({"risk": [k % 100 for k in range(4000)]})
    >>> people = pd.DataFrame({"nationality": ["a", "b", "c", "d"] * 1000})
    >>> plan = {"attributes": ["nationality"], "threshold": 80, "audits": ["A001"]}
    >>> record = igw.audit(cases, protected=people, score="risk", plan=plan)
    >>> record.outcome("A001", "nationality").status
    'measured'
    """
    what, judge = read_settings(Plan, plan, what="plan"), read_policy(policy)
    files = None if dossier is None else read_dossier(dossier)
    chosen_audits(what)
    predict, digest = _model(model, project)
    if schema is None:
        what = features_of_model(what, predict, cases)
    for_model = model is not None and not isinstance(model, str)
    tables = read_tables(cases, protected, plan=what, schema=schema, score=score, for_model=for_model)
    sources = Sources(cases=tables.cases, protected=tables.protected, plan=what, policy=judge, dossier=files)
    scored = score_cases(sources.cases, what, groupings=sources.groupings(), score=score, predict=predict)
    progress(f"{scored.n} cases, {int(scored.selected.sum())} of them selected at the operating point")
    told = digest or _digest_of_scores(scored, predict)
    return measure(scored, sources, model=told, pilot=pilot, progress=progress)


def audit_files(
    cases: Path, *, protected: Path, plan: Path, score: str | None = None, progress: Progress = silent, **more: Any
) -> AuditRecord:
    """Audit bare files: a case table with a score column, a protected table and a plan; no MLflow needed."""
    given = {name: value for name, value in more.items() if value is not None}
    return audit(cases, protected=protected, plan=plan, score=score, progress=progress, **given)


def measure(
    scored: ScoredCases, sources: Sources, *, model: ModelDigest, pilot: str, progress: Progress = silent
) -> AuditRecord:
    """Run every audit of the plan on scored cases, judge the outcomes, and keep where it all came from.

    The plan in the record is the completed one: what it left open is filled in from the schema's roles.
    """
    plan, policy = scored.plan, sources.policy
    outcomes = tuple(
        _run(one, scored, attribute, progress) for attribute in plan.attributes for one in chosen_audits(plan)
    )
    dossier = None if sources.dossier is None else answer_features(sources.dossier, scored, outcomes)
    return AuditRecord(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pilot=pilot,
        plan=plan,
        policy=policy,
        decision=decide(outcomes, policy=policy, plan=plan, dossier=dossier, registrations=sources.registrations),
        outcomes=outcomes,
        provenance=Provenance(
            model=model,
            cases=sources.cases_digest(),
            protected=sources.protected_digest(),
            plan_sha256=plan.sha256(),
            policy_sha256=policy.sha256(),
            code_version=__version__,
            seed=plan.seed,
            score=scored.contract,
            names=_names(scored, progress),
            packages=(("python", platform.python_version()), *((name, version(name)) for name in COUNTED)),
        ),
        dossier=dossier,
        registrations=sources.registrations,
        suitability=suitability(scored),
        presenter=presenter(),
    )


def _names(scored: ScoredCases, progress: Progress) -> tuple[NameRemark, ...]:
    """Return what a reader must know of the names of groups, and say it."""
    remarks = tuple(one for name in scored.plan.attributes for one in scored.groupings[name].remarks)
    for one in remarks:
        names = ", ".join(repr(name) for name in one.names)
        progress(
            f"{one.attribute}: {one.spellings} spellings of {names} are counted as one group"
            if one.kind == "merged_spellings"
            else f"{one.attribute}: {names} look alike and are counted apart; write them alike if they are one group"
        )
    return remarks


def features_of_model(plan: Plan, model: Any, cases: Any) -> Plan:
    """Fill in the features of a plan that names none: what the model was fitted on, declared factors apart."""
    if plan.features or model is None:
        return plan
    columns = [str(name) for name in (cases.columns if isinstance(cases, pd.DataFrame) else column_names(cases))]
    found = [name for name in named_columns(model, columns) if name not in plan.declared]
    return plan.model_copy(update={"features": tuple(found)})


def chosen_audits(plan: Plan) -> Sequence[Audit]:
    """Give the audits that a plan asks for; all of them where it names none."""
    known = all_audits()
    if plan.audits is None:
        return tuple(known.values())
    unknown = [code for code in plan.audits if code not in known]
    if unknown:
        raise InputError("plan", [f"audits: {code!r} is no audit; there are {', '.join(known)}" for code in unknown])
    return tuple(known[code] for code in sorted(set(plan.audits)))


def _run(one: Audit, scored: ScoredCases, attribute: str, progress: Progress) -> Outcome:
    outcome = one.run(scored, attribute)
    progress(f"{one.code} {one.title.en}, {attribute}: {outcome.status.replace('_', ' ')}")
    return outcome


def _model(model: Any, project: str | Path) -> tuple[Any, ModelDigest | None]:
    """Give what predicts, and for a model address the digest of its files."""
    if not isinstance(model, str):
        return model, None
    from igw_audit.tracking import locate, open_model, open_store
    from igw_audit.tracking.confined import load_confined

    store = open_store(project)
    loaded = open_model(store, locate(store, model), load=load_confined)
    kind = type(loaded.estimator).__name__
    return loaded.estimator, ModelDigest(sha256=loaded.sha256, kind="directory", uri=model, estimator=kind)


def _digest_of_scores(scored: ScoredCases, predict: Any) -> ModelDigest:
    """Name a model by what it does: its scores on these cases, since saving the same one twice gives other bytes."""
    content = np.ascontiguousarray(scored.score, dtype="<f8").tobytes()
    name = None if predict is None else type(predict).__name__
    kind = "column" if predict is None else "behaviour"
    return ModelDigest(sha256=hashlib.sha256(content).hexdigest(), kind=kind, estimator=name)
