"""Publication: which counts people may see, so that nobody in a small cell can be worked out.

Nothing is dropped from a calculation; what is withheld here is withheld from pages, tables and metrics only. A cell
under ten is withheld, with every number that it could be worked out from: its rate, difference, ratio, interval and
p-value, and further groups of the same family (complementary suppression), since totals are known to whoever knows
the operating point. The rule of withholding groups under ten is Statistics Netherlands', as it applied it to the
published study-grant tables.

The cells of two attributes are a table with two margins, both of which are shown elsewhere: what is withheld there is
protected along its row and its column. Two things are not chased: tables that are linked otherwise (a country inside a
region), and cells that only arise as the difference of two process steps. A plan that shows both levels should keep its
smallest groups pooled.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from igw_audit.core.finding import CROSS, CROSSED, Counts, Finding, Outcome

#: A count under this is not shown to people.
SUPPRESS_BELOW = 10

#: Endings that turn a measure into a comparison of that measure: all rest on the same counts.
_COMPARED = ("_difference", "_ratio")
_SELECTION = "selection_rate"
_CONTINUATION = "continuation_rate"
_ERROR_RATES = (
    "false_positive_rate",
    "false_negative_rate",
    "true_positive_rate",
    "true_negative_rate",
    "false_discovery_rate",
    "precision",
    "wrongly_selected_share",
)
#: Expected changes of a group's selection: shown where its selection is.
_ON_SELECTION = ("flip_selection", "reranked_selection")
#: Measures over classes that together make up the whole group.
_ADDING_UP = ("band_rate", "outcome_rate", "label_type_share", "found_type_share")
_Table = tuple[str, str | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Cells of one kind, one a group, whose total is known; ``caps`` is the most that each cell could be."""

    cells: Mapping[str, int]
    caps: Mapping[str, float] = field(default_factory=dict)


def withhold(
    columns: Sequence[Column],
    *,
    sizes: Mapping[str, int],
    already: Iterable[str] = (),
    below: int = SUPPRESS_BELOW,
) -> frozenset[str]:
    """Give the groups whose cells are withheld: those with a small cell, and as many more as hide those.

    Groups are added smallest first, until whoever knows every total, every cell shown and which cells are under
    ``below`` still finds each value from 0 to ``below - 1`` possible for each small cell. Where all groups are
    withheld, nothing is left to add.

    >>> table = Column(cells={"a": 400, "b": 40, "c": 3})
    >>> sorted(withhold([table], sizes={"a": 5000, "b": 500, "c": 60}))
    ['b', 'c']
    """
    hidden = set(already)
    for column in columns:
        hidden.update(group for group, count in column.cells.items() if count < below)
    spare = sorted((group for group in sizes if group not in hidden), key=lambda group: (sizes[group], group))
    while spare and not all(_protects(column, hidden, below) for column in columns):
        hidden.add(spare.pop(0))
    return frozenset(hidden)


def _protects(column: Column, hidden: set[str], below: int) -> bool:
    cells = {group: count for group, count in column.cells.items() if group in hidden}
    small = {group for group, count in cells.items() if count < below}
    total = sum(cells.values())
    most = {
        group: min(below - 1, column.caps.get(group, math.inf)) if group in small else column.caps.get(group, math.inf)
        for group in cells
    }
    for group in small:
        others_least = below * (len(cells) - len(small))
        others_most = sum(most[other] for other in cells if other != group)
        if total - others_least < most[group] or total - others_most > 0:
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What people may see of a record's outcomes.

    Attributes
    ----------
    sizes : mapping of attribute to group to int
        Number of cases in each group, exact: ask ``size`` for what may be shown.
    hidden_sizes : mapping of attribute to set of str
        Groups whose number of cases is withheld, and with it everything about them.
    hidden : mapping of (attribute, family) to set of str
        Groups whose numbers are withheld, by family of cells that can be worked out from one another.
    """

    sizes: Mapping[str, Mapping[str, int]]
    hidden_sizes: Mapping[str, frozenset[str]]
    hidden: Mapping[tuple[str, str], frozenset[str]]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Disclosure:
        """Decide for all outcomes of a record at once, so that no two tables undo one another."""
        sizes = _sizes(outcomes)
        # the margins of crossed tables first: what they withhold is withheld in every cell
        order = sorted(sizes, key=_is_crossed)
        hidden_sizes: dict[str, frozenset[str]] = {}
        for table in order:
            columns = _margins(Column(cells=sizes[table]), table, hidden_sizes)
            already = _in_margins(table, sizes[table], hidden_sizes)
            hidden_sizes[table] = withhold(columns, sizes=sizes[table], already=already)
        families = _families(outcomes)
        hidden: dict[tuple[str, str], frozenset[str]] = {}
        for table, name in sorted(families, key=lambda key: order.index(key[0])):
            withheld = {one: hidden_sizes[one] | hidden.get((one, f"{_SELECTION}:"), frozenset()) for one in order}
            columns = [
                margin
                for counts in families[table, name].values()
                for column in _columns(counts)
                for margin in _margins(column, table, withheld)
            ]
            already = hidden_sizes[table] | _in_margins(table, sizes[table], withheld)
            hidden[table, name] = withhold(columns, sizes=sizes[table], already=already)
        for attribute in sizes:
            steps = list(dict.fromkeys(_steps(outcomes, attribute)))
            for before, step in zip([None, *steps], steps, strict=False):
                # of those who reached the step before, so many went on: both counts are those of a selection
                family = (attribute, f"{_CONTINUATION}:{step}")
                reached = [(attribute, f"{_SELECTION}:{at or ''}") for at in (before, step)]
                if family in hidden:
                    hidden[family] = hidden[family].union(*(hidden.get(key, frozenset()) for key in reached))
        return cls(sizes=sizes, hidden_sizes=hidden_sizes, hidden=hidden)

    def size(self, attribute: str, group: str) -> int | None:
        """Give a group's number of cases, or None where it is withheld or not known."""
        if group in self.hidden_sizes.get(attribute, ()):
            return None
        return self.sizes.get(attribute, {}).get(group)

    def shows(self, outcome: Outcome, finding: Finding) -> bool:
        """Tell whether a finding's numbers may be shown."""
        table = _table_of(outcome.attribute, finding)
        withheld = self.hidden_sizes.get(table, frozenset()) | self.hidden.get((table, family_of(finding)), frozenset())
        return not {finding.group, finding.reference} & withheld

    def is_small(self, finding: Finding) -> bool:
        """Tell whether a finding's own count of events is under ten, as may be said of it."""
        return finding.counts is not None and finding.counts.events < SUPPRESS_BELOW


def family_of(finding: Finding) -> str:
    """Give the family of cells that a finding belongs to: what is withheld in it is withheld together.

    Selection counts are one family a step, whichever audit reports them. Cells that add up to others that are shown
    are one family too: error rates of one step, the bands of a score, the outcomes in the classes of a score,
    the arms of an investigation.
    """
    measure = measure_of(finding.statistic)
    if measure in _ERROR_RATES:
        return f"errors:{finding.step or ''}"
    if measure in _ADDING_UP:
        return measure
    if measure in _ON_SELECTION:
        return f"{_SELECTION}:{finding.step or ''}"
    if measure.endswith("_arm_share"):
        return "arms"
    return ":".join((measure, finding.step or "", *finding.features))


def _steps(outcomes: Sequence[Outcome], attribute: str) -> Iterator[str]:
    """Go through the process steps in the order in which they were measured, which is that of the process."""
    for outcome in outcomes:
        if outcome.attribute == attribute:
            for finding in outcome.findings:
                if finding.step is not None and finding.statistic == _SELECTION:
                    yield finding.step


def measure_of(statistic: str) -> str:
    """Give the measure that a statistic compares: they rest on the same counts.

    >>> measure_of("selection_rate_ratio")
    'selection_rate'
    """
    for ending in _COMPARED:
        statistic = statistic.removesuffix(ending)
    return statistic


def _table_of(attribute: str, finding: Finding) -> str:
    """Name the table that a finding's group stands in: the attribute's, or that of its cells with another attribute."""
    crossed = finding.step is not None and finding.step.startswith(CROSSED)
    return f"{attribute} {finding.step}" if crossed else attribute


def _is_crossed(table: str) -> bool:
    return f" {CROSSED}" in table


def _in_margins(table: str, cells: Iterable[str], hidden: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Give the cells of a crossed table that lie in a row or column whose total is withheld."""
    if not _is_crossed(table):
        return frozenset()
    sides = [hidden.get(name, frozenset()) for name in table.split(f" {CROSSED}", 1)]
    return frozenset(cell for cell in cells if any(map(operator.contains, sides, cell.split(CROSS, 1))))


def _margins(column: Column, table: str, hidden: Mapping[str, frozenset[str]]) -> list[Column]:
    """Split a crossed table's column into those of its rows and columns that have a known total."""
    if not _is_crossed(table):
        return [column]
    sides = [hidden.get(name, frozenset()) for name in table.split(f" {CROSSED}", 1)]
    parts: dict[tuple[int, str], dict[str, int]] = {}
    for cell, count in column.cells.items():
        for side, name in enumerate(cell.split(CROSS, 1)):
            if name not in sides[side]:
                parts.setdefault((side, name), {})[cell] = count
    return [
        Column(cells=cells, caps={cell: cap for cell, cap in column.caps.items() if cell in cells})
        for cells in parts.values()
    ]


def _sizes(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Give each group's size: the largest number of cases that any of its findings rests on."""
    sizes: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        for finding in outcome.findings:
            if finding.group is not None and finding.counts is not None:
                held = sizes.setdefault(_table_of(outcome.attribute, finding), {})
                held[finding.group] = max(held.get(finding.group, 0), finding.counts.n)
    return sizes


def _families(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], dict[_Table, dict[str, Counts]]]:
    """Give the counts of each attribute and family: by measure, step and features, then by group."""
    families: dict[tuple[str, str], dict[_Table, dict[str, Counts]]] = {}
    for outcome in outcomes:
        for finding in outcome.findings:
            if finding.group is not None and finding.counts is not None:
                family = families.setdefault((_table_of(outcome.attribute, finding), family_of(finding)), {})
                table = family.setdefault((measure_of(finding.statistic), finding.step, finding.features), {})
                table[finding.group] = finding.counts
    return families


def _columns(counts: Mapping[str, Counts]) -> list[Column]:
    # a step that every case reaches, or none does, tells nothing of any group
    if all(cell.events == cell.n for cell in counts.values()) or all(cell.events == 0 for cell in counts.values()):
        return [Column(cells={group: cell.n for group, cell in counts.items()})]
    caps = {group: float(cell.n) for group, cell in counts.items()}
    return [
        Column(cells={group: cell.events for group, cell in counts.items()}, caps=caps),
        Column(cells={group: cell.n - cell.events for group, cell in counts.items()}, caps=caps),
        Column(cells={group: cell.n for group, cell in counts.items()}),
    ]
