"""The same seed gives the same bytes; names, order and scale change no level (METHODS 7, last row)."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.worlds import verdict  # noqa: F401 - fills the catalogue
from tests.worlds.scenery import ATTRIBUTE, Drawn
from tests.worlds.worlds import WORLDS, draw, scored

from igw_audit.audits.a007_proxy_use import proxy_use_of_model
from igw_audit.core.finding import Outcome

pytestmark = pytest.mark.xdist_group("worlds")

#: A scorecard, a pair, missing values, a wide category, an omnibus finding, rules, a norm, and steps in the score.
NAMES = (
    "explained_by_a_norm",
    "missing_as_proxy",
    "postcode_declared",
    "quantised_single",
    "rule_list_single",
    "single_strong",
    "variance_only",
    "xor_pair",
)
CASES = 300
few = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
worlds, seeds = st.sampled_from(NAMES), st.integers(0, 2**16)


def audited(drawn: Drawn) -> Outcome:
    """Audit a drawing down the road that real cases take."""
    return proxy_use_of_model.run(scored(drawn), ATTRIBUTE)


def levels(outcome: Outcome) -> dict[tuple[str, str, str], str | None]:
    """Give the level of every finding, by what it is about."""
    return {
        (finding.statistic, " x ".join(finding.features), str(finding.group)): finding.level
        for finding in outcome.findings
    }


@few
@given(name=worlds, seed=seeds)
def test_the_same_seed_gives_the_same_bytes(name: str, seed: int) -> None:
    one, other = (repr(audited(draw(WORLDS[name], CASES, seed))) for _ in range(2))
    assert json.dumps(one).encode() == json.dumps(other).encode()


@few
@given(name=worlds, seed=seeds, key=seeds)
def test_the_order_of_rows_and_columns_changes_nothing(name: str, seed: int, key: int) -> None:
    drawn, rng = draw(WORLDS[name], CASES, seed), np.random.default_rng(key)
    rows, columns = rng.permutation(CASES), rng.permutation(drawn.frame.shape[1])
    shuffled = replace(
        drawn,
        frame=drawn.frame.iloc[rows, columns],
        groups=drawn.groups[rows],
        features=tuple(rng.permutation(list(drawn.features))),
        declared=tuple(rng.permutation(list(drawn.declared))),
    )
    assert audited(shuffled) == audited(drawn)


@few
@given(name=worlds, seed=seeds, words=st.permutations(["Ω", "a", "Zuid", "9", "élan"]))
def test_what_groups_are_called_changes_no_level(name: str, seed: int, words: list[str]) -> None:
    drawn = draw(WORLDS[name], CASES, seed)
    called = dict(zip(sorted(set(drawn.groups)), words, strict=False))
    renamed = replace(drawn, groups=np.array([called[group] for group in drawn.groups], dtype=object))
    back = {word: group for group, word in called.items()}
    found = levels(audited(renamed))
    assert {(s, f, back[group]): level for (s, f, group), level in found.items()} == levels(audited(drawn))


@few
@given(
    name=st.sampled_from([name for name in NAMES if name not in ("single_strong", "variance_only")]),
    seed=seeds,
    scale=st.floats(0.01, 1000),
    offset=st.floats(-100, 100),
)
def test_the_scale_of_a_score_changes_no_level(name: str, seed: int, scale: float, offset: float) -> None:
    drawn = draw(WORLDS[name], CASES, seed)
    rule = drawn.model
    assert callable(rule)
    scaled = replace(drawn, model=lambda frame: scale * rule(frame) + offset)
    assert levels(audited(scaled)) == levels(audited(drawn))


def test_the_names_of_a_declared_category_s_levels_change_nothing() -> None:
    drawn = draw(WORLDS["postcode_declared"], CASES, 3)
    rule, frame = drawn.model, drawn.frame
    other = {level: f"x{9999 - int(level)}" for level in frame["postcode"].unique()}
    back = {word: level for level, word in other.items()}
    renamed = replace(
        drawn,
        frame=frame.assign(postcode=frame["postcode"].map(other)),
        model=lambda rows: rule(rows.assign(postcode=pd.Series(rows["postcode"]).map(back))),
    )
    assert levels(audited(renamed)) == levels(audited(drawn))
