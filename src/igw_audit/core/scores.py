"""What a score is: its kind, which way it points, how precise it is, and whether it is a function of the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: ``probability`` of the positive class; ``margin`` (a decision function, log-odds); ``anomaly`` (how unusual a case
#: is); ``points`` (any other number); ``chance_of_selection`` (a randomised model: how often it selects the case).
ScoreKind = Literal["probability", "margin", "anomaly", "points", "chance_of_selection"]
#: What a higher number means in the model's own output.
Higher = Literal["riskier", "safer"]
#: Who said what a higher number means: the estimator's type, the plan, or nobody (then a higher number is riskier).
KnownFrom = Literal["estimator", "plan", "convention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTest:
    """What was asked of a model to see that a case's score depends on that case's features alone.

    Attributes
    ----------
    asked : tuple of str
        ``twice`` (the same cases again), ``order`` (in another order), ``company`` (without the rest of the table),
        ``clock`` (more than a year later) and, for a callable, ``features`` (the features of one case under the id and
        the other columns of another).
    rows : int
        How many rows were scored for it, beyond the audit's own.
    largest_difference : float
        Between two scores of one case, as a share of the largest score: the power of ten that it stays under, 0 below
        1e-12.
    decisions_changed : int
        How often a case came on the other side of a threshold or of the edge of a band, for rounding alone.
    """

    asked: tuple[str, ...]
    rows: int
    largest_difference: float
    decisions_changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreContract:
    """What the audited scores are, as the record's provenance keeps it.

    Attributes
    ----------
    higher : str
        In the model's own numbers. What is ``safer`` was turned: an audit's scores are always higher for more risk.
    dtype : str
        In which the model gave its scores, and in which they were compared with the operating point.
    classes : tuple of str
        The classes of a classifier that count as positive; empty where there are none.
    function_of_features : str
        ``yes``; ``other_columns`` (a callable whose scores do not follow the plan's features alone); ``untested``
        (a column of scores).
    reads : tuple of str
        With ``other_columns``: the columns that change the score, ``(case id)`` where it is none of them.
    """

    kind: ScoreKind
    higher: Higher
    known_from: KnownFrom
    dtype: str
    classes: tuple[str, ...] = ()
    function_of_features: Literal["yes", "other_columns", "untested"] = "untested"
    reads: tuple[str, ...] = ()
    test: FunctionTest | None = None


def later_keys(content: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    """Leave out keys that came later and are not used, so that what was hashed before they came hashes alike."""
    return {name: value for name, value in content.items() if name not in keys or value is not None}
