"""Proxy use: how far each part of a score shifts with group membership, beyond the declared factors, as one family."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from igw_audit.stats.basis import Basis
from igw_audit.stats.conditional import ConditionalEffects, effects_of
from igw_audit.stats.crt import Codes, Floats
from igw_audit.stats.pairs import Pairs, pair_contributions
from igw_audit.stats.pcm import OwnCovariance, ProjectedCovariance, own_covariance, projected_covariance
from igw_audit.stats.residuals import Residuals, residualise, spread


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
        Any dependence of all features together; its p-values join the projected covariance and the shifts of all
        features taken together.
    own : OwnCovariance
        Any dependence of each feature, shape (n_features, K); p is 1 where the omnibus does not reject for the group
        or a shift is told there already.
    widening : ndarray of float64, shape (n_features, K)
        How much further from the middle a feature pushes the group's scores, up or down, in the score's own unit.
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
    own: OwnCovariance
    widening: Floats
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
    alpha_omnibus: float = 0.01,
    cluster: NDArray[np.int64] | None = None,
    weight: Floats | None = None,
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
    seed, draws, confidence, alpha, cluster, weight
        As in `conditional_effects`; one family of all parts and groups.
    alpha_omnibus : float
        Where the omnibus rejects at this level and no shift is told, features are tested one by one.

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
    scale = float(spread(parts.score[:, None], weight)[0])
    pairs = pair_contributions(parts.features, parts.values, scale=scale)
    declared = [] if parts.declared is None else [parts.declared]
    family = np.column_stack([parts.features, pairs.contribution, *declared, parts.score, parts.decision])
    count, singles = family.shape[1], parts.features.shape[1]
    residuals = residualise(
        np.column_stack([family, presence]), groups, basis, seed=seed, cluster=cluster, weight=weight
    )
    held = residuals.only(slice(0, count))
    effects = effects_of(held, seed=seed, draws=draws, confidence=confidence, alpha=alpha, together=slice(0, singles))
    omnibus = _omnibus(parts, residuals, effects, seed=seed)
    told = effects.rejected(alpha=alpha)[: singles + len(pairs.members)].any(axis=0)
    own = _own(parts, residuals, (omnibus.p_adjusted <= alpha_omnibus) & ~told, seed=seed, draws=draws)
    left = np.maximum((residuals.member * residuals.weighted).sum(axis=0), 1e-300)
    far = np.abs(residuals.outcome[:, :singles])
    deviation = residuals.scale[count:]
    shifts = residuals.outcome[:, count:].T @ residuals.weighted / left
    return ProxyUse(
        effects=effects,
        scale=scale,
        codes=residuals.groups,
        n_features=singles,
        pairs=pairs,
        has_declared=bool(declared),
        omnibus=omnibus,
        own=own,
        widening=(far - far.mean(axis=0)).T @ residuals.weighted / left,
        presence=shifts / np.where(deviation > 0, deviation, 1.0)[:, None],
    )


def _omnibus(parts: ScoreParts, residuals: Residuals, effects: ConditionalEffects, *, seed: int) -> ProjectedCovariance:
    """Join both omnibus tests: the shifts of all features taken together, and their projected covariance."""
    known = parts.features.shape[1] > 0
    # what declared factors carry has its own row, and a bend in them that the basis misses is no feature's doing
    predictors = parts.features if known else parts.score[:, None]
    found = projected_covariance(predictors, residuals, seed=seed, draws=effects.draws)
    if not known:
        return found
    return replace(found, p_adjusted=np.minimum(1.0, 2 * np.minimum(found.p_adjusted, effects.together)))


def _own(parts: ScoreParts, residuals: Residuals, asked: NDArray[np.bool_], *, seed: int, draws: int) -> OwnCovariance:
    """Ask feature by feature for the groups in question; p is 1 and nothing explained for all others."""
    p, explained = np.ones((parts.features.shape[1], len(asked))), np.zeros((parts.features.shape[1], len(asked)))
    for group in np.flatnonzero(asked & (len(p) > 0)):
        own = own_covariance(parts.features, residuals, int(group), seed=seed, draws=draws)
        p[:, group], explained[:, group] = own.p_adjusted, own.explained
    return OwnCovariance(p_adjusted=p, explained=explained)
