"""A table nobody passes (METHODS 8): one proxy used, one left alone, and a pair that tells only together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from tests.worlds.scenery import ATTRIBUTE, Drawn, Floats, case_frame
from tests.worlds.worlds import USE, scored

from igw_audit.audits.a007_proxy_use import proxy_use_of_model

NAMES = (
    "address_changes",
    "contract_hours",
    "doc_delay",
    "gap_months",
    "household_size",
    "letters_sent",
    "mail_score",
    "office_visits",
    "region_score",
    "request_length",
)
GROUPS, SHARES = ("Europe", "Asia", "Africa", "Americas"), (0.70, 0.13, 0.10, 0.07)
#: What region and mail correlate with "outside Europe", and how often the sign of the pair's product is right.
REGION, MAIL, SIGN = 0.60, 0.59, 0.82


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What A007 names on the table.

    Attributes
    ----------
    names_used, leaves_unused, finds_pair : bool
        The three things that no tool of METHODS 8 does together.
    others : tuple of str
        Anything else that it names.
    """

    seed: int
    model: str
    names_used: bool
    leaves_unused: bool
    finds_pair: bool
    others: tuple[str, ...]


def table(seed: int, *, n: int = 20_000, model: str = "rule") -> Drawn:
    """Draw the table, with a written rule as the model or with boosted trees fitted on labels that follow it."""
    rng = np.random.default_rng([seed, 0x8])
    trained = n if model == "trees" else 0
    groups = rng.choice(np.array(GROUPS, dtype=object), n + trained, p=SHARES)
    outside = groups != "Europe"
    columns = pd.DataFrame({name: rng.normal(size=len(groups)) for name in NAMES})
    for name, r in (("region_score", REGION), ("mail_score", MAIL)):
        # r = d sqrt(pq) / sqrt(1 + d^2 pq) for a shift of d standard deviations
        columns[name] += r / np.sqrt((1 - r**2) * outside.mean() * (1 - outside.mean())) * outside
    sign = np.where(outside, 1, -1) * np.where(rng.random(len(groups)) < SIGN, 1, -1)
    columns["doc_delay"] = columns["doc_delay"].abs() * sign * np.sign(columns["gap_months"])
    frame = case_frame(columns)
    chosen = rule if model == "rule" else _fit(frame[n:], rng)
    return Drawn(frame=frame[:n], groups=groups[:n], model=chosen, features=NAMES, declared=())


def rule(frame: pd.DataFrame) -> Floats:
    """Score by region, by the pair, and by four features that tell nothing of the group."""
    pair = np.tanh(2 * frame["gap_months"]) * np.tanh(2 * frame["doc_delay"])
    plain = 0.4 * frame["contract_hours"] + 0.5 * frame["letters_sent"].abs() + 0.4 * (frame["office_visits"] > 1)
    return np.asarray(0.4 * frame["region_score"] + 0.6 * pair + plain - 0.3 * frame["address_changes"])


def _fit(frame: pd.DataFrame, rng: np.random.Generator) -> Pipeline:
    labels = rng.random(len(frame)) < expit(1.5 * rule(frame) - 1.5)
    kept = [name for name in NAMES if name != "mail_score"]
    trees = HistGradientBoostingClassifier(max_iter=120, max_leaf_nodes=12, learning_rate=0.1, random_state=0)
    return Pipeline([("kept", ColumnTransformer([("as_is", "passthrough", kept)])), ("score", trees)]).fit(
        frame, labels
    )


def answer(seed: int, *, model: str) -> Answer:
    """Audit the table and read what is named."""
    outcome = proxy_use_of_model.run(scored(table(seed, model=model), seed=seed), ATTRIBUTE)
    named = {finding.features for finding in outcome.select("delta") if finding.level in USE}
    pair = {("doc_delay", "gap_months")}
    expected = {("region_score",), ("doc_delay",), ("gap_months",)} | pair
    return Answer(
        seed=seed,
        model=model,
        names_used=("region_score",) in named,
        leaves_unused=not any("mail_score" in features for features in named),
        finds_pair=pair <= named,
        others=tuple(sorted(" x ".join(features) for features in named - expected)),
    )
