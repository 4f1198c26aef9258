"""The hypervolume that an architecture is expected to add, if its size and latency are known."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from bort.search.arrays import LARGEST_GAP, FloatArray

_NEGLIGIBLE = 6.0  # an error this many deviations too large adds nothing


class _Box(NamedTuple):
    """A rectangle of the two known objectives, free of the front for all errors below `top`."""

    left: float
    right: float
    low: float
    high: float
    top: float


class FreeVolume:
    """The volume below a reference point that no point of a front dominates, cut into boxes.

    Args:
        front: shape (m, 3), evaluated points, the unknown objective last; all minimised.
        ref: shape (3,), reference point.
    Source: a sweep as in Lacour, Klamroth & Fonseca (2017); at most 2m+1 boxes.
    """

    def __init__(self, front: FloatArray, ref: FloatArray) -> None:
        self._boxes: dict[float, list[_Box]] = {}
        for box in _free_boxes(front[(front < ref).all(axis=1)], ref):
            self._boxes.setdefault(box.top, []).append(box)

    def expected_gains(
        self, costs: FloatArray, means: FloatArray, deviations: FloatArray
    ) -> FloatArray:
        """Return the hypervolume that each architecture is expected to add: shape (P, n).

        An architecture of error e adds, in each box, an area that does not depend on e, times
        (top - e)+. The mean of this over a lognormal e has a closed form, so the gain is exact.

        Args:
            costs: shape (n, 2), the architectures' known objectives.
            means, deviations: shape (P, n), of the logarithm of the unknown objective, for P
                distributions.
        Cost: O(P n m) time, O(P n) memory.
        """
        gains = np.zeros(means.shape)
        size, latency = costs.T
        for top, boxes in self._boxes.items():
            area = np.zeros(len(costs))
            for box in boxes:
                width = np.maximum(0.0, box.right - np.maximum(box.left, size))
                area += width * np.maximum(0.0, box.high - np.maximum(box.low, latency))
            rows = np.flatnonzero(area > 0)
            gains[:, rows] += area[rows] * _mean_below(top, means[:, rows], deviations[:, rows])
        return gains


def _mean_below(top: float, mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Compute the mean of (top - e)+ for a lognormal e, as for a put (Black & Scholes 1973)."""
    below = np.zeros(mean.shape)
    gap = np.log(top) - mean
    some = gap > -_NEGLIGIBLE * deviation
    gap, mean, deviation = gap[some], mean[some], np.maximum(deviation[some], 1e-12)
    logs = np.minimum(mean + deviation**2 / 2, LARGEST_GAP)
    share = np.exp(logs) * ndtr(gap / deviation - deviation)
    below[some] = np.maximum(top * ndtr(gap / deviation) - share, 0.0)
    return below


def _free_boxes(front: FloatArray, ref: FloatArray) -> list[_Box]:
    """Cut the volume below the reference that no point of the front dominates into boxes.

    Points are inserted by rising error into a staircase of the first two objectives. The area that
    a point takes away was free for all smaller errors.
    """
    left, bottom = -np.inf, -np.inf
    stairs = [(left, float(ref[1])), (float(ref[0]), bottom)]  # by rising size, falling latency
    boxes = []
    for size, latency, error in front[np.argsort(front[:, 2], kind="stable")].tolist():
        if any(x <= size and y <= latency for x, y in stairs):
            continue
        before = [stair for stair in stairs if stair[0] < size]
        covered = [stair for stair in stairs if stair[0] >= size and stair[1] >= latency]
        after = [stair for stair in stairs if stair[0] >= size and stair[1] < latency]
        edges = [size, *(x for x, _ in covered), after[0][0]]
        heights = [before[-1][1], *(y for _, y in covered)]
        boxes += [
            _Box(edges[i], edges[i + 1], latency, heights[i], error)
            for i in range(len(heights))
            if edges[i + 1] > edges[i]
        ]
        stairs = [*before, (size, latency), *after]
    boxes += [_Box(x, right, bottom, y, float(ref[2])) for (x, y), (right, _) in pairwise(stairs)]
    return boxes
