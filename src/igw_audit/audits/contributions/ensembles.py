"""scikit-learn's fitted trees as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from igw_audit.audits.contributions.paths import Tree, tree_contributions
from igw_audit.core.cases import Bools, Floats

#: Levels that a native category of HistGradientBoosting can have.
LEVELS = 256


def ensemble_contributions(model: Any, table: Floats) -> Floats | None:
    """Take a scikit-learn tree, forest or boosting apart; None for any other model.

    Trees are read from scikit-learn's own arrays, private ones for histogram boosting: whoever calls this checks that
    contributions add up to the output for every case.
    """
    kind = type(model).__name__
    try:
        if kind.startswith("HistGradientBoosting"):
            return tree_contributions(_histogram_trees(model), table)
        trees = _plain_trees(model)
    except (AttributeError, IndexError, KeyError, ValueError):
        # another release of scikit-learn keeps its trees otherwise
        return None
    # plain trees compare in single precision
    return None if trees is None else tree_contributions(trees, table.astype(np.float32).astype(np.float64))


def _histogram_trees(model: Any) -> list[Tree]:
    known, places = model._bin_mapper.make_known_categories_bitsets()
    return [_histogram_tree(grown[0], np.asarray(known), np.asarray(places)) for grown in model._predictors]


def _histogram_tree(predictor: Any, known: Any, places: Any) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(np.bool_)
    missing_left = nodes["missing_go_to_left"].astype(np.bool_)
    levels_left = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(np.bool_) & ~leaf).tolist():
        goes = _bits(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
        seen = _bits(known[places[nodes["feature_idx"][node]]])
        # a level that training never saw goes where missing values go
        levels_left[node] = np.append(np.where(goes | seen, goes, missing_left[node]), missing_left[node])
    return Tree(
        column=np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        value=nodes["value"].astype(np.float64),
        cover=nodes["count"].astype(np.float64),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=missing_left,
        levels_left=levels_left,
    )


def _bits(words: Any) -> Bools:
    """Spell 8 words of 32 bits out, level 0 first."""
    shifts = np.arange(32, dtype=np.uint32)
    return np.asarray((np.asarray(words, dtype=np.uint32)[:, None] >> shifts & np.uint32(1)).ravel()[:LEVELS] > 0)


def _plain_trees(model: Any) -> list[Tree] | None:
    kind = type(model).__name__
    if kind.startswith("GradientBoosting"):
        return [_plain_tree(tree, model.learning_rate) for tree in model.estimators_[:, 0]]
    if kind.startswith(("RandomForest", "ExtraTrees")):
        return [_plain_tree(tree, 1.0 / len(model.estimators_)) for tree in model.estimators_]
    return [_plain_tree(model, 1.0)] if hasattr(model, "tree_") else None


def _plain_tree(model: Any, factor: float) -> Tree:
    tree = model.tree_
    # a classifier holds the share of each class, and its output is that of the second
    value = tree.value[:, 0, -1] / (tree.value[:, 0].sum(axis=1) if hasattr(model, "classes_") else 1.0)
    return Tree(
        column=np.where(tree.children_left < 0, -1, tree.feature).astype(np.int64),
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        value=factor * value,
        cover=tree.weighted_n_node_samples.astype(np.float64),
        threshold=tree.threshold.astype(np.float64),
        missing_left=tree.missing_go_to_left.astype(np.bool_),
    )
