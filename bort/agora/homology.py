"""The shape of a point cloud: Betti numbers by persistent homology, and coverage.

[source] If an open cover of the dataset has the homology of the manifold that carries the
distribution, the dataset is learnable. [ours] How features are counted:

The cloud is thinned to landmarks that cover it evenly (farthest-point sampling), and Vietoris-Rips
persistence (edges enter at their length) is computed on them. A feature counts if it persists for
more than `gap` times the landmarks' spacing. Persistence below the spacing does not count, because
there the landmarks are isolated by construction, whatever the cloud looks like.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from bort.agora.loop.values import FloatArray, IntArray
from bort.core.errors import InvalidOptionError, MissingExtraError

LANDMARKS = 200  # measured: docs/agora.md, "Betti numbers": 0.5 s for two-dimensional holes
GAP = 1.35  # in units of the spacing; measured: docs/agora.md, "Betti numbers"
SHARE = 8  # at least this many points per landmark
TREE_DIMENSIONS = 16  # above this a k-d tree visits every point, one by one
BLOCK = 512  # points per block of distances
_FIELD = 2  # homology with coefficients modulo 2


@dataclass(frozen=True, eq=False, slots=True)
class Homology:
    """A cloud's persistence diagrams, and the features that count.

    Attributes:
        betti: number of features per dimension 0, 1, ...: components, loops, voids.
        diagrams: one array per dimension, shape (features, 2): birth and death as edge lengths;
            death is infinite for a feature that never dies.
        spacing: smallest distance between two landmarks.
        gap: the persistence above which a feature counts, in units of `spacing`.
        landmarks: positions of the landmarks in the cloud.
    """

    betti: tuple[int, ...]
    diagrams: tuple[FloatArray, ...]
    spacing: float
    gap: float
    landmarks: IntArray


def homology(
    points: FloatArray, *, dimension: int, landmarks: int = LANDMARKS, gap: float = GAP
) -> Homology:
    """Estimate the Betti numbers of the shape that `points` are drawn from.

    Args:
        points: shape (n, d), n at least 1; duplicates are harmless.
        dimension: the highest dimension of features, 0 or more; 2 for surfaces, 1 for texts.
        landmarks: the most landmarks; never more than an eighth of the points, because more would
            show the gaps between the points instead of the shape.
        gap: persistence above which a feature counts, in units of the landmarks' spacing.
    Raises:
        InvalidOptionError: there are no points, or an option is out of range.
        MissingExtraError: the package `ripser` is not installed.
    Cost: O(n · landmarks) for the landmarks. Measured in total: 0.5 s for the voids of 4,000
        points on a torus, 0.2 s for the loops of 1,000 points in 384 dimensions.
    Source: U. Bauer (2021), *Ripser: efficient computation of Vietoris-Rips persistence
        barcodes*, J. Appl. Comput. Topol. 5.
    """
    if not len(points) or dimension < 0 or landmarks < 1 or not gap > 0:
        raise InvalidOptionError(
            "homology needs points, a dimension of at least 0, landmarks and a gap above 0, got "
            f"{len(points)} points, dimension={dimension}, landmarks={landmarks}, gap={gap}"
        )
    chosen, spacing = farthest_points(points, min(landmarks, -(-len(points) // SHARE)))
    diagrams = rips_diagrams(squareform(pdist(points[chosen])), dimension=dimension)
    betti = tuple(
        int(np.count_nonzero(d[:, 1] - np.maximum(d[:, 0], spacing) > gap * spacing))
        for d in diagrams
    )
    return Homology(betti, diagrams, spacing, gap, chosen)


def farthest_points(points: FloatArray, count: int) -> tuple[IntArray, float]:
    """Choose landmarks: the first is farthest from the mean, each next one from those before it.

    Returns:
        Their positions (fewer than `count` if the rest are duplicates), and the distance of the
        last one from the others: all landmarks are at least that far apart, and every point is
        within that distance of a landmark. It is 0 for a single landmark.
    Source: T. Gonzalez (1985), *Clustering to minimize the maximum intercluster distance*.
    """
    first = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())
    chosen, spacing = [first], 0.0
    distances = np.linalg.norm(points - points[first], axis=1)
    while len(chosen) < count and distances.max() > 0:
        spacing = float(distances.max())
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen), spacing


def rips_diagrams(distances: FloatArray, *, dimension: int) -> tuple[FloatArray, ...]:
    """Compute Vietoris-Rips persistence up to `dimension` from a distance matrix, shape (n, n).

    Raises:
        MissingExtraError: the package `ripser` is not installed.
    """
    try:
        # Implicit coboundaries: building the complex took 12 GB for 200 points on a sphere.
        from ripser import ripser
    except ImportError as error:
        raise MissingExtraError(
            f"Betti numbers need ripser, and {error.name} is not installed; "
            "install it with: pip install 'bort[train]'"
        ) from error
    found = ripser(distances, maxdim=dimension, distance_matrix=True, coeff=_FIELD)
    return tuple(np.asarray(d, dtype=float).reshape(-1, 2) for d in found["dgms"])


def coverage(points: FloatArray, training: FloatArray, *, radius: float) -> float | None:
    """Return the share of `points` with a training point within `radius`; None without points.

    Args:
        points: shape (n, d), for example dev and pool.
        training: shape (m, d).
    """
    if not len(points):
        return None
    if not len(training):
        return 0.0
    return float(np.mean(_nearest(points, training) <= radius))


def _nearest(points: FloatArray, training: FloatArray) -> FloatArray:
    """Compute each point's distance from its nearest training point, shape (n,)."""
    if points.shape[1] <= TREE_DIMENSIONS:
        return np.asarray(cKDTree(training).query(points)[0])
    squares = np.square(training).sum(axis=1)
    parts = []
    for start in range(0, len(points), BLOCK):
        block = points[start : start + BLOCK]
        nearest = (squares - 2 * block @ training.T).min(axis=1) + np.square(block).sum(axis=1)
        parts.append(np.sqrt(np.maximum(nearest, 0)))
    return np.concatenate(parts)
