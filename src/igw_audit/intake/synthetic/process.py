"""The process every pilot shares: signal, enrichment, old score, list, manual selection, investigation, objection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igw_audit.intake.synthetic.draws import Bools, Draws, Floats, expit, logit
from igw_audit.intake.synthetic.people import where_recorded
from igw_audit.intake.synthetic.scenario import Switches

Words = npt.NDArray[np.object_]

#: Column and step name, in the order of the process.
STEPS = (
    "signal",
    "enriched",
    "scored_high",
    "selected",
    "investigated",
    "violation_found",
    "objection",
    "objection_upheld",
)
SIGNAL_SOURCES = (
    "AVIM",
    "KMar",
    "Arbeidsinspectie",
    "gemeente",
    "onderwijsinstelling",
    "UWV/Belastingdienst",
    "anoniem",
    "eigen controle",
)
#: The service's own words for an outcome -> the type that the schema maps them to.
OUTCOMES = {
    "none": "geen",
    "administrative": "administratief",
    "deliberate_false_information": "opzettelijk onjuiste gegevens",
    "public_order": "openbare orde",
    "unknown": "niet onderzocht",
}
#: How much longer the list is than what handlers pick from it.
_LIST_FACTOR = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What happened to every case; one entry a case.

    Attributes
    ----------
    steps : dict
        Step name -> bool, in process order.
    signal_source : ndarray of object
        Who reported; None without a signal.
    arm : ndarray of object
        Why the case was investigated; None if it was not.
    arm_probability : ndarray of float64
        The chance of being investigated by any route, given its signal and old score, as the work instruction sets it.
    outcome_type : ndarray of object
        The recorded type; ``unknown`` where nobody looked.
    intervention_level : ndarray of int64
        0 none, 1 talk, 2 warning, 3 fine, 4 permit withdrawn, 5 recognition withdrawn, 6 entry ban or criminal report.
    """

    steps: dict[str, Bools]
    signal_source: Words
    arm: Words
    arm_probability: Floats
    outcome_type: Words
    intervention_level: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    signalled: Bools
    enriched: Bools
    high: Bools
    random: Bools


def run_process(draws: Draws, *, truth: Words, affected: Bools, score_old: Floats, switches: Switches) -> Process:
    """Lead every case through the process.

    A random part of the capacity is drawn first, investigated without handlers choosing, with one known chance for
    all. Enriched signals and the highest old scores fill the list; handlers pick from it, more often at higher scores.
    """
    n = len(truth)
    lists = _fill_lists(draws, truth=truth, affected=affected, score_old=score_old, switches=switches)
    listed = lists.enriched | lists.high
    # the work instruction: about 1 / 2.5 of the list, rising with the score
    rank = np.argsort(np.argsort(score_old, kind="stable"), kind="stable") / n
    follow = 0.25 + 0.2 * rank
    leaning = expit(logit(follow) + switches.manual_step * affected)
    picked = listed & (draws.uniform("manual selection", n) < leaning)
    investigated = lists.random | picked
    arm = np.select([lists.random, picked & lists.enriched, picked], ["random", "signal", "risk"], default="")
    chance = switches.capacity * switches.random_share
    outcome = _recorded(draws, truth=truth, affected=affected, investigated=investigated, switches=switches)
    found = investigated & (outcome != "none")
    level = _intervention(draws, outcome, found)
    objection = found & (level >= 2) & (draws.uniform("objection", n) < 0.35)
    upheld = objection & (draws.uniform("upheld", n) < np.where(outcome == truth, 0.15, 0.55))
    reached = (
        lists.signalled,
        lists.enriched,
        lists.high,
        lists.random | listed,
        investigated,
        found,
        objection,
        upheld,
    )
    return Process(
        steps=dict(zip(STEPS, reached, strict=True)),
        signal_source=_sources(draws, lists.signalled),
        arm=where_recorded(arm.astype(object), arm == ""),
        arm_probability=np.where(listed, chance + (1 - chance) * follow, chance),
        outcome_type=outcome,
        intervention_level=level,
    )


def _fill_lists(draws: Draws, *, truth: Words, affected: Bools, score_old: Floats, switches: Switches) -> _Lists:
    n = len(truth)
    room = switches.capacity * (1 - switches.random_share)
    # a third of what is not random goes to signals; violations are reported 3.3 times as often (odds)
    usual = logit(np.array(_LIST_FACTOR * room / 3 / 0.75))
    chance = expit(usual + 1.2 * (truth != "none") + switches.signal_intake * affected)
    signalled = draws.uniform("signal", n) < chance
    enriched = signalled & (draws.uniform("enriched", n) < 0.7)
    wanted = round(_LIST_FACTOR * room * 2 / 3 * n)
    high = np.zeros(n, dtype=bool)
    high[np.argsort(-score_old, kind="stable")[:wanted]] = True
    random = draws.uniform("random arm", n) < switches.capacity * switches.random_share
    return _Lists(signalled=signalled, enriched=enriched, high=high, random=random)


def _recorded(draws: Draws, *, truth: Words, affected: Bools, investigated: Bools, switches: Switches) -> Words:
    """Write the outcome down: the truth, unless past habits or uneven detection bend it."""
    n = len(truth)
    u = draws.uniform("record", n)
    recorded = truth.copy()
    hardened = affected & (truth == "administrative") & (u < switches.label_history)
    recorded[hardened] = "deliberate_false_information"
    overlooked = ~affected & (truth != "none") & (u < switches.differential_noise)
    recorded[overlooked] = "none"
    invented = affected & (truth == "none") & (u < switches.differential_noise / 5)
    recorded[invented] = "deliberate_false_information"
    recorded[~investigated] = "unknown"
    return recorded


def _intervention(draws: Draws, outcome: Words, found: Bools) -> npt.NDArray[np.int64]:
    """Place what was found on the pyramid: start low, more often high for what was deliberate."""
    u = draws.uniform("intervention", len(outcome))
    mild = np.searchsorted([0.35, 0.75, 0.85], u, side="right") + 1
    grave = np.searchsorted([0.10, 0.35, 0.90], u, side="right") + 2
    gravest = np.searchsorted([0.40, 0.50], u, side="right") + 4
    level = np.select(
        [outcome == "administrative", outcome == "deliberate_false_information", outcome == "public_order"],
        [mild, grave, gravest],
        default=0,
    )
    return np.where(found, level, 0).astype(np.int64)


def _sources(draws: Draws, signalled: Bools) -> Words:
    drawn = np.searchsorted(
        np.cumsum([0.15, 0.12, 0.2, 0.15, 0.1, 0.13, 0.1]), draws.uniform("signal source", len(signalled)), side="right"
    )
    return where_recorded(np.array(SIGNAL_SOURCES, dtype=object)[drawn], ~signalled)
