"""What gives the scores of these cases: a model with the features that it asks for, or a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.cases import Grouping
from igw_audit.core.plan import Plan, ScoreSettings
from igw_audit.core.scores import Higher, ScoreContract
from igw_audit.scoring.adapters import sensitive_column
from igw_audit.scoring.adapters.answers import Numbers, to_float
from igw_audit.scoring.function import tested
from igw_audit.scoring.models import ModelScorer, in_precision, scorer
from igw_audit.scoring.operate import OperatingPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSource:
    """The features of the cases with what gives their score; the plan names what a group-aware model asks for too."""

    plan: Plan
    features: pd.DataFrame
    give: ModelScorer | None

    @classmethod
    def of(cls, frame: pd.DataFrame, plan: Plan, groupings: Mapping[str, Grouping], predict: Any) -> ScoreSource:
        """Make a model ready to be asked about these cases; without one (None) scores are given."""
        settings = plan.score or ScoreSettings()
        features = frame[sorted({*plan.features, *plan.declared})]
        sensitive = sensitive_column(predict, frame, groupings, settings.sensitive_features)
        if sensitive is not None:
            name = str(sensitive.name)
            settings = settings.model_copy(update={"sensitive_features": name})
            if name not in features.columns:
                features = features.assign(**{name: sensitive})
                features = features[sorted(features.columns)]
                plan = plan.model_copy(update={"features": (*plan.features, name)})
        if predict is None:
            return cls(plan=plan, features=features, give=None)
        names = [str(name) for name in features.columns]
        give = scorer(predict, frame, features=names, positive=plan.positive, settings=settings)
        return cls(plan=plan, features=features, give=give)

    @property
    def higher(self) -> Higher:
        """What a higher score means, in the numbers of whoever gives it."""
        return self.give.higher if self.give is not None else self._settings.higher or "riskier"

    @property
    def _settings(self) -> ScoreSettings:
        return self.plan.score or ScoreSettings()

    def own(self, given: Numbers | None) -> Numbers:
        """Return the scores in their own precision and direction: those ``given``, or what the model says."""
        if given is not None:
            return in_precision(given, self._settings)
        if self.give is None:
            raise ValueError("there is neither a model nor a score")
        return self.give.own(self.features)

    def turned(self, score: Numbers) -> NDArray[np.float64]:
        """Return scores as audits count with them: float64, higher is riskier."""
        plain = to_float(score)
        return plain if self.higher == "riskier" else -plain

    def contract(self, score: Numbers, point: OperatingPoint) -> ScoreContract:
        """State what the scores are; of a model also whether they are a function of the features."""
        if self.give is not None:
            return tested(self.give, self.features, score, point, seed=self.plan.seed)
        said = self._settings
        return ScoreContract(
            kind=said.kind or "points",
            higher=self.higher,
            known_from="plan" if said.higher or said.kind else "convention",
            dtype=str(score.dtype) if score.dtype.kind != "O" else type(score[0]).__name__,
        )
