"""The columns that a model is given: those that it names, in its order, and no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from igw_audit.core.nearest import did_you_mean
from igw_audit.errors import InputError
from igw_audit.scoring.adapters import Adapter, Wanted, adapter_of, fitted_names, in_the_table, is_model, owner_of
from igw_audit.scoring.adapters.adapter import quoted
from igw_audit.scoring.adapters.names import made_up, rewritten
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
    if model is None:
        return ()
    try:
        model = owner_of(model, Wanted())
        names = adapter_of(model, Wanted()).columns if is_model(model) else None
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
    renamed = [str(name) for name in adapter.columns or ()]
    if not renamed or (made_up(renamed) and not set(renamed) <= set(features)):
        return _nameless(adapter, frame, features, named)
    if named:
        return _stated(adapter, renamed, features, named)
    _check_unique(adapter, renamed, features)
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


def _stated(adapter: Adapter, fitted: Sequence[str], features: Sequence[str], named: Sequence[str]) -> Read:
    """Take the plan's word for the table's spelling of the names that a model was fitted on."""
    if [rewritten(name) for name in named] != [rewritten(name) for name in fitted]:
        raise InputError(
            "plan",
            [f"score.columns names {quoted(named)}, and the model was fitted on {quoted(fitted)}; leave the key out"],
        )
    strangers = [name for name in named if name not in features]
    if strangers:
        raise InputError("plan", [f"score.columns names {quoted(strangers)}, which is not among features or declared"])
    return Read(columns=tuple(named), ask=_with_names(adapter.ask, named, fitted))


def _check_unique(adapter: Adapter, fitted: Sequence[str], features: Sequence[str]) -> None:
    """Refuse to choose where a library rewrote names, and two columns are written alike in its way."""
    if not adapter.rewrites:
        return
    asked, there = (Counter(rewritten(name) for name in names) for names in (fitted, features))
    problems = [
        f"the model reads {name!r}, and that may be {quoted([one for one in features if rewritten(one) == name])}: the "
        "library writes them alike; say which in the plan (score = {columns = [...]})"
        for name in asked
        if there[name] > asked[name]
    ]
    if problems:
        raise InputError("model", problems)


def _with_names(ask: Callable[[Any], Any], own: Sequence[str], fitted: Sequence[str]) -> Callable[[pd.DataFrame], Any]:
    """Ask under the names that the model was fitted on, where a library wrote them in its own way."""
    if list(own) == list(fitted):
        return ask
    return lambda given: ask(given.set_axis(list(fitted), axis=1))


def _nameless(adapter: Adapter, frame: pd.DataFrame, features: Sequence[str], named: Sequence[str]) -> Read:
    width = adapter.width or (len(adapter.columns) if adapter.columns else None)
    count = "" if width is None else f" on {width} column{'s' if width != 1 else ''}"
    alone = tuple(str(name) for name in frame.columns if name in features)
    if not adapter.by_name and not width == len(alone) == 1:
        alone = ()
    columns = tuple(named) or alone
    if not columns:
        fits = width == len(features)
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
    if width not in (None, len(columns)):
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
