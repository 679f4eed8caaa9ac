"""What the declared factors predict of groups: p_a(L) = P(A = a | L), cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import fmin_l_bfgs_b

from igw_audit.stats.basis import Basis
from igw_audit.stats.nuisance import Moments, ridge, some, within_levels

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Cross-fitted P(A = a | L), and how the fit answers to the groups it was learnt from.

    Attributes
    ----------
    values : ndarray of float64, shape (n_cases, K)
        Out of fold; rows sum to 1.
    within : ndarray of float64, shape (n_cases, K)
        The same with the part of wide categories averaged over each level, so that it drops out within levels; the
        very same numbers where nothing declared is wide.
    """

    values: Floats
    within: Floats
    design: Floats
    folds: Codes
    smoothers: tuple[_Smoother, ...]

    def answered(self, outcomes: Floats) -> Floats:
        """Give the outcomes that ``sum_i outcome_i e_i`` really weighs each membership with.

        ``e = 1[A = a] - p(L)`` holds each membership twice: as itself, and in the fit for the other folds. To first
        order the sum is ``sum_j (outcome_j - sum_i outcome_i s_ij) 1[A_j = a]`` with the fit's own smoother s, and
        that is what varies when groups are drawn anew and the fit with them.

        Where cases stand for others nothing is added: only a part was drawn then, and so many cases that the columns
        of the declared factors are few against them.

        Parameters
        ----------
        outcomes : ndarray of float64, shape (n_cases, n_outcomes)

        Examples
        --------
        >>> groups, folds = np.arange(100) % 2, np.arange(100) // 20
        >>> held = fit_shares(groups, Basis.empty(100), folds).answered(np.ones((100, 1)))
        >>> bool(np.abs(held).max() < 1e-12)
        True
        """
        found = outcomes.copy()
        for smoother in self.smoothers:
            held = self.folds == smoother.fold
            inside = outcomes[held]
            weight = smoother.inverse @ ((self.design[held] - smoother.mean).T @ inside)
            found[~held] -= (self.design[~held] - smoother.mean) @ weight + inside.sum(axis=0) / (~held).sum()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Smoother:
    """What the fit for one fold made of the others: ``x_i inverse x_j`` of case j goes into the share of case i."""

    fold: int
    mean: Floats
    inverse: Floats


def fit_shares(groups: Codes, basis: Basis, folds: Codes, weight: Floats | None = None) -> Shares:
    """Predict each case's group from the declared factors by multinomial logistic regression, out of fold.

    The ridge penalty is that of the linear probability model chosen by generalised cross-validation, carried over
    by the ratio of the two curvatures. Wide categories enter by each level's share of every group, counted on the
    other folds and shrunk towards the overall shares.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_cases,)
        Group of each case, 0 .. K - 1, every group present.
    basis : Basis
    folds : ndarray of int64, shape (n_cases,)
    weight : ndarray of float64, shape (n_cases,), optional
        How many cases each stands for, on average 1; the shares are then those among the cases stood for.

    Examples
    --------
    >>> shares = fit_shares(np.arange(100) % 2, Basis.empty(100), np.arange(100) // 20)
    >>> shares.values[0].round(2).tolist()
    [0.5, 0.5]
    """
    count = int(groups.max()) + 1
    encoded = encoded_levels(groups, basis.wide, folds, weight)
    level = [by - within_levels(by, basis.wide[:, [k]], weight) for k, by in enumerate(encoded)]
    design, averaged = np.column_stack([basis.matrix, *encoded]), np.column_stack([basis.matrix, *level])
    member = (groups[:, None] == np.arange(count)) * 1.0
    total = Moments.of(design, member, weight)
    values, within, smoothers = np.empty(member.shape), np.empty(member.shape), []
    for fold in np.unique(folds):
        held = folds == fold
        train = total.without(Moments.of(design[held], member[held], some(weight, held)))
        # a group without cases outside this fold keeps half a case, so that its share is never zero
        base = np.log((train.outcome_mean * train.n + 0.5) / (train.n + 0.5 * count))
        slopes = np.zeros((design.shape[1] + 1, count))
        if design.shape[1]:
            fitted = _Fitted(design=design[~held] - train.design_mean, member=member[~held], weight=some(weight, ~held))
            slopes = _logistic(fitted, train, base)
        smoothers.append(_smoother(train, int(fold)))
        values[held] = _softmax(base + slopes[0] + (design[held] - train.design_mean) @ slopes[1:])
        within[held] = _softmax(base + slopes[0] + (averaged[held] - train.design_mean) @ slopes[1:])
    return Shares(
        values=values,
        within=within,
        design=averaged,
        folds=folds,
        smoothers=tuple(smoothers) if weight is None else (),
    )


def _smoother(train: Moments, fold: int) -> _Smoother:
    width = train.gram.shape[0]
    weight, penalty = _curvature(train) if width else (1.0, 0.0)
    inverse = np.asarray(np.linalg.inv(train.gram + penalty / weight * np.eye(width)), dtype=np.float64)
    return _Smoother(fold=fold, mean=train.design_mean, inverse=inverse)


def _curvature(train: Moments) -> tuple[float, float]:
    """Give the curvature of the logistic loss against that of the linear one, averaged over groups, and the penalty."""
    # where all but one fold holds a single group nothing varies: half a case, as for shares
    weight = max(float((train.power / train.n).mean()), 0.5 / train.n)
    return weight, max(float(np.exp(np.mean(np.log(ridge(train).penalties)))) * weight, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """The cases that shares are learnt from."""

    design: Floats
    member: Floats
    weight: Floats | None


def _logistic(cases: _Fitted, train: Moments, base: Floats) -> Floats:
    """Fit by L-BFGS in coordinates in which the penalised curvature is about one, so that some 15 steps do.

    Gives shape (1 + n_columns, K); the intercepts are offsets to ``base``.
    """
    design, member = cases.design, cases.member
    n, width, count = train.n, design.shape[1], member.shape[1]
    stands = 1.0 if cases.weight is None else cases.weight[:, None]
    variance = np.maximum(train.power / n, 0.5 / n)
    weight, penalty = _curvature(train)
    factor = np.linalg.cholesky(train.gram * weight + penalty * np.eye(width))
    stretch = np.sqrt(weight / variance)

    def unpack(flat: Floats) -> tuple[Floats, Floats]:
        inner = flat.reshape(width + 1, count)
        slopes = solve_triangular(factor, inner[1:] * stretch, lower=True, trans="T")
        return inner[0] * stretch / np.sqrt(n * weight), slopes

    def loss(flat: Floats) -> tuple[float, Floats]:
        offsets, slopes = unpack(flat)
        logits = base + offsets + design @ slopes
        top = logits.max(axis=1, keepdims=True)
        spread = np.exp(logits - top)
        norm = spread.sum(axis=1, keepdims=True)
        value = float((stands * (np.log(norm) + top)).sum() - (stands * member * logits).sum())
        value += 0.5 * penalty * float((slopes**2).sum())
        slack = stands * (spread / norm - member)
        outer = solve_triangular(factor, design.T @ slack + penalty * slopes, lower=True) * stretch
        return value, np.vstack([slack.sum(axis=0) * stretch / np.sqrt(n * weight), outer]).ravel()

    # coordinates are in standard errors, so a gradient of 0.1 is a tenth of one
    found, _, _ = fmin_l_bfgs_b(loss, np.zeros((width + 1) * count), factr=10.0, pgtol=0.1, maxiter=200)
    return np.vstack(unpack(found))


def _softmax(logits: Floats) -> Floats:
    spread = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))


def encoded_levels(groups: Codes, wide: Codes, folds: Codes, weight: Floats | None = None) -> list[Floats]:
    """Encode wide categories by the log share of every group within each level, counted on the other folds.

    Gives one array of shape (n_cases, K) a category, its columns standardised.
    """
    count = int(groups.max()) + 1
    overall = np.bincount(groups, weights=weight, minlength=count) / (len(groups) if weight is None else weight.sum())
    columns = []
    for levels in wide.T:
        width = int(levels.max()) + 1
        whole = np.bincount(levels * count + groups, weights=weight, minlength=width * count).reshape(width, count)
        prior = _prior_strength(whole, overall)
        encoded = np.empty((len(groups), count))
        for fold in np.unique(folds):
            held = folds == fold
            cells = levels[held] * count + groups[held]
            inside = np.bincount(cells, weights=some(weight, held), minlength=width * count).reshape(width, count)
            outside = np.maximum(whole - inside, 0)
            share = (outside + prior * overall) / (outside.sum(axis=1, keepdims=True) + prior)
            encoded[held] = np.log(share / overall)[levels[held]]
        spread = encoded.std(axis=0)
        columns.append((encoded - encoded.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0))
    return columns


def _prior_strength(counts: Codes | Floats, overall: Floats) -> float:
    """How many cases of the overall mix a level's own counts are weighed against (method of moments)."""
    sizes = counts.sum(axis=1)
    n, levels = float(sizes.sum()), len(sizes)
    shares = counts / np.where(sizes > 0, sizes, 1)[:, None]
    between = float((sizes[:, None] * (shares - overall) ** 2).sum())
    noise = float((overall * (1 - overall)).sum())
    typical = (n - float((sizes.astype(np.float64) ** 2).sum()) / n) / max(levels - 1, 1)
    spread = (between / max(levels - 1, 1) - noise) / max(typical, 1.0)
    return float(np.clip(noise / max(spread, 1e-9), 1.0, 1000.0))
