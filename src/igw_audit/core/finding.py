"""What an audit says: findings with numbers, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from igw_audit.core.text import Text
from igw_audit.stats.estimate import Estimate

Status = Literal["measured", "not_measurable", "failed"]

#: From the gravest to the mildest: an outcome's level is the first that holds (METHODS, levels).
LEVELS = (
    "direct_use",
    "strong_use",
    "joint_use",
    "weak_use",
    "trace_use",
    "unexplained",
    "inconclusive",
    "explained_by_declared",
    "use_not_excluded",
    "present_unused",
    "no_disparity_shown",
)


#: Begins the step of a finding about the cells of two attributes; the other attribute's name follows.
CROSSED = "by:"
#: Stands between the two groups in the name of such a cell.
CROSS = " × "


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The counts a rate rests on: of ``n`` cases in the group, ``events`` happened; the same for the reference.

    Whoever shows these to people suppresses small ones; see ``igw_audit.core.disclosure``.
    """

    events: int
    n: int
    reference_events: int | None = None
    reference_n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measured fact about one group (or about all, where ``group`` is None).

    A finding without an estimate keeps its place, with the reason: nobody is dropped.
    """

    statistic: str
    group: str | None = None
    reference: str | None = None
    features: tuple[str, ...] = ()
    step: str | None = None
    estimate: Estimate | None = None
    counts: Counts | None = None
    reason: Text | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    level: str | None = None
    minimum_detectable: float | None = None

    def __post_init__(self) -> None:
        if self.estimate is None and self.reason is None:
            raise ValueError(f"finding {self.statistic!r} has neither an estimate nor a reason why there is none")
        if self.level is not None and self.level not in LEVELS:
            raise ValueError(f"level {self.level!r} is none of {', '.join(LEVELS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An audit's answer for one protected attribute, or why there is none."""

    audit: str
    attribute: str
    status: Status
    reason: Text | None = None
    level: str | None = None
    inconclusive_groups: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if self.status != "measured" and self.reason is None:
            raise ValueError(f"outcome of {self.audit} is {self.status} without a reason")
        if self.level is not None and self.level not in LEVELS:
            raise ValueError(f"level {self.level!r} is none of {', '.join(LEVELS)}")

    def select(
        self, statistic: str | None = None, *, group: str | None = None, step: str | None = None
    ) -> tuple[Finding, ...]:
        """Give the findings with this statistic, group and step; None asks for any."""
        return tuple(
            finding
            for finding in self.findings
            if (statistic is None or finding.statistic == statistic)
            and (group is None or finding.group == group)
            and (step is None or finding.step == step)
        )

    def both_ways(self, shift: Finding) -> bool:
        """Tell whether a feature was named for moving scores up and down: the mean shift is not what was found."""
        found = self.select("any_dependence", group=shift.group)
        return shift in self.findings and bool(shift.features) and any(one.features == shift.features for one in found)
