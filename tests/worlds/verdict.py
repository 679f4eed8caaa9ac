"""What the audits said of one drawing, held against its truth."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from tests.worlds import harder, plain, processes  # noqa: F401 - they fill the catalogue
from tests.worlds.scenery import ATTRIBUTE, Drawn
from tests.worlds.worlds import PASSES, USE, Speaks, World, draw, scored

from igw_audit.audits import all_audits
from igw_audit.audits.a007_proxy_use import proxy_use_of_model
from igw_audit.core.cases import ScoredCases
from igw_audit.core.finding import Finding, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One run.

    Attributes
    ----------
    level : str
        The outcome's level.
    flagged : tuple of str
        Features and pairs ("f04 x f08") with a level of use for some group.
    innocent : tuple of str
        Those of them that are not used; a pair is innocent unless both its members are used.
    wholes : tuple of str
        Which of delta_total, delta_decision, delta_declared and any_dependence reject.
    precision : float or None
        Share of the k most tied features that are among the k used; None where none is.
    pair_found : bool or None
        Whether a planted pair is flagged as a pair; None where none is planted.
    covered : bool or None
        Whether all joint intervals of groups of 30 and more hold the truth; None where it is not known exactly.
    passes : bool
        Whether the shipped policy's rule for proxy use would allow.
    spoke : bool or None
        Whether the other audits that must speak here do; None where none must.
    seconds : float
        Processor time of the audit.
    """

    level: str
    flagged: tuple[str, ...]
    innocent: tuple[str, ...]
    wholes: tuple[str, ...]
    precision: float | None
    pair_found: bool | None
    covered: bool | None
    passes: bool
    spoke: bool | None
    seconds: float

    def line(self) -> dict[str, Any]:
        """Give the verdict as JSON takes it."""
        return asdict(self)


ALPHA, ALPHA_OMNIBUS = 0.033, 0.01


def judge(world: World, *, n: int, seed: int) -> Verdict:
    """Draw a world, audit it, and hold the answer against the truth."""
    drawn = draw(world, n, seed)
    cases = scored(drawn, seed=seed)
    before = time.process_time()
    outcome = proxy_use_of_model.run(cases, ATTRIBUTE)
    seconds = time.process_time() - before
    if outcome.status != "measured" or outcome.level is None:
        raise RuntimeError(f"A007 gave no answer in world {world.name}, n = {n}, seed {seed}: {outcome.reason}")
    uses = [finding for finding in outcome.select("delta") if finding.level in USE]
    flagged = tuple(sorted({" x ".join(sorted(finding.features)) for finding in uses}))
    innocent = {" x ".join(sorted(finding.features)) for finding in uses if not set(finding.features) <= world.used}
    return Verdict(
        level=outcome.level,
        flagged=flagged,
        innocent=tuple(sorted(innocent)),
        wholes=_wholes(outcome),
        precision=_precision(world, outcome),
        pair_found=any(" x ".join(sorted(pair)) in flagged for pair in world.pairs) if world.pairs else None,
        covered=_covered(drawn, outcome),
        passes=outcome.level in PASSES,
        spoke=all(_speaks(also, cases) for also in world.also) if world.also else None,
        seconds=round(seconds, 3),
    )


def _wholes(outcome: Outcome) -> tuple[str, ...]:
    alphas = dict.fromkeys(("delta_total", "delta_decision", "delta_declared"), ALPHA) | {
        "any_dependence": ALPHA_OMNIBUS
    }
    found = [
        finding
        for finding in outcome.findings
        if finding.statistic in alphas and not finding.features and finding.p_adjusted is not None
    ]
    return tuple(
        sorted({f.statistic for f in found if f.p_adjusted is not None and f.p_adjusted <= alphas[f.statistic]})
    )


def _speaks(also: Speaks, cases: ScoredCases) -> bool:
    """Tell whether another audit's interval excludes no effect."""
    findings = all_audits()[also.audit].run(cases, ATTRIBUTE).select(also.statistic, group=also.group, step=also.step)
    bounds = [finding.estimate for finding in findings if finding.estimate is not None]
    return any(b.low is not None and b.high is not None and (b.low > 0 or b.high < 0) for b in bounds)


def _tie(finding: Finding) -> float:
    """Say how firmly a feature is tied to a group: its shift in half-widths of its interval."""
    estimate = finding.estimate
    if estimate is None or estimate.low is None or estimate.high is None or estimate.high <= estimate.low:
        return 0.0
    return abs(estimate.value) / (estimate.high - estimate.low)


def _precision(world: World, outcome: Outcome) -> float | None:
    if not world.used:
        return None
    # what the omnibus names is tied by more than its mean: by the half-widths that its p-value is worth at the least
    ties: dict[str, float] = {f.features[0]: 1.0 for f in outcome.select("any_dependence") if f.features}
    for finding in outcome.select("delta"):
        if len(finding.features) == 1:
            ties[finding.features[0]] = max(ties.get(finding.features[0], 0.0), _tie(finding))
    first = sorted(ties, key=lambda name: -ties[name])[: len(world.used)]
    return len(world.used & set(first)) / len(world.used)


def _covered(drawn: Drawn, outcome: Outcome) -> bool | None:
    if not drawn.truth:
        return None
    names, sizes = np.unique(drawn.groups.astype(str), return_counts=True)
    enough = {str(name) for name, size in zip(names, sizes, strict=True) if size >= 30}
    held = True
    for finding in outcome.findings:
        place = ("" if finding.statistic == "delta_total" else "".join(finding.features), str(finding.group))
        estimate = finding.estimate
        if finding.statistic not in ("delta", "delta_total") or finding.group not in enough or estimate is None:
            continue
        if place in drawn.truth and estimate.low is not None and estimate.high is not None:
            held &= estimate.low - 1e-12 <= drawn.truth[place] <= estimate.high + 1e-12
    return held
