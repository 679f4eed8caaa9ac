"""The evaluator plug-in for ``mlflow.models.evaluate``: our audit beside MLflow's metrics, as a convenience.

It runs with the rights of whoever calls it, on a table and a plan of their choice, so what it says is no evidence: the
gate never looks at it. The workflow fills in ``audit`` (rooms do not know one another).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import EvaluationResult
from mlflow.models.evaluation import ModelEvaluator
from mlflow.models.evaluation import artifacts as kinds

from igw_audit.core.decision import Decision
from igw_audit.core.disclosure import SUPPRESS_BELOW, Disclosure
from igw_audit.core.record import AuditRecord
from igw_audit.core.serial import plain
from igw_audit.core.shown import shown_reasons
from igw_audit.core.spreadsheet import spreadsheet_text
from igw_audit.errors import InputError
from igw_audit.tracking.headlines import headlines
from igw_audit.tracking.quiet import quiet_mlflow
from igw_audit.tracking.runs import metrics_of
from igw_audit.tracking.store import word_of

if TYPE_CHECKING:
    import pandas as pd

NAME = "igw_audit"
#: Without these the evaluator has nothing to do, and stands aside where a caller asks for every evaluator there is.
NEEDED = ("plan", "protected")
CONVENIENCE = (
    "a convenience, not evidence: made with the caller's own rights, table and plan. The audit that counts is run and "
    "signed by igw-audit audit models:/NAME/VERSION --key FILE"
)
_KEYS = (*NEEDED, "policy", "schema", "pilot")
_NUMBERS = ("value", "low", "high", "n", "p_value", "p_adjusted", "level", "minimum_detectable")


class AuditEvaluator(ModelEvaluator):
    """Audits what ``mlflow.models.evaluate`` was given, and logs numbers, findings and pages to its run.

    ``evaluator_config={"igw_audit": {"plan": ..., "protected": ...}}``; ``policy``, ``schema`` and ``pilot`` may be
    added. The data are indexed by case id, or have a column ``id`` or ``case_id``, as the protected table has.
    """

    @classmethod
    @abstractmethod
    def audit(cls, cases: pd.DataFrame, settings: Mapping[str, Any]) -> AuditRecord:
        """Audit a frame.

        ``settings`` is what the caller set, with ``target`` (a column or None) and either ``model`` or ``score``.
        """

    @classmethod
    def can_evaluate(cls, *, model_type: Any, evaluator_config: Any, **_: Any) -> bool:  # noqa: ARG003 - MLflow's names
        """Tell whether this is asked for: only where both plan and protected table are named."""
        # no truth value of a setting is asked, for a frame has none
        return isinstance(evaluator_config, Mapping) and all(name in evaluator_config for name in NEEDED)

    def evaluate(self, **given: Any) -> EvaluationResult:
        """Audit, log, and give metrics and artifacts back.

        Raises
        ------
        InputError
            If the settings, the data or the model are not as they should be; everything wrong at once.
        """
        settings, dataset = given["evaluator_config"], given["dataset"]
        unknown = sorted(set(settings) - set(_KEYS))
        if unknown:
            known = ", ".join(_KEYS)
            raise InputError(NAME, [f"{name!r} is no setting of this evaluator; there are {known}" for name in unknown])
        frame, source = _frame(dataset), _source(given.get("model"), dataset)
        record = self.audit(frame, {**settings, **source, "target": dataset.targets_name})
        return _log(record, str(given["run_id"]))


def withheld_frame(record: AuditRecord) -> pd.DataFrame:
    """Give one row a finding, without the numbers of those that might point at somebody."""
    frame = record.to_frame().astype(object)
    disclosure = Disclosure.of(record.outcomes)
    hidden = [
        bool(outcome.findings) and not disclosure.shows(outcome, outcome.findings[place])
        for outcome in record.outcomes
        for place in range(max(1, len(outcome.findings)))
    ]
    frame.loc[hidden, list(_NUMBERS)] = None
    frame.loc[hidden, "reason"] = f"withheld: a count is under {SUPPRESS_BELOW}, or could be worked out from another"
    return frame


def _for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts a spreadsheet shows and never computes."""
    frame = frame.map(lambda value: spreadsheet_text(value) if isinstance(value, str) else value)
    frame.columns = [spreadsheet_text(str(name)) for name in frame.columns]
    return frame


def _frame(dataset: Any) -> pd.DataFrame:
    """Give features and target as one frame; predictions go in as the score column."""
    import pandas as pd

    data = dataset.features_data
    if not isinstance(data, pd.DataFrame):
        raise InputError(NAME, [f"found data of type {type(data).__name__}, expected a pandas frame with a case id"])
    frame = data.copy()
    for name, values in ((dataset.targets_name, dataset.labels_data), (_SCORE, dataset.predictions_data)):
        if values is not None:
            frame[name] = values
    return frame


_SCORE = "(prediction)"


def _source(model: Any, dataset: Any) -> dict[str, Any]:
    """Give what scores: the model that MLflow loaded, as scikit-learn's own where it is one, or the predictions."""
    if dataset.predictions_data is not None:
        return {"score": _SCORE}
    if model is None:
        raise InputError(NAME, ["there is neither a model nor predictions; give one of them to mlflow.models.evaluate"])
    try:
        raw = model.get_raw_model()
    except Exception:
        # a flavor that has none to give; its predictions are then what is audited
        raw = None
    if hasattr(raw, "predict_proba") or hasattr(raw, "decision_function"):
        return {"model": raw}
    names = [name for name in dataset.features_data.columns if name not in ("id", "case_id")]
    return {"model": lambda frame: model.predict(frame[names])}


def _log(record: AuditRecord, run_id: str) -> EvaluationResult:
    client = MlflowClient()
    numbers = metrics_of(headlines(record))
    counts = {word: sum(reason.word == word for reason in record.decision.reasons) for word in ("refuse", "refer")}
    metrics = {
        **{number.key: number.value for number in numbers},
        **{f"igw/reasons_to_{word}": float(count) for word, count in counts.items()},
    }
    for key, value in metrics.items():
        client.log_metric(run_id, key, value)
    try:
        client.set_tag(run_id, "igw.evaluator", CONVENIENCE)
    except MlflowException as error:
        # a server with the gate takes no tags in our name; decision.json says the same
        if word_of(error) != "tag_reserved":
            raise
    shown = Decision(word=record.decision.word, reasons=shown_reasons(record.decision.reasons, record.outcomes))
    said = {"is_evidence": False, "what_this_is": CONVENIENCE, "decision": plain(shown)}
    findings = withheld_frame(record)
    pages = dict(record.presenter.pages(record)) if record.presenter else {}
    root = str(client.get_run(run_id).info.artifact_uri).rstrip("/")
    made: Any = kinds
    contents: dict[str, Any] = {
        "findings.csv": made.CsvEvaluationArtifact(f"{root}/{NAME}/findings.csv", _for_spreadsheets(findings)),
        "decision.json": made.JsonEvaluationArtifact(f"{root}/{NAME}/decision.json", said),
        **{name: made.TextEvaluationArtifact(f"{root}/{NAME}/{name}", text) for name, text in pages.items()},
    }
    with TemporaryDirectory() as folder, quiet_mlflow():
        for name, artifact in contents.items():
            artifact._save(str(Path(folder) / name))
        client.log_artifacts(run_id, folder, NAME)
    result: Any = EvaluationResult
    artifacts = {f"{NAME}/{name}": artifact for name, artifact in contents.items()}
    return result(metrics=metrics, artifacts=artifacts, run_id=run_id)  # type: ignore[no-any-return]
