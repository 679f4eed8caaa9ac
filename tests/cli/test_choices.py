from __future__ import annotations

from igw_audit.cli.data import SCENARIOS as OFFERED
from igw_audit.intake.synthetic import PILOTS, SCENARIOS


def test_the_command_line_offers_every_scenario_there_is() -> None:
    # written out there, so that --help need not import the generator
    assert list(OFFERED) == list(SCENARIOS)


def test_the_command_line_offers_every_pilot_there_is() -> None:
    from igw_audit.cli.data import synthesize

    (option,) = (param for param in synthesize.params if param.name == "pilot")
    assert set(option.type.choices) == set(PILOTS)  # type: ignore[attr-defined]
