"""The worlds of METHODS 7: nothing used, one proxy, many, a pair, two that cancel, and labels that are biased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from tests.worlds import scenery
from tests.worlds.scenery import DECLARED, Drawn, Floats, Scene
from tests.worlds.worlds import world

#: The null worlds that METHODS 7 names.
CORE_NULLS = ("independent", "explained_linearly", "explained_non_linearly", "unused")

# --- nothing is used -------------------------------------------------------------------------------------------------


def card(scene: Scene, columns: pd.DataFrame, given: dict[str, float]) -> Drawn:
    """Score by a card of weights on features and, lightly, on the declared factors."""
    frame = scenery.case_frame(scene.declared, columns)
    lawful = {name: 0.5 / float(frame[name].std()) for name in DECLARED}
    return Drawn(
        frame=frame,
        groups=scene.labels(),
        model=scenery.scorecard(lawful | given),
        features=tuple(columns.columns),
        truth=nothing(scene, columns),
    )


def nothing(scene: Scene, columns: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Say that no feature and no whole shifts any group."""
    return scenery.true_deltas(scene, {}, np.arange(scene.n, dtype=np.float64), tuple(columns.columns))


@world("null", "Groups, declared factors and features know nothing of each other.")
def independent(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng, shape="none")
    return card(scene, scenery.ordinary(scene), scenery.weights(rng))


@world("null", "Groups differ in wage and years, features follow both, the score uses all: all of it is explained.")
def explained_linearly(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    return card(scene, scenery.ordinary(scene), scenery.weights(rng))


@world("null", "The same through bends (an absolute value plus a sine, a product, others); the score follows the bend.")
def explained_non_linearly(n: int, rng: np.random.Generator) -> Drawn:
    return following(scenery.people(n, rng, shape="bent"))


@world("null", "As explained linearly, with a feature that tells much of the group and has no weight.")
def unused(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    columns = scenery.ordinary(scene)
    columns["f04"] += 2.0 * scene.marked
    return card(scene, columns, scenery.weights(rng) | {"f04": 0.0})


def following(scene: Scene) -> Drawn:
    """Score by weights on features and by the very bend that the groups follow."""
    given, bend = scenery.weights(scene.rng), scene.bend
    assert bend is not None

    def model(frame: pd.DataFrame) -> Floats:
        return np.asarray(frame[list(given)].to_numpy(dtype=np.float64) @ list(given.values()) + bend(frame))

    columns = scenery.ordinary(scene)
    frame = scenery.case_frame(scene.declared, columns)
    return Drawn(frame=frame, groups=scene.labels(), model=model, truth=nothing(scene, columns))


# --- proxies that the score uses -------------------------------------------------------------------------------------


def carried(scene: Scene, aims: dict[str, float], *, shift: float) -> Drawn:
    """Plant carriers that are ``shift`` SD higher in the marked group, weighed to move its score by their aims."""
    columns = scenery.ordinary(scene)
    rng = scene.rng
    for name in aims:
        columns[name] = rng.normal(size=scene.n) + shift * scene.marked
    others = {name: size for name, size in scenery.weights(rng).items() if name not in aims}
    rest = columns[list(others)].to_numpy() @ list(others.values())
    rest = rest + sum(0.5 * scene.declared[name].to_numpy() / scene.declared[name].std() for name in DECLARED)
    given = scenery.planted(rest, {name: columns[name].to_numpy() for name in aims}, aims, dict.fromkeys(aims, shift))
    drawn = card(scene, columns, others | given)
    score = rest + columns[list(given)].to_numpy() @ list(given.values())
    moved = {name: size * shift for name, size in given.items()}
    return replace(drawn, truth=scenery.true_deltas(scene, moved, score))


@world("proxy", "One proxy (0.5 SD apart) moves the group's score by 0.08 SD.", levels={"weak_use"}, used=("f04",))
def single(n: int, rng: np.random.Generator) -> Drawn:
    return carried(scenery.people(n, rng), {"f04": 0.08}, shift=0.5)


@world("proxy", "One proxy (1 SD apart) moves the group's score by 0.35 SD.", levels={"strong_use"}, used=("f04",))
def single_strong(n: int, rng: np.random.Generator) -> Drawn:
    return carried(scenery.people(n, rng), {"f04": 0.35}, shift=1.0)


@world("proxy", "One proxy (0.5 SD apart) with hardly any weight: 0.02 SD.", levels={"trace_use"}, used=("f04",))
def single_trace(n: int, rng: np.random.Generator) -> Drawn:
    return carried(scenery.people(n, rng), {"f04": 0.02}, shift=0.5)


SPREAD = ("f01", "f03", "f04", "f06", "f08", "f10")


@world(
    "proxy", "Six features (0.25 SD apart each) move the score by 0.13 SD together.", levels={"joint_use"}, used=SPREAD
)
def distributed(n: int, rng: np.random.Generator) -> Drawn:
    return carried(scenery.people(n, rng), dict.fromkeys(SPREAD, 0.13 / 6), shift=0.25)


@world(
    "proxy",
    "Six features (0.25 SD apart each) move the score by 0.05 SD together.",
    levels={"joint_use", "weak_use", "trace_use"},
    used=SPREAD,
)
def distributed_faint(n: int, rng: np.random.Generator) -> Drawn:
    return carried(scenery.people(n, rng), dict.fromkeys(SPREAD, 0.05 / 6), shift=0.25)


@world(
    "proxy",
    "Two proxies (0.5 SD apart) push the score by 0.10 SD in opposite directions: the whole does not move.",
    levels={"weak_use"},
    used=("f03", "f06"),
)
def cancelling(n: int, rng: np.random.Generator) -> Drawn:
    return carried(scenery.people(n, rng), {"f03": 0.10, "f06": -0.10}, shift=0.5)


def joint(scene: Scene, aims: dict[tuple[str, str], float], *, agree: float = 0.85) -> Drawn:
    """Plant pairs whose signs agree more often in the marked group, each alone independent of it; not additive."""
    rng, columns = scene.rng, scenery.ordinary(scene)
    carriers, shifts = {}, {}
    for number, (one, other) in enumerate(aims):
        columns[[one, other]] = rng.normal(size=(scene.n, 2))
        turned = np.where(rng.random(scene.n) < np.where(scene.marked, agree, 0.5), 1.0, -1.0)
        columns[other] = columns[other].abs() * turned * np.sign(columns[one])
        carriers[str(number)] = np.asarray(np.tanh(2 * columns[one]) * np.tanh(2 * columns[other]))
        shifts[str(number)] = (2 * agree - 1) * float(np.abs(carriers[str(number)]).mean())
    others = {name: size for name, size in scenery.weights(rng).items() if not any(name in pair for pair in aims)}
    lawful = {name: 0.5 / float(scene.declared[name].std()) for name in DECLARED}
    plain = others | lawful
    frame = scenery.case_frame(scene.declared, columns)
    given = scenery.planted(
        frame[list(plain)].to_numpy() @ list(plain.values()),
        carriers,
        {str(number): aim for number, aim in enumerate(aims.values())},
        shifts,
    )

    def model(rows: pd.DataFrame) -> Floats:
        score = rows[list(plain)].to_numpy(dtype=np.float64) @ list(plain.values())
        for number, (one, other) in enumerate(aims):
            score = score + given[str(number)] * np.tanh(2 * rows[one].to_numpy()) * np.tanh(2 * rows[other].to_numpy())
        return np.asarray(score, dtype=np.float64)

    moved = {name: size * shifts[name] for name, size in given.items()}
    truth = scenery.true_deltas(scene, moved, model(frame), names=())
    return Drawn(frame=frame, groups=scene.labels(), model=model, truth=truth)


@world(
    "proxy",
    "Two features, each independent of the group, whose product tells of it, move the score by 0.12 SD.",
    levels={"weak_use", "joint_use"},
    used=("f04", "f08"),
    pairs=(("f04", "f08"),),
)
def xor_pair(n: int, rng: np.random.Generator) -> Drawn:
    return joint(scenery.people(n, rng), {("f04", "f08"): 0.12})


@world(
    "proxy",
    "The same pair with hardly any weight: 0.02 SD.",
    levels={"trace_use", "joint_use", "unexplained"},
    used=("f04", "f08"),
    pairs=(("f04", "f08"),),
)
def xor_pair_faint(n: int, rng: np.random.Generator) -> Drawn:
    return joint(scenery.people(n, rng), {("f04", "f08"): 0.02})


def biased_labels(scene: Scene, columns: pd.DataFrame) -> scenery.Codes:
    """Draw labels that the marked group gets more often than its conduct warrants."""
    real = 0.5 * columns["f01"] + 0.5 * columns["f06"] + 0.5 * scene.lean - 1.2
    return np.asarray(scene.rng.random(scene.n) < expit(real + 1.2 * scene.marked)).astype(np.int64)


@world(
    "proxy",
    "Labels are biased against the group; a logistic regression learns the bias through a proxy (1 SD apart).",
    levels={"weak_use", "strong_use"},
    used=("f04",),
)
def label_bias(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n + 4000, rng)
    columns = scenery.ordinary(scene)
    columns["f04"] = rng.normal(size=scene.n) + 1.0 * scene.marked
    frame, labels = scenery.case_frame(scene.declared, columns), biased_labels(scene, columns)
    spread = frame.std()
    model = LogisticRegression(C=1e6, max_iter=500).fit((frame / spread)[n:], labels[n:])
    model.coef_ = model.coef_ / spread.to_numpy()
    kept = replace(scene, chances=scene.chances[:n], codes=scene.codes[:n])
    moved = {"f04": float(model.coef_[0][list(frame.columns).index("f04")])}
    truth = scenery.true_deltas(kept, moved, model.decision_function(frame[:n]))
    return Drawn(frame=frame[:n], groups=kept.labels(), model=model, truth=truth)
