"""Cases that share a cluster or carry weights: how many independent cases they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from igw_audit.stats.proportions import Floats, Fourfold

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How cases hang together, for the cases that count: cluster code (dense, from 0) and weight of each case."""

    cluster: Codes
    weight: Floats

    @classmethod
    def of(cls, n: int, cluster: npt.NDArray[np.generic] | None, weight: Floats | None) -> Design:
        """Build from whatever a table holds; without clusters every case is its own, without weights each weighs 1."""
        if cluster is None:
            codes = np.arange(n, dtype=np.int64)
        else:
            codes = np.unique(np.asarray(cluster), return_inverse=True)[1].astype(np.int64).reshape(-1)
        weights = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
        if len(codes) != n or len(weights) != n:
            raise ValueError(f"found {len(codes)} clusters and {len(weights)} weights for {n} cases")
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise ValueError("weights must be finite and above zero; leave a case that should not count out of `among`")
        return cls(cluster=codes, weight=weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's mean with what it is worth.

    Attributes
    ----------
    mean : float
        Weighted mean.
    people : int
        Number of cases.
    clusters : float
        Effective number of clusters: 1 over the sum of squared shares (Kish).
    variance : float
        Delete-one-cluster jackknife variance of the mean; 0 where it cannot be known (one cluster, or no spread).
    third : float
        Third central moment of the mean, for its skewness.
    shift : ndarray of shape (n_clusters,)
        What each cluster adds to the mean: full mean less the mean without it. Empty for independent cases.
    """

    mean: float
    people: int
    clusters: float
    variance: float
    third: float
    shift: Floats

    @property
    def freedom(self) -> float:
        """Degrees of freedom: clusters that matter less one, at least one.

        Clusters matter by their size (Kish), and by what they add to the variance: where the events sit in few of them,
        the variance is known as badly as from few. C normal shifts have sum(s^4) = 3 sum(s^2)^2 / C, read for C.
        """
        squares = self.shift**2
        fourth = float((squares**2).sum())
        adding = 3 * float(squares.sum()) ** 2 / fourth if fourth > 0 else self.clusters
        return max(1.0, min(self.clusters, adding) - 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A rate's effective counts and the degrees of freedom of its quantile."""

    events: float
    n: float
    freedom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectivePair:
    """Effective counts of both sides, for their difference and for their ratio, with one number of freedom."""

    difference: Fourfold
    ratio: Fourfold
    freedom: float


def side(values: Floats, chosen: Mask, design: Design | None) -> Side:
    """Weigh one side; ``chosen`` holds at least one case. Without a design every case is its own and weighs 1.

    The delete-one-cluster jackknife of a weighted mean has a closed form: the linearised residual of the cluster over
    one less its share of the weight. It stays honest where few sponsors file most of the cases.

    References
    ----------
    Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology 28, 169-181.
    MacKinnon, J. G., Nielsen, M. O. and Webb, M. D. (2023). Cluster-robust inference: a guide to empirical practice.
    Journal of Econometrics 232, 272-299.
    """
    if design is None:
        return _plain_side(values[chosen])
    codes, weights, total = design.cluster[chosen], design.weight[chosen], int(design.cluster.max()) + 1
    held = np.bincount(codes, weights, minlength=total)
    whole = held.sum()
    mean = float((weights * values[chosen]).sum() / whole)
    residual = np.bincount(codes, weights * (values[chosen] - mean), minlength=total) / whole
    share = held / whole
    shift = np.where(share < 1, residual / np.where(share < 1, 1 - share, 1.0), 0.0)
    count = int((held > 0).sum())
    return Side(
        mean=mean,
        people=len(codes),
        clusters=float(1 / (share**2).sum()),
        variance=float((count - 1) / count * (shift**2).sum()),
        third=float((shift**3).sum()),
        shift=shift,
    )


def _plain_side(values: Floats) -> Side:
    n = len(values)
    return Side(
        mean=float(values.mean()),
        people=n,
        clusters=float(n),
        variance=float(values.var(ddof=1)) / n if n > 1 else 0.0,
        third=float(((values - values.mean()) ** 3).sum()) / (n - 1) ** 3 if n > 1 else 0.0,
        shift=np.zeros(0),
    )


def effective(part: Side) -> Effective:
    """Give the counts of independent cases that would leave the rate as unsure as it is.

    The design effect is floored at 1. Where the variance cannot be known - no events, only events, a single cluster -
    a whole cluster counts as one case, the worst that is possible.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24, 193-201.
    """
    n = _worth(part)
    return Effective(events=min(max(part.mean, 0.0), 1.0) * n, n=n, freedom=part.freedom)


def effective_pair(group: Side, reference: Side) -> EffectivePair:
    """Give effective counts for the difference and the ratio, with what both sides share by common clusters.

    A contrast's variance may be smaller than the sum of both sides' (the same sponsors on both sides) or larger; both
    sides' counts are scaled by that proportion, and never beyond the number of people.

    References
    ----------
    Rao, J. N. K. and Scott, A. J. (1992). A simple method for the analysis of clustered binary data. Biometrics 48,
    577-585.
    """
    p, q = group.mean, reference.mean
    return EffectivePair(
        difference=_scaled(group, reference, shared_part(group, reference)),
        ratio=_scaled(group, reference, shared_part(group, reference, (1 / p, 1 / q)) if p > 0 and q > 0 else 1.0),
        freedom=pair_freedom(group, reference),
    )


def pair_freedom(group: Side, reference: Side) -> float:
    """Combine both sides' degrees of freedom by their share in the variance of a difference of rates."""
    return combined_freedom((_spread(group), group.freedom), (_spread(reference), reference.freedom))


def combined_freedom(own: tuple[float, float], other: tuple[float, float]) -> float:
    """Welch and Satterthwaite's degrees of freedom from ``(variance, freedom)`` of both sides.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics 2, 110-114.
    """
    total = own[0] + other[0]
    if total <= 0:
        return min(own[1], other[1])
    # by shares, so that tiny variances do not underflow
    return 1 / ((own[0] / total) ** 2 / own[1] + (other[0] / total) ** 2 / other[1])


def shared_part(group: Side, reference: Side, scale: tuple[float, float] = (1.0, 1.0)) -> float:
    """Variance of ``scale[0] * group - scale[1] * reference`` over the sum of both sides'; 1 where independent."""
    if group.variance <= 0 or reference.variance <= 0 or not len(group.shift):
        return 1.0
    apart = scale[0] ** 2 * group.variance + scale[1] ** 2 * reference.variance
    both = np.count_nonzero((group.shift != 0) | (reference.shift != 0))
    together = (both - 1) / both * float(((scale[0] * group.shift - scale[1] * reference.shift) ** 2).sum())
    return max(together / apart, 1e-6)


def _worth(part: Side) -> float:
    # n over the design effect; independent cases are worth n, and have variance p (1 - p) / (n - 1)
    people = float(part.people)
    binomial = part.mean * (1 - part.mean)
    if part.variance <= 0 or binomial <= 0 or people < 2:
        return max(1.0, min(part.clusters, people))
    return max(1.0, min(binomial / part.variance * people / (people - 1), people))


def _spread(part: Side) -> float:
    # without events a rate still is unsure: Laplace's rate keeps its side from weighing nothing
    n = _worth(part)
    smooth = (part.mean * n + 1) / (n + 2)
    return smooth * (1 - smooth) / n


def _scaled(group: Side, reference: Side, shared: float) -> Fourfold:
    n = max(1.0, min(_worth(group) / shared, float(group.people)))
    m = max(1.0, min(_worth(reference) / shared, float(reference.people)))
    p, q = min(max(group.mean, 0.0), 1.0), min(max(reference.mean, 0.0), 1.0)
    return Fourfold.of([p * n], [n], ([q * m], [m]))
