"""Samplers for points in R^d: balls and tangent planes.

Each proposes one point near each given point. The loop measures the distances itself.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from bort.agora.loop.parts import Known, Proposals
from bort.agora.loop.values import FloatArray, Inputs
from bort.core.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class BallSampler:
    """Draws uniformly from the ball around each point."""

    name: str = "ball"

    def sample_near(
        self,
        points: Inputs,
        radius: float,
        rng: np.random.Generator,
        *,
        known: Known = frozenset(),  # noqa: ARG002
    ) -> Proposals:
        """Propose one point in the ball around each of `points`, shape (n, d)."""
        n, d = points.shape
        steps = _in_unit_ball(n, d, rng) * radius
        return Proposals(points + steps, np.arange(n), (self.name,) * n)


class TangentSampler:
    """Draws uniformly from a ball within the tangent plane, which local PCA estimates.

    The leading principal axes of a point's nearest reference points span its plane. A step within
    the plane leaves a curved manifold, so the new point is then projected onto the plane of its own
    nearest reference points. What remains is the curvature over their distance.

    Args:
        reference: shape (m, d), unlabelled points of the manifold.
        dimension: dimension of the manifold, 1..d.
        neighbours: how many reference points span a plane, more than `dimension`; all of them
            if there are fewer.
    Raises:
        InvalidOptionError: the space has fewer dimensions, or there are too few points.
    Cost: one k-nearest-neighbour query and one small SVD per point.
    """

    name = "tangent"

    def __init__(self, reference: FloatArray, *, dimension: int, neighbours: int = 12) -> None:
        d = reference.shape[1]
        if not 1 <= dimension <= d:
            raise InvalidOptionError(
                f"a tangent plane in {d} dimensions has 1 to {d} dimensions, got {dimension}"
            )
        if min(neighbours, len(reference)) <= dimension:
            raise InvalidOptionError(
                f"a plane of dimension {dimension} needs more than {dimension} neighbours, got "
                f"neighbours={neighbours} among {len(reference)} points"
            )
        self._reference = reference
        self._tree = cKDTree(reference)
        self._dimension = dimension
        self._neighbours = min(neighbours, len(reference))

    def sample_near(
        self,
        points: Inputs,
        radius: float,
        rng: np.random.Generator,
        *,
        known: Known = frozenset(),  # noqa: ARG002
    ) -> Proposals:
        """Propose one point along the manifold near each of `points`, shape (n, d)."""
        n = len(points)
        if not n:
            return Proposals(points, np.empty(0, dtype=np.int64), ())
        steps = _in_unit_ball(n, self._dimension, rng) * radius
        _, planes = self._planes(points)
        moved = points + np.einsum("nk,nkd->nd", steps, planes)
        centres, planes = self._planes(moved)
        along = np.einsum("nd,nkd->nk", moved - centres, planes)
        moved = centres + np.einsum("nk,nkd->nd", along, planes)
        return Proposals(moved, np.arange(n), (self.name,) * n)

    def _planes(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Fit a plane at each point: its centre (n, d) and orthonormal basis (n, dimension, d)."""
        near = np.asarray(self._tree.query(points, k=[*range(1, self._neighbours + 1)])[1])
        around = self._reference[near]  # (n, k, d)
        centres: FloatArray = around.mean(axis=1)
        axes = np.linalg.svd(around - centres[:, None], full_matrices=False)[2]
        return centres, axes[:, : self._dimension]


def _in_unit_ball(n: int, d: int, rng: np.random.Generator) -> FloatArray:
    """Draw n points uniformly from the unit ball: a direction and a radius of density d·r^(d-1)."""
    directions = rng.standard_normal((n, d))
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    directions /= np.where(lengths > 0, lengths, 1.0)
    inside: FloatArray = directions * rng.uniform(size=(n, 1)) ** (1.0 / d)
    return inside
