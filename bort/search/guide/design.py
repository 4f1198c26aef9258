"""The first points of a search that does not know λ, chosen to separate the dimensions."""

from collections.abc import Collection, Iterator, Mapping
from itertools import zip_longest

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem


def first_design(problem: SearchProblem) -> list[int]:
    """List the staircases of all families, one step of each in turn."""
    stairs = [rows[staircase(part)].tolist() for rows, part in problem.parts]
    return [index for step in zip_longest(*stairs) for index in step if index is not None]


def staircase(problem: SearchProblem) -> list[int]:
    """Go within a family from the largest architecture to the smallest, one dimension at a time.

    Neighbours on the stairs differ in one dimension, by its whole extent, so that K+1
    evaluations give each λ_k its own pair; both ends are extreme points of the front.
    If the space has no such architecture, the nearest one takes its place. The dimensions are in
    their order, or, if evaluations cost different amounts, the one comes next that makes the next
    evaluation cheapest: then few architectures are evaluated that are nearly as dear as the first.
    """
    left = np.flatnonzero(problem.matters).tolist()
    low, high = problem.coordinates.min(axis=0), problem.coordinates.max(axis=0)
    scale = np.where(problem.extents > 0, problem.extents, 1.0)
    effort = problem.effort

    def nearest(corner: FloatArray, lowered: int | None) -> int:
        offsets = np.abs(problem.coordinates - corner) / scale
        if lowered is not None:
            offsets[problem.coordinates[:, lowered] != low[lowered]] += len(problem.names)
        return int(np.argmin(offsets.sum(axis=1)))

    corner, stairs = high.copy(), [nearest(high, None)]
    while left:
        tried = left if effort is not None else left[:1]
        steps = {k: nearest(np.where(np.arange(len(low)) == k, low, corner), k) for k in tried}
        chosen = tried[0] if effort is None else min(tried, key=lambda k: effort[steps[k]])
        corner[chosen] = low[chosen]
        stairs.append(steps[chosen])
        left.remove(chosen)
    return list(dict.fromkeys(stairs))


def farthest_point(
    problem: SearchProblem,
    taken: Collection[int],
    families: Collection[int],
) -> int:
    """Find the architecture farthest from all that are taken, scaled by extents.

    Args:
        taken: those that are evaluated or begun.
        families: those to choose from; none stands for all. Families are infinitely far apart.
    """
    scale = np.where(problem.extents > 0, problem.extents, 1.0)
    nearest = np.full(len(problem), np.inf)
    for index in taken:
        steps = problem.differences(problem.coordinates, problem.coordinates[index])
        kin = problem.are_kin(slice(None), np.array([index]))[:, 0]
        np.minimum(nearest, (steps / scale).sum(axis=1), out=nearest, where=kin)
    if len(families):
        nearest[~np.isin(problem.families, list(families))] = -1.0
    nearest[list(taken)] = -np.inf
    return int(np.argmax(nearest))


def next_design_point(
    problem: SearchProblem, observations: Mapping[int, Observation], spans: FloatArray
) -> int | None:
    """Return the next architecture of the design, or None if nothing is left to try.

    Args:
        spans: shape (r, K'), independent differences that evaluated pairs of one family already
            have, over the K' dimensions that vary.
    """
    for index in first_design(problem):
        if index not in observations:
            return index
    is_open = np.ones(len(problem), dtype=bool)
    is_open[list(observations)] = False
    if not is_open.any():
        return None
    for rows in _unseparated(problem, is_open, spans):
        anchors = [int(i) for i in rows if i in observations and observations[int(i)].is_anchor]
        left = rows[is_open[rows]]
        return int(left[0]) if not anchors else _most_separating(problem, left, anchors[0], spans)
    return int(np.flatnonzero(is_open)[0])


def _unseparated(
    problem: SearchProblem, is_open: np.ndarray, spans: FloatArray
) -> Iterator[IntArray]:
    """List the rows of each family with open ones whose dimensions are not told apart yet."""
    varying = np.flatnonzero(problem.matters)
    for rows, part in problem.parts:
        own = part.matters[varying]
        if is_open[rows].any() and spans[:, own].any(axis=1).sum() < own.sum():
            yield rows


def _most_separating(problem: SearchProblem, rows: IntArray, anchor: int, spans: FloatArray) -> int:
    """Find the row whose difference from the anchor is least in the space of the known ones."""
    varying = np.flatnonzero(problem.matters)
    scale = problem.extents[varying]
    steps = problem.differences(problem.coordinates[rows], problem.coordinates[anchor])
    residual = steps[:, varying] / scale
    for span in np.linalg.qr((spans / scale).T)[0].T:
        residual = residual - np.outer(residual @ span, span)
    return int(rows[np.argmax(np.einsum("nk,nk->n", residual, residual))])
