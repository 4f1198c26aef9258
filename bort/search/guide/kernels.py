"""Kernels on a finite space: what the error of one architecture says about another's.

A kernel is a product over the dimensions, so it needs no more than one small table per dimension.
A weighted sum of kernels at all N architectures is one product of two matrices with about √N rows
each; no N x m matrix is ever made.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from bort.search.arrays import FloatArray, IntArray
from bort.search.problem import SearchProblem

# Priors of the parameters: medians, and standard deviations of the logarithms. Lengths are in units
# of a dimension's whole extent, times √K, so that more dimensions do not make a space look rougher
# (Hvarfner, Hellsten & Nardi 2024). Slope and noise are in units of the smooth part's variance.
_LENGTH, _SLOPE, _NOISE = (0.5, 0.8), (1.0, 1.5), (0.01, 1.5)
_CATEGORIES_APART = 0.5  # a distance; that of the ends of a scale is 1
LEVEL = 4.0  # variance of the constant part: little is known about the mean in advance
_LOOKUP = 8  # what a number in a table costs, in multiplications
_SPARSE = 4  # a grid with more cells per architecture than this is not computed as a whole
_CHUNK = 1 << 21  # numbers at a time in that case: bounds the memory


class Grid:
    """The coordinates of a space as positions on scales; a family is a category.

    Attributes:
        positions: for each dimension that varies, its values scaled to 0..1 by rank; None for a
            category. A dimension of another family is at the middle of its scale.
        codes: shape (N, K), which of the positions.
        features: shape (N, F), for the linear part: positions from -1/2 to 1/2, and a column for
            each value of a category.
    """

    def __init__(self, problem: SearchProblem) -> None:
        self.positions: list[FloatArray | None] = []
        self.counts: list[int] = []
        columns = []
        for rows, part in problem.parts:
            for k in np.flatnonzero(part.matters):
                values, found = np.unique(part.coordinates[:, k], return_inverse=True)
                codes = np.full(len(problem), len(values))
                codes[rows] = found
                scale = np.arange(len(values)) / (len(values) - 1)
                if len(rows) < len(problem):
                    scale = np.append(scale, 0.5)
                columns.append(codes)
                self.positions.append(None if problem.categorical[k] else scale)
                self.counts.append(len(scale))
        if problem.has_families or not columns:
            columns.append(np.unique(problem.families, return_inverse=True)[1])
            self.positions.append(None)
            self.counts.append(int(columns[-1].max()) + 1)
        self.codes: IntArray = np.column_stack(columns).astype(np.int64)
        features: list[FloatArray] = []
        for ranks, codes, count in zip(self.positions, columns, self.counts, strict=True):
            if ranks is None:
                features += [((codes == c) - 1 / count) / np.sqrt(2) for c in range(count)]
            else:
                features.append(ranks[codes] - 0.5)
        self.features: FloatArray = np.column_stack(features)

    @cached_property
    def halves(self) -> tuple["_Half", "_Half"]:
        """Cut the dimensions in two so that a weighted sum costs least."""
        cuts = [
            (_Half.of(self, range(cut)), _Half.of(self, range(cut, len(self.counts))))
            for cut in range(len(self.counts))
        ]
        return min(cuts, key=_cost)

    @cached_property
    def cells(self) -> IntArray:
        """Which of all pairs of both halves' combinations each architecture is: shape (N,)."""
        first, second = self.halves
        return np.asarray(first.place * len(second.codes) + second.place)


@dataclass(frozen=True, slots=True)
class _Half:
    """Some of the dimensions: their different combinations, and which one each architecture has."""

    dimensions: range
    codes: IntArray  # (n, len(dimensions))
    place: IntArray  # (N,)

    @classmethod
    def of(cls, grid: Grid, dimensions: range) -> "_Half":
        number = np.zeros(len(grid.codes), dtype=np.int64)
        for k in dimensions:
            _, number = np.unique(number * grid.counts[k] + grid.codes[:, k], return_inverse=True)
        _, first = np.unique(number, return_index=True)
        return cls(dimensions, grid.codes[first][:, dimensions], number)


def _cost(halves: tuple[_Half, _Half]) -> int:
    left, right = (len(half.codes) for half in halves)
    return left * right + _LOOKUP * (left + right)


@dataclass(frozen=True, slots=True)
class Kernels:
    """S kernels in units of the variance of their smooth part; one process each.

    k(x, x') = level + slope <f(x), f(x')> + Π_k M(|x_k - x'_k| / length_k), where f are the
    features and M is the Matérn-5/2 correlation.

    Attributes:
        grid: the space.
        lengths: shape (S, K).
        tables: for each dimension, the correlations of its positions: shape (S, n_k, n_k).
        slope, noise: shape (S,); noise is the variance of a single training's error.
    """

    grid: Grid
    lengths: FloatArray
    tables: tuple[FloatArray, ...]
    slope: FloatArray
    noise: FloatArray

    @classmethod
    def drawn(cls, grid: Grid, count: int) -> Self:
        """Draw `count` kernels from the prior: the first points of a Sobol sequence."""
        dimensions = len(grid.positions)
        normal = ndtri(qmc.Sobol(dimensions + 2, seed=0).random(count))
        lengths = np.sqrt(dimensions) * _drawn(normal[:, :dimensions], _LENGTH)
        tables = tuple(
            _correlations(scale, grid.counts[k], lengths[:, k])
            for k, scale in enumerate(grid.positions)
        )
        return cls(
            grid,
            lengths,
            tables,
            _drawn(normal[:, dimensions], _SLOPE),
            _drawn(normal[:, -1], _NOISE),
        )

    def __len__(self) -> int:
        return len(self.slope)

    def among(self, rows: IntArray, others: IntArray) -> FloatArray:
        """Compute k of all pairs, without noise: shape (S, len(rows), len(others))."""
        grid = self.grid
        product = np.ones((len(self), len(rows), len(others)))
        for table, codes in zip(self.tables, grid.codes.T, strict=True):
            product *= table[:, codes[rows][:, None], codes[others][None, :]]
        inner = grid.features[rows] @ grid.features[others].T
        return np.asarray(product + LEVEL + self.slope[:, None, None] * inner)

    def variances(self, which: int) -> FloatArray:
        """Compute k(x, x) for one process and all architectures: shape (N,)."""
        squares = np.einsum("nk,nk->n", self.grid.features, self.grid.features)
        return np.asarray(1.0 + LEVEL + self.slope[which] * squares)

    def weighing(self, which: int, rows: IntArray, known: "Weighing | None" = None) -> "Weighing":
        """Prepare sums of one process's kernels at `rows`. Cost: O(√N m) on a grid.

        Args:
            known: what was prepared for the first of them. It grows, for O(√N) a row.
        """
        weighing = Weighing(self.grid, float(self.slope[which])) if known is None else known
        new = rows[len(weighing) :]
        if len(new):
            left, right = (self._between(which, half, new) for half in self.grid.halves)
            weighing.append(new, left, right)
        return weighing

    def kept(self, places: IntArray) -> "Kernels":
        """Keep some of the kernels."""
        tables = tuple(table[places] for table in self.tables)
        return Kernels(
            self.grid, self.lengths[places], tables, self.slope[places], self.noise[places]
        )

    def _between(self, which: int, half: _Half, rows: IntArray) -> FloatArray:
        product = np.ones((len(half.codes), len(rows)))
        for place, k in enumerate(half.dimensions):
            codes = self.grid.codes[rows, k]
            product *= self.tables[k][which][half.codes[:, place][:, None], codes[None, :]]
        return product


class Weighing:
    """Sums of one process's kernels at observed rows. It grows with them."""

    def __init__(self, grid: Grid, slope: float) -> None:
        first, second = grid.halves
        self._grid, self._slope = grid, slope
        self._rows: IntArray = np.empty(0, dtype=np.int64)
        self._places = first.place, second.place
        sizes = len(first.codes), len(second.codes)
        # The two halves of the product, shapes (N_1, m) and (N_2, m), with room for more rows.
        self._left, self._right = (np.empty((size, 0)) for size in sizes)
        self._is_grid = sizes[0] * sizes[1] <= _SPARSE * len(grid.codes)
        # Written again for every sum: new arrays of this size take longer than the sum.
        self._weighted = np.empty_like(self._left)
        self._products = np.empty(sizes if self._is_grid else (0, 0))

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, rows: IntArray, left: FloatArray, right: FloatArray) -> None:
        """Add observed rows.

        Args:
            left, right: shapes (N_1, n) and (N_2, n), the two halves of their kernels.
        """
        old, new = len(self._rows), len(self._rows) + len(rows)
        if new > self._left.shape[1]:
            self._left, self._right = (
                _widened(half, old, new) for half in (self._left, self._right)
            )
            self._weighted = np.empty_like(self._left)
        self._left[:, old:new], self._right[:, old:new] = left, right
        self._rows = np.append(self._rows, rows)

    def sum(self, weights: FloatArray) -> FloatArray:
        """Compute Σ_j weight_j k(x, x_j) over the first rows, as many as weights: shape (N,).

        Cost: O(N m) multiplications at most, as a product of matrices where the space is a grid.
        """
        count, features = len(weights), self._grid.features
        ours, theirs = self._weighted[:, :count], self._right[:, :count]
        np.multiply(self._left[:, :count], weights, out=ours)
        total = np.empty(len(features))
        if self._is_grid:
            np.matmul(ours, theirs.T, out=self._products)
            self._products.ravel().take(self._grid.cells, out=total, mode="clip")
        else:
            step = max(1, _CHUNK // count)
            for start in range(0, len(total), step):
                part = slice(start, start + step)
                left, right = (place[part] for place in self._places)
                total[part] = np.einsum("nm,nm->n", ours[left], theirs[right])
        total += LEVEL * weights.sum()
        total += self._slope * (features @ (features[self._rows[:count]].T @ weights))
        return total


def _widened(half: FloatArray, kept: int, least: int) -> FloatArray:
    """Copy the first columns to an array with room for more."""
    wide = np.empty((len(half), max(least, 2 * kept)))
    wide[:, :kept] = half[:, :kept]
    return wide


def _drawn(normal: FloatArray, prior: tuple[float, float]) -> FloatArray:
    median, deviation = prior
    return np.asarray(median * np.exp(deviation * normal))


def _correlations(scale: FloatArray | None, count: int, lengths: FloatArray) -> FloatArray:
    different = _CATEGORIES_APART * (1.0 - np.eye(count))
    distances = different if scale is None else np.abs(scale[:, None] - scale[None, :])
    steps = np.sqrt(5) * distances / lengths[:, None, None]
    return np.asarray((1 + steps + steps**2 / 3) * np.exp(-steps))
