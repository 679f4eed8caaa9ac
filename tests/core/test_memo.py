from __future__ import annotations

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd

from igw_audit.core.cases import Grouping, ScoredCases
from igw_audit.core.memo import Memo
from igw_audit.core.plan import Plan


class Answer:
    """Something that can be referred to weakly."""


def _cases() -> ScoredCases:
    index = pd.Index(["a", "b"], name="id")
    return ScoredCases(
        plan=Plan(attributes=("origin",), capacity=1),
        features=pd.DataFrame({"x": [0.0, 1.0]}, index=index),
        score=np.array([0.0, 1.0]),
        selected=np.array([False, True]),
        groupings={"origin": Grouping.of("origin", pd.Series(["p", "q"], index=index))},
    )


def test_a_question_is_worked_out_once_also_when_many_ask() -> None:
    memo, asked = Memo(), []

    def work() -> int:
        asked.append(1)
        return 7

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: memo.once("seven", work), range(50)))
    assert answers == [7] * 50
    assert len(asked) == 1


def test_what_is_kept_goes_with_the_cases_it_is_about() -> None:
    cases = _cases()
    kept = weakref.ref(cases.memo.once("answer", Answer))
    assert kept() is not None
    del cases
    gc.collect()
    assert kept() is None


def test_changed_cases_and_copies_know_nothing_of_what_was_worked_out_before() -> None:
    cases = _cases()
    cases.memo.once("answer", lambda: 1)
    assert replace(cases, score=cases.score + 1).memo.once("answer", lambda: 2) == 2
    assert pickle.loads(pickle.dumps(cases.memo)).once("answer", lambda: 3) == 3
