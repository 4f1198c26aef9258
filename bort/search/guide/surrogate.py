"""Averaged Gaussian processes on ln e, which guide the choice but never the certificate."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

# Each combination is one process, weighted by the likelihood of the observations. The standard
# deviations of ln e are: linear effect over a feature's whole extent, smooth departure from it, and
# noise of one training. Lengths are in units of the root mean square distance of the features.
_LINEAR = (0.1, 0.4)
_SMOOTH = (0.05, 0.15, 0.5)
_LENGTHS = (0.3, 0.6, 1.2)
_NOISE = (0.01, 0.05)
_LEVEL = 1.0
_PRIOR_DEVIATION = 0.4  # before anything is known, around an error of 0.25
_KEPT_WEIGHT, _KEPT = 0.9, 6  # the likeliest processes, until they have this share


class _Process(NamedTuple):
    linear: float
    smooth: float
    length: float
    noise: float
    columns: int  # uses only the first `columns` features


def predict_log_error(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    rows: IntArray,
    *,
    is_tail_cut: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Predict mean and standard deviation of the measured ln e for `rows`.

    The features are the dimensions (one column per category) and, in some of the processes, the
    logarithms of size and latency.

    Args:
        is_tail_cut: clip errors at the median plus its distance to the best one. How bad the
            bad ones are says nothing about the front, and would drown out the good ones.
    Cost: O(m³ + n m K) for m anchors, times the number of processes.
    """
    seen = np.array([i for i, o in observations.items() if o.is_anchor], dtype=np.int64)
    if not len(seen):
        return np.full(len(rows), np.log(0.25)), np.full(len(rows), _PRIOR_DEVIATION)
    values = np.log([observations[int(i)].error for i in seen])
    if is_tail_cut:
        middle = float(np.median(values))
        values = np.minimum(values, 2 * middle - values.min())
    here, dimensions = _features(problem, seen)
    there, _ = _features(problem, rows)
    centre = float(values.mean())
    means, variances, weights = [], [], []
    for process, weight in _likeliest(here, values - centre, dimensions):
        mean, variance = _predict(process, here, values - centre, there)
        means.append(centre + mean)
        variances.append(variance)
        weights.append(weight)
    shares = np.array(weights) / np.sum(weights)
    average = shares @ np.array(means)
    spread = shares @ (np.array(variances) + (np.array(means) - average) ** 2)
    return np.asarray(average), np.sqrt(spread)


def _likeliest(
    here: FloatArray, values: FloatArray, dimensions: int
) -> Iterator[tuple[_Process, float]]:
    processes = [
        _Process(*parts)
        for parts in product(_LINEAR, _SMOOTH, _LENGTHS, _NOISE, (dimensions, here.shape[1]))
    ]
    scores = np.array([_log_likelihood(process, here, values) for process in processes])
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    held = 0.0
    for place in np.argsort(-weights, kind="stable")[:_KEPT]:
        yield processes[place], float(weights[place])
        held += weights[place]
        if held > _KEPT_WEIGHT:
            return


def _log_likelihood(process: _Process, here: FloatArray, values: FloatArray) -> float:
    factor = np.linalg.cholesky(_noisy(process, here))
    whitened = np.linalg.solve(factor, values)
    return float(-0.5 * whitened @ whitened - np.log(np.diag(factor)).sum())


def _predict(
    process: _Process, here: FloatArray, values: FloatArray, there: FloatArray
) -> tuple[FloatArray, FloatArray]:
    cross = _kernel(process, there, here)
    solved = np.linalg.solve(_noisy(process, here), np.column_stack([values, cross.T]))
    used = there[:, : process.columns]
    prior = _LEVEL**2 + process.linear**2 * (used**2).sum(axis=1) + process.smooth**2
    variance = prior - np.einsum("nm,mn->n", cross, solved[:, 1:])
    return cross @ solved[:, 0], np.maximum(variance, 0.0) + process.noise**2


def _noisy(process: _Process, here: FloatArray) -> FloatArray:
    return _kernel(process, here, here) + process.noise**2 * np.eye(len(here))


def _kernel(process: _Process, a: FloatArray, b: FloatArray) -> FloatArray:
    a, b = a[:, : process.columns], b[:, : process.columns]
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    nearness = np.maximum(squares, 0.0) / max(1, process.columns)
    smooth = np.exp(-nearness / (2 * process.length**2))
    return np.asarray(_LEVEL**2 + process.linear**2 * (a @ b.T) + process.smooth**2 * smooth)


def _features(problem: SearchProblem, rows: IntArray) -> tuple[FloatArray, int]:
    """Compute features of `rows`, and how many of them come from dimensions.

    A dimension is 0 for other families, and a family is a category.
    """
    columns: list[FloatArray] = []
    for members, part in problem.parts:
        for k in np.flatnonzero(part.matters):
            values = part.coordinates[:, k]
            if problem.categorical[k]:
                # Two categories are at distance 1, like the two ends of a scale.
                found = [(values == v) / np.sqrt(2) for v in np.unique(values)]
            else:
                found = [_scaled(values)]
            for own in found:
                column = np.zeros(len(problem))
                column[members] = own
                columns.append(column[rows])
        if problem.has_families:
            columns.append(np.isin(rows, members) / np.sqrt(2))
    dimensions = len(columns)
    columns += [_scaled(np.log(costs))[rows] for costs in (problem.size, problem.latency)]
    return np.column_stack(columns), dimensions


def _scaled(values: FloatArray) -> FloatArray:
    extent = float(np.ptp(values)) or 1.0
    return np.asarray((values - values.min()) / extent - 0.5)


# Gauss-Hermite nodes of a standard normal variable: the gain is piecewise linear in the error.
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_CHUNK = 2048  # architectures at a time: bounds the memory


def expected_gain(
    front: FloatArray,
    costs: FloatArray,
    mean: FloatArray,
    deviation: FloatArray,
    /,
    *,
    ref: FloatArray,
) -> FloatArray:
    """Return the hypervolume that each architecture is expected to add, shape (n,).

    An architecture of error e adds a volume: the integral, from e to the reference, of the area
    that its two known objectives add to the points no worse than z. This is a sum of rectangles
    for each level z of the front's errors, exact for every e.

    Args:
        front: shape (m, 3), evaluated points, the unknown objective last; all minimised.
        costs: shape (n, 2), the architectures' known objectives.
        mean, deviation: shape (n,), of the logarithm of the unknown objective.
        ref: shape (3,), reference point.
    Cost: O(n m²) time, O(m²) memory beyond the arguments.
    """
    inside = front[(front < ref).all(axis=1)]
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(costs), _CHUNK)]
    parts = [_expected(inside, costs[c], mean[c], deviation[c], ref) for c in chunks]
    return np.concatenate(parts) if parts else np.empty(0)


def _expected(
    front: FloatArray, costs: FloatArray, mean: FloatArray, deviation: FloatArray, ref: FloatArray
) -> FloatArray:
    front = front[np.argsort(front[:, 2], kind="stable")]
    levels = np.append(front[:, 2], ref[2])
    areas = _areas(front, costs, ref)
    slabs = areas[:, 1:] * np.diff(levels)
    above = np.zeros((len(costs), len(levels)))  # the volume gained by an error at each level
    above[:, :-1] = np.cumsum(slabs[:, ::-1], axis=1)[:, ::-1]
    total = np.zeros(len(costs))
    rows = np.arange(len(costs))
    for node, weight in zip(_NODES, _NODE_WEIGHTS / _NODE_WEIGHTS.sum(), strict=True):
        errors = np.minimum(np.exp(mean + deviation * node), ref[2])
        level = np.searchsorted(levels, errors)  # the lowest level that is no better
        total += weight * (above[rows, level] + areas[rows, level] * (levels[level] - errors))
    return total


def _areas(front: FloatArray, costs: FloatArray, ref: FloatArray) -> FloatArray:
    """Compute the area that each row adds to the first 0, 1, ..., m points: shape (n, m+1)."""
    order = np.argsort(front[:, 0], kind="stable")
    left = np.append(-np.inf, front[order, 0])
    right = np.append(front[order, 0], ref[0])
    widths = np.maximum(0.0, right - np.maximum(left, costs[:, :1]))
    areas = np.empty((len(costs), len(front) + 1))
    for count in range(len(front) + 1):
        heights = np.where(order < count, front[order, 1], ref[1])
        stairs = np.minimum.accumulate(np.append(ref[1], heights))
        areas[:, count] = (widths * np.maximum(0.0, stairs - costs[:, 1:])).sum(axis=1)
    return areas
