"""What every section of the page draws from: the record, one language, and what may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from igw_audit.core.cases import ALL_OTHER, NOT_RECORDED, REST
from igw_audit.core.disclosure import SUPPRESS_BELOW, Disclosure
from igw_audit.core.finding import Finding, Outcome
from igw_audit.core.foreign import isolated
from igw_audit.core.record import AuditRecord
from igw_audit.core.rules import Limit
from igw_audit.core.text import Text
from igw_audit.report.numbers import Numbers, Unit
from igw_audit.report.words import Words
from igw_audit.stats.estimate import Estimate

Side = Literal["inside", "across", "outside", "none"]
Questions = Mapping[str, tuple[Text, Text]]

#: The audit that measures selection, by the model and by each step.
SELECTION = "A001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A record in one language, with the questions of its audits and what may be shown of it."""

    record: AuditRecord
    words: Words
    questions: Questions = field(default_factory=dict)
    disclosure: Disclosure

    @property
    def numbers(self) -> Numbers:
        """How numbers are written."""
        return self.words.numbers

    def text(self, text: Text) -> str:
        """Give a text in the language of the page."""
        return text.within(self.words.language)

    def title(self, audit: str) -> str:
        """Give an audit's title; its code where nobody gave one."""
        return self.text(self.questions[audit][0]) if audit in self.questions else audit

    def asks(self, audit: str) -> str:
        """Give an audit's question; nothing where nobody gave one."""
        return self.text(self.questions[audit][1]) if audit in self.questions else ""

    def anchor(self, audit: str, attribute: str | None = None) -> str:
        """Give the place on the page where an audit's answer stands."""
        attributes = self.record.plan.attributes
        held = attribute in attributes and any(
            (outcome.audit, outcome.attribute) == (audit, attribute) for outcome in self.record.outcomes
        )
        return f"audit-{audit}-{attributes.index(attribute) + 1}" if held and attribute else f"audit-{audit}"

    def outcome(self, audit: str, attribute: str) -> Outcome | None:
        """Give an audit's outcome for one attribute, or None where it was not asked."""
        for outcome in self.record.outcomes:
            if (outcome.audit, outcome.attribute) == (audit, attribute):
                return outcome
        return None

    def in_order(self, attribute: str, groups: Sequence[str]) -> list[str]:
        """Order groups by size, then name; those whose size is not shown come last, by name."""

        def place(group: str) -> tuple[bool, int, str]:
            size = self.disclosure.size(attribute, group)
            return size is None, -(size or 0), group

        return sorted(dict.fromkeys(groups), key=place)

    def group(self, name: str) -> str:
        """Give a group's name for people."""
        return isolated(str(self.words.table("groups").get(name, name)))

    def called(self, feature: str) -> str:
        """Give what people call a feature; its column's name where the dossier says nothing."""
        dossier = self.record.dossier
        said = next((one.called for one in dossier.features if one.name == feature), None) if dossier else None
        return isolated(feature if said is None else self.text(said))

    def feature(self, name: str) -> str:
        """Name a feature as people call it, with the name of its column behind it."""
        called = self.called(name)
        return called if called == isolated(name) else f"{called} ({isolated(name)})"

    def features(self, names: Sequence[str]) -> str:
        """List features as people call them."""
        return self.words.listed([self.feature(name) for name in names])

    def about(self, attribute: str, group: str) -> str:
        """Say whose cases a group is: people hold a nationality, they are not one."""
        called = self.words.attribute(attribute)
        if group == NOT_RECORDED:
            return self.words("about.missing", attribute=called)
        if group == ALL_OTHER:
            return self.words("about.other", attribute=called)
        phrase = self.words.table("about.by").get(attribute, self.words("about.generic"))
        return str(phrase).format(attribute=called, group=self.group(group))

    def compared(self, reference: str | None, attribute: str) -> str:
        """Say what a group is compared with."""
        return self.words("others") if reference in (None, REST) else self.about(attribute, str(reference))

    def size(self, attribute: str, group: str) -> str:
        """Give a group's number of cases as it may be shown."""
        size = self.disclosure.size(attribute, group)
        if size is not None:
            return self.numbers.whole(size)
        exact = self.disclosure.sizes.get(attribute, {}).get(group)
        return self.words("not_shown_small" if exact is not None and exact < SUPPRESS_BELOW else "not_shown")

    def limits(self, audit: str, finding: Finding) -> list[Limit]:
        """Give the policy's limits that hold for a finding."""
        return [
            limit
            for limit in self.record.policy.limits
            if limit.audit == audit and limit.statistic == finding.statistic and _holds_at(limit, finding.step)
        ]

    def side(self, audit: str, finding: Finding) -> Side:
        """Tell where a finding's interval lies against its limits, the worst of them."""
        limits = self.limits(audit, finding)
        if not limits or finding.estimate is None:
            return "none"
        if any(finding.estimate.outside(limit.low, limit.high) for limit in limits):
            return "outside"
        return "inside" if all(finding.estimate.inside(limit.low, limit.high) for limit in limits) else "across"

    def limit(self, limit: Limit) -> str:
        """Say a limit in words, in the unit of its statistic."""
        unit = self.words.statistic(limit.statistic)[1]
        if limit.low is None and limit.high is not None:
            return self.words("limits.at_most", high=self.with_unit(limit.high, unit))
        if limit.high is None and limit.low is not None:
            return self.words("limits.at_least", low=self.with_unit(limit.low, unit))
        if limit.low is None or limit.high is None:
            return self.words("limits.no_limit")
        return self.words(
            "limits.between_limits",
            low=self.numbers.of(limit.low, unit),
            high=self.with_unit(limit.high, unit),
        )

    def with_unit(self, value: float, unit: Unit) -> str:
        """Write a value with the word of its unit, where the value alone would not say it."""
        text = self.numbers.of(value, unit)
        return f"{text} {self.words(f'audits.unit.{unit}')}" if unit in ("points", "span", "ratio") else text

    def sure(self, estimate: Estimate, unit: Unit | Literal["thousand"]) -> str:
        """Say an interval in words: between one number and another."""

        def say(value: float) -> str:
            return self.numbers.per_thousand(value) if unit == "thousand" else self.numbers.of(value, unit)

        low = None if estimate.low is None else say(estimate.low)
        high = None if estimate.high is None else say(estimate.high)
        if low is None and high is None:
            return self.words("no_interval")
        if high is None:
            return self.words("how_sure_from", low=low)
        if low is None:
            return self.words("how_sure_to", high=high)
        return self.words("how_sure", low=low, high=high)


def _holds_at(limit: Limit, step: str | None) -> bool:
    if step is None:
        return limit.at != "steps"
    return limit.at != "model" and (not limit.steps or step in limit.steps)
