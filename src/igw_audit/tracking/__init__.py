"""The only room that knows MLflow: store, runs, models, versions. Nothing here imports it before it is used."""

from igw_audit.tracking.evidence_files import author_of, files_of_model, files_of_record, keep_evidence_file
from igw_audit.tracking.evidence_tags import version_created, write_evidence
from igw_audit.tracking.gate import GateVerdict, gate_version
from igw_audit.tracking.models import LoadedModel, LoggedModel, TrainedOn, hash_model_directory, load_model, open_model
from igw_audit.tracking.registry import Attachment, RegisteredVersion, attach_record, register, version_tags
from igw_audit.tracking.runs import TrainingRun, log_training
from igw_audit.tracking.store import Store, open_store
from igw_audit.tracking.uris import ModelLocation, is_model_uri, locate

__all__ = [
    "Attachment",
    "GateVerdict",
    "LoadedModel",
    "LoggedModel",
    "ModelLocation",
    "RegisteredVersion",
    "Store",
    "TrainedOn",
    "TrainingRun",
    "attach_record",
    "author_of",
    "files_of_model",
    "files_of_record",
    "gate_version",
    "hash_model_directory",
    "is_model_uri",
    "keep_evidence_file",
    "load_model",
    "locate",
    "log_training",
    "open_model",
    "open_store",
    "register",
    "version_created",
    "version_tags",
    "write_evidence",
]
