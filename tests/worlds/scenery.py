"""What every world is made of: declared factors, groups that lean on them, features, and a scorecard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

ATTRIBUTE = "origin"
GROUPS = ("a", "b", "c", "d")
SHARES = (0.45, 0.25, 0.18, 0.12)
#: How each group leans on what the declared factors stand for.
TILTS = (-0.6, 0.0, 0.4, 0.8)
FEATURES = tuple(f"f{number:02}" for number in range(1, 11))
DECLARED = ("wage", "years")
#: Where a proxy is planted it shifts this group: 18 % of the cases.
MARKED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One drawing of a world.

    Attributes
    ----------
    frame : pandas.DataFrame
        Features, declared factors and steps, indexed by case id.
    groups : ndarray of object, shape (n_cases,)
        The protected attribute.
    model : object
        A fitted estimator, or a callable ``frame -> scores``.
    truth : mapping
        True delta of (feature, group), in standard deviations of the score, where it is known exactly; the whole
        score stands under the empty name.
    """

    frame: pd.DataFrame
    groups: NDArray[np.object_]
    model: Any
    features: tuple[str, ...] = FEATURES
    declared: tuple[str, ...] = DECLARED
    steps: tuple[str, ...] = ()
    truth: Mapping[tuple[str, str], float] = field(default_factory=dict)


Shape = Literal["none", "linear", "bent", "stepped"]
Bend = Callable[[pd.DataFrame], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A world in the making: who is there, before features and score.

    Attributes
    ----------
    declared : pandas.DataFrame
    lean : ndarray of float64, shape (n_cases,)
        What the declared factors stand for, standardised; score and features may follow it.
    chances : ndarray of float64, shape (n_cases, K)
        P(group | declared factors).
    codes : ndarray of int64, shape (n_cases,)
    bend : callable or None
        Gives ``lean`` of any frame with the declared factors, for a model that follows it.
    """

    rng: np.random.Generator
    declared: pd.DataFrame
    lean: Floats
    chances: Floats
    codes: Codes
    names: tuple[str, ...] = GROUPS
    bend: Bend | None = None

    @property
    def n(self) -> int:
        return len(self.codes)

    def group(self, name: str) -> NDArray[np.bool_]:
        return np.asarray(self.codes == self.names.index(name))

    @property
    def marked(self) -> NDArray[np.bool_]:
        return np.asarray(self.codes == MARKED)

    def labels(self) -> NDArray[np.object_]:
        return np.array(self.names, dtype=object)[self.codes]


def people(n: int, rng: np.random.Generator, *, shape: Shape = "linear", shares: tuple[float, ...] = SHARES) -> Scene:
    """Draw a skewed wage and years of residence, and groups that follow them in the given shape."""
    frame = pd.DataFrame({"wage": rng.gamma(4.0, 900.0, n) + 1200.0, "years": rng.normal(6.0, 3.0, n)})
    bend = _bend(shape, rng)
    return replace(settle(frame, bend(frame), rng, shares=shares, tilted=shape != "none"), bend=bend)


def settle(
    declared: pd.DataFrame,
    lean: Floats,
    rng: np.random.Generator,
    *,
    shares: tuple[float, ...] = SHARES,
    tilted: bool = True,
) -> Scene:
    """Give every case a group by what its declared factors stand for."""
    lean = (lean - lean.mean()) / lean.std()
    tilts = np.array([*TILTS, *[0.0] * (len(shares) - len(TILTS))])[: len(shares)] * tilted
    chances = softmax(np.log(shares) + lean[:, None] * tilts, axis=1)
    codes = (rng.random((len(lean), 1)) > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1)
    names = (*GROUPS, "e")[: len(shares)]
    return Scene(rng=rng, declared=declared, lean=lean, chances=chances, codes=codes, names=names)


def _bend(shape: Shape, rng: np.random.Generator) -> Bend:
    which, low, high = int(rng.integers(4)), rng.uniform(-0.5, 0.5), rng.uniform(0.0, 1.0)

    def bend(frame: pd.DataFrame) -> Floats:
        z = (np.log(frame["wage"].to_numpy(dtype=np.float64)) - 8.42) / 0.37
        t = (frame["years"].to_numpy(dtype=np.float64) - 6.0) / 3.0
        if shape == "stepped":
            # a norm: whoever earns less than it is treated otherwise
            return np.asarray((z < low) * 1.0 + 0.5 * (t > high))
        if shape == "bent":
            bends = (np.abs(z) + np.sin(2 * t), z * t + 0.5 * z, np.abs(t) * z + np.cos(2 * z), z**2 - np.abs(t))
            return np.asarray(bends[which])
        return np.asarray(z + 0.6 * t)

    return bend


def ordinary(scene: Scene, names: tuple[str, ...] = FEATURES) -> pd.DataFrame:
    """Draw features that know nothing of the group beyond the declared factors: skewed, heavy-tailed, flags, counts.

    They have a common cause, so they go together; every other one follows the declared factors.
    """
    rng, n = scene.rng, scene.n
    common = rng.normal(size=n)
    columns = {}
    for position, name in enumerate(names):
        follows = 0.6 * scene.lean * (position % 2 == 0) + 0.4 * common
        columns[name] = _KINDS[position % len(_KINDS)](follows, rng)
    return pd.DataFrame(columns)


_KINDS: tuple[Callable[[Floats, np.random.Generator], NDArray[np.floating[Any]]], ...] = (
    lambda x, rng: x + rng.normal(size=len(x)),
    lambda x, rng: x + rng.gamma(2.0, 0.7, len(x)),
    lambda x, rng: x + rng.normal(size=len(x)),
    lambda x, rng: x + rng.normal(size=len(x)),
    lambda x, rng: (rng.random(len(x)) < expit(x - 0.5)) * 1.0,
    lambda x, rng: x + rng.standard_t(5, size=len(x)),
    lambda x, rng: rng.poisson(np.exp(0.4 * x + 0.3)) * 1.0,
    lambda x, rng: x + rng.normal(size=len(x)),
    lambda x, rng: x + rng.uniform(-1.7, 1.7, len(x)),
    lambda x, rng: x + rng.normal(size=len(x)),
)


def weights(rng: np.random.Generator, names: tuple[str, ...] = FEATURES) -> dict[str, float]:
    """Draw the weights of a scorecard, both signs."""
    return {name: float(size) for name, size in zip(names, rng.uniform(0.15, 0.6, len(names)), strict=True)} | {
        name: -float(rng.uniform(0.15, 0.6)) for name in names[1::4]
    }


def planted(
    rest: Floats, carriers: Mapping[str, Floats], aims: Mapping[str, float], shifts: Mapping[str, float]
) -> dict[str, float]:
    """Choose the weights of carriers so that each moves the marked group by its aim, in SD of the whole score.

    A carrier with shift s and weight b moves the score by b s; the score's own SD depends on b, hence the rounds.
    """
    found = dict.fromkeys(carriers, 0.0)
    for _ in range(30):
        score = rest + sum(found[name] * column for name, column in carriers.items())
        found = {name: aims[name] * float(score.std()) / shifts[name] for name in carriers}
    return found


def true_deltas(
    scene: Scene, moved: Mapping[str, float], score: Floats, names: tuple[str, ...] = FEATURES
) -> dict[tuple[str, str], float]:
    """Give every feature's true overlap-weighted shift, when a contribution moves by ``moved`` in the marked group.

    ``sum_i mu (p_m 1[a = m] - p_a p_m) / sum_i p_a (1 - p_a)`` for a mean that is mu higher in the marked group m.
    """
    p = scene.chances
    together = -(p[:, [MARKED]] * p).sum(axis=0)
    together[MARKED] += p[:, MARKED].sum()
    per_unit = together / (p * (1 - p)).sum(axis=0) / score.std()
    sums = {name: moved.get(name, 0.0) for name in names} | {"": sum(moved.values())}
    return {
        (name, group): amount * float(per_unit[k])
        for name, amount in sums.items()
        for k, group in enumerate(scene.names)
    }


def scorecard(given: Mapping[str, float]) -> LogisticRegression:
    """Make a logistic regression with these weights: what was planted is what the model uses, exactly."""
    model = LogisticRegression()
    model.classes_ = np.array([0, 1])
    model.coef_, model.intercept_ = np.array([list(given.values())]), np.array([-1.0])
    model.feature_names_in_ = np.array(list(given), dtype=object)
    model.n_features_in_ = len(given)
    return model


def case_frame(*parts: pd.DataFrame) -> pd.DataFrame:
    """Put columns side by side under case ids."""
    frame = pd.concat(parts, axis=1)
    return frame.set_axis(pd.Index([f"c{number:07}" for number in range(len(frame))], name="id"), axis=0)
