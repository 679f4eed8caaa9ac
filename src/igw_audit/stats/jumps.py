"""Where outcomes jump in a declared number: a wage norm, an age limit, which no hinge can follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis
from igw_audit.stats.nuisance import within_levels

Floats = NDArray[np.float64]

#: Quantiles of a number at which a jump is looked for before it is placed between two cases.
GRID = 63
#: A jump counts when it is this many standard errors from nothing, beyond what hinges make of it. The largest of some
#: 2,000 looks at nothing is under 4.5 in 99 of 100 tables. A jump of outcome and membership that both miss moves
#: their statistic by the product of the two over sqrt(n), so by 0.45 at the very most with 2,000 cases.
SURE = 4.5
#: Jumps of one number, and cases on either side of each.
MOST, LEAST = 4, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jump:
    number: int
    place: float
    size: float


def with_jumps(basis: Basis, targets: Floats) -> Basis:
    """Add to a basis the jumps of its numbers that outcomes or memberships show, the largest first.

    All cases are looked at, those of a held-out fold as well: a column of declared factors that is chosen by chance
    costs one degree of freedom, and none is chosen that is not sure over all looks together.

    Parameters
    ----------
    basis : Basis
    targets : ndarray of float64, shape (n_cases, n_targets)
        Everything that is to be residualised on the basis.

    References
    ----------
    Bai, J. and Perron, P. (1998). Estimating and testing linear models with multiple structural changes.
    Econometrica 66, 47-78.

    Examples
    --------
    >>> wage = np.linspace(0, 1, 2000)
    >>> basis = Basis(
    ...     matrix=((wage - 0.5) / wage.std())[:, None], names=("wage",), wide=np.empty((2000, 0), dtype=np.int64),
    ...     numbers=wage[:, None])
    >>> noise = np.random.default_rng(0).normal(size=2000)
    >>> with_jumps(basis, (noise + (wage > 0.3))[:, None]).names
    ('wage', 'jump of number 1 at 0.300...')
    """
    if basis.numbers is None or basis.matrix.shape[1] == 0:
        return basis
    spread = targets.std(axis=0)
    held = within_levels(targets[:, spread > 0] / spread[spread > 0], basis.wide)
    if held.shape[1] == 0:
        return basis
    looks = [_looks(column) for column in basis.numbers.T]
    indicators = [
        within_levels((column[:, None] > places) * 1.0, basis.wide)
        for column, places in zip(basis.numbers.T, looks, strict=True)
    ]
    found = np.zeros(len(looks), dtype=np.int64)
    while len(basis.names) < len(held) // 8:
        still = [places if count < MOST else places[:0] for places, count in zip(looks, found, strict=True)]
        jump = _largest(basis, held, still, indicators)
        if jump is None:
            break
        found[jump.number] += 1
        above = (basis.numbers[:, jump.number] > jump.place) * 1.0
        basis = replace(
            basis,
            matrix=np.column_stack([basis.matrix, (above - above.mean()) / above.std()]),
            names=(*basis.names, f"jump of number {jump.number + 1} at {jump.place:g}"),
        )
    return basis


def _looks(column: Floats) -> Floats:
    """Give the places to look at: quantiles with enough cases on either side."""
    places = np.unique(np.quantile(column, np.arange(1, GRID + 1) / (GRID + 1), method="lower"))
    above = (column[:, None] > places).sum(axis=0)
    return np.asarray(places[(above >= LEAST) & (above <= len(column) - LEAST)])


def _largest(basis: Basis, targets: Floats, looks: list[Floats], indicators: list[Floats]) -> _Jump | None:
    """Find the surest jump in what the basis leaves of the targets; None where none is sure."""
    design = within_levels(basis.matrix, basis.wide)
    design = design - design.mean(axis=0)
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] += 1e-6 * len(design)
    centred = targets - targets.mean(axis=0)
    rest = centred - design @ np.linalg.solve(gram, design.T @ centred)
    noise = rest.std(axis=0)
    rest = rest[:, noise > 1e-9] / noise[noise > 1e-9]
    best = None
    for number, above in enumerate(indicators):
        if looks[number].size == 0 or rest.shape[1] == 0:
            continue
        shared = design.T @ above
        own = ((above - above.mean(axis=0)) ** 2).sum(axis=0) - (shared * np.linalg.solve(gram, shared)).sum(axis=0)
        # what the basis gives already cannot jump
        usable = own > 1e-3 * len(design) / GRID
        z = np.where(usable[:, None], above.T @ rest / np.sqrt(np.where(usable, own, 1.0))[:, None], 0.0)
        look, target = np.unravel_index(int(np.argmax(np.abs(z))), z.shape)
        size = float(abs(z[look, target]))
        if size > max(SURE, best.size if best else 0.0):
            column = basis.numbers[:, number] if basis.numbers is not None else above[:, 0]
            best = _Jump(number=number, place=_placed(column, rest[:, target], looks[number], int(look)), size=size)
    return best


def _placed(column: Floats, rest: Floats, looks: Floats, look: int) -> float:
    """Place a jump between two cases, where the running sum of what is left turns."""
    low = looks[look - 1] if look else -np.inf
    high = looks[look + 1] if look + 1 < len(looks) else np.inf
    order = np.argsort(column, kind="stable")
    ordered, running = column[order], np.abs(np.cumsum(rest[order]))
    splits = np.flatnonzero((ordered[:-1] < ordered[1:]) & (ordered[:-1] >= low) & (ordered[:-1] < high))
    if len(splits) == 0:
        return float(looks[look])
    best = splits[int(np.argmax(running[splits]))]
    return float((ordered[best] + ordered[best + 1]) / 2)
