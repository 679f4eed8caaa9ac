"""The cells of two attributes: who is in one group of each."""

from __future__ import annotations

import numpy as np

from igw_audit.core.cases import REST, Group, Grouping
from igw_audit.core.finding import CROSS


def crossed(one: Grouping, other: Grouping) -> list[tuple[Group, str]]:
    """Give every non-empty cell against everyone else, with the other attribute's name.

    None where one attribute follows from the other, so that its groups are the cells already.
    """
    joint = one.codes * len(other.names) + other.codes
    held = np.unique(joint)
    if len(held) == max(len(one.names), len(other.names)):
        return []
    return [
        (
            Group(
                name=f"{one.names[code // len(other.names)]}{CROSS}{other.names[code % len(other.names)]}",
                reference=REST,
                member=joint == code,
                compared=joint != code,
            ),
            other.attribute,
        )
        for code in held.tolist()
    ]
