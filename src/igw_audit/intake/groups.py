"""The protected table and the plan -> every case in exactly one group of each attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from igw_audit.core.cases import ALL_OTHER, NOT_RECORDED, Grouping
from igw_audit.core.nearest import did_you_mean
from igw_audit.core.plan import Plan
from igw_audit.core.tables import ProtectedTable
from igw_audit.errors import InputError
from igw_audit.intake.regions import NO_REGION, Placement, place, region_names
from igw_audit.intake.rows import listed

#: The parts of a plan that speak of one attribute each.
_BY_ATTRIBUTE = ("derived", "groups", "largest", "reference", "shown")


def group_cases(protected: ProtectedTable, ids: pd.Index[str], plan: Plan) -> dict[str, Grouping]:
    """Put every case in one group of each of the plan's attributes.

    In this order: ``derived`` (another column, through a lexicon), ``groups`` (value -> group; a value that is not
    named keeps its own), ``largest`` (so many groups stay apart, the others are "(all other)"). Missing values are the
    group "(not recorded)" throughout, and values that the lexicon does not know "(no region known)".

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
        everyone = _values(protected, attribute, plan)
        problems += _mapping_problems(everyone, attribute, plan)
        grouping = _grouping(everyone.reindex(ids), attribute, plan)
        problems += _name_problems(grouping, everyone, plan)
        groupings[attribute] = grouping
    if problems:
        raise InputError("groups of the cases", problems)
    return groupings


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
        f"{did_you_mean(attribute, (*protected.attributes, *plan.derived))}"
        for attribute in plan.attributes
        if attribute not in plan.derived and attribute not in protected.attributes
    ]
    for attribute, derived in plan.derived.items():
        if derived.source not in protected.attributes:
            problems.append(
                f"derived.{attribute}: the protected table has no column {derived.source!r}; "
                f"{did_you_mean(derived.source, protected.attributes)}"
            )
        if attribute in protected.attributes:
            problems.append(
                f"derived.{attribute}: the protected table has a column of that name; choose another name for what is "
                f"made from {derived.source!r}"
            )
    for part in _BY_ATTRIBUTE:
        problems += [
            f"{part}: the plan does not audit {attribute!r}; {did_you_mean(attribute, plan.attributes)} "
            f"Add it to attributes, or remove it from {part}"
            for attribute in getattr(plan, part)
            if attribute not in plan.attributes
        ]
    return problems


def _values(protected: ProtectedTable, attribute: str, plan: Plan) -> pd.Series:
    """Give each person's value of an attribute, derived where the plan says so; missing stays missing."""
    derived = plan.derived.get(attribute)
    if derived is None:
        return protected.frame[attribute]
    values = protected.frame[derived.source]
    if derived.lexicon is None:
        return values
    return _mapped(values, _placement(protected, derived.source).region)


def _placement(protected: ProtectedTable, column: str) -> Placement:
    return place(str(value) for value in protected.frame[column].dropna().unique())


def _mapped(values: pd.Series, mapping: Mapping[str, str]) -> pd.Series:
    codes, words = pd.factorize(values.to_numpy(dtype=object), use_na_sentinel=True)
    groups = np.array([*(mapping.get(str(word), str(word)) for word in words), None], dtype=object)
    return pd.Series(groups[codes], index=values.index, dtype=object)


def _grouping(values: pd.Series, attribute: str, plan: Plan) -> Grouping:
    grouped = _mapped(values, plan.groups.get(attribute, {}))
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
    held = {str(value) for value in everyone.dropna().unique()}
    spelled = {value.strip().casefold(): value for value in held}
    for value in mapping:
        near = spelled.get(value.strip().casefold())
        if value not in held and near is not None:
            problems.append(
                f"groups.{attribute}: the table writes {near!r}, the plan {value!r}; write it as in the table"
            )
    if not problems and not held & set(mapping):
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
    values = {str(value) for value in everyone.dropna().unique()} - set(mapping)
    return {NOT_RECORDED, ALL_OTHER, *mapping.values(), *values, *(regions - set(mapping))}


def _no_group(name: str, names: tuple[str, ...], everyone: pd.Series, plan: Plan, attribute: str) -> str:
    most = plan.largest.get(attribute)
    if most is not None and name in _possible(everyone, attribute, plan):
        return (
            f"{name!r} is not among the {most} largest groups, so its cases are in {ALL_OTHER!r}; raise "
            f"largest.{attribute} or choose another reference"
        )
    return f"no case is in a group {name!r}; {did_you_mean(name, names)}"
