"""The protected table and the plan -> every case in exactly one group of each attribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.cases import ALL_OTHER, NOT_RECORDED, Grouping
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.plan import Plan
from igw_audit.core.tables import ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake.bins import bin_names, binned
from igw_audit.intake.regions import NO_REGION, Placement, place, region_names
from igw_audit.intake.rows import listed
from igw_audit.intake.spellings import clean, name_remarks, one_spelling, same_name

#: The parts of a plan that speak of one attribute each.
_BY_ATTRIBUTE = ("derived", "bins", "groups", "largest", "reference", "shown")


def group_cases(protected: ProtectedTable, ids: pd.Index[str], plan: Plan) -> dict[str, Grouping]:
    """Put every case in one group of each of the plan's attributes.

    In this order: ``derived`` (another column, through a lexicon), ``bins`` (numbers from one edge up to the next),
    ``groups`` (value -> group; a value that is not named keeps its own), ``largest`` (so many groups stay apart, the
    others are "(all other)"). Missing values are the group "(not recorded)" throughout, and values that the lexicon
    does not know "(no region known)".
    Spellings of one name (capitals, accents in parts, invisible marks, blanks) are one group.

    Parameters
    ----------
    protected : ProtectedTable
        With a row for every case; it may hold more.
    ids : pandas.Index
        The cases, in canonical order; the groupings are aligned to them.
    plan : Plan
        What is audited.

    Raises
    ------
    InputError
        If a case has no row, or the plan names an attribute, column or group that is not there.
    """
    problems = [*_join_problems(protected, ids), *_plan_problems(protected, plan)]
    if problems:
        raise InputError("groups of the cases", problems)
    groupings = {}
    for attribute in plan.attributes:
        everyone = _values(protected, attribute, plan, problems)
        everyone, merged = one_spelling(everyone, wanted=_named(plan, attribute))
        problems += _mapping_problems(everyone, attribute, plan)
        grouping = _grouping(everyone.reindex(ids), attribute, plan)
        problems += _name_problems(grouping, everyone, plan)
        groupings[attribute] = replace(grouping, remarks=name_remarks(attribute, grouping.names, merged))
    if problems:
        raise InputError("groups of the cases", problems)
    return groupings


def _named(plan: Plan, attribute: str) -> tuple[str, ...]:
    """Return the names of groups that a plan writes out."""
    reference = plan.reference.get(attribute)
    return (
        *plan.groups.get(attribute, {}),
        *plan.shown.get(attribute, ()),
        *(() if reference is None else (reference,)),
    )


def values_without_region(protected: ProtectedTable, plan: Plan) -> dict[str, tuple[str, ...]]:
    """List, for each attribute made with a lexicon, the distinct values that it does not know (no counts, no cases)."""
    return {
        attribute: _placement(protected, derived.source).unplaced
        for attribute, derived in plan.derived.items()
        if derived.lexicon is not None and derived.source in protected.attributes
    }


def _join_problems(protected: ProtectedTable, ids: pd.Index[str]) -> list[str]:
    without = ids[~ids.isin(protected.frame.index)]
    if not len(without):
        return []
    if len(without) == len(ids):
        cured = {_loosely(name) for name in ids} & {_loosely(name) for name in protected.frame.index}
        hint = (
            " They would join if leading zeros, decimals and case did not matter: write ids the same way in both tables"
            if cured
            else " Are they the tables of the same cases, and is it the same id?"
        )
        example = listed(list(ids[:3]))
        return [f"not one of the {len(ids)} cases has a row in the protected table (for example {example}).{hint}"]
    verb = "has" if len(without) == 1 else "have"
    return [
        f"{len(without)} of {len(ids)} cases {verb} no row in the protected table: {listed(list(without))}; add a row "
        "for each, with the attributes left empty where they are not recorded: nobody is left out"
    ]


def _loosely(name: str) -> str:
    return str(name).strip().lower().removesuffix(".0").lstrip("0")


def _plan_problems(protected: ProtectedTable, plan: Plan) -> list[str]:
    problems = [
        f"attributes: the protected table has no column {attribute!r}; "
        f"{did_you_mean(attribute, (*protected.attributes, *protected.unread, *plan.derived))}"
        for attribute in plan.attributes
        if attribute not in plan.derived and attribute not in protected.attributes
    ]
    for attribute, derived in plan.derived.items():
        if derived.source not in protected.attributes:
            problems.append(
                f"derived.{attribute}: the protected table has no column {derived.source!r}; "
                f"{did_you_mean(derived.source, (*protected.attributes, *protected.unread))}"
            )
        if attribute in (*protected.attributes, *protected.unread):
            problems.append(
                f"derived.{attribute}: the protected table has a column of that name; choose another name for what is "
                f"made from {derived.source!r}"
            )
    for part in _BY_ATTRIBUTE:
        problems += [
            f"{part}: the plan does not audit {attribute!r}; {did_you_mean(attribute, plan.attributes)} "
            f"Add it to attributes, or remove it from {part}"
            for attribute in getattr(plan, part) or ()
            if attribute not in plan.attributes
        ]
    return problems


def _values(protected: ProtectedTable, attribute: str, plan: Plan, problems: list[str]) -> pd.Series:
    """Return each person's value of an attribute, derived and in bins where the plan says so; missing stays missing."""
    derived = plan.derived.get(attribute)
    values = protected.frame[attribute if derived is None else derived.source]
    if derived is not None and derived.lexicon is not None:
        values = _mapped(values, _placement(protected, derived.source).region)
    edges = (plan.bins or {}).get(attribute)
    if edges is None:
        return values
    values, wrong = binned(values, edges)
    problems += [] if wrong is None else [f"bins.{attribute}: {wrong}"]
    return values


def _placement(protected: ProtectedTable, column: str) -> Placement:
    return place(str(value) for value in protected.frame[column].dropna().unique())


def _mapped(values: pd.Series, mapping: Mapping[str, str], *, key: Callable[[str], str] = str) -> pd.Series:
    codes, words = pd.factorize(values.to_numpy(dtype=object), use_na_sentinel=True)
    groups = np.array([*(mapping.get(key(str(word)), str(word)) for word in words), None], dtype=object)
    return pd.Series(groups[codes], index=values.index, dtype=object)


def _grouping(values: pd.Series, attribute: str, plan: Plan) -> Grouping:
    mapping = {same_name(value): group for value, group in plan.groups.get(attribute, {}).items()}
    grouped = values if not mapping else _mapped(values, mapping, key=same_name)
    grouped = one_spelling(grouped, wanted=_named(plan, attribute))[0]
    whole = Grouping.of(attribute, grouped)
    most = plan.largest.get(attribute)
    if most is None:
        return whole
    apart = [name for name in whole.names if name not in (NOT_RECORDED, ALL_OTHER)][:most]
    pooled = {name: ALL_OTHER for name in whole.names if name not in (*apart, NOT_RECORDED)}
    return Grouping.of(attribute, _mapped(grouped, pooled))


def _mapping_problems(everyone: pd.Series, attribute: str, plan: Plan) -> list[str]:
    mapping = plan.groups.get(attribute)
    if not mapping:
        return []
    problems = []
    reserved = [value for value in mapping if value.strip() in ("", NOT_RECORDED)]
    reserved += [group for group in mapping.values() if group.strip() in ("", NOT_RECORDED)]
    if reserved:
        problems.append(
            f"groups.{attribute}: people of whom nothing is recorded are a group of their own, {NOT_RECORDED!r}, "
            "that is neither merged with others nor filled from them; remove it from the mapping"
        )
    meant: dict[str, set[str]] = {}
    for value, group in mapping.items():
        meant.setdefault(same_name(value), set()).add(group)
    problems += [
        f"groups.{attribute}: {listed(sorted(value for value in mapping if same_name(value) == key))} are spellings "
        f"of one value, and lead to {listed(sorted(groups))}; name it once"
        for key, groups in meant.items()
        if len(groups) > 1
    ]
    held = {same_name(str(value)): str(value) for value in everyone.dropna().unique()}
    problems += [
        f"groups.{attribute}: the table writes {near!r}, the plan {value!r}; write it as in the table"
        for value in mapping
        if (near := held.get(same_name(value))) is not None
        and near != clean(value)
        and len(meant[same_name(value)]) == 1
        and near not in {clean(other) for other in mapping}
    ]
    if not problems and not set(held) & set(meant):
        problems.append(
            f"groups.{attribute}: none of the values {listed(list(mapping))} is in the table; write them "
            "as the table does"
        )
    return problems


def _name_problems(grouping: Grouping, everyone: pd.Series, plan: Plan) -> list[str]:
    attribute = grouping.attribute
    problems = []
    reference = plan.reference.get(attribute)
    if reference is not None and reference not in grouping.names:
        problems.append(f"reference.{attribute}: {_no_group(reference, grouping.names, everyone, plan, attribute)}")
    known = {*grouping.names, *_possible(everyone, attribute, plan)}
    problems += [
        f"shown.{attribute}: {_no_group(name, grouping.names, everyone, plan, attribute)}"
        for name in plan.shown.get(attribute, ())
        if name not in known
    ]
    return problems


def _possible(everyone: pd.Series, attribute: str, plan: Plan) -> set[str]:
    """Every group that could hold someone: a plan is written before it is known which cases are held out."""
    derived = plan.derived.get(attribute)
    regions = {*region_names(), NO_REGION} if derived is not None and derived.lexicon else set()
    mapping: dict[str, Any] = plan.groups.get(attribute, {})
    edges = (plan.bins or {}).get(attribute, ())
    bins = {name for whole in (True, False) for name in bin_names(edges, whole=whole)} if edges else set()
    meant = {same_name(value) for value in mapping}
    values = {
        str(value) for value in (*everyone.dropna().unique(), *regions, *bins) if same_name(str(value)) not in meant
    }
    return {NOT_RECORDED, ALL_OTHER, *mapping.values(), *values}


def _no_group(name: str, names: tuple[str, ...], everyone: pd.Series, plan: Plan, attribute: str) -> str:
    most = plan.largest.get(attribute)
    if most is not None and name in _possible(everyone, attribute, plan):
        return (
            f"{name!r} is not among the {most} largest groups, so its cases are in {ALL_OTHER!r}; raise "
            f"largest.{attribute} or choose another reference"
        )
    return f"no case is in a group {name!r}; {did_you_mean(name, names)}"
