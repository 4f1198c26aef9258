"""The exact expected gain in hypervolume when two of three objectives are known."""

import numpy as np

from bort.search.arrays import FloatArray

# Gauss-Hermite nodes of a standard normal variable: the gain is piecewise linear in the error.
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_CHUNK = 2048  # candidates at a time: bounds the memory


def expected_gain(
    front: FloatArray,
    costs: FloatArray,
    mean: FloatArray,
    deviation: FloatArray,
    /,
    *,
    ref: FloatArray,
) -> FloatArray:
    """Return the hypervolume that each candidate is expected to add, shape (n,).

    The volume that a candidate of error e adds is the integral, from e to the reference, of the
    area that its two known objectives add to the points no worse than z: a sum of rectangles for
    each level z of the front's errors, exact for every e.

    Args:
        front: shape (m, 3), evaluated points, the unknown objective last; all minimised.
        costs: shape (n, 2), the candidates' known objectives.
        mean, deviation: shape (n,), of the logarithm of the unknown objective.
        ref: shape (3,), reference point.
    Cost: O(n m²) time, O(m²) memory beyond the candidates.
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
    """Compute the area that each candidate adds to the first 0, 1, ..., m points: shape (n,
    m+1).
    """
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
