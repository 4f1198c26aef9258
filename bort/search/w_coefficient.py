"""The W-coefficient, with cost weights: one number per architecture, larger is better."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.search.arrays import FloatArray, IntArray
from bort.search.pareto import is_non_dominated

_TOLERANCE = 1e-12


def log_gain(size: FloatArray, latency: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Compute ln G: how much smaller and faster than the maximum point, weighted.

    G = max(0, 1 - p/p(T))^w_p · max(0, 1 - i/i(T))^w_i with 0^0 = 1, where p(T) and i(T) are the
    largest values of the whole space. Both factors are clipped at 0, because the product of two
    negative ones would be a gain.

    Args:
        size, latency: shape (N,), of the whole space.
        weights: weights of size, latency and error; the third is not used.
    Returns:
        Shape (N,); -inf where G = 0.
    Source: the paper's size and latency terms; the weights are ours.
    """
    total = np.zeros(len(size))
    for costs, weight in zip((size, latency), weights, strict=False):
        if weight > 0:
            with np.errstate(divide="ignore"):
                total += weight * np.log(np.maximum(0.0, 1.0 - costs / costs.max()))
    return total


def log_w(log_gains: FloatArray, errors: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Compute ln W = ln G - w_e ln e; weights (1, 1, 1) give the paper's W.

    Args:
        log_gains: shape (n,), from `log_gain`.
        errors: shape (n,), above 0 (errors of 0 are floored at 1/(2n)).
    """
    if weights[2] == 0:
        return np.array(log_gains, dtype=float)
    return np.asarray(log_gains - weights[2] * np.log(errors))


def w_coefficient(
    size: FloatArray, latency: FloatArray, errors: FloatArray, *, weights: Sequence[float]
) -> FloatArray:
    """Compute W of every row, with the maximum point taken over the rows.

    Examples:
        >>> columns = np.array([50.0, 100]), np.array([5.0, 10]), np.array([0.2, 0.1])
        >>> w_coefficient(*columns, weights=(1, 1, 1)).tolist()
        [1.25, 0.0]
        >>> w_coefficient(*columns, weights=(0, 0, 1)).round(6).tolist()
        [5.0, 10.0]
    """
    return np.exp(log_w(log_gain(size, latency, weights), errors, weights))


@dataclass(frozen=True, slots=True, eq=False)
class WeightRegion:
    """The weights (size, latency, error), scaled to sum 1, for which one row has the largest W.

    Attributes:
        share: part of the triangle of all weights that it fills, 0..1.
        centre: its centroid, the most typical weights for this choice; None if it is empty.
        vertices: shape (m, 3), the corners of its closure in order around it; (0, 3) if it is
            empty. A region without area keeps its corners: one point, or the ends of a line.
    """

    share: float
    centre: tuple[float, float, float] | None
    vertices: FloatArray


def weight_region(
    size: FloatArray, latency: FloatArray, errors: FloatArray, *, rows: IntArray, picked: int
) -> WeightRegion:
    """Find the weights for which `picked` has the largest W among `rows`.

    ln W is linear in the weights, so each competitor leaves a half-plane of the triangle of
    weights; the region is their intersection.

    Args:
        size, latency: shape (N,), of the whole space (the maximum point is taken over it).
        errors: shape (m,), errors of `rows`, above 0.
        rows: shape (m,), the evaluated architectures.
        picked: one of `rows`.
    Raises:
        InvalidOptionError: `picked` is not among `rows`.
    Cost: O(m) half-planes, each cut in O(corners).
    Source: ours.
    """
    position = np.flatnonzero(rows == picked)
    if not len(position):
        raise InvalidOptionError(f"architecture {picked} has no error yet; choose an evaluated one")
    terms = _terms(size, latency, errors, rows)
    polygon: FloatArray = np.eye(3)
    own = terms[position[0]]
    for row, term in enumerate(terms):
        if row != position[0] and len(polygon):
            polygon = _cut(polygon, *_difference(own, term))
    return _describe(polygon)


def winning_regions(
    size: FloatArray,
    latency: FloatArray,
    known: Mapping[int, float],
    index: Mapping[str, int],
    ids: Iterable[str],
) -> dict[str, WeightRegion]:
    """Find, for each name, the weights for which its row has the largest W of the known ones.

    Args:
        size, latency: shape (N,), of the whole space.
        known: errors by row, above 0.
        index: the row of each name.
        ids: the names asked for; those that are not in `index` are left out.
    Cost: O(front) for each of `ids`: a dominated row never wins alone.
    """
    rows, errors = np.array(list(known), dtype=np.int64), np.array(list(known.values()))
    front = is_non_dominated(np.column_stack([size[rows], latency[rows], errors]))
    rivals = {int(i): e for i, e in zip(rows[front], errors[front], strict=True)}
    regions = {}
    for name in ids:
        if name in index:
            compared = rivals | {index[name]: known[index[name]]}
            regions[name] = weight_region(
                size,
                latency,
                np.array(list(compared.values())),
                rows=np.array(list(compared), dtype=np.int64),
                picked=index[name],
            )
    return regions


def _terms(size: FloatArray, latency: FloatArray, errors: FloatArray, rows: IntArray) -> FloatArray:
    """Compute ln of each factor of W: shape (m, 3); -inf at the maximum point."""
    gains = [log_gain(size, latency, weights)[rows] for weights in ((1, 0, 0), (0, 1, 0))]
    return np.column_stack([*gains, -np.log(errors)])


def _difference(own: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute the coefficients of ln W(own) - ln W(other), and how often each is infinite."""
    infinite = (np.isneginf(other)).astype(float) - np.isneginf(own).astype(float)
    finite = np.where(
        np.isinf(own) | np.isinf(other), 0.0, own - np.where(np.isinf(other), 0, other)
    )
    return finite, infinite


def _cut(polygon: FloatArray, finite: FloatArray, infinite: FloatArray) -> FloatArray:
    """Cut off the part of the polygon where the picked one is worse."""
    if infinite.any():  # an infinite loss decides wherever its weight is above 0
        polygon = _half_plane(polygon, infinite)
        if not len(polygon) or (polygon @ infinite > _TOLERANCE).any():
            return polygon
    return _half_plane(polygon, finite)


def _half_plane(polygon: FloatArray, normal: FloatArray) -> FloatArray:
    values = polygon @ normal
    kept: list[FloatArray] = []
    for here in range(len(polygon)):
        there = (here + 1) % len(polygon)
        if values[here] >= -_TOLERANCE:
            kept.append(polygon[here])
        if values[here] * values[there] < 0 and min(abs(values[[here, there]])) > _TOLERANCE:
            share = values[here] / (values[here] - values[there])
            kept.append(polygon[here] + share * (polygon[there] - polygon[here]))
    return np.array(kept).reshape(-1, 3)


def _describe(polygon: FloatArray) -> WeightRegion:
    if not len(polygon):
        return WeightRegion(0.0, None, polygon)
    base = polygon[0]
    edges = polygon[1:] - base
    areas = np.array([np.linalg.norm(np.cross(a, b)) for a, b in pairwise(edges)])
    share = float(areas.sum() / np.sqrt(3.0))  # the whole triangle has |cross| = √3
    if share <= _TOLERANCE:
        centre = polygon.mean(axis=0)
    else:
        middles = np.array([(base + a + b) / 3 for a, b in pairwise(polygon[1:])])
        centre = (areas[:, None] * middles).sum(axis=0) / areas.sum()
    return WeightRegion(
        min(share, 1.0), (float(centre[0]), float(centre[1]), float(centre[2])), polygon
    )
