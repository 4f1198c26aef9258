"""The first points of a search that does not know λ, chosen to separate the dimensions."""

from collections.abc import Mapping

import numpy as np

from bort.search.arrays import FloatArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem


def staircase(problem: SearchProblem) -> list[int]:
    """Go from the largest architecture to the smallest, lowering one dimension at a time.

    Neighbours on the stairs differ in one dimension, by its whole extent, so that K+1
    evaluations give each λ_k its own pair; both ends are extreme points of the front.
    If the space has no such architecture, the nearest one takes its place.
    """
    rows = np.flatnonzero(problem.matters)
    low, high = problem.coordinates.min(axis=0), problem.coordinates.max(axis=0)
    scale = np.where(problem.extents > 0, problem.extents, 1.0)
    corner, stairs = high.copy(), []
    for k in (None, *rows):
        if k is not None:
            corner[k] = low[k]
        offsets = np.abs(problem.coordinates - corner) / scale
        if k is not None:
            offsets[problem.coordinates[:, k] != low[k]] += len(problem.names)
        stairs.append(int(np.argmin(offsets.sum(axis=1))))
    return list(dict.fromkeys(stairs))


def farthest_point(problem: SearchProblem, observations: Mapping[int, Observation]) -> int:
    """Find the unevaluated architecture farthest from all evaluated ones, scaled by extents."""
    scale = np.where(problem.extents > 0, problem.extents, 1.0)
    nearest = np.full(len(problem), np.inf)
    for index in observations:
        steps = problem.differences(problem.coordinates, problem.coordinates[index])
        np.minimum(nearest, (steps / scale).sum(axis=1), out=nearest)
    nearest[list(observations)] = -np.inf
    return int(np.argmax(nearest))


def next_design_point(
    problem: SearchProblem, observations: Mapping[int, Observation], spans: FloatArray
) -> int | None:
    """Return the next architecture of the design, or None if nothing is left to try.

    Args:
        spans: shape (r, K'), independent differences that evaluated pairs already have, over
            the K' dimensions that vary.
    """
    for index in staircase(problem):
        if index not in observations:
            return index
    open_rows = np.setdiff1d(np.arange(len(problem)), np.fromiter(observations, dtype=np.int64))
    anchors = [i for i, o in observations.items() if o.is_anchor]
    if not len(open_rows):
        return None
    if not anchors:
        return int(open_rows[0])
    varying = np.flatnonzero(problem.matters)
    scale = problem.extents[varying]
    steps = problem.differences(problem.coordinates[open_rows], problem.coordinates[anchors[0]])
    residual = steps[:, varying] / scale
    for span in np.linalg.qr((spans / scale).T)[0].T:
        residual = residual - np.outer(residual @ span, span)
    return int(open_rows[np.argmax(np.einsum("nk,nk->n", residual, residual))])
