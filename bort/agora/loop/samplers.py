"""Samplers: balls and tangent planes for points of R^d, and mixtures of any samplers.

Each proposes at most one input near each given point; the loop measures distances itself and
refuses what lies outside the radius.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from bort.agora.loop.parts import Known, Proposals, Sampler
from bort.agora.loop.values import FloatArray, Inputs, IntArray, joined
from bort.core.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class BallSampler:
    """Uniformly from the ball around the point, all d directions alike."""

    name: str = "ball"

    def sample_near(
        self,
        points: Inputs,
        radius: float,
        rng: np.random.Generator,
        *,
        known: Known = frozenset(),  # noqa: ARG002
    ) -> Proposals:
        """One point in the ball of each of `points`, shape (n, d)."""
        n, d = points.shape
        steps = _in_unit_ball(n, d, rng) * radius
        return Proposals(points + steps, np.arange(n), (self.name,) * n)


class TangentSampler:
    """Uniformly from the ball within the tangent plane, estimated by local PCA.

    The plane at a point is spanned by the leading principal axes of its nearest reference points.
    A step within it leaves a curved manifold; so the new point is then put onto the plane of its
    own nearest reference points, and is off by the curvature over their distance only.

    Args:
        reference: shape (m, d), points of the manifold (labels are not needed); at least
            `neighbours` or all of them are used.
        dimension: of the manifold, 1..d.
        neighbours: how many reference points span a plane; more than `dimension`.
    Raises:
        InvalidOptionError: a dimension that the space does not have, too few points.
    Cost: one k-nearest-neighbour query and one small SVD per point.
    """

    name = "tangent"

    def __init__(self, reference: FloatArray, *, dimension: int, neighbours: int = 12) -> None:
        d = reference.shape[1]
        if not 1 <= dimension <= d:
            raise InvalidOptionError(
                f"a tangent plane in {d} dimensions has 1 to {d}, got {dimension}"
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
        """One point along the manifold from each of `points`, shape (n, d)."""
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
        """The plane at each point: a point on it (n, d), an orthonormal basis (n, dimension, d)."""
        near = np.asarray(self._tree.query(points, k=[*range(1, self._neighbours + 1)])[1])
        around = self._reference[near]  # (n, k, d)
        centres: FloatArray = around.mean(axis=1)
        axes = np.linalg.svd(around - centres[:, None], full_matrices=False)[2]
        return centres, axes[:, : self._dimension]


class MixtureSampler:
    """Several samplers, each taking a fixed share of the points.

    Args:
        shares: samplers and their shares, positive, in any unit.
    Raises:
        InvalidOptionError: no sampler, or a share that is not positive.
    """

    name = "mixture"

    def __init__(self, shares: Sequence[tuple[Sampler, float]]) -> None:
        if not shares or not all(0 < share < np.inf for _, share in shares):
            raise InvalidOptionError(
                f"a mixture needs samplers with shares above 0, got {[s for _, s in shares]}"
            )
        self._samplers = tuple(sampler for sampler, _ in shares)
        weights = np.array([share for _, share in shares])
        self._shares = weights / weights.sum()

    def sample_near(
        self, points: Inputs, radius: float, rng: np.random.Generator, *, known: Known = frozenset()
    ) -> Proposals:
        """What the samplers propose for their share of `points`, one after the other."""
        made = [
            (mine, sampler.sample_near(points[mine], radius, rng, known=known))
            for sampler, mine in zip(self._samplers, self._split(len(points), rng), strict=True)
        ]
        return Proposals(
            joined([proposals.inputs for _, proposals in made]),
            np.concatenate([mine[proposals.parents] for mine, proposals in made]),
            tuple(name for _, proposals in made for name in proposals.samplers),
        )

    def _split(self, n: int, rng: np.random.Generator) -> list[IntArray]:
        """Which points each sampler gets: exact shares up to rounding, at random."""
        bounds = np.rint(np.cumsum(self._shares) * n).astype(int)
        return [np.sort(part) for part in np.split(rng.permutation(n), bounds[:-1])]


def _in_unit_ball(n: int, d: int, rng: np.random.Generator) -> FloatArray:
    """Shape (n, d), uniform in the unit ball: a direction, and a length of density d·r^(d-1)."""
    directions = rng.standard_normal((n, d))
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    directions /= np.where(lengths > 0, lengths, 1.0)
    inside: FloatArray = directions * rng.uniform(size=(n, 1)) ** (1.0 / d)
    return inside
