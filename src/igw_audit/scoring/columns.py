"""The columns that a model is given: those that it names, in its order, and no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from igw_audit.core.nearest import did_you_mean
from igw_audit.errors import InputError
from igw_audit.scoring.adapters import Adapter, Wanted, adapter_of, fitted_names, in_the_table, is_model
from igw_audit.scoring.adapters.adapter import quoted
from igw_audit.scoring.asking import Asked

#: Rows that tell whether a model can be asked by the names of a later step.
_TRIED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The columns that a model reads, in its own order, and how it is asked with them."""

    columns: tuple[str, ...]
    ask: Callable[[pd.DataFrame], Any]


def named_columns(model: Any, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a table that a model says it was fitted on; empty where it names none, or others.

    Parameters
    ----------
    model : object
        Of any kind; a callable names none.
    columns : sequence of str
        What the table has.
    """
    if model is None or not is_model(model):
        return ()
    try:
        names = adapter_of(model, Wanted()).columns
    except InputError:
        # what is wrong with the model is said when it is asked; a plan that names no features may still be completed
        names = fitted_names(model).names
    return () if names is None else in_the_table(names, columns)


def columns_of(adapter: Adapter, frame: pd.DataFrame, *, features: Sequence[str], named: Sequence[str]) -> Read:
    """Find the columns that a model reads among the features.

    Raises
    ------
    InputError
        If it holds no names and the plan's ``score.columns`` gives none, or reads what is no feature.
    """
    if adapter.columns is None:
        return _nameless(adapter, frame, features, named)
    renamed = [str(name) for name in adapter.columns]
    if named and tuple(named) not in (tuple(renamed), in_the_table(renamed, [*features])):
        raise InputError(
            "plan",
            [f"score.columns names {quoted(named)}, and the model was fitted on {quoted(renamed)}; leave the key out"],
        )
    own = in_the_table(renamed, [*features])
    foreign = [name for name in own if name not in features]
    if adapter.guessed:
        return _guessed(adapter, frame, own if not foreign else None, features)
    if foreign:
        raise InputError(
            "model",
            [
                f"the model reads {quoted(foreign)}, which the plan (or the schema) does not name among features or "
                f"declared ({', '.join(features) or 'none'}); name every column that the model reads"
            ],
        )
    return Read(columns=own, ask=_with_names(adapter.ask, own, renamed))


def _with_names(ask: Callable[[Any], Any], own: Sequence[str], fitted: Sequence[str]) -> Callable[[pd.DataFrame], Any]:
    """Ask under the names that the model was fitted on, where a library wrote them in its own way."""
    if list(own) == list(fitted):
        return ask
    return lambda given: ask(given.set_axis(list(fitted), axis=1))


def _nameless(adapter: Adapter, frame: pd.DataFrame, features: Sequence[str], named: Sequence[str]) -> Read:
    count = "" if adapter.width is None else f" on {adapter.width} column{'s' if adapter.width != 1 else ''}"
    alone = tuple(str(name) for name in frame.columns if name in features)
    if not adapter.by_name and not adapter.width == len(alone) == 1:
        alone = ()
    columns = tuple(named) or alone
    if not columns:
        fits = adapter.width == len(features)
        raise InputError(
            "model",
            [
                f"the {adapter.name} was fitted without column names{count}, so nobody can tell which column goes where"
                f"{'; the plan names as many features, and not their order' if fits else ''}; fit it on a frame, say "
                "the order in the plan (score = {columns = [...]}), or wrap it in a callable: "
                f"lambda cases: {adapter.call}"
            ],
        )
    missing = [name for name in columns if name not in features]
    problems = [
        f"score.columns names {name!r}, which is not among features or declared; {did_you_mean(name, list(features))}"
        for name in missing
    ]
    if adapter.width not in (None, len(columns)):
        problems.append(f"score.columns names {len(columns)} columns, and the model was fitted{count}")
    if problems:
        raise InputError("plan", problems)
    return Read(columns=columns, ask=adapter.ask if adapter.framed else lambda given: adapter.ask(given.to_numpy()))


def _guessed(adapter: Adapter, frame: pd.DataFrame, own: tuple[str, ...] | None, features: Sequence[str]) -> Read:
    """Ask by the names of the first step that has any; where that fails, with every feature in the table's order."""
    everything = tuple(str(name) for name in frame.columns if name in features)
    first: InputError | None = None
    for columns in dict.fromkeys(one for one in (own, everything) if one):
        asked = Asked(name=adapter.name, ask=adapter.ask, prepare=lambda given: given)
        try:
            asked.of(frame[list(columns)].head(_TRIED))
        except InputError as error:
            first = first or error
            continue
        return Read(columns=columns, ask=adapter.ask)
    raise first or InputError(
        "model",
        [f"the {adapter.name} reads {quoted(adapter.columns or ())}; name every column that it reads among features"],
    )
