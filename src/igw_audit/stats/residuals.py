"""Outcomes and group membership with the declared factors taken out of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis
from igw_audit.stats.folds import cross_fit_folds
from igw_audit.stats.jumps import with_jumps
from igw_audit.stats.membership import fit_shares
from igw_audit.stats.nuisance import cross_fitted_means, within_levels

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """Outcomes and group membership with the declared factors taken out.

    Attributes
    ----------
    outcome : ndarray of float64, shape (n_cases, n_outcomes)
        ``r = outcome - m(L)``, within levels of the wide categories.
    answered : ndarray of float64, shape (n_cases, n_outcomes)
        What ``sum_i r_i e_i`` really weighs each membership with, as it also went into the shares (`Shares.answered`):
        the null of the statistics is made of it.
    member : ndarray of float64, shape (n_cases, K)
        ``e = 1[A = a] - p_a(L)``, within levels of the wide categories.
    shares : ndarray of float64, shape (n_cases, K)
        ``p_a(L)``.
    scale : ndarray of float64, shape (n_outcomes,)
        Standard deviation of each outcome as it came.
    groups, folds : ndarray of int64, shape (n_cases,)
    design : Basis
        The declared factors, with the jumps that were found.
    cluster : ndarray of int64, shape (n_cases,), or None
        Numbered from 0 by first case.
    weight : ndarray of float64, shape (n_cases,), or None
        How many cases each stands for, on average 1; None where each stands for itself.
    """

    outcome: Floats
    answered: Floats
    member: Floats
    shares: Floats
    scale: Floats
    groups: Codes
    folds: Codes
    design: Basis
    cluster: Codes | None = None
    weight: Floats | None = None

    def only(self, outcomes: slice | Codes) -> Residuals:
        """Keep some of the outcomes."""
        return replace(
            self,
            outcome=self.outcome[:, outcomes],
            answered=self.answered[:, outcomes],
            scale=self.scale[outcomes],
        )

    @property
    def weighted(self) -> Floats:
        """Membership residuals times what each case stands for, shape (n_cases, K)."""
        return self.member if self.weight is None else self.member * self.weight[:, None]

    def by_group(self) -> Floats:
        """Give what a case of each group stands for, shape (K,); there are no clusters then."""
        first = np.unique(self.groups, return_index=True)[1]
        return np.ones(len(first)) if self.weight is None else self.weight[first]

    def drawn(self) -> Residuals:
        """Give the residuals among the cases as they were drawn, without weights: what a test on them needs.

        A case of group ``a`` was drawn with a chance that is one over what it stands for, so among those drawn the
        group's share is ``p_a(L)`` times that chance, divided by the sum over groups. Clusters were drawn whole, with
        chances that hang on all their cases: there the weighted residual itself has mean zero.
        """
        if self.weight is None:
            return self
        if self.cluster is not None:
            return replace(self, member=self.weighted, weight=None)
        shares = self.shares / self.by_group()
        shares /= shares.sum(axis=1, keepdims=True)
        member = (self.groups[:, None] == np.arange(shares.shape[1])) - shares
        outcome = within_levels(self.outcome, self.design.wide)
        return replace(
            self,
            outcome=outcome,
            answered=outcome,
            member=within_levels(member, self.design.wide),
            shares=shares,
            weight=None,
        )

    def sizes(self) -> Codes:
        """Count the independent units of each group: cases, or clusters that hold a case of the group."""
        if self.cluster is None:
            return np.bincount(self.groups, minlength=self.shares.shape[1]).astype(np.int64)
        pairs = np.unique(self.cluster * self.shares.shape[1] + self.groups)
        return np.bincount(pairs % self.shares.shape[1], minlength=self.shares.shape[1]).astype(np.int64)


def residualise(  # noqa: PLR0913 - everything beyond the data goes by keyword
    outcomes: Floats,
    groups: Codes,
    design: Basis | Floats,
    *,
    seed: int,
    cluster: Codes | None = None,
    weight: Floats | None = None,
) -> Residuals:
    """Take the declared factors out of outcomes and membership; arguments as in `conditional_effects`.

    Raises
    ------
    ValueError
        If shapes do not agree, a group has no case, a number is not finite, or without clusters two cases of one group
        stand for different numbers of cases.
    """
    basis = design if isinstance(design, Basis) else _ready(np.asarray(design, dtype=np.float64))
    outcomes = np.asarray(outcomes, dtype=np.float64)
    groups = np.asarray(groups, dtype=np.int64)
    _check(outcomes, groups, basis, cluster)
    if weight is not None:
        weight = weight / weight.mean()
        _check_weight(weight, groups, cluster)
    if cluster is not None:
        cluster = _by_first_case(cluster)
    folds = cross_fit_folds(groups, seed=seed, cluster=cluster)
    belongs = (groups[:, None] == np.arange(int(groups.max()) + 1)) * 1.0
    basis = with_jumps(basis, np.column_stack([outcomes, belongs]))
    shares = fit_shares(groups, basis, folds, weight)
    fitted = cross_fitted_means(outcomes, basis, folds, weight)
    residual = within_levels(outcomes - fitted, basis.wide, weight)
    # what is left by rounding alone is nothing
    residual[:, np.sqrt((residual**2).mean(axis=0)) <= 1e-9 * np.abs(outcomes).max(axis=0, initial=0.0)] = 0.0
    return Residuals(
        outcome=residual,
        answered=shares.answered(residual),
        member=within_levels(belongs - shares.within, basis.wide, weight),
        shares=shares.values,
        scale=spread(outcomes, weight),
        groups=groups,
        folds=folds,
        design=basis,
        cluster=cluster,
        weight=weight,
    )


def spread(values: Floats, weight: Floats | None) -> Floats:
    """Give the standard deviation of each column among the cases that these stand for."""
    if weight is None:
        return np.asarray(values.std(axis=0))
    mean = np.average(values, axis=0, weights=weight)
    return np.asarray(np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight)))


def _check_weight(weight: Floats, groups: Codes, cluster: Codes | None) -> None:
    if len(weight) != len(groups) or not np.isfinite(weight).all() or (weight <= 0).any():
        raise ValueError("every case must stand for a positive number of cases")
    if cluster is None:
        _, first = np.unique(groups, return_index=True)
        if np.abs(weight - weight[first][groups]).max() > 1e-9 * weight.max():
            raise ValueError("without clusters all cases of a group must stand for the same number of cases")


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
