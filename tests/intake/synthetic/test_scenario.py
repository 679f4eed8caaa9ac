from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from igw_audit.errors import InputError
from igw_audit.intake.synthetic import PILOTS, SCENARIOS, SyntheticPilot, synthesize
from igw_audit.intake.synthetic.scenario import STRENGTH

Maker = Callable[..., SyntheticPilot]


AFTER_RECORDING = {"outcome", "violation_found", "intervention_level", "objection", "objection_upheld"}
AFTER_PICKING = {"investigated", "arm", *AFTER_RECORDING}
AFTER_SIGNAL = {"signal", "enriched", "selected", "arm_probability", "signal_source", *AFTER_PICKING}
#: What a scenario may touch; every other column must stay the same, value by value.
TOUCHED = {
    "label_history": AFTER_RECORDING,
    "differential_noise": AFTER_RECORDING,
    "manual_step": AFTER_PICKING,
    "signal_intake": AFTER_SIGNAL,
    "proxy": {"score_old", "scored_high", *AFTER_SIGNAL},
}


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize("scenario", TOUCHED)
def test_a_scenario_changes_what_it_says_and_nothing_else(made: Maker, pilot: str, scenario: str) -> None:
    plain, bent = made(pilot), made(pilot, scenario)
    changed = {name for name in plain.cases.columns if not plain.cases[name].equals(bent.cases[name])}
    assert changed <= TOUCHED[scenario]
    assert changed
    pd.testing.assert_frame_equal(plain.protected, bent.protected)
    truth_moves = not plain.truth_cases.equals(bent.truth_cases)
    assert truth_moves == (scenario == "proxy")


@pytest.mark.parametrize("pilot", PILOTS)
def test_a_sample_shift_leaves_the_earlier_cases_alone(made: Maker, pilot: str) -> None:
    plain, bent = made(pilot), made(pilot, "sample_shift")
    early = slice(0, int(0.7 * plain.truth.n))
    pd.testing.assert_frame_equal(plain.protected[early], bent.protected[early])
    drawn = list(plain.cases.columns[: plain.cases.columns.get_loc("signal_source")])
    pd.testing.assert_frame_equal(plain.cases[drawn][early], bent.cases[drawn][early])


@pytest.mark.parametrize("pilot", PILOTS)
def test_after_a_sample_shift_the_affected_come_more_often_and_register_one_more_move(made: Maker, pilot: str) -> None:
    plain, bent = made(pilot), made(pilot, "sample_shift")
    late = slice(int(0.7 * plain.truth.n), None)

    def affected(one: pd.DataFrame) -> pd.Series:
        return one["nationality"].isin(PILOTS[pilot].population.affected)[late]

    assert affected(bent.protected).mean() > 1.3 * affected(plain.protected).mean()
    both = affected(plain.protected) & affected(bent.protected)
    column = PILOTS[pilot].shifting
    moved = (bent.cases[column] - plain.cases[column])[late]
    assert (moved[both] == 1).all()
    assert (moved[~affected(bent.protected) & bent.protected["nationality"].notna()[late]] == 0).all()


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize(
    ("scenario", "step", "least"),
    [
        ("signal_intake", "signal", 2.0),
        ("manual_step", "investigated", 1.2),
        ("proxy", "scored_high", 1.5),
        ("label_history", "objection_upheld", 1.5),
        ("differential_noise", "violation_found", 2.0),
    ],
)
def test_bias_shows_at_the_step_where_it_enters(
    made: Maker, pilot: str, scenario: str, step: str, least: float
) -> None:
    truth = made(pilot, scenario, n=40_000).truth
    assert truth.rate(step, "affected", attribute="affected") > least * truth.rate(step, "others", attribute="affected")


@pytest.mark.parametrize("pilot", PILOTS)
def test_without_bias_every_main_step_is_even(made: Maker, pilot: str) -> None:
    truth = made(pilot, n=40_000).truth
    for step in ("signal", "scored_high", "selected", "investigated"):
        ratio = truth.rate(step, "affected", attribute="affected") / truth.rate(step, "others", attribute="affected")
        # knowledge: permits of one sponsor move together
        assert ratio == pytest.approx(1, abs=0.1), step


def test_every_scenario_has_a_strength_and_says_where_bias_enters_in_both_languages() -> None:
    assert set(STRENGTH) == set(SCENARIOS) - {"none"}
    assert all(text.en and text.nl for text in SCENARIOS.values())


def test_a_switch_sets_the_strength() -> None:
    weak = synthesize("talent", n=20_000, seed=3, scenario="signal_intake", signal_intake=0.2).truth
    strong = synthesize("talent", n=20_000, seed=3, scenario="signal_intake", signal_intake=2.0).truth
    assert strong.rate("signal", "affected", attribute="affected") > 2 * weak.rate(
        "signal", "affected", attribute="affected"
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as found:
        synthesize("talent", n=1000, seed=1, scenario="manual", manual_stepp=1.0, capacity=0.9, random_share=0.0)
    assert len(found.value.problems) == 4
    assert "'manual_step'" in str(found.value)
    with pytest.raises(InputError) as found:
        synthesize("visa", n=10, seed=-1)
    assert len(found.value.problems) == 3
