"""A case weight counts, or the number says that it does not: never in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from igw_audit.audits import all_audits
from igw_audit.core.cases import ScoredCases
from igw_audit.core.compared import UNWEIGHTED


@pytest.fixture(scope="module")
def plain(pilot: Callable[..., ScoredCases]) -> ScoredCases:
    return pilot("study", scenario="none", seed=1)


@pytest.fixture(scope="module")
def weighted(plain: ScoredCases) -> ScoredCases:
    return replace(plain, weight=np.random.default_rng(4).uniform(0.2, 3.0, plain.n))


@pytest.mark.parametrize("code", sorted(all_audits()))
def test_a_number_that_weights_leave_as_it_was_says_so(code: str, plain: ScoredCases, weighted: ScoredCases) -> None:
    audit = all_audits()[code]
    attribute = plain.plan.attributes[0]
    before, after = (audit.run(cases, attribute) for cases in (plain, weighted))
    silent = [
        (one.statistic, other.estimate.method)
        for one, other in zip(before.findings, after.findings, strict=True)
        if one.estimate is not None and other.estimate is not None
        if one.estimate.value == other.estimate.value not in (0, 1)
        if UNWEIGHTED not in other.estimate.method and not other.estimate.method.startswith("count")
    ]
    assert sorted(set(silent)) == []
