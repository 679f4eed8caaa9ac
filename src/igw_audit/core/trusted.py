"""Which labels an audit may rest on, and with what weight: the random arm, or everyone weighted back to all cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from igw_audit.core.cases import Bools, Floats, ScoredCases
from igw_audit.core.sampling import RANDOM, Sampling
from igw_audit.core.text import Text
from igw_audit.errors import NotMeasurableError

_WEIGHTED = "investigated cases weighted by 1/chance (Hajek)"
_BY_LOT = "random arm only"
_SELECTED = "labels of selected cases, no random arm"
_UNKNOWN = "labels of unknown origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedLabels:
    """The cases whose label counts.

    Attributes
    ----------
    known : ndarray of bool, shape (n_cases,)
        The cases to rest on.
    positive : ndarray of bool, shape (n_cases,)
        Whether the label says that a violation was found; False outside ``known``.
    weight : ndarray of float64 or None
        Weight of each case: one over its chance of being investigated, times its own weight.
    note : str
        How the labels came about, for the name of the method.
    base : Text
        What these cases are, for a sentence.
    """

    known: Bools
    positive: Bools
    weight: Floats | None
    note: str
    base: Text

    @property
    def by_chance(self) -> bool:
        """Tell whether investigated cases are weighted by one over their chance, and so stand for all cases."""
        return self.note == _WEIGHTED


def trusted_labels(cases: ScoredCases) -> TrustedLabels:
    """Choose the labels to rest on.

    Of a sampled table: all known labels, each for as many cases as its case stands for. With the chance that each case
    had to be investigated: all investigated cases, weighted by one over it (Hajek). With a random arm and no chances:
    the random arm only. Otherwise every known label, and the note says that they come from selected cases, or that it
    is not known how they came about.

    Raises
    ------
    NotMeasurableError
        If no label is known.
    """
    if cases.label is None or not cases.label.known.any():
        raise NotMeasurableError(
            "no case has a known label, so errors cannot be counted. Give the outcomes of investigated cases.",
            "van geen enkele zaak is de uitkomst bekend, dus fouten zijn niet te tellen. "
            "Geef de uitkomsten van onderzochte zaken.",
        )
    known = cases.label.known
    if cases.sampling is not None and cases.sampling.frame != "unclear":
        return _labels(cases, known, _for_unknown_too(cases, cases.sampling, known), _WEIGHTED)
    chances = _chances(cases, known)
    if chances is not None:
        own = np.ones(cases.n) if cases.weight is None else cases.weight
        reached = known & (chances > 0)
        weight = np.where(reached, own / np.where(reached, chances, 1.0), 0.0)
        return _labels(cases, reached, weight, _WEIGHTED)
    by_lot = _by_lot(cases)
    if by_lot is not None and (known & by_lot).any():
        return _labels(cases, known & by_lot, cases.weight, _BY_LOT)
    return _labels(cases, known, cases.weight, _UNKNOWN if cases.arm is None else _SELECTED)


def _for_unknown_too(cases: ScoredCases, sampling: Sampling, known: Bools) -> Floats:
    """Let known labels stand for the unknown ones of their own arm, among the selected and among the others."""
    weight = sampling.weight.copy()
    for by_lot in (False, True):
        for selected in (False, True):
            cell = (sampling.by_lot == by_lot) & (cases.selected == selected)
            told = float(weight[cell & known].sum())
            weight[cell] *= float(weight[cell].sum()) / told if told else 1.0
    return weight


def has_random_arm(cases: ScoredCases) -> bool:
    """Tell whether some case with a known label was drawn by lot."""
    by_lot = _by_lot(cases)
    return by_lot is not None and cases.label is not None and bool((by_lot & cases.label.known).any())


def _by_lot(cases: ScoredCases) -> Bools | None:
    return None if cases.arm is None else np.asarray(cases.arm == RANDOM, dtype=np.bool_)


def _chances(cases: ScoredCases, known: Bools) -> Floats | None:
    """Give the chances where they can be used: a random arm, so that nobody's is zero, and one for every label."""
    if cases.arm_probability is None or not has_random_arm(cases):
        return None
    chances = np.asarray(cases.arm_probability, dtype=np.float64)
    usable = np.isfinite(chances[known]) & (chances[known] > 0) & (chances[known] <= 1)
    return np.where(np.isfinite(chances), chances, 0.0) if usable.all() else None


def _labels(cases: ScoredCases, known: Bools, weight: Floats | None, note: str) -> TrustedLabels:
    positive = np.zeros(cases.n, dtype=np.bool_) if cases.label is None else known & cases.label.positive
    return TrustedLabels(known=known, positive=positive, weight=weight, note=note, base=_BASES[note])


_BASES = {
    _WEIGHTED: Text(en="investigated cases", nl="onderzochte zaken"),
    _BY_LOT: Text(en="cases from the random arm", nl="zaken uit de willekeurige steekproef"),
    _SELECTED: Text(en="cases with a known label", nl="zaken met een bekende uitkomst"),
    _UNKNOWN: Text(en="cases with a known label", nl="zaken met een bekende uitkomst"),
}
