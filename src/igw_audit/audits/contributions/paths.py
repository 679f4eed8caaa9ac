"""Exact TreeSHAP along the paths of trees, from tables of which conditions a case meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from igw_audit.core.cases import Bools, Codes, Floats

Patterns = NDArray[np.uint32]

#: A part of a tree whose conditions fit in this many bits is read from one table.
BITS = 10
#: Cases at a time, so that what is being read stays in the processor's cache.
BLOCK = 16_384
#: More features than bits of a pattern on one path cannot be told apart.
MOST_ON_PATH = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A fitted tree; arrays have one entry a node, the root first.

    Attributes
    ----------
    column : ndarray of int64
        Column that a node asks about, -1 for a leaf.
    left, right : ndarray of int64
        Nodes that follow.
    value, cover : ndarray of float64
        What a leaf adds to the output; how many training cases came by.
    threshold : ndarray of float64
        Values up to and including it go left.
    missing_left : ndarray of bool
        Whether a missing value goes left.
    levels_left : mapping of int to ndarray of bool
        For a node that asks about a category: whether each level goes left, and last whether any other value does.
    """

    column: Codes
    left: Codes
    right: Codes
    value: Floats
    cover: Floats
    threshold: Floats
    missing_left: Bools
    levels_left: Mapping[int, Bools] = field(default_factory=dict)

    def goes_left(self, node: int, values: Floats) -> Bools:
        """Tell which values go left, as the model itself does."""
        levels = self.levels_left.get(node)
        if levels is not None:
            other = len(levels) - 1
            known = (values >= 0) & (values < other)
            return np.asarray(levels[np.where(known, values, other).astype(np.int64)])
        left = values <= self.threshold[node]
        return np.asarray(left | np.isnan(values) if self.missing_left[node] else left)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """Way from the root to a node: its columns by first appearance, and the share of cover that stays on it."""

    columns: tuple[int, ...] = ()
    ratios: tuple[float, ...] = ()

    def then(self, column: int, ratio: float) -> _Path:
        """Take one step further."""
        if column not in self.columns:
            return _Path(columns=(*self.columns, column), ratios=(*self.ratios, ratio))
        place = self.columns.index(column)
        ratios = (*self.ratios[:place], self.ratios[place] * ratio, *self.ratios[place + 1 :])
        return _Path(columns=self.columns, ratios=ratios)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What the leaves under a node contribute, for every pattern of the path's and the node's own conditions."""

    columns: tuple[int, ...]
    amounts: Floats
    nodes: tuple[int, ...]


def tree_contributions(trees: Sequence[Tree], table: Floats) -> Floats | None:
    """Sum the contributions of all trees; None where a path asks about too many columns.

    A leaf's contributions depend on a case only through which columns on its path lead there. For every such pattern
    they are ``value (o_k - z_k) integral_0^1 prod_{g != k} (z_g (1 - t) + o_g t) dt`` with ``o`` the pattern and ``z``
    the share of training cases that go along: the Shapley weights are beta integrals, and Gauss-Legendre with half as
    many points as columns is exact. Neighbouring leaves are added up into one table.

    Parameters
    ----------
    trees : sequence of Tree
    table : ndarray of float64, shape (n_cases, n_columns)
        Values as the trees compare them; NaN is missing.

    Returns
    -------
    ndarray of float64, shape (n_cases, n_columns)
        The same for a case whatever cases it comes with.

    References
    ----------
    Lundberg, S. M. et al. (2020). From local explanations to global understanding with explainable AI for trees.
    Nature Machine Intelligence 2, 56-67.
    Yu, P., Bifet, A., Read, J. and Xu, C. (2022). Linear TreeShap. NeurIPS 35, 25818-25828.
    """
    columns = np.ascontiguousarray(table.T)
    found = np.zeros_like(columns)
    for tree in trees:
        reader = _Reader.of(tree)
        if reader is None:
            return None
        for start in range(0, columns.shape[1], BLOCK):
            rows = slice(start, start + BLOCK)
            reader.add(columns[:, rows], found[:, rows])
    return found.T


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """A tree with the tables of its lower parts."""

    tree: Tree
    paths: Mapping[int, _Path]
    tables: Mapping[int, _Table]

    @classmethod
    def of(cls, tree: Tree) -> _Reader | None:
        paths = dict(_paths(tree))
        if max(len(path.columns) for path in paths.values()) > MOST_ON_PATH:
            return None
        inner = _inner(tree)
        tables = {}
        waiting = [0]
        while waiting:
            node = waiting.pop()
            if len(paths[node].columns) + len(inner[node]) <= BITS:
                tables[node] = _table(tree, node, paths, inner[node])
            elif tree.column[node] >= 0:
                waiting += [int(tree.left[node]), int(tree.right[node])]
        return cls(tree=tree, paths=paths, tables=tables)

    def add(self, columns: Floats, found: Floats) -> None:
        """Add one block of cases; arrays of shape (n_columns, n_rows)."""
        waiting: list[tuple[int, Patterns]] = [(0, np.zeros(columns.shape[1], dtype=np.uint32))]
        buffer = np.empty(columns.shape[1])
        while waiting:
            node, pattern = waiting.pop()
            known = self.tables.get(node)
            if known is not None:
                self._read(known, len(self.paths[node].columns), pattern, (columns, found, buffer))
            elif self.tree.column[node] < 0:
                _add_leaf(self.tree, self.paths[node], node, pattern, found)
            else:
                left = self.tree.goes_left(node, columns[self.tree.column[node]])
                waiting += _children(self.tree, self.paths, node, pattern, left)

    def _read(self, known: _Table, bits: int, pattern: Patterns, where: tuple[Floats, Floats, Floats]) -> None:
        columns, found, buffer = where
        whole = pattern.astype(np.intp)
        for place, node in enumerate(known.nodes):
            whole |= self.tree.goes_left(node, columns[self.tree.column[node]]).astype(np.intp) << (bits + place)
        for column, amounts in zip(known.columns, known.amounts, strict=True):
            np.take(amounts, whole, out=buffer, mode="clip")
            found[column] += buffer


def _paths(tree: Tree) -> Iterator[tuple[int, _Path]]:
    waiting = [(0, _Path())]
    while waiting:
        node, path = waiting.pop()
        yield node, path
        if tree.column[node] >= 0:
            column, cover = int(tree.column[node]), float(tree.cover[node])
            children = (int(tree.left[node]), int(tree.right[node]))
            waiting += [(child, path.then(column, float(tree.cover[child]) / cover)) for child in children]


def _inner(tree: Tree) -> dict[int, tuple[int, ...]]:
    """Give the nodes with a condition at and under every node, as far as there are few enough for a table."""
    order = [node for node, _ in _paths(tree)]
    found: dict[int, tuple[int, ...]] = {}
    for node in reversed(order):
        under: tuple[int, ...] = ()
        if tree.column[node] >= 0:
            under = (node, *found[int(tree.left[node])], *found[int(tree.right[node])])
        found[node] = under[: BITS + 1]
    return found


def _children(
    tree: Tree, paths: Mapping[int, _Path], node: int, pattern: Patterns, left: Bools
) -> list[tuple[int, Patterns]]:
    """Carry the patterns on to both children: a bit stays only while every condition on its column is met."""
    column, path = int(tree.column[node]), paths[node]
    new = column not in path.columns
    place = np.uint32(len(path.columns) if new else path.columns.index(column))
    met = left.astype(np.uint32) << place
    missed = (~left).astype(np.uint32) << place
    if new:
        return [(int(tree.left[node]), pattern | met), (int(tree.right[node]), pattern | missed)]
    return [(int(tree.left[node]), pattern & ~missed), (int(tree.right[node]), pattern & ~met)]


def _table(tree: Tree, node: int, paths: Mapping[int, _Path], nodes: tuple[int, ...]) -> _Table:
    """Walk from a node with every pattern that there can be."""
    bits = len(paths[node].columns)
    patterns = np.arange(1 << (bits + len(nodes)), dtype=np.uint32)
    columns = tuple(dict.fromkeys((*paths[node].columns, *(int(tree.column[inner]) for inner in nodes))))
    found = {column: np.zeros(len(patterns)) for column in columns}
    place = {inner: np.uint32(bits + position) for position, inner in enumerate(nodes)}
    waiting: list[tuple[int, Patterns]] = [(node, patterns & np.uint32((1 << bits) - 1))]
    while waiting:
        here, pattern = waiting.pop()
        if tree.column[here] < 0:
            _add_leaf(tree, paths[here], here, pattern, found)
        else:
            left = (patterns >> place[here] & np.uint32(1)).astype(np.bool_)
            waiting += _children(tree, paths, here, pattern, left)
    return _Table(columns=columns, amounts=np.array([found[column] for column in columns]), nodes=nodes)


def _add_leaf(tree: Tree, path: _Path, leaf: int, pattern: Patterns, found: Floats | dict[int, Floats]) -> None:
    """Add one leaf; ``found`` holds a row a column."""
    value, count = float(tree.value[leaf]), len(path.columns)
    if value == 0.0 or count == 0:
        return
    if count <= BITS:
        amounts = _leaf_amounts(value, path.ratios, np.arange(1 << count, dtype=np.uint32))
        places: Codes = pattern.astype(np.int64)
    else:
        met, places = np.unique(pattern, return_inverse=True)
        amounts = _leaf_amounts(value, path.ratios, met)
    for column, own in zip(path.columns, amounts, strict=True):
        found[column] += own[places]


def _leaf_amounts(value: float, ratios: tuple[float, ...], patterns: Patterns) -> Floats:
    """Give the Shapley values of one leaf for each pattern; shape (n_path_columns, n_patterns)."""
    count = len(ratios)
    points, weights = _quadrature((count + 1) // 2)
    met = (patterns >> np.arange(count, dtype=np.uint32)[:, None] & np.uint32(1)).astype(np.float64)
    share = np.array(ratios)[:, None]
    # shape (n_points, n_path_columns, n_patterns)
    factors = share * (1 - points[:, None, None]) + met * points[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        others = factors.prod(axis=1, keepdims=True) / factors
    return np.asarray(value * (met - share) * np.tensordot(weights, others, axes=1))


@cache
def _quadrature(count: int) -> tuple[Floats, Floats]:
    """Points and weights of Gauss and Legendre on 0 .. 1."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2
