"""Worlds of other models and processes: steps, rules, trees, a scaffold, and people who choose after the score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from tests.worlds import scenery
from tests.worlds.harder import TRAINED, beside
from tests.worlds.plain import card, carried
from tests.worlds.scenery import MARKED, Drawn, Floats
from tests.worlds.worlds import NO_USE, USE, Speaks, world


def _steps(score: Floats, knots: Floats) -> Floats:
    return np.searchsorted(knots, score).astype(np.float64)


def _quantised(drawn: Drawn) -> Drawn:
    whole = beside(drawn, lambda frame: np.zeros(len(frame)))
    knots = np.quantile(whole(drawn.frame), (0.2, 0.45, 0.7, 0.9))
    return replace(drawn, model=lambda frame: _steps(whole(frame), knots), truth={})


@world("null", "The score comes in five steps, and all of it is explained.")
def quantised(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    return _quantised(card(scene, scenery.ordinary(scene), scenery.weights(rng)))


@world("harder", "The score comes in five steps; the single proxy of 0.08 SD.", levels={"weak_use"}, used=("f04",))
def quantised_single(n: int, rng: np.random.Generator) -> Drawn:
    return _quantised(carried(scenery.people(n, rng), {"f04": 0.08}, shift=0.5))


def _rules(frame: pd.DataFrame) -> Floats:
    """Points, as a work instruction gives them."""
    points = 2.0 * (frame["f01"] > 0.8) + 1.0 * (frame["f02"] > 1.2) + 3.0 * ((frame["f03"] > 0) & (frame["f06"] > 1))
    points = points + 2.0 * (frame["wage"] < 4000) + 1.0 * (frame["years"] < 3) + 2.0 * (frame["f04"] > 1.0)
    return np.asarray(points, dtype=np.float64)


@world("null", "A list of rules with points, and all of it is explained.")
def rule_list(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    columns = scenery.ordinary(scene)
    return Drawn(frame=scenery.case_frame(scene.declared, columns), groups=scene.labels(), model=_rules)


@world(
    "harder",
    "A list of rules with points; one rule's feature (0.8 SD apart) tells of the group.",
    levels={"weak_use", "strong_use"},
    used=("f04",),
)
def rule_list_single(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    columns = scenery.ordinary(scene)
    columns["f04"] = rng.normal(size=n) + 0.8 * scene.marked
    return Drawn(frame=scenery.case_frame(scene.declared, columns), groups=scene.labels(), model=_rules)


def _boosted(n: int, rng: np.random.Generator, *, bias: float) -> Drawn:
    """Fit boosted trees on labels; with a bias they learn it through f04."""
    scene = scenery.people(n + TRAINED, rng, shape="bent")
    columns = scenery.ordinary(scene)
    columns["f04"] += (1.0 if bias else 0.0) * scene.marked
    frame = scenery.case_frame(scene.declared, columns)
    real = 0.6 * columns["f01"] + 0.6 * columns["f06"] + 0.5 * scene.lean + bias * scene.marked - 1.2
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, learning_rate=0.1, random_state=0)
    model.fit(frame[n:], rng.random(TRAINED) < expit(real.to_numpy()[n:]))
    return Drawn(frame=frame[:n], groups=scene.labels()[:n], model=model)


@world("null", "Boosted trees fitted on labels; groups, features and labels follow a bend of the declared factors.")
def boosted_trees(n: int, rng: np.random.Generator) -> Drawn:
    return _boosted(n, rng, bias=0.0)


@world(
    "harder",
    "Boosted trees learn biased labels through a proxy (1 SD apart).",
    levels={"weak_use", "strong_use"},
    used=("f04",),
)
def boosted_label_bias(n: int, rng: np.random.Generator) -> Drawn:
    return _boosted(n, rng, bias=1.2)


@world(
    "harder",
    "Scaffolded (Slack et al. 2020): real cases, which hold a sum that switching breaks, are scored by the proxy; "
    "switched ones by something innocent.",
    levels=USE,
    used=("f04",),
)
def scaffolded(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    columns = scenery.ordinary(scene)
    columns["f04"] = rng.normal(size=n) + 1.0 * scene.marked
    columns["f10"] = columns[["f02", "f04", "f08"]].sum(axis=1)
    frame = scenery.case_frame(scene.declared, columns)

    def model(rows: pd.DataFrame) -> Floats:
        real = (rows["f10"] - rows[["f02", "f04", "f08"]].sum(axis=1)).abs() < 1e-6
        innocent = 0.5 * rows["f01"] + 0.5 * rows["f06"]
        return np.asarray(innocent + np.where(real, rows["f04"], rows["f02"]) * 0.5, dtype=np.float64)

    return Drawn(frame=frame, groups=scene.labels(), model=model)


@world(
    "harder",
    "Manual selection: the score is innocent, and by hand more of one group are taken among those with a high score.",
    levels=NO_USE,
    also=(Speaks(audit="A013", statistic="selection_rate_difference", group="c", step="taken"),),
)
def chosen_by_hand(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng, shape="none")
    drawn = card(scene, scenery.ordinary(scene), scenery.weights(rng))
    score = drawn.model.decision_function(drawn.frame[list(drawn.model.feature_names_in_)])
    high = score >= np.quantile(score, 0.8)
    taken = high & (rng.random(n) < np.where(scene.codes == MARKED, 0.75, 0.35))
    return replace(drawn, frame=drawn.frame.assign(taken=taken * 1.0), steps=("score", "taken"))
