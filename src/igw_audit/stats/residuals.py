"""Outcomes and group membership with the declared factors taken out of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.nuisance import cross_fitted_means, cross_fitted_shares, within_levels

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """Outcomes and group membership with the declared factors taken out.

    Attributes
    ----------
    outcome : ndarray of float64, shape (n_cases, n_outcomes)
        ``r = outcome - m(L)``, within levels of the wide categories.
    member : ndarray of float64, shape (n_cases, K)
        ``e = 1[A = a] - p_a(L)``, within levels of the wide categories.
    shares : ndarray of float64, shape (n_cases, K)
        ``p_a(L)``.
    scale : ndarray of float64, shape (n_outcomes,)
        Standard deviation of each outcome as it came.
    groups, folds : ndarray of int64, shape (n_cases,)
    cluster : ndarray of int64, shape (n_cases,), or None
        Numbered from 0 by first case.
    """

    outcome: Floats
    member: Floats
    shares: Floats
    scale: Floats
    groups: Codes
    folds: Codes
    cluster: Codes | None = None

    def only(self, outcomes: slice | Codes) -> Residuals:
        """Keep some of the outcomes."""
        return replace(self, outcome=self.outcome[:, outcomes], scale=self.scale[outcomes])

    def sizes(self) -> Codes:
        """Count the independent units of each group: cases, or clusters that hold a case of the group."""
        if self.cluster is None:
            return np.bincount(self.groups, minlength=self.shares.shape[1]).astype(np.int64)
        pairs = np.unique(self.cluster * self.shares.shape[1] + self.groups)
        return np.bincount(pairs % self.shares.shape[1], minlength=self.shares.shape[1]).astype(np.int64)


def residualise(
    outcomes: Floats, groups: Codes, design: Basis | Floats, *, seed: int, cluster: Codes | None = None
) -> Residuals:
    """Take the declared factors out of outcomes and membership; arguments as in `conditional_effects`.

    Raises
    ------
    ValueError
        If shapes do not agree, a group has no case, or a number is not finite.
    """
    basis = design if isinstance(design, Basis) else _ready(np.asarray(design, dtype=np.float64))
    outcomes = np.asarray(outcomes, dtype=np.float64)
    groups = np.asarray(groups, dtype=np.int64)
    _check(outcomes, groups, basis, cluster)
    if cluster is not None:
        cluster = _by_first_case(cluster)
    folds = cross_fit_folds(groups, seed=seed, cluster=cluster)
    shares = cross_fitted_shares(groups, basis, folds)
    member = (groups[:, None] == np.arange(shares.shape[1])) - shares
    fitted = cross_fitted_means(outcomes, basis, folds)
    scale = outcomes.std(axis=0)
    residual = within_levels(outcomes - fitted, basis.wide)
    # what is left by rounding alone is nothing
    residual[:, np.sqrt((residual**2).mean(axis=0)) <= 1e-9 * np.abs(outcomes).max(axis=0, initial=0.0)] = 0.0
    return Residuals(
        outcome=residual,
        member=within_levels(member, basis.wide),
        shares=shares,
        scale=scale,
        groups=groups,
        folds=folds,
        cluster=cluster,
    )


def _ready(design: Floats) -> Basis:
    spread = design.std(axis=0)
    kept = spread > 1e-12
    return Basis(
        matrix=(design[:, kept] - design[:, kept].mean(axis=0)) / spread[kept],
        names=tuple(f"column {position + 1}" for position in np.flatnonzero(kept)),
        wide=np.empty((len(design), 0), dtype=np.int64),
    )


def _by_first_case(cluster: Codes) -> Codes:
    _, first, members = np.unique(cluster, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first, kind="stable"), kind="stable")[members].astype(np.int64)


def _check(outcomes: Floats, groups: Codes, basis: Basis, cluster: Codes | None) -> None:
    n = len(groups)
    if (
        outcomes.ndim != 2
        or len(outcomes) != n
        or len(basis.matrix) != n
        or (cluster is not None and len(cluster) != n)
    ):
        raise ValueError(
            f"outcomes {outcomes.shape}, groups {groups.shape} and design {basis.matrix.shape} must be about the same "
            "cases: give outcomes as (n_cases, n_outcomes) and one group and one design row a case"
        )
    counts = np.bincount(groups)
    if len(counts) < 2 or (counts == 0).any():
        raise ValueError("groups must be numbered 0 .. K - 1, K at least 2, with a case in every one")
    if not np.isfinite(outcomes).all() or not np.isfinite(basis.matrix).all():
        raise ValueError("outcomes and design must hold finite numbers: fill or mark what is missing first")
