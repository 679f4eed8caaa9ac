"""The models that may be trained: ordinary scikit-learn classes, so that they can be saved without code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from igw_audit.scoring.config import EstimatorSettings

Fold = tuple["NDArray[np.int64]", "NDArray[np.int64]"]

FOLDS = 5


def bare_estimator(kind: str, *, seed: int = 0) -> Any:
    """Give an unfitted classifier: ``logistic`` or ``boosting``.

    The scorecard's penalty is ten times scikit-learn's, so that a level that five people have does not decide about the
    sixth. Boosting starts from small trees learnt slowly: on a planted logistic truth (4,800 cases) scikit-learn's own
    31 leaves at rate 0.1 are far too sure (held-out calibration slope 0.63), 8 leaves at 0.05 are not (1.09).
    """
    if kind == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=0.1, max_iter=1000, random_state=seed)
    from sklearn.ensemble import HistGradientBoostingClassifier

    # early stopping holds out random rows, which would split clusters; trees are not to see categories natively
    return HistGradientBoostingClassifier(
        max_leaf_nodes=8,
        learning_rate=0.05,
        early_stopping=False,
        categorical_features=None,
        random_state=seed,
    )


def build_estimator(settings: EstimatorSettings) -> Any:
    """Give the unfitted classifier with its parameters, inside its calibration where one is asked."""
    estimator = bare_estimator(settings.kind, seed=settings.seed).set_params(**settings.parameters)
    if settings.calibration == "none":
        return estimator
    from sklearn.calibration import CalibratedClassifierCV

    # one model and one curve instead of five of each: what is explained is what decides
    return CalibratedClassifierCV(estimator, method=settings.calibration, ensemble=False)


def stratified_folds(
    positive: NDArray[np.bool_], draws: NDArray[np.uint64], *, cluster: NDArray[np.int64] | None = None
) -> list[Fold]:
    """Deal cases out to five folds, positives evenly, whole clusters to one fold.

    Parameters
    ----------
    positive : ndarray of bool, shape (n_cases,)
        The training target.
    draws : ndarray of uint64, shape (n_cases,)
        A keyed draw a case: equals are dealt in this order.
    cluster : ndarray of int64, shape (n_cases,), optional
        Number of each case's cluster.

    Returns
    -------
    list of (train, test)
        Row positions; fewer than five where fewer clusters hold a positive case.
    """
    members = np.arange(len(positive)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    positives = np.bincount(members, weights=positive).astype(np.int64)
    sizes = np.bincount(members)
    first = np.full(len(sizes), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(first, members, draws)
    order = np.lexsort((first, -sizes, -positives))
    count = max(2, min(FOLDS, int((positives > 0).sum())))
    back_and_forth = np.concatenate([np.arange(count), np.arange(count)[::-1]])
    dealt = np.empty(len(sizes), dtype=np.int64)
    dealt[order] = back_and_forth[np.arange(len(sizes)) % (2 * count)]
    fold = dealt[members]
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(count)]
