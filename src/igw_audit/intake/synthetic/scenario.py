"""Where bias enters: one scenario, one place, and how strongly."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields, replace

from igw_audit.core.text import Text
from igw_audit.errors import InputError

#: Scenario -> where bias enters. A scenario is also the name of the switch that says how strong it is.
SCENARIOS: dict[str, Text] = {
    "none": Text(
        en="nowhere: the chance of a violation, its detection and every step are the same for each nationality",
        nl="nergens: de kans op een overtreding, de opsporing en elke stap zijn gelijk voor elke nationaliteit",
    ),
    "label_history": Text(
        en="in the recorded outcomes: investigators wrote administrative shortcomings of the affected nationalities "
        "down as deliberately false information",
        nl="in de vastgelegde uitkomsten: bij de getroffen nationaliteiten werd een administratieve fout opgeschreven "
        "als opzettelijk onjuiste gegevens",
    ),
    "proxy": Text(
        en="in the risk profile: columns that go with the affected nationalities say something within every "
        "nationality and nothing between them, and the old score uses them",
        nl="in het risicoprofiel: kolommen die samengaan met de getroffen nationaliteiten zeggen iets binnen elke "
        "nationaliteit en niets tussen nationaliteiten, en de oude score gebruikt ze",
    ),
    "manual_step": Text(
        en="in the manual selection: at the same score, handlers pick the affected nationalities more often",
        nl="in de handmatige keuze: bij dezelfde score kiezen medewerkers de getroffen nationaliteiten vaker",
    ),
    "signal_intake": Text(
        en="in the signals that come in: partners report the affected nationalities more often, violation or not",
        nl="in de signalen: partners melden de getroffen nationaliteiten vaker, met of zonder overtreding",
    ),
    "sample_shift": Text(
        en="in time: in the latest 30 % of cases the affected nationalities come more often, through a channel that "
        "registers one risk column differently",
        nl="in de tijd: in de laatste 30 % van de zaken komen de getroffen nationaliteiten vaker voor, via een kanaal "
        "dat één risicokolom anders vastlegt",
    ),
    "differential_noise": Text(
        en="in detection: violations of the other nationalities are overlooked, and the affected nationalities are "
        "recorded with violations that were not there",
        nl="in de opsporing: overtredingen van andere nationaliteiten worden gemist, en bij de getroffen "
        "nationaliteiten worden overtredingen vastgelegd die er niet waren",
    ),
    "base_rates": Text(
        en="nowhere in the process: the affected nationalities truly have more violations, through a declared factor, "
        "so that equal selection and equal errors cannot both hold",
        nl="nergens in het proces: de getroffen nationaliteiten hebben echt meer overtredingen, via een verklaarde "
        "factor, zodat gelijke selectie en gelijke fouten niet allebei kunnen",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How strongly bias enters at each place (0 is not at all), and what every process has.

    Attributes
    ----------
    label_history : float
        Share of administrative outcomes of the affected nationalities that is recorded as deliberate.
    proxy : float
        Log-odds of a violation per standard deviation of the planted proxies, within every nationality.
    manual_step, signal_intake : float
        Extra log-odds of being picked by hand, of a signal, for the affected nationalities.
    sample_shift : float
        Factor on the share of the affected nationalities in the latest 30 % of cases, minus one.
    differential_noise : float
        Share of violations overlooked among others; a fifth of it is recorded without cause among the affected.
    base_rates : float
        Shift of the declared factor of the affected nationalities, in its standard deviations.
    capacity : float
        Share of cases that can be investigated; in parts 2:1:1 for risk, random and signals.
    random_share : float
        Share of that capacity that is drawn at random.
    not_recorded : float
        Share of cases without a recorded nationality.
    """

    label_history: float = 0.0
    proxy: float = 0.0
    manual_step: float = 0.0
    signal_intake: float = 0.0
    sample_shift: float = 0.0
    differential_noise: float = 0.0
    base_rates: float = 0.0
    capacity: float = 0.16
    random_share: float = 0.25
    not_recorded: float = 0.03


#: The strength that each scenario has unless a switch says otherwise.
STRENGTH = {
    "label_history": 0.6,
    "proxy": 1.4,
    "manual_step": 1.5,
    "signal_intake": 1.4,
    "sample_shift": 1.0,
    "differential_noise": 0.5,
    "base_rates": 0.8,
}
_SHARES = ("label_history", "differential_noise", "capacity", "random_share", "not_recorded")


def switches_for(scenario: str, given: dict[str, float], defaults: Switches) -> Switches:
    """Set the switches of a scenario over a pilot's defaults, then those that the caller gives.

    Raises
    ------
    InputError
        If the scenario or a switch is not known, or a strength is out of its range; every problem is listed.
    """
    names = [field.name for field in fields(Switches)]
    problems = []
    if scenario not in SCENARIOS:
        problems.append(f"scenario {scenario!r} is not known{_near(scenario, list(SCENARIOS))}")
    for name, value in given.items():
        if name not in names:
            problems.append(f"switch {name!r} is not known{_near(name, names)}")
        elif name in _SHARES and not 0 <= value <= 1:
            problems.append(f"switch {name} is {value}: give a share from 0 to 1")
        elif value < 0:
            problems.append(f"switch {name} is {value}: give 0 (off) or more")
    merged = {"capacity": defaults.capacity, "random_share": defaults.random_share, **given}
    if not 0 < merged["capacity"] <= 0.5:
        problems.append(f"switch capacity is {merged['capacity']}: give a share above 0 and at most 0.5")
    if merged["random_share"] == 0:
        problems.append("switch random_share is 0: give a share above 0, without a random arm no chance is known")
    if problems:
        raise InputError("synthetic pilot", problems)
    strength = {scenario: STRENGTH[scenario]} if scenario in STRENGTH else {}
    return replace(defaults, **{**strength, **given})


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
