"""Reading counts by step and group, with every problem of the file in one error."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from igw_audit.core.aggregate import AggregateTable, CountRow
from igw_audit.core.limits import RECORD, read_within
from igw_audit.errors import InputError

_NEEDED = ("step", "of", "group", "count")
_KNOWN = (*_NEEDED, "cells")
_WHOLE = re.compile(r"[0-9]+(\.0)?")
_TOTALS = frozenset({"total", "totaal", "all", "alle", "allen", "everyone", "iedereen"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A row of the file that could be read, with its line number for whoever must mend it."""

    number: int
    row: CountRow


def read_counts(path: str | Path, *, rounded_to: int = 1, suppressed_below: int = 0) -> AggregateTable:
    """Read an aggregate table from CSV with the columns step, of, group, count and, if counts were summed, cells.

    Parameters
    ----------
    path : path
        A UTF-8 CSV file. ``of`` is empty for a first step; an empty ``count`` is a withheld cell; ``cells`` says how
        many rounded cells the count sums (1 where it is empty or the column is not there).
    rounded_to : int
        Counts are rounded to this multiple, 1 where they are exact.
    suppressed_below : int
        Cells below this were withheld, left empty or written as zero.

    Raises
    ------
    InputError
        Every problem of the file, each with its line and column.
    """
    subject = f"counts {path}"
    records = _records(Path(path), subject)
    problems: list[str] = []
    lines = [line for number, record in records if (line := _line(number, record, problems)) is not None]
    if not records:
        problems.append("the file has a heading and no rows: give one row for every step and group")
    problems.extend(_structure_problems(lines, complete=not problems))
    if problems:
        raise InputError(subject, problems)
    table = AggregateTable(
        rows=tuple(line.row for line in lines), rounded_to=rounded_to, suppressed_below=suppressed_below
    )
    problems = [*_rounding_problems(lines, table), *_nesting_problems(lines, table), *_total_problems(table)]
    if problems:
        raise InputError(subject, problems)
    return table


def _records(path: Path, subject: str) -> list[tuple[int, Mapping[str, str]]]:
    try:
        text = read_within(path, RECORD, subject=subject).decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(subject, ["there is no such file; give the path of a CSV file with counts"]) from None
    except IsADirectoryError:
        raise InputError(subject, ["this is a folder; give the path of a CSV file with counts"]) from None
    except UnicodeDecodeError:
        raise InputError(subject, ["the file is not UTF-8 text; save it as CSV (UTF-8)"]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise InputError(subject, [f"line {reader.line_num}: this is not valid CSV ({error})"]) from None
    filled = [(number, row) for number, row in rows if any(row)]
    if not filled:
        raise InputError(subject, [f"the file is empty; its first line must name the columns {', '.join(_KNOWN)}"])
    heading = filled[0][1]
    problems = list(_heading_problems(heading))
    for number, row in filled[1:]:
        if len(row) != len(heading):
            problems.append(f"line {number}: {len(row)} values, expected {len(heading)}, one for each column")
    if problems:
        raise InputError(subject, problems)
    return [(number, dict(zip(heading, row, strict=True))) for number, row in filled[1:]]


def _heading_problems(heading: Sequence[str]) -> Iterator[str]:
    if len(heading) == 1 and ";" in heading[0]:
        yield "the columns are parted by semicolons; save the file with commas"
        return
    for name in _NEEDED:
        if name not in heading:
            yield f"column {name!r} is missing; found {', '.join(map(repr, heading))}, expected {', '.join(_KNOWN)}"
    for name in dict.fromkeys(heading):
        if name not in _KNOWN:
            yield f"column {name!r} is not known; expected {', '.join(_KNOWN)}: remove it or rename it"
        if heading.count(name) > 1:
            yield f"column {name!r} stands {heading.count(name)} times; keep one"


def _line(number: int, record: Mapping[str, str], problems: list[str]) -> _Line | None:
    found = len(problems)
    problems.extend(
        f"line {number}, column {name!r}: this is empty; name the {name}"
        for name in ("step", "group")
        if not record[name]
    )
    count = _whole(record["count"], number, "count", problems) if record["count"] else None
    cells = _whole(record["cells"], number, "cells", problems) if record.get("cells") else 1
    if cells == 0:
        problems.append(f"line {number}, column 'cells': found 0; a count sums at least 1 cell")
    if len(problems) > found:
        return None
    row = CountRow(step=record["step"], of=record["of"] or None, group=record["group"], count=count, cells=cells or 1)
    return _Line(number=number, row=row)


def _whole(text: str, number: int, column: str, problems: list[str]) -> int | None:
    """Read a whole number of 0 or more; ``12.0`` is one, ``1.000`` may be a Dutch thousand and is not."""
    if _WHOLE.fullmatch(text):
        return int(text.removesuffix(".0"))
    what = "a negative number" if text.startswith("-") else "no whole number"
    problems.append(
        f"line {number}, column {column!r}: found {text!r}, {what}; expected 0 or more, in digits without thousands "
        "marks, or nothing where it was withheld"
    )
    return None


def _structure_problems(lines: Sequence[_Line], *, complete: bool) -> Iterator[str]:
    """Check what ties the rows together; with unreadable rows, absences may be theirs and are not reported."""
    first: dict[tuple[str, str], int] = {}
    wholes: dict[str, dict[str | None, int]] = defaultdict(dict)
    for line in lines:
        place = (line.row.step, line.row.group)
        if place in first:
            yield (
                f"line {line.number}: step {place[0]!r} and group {place[1]!r} stand on line {first[place]} already; "
                "keep one row, or add the counts up and say in 'cells' how many were added"
            )
        first.setdefault(place, line.number)
        wholes[line.row.step].setdefault(line.row.of, line.number)
    for step, found in wholes.items():
        yield from _whole_problems(step, found, known=wholes if complete else None)
    if complete:
        groups = dict.fromkeys(line.row.group for line in lines)
        for step in wholes:
            lacking = [repr(group) for group in groups if (step, group) not in first]
            if lacking:
                yield (
                    f"step {step!r} has no row for {', '.join(lacking)}; nobody is left out: add the row, "
                    "with an empty count where it was withheld"
                )
        yield from _circles({step: next(iter(found)) for step, found in wholes.items()})


def _whole_problems(step: str, found: Mapping[str | None, int], *, known: Mapping[str, object] | None) -> Iterator[str]:
    if len(found) > 1:
        named = " and ".join(f"{whole or '(empty)'!r} on line {number}" for whole, number in found.items())
        yield f"step {step!r}, column 'of': found {named}; a step is a share of one and the same step for every group"
    for whole, number in found.items():
        if whole is not None and known is not None and whole not in known:
            yield (
                f"line {number}, column 'of': found {whole!r}, and no row has that step; "
                f"expected one of {', '.join(map(repr, known))}, or empty for a first step"
            )


def _circles(whole: Mapping[str, str | None]) -> Iterator[str]:
    for step in whole:
        seen = [step]
        while (above := whole.get(seen[-1])) is not None and above not in seen:
            seen.append(above)
        if above == step:
            yield f"step {step!r}, column 'of': the steps go in a circle ({' of '.join([*seen, step])})"


def _rounding_problems(lines: Sequence[_Line], table: AggregateTable) -> Iterator[str]:
    step = table.rounded_to
    for line in lines:
        count = line.row.count
        if count is not None and count % step:
            yield (
                f"line {line.number}, column 'count': found {count}, no multiple of {step}, while counts are said to "
                f"be rounded to {step}; mend the count or the rounding"
            )


def _nesting_problems(lines: Sequence[_Line], table: AggregateTable) -> Iterator[str]:
    for line in lines:
        row = line.row
        if row.of is None or row.count is None:
            continue
        whole = table.row(row.of, row.group)
        part_low, whole_high = table.bounds(row).low, table.bounds(whole).high
        if whole_high is not None and part_low > whole_high:
            held = "withheld count" if whole.count is None else whole.count
            yield (
                f"line {line.number}, column 'count': found {row.count} of group {row.group!r} at step {row.step!r}, "
                f"more than the {held} at {row.of!r} allows, rounding included; a part cannot exceed its whole"
            )


def _total_problems(table: AggregateTable) -> Iterator[str]:
    """Find a total among the groups: shares and tests would count everyone twice."""
    for name in table.groups:
        others = [group for group in table.groups if group != name]
        total = name.casefold() in _TOTALS and len(others) > 1
        if total and all(_adds_up(table, step, name) for step in table.steps):
            yield f"group {name!r} is the sum of the other groups in every step; remove it, or everyone counts twice"


def _adds_up(table: AggregateTable, step: str, name: str) -> bool:
    own = table.bounds(table.row(step, name))
    others = [table.bounds(table.row(step, group)) for group in table.groups if group != name]
    low = sum(bounds.low for bounds in others)
    highs = [bounds.high for bounds in others]
    above = None if None in highs else sum(high for high in highs if high is not None)
    return (own.high is None or low <= own.high) and (above is None or own.low <= above)
