"""The truth beside the data: what is planted, where bias enters, and the true rates of each group at each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from igw_audit.core.text import Text
from igw_audit.intake.synthetic.people import People
from igw_audit.intake.synthetic.pilot import PlantedProxy
from igw_audit.intake.synthetic.scenario import Switches

_NOT_RECORDED = "(not recorded)"


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleRate:
    """How many of a group's ``n`` cases, seen and unseen, have the event: a step's name or ``true:<type>``."""

    attribute: str
    group: str
    event: str
    events: int
    n: int

    @property
    def rate(self) -> float:
        """Share of the group's cases."""
        return self.events / self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everything that was planted in a synthetic pilot, and how it came out."""

    pilot: str
    n: int
    seed: int
    scenario: str
    bias_enters: Text
    switches: Switches
    affected: tuple[str, ...]
    drivers: tuple[str, ...]
    declared_driver: str
    proxies: tuple[PlantedProxy, ...]
    controls: tuple[str, ...]
    rates: tuple[OracleRate, ...]

    def rate(self, event: str, group: str, *, attribute: str = "nationality") -> float:
        """Give one true rate; a KeyError names what is not there."""
        for known in self.rates:
            if (known.event, known.group, known.attribute) == (event, group, attribute):
                return known.rate
        raise KeyError(f"no rate of {event!r} for {attribute} {group!r}")

    def to_dict(self) -> dict[str, object]:
        """Give the truth as truth.json holds it."""
        held = asdict(self)
        held["rates"] = [{**asdict(known), "rate": known.rate} for known in self.rates]
        return held


def oracle_rates(
    people: People,
    protected: pd.DataFrame,
    *,
    types: np.ndarray[tuple[int], np.dtype[np.object_]],
    steps: Mapping[str, np.ndarray[tuple[int], np.dtype[np.bool_]]],
) -> tuple[OracleRate, ...]:
    """Count true violations and steps by group: by recorded attribute, and by whether bias touches the nationality."""
    events = {
        **{
            f"true:{kind}": types == kind for kind in ("administrative", "deliberate_false_information", "public_order")
        },
        **steps,
    }
    groups = {name: protected[name] for name in protected.columns if name != "case_id"}
    groups["affected"] = pd.Series(np.where(people.affected, "affected", "others"))
    return tuple(rate for name, values in groups.items() for rate in _of(name, values, events))


def _of(
    attribute: str, values: pd.Series, events: Mapping[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]
) -> Iterator[OracleRate]:
    codes, names = pd.factorize(values.fillna(_NOT_RECORDED).to_numpy(dtype=object))
    size = np.bincount(codes, minlength=len(names))
    counts = {event: np.bincount(codes[reached], minlength=len(names)) for event, reached in events.items()}
    for code in np.lexsort((np.arange(len(names)), -size)):
        for event, count in counts.items():
            yield OracleRate(
                attribute=attribute, group=str(names[code]), event=event, events=int(count[code]), n=int(size[code])
            )
