"""Proxy use: how far each part of a score shifts with group membership, beyond the declared factors, as one family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis
from igw_audit.stats.conditional import ConditionalEffects, effects_of
from igw_audit.stats.crt import Codes, Floats
from igw_audit.stats.pairs import Pairs, pair_contributions
from igw_audit.stats.pcm import ProjectedCovariance, projected_covariance
from igw_audit.stats.residuals import residualise


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreParts:
    """A score taken apart, on one scale (log-odds or the score's own).

    Attributes
    ----------
    score : ndarray of float64, shape (n_cases,)
        The model's output for the real cases.
    decision : ndarray of float64, shape (n_cases,)
        1 where selected, else 0.
    features : ndarray of float64, shape (n_cases, n_features)
        Contribution of each feature that is not declared; no columns where only the score is known.
    declared : ndarray of float64, shape (n_cases,), or None
        Contribution of all declared factors together; None where they contribute nothing or nobody knows.
    values : ndarray of float64, shape (n_cases, n_features)
        The features' values as numbers, for finding pairs.
    """

    score: Floats
    decision: Floats
    features: Floats
    values: Floats
    declared: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyUse:
    """Shifts of all parts, as `ConditionalEffects` with rows in this order: features, pairs, declared, total, decision.

    Attributes
    ----------
    effects : ConditionalEffects
        Divide a row but the last by ``scale`` for delta; the last row by ``effects.scale[-1]``.
    scale : float
        Standard deviation of the score.
    codes : ndarray of int64, shape (n_cases,)
        Group of each case that was measured.
    pairs : Pairs
        Members of the pair rows.
    omnibus : ProjectedCovariance
        Any dependence of all parts together.
    presence : ndarray of float64, shape (n_presence, K)
        Shift of each presence column given the declared factors, in its own standard deviations.
    """

    effects: ConditionalEffects
    scale: float
    codes: Codes
    n_features: int
    pairs: Pairs
    has_declared: bool
    omnibus: ProjectedCovariance
    presence: Floats

    @property
    def total(self) -> int:
        """Row of the whole score."""
        return len(self.effects.effect) - 2

    @property
    def decision(self) -> int:
        """Row of the decision."""
        return len(self.effects.effect) - 1

    def unit(self, row: int) -> float:
        """What a row's effects are divided by to be in standard deviations: the score's, for the decision its own."""
        return float(self.effects.scale[-1]) if row == self.decision else self.scale


def proxy_use(  # noqa: PLR0913 - everything beyond the data goes by keyword
    parts: ScoreParts,
    groups: Codes,
    basis: Basis,
    *,
    presence: Floats,
    seed: int,
    draws: int = 999,
    confidence: float = 0.95,
    alpha: float = 0.04,
    cluster: NDArray[np.int64] | None = None,
) -> ProxyUse:
    """Measure every part's shift for every group, given the declared factors, with joint error control.

    Parameters
    ----------
    parts : ScoreParts
    groups : ndarray of int64, shape (n_cases,)
    basis : Basis
        The declared factors.
    presence : ndarray of float64, shape (n_cases, n_presence)
        Raw feature columns whose association with the group is to be told beside their use; not tested.
    seed, draws, confidence, alpha, cluster
        As in `conditional_effects`; one family of all parts and groups.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> group = np.arange(2000) % 2
    >>> used, unused = rng.normal(size=2000) + group, rng.normal(size=2000) + group
    >>> parts = ScoreParts(
    ...     score=used, decision=(used > 1) * 1.0, features=np.column_stack([used, 0 * unused]),
    ...     values=np.column_stack([used, unused]))
    >>> found = proxy_use(parts, group, Basis.empty(2000), presence=unused[:, None], seed=0, draws=199)
    >>> found.effects.rejected(alpha=0.04)[:2, 1].tolist(), bool(found.presence[0, 1] > 0.3)
    ([True, False], True)
    """
    scale = float(parts.score.std())
    pairs = pair_contributions(parts.features, parts.values, scale=scale)
    declared = [] if parts.declared is None else [parts.declared]
    family = np.column_stack([parts.features, pairs.contribution, *declared, parts.score, parts.decision])
    count = family.shape[1]
    residuals = residualise(np.column_stack([family, presence]), groups, basis, seed=seed, cluster=cluster)
    held = residuals.only(slice(0, count))
    effects = effects_of(held, seed=seed, draws=draws, confidence=confidence, alpha=alpha)
    predictors = np.column_stack([parts.features, *declared, parts.score])
    weight = np.maximum((residuals.member**2).sum(axis=0), 1e-300)
    spread = residuals.scale[count:]
    shifts = residuals.outcome[:, count:].T @ residuals.member / weight
    return ProxyUse(
        effects=effects,
        scale=scale,
        codes=residuals.groups,
        n_features=parts.features.shape[1],
        pairs=pairs,
        has_declared=bool(declared),
        omnibus=projected_covariance(predictors, residuals, basis, seed=seed, draws=draws),
        presence=shifts / np.where(spread > 0, spread, 1.0)[:, None],
    )
