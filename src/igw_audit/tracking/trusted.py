"""Which types a stored model may hold, and a check of what skops cannot see: the numbers inside its trees.

skops builds nothing but the types that it knows or is told to trust. MLflow tells it the list that stands in the
model's own ``MLmodel`` file, so that a crafted model trusts itself; here only ``TRUSTED_TYPES`` counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from igw_audit.errors import EvidenceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Beyond what skops trusts by itself. Each was read: they keep numbers and settings, and building one runs no code
#: but its own constructor. Left out on purpose: anything that holds the training cases (nearest neighbours), any
#: function but one that checks arrays, and everything outside numpy and scikit-learn. The link and loss types are
#: trusted by skops 0.16 itself, not yet by 0.13.
TRUSTED_TYPES = frozenset(
    {
        "functools.partial",  # of a function that is itself trusted; boosting on native categories holds one
        "numpy.dtype",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",  # its numbers: check_trees
        "sklearn.model_selection._split.GroupKFold",
        "sklearn.model_selection._split.KFold",
        "sklearn.model_selection._split.StratifiedGroupKFold",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.model_selection._split.TimeSeriesSplit",
        "sklearn.tree._tree.Tree",  # its numbers: check_trees
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils.validation.check_array",
    }
)


def check_trees(model: object) -> None:
    """Refuse a model whose trees point outside themselves or outside its features.

    scikit-learn follows child and feature numbers without looking at their bounds, so that wrong ones read foreign
    memory or never end. The rule: a split's children come after it and exist, and its feature exists.

    Raises
    ------
    EvidenceError
        If a tree breaks the rule.
    """
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.tree._tree import Tree

    for part, features in _parts(model, None, set()):
        if isinstance(part, Tree):
            _check_tree(part, features)
        elif isinstance(part, TreePredictor):
            _check_predictor(part, features)
        elif isinstance(part, BaseForest | BaseGradientBoosting):
            # these hand their rows to their trees unchecked
            trees = np.ravel(np.asarray(getattr(part, "estimators_", []), dtype=object))
            if any(tree.n_features_in_ != part.n_features_in_ for tree in trees):
                raise EvidenceError(_WRONG)


def _parts(part: Any, features: int | None, seen: set[int]) -> Iterator[tuple[Any, int | None]]:
    """Walk through everything a model holds, with the number of features of the estimators around it."""
    if isinstance(part, str | bytes | int | float | bool | type | None) or id(part) in seen:
        return
    seen.add(id(part))
    yield part, features
    if isinstance(part, np.ndarray):
        inner = list(part.ravel()) if part.dtype == object else []
    elif isinstance(part, dict):
        inner = list(part.values())
    elif isinstance(part, list | tuple | set | frozenset):
        inner = list(part)
    else:
        held = getattr(part, "__dict__", {})
        taken = held.get("n_features_in_")
        # bagging hands each estimator a part of the features, so the innermost number counts
        features = taken if isinstance(taken, int) else features
        inner = list(held.values())
    for each in inner:
        yield from _parts(each, features, seen)


def _check_tree(tree: Any, features: int | None) -> None:
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    split = left != -1
    wrong = int(tree.n_features) != features or len(left) == 0
    wrong = wrong or _leads_astray(left, split) or _leads_astray(right, split)
    wrong = wrong or _beyond(np.asarray(tree.feature)[split], features)
    if wrong:
        raise EvidenceError(_WRONG)


def _check_predictor(predictor: Any, features: int | None) -> None:
    nodes = predictor.nodes
    split = nodes["is_leaf"] == 0
    wrong = len(nodes) == 0
    wrong = wrong or _leads_astray(nodes["left"], split) or _leads_astray(nodes["right"], split)
    wrong = wrong or _beyond(nodes["feature_idx"][split], features)
    for bits in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        by_category = nodes["bitset_idx"][split & (nodes["is_categorical"] != 0)]
        wrong = wrong or _beyond(by_category, len(bits)) or (len(bits) > 0 and bits.shape[1:] != (8,))
    if wrong:
        raise EvidenceError(_WRONG)


def _leads_astray(children: NDArray[Any], split: NDArray[np.bool_]) -> bool:
    """Tell whether a split's child comes before it or does not exist."""
    place = np.flatnonzero(split)
    child = children[split].astype(np.int64)
    return bool(((child <= place) | (child >= len(children))).any())


def _beyond(numbers: NDArray[Any], count: int | None) -> bool:
    """Tell whether a number is not in 0 .. count - 1; without a known count any number is beyond."""
    whole = numbers.astype(np.int64)
    return len(whole) > 0 and (count is None or bool(((whole < 0) | (whole >= count)).any()))


_WRONG = (
    "a decision tree in this model points outside itself or outside the model's features, which training never "
    "makes; the file was changed or crafted: do not load it, and train the model again"
)
