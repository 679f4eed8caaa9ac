"""What every kind of model is turned into before it is asked: columns in, its own answer out, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from igw_audit.core.plan import ScoreSettings
from igw_audit.core.scores import Higher, KnownFrom, ScoreKind
from igw_audit.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the plan says of the score: the classes that count as positive, and its settings."""

    positive: tuple[str, ...] = ()
    settings: ScoreSettings = field(default_factory=ScoreSettings)

    @property
    def named(self) -> tuple[str, ...]:
        """The classes that the plan calls positive: under ``score``, else the label's positive types."""
        return self.settings.classes or self.positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One model, ready to be asked.

    Attributes
    ----------
    name : str
        How errors call it.
    ask : callable
        Frame of the columns that it reads -> its answer about the positive classes, of whatever container.
    columns : tuple of str or None
        The names it was fitted on; None where it holds none.
    width : int or None
        The number of columns it was fitted on, where it tells.
    guessed : bool
        The names are those of a later step, behind one that keeps no names.
    framed : bool
        Without names it is given a frame all the same, and not its array.
    by_name : bool
        It picks its columns out of a frame itself, so that their order does not matter.
    rewrites : bool
        Its library writes names in its own way, so that two columns may come to have one name.
    method : str
        The name of its method that is asked.
    call : str
        Python that scores a frame without column names, for the advice in an error.
    """

    name: str
    ask: Callable[[Any], Any]
    kind: ScoreKind
    higher: Higher = "riskier"
    known_from: KnownFrom = "estimator"
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    width: int | None = None
    guessed: bool = False
    framed: bool = False
    by_name: bool = False
    rewrites: bool = False
    method: str = "predict"
    call: str = "model.predict(cases[[...]].to_numpy())"


def root_module(model: Any) -> str:
    """Return the package that a model's class comes from, without importing it."""
    return type(model).__module__.partition(".")[0]


def is_of(model: Any, package: str, *names: str) -> bool:
    """Tell whether a model's class, or one it derives from, is one of these of a package."""
    return any(one.__module__.partition(".")[0] == package and one.__name__ in names for one in type(model).__mro__)


def refuse(model: Any, reason: str) -> InputError:
    """Return the error that says which callable to pass instead of a model."""
    return InputError("model", [f"{reason}, or pass a callable that takes the case frame and returns one number a case"
                                f" (higher is riskier) in place of the {type(model).__name__}"])  # fmt: skip


def quoted(names: Sequence[Any]) -> str:
    """Return names as an error lists them."""
    return ", ".join(repr(str(name)) for name in names) or "none"
