"""From a pilot, a number of cases and a seed to tables with a known truth."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

from igw_audit.core.schema import CaseSchema
from igw_audit.errors import InputError
from igw_audit.intake.synthetic import knowledge, study, talent
from igw_audit.intake.synthetic.draws import Draws, Floats, standardised
from igw_audit.intake.synthetic.people import draw_people, protected_table
from igw_audit.intake.synthetic.pilot import Pilot, PilotColumns, decision_dates
from igw_audit.intake.synthetic.process import OUTCOMES, Process, run_process
from igw_audit.intake.synthetic.scenario import SCENARIOS, Switches, switches_for
from igw_audit.intake.synthetic.truth import Truth, oracle_rates
from igw_audit.intake.synthetic.violations import true_violations

PILOTS: dict[str, Pilot] = {pilot.name: pilot for pilot in (knowledge.PILOT, study.PILOT, talent.PILOT)}
_SMALLEST = 500


@dataclass(frozen=True, kw_only=True)
class SyntheticPilot:
    """A synthetic pilot: tables as an agency would hold them, and the truth that it would not.

    Attributes
    ----------
    cases : pandas.DataFrame
        One row a case, with ``case_id``, as the schema describes it; no protected attribute.
    protected : pandas.DataFrame
        ``case_id`` and the protected attributes.
    truth : Truth
        What was planted, and the true rates by group and step.
    truth_cases : pandas.DataFrame
        ``case_id``, ``true_type`` and ``true_chance`` (of a deliberate violation) of every case.
    """

    cases: pd.DataFrame
    protected: pd.DataFrame
    truth: Truth
    truth_cases: pd.DataFrame

    @property
    def schema_toml(self) -> str:
        """The schema file of the pilot, as text."""
        return files("igw_audit.intake.synthetic").joinpath(f"schemas/{self.truth.pilot}.toml").read_text("utf-8")

    @property
    def schema(self) -> CaseSchema:
        """The role of every column of ``cases``."""
        return CaseSchema.model_validate(tomllib.loads(self.schema_toml))


def synthesize(pilot: str, *, n: int, seed: int, scenario: str = "none", **switches: float) -> SyntheticPilot:
    """Make a pilot's tables with a known truth.

    Parameters
    ----------
    pilot : str
        ``knowledge``, ``study`` or ``talent``.
    n : int
        Number of cases, 500 or more.
    seed : int
        Same pilot, n, seed, scenario and switches: same tables. Scenarios with one seed differ only in what they touch.
    scenario : str
        Where bias enters; see ``SCENARIOS``.
    **switches : float
        Fields of ``Switches`` to set otherwise, for example ``manual_step=2.0`` or ``capacity=0.1``.

    Raises
    ------
    InputError
        If the pilot, scenario or a switch is not known, or a number is out of its range; every problem is listed.
    """
    problems = [f"pilot {pilot!r} is not known; pilots are {', '.join(PILOTS)}"] if pilot not in PILOTS else []
    if n < _SMALLEST:
        problems.append(f"n is {n}: give {_SMALLEST} cases or more, fewer cannot hold the rates of the pilots")
    if seed < 0:
        problems.append(f"seed is {seed}: give 0 or more")
    if problems:
        raise InputError("synthetic pilot", problems)
    facts = PILOTS[pilot]
    return _make(
        facts, n=n, draws=Draws(seed), scenario=scenario, switches=switches_for(scenario, switches, facts.defaults)
    )


def _make(facts: Pilot, *, n: int, draws: Draws, scenario: str, switches: Switches) -> SyntheticPilot:
    dates = decision_dates(draws, facts.year_shares, n)
    people = draw_people(draws, facts.population, n=n, sample_shift=switches.sample_shift)
    drawn = facts.draw(draws, people, switches, dates)
    violations = true_violations(
        draws,
        risk=drawn.risk + switches.proxy * drawn.proxy,
        rates=facts.rates,
        group=None if switches.base_rates else people.nationality,
    )
    score_old = _old_score(draws, drawn, switches)
    process = run_process(
        draws, truth=violations.types, affected=people.affected, score_old=score_old, switches=switches
    )
    ids = pd.Series([f"{facts.prefix}{number:07d}" for number in range(1, n + 1)])
    protected = protected_table(draws, people, ids, not_recorded=switches.not_recorded).assign(**drawn.protected)
    truth = Truth(
        pilot=facts.name,
        n=n,
        seed=draws.seed,
        scenario=scenario,
        bias_enters=SCENARIOS[scenario],
        switches=switches,
        affected=facts.population.affected,
        drivers=facts.drivers,
        declared_driver=facts.declared_driver,
        proxies=facts.proxies,
        controls=facts.controls,
        rates=oracle_rates(people, protected, types=violations.types, steps=process.steps),
    )
    return SyntheticPilot(
        cases=_case_table(ids, dates, drawn, score_old=score_old, process=process),
        protected=protected,
        truth=truth,
        truth_cases=pd.DataFrame(
            {"case_id": ids, "true_type": violations.types, "true_chance": violations.chance.round(6)}
        ),
    )


def _old_score(draws: Draws, drawn: PilotColumns, switches: Switches) -> Floats:
    """Score as the incumbent profile did: part of the truth, much noise, and the proxies where they are planted."""
    noise = draws.normal("old score", len(drawn.risk))
    return (0.7 * standardised(drawn.risk) + 0.4 * switches.proxy * drawn.proxy + 0.7 * noise).round(4)


def _case_table(
    ids: pd.Series,
    dates: npt.NDArray[np.datetime64],
    drawn: PilotColumns,
    *,
    score_old: Floats,
    process: Process,
) -> pd.DataFrame:
    words = pd.Series(process.outcome_type).map(OUTCOMES)
    return pd.DataFrame(
        {
            "case_id": ids,
            "decided_on": pd.Series(dates.astype("datetime64[us]")),
            **drawn.columns,
            "signal_source": process.signal_source,
            "score_old": score_old,
            **{name: reached.astype(np.int8) for name, reached in process.steps.items()},
            "arm": process.arm,
            "arm_probability": process.arm_probability.round(6),
            "outcome": words,
            "intervention_level": process.intervention_level,
        }
    )
