"""Worlds harder than METHODS 7's bars: what real tables do to a method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from tests.worlds import scenery
from tests.worlds.plain import card, carried, following, joint
from tests.worlds.scenery import DECLARED, SHARES, Drawn, Floats, Scene
from tests.worlds.worlds import USE, Speaks, world

Model = Callable[[pd.DataFrame], Floats]
TRAINED = 6000


def beside(drawn: Drawn, extra: Model) -> Model:
    """Give the card's log-odds and something on top."""
    given = dict(zip(drawn.model.feature_names_in_, drawn.model.coef_[0], strict=True))
    return lambda frame: np.asarray(
        frame[list(given)].to_numpy(dtype=np.float64) @ np.array(list(given.values())) + extra(frame), dtype=np.float64
    )


# --- declared factors ------------------------------------------------------------------------------------------------


def _wide(n: int, rng: np.random.Generator) -> Scene:
    """Eight declared factors: six numbers, a flag and a category; groups follow all of them."""
    numbers = pd.DataFrame(rng.normal(size=(n, 4)), columns=["hours", "rooms", "terms", "visits"])
    base = pd.DataFrame({"wage": rng.gamma(4.0, 900.0, n) + 1200.0, "years": rng.normal(6.0, 3.0, n)})
    paid, sector = rng.random(n) < 0.4, rng.integers(0, 5, n)
    lean = numbers.sum(axis=1).to_numpy() + np.log(base["wage"]).to_numpy() + base["years"].to_numpy() / 3
    lean = lean + 0.8 * paid + np.array([0.0, 0.5, -0.5, 0.8, -0.3])[sector]
    rest = pd.DataFrame({"paid": paid * 1.0, "sector": np.array(["s1", "s2", "s3", "s4", "s5"], dtype=object)[sector]})
    return scenery.settle(pd.concat([base, numbers, rest], axis=1), lean, rng)


WIDE = (*DECLARED, "hours", "paid", "rooms", "sector", "terms", "visits")


@world("null", "Eight declared factors, a category among them, explain everything.")
def wide_declared(n: int, rng: np.random.Generator) -> Drawn:
    scene = _wide(n, rng)
    return replace(card(scene, scenery.ordinary(scene), scenery.weights(rng)), declared=WIDE)


@world("harder", "The single proxy of 0.08 SD beside eight declared factors.", levels={"weak_use"}, used=("f04",))
def wide_declared_single(n: int, rng: np.random.Generator) -> Drawn:
    return replace(carried(_wide(n, rng), {"f04": 0.08}, shift=0.5), declared=WIDE)


@world("null", "Groups and features follow a wage norm (a step), and the score follows the step.")
def explained_by_a_norm(n: int, rng: np.random.Generator) -> Drawn:
    return following(scenery.people(n, rng, shape="stepped"))


def _postcodes(n: int, rng: np.random.Generator) -> Scene:
    """Five hundred areas of unequal size; where groups live follows the area."""
    size = rng.gamma(2.0, size=500)
    area = rng.choice(500, n, p=size / size.sum())
    names = np.array([f"{1000 + 17 * number}" for number in range(500)], dtype=object)
    frame = pd.DataFrame({"wage": rng.gamma(4.0, 900.0, n) + 1200.0, "years": rng.normal(6.0, 3.0, n)})
    return scenery.settle(frame.assign(postcode=names[area]), rng.normal(size=500)[area] * 1.5, rng)


@world("null", "A declared postcode of 500 levels explains everything; the score follows the area.")
def postcode_declared(n: int, rng: np.random.Generator) -> Drawn:
    scene = _postcodes(n, rng)
    drawn = card(scene, scenery.ordinary(scene), scenery.weights(rng))
    by_area = dict(zip(scene.declared["postcode"], scene.lean, strict=True))
    return replace(
        drawn,
        declared=(*DECLARED, "postcode"),
        model=beside(drawn, lambda frame: frame["postcode"].map(by_area).to_numpy(dtype=np.float64)),
    )


@world(
    "harder",
    "An undeclared postcode of 500 levels, target-encoded in a fitted pipeline, carries where groups live.",
    levels={"strong_use", "weak_use"},
    used=("postcode",),
)
def postcode_used(n: int, rng: np.random.Generator) -> Drawn:
    scene = _postcodes(n + TRAINED, rng)
    columns = scenery.ordinary(replace(scene, lean=0 * scene.lean))
    columns["postcode"] = scene.declared["postcode"]
    frame = scenery.case_frame(scene.declared[list(DECLARED)], columns)
    chance = expit(0.8 * scene.lean + 0.5 * columns["f01"] + 0.5 * columns["f06"] - 1)
    numbers = [name for name in frame.columns if name != "postcode"]
    model = Pipeline(
        [
            (
                "columns",
                ColumnTransformer(
                    [
                        ("area", TargetEncoder(cv=KFold(5, shuffle=True, random_state=0)), ["postcode"]),
                        ("numbers", StandardScaler(), numbers),
                    ]
                ),
            ),
            ("score", LogisticRegression(max_iter=500)),
        ]
    ).fit(frame[n:], rng.random(TRAINED) < chance[n:])
    return Drawn(frame=frame[:n], groups=scene.labels()[:n], model=model, features=tuple(columns.columns))


@world(
    "harder",
    "Laundering: a declared factor that is a noisy copy of the group (2 SD apart), heavily used.",
    levels={"explained_by_declared", "inconclusive"},
    also=(Speaks(audit="A005", statistic="marginal_delta_total", group="c"),),
)
def laundered(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    drawn = card(scene, scenery.ordinary(scene), scenery.weights(rng))
    frame = drawn.frame.assign(route=rng.normal(size=n) + 2.0 * scene.marked)
    return replace(
        drawn, frame=frame, declared=(*DECLARED, "route"), model=beside(drawn, lambda rows: rows["route"].to_numpy())
    )


@world(
    "harder",
    "A declared factor written down with noise (reliability 0.7): features that follow the true one tell what is left.",
    levels=USE,
    used=("f01", "f03", "f05", "f07", "f09"),
)
def noisy_declared(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    noise = {name: scene.declared[name].std() * 0.65 * rng.normal(size=n) for name in DECLARED}
    written = scene.declared.assign(**{name: scene.declared[name] + extra for name, extra in noise.items()})
    given = {name: abs(size) for name, size in scenery.weights(rng).items()}
    return replace(card(replace(scene, declared=written), scenery.ordinary(scene), given), truth={})


# --- features --------------------------------------------------------------------------------------------------------


@world(
    "harder",
    "A feature whose values say nothing, but that is missing for 35 % of the group and 10 % of others.",
    levels={"weak_use", "strong_use"},
    used=("f04",),
)
def missing_as_proxy(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    drawn = card(scene, scenery.ordinary(scene), scenery.weights(rng))
    frame = drawn.frame.copy()
    frame.loc[rng.random(n) < np.where(scene.marked, 0.35, 0.10), "f04"] = np.nan
    known = beside(drawn, lambda rows: np.zeros(len(rows)))

    def model(rows: pd.DataFrame) -> Floats:
        return np.asarray(known(rows.fillna({"f04": 0.0})) + 0.9 * rows["f04"].isna().to_numpy())

    return replace(drawn, frame=frame, truth={}, model=model)


@world("harder", "A used proxy with a near-copy (r = 0.99) that is not used.", levels={"weak_use"}, used=("f04",))
def copy_unused(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    drawn = carried(scene, {"f04": 0.08}, shift=0.5)
    given = dict(zip(drawn.model.feature_names_in_, drawn.model.coef_[0], strict=True)) | {"f08": 0.0}
    frame = drawn.frame.assign(f08=drawn.frame["f04"] + 0.14 * rng.normal(size=n))
    return replace(drawn, frame=frame, model=scenery.scorecard(given), truth={})


@world("harder", "A proxy and its near-copy share the weight.", levels={"weak_use", "joint_use"}, used=("f04", "f08"))
def copies_share(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    drawn = carried(scene, {"f04": 0.16}, shift=0.5)
    given = dict(zip(drawn.model.feature_names_in_, drawn.model.coef_[0], strict=True))
    given = given | {"f04": given["f04"] / 2, "f08": given["f04"] / 2}
    frame = drawn.frame.assign(f08=drawn.frame["f04"] + 0.14 * rng.normal(size=n))
    return replace(drawn, frame=frame, model=scenery.scorecard(given), truth={})


@world(
    "harder",
    "A proxy for one small group only: 2 % of the cases, 1.5 SD apart, 0.4 SD of score.",
    levels={"strong_use"},
    used=("f04",),
)
def small_group(n: int, rng: np.random.Generator) -> Drawn:
    shares = (*(0.98 * np.array(SHARES)), 0.02)
    scene = scenery.people(n, rng, shares=shares)
    few = scene.group("e")
    columns = scenery.ordinary(scene)
    columns["f04"] = rng.normal(size=n) + 1.5 * few
    others = {name: size for name, size in scenery.weights(rng).items() if name != "f04"}
    rest = columns[list(others)].to_numpy() @ list(others.values())
    own = scenery.planted(rest, {"f04": columns["f04"].to_numpy()}, {"f04": 0.4}, {"f04": 1.5})
    return replace(card(scene, columns, others | own), truth={})


@world("harder", "A used feature with the same mean and 1.8 times the spread in one group.", levels=USE, used=("f04",))
def variance_only(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    columns = scenery.ordinary(scene)
    columns["f04"] = rng.normal(size=n) * np.where(scene.marked, 1.8, 1.0)
    return replace(card(scene, columns, scenery.weights(rng) | {"f04": 0.5}), truth={})


@world(
    "harder",
    "A used feature with the same mean, and in one group a heavy end: more selected, no higher score.",
    levels=USE,
    used=("f04",),
)
def threshold_only(n: int, rng: np.random.Generator) -> Drawn:
    scene = scenery.people(n, rng)
    columns = scenery.ordinary(scene)
    end = np.where(rng.random(n) < 0.15, 2.5, -2.5 * 0.15 / 0.85)
    columns["f04"] = np.where(scene.marked, end, 0.0) + 0.5 * rng.normal(size=n)
    return replace(card(scene, columns, scenery.weights(rng) | {"f04": 0.8}), truth={})


@world(
    "harder",
    "Two pairs that tell of the group and push the score by 0.12 SD in opposite directions.",
    levels=USE,
    used=("f03", "f04", "f06", "f08"),
    pairs=(("f04", "f08"), ("f03", "f06")),
)
def opposite_pairs(n: int, rng: np.random.Generator) -> Drawn:
    return joint(scenery.people(n, rng), {("f04", "f08"): 0.12, ("f03", "f06"): -0.12})


@world(
    "harder",
    "Twelve features (0.12 SD apart each, too little to tell one by one) move the score by 0.12 SD together.",
    levels=USE,
    used=tuple(f"g{number:02}" for number in range(1, 13)),
)
def diffuse(n: int, rng: np.random.Generator) -> Drawn:
    names = [f"g{number:02}" for number in range(1, 13)]
    return carried(scenery.people(n, rng), dict.fromkeys(names, 0.01), shift=0.12)
