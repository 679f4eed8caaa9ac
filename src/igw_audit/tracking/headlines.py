"""The few numbers of a record that MLflow's comparison of runs shows: the extremes, each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from igw_audit.core.disclosure import Disclosure
from igw_audit.core.record import AuditRecord
from igw_audit.stats.estimate import Estimate

#: statistic, ending of the metric's name, and what makes a finding the one to show
_EXTREMES: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    ("selection_rate_ratio", "largest", lambda value: value),
    ("selection_rate_ratio", "smallest", lambda value: -value),
    ("selection_rate_difference", "largest", abs),
    ("delta", "largest", abs),
)


def headlines(record: AuditRecord) -> dict[str, Estimate]:
    """Give ``igw/<attribute>/<statistic>_<largest|smallest>`` -> estimate, over groups and the model's own selection.

    A statistic that was measured at process steps only shows its extreme over those. The sign of a difference and of
    a delta is kept; largest is by size. Whoever sees the run sees these, so what pages withhold is not among them.
    """
    shown: dict[str, Estimate] = {}
    disclosure = Disclosure.of(record.outcomes)
    for attribute in dict.fromkeys(outcome.attribute for outcome in record.outcomes):
        for statistic, ending, rank in _EXTREMES:
            found = list(_estimates(record, disclosure, attribute, statistic))
            at_model = [estimate for step, estimate in found if step is None] or [estimate for _, estimate in found]
            if at_model:
                shown[f"igw/{attribute}/{statistic}_{ending}"] = max(at_model, key=lambda one: rank(one.value))
    return shown


def _estimates(
    record: AuditRecord, disclosure: Disclosure, attribute: str, statistic: str
) -> Iterator[tuple[str | None, Estimate]]:
    for outcome in record.outcomes:
        if outcome.attribute == attribute:
            for finding in outcome.select(statistic):
                if finding.estimate is not None and disclosure.shows(outcome, finding):
                    yield finding.step, finding.estimate
