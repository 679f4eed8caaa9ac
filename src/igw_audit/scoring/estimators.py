"""The models that may be trained: ordinary scikit-learn classes, so that they can be saved without code."""

from __future__ import annotations

from typing import Any


def bare_estimator(kind: str, *, seed: int = 0) -> Any:
    """Give an unfitted classifier: ``logistic`` or ``boosting``."""
    if kind == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(max_iter=1000, random_state=seed)
    from sklearn.ensemble import HistGradientBoostingClassifier

    # early stopping holds out random rows, which would split clusters; trees are not to see categories natively
    return HistGradientBoostingClassifier(early_stopping=False, categorical_features=None, random_state=seed)
