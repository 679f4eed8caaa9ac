"""Sponsors and institutions: a few with very many cases, and each with its own mix of nationalities."""

from __future__ import annotations

import numpy as np

from igw_audit.intake.synthetic.draws import Codes, Draws, Floats


def sizes_with_a_heavy_tail(draws: Draws, name: str, count: int) -> Floats:
    """Give each cluster its weight, Zipf-Mandelbrot with exponent 0.85: of 4,000 the largest 100 hold a third."""
    weight = (np.arange(count, dtype=np.float64) + 6.0) ** -0.85
    return draws.of(f"{name} size").permutation(weight)


def affinities(draws: Draws, name: str, *, count: int, groups: int, spread: float) -> Floats:
    """Give each cluster its own taste for nationalities: lognormal factors, shape (groups, clusters)."""
    return np.exp(spread * draws.of(f"{name} affinity").standard_normal((groups, count)))


def assign(draws: Draws, name: str, weight: Floats, group: Codes) -> Codes:
    """Place each case with a cluster; ``weight[group[i]]`` are the weights of the clusters for case i."""
    return draws.choice(f"{name} of the case", weight, group)
