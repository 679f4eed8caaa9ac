"""Cases with their scores, decisions and groups: what every audit works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igw_audit.core.memo import Memo
from igw_audit.core.plan import Plan
from igw_audit.core.sampling import Sampling
from igw_audit.core.scores import ScoreContract
from igw_audit.errors import NotMeasurableError

#: The group of people whose attribute nobody wrote down. It is never dropped and never merged with another.
NOT_RECORDED = "(not recorded)"
#: Where a plan keeps only the largest groups apart, everyone else is here.
ALL_OTHER = "(all other)"
REST = "rest"

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRemark:
    """Something about the names of groups of an attribute that a reader must know; it counts spellings, no people.

    ``merged_spellings``: one group whose name was written in so many ways. ``look_alike``: names that a reader cannot
    tell apart and that were kept apart, since they are not the same text.
    """

    attribute: str
    kind: Literal["merged_spellings", "look_alike"]
    names: tuple[str, ...]
    spellings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Every case in exactly one group of one protected attribute.

    Attributes
    ----------
    names : tuple of str
        Group names by size, then by their first case in canonical order - never by name.
    codes : ndarray of int64, shape (n_cases,)
        Position in ``names`` for each case.
    remarks : tuple of NameRemark
        What a reader must know of the names.
    """

    attribute: str
    names: tuple[str, ...]
    codes: Codes
    remarks: tuple[NameRemark, ...] = ()

    @classmethod
    def of(cls, attribute: str, values: pd.Series) -> Grouping:
        """Group cases by a column in canonical row order; missing and blank values are a group of their own."""
        text = values.astype("string").str.strip()
        text = text.mask(text.isna() | (text == ""), NOT_RECORDED)
        codes, found = pd.factorize(text.to_numpy(dtype=object), use_na_sentinel=False)
        order = np.lexsort((np.arange(len(found)), -np.bincount(codes, minlength=len(found))))
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        names = tuple(str(found[position]) for position in order)
        return cls(attribute=attribute, names=names, codes=rank[codes].astype(np.int64))

    def sizes(self) -> Codes:
        """Count the cases in each group, in the order of ``names``."""
        return np.bincount(self.codes, minlength=len(self.names)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group and what it is compared with."""

    name: str
    reference: str
    member: Bools
    compared: Bools

    @property
    def n(self) -> int:
        """Number of cases in the group."""
        return int(self.member.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage of the process; ``reached`` is boolean, one entry a case."""

    name: str
    reached: Bools
    by_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The typed outcome: which type each case has, and which types count as a violation found.

    Attributes
    ----------
    types : ndarray of object, shape (n_cases,)
        The type of each case, ``"unknown"`` where nobody knows.
    positive, known : ndarray of bool, shape (n_cases,)
        Whether the type is among the plan's positive types; whether it is known at all.
    """

    types: NDArray[np.object_]
    positive: Bools
    known: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """The score band of each case; ``names`` rise with the score, ``severity`` orders the interventions."""

    names: tuple[str, ...]
    severity: tuple[int, ...]
    codes: Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCases:
    """Held-out cases in canonical order (by id), with score, decision and groups.

    Attributes
    ----------
    features : pandas.DataFrame
        Feature and declared columns, columns by name, index the case id.
    score : ndarray of float64, shape (n_cases,)
        The model's score, higher is riskier.
    selected : ndarray of bool, shape (n_cases,)
        The model's decision at the operating point.
    weight : ndarray of float64 or None
        How much a case counts; of a sampled table, how many cases of the population it stands for.
    sampling : Sampling or None
        How the cases were drawn; None for a table that holds all cases. Where a case has no score
        (``sampling.scored``), ``score`` holds the lowest there is and ``selected`` is False; no audit reads either.
    predict : callable or None
        Frame with the columns of ``features`` -> scores; None when only a score column is known.
    model : object or None
        What ``predict`` was made from, for whoever can take it apart; None when only a score column is known.
    shown : callable or None
        Frame with the columns of ``features`` -> the same cells as the model is shown them, in the types in which they
        came; None where it is shown ``features`` as they are.
    contract : ScoreContract or None
        What the score is; None where nobody looked.
    edges : tuple of float
        From which score on a case is selected, or is in the next band, in the precision that the scores had; empty with
        a capacity.
    memo : Memo
        What audits worked out of these cases and may share.
    """

    plan: Plan
    features: pd.DataFrame
    score: Floats
    selected: Bools
    groupings: Mapping[str, Grouping]
    steps: tuple[Step, ...] = ()
    label: Label | None = None
    bands: Bands | None = None
    arm: NDArray[np.object_] | None = None
    arm_probability: Floats | None = None
    cluster: Codes | None = None
    weight: Floats | None = None
    sampling: Sampling | None = None
    predict: Callable[[pd.DataFrame], Floats] | None = field(default=None, repr=False)
    model: object | None = field(default=None, repr=False)
    shown: Callable[[pd.DataFrame], pd.DataFrame] | None = field(default=None, repr=False)
    contract: ScoreContract | None = field(default=None, repr=False)
    edges: tuple[float, ...] = ()
    memo: Memo = field(default_factory=Memo, init=False, repr=False, compare=False)

    @property
    def n(self) -> int:
        """Number of cases."""
        return len(self.score)

    def has(self, need: str) -> bool:
        """Tell whether the cases hold what an audit needs: label, steps, arm, declared, bands, model or scores."""
        if need == "scores":
            return self.sampling is None or bool(self.sampling.scored.all())
        if need == "declared":
            return bool(self.plan.declared)
        held = getattr(self, need)
        return held is not None and (need != "steps" or len(held) > 0)

    def groups(self, attribute: str) -> Iterator[Group]:
        """Go through every group of an attribute, largest first, each against the rest or the plan's reference.

        A stated reference group is itself compared with the rest: nobody is left out.
        """
        grouping = self.groupings[attribute]
        wanted = self.plan.reference.get(attribute)
        for code, name in enumerate(grouping.names):
            member = grouping.codes == code
            if wanted is None or name == wanted:
                yield Group(name=name, reference=REST, member=member, compared=~member)
            else:
                yield Group(
                    name=name, reference=wanted, member=member, compared=grouping.codes == grouping.names.index(wanted)
                )

    def groups_to_compare(self, attribute: str) -> tuple[Group, ...]:
        """Give the groups of an attribute as `groups` does; NotMeasurableError where there is only one."""
        groups = tuple(self.groups(attribute))
        if len(groups) < 2:
            raise NotMeasurableError(
                f"{attribute!r} holds one group only ({groups[0].name}), and a comparison needs two. "
                "Audit a table that has not been filtered by group.",
                f"{attribute!r} heeft maar één groep ({groups[0].name}), en voor een vergelijking zijn er twee nodig. "
                "Gebruik een tabel die niet op groep is gefilterd.",
            )
        return groups

    def gates(self, attribute: str, group: str) -> bool:
        """Tell whether a group's answer can open or shut the gate, or is only shown (the plan's ``shown``)."""
        return group not in self.plan.shown.get(attribute, ())
