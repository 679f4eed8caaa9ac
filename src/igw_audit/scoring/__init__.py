"""Features, estimators, split, fit and operating point: from a case table to scored cases."""

from igw_audit.scoring.cases import complete_plan, score_cases
from igw_audit.scoring.columns import named_columns
from igw_audit.scoring.config import PipelineConfig, PipelineFile, read_pipeline
from igw_audit.scoring.fit import ArmCount, FittedModel, TrainingFacts, fit_pipeline
from igw_audit.scoring.metrics import Metric, held_out_metrics, measure, measure_yield
from igw_audit.scoring.operate import OperatingPoint, operate
from igw_audit.scoring.split import Split, split_cases

__all__ = [
    "ArmCount",
    "FittedModel",
    "Metric",
    "OperatingPoint",
    "PipelineConfig",
    "PipelineFile",
    "Split",
    "TrainingFacts",
    "complete_plan",
    "fit_pipeline",
    "held_out_metrics",
    "measure",
    "measure_yield",
    "named_columns",
    "operate",
    "read_pipeline",
    "score_cases",
    "split_cases",
]
