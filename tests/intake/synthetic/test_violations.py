from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from igw_audit.intake.synthetic import PILOTS, SyntheticPilot
from igw_audit.intake.synthetic.draws import Draws
from igw_audit.intake.synthetic.violations import TrueRates, true_violations

Maker = Callable[..., SyntheticPilot]


RATES = TrueRates(administrative=0.05, deliberate_false_information=0.02, public_order=0.001)


def test_the_expected_rate_is_the_same_in_every_group_however_risk_is_spread() -> None:
    draws = Draws(1)
    group = draws.of("group").integers(0, 5, 20_000)
    risk = draws.normal("risk", 20_000) + group.astype(np.float64)
    found = true_violations(draws, risk=risk, rates=RATES, group=group)
    for code in range(5):
        assert found.chance[group == code].mean() == pytest.approx(0.02, abs=1e-6)


def test_without_groups_the_rates_follow_the_risk() -> None:
    draws = Draws(1)
    group = draws.of("group").integers(0, 2, 20_000)
    found = true_violations(draws, risk=2.0 * group.astype(np.float64), rates=RATES, group=None)
    assert found.chance.mean() == pytest.approx(0.02, abs=1e-6)
    assert found.chance[group == 1].mean() > 5 * found.chance[group == 0].mean()


@pytest.mark.parametrize("pilot", PILOTS)
@pytest.mark.parametrize("scenario", ["none", "proxy", "manual_step"])
def test_the_true_rate_does_not_depend_on_nationality(made: Maker, pilot: str, scenario: str) -> None:
    truth = made(pilot, scenario, n=40_000).truth
    kind = "true:deliberate_false_information"
    a, b = (next(r for r in truth.rates if (r.attribute, r.group, r.event) == ("affected", g, kind))
            for g in ("affected", "others"))  # fmt: skip
    pooled = (a.events + b.events) / (a.n + b.n)
    z = (a.rate - b.rate) / math.sqrt(pooled * (1 - pooled) * (1 / a.n + 1 / b.n))
    assert abs(z) < 3.5
    assert pooled == pytest.approx(PILOTS[pilot].rates.deliberate_false_information, rel=0.15)


@pytest.mark.parametrize("pilot", PILOTS)
def test_with_base_rates_the_affected_truly_have_more_violations_through_the_declared_factor(
    made: Maker, pilot: str
) -> None:
    made_pilot = made(pilot, "base_rates", n=40_000)
    truth = made_pilot.truth
    kind = "true:deliberate_false_information"
    assert truth.rate(kind, "affected", attribute="affected") > 1.25 * truth.rate(kind, "others", attribute="affected")
    plain = made(pilot, n=40_000).cases[truth.declared_driver]
    affected = made_pilot.protected["nationality"].isin(truth.affected)
    assert (made_pilot.cases[truth.declared_driver][affected].mean()) < plain[affected].mean()
    assert truth.declared_driver in made_pilot.schema.names("declared")


@pytest.mark.parametrize("pilot", PILOTS)
def test_drivers_tell_violations_and_controls_do_not(made: Maker, pilot: str) -> None:
    one = made(pilot, n=40_000)
    hit = (one.truth_cases["true_type"] == "deliberate_false_information").to_numpy()

    def z(column: str) -> float:
        values = one.cases[column].to_numpy(dtype=np.float64)
        held = ~np.isnan(values)
        a, b = values[hit & held], values[~hit & held]
        return abs(float(a.mean() - b.mean())) / math.sqrt(float(a.var() / len(a) + b.var() / len(b)))

    assert all(z(column) > 4 for column in one.truth.drivers)
    assert all(z(column) < 4 for column in one.truth.controls)
